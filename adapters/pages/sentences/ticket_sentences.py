"""Sentences of a ticket's events, without field names and codes."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.labels.field_words import FIELD_WORDS
from adapters.labels.item_words import item_words
from adapters.labels.marking import N_
from adapters.pages.frame.visitor import Visitor
from adapters.rendering.environment import yuan
from domain.kernel.aggregate import Folded
from domain.ticket.events import Ticket

Texts = Mapping[str, str]
"""Personal texts of an event by field, opened or masked; empty where none are to be shown."""
E_ = Ticket


def _received(e: Any, v: Visitor, t: Texts) -> str:
    return v.say("接到{channel}报事", channel=v.label(e.channel)) + _quoted(v, t, "description")


def _classified(e: Any, v: Visitor, t: Texts) -> str:
    if e.facility:
        return v.say("分类为{kind}（{facility}）", kind=v.label(e.kind), facility=v.label(e.facility))
    return v.say("分类为{kind}", kind=v.label(e.kind))


def _reclassified(e: Any, v: Visitor, t: Texts) -> str:
    said = v.say("改类为{kind}", kind=v.label(e.kind))
    return said + v.say("，转入另一本记录册") if e.moved else said


def _dispatched(e: Any, v: Visitor, t: Texts) -> str:
    return v.say("派单给{who}", who=v.carrier(e.assignee)) + _appointment(e, v)


def _reassigned(e: Any, v: Visitor, t: Texts) -> str:
    return v.say("转单给{who}", who=v.carrier(e.assignee)) + _appointment(e, v)


def _appointment(e: Any, v: Visitor) -> str:
    return v.say("，预约 {at}", at=v.at(e.appointment_at)) if e.appointment_at else ""


def _completed(e: Any, v: Visitor, t: Texts) -> str:
    said = v.say("完工，{outcome}", outcome=v.label(e.outcome)) + _quoted(v, t, "resolution")
    return said + (v.say("，用料 {parts}", parts=v.words.many(list(e.parts))) if e.parts else "")


def _followed_up(e: Any, v: Visitor, t: Texts) -> str:
    method = v.label(e.method)
    if not e.satisfied:
        return v.say("{method}回访，住户不满意，返修", method=method) + _quoted(v, t, "comment")
    return v.say("{method}回访，住户满意，评 {rating} 分", method=method, rating=e.rating) + _quoted(v, t, "comment")


def _cancelled(e: Any, v: Visitor, t: Texts) -> str:
    return v.say("取消，原因是{reason}", reason=v.label(e.reason))


def _escalated(e: Any, v: Visitor, t: Texts) -> str:
    return v.say("上报给{whom}", whom=v.label(e.level) if e.level else e.department) + _quoted(v, t, "reason")


def _deferred(e: Any, v: Visitor, t: Texts) -> str:
    resident = v.say("，已告知住户") if e.told_resident else v.say("，未告知住户")
    return v.say("次日安排，到 {at}", at=v.at(e.until)) + resident


def _quoted_charge(e: Any, v: Visitor, t: Texts) -> str:
    lines = v.words.many([f"{line.name}×{line.quantity}" for line in e.lines])
    return v.say("报价 {total}：{lines}", total=yuan(e.total_fen), lines=lines)


def _checked(e: Any, v: Visitor, t: Texts) -> str:
    said = v.say("核对了{item}", item=item_words(e.item, v.language)) + _quoted(v, t, "evidence")
    return said + (v.say("，为 {n} 处缺陷另开工单", n=len(e.defects)) if e.defects else "")


def _major_works(e: Any, v: Visitor, t: Texts) -> str:
    return v.say("批准为大工程，约定 {at} 完成", at=v.at(e.agreed_due_at)) + _quoted(v, t, "reason")


def _judged(e: Any, v: Visitor, t: Texts) -> str:
    if not e.reasonable:
        return v.say("定为无理投诉")
    return v.say("定为有理投诉，{severity}，{fault}", severity=v.label(e.severity), fault=v.label(e.fault))


def _corrected(e: Any, v: Visitor, t: Texts) -> str:
    name = e.field.rpartition(".")[2]
    field = FIELD_WORDS[name][v.language == "en"] if name in FIELD_WORDS else v.say("一项内容")
    return v.say("更正了{field}（{reason}）", field=field, reason=v.label(e.reason))


def _plain(text: str, *quoted: str) -> Callable[[Any, Visitor, Texts], str]:
    return lambda e, v, t: v.say(text) + "".join(_quoted(v, t, name) for name in quoted)


SENTENCES: Mapping[type[Folded.Event], Callable[[Any, Visitor, Texts], str]] = {
    E_.TicketReceived: _received,
    E_.TicketClassified: _classified,
    E_.TicketReclassified: _reclassified,
    E_.WorkOrderDispatched: _dispatched,
    E_.WorkOrderReassigned: _reassigned,
    E_.WorkOrderDeclined: _plain(N_("退单"), "reason"),
    E_.WorkOrderAccepted: _plain(N_("接受派单")),
    E_.WorkStarted: _plain(N_("到场开工")),
    E_.WorkSuspended: lambda e, v, t: v.say("挂起，{reason}", reason=v.label(e.reason)),
    E_.WorkResumed: _plain(N_("恢复施工")),
    E_.RepairCompleted: _completed,
    E_.SettledAtDesk: _plain(N_("当班办结"), "resolution"),
    E_.FollowUpRecorded: _followed_up,
    E_.FollowUpAttempted: lambda e, v, t: v.say("{method}回访，未遇", method=v.label(e.method)),
    E_.ClosedUnreached: _plain(N_("多次回访未遇，关闭")),
    E_.TicketReopened: _plain(N_("重开"), "reason"),
    E_.TicketCancelled: _cancelled,
    E_.ResidentReplied: _plain(N_("答复住户"), "message"),
    E_.AppointmentMade: lambda e, v, t: v.say("预约上门 {at}", at=v.at(e.appointment_at)),
    E_.TicketDeferred: _deferred,
    E_.TicketEscalated: _escalated,
    E_.TicketUrged: _plain(N_("督促"), "message"),
    E_.ChargeQuoted: _quoted_charge,
    E_.ChargeAccepted: _plain(N_("住户同意报价")),
    E_.ChargeDeclined: _plain(N_("住户不同意报价")),
    E_.ChargeSettled: lambda e, v, t: v.say("收费了结：{outcome}", outcome=v.label(e.outcome)),
    E_.ChecklistItemChecked: _checked,
    E_.RectificationOrdered: lambda e, v, t: v.say("限期整改，到 {at}", at=v.at(e.due_at)) + _quoted(v, t, "what"),
    E_.RectificationConfirmed: _plain(N_("整改合格")),
    E_.MajorWorksApproved: _major_works,
    E_.ComplaintJudged: _judged,
    E_.TicketLinked: lambda e, v, t: v.say("关联了另一张工单（{relation}）", relation=v.label(e.relation)),
    E_.AttachmentAdded: _plain(N_("上传附件"), "file_name"),
    E_.TicketCorrected: _corrected,
    E_.NoteAdded: _plain(N_("备注"), "text"),
}
"""Sentence of each event of a ticket."""


def sentence(event: Folded.Event, visitor: Visitor, texts: Texts | None = None) -> str:
    """Put an event into words, in the visitor's language."""
    return SENTENCES[type(event)](event, visitor, texts or {})


def _quoted(v: Visitor, texts: Texts, name: str) -> str:
    text = texts.get(name)
    return v.say("：{said}", said=text) if text else ""
