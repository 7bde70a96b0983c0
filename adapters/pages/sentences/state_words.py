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


def _assignment(visitor: Visitor, s: TicketState) -> str:
    given: Assignment | None = s.assignment
    if given is None:
        return ""
    stages = [visitor.say("已接受")] if given.accepted else []
    stages += [visitor.say("已开工")] if given.started else []
    return visitor.words.many([visitor.carrier(given.assignee), *stages])


def _suspended(visitor: Visitor, s: TicketState) -> str:
    waits = s.suspended
    return visitor.say("{reason}，自 {at}", reason=visitor.label(waits.reason), at=visitor.at(waits.since)) if waits else ""


def _charge(visitor: Visitor, s: TicketState) -> str:
    return visitor.words.many([visitor.label(s.charge.status), yuan(s.charge.total_fen)]) if s.charge else ""


def _rectification(visitor: Visitor, s: TicketState) -> str:
    order = s.rectification
    if order is None:
        return ""
    if order.confirmed_at is not None:
        return visitor.say("已于 {at} 合格", at=visitor.at(order.confirmed_at))
    return visitor.say("期限 {at}", at=visitor.at(order.due_at))


def _judgement(visitor: Visitor, s: TicketState) -> str:
    judged = s.judgement
    if judged is None:
        return ""
    said = [visitor.say("有理") if judged.reasonable else visitor.say("无理")]
    said += [visitor.label(code) for code in (judged.severity, judged.fault) if code is not None]
    return visitor.words.many(said)


def _escalation(visitor: Visitor, s: TicketState) -> str:
    level = visitor.label(s.escalation_level) if s.escalation_level else ""
    return visitor.words.many([part for part in (level, s.escalation_department or "") if part])


def _times(count: int, visitor: Visitor) -> str:
    return visitor.say("{n} 次", n=count) if count else ""


ASPECTS: Mapping[str, Aspect] = {
    N_("状态"): lambda visitor, s: visitor.label(s.state),
    N_("类型"): lambda visitor, s: visitor.label(s.kind) if s.kind else "",
    N_("类别"): lambda visitor, s: s.category or "",
    N_("维修部位"): lambda visitor, s: visitor.label(s.facility) if s.facility else "",
    N_("缓急"): lambda visitor, s: visitor.label(s.urgency),
    N_("来源"): lambda visitor, s: visitor.label(s.channel),
    N_("地点"): lambda visitor, s: visitor.place(s.location) if s.location else "",
    N_("派给"): _assignment,
    N_("挂起"): _suspended,
    N_("预约上门"): lambda visitor, s: visitor.at(s.appointment_at) if s.appointment_at else "",
    N_("次日安排"): lambda visitor, s: visitor.at(s.deferred_until) if s.deferred_until else "",
    N_("答复住户"): lambda visitor, s: visitor.say("已答复") if s.replied else "",
    N_("收费"): _charge,
    N_("已核对"): lambda visitor, s: visitor.words.many([item_words(done.item, visitor.language) for done in s.checklist]),
    N_("限期整改"): _rectification,
    N_("大工程约定"): lambda visitor, s: visitor.at(due) if (due := s.timeline.major_works_due_at) else "",
    N_("投诉定性"): _judgement,
    N_("被投诉人"): lambda visitor, s: visitor.people(s.complained_of),
    N_("上报"): _escalation,
    N_("督促"): lambda visitor, s: _times(s.urged, visitor),
    N_("施工人"): lambda visitor, s: visitor.words.many([who(visitor, worker) for worker in s.workers]),
    N_("完工结果"): lambda visitor, s: visitor.label(s.outcome) if s.outcome else "",
    N_("回访未遇"): lambda visitor, s: _times(len(s.follow_up_attempts), visitor),
    N_("评分"): lambda visitor, s: visitor.say("{n} 分", n=s.rating) if s.rating is not None else "",
    N_("返修"): lambda visitor, s: _times(s.rework, visitor),
    N_("取消原因"): lambda visitor, s: visitor.label(s.cancel_reason) if s.cancel_reason else "",
    N_("关联工单"): lambda visitor, s: visitor.say("{n} 张", n=len(s.links)) if s.links else "",
    N_("附件"): lambda visitor, s: visitor.say("{n} 个", n=len(s.attachments)) if s.attachments else "",
}
"""Aspects by name, in the order shown. Personal texts are no aspects; they are shown with the events that hold them."""


def said_of(visitor: Visitor, state: TicketState | None) -> dict[str, str]:
    """Put a state into words, by the aspect's name in Chinese; empty aspects are left out."""
    found = {name: aspect(visitor, state) for name, aspect in ASPECTS.items()} if state is not None else {}
    return {name: words for name, words in found.items() if words}


def changes(visitor: Visitor, before: TicketState | None, after: TicketState) -> Sequence[str]:
    """Put the differences between two states into words, one sentence each."""
    old, new = said_of(visitor, before), said_of(visitor, after)
    sentences = []
    for name in ASPECTS:
        was, now, what = old.get(name), new.get(name), visitor.say(name)
        if was == now:
            continue
        if was is None:
            sentences.append(visitor.say("{what}：{now}。", what=what, now=now))
        elif now is None:
            sentences.append(visitor.say("{what}不再是“{was}”。", what=what, was=was))
        else:
            sentences.append(visitor.say("{what}由“{was}”变为“{now}”。", what=what, was=was, now=now))
    return sentences
