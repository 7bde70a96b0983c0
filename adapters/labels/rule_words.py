"""The Chinese of rules, by code: what to do first or instead. The English is the rules' own, in the domain.

Limits are settings of the community: ``{}`` takes the numbers of the English refusal, in their order.
"""

import re
from collections.abc import Mapping

RULE_WORDS: Mapping[str, str] = {
    # steps of a ticket
    "checklist_before_dispatch": "装修须先核对申请、图纸、押金、承诺书和许可证，方可派工",
    "reassign_only_while_suspended": "开工后须先挂起，才能转给别人",
    "decline_before_start": "开工前才能退单；开工后请挂起，或由派工人转单",
    "accepted_once": "此单已接受，请到场开工",
    "started_once": "此单已开工，请完工或挂起",
    "suspended_once": "此单已挂起，请先恢复",
    "resumed_when_suspended": "此单没有挂起，无须恢复",
    "not_completed_while_suspended": "请先恢复，再完工",
    "quotation_unanswered": "报价尚待住户答复",
    "complaint_needs_reply": "投诉须先答复，才能完工或办结",
    "checklist_before_completion": "此类工单的清单须全部核对",
    "rectification_open": "限期整改尚未合格，请先确认整改",
    "complaint_needs_judgement": "投诉须先定性，才能回访",
    "unreached_needs_attempts": "须回访未遇满 {} 次，且分在 {} 个不同的日子，才能关闭",
    "reopened_in_time": "关闭超过 {} 天不能重开；请新接一单并关联",
    "deferred_at_night": "只有夜间才能安排到次日",
    "emergency_not_deferred": "应急事项不得推到次日，请立即派工",
    "quoted_once_accepted": "住户已同意报价，按原报价结清",
    "quotation_to_answer": "没有待答复的报价，请先报价",
    "charge_to_settle": "没有待结清的收费：住户同意的报价才能结清，且只结一次",
    "one_order_at_a_time": "前一次限期整改尚未合格，请先确认整改",
    "order_to_confirm": "没有待确认的整改，请先下达限期整改",
    "kind_has_no_such_step": "此类工单没有这一步",
    "follow_up_by_another": "回访须由未参与维修的人进行",
    "on_the_spot": "当场回访只限当班办结的求助、咨询等，由办结人自己记",
    "cancel_after_start": "开工后只能因住户撤回或不同意报价而取消",
    "quotation_declined": "住户没有拒绝过报价，请先登记不同意报价，或改选其他原因",
    "escalation_upward": "只能逐级上报，不能往下",
    # steps of a shift
    "back_at_post": "代值期间，须当值人先返岗",
    "extended_once": "上一时段尚未开始，不能再连班",
    "stand_in_waits": "没有待确认的代值",
    "closed_once": "该月已月结，只能月结其后的月份",
    "month_over": "该月尚未结束，不能月结",
    "months_in_order": "须按月份顺序月结",
    "tally_unchanged": "考评表已有变化，请重新查看后再申请月结",
    "stood_in_for": "没有人代值，当值人已在岗",
    "phone_switched": "电话已在该处",
    "arrival_witnessed": "到岗时间以服务器时间为准；更早的时间、别人的到岗，由交班人填写",
    "signed_out_first": "须交班人先签名",
    # rules about a person
    "not_complained_of": "被投诉人只能加备注，请由别人办理",
    "second_person": "须由另一人审批",
    "reviewed_by_another": "当值人不能查阅自己的班次",
    "signed_by_another": "接班签名须由交班人以外的人进行",
    "decided_by_another": "记录人不能自己决定",
    "not_about_oneself": "不能决定关于自己的考评事项",
    "reported_by_another": "不能决定关于自己的事",
    "administered_by_another": "不能给自己授予岗位，也不能停用自己的账号",
    # books and rules
    "month_closed": "该月已结账，计分所依据的记录不再改动",
    "withdrawn_once": "已经撤销过",
    "duty_begun": "此班已开始，不能再换班或请假",
    "month_open": "该月已结账，已计入的考评不再撤销",
    "rule_book_ahead": "规则版本只能从尚未开始的月份起用",
    "sheet_current": "移交表做好后未完工单有变化，须重做再签",
}


def rule_words(code: str, detail: str, language: str) -> str:
    """The remedy that a rule names; ``detail`` is the refusal's own text, in English, with the limits in force."""
    if language != "zh":
        return detail[:1].upper() + detail[1:]
    words = RULE_WORDS.get(code, detail)
    return words.format(*re.findall(r"\d+", detail)) if "{}" in words else words
