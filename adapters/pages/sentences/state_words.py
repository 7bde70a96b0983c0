"""A ticket's state in words, aspect by aspect, and the changes between two states as sentences."""

from collections.abc import Callable, Mapping, Sequence

from adapters.labels.item_words import item_words
from adapters.labels.marking import N_
from adapters.pages.frame.visitor import Visitor
from adapters.pages.sentences.event_words import who
from adapters.rendering.environment import yuan
from domain.ticket.state import Assignment, TicketState

Aspect = Callable[[Visitor, TicketState], str]
"""Function that puts one aspect of a state into words; empty where there is nothing to say."""


def _assignment(look: Visitor, s: TicketState) -> str:
    given: Assignment | None = s.assignment
    if given is None:
        return ""
    stages = [look.say("已接受")] if given.accepted else []
    stages += [look.say("已开工")] if given.started else []
    return look.words.many([look.carrier(given.assignee), *stages])


def _suspended(look: Visitor, s: TicketState) -> str:
    waits = s.suspended
    return look.say("{reason}，自 {at}", reason=look.label(waits.reason), at=look.at(waits.since)) if waits else ""


def _charge(look: Visitor, s: TicketState) -> str:
    return look.words.many([look.label(s.charge.status), yuan(s.charge.total_fen)]) if s.charge else ""


def _rectification(look: Visitor, s: TicketState) -> str:
    order = s.rectification
    if order is None:
        return ""
    if order.confirmed_at is not None:
        return look.say("已于 {at} 合格", at=look.at(order.confirmed_at))
    return look.say("期限 {at}", at=look.at(order.due_at))


def _judgement(look: Visitor, s: TicketState) -> str:
    judged = s.judgement
    if judged is None:
        return ""
    said = [look.say("有理") if judged.reasonable else look.say("无理")]
    said += [look.label(code) for code in (judged.severity, judged.fault) if code is not None]
    return look.words.many(said)


def _escalation(look: Visitor, s: TicketState) -> str:
    level = look.label(s.escalation_level) if s.escalation_level else ""
    return look.words.many([part for part in (level, s.escalation_department or "") if part])


def _times(count: int, look: Visitor) -> str:
    return look.say("{n} 次", n=count) if count else ""


ASPECTS: Mapping[str, Aspect] = {
    N_("状态"): lambda look, s: look.label(s.state),
    N_("类型"): lambda look, s: look.label(s.kind) if s.kind else "",
    N_("类别"): lambda look, s: s.category or "",
    N_("维修部位"): lambda look, s: look.label(s.facility) if s.facility else "",
    N_("缓急"): lambda look, s: look.label(s.urgency),
    N_("来源"): lambda look, s: look.label(s.channel),
    N_("地点"): lambda look, s: look.place(s.location) if s.location else "",
    N_("派给"): _assignment,
    N_("挂起"): _suspended,
    N_("预约上门"): lambda look, s: look.at(s.appointment_at) if s.appointment_at else "",
    N_("次日安排"): lambda look, s: look.at(s.deferred_until) if s.deferred_until else "",
    N_("答复住户"): lambda look, s: look.say("已答复") if s.replied else "",
    N_("收费"): _charge,
    N_("已核对"): lambda look, s: look.words.many([item_words(done.item, look.language) for done in s.checklist]),
    N_("限期整改"): _rectification,
    N_("大工程约定"): lambda look, s: look.at(due) if (due := s.timeline.major_works_due_at) else "",
    N_("投诉定性"): _judgement,
    N_("被投诉人"): lambda look, s: look.people(s.complained_of),
    N_("上报"): _escalation,
    N_("督促"): lambda look, s: _times(s.urged, look),
    N_("施工人"): lambda look, s: look.words.many([who(look, worker) for worker in s.workers]),
    N_("完工结果"): lambda look, s: look.label(s.outcome) if s.outcome else "",
    N_("回访未遇"): lambda look, s: _times(len(s.follow_up_attempts), look),
    N_("评分"): lambda look, s: look.say("{n} 分", n=s.rating) if s.rating is not None else "",
    N_("返修"): lambda look, s: _times(s.rework, look),
    N_("取消原因"): lambda look, s: look.label(s.cancel_reason) if s.cancel_reason else "",
    N_("关联工单"): lambda look, s: look.say("{n} 张", n=len(s.links)) if s.links else "",
    N_("附件"): lambda look, s: look.say("{n} 个", n=len(s.attachments)) if s.attachments else "",
}
"""Aspects by name, in the order shown. Personal texts are no aspects; they are shown with the events that hold them."""


def said_of(look: Visitor, state: TicketState | None) -> dict[str, str]:
    """Put a state into words, by the aspect's name in Chinese; empty aspects are left out."""
    found = {name: aspect(look, state) for name, aspect in ASPECTS.items()} if state is not None else {}
    return {name: words for name, words in found.items() if words}


def changes(look: Visitor, before: TicketState | None, after: TicketState) -> Sequence[str]:
    """Put the differences between two states into words, one sentence each."""
    old, new = said_of(look, before), said_of(look, after)
    sentences = []
    for name in ASPECTS:
        was, now, what = old.get(name), new.get(name), look.say(name)
        if was == now:
            continue
        if was is None:
            sentences.append(look.say("{what}：{now}。", what=what, now=now))
        elif now is None:
            sentences.append(look.say("{what}不再是“{was}”。", what=what, was=was))
        else:
            sentences.append(look.say("{what}由“{was}”变为“{now}”。", what=what, was=was, now=now))
    return sentences
