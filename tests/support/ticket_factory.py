"""Sample facts, events and circumstances of tickets, for the tests of every layer.

A :class:`Fact` is an event that doesn't know its ticket yet; :func:`history` strings facts together into the events of one
ticket, a minute apart. Texts are sealed with a pretended seal, so that they can be compared.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.kernel import terms as t
from domain.kernel.aggregate import Folded, Meta, fold
from domain.kernel.privacy import Personal, Private, Sealed
from domain.kernel.sealing import seal_fields, with_sealed
from domain.people.assignee import Assignee
from domain.people.place import Location
from domain.rules.policy import Policy, parse_policy
from domain.rules.price_list import PriceList, parse_price_list
from domain.ticket.decisions import Circumstances
from domain.ticket.events import Ticket
from domain.ticket.guards import PolicyInForce
from domain.ticket.state import ChargeLine, TicketState
from tests.support.clock import MORNING

RULES = Path(__file__).parents[2] / "domain" / "rules"
ZONE = ZoneInfo("Asia/Shanghai")
COMMUNITY = "garden"
MINUTE = timedelta(minutes=1)
NIGHT = datetime(2026, 3, 2, 22, 0, tzinfo=ZONE)


def policy() -> Policy:
    """The company's readings, as shipped."""
    return parse_policy((RULES / "policy.toml").read_text(encoding="utf-8"))


def prices() -> PriceList:
    """The price list, as shipped."""
    return parse_price_list((RULES / "price_list.toml").read_text(encoding="utf-8"))


POLICY, PRICES = policy(), prices()


def uid(number: int) -> UUID:
    """A recognisable identifier."""
    return UUID(int=number)


TICKET, OTHER_TICKET, SUBJECT, COMMAND = uid(0xA1), uid(0xB2), uid(0x51), uid(0xC0)


@dataclass
class CountingIds:
    """Identifiers in a row."""

    last: int = 0xD000

    def new(self) -> UUID:
        """The next one."""
        self.last += 1
        return uid(self.last)


def sealed(text: str, subject: UUID = SUBJECT) -> Sealed:
    """A text under a pretended seal: the ciphertext is the text and an empty tag."""
    return Sealed(subject, 1, b"nonce-nonce-", text.encode() + bytes(16))


def text_of(value: Private) -> str:
    """What a clear or pretendedly sealed text says."""
    if isinstance(value, Personal):
        return value.text
    assert isinstance(value, Sealed)
    return value.ciphertext[:-16].decode()


def seal(event: Ticket.Event) -> Ticket.Event:
    """The event with its texts under the pretended seal."""
    return with_sealed(event, {name: sealed(text_of(text), text.subject) for name, text in seal_fields(event)})


def meta(actor: str = "li.na", **more: Any) -> Meta:
    """Metadata of an event made by a member of staff."""
    return Meta(actor=actor, command_id=COMMAND, policy=POLICY.version, **more)


PAYLOADS: Mapping[type[Ticket.Event], Mapping[str, Any]] = {
    Ticket.TicketReceived: {
        "community": COMMUNITY,
        "subject": SUBJECT,
        "channel": t.Channel.PHONE,
        "clock_policy": POLICY.clock_policy,
        "description": sealed("厨房水管漏水"),
        "location": Location("east", "3", "2"),
        "dwelling": sealed("1201"),
        "reporter_name": sealed("王小明"),
        "reporter_phone": sealed("13812345678"),
    },
    Ticket.TicketClassified: {"kind": t.Kind.REPAIR, "facility": t.Facility.PRIVATE, "category": "plumbing"},
    Ticket.TicketReclassified: {"kind": t.Kind.COMPLAINT, "moved": True},
    Ticket.WorkOrderDispatched: {"assignee": Assignee(t.AssigneeType.PERSON, "wang")},
    Ticket.WorkOrderReassigned: {"assignee": Assignee(t.AssigneeType.TEAM, "electricians")},
    Ticket.WorkOrderDeclined: {"reason": sealed("不是我的专业")},
    Ticket.WorkOrderAccepted: {},
    Ticket.WorkStarted: {},
    Ticket.WorkSuspended: {"reason": t.SuspendReason.AWAITING_RESIDENT},
    Ticket.WorkResumed: {},
    Ticket.RepairCompleted: {
        "resolution": sealed("更换角阀"),
        "outcome": t.CompletionOutcome.DONE,
        "parts": ("角阀 DN15",),
    },
    Ticket.SettledAtDesk: {"resolution": sealed("已答复")},
    Ticket.FollowUpRecorded: {"satisfied": True, "method": t.FollowUpMethod.PHONE, "rating": 5},
    Ticket.FollowUpAttempted: {"method": t.FollowUpMethod.PHONE},
    Ticket.ClosedUnreached: {},
    Ticket.TicketReopened: {"reason": sealed("又漏水了"), "clock_policy": POLICY.clock_policy},
    Ticket.TicketCancelled: {"reason": t.CancelReason.WITHDRAWN},
    Ticket.ResidentReplied: {"message": sealed("今天下午上门")},
    Ticket.AppointmentMade: {"appointment_at": datetime(2026, 3, 3, 2, 0, tzinfo=UTC)},
    Ticket.TicketDeferred: {"told_resident": True, "until": datetime(2026, 3, 3, 0, 30, tzinfo=UTC)},
    Ticket.TicketEscalated: {"reason": sealed("超出权限"), "level": t.EscalationLevel.SUPERVISOR},
    Ticket.TicketUrged: {"message": sealed("请尽快处理")},
    Ticket.ChargeQuoted: {
        "lines": (ChargeLine("replace_valve", "更换角阀（不含材料）", 2, 2500),),
        "total_fen": 5000,
        "price_list": "2026-1",
    },
    Ticket.ChargeAccepted: {},
    Ticket.ChargeDeclined: {},
    Ticket.ChargeSettled: {"outcome": t.ChargeOutcome.PAID, "method": "wechat", "receipt": "R-1"},
    Ticket.ChecklistItemChecked: {"item": "application", "evidence": sealed("装修申请表")},
    Ticket.RectificationOrdered: {"what": sealed("拆除违建"), "due_at": datetime(2026, 3, 9, 4, 0, tzinfo=UTC)},
    Ticket.RectificationConfirmed: {},
    Ticket.MajorWorksApproved: {"agreed_due_at": datetime(2026, 4, 1, 4, 0, tzinfo=UTC), "reason": sealed("更换立管")},
    Ticket.ComplaintJudged: {
        "reasonable": True,
        "severity": t.ComplaintSeverity.MINOR,
        "fault": t.ComplaintFault.OFFICE,
        "complained_of": ("zhao",),
    },
    Ticket.TicketLinked: {"ticket": OTHER_TICKET, "relation": t.LinkRelation.SAME_CAUSE},
    Ticket.AttachmentAdded: {
        "name": "ab" * 32,
        "content_type": "image/jpeg",
        "size": 20_480,
        "file_name": sealed("漏水.jpg"),
    },
    Ticket.TicketCorrected: {
        "field": "reporter.phone",
        "reason": t.CorrectionReason.REGISTER_ERROR,
        "new_text": sealed("13912345678"),
        "old_version": 1,
        "old_field": "reporter_phone",
    },
    Ticket.NoteAdded: {"text": sealed("住户下午在家")},
}
"""A believable payload of every event class."""


@dataclass(frozen=True)
class Fact:
    """An event of some ticket: ``after`` the one before, done by ``actor``."""

    event: type[Ticket.Event]
    data: Mapping[str, Any]
    actor: str = "li.na"
    after: timedelta = MINUTE
    meta: Mapping[str, Any] = field(default_factory=dict)


def fact(
    event: type[Any], /, *, actor: str = "li.na", after: timedelta = MINUTE, on_behalf_of: str | None = None, **data: Any
) -> Fact:
    """A fact with the sample payload of its class, some of it replaced."""
    more = {"on_behalf_of": on_behalf_of} if on_behalf_of else {}
    return Fact(event, {**PAYLOADS[event], **data}, actor, after, more)


def received(**data: Any) -> Fact:
    """A request came in."""
    return fact(Ticket.TicketReceived, **data)


def classified(kind: t.Kind = t.Kind.REPAIR, **data: Any) -> Fact:
    """It was given a kind; a repair is one of a private thing unless said otherwise."""
    facility = data.pop("facility", t.Facility.PRIVATE if kind is t.Kind.REPAIR else None)
    return fact(Ticket.TicketClassified, kind=kind, facility=facility, **data)


def dispatched(to: str = "wang", **data: Any) -> Fact:
    """A person got the work order."""
    return fact(Ticket.WorkOrderDispatched, assignee=Assignee(t.AssigneeType.PERSON, to), **data)


def completed(actor: str = "wang", **data: Any) -> Fact:
    """The work was done."""
    return fact(Ticket.RepairCompleted, actor=actor, **data)


def history(facts: Iterable[Fact], *, start: datetime = MORNING, ticket: UUID = TICKET) -> list[Ticket.Event]:
    """The events of one ticket, in order; the first happens at ``start``."""
    events: list[Ticket.Event] = []
    at = start
    for version, one in enumerate(facts, start=1):
        at = start if version == 1 else at + one.after
        made: Any = one.event
        said = replace(meta(one.actor), **one.meta)
        moment = at.astimezone(UTC)
        events.append(made(originator_id=ticket, originator_version=version, timestamp=moment, meta=said, **one.data))
    return events


def ticket(*facts: Fact, start: datetime = MORNING) -> TicketState:
    """The state of a ticket after these facts."""
    state: TicketState = fold(history(facts, start=start))
    return state


def sample_events() -> dict[type[Folded.Event], Ticket.Event]:
    """One event of every class of the ticket."""
    return {kind: history([fact(kind)])[0] for kind in PAYLOADS}


def circumstances(
    at: datetime = MORNING,
    actor: str = "li.na",
    *,
    on_behalf_of: str | None = None,
    readings: Policy = POLICY,
    tickets: Mapping[str, UUID] | None = None,
    ids: CountingIds | None = None,
    ticket_id: UUID = TICKET,
) -> Circumstances:
    """What a decision depends on besides state and command."""
    return Circumstances(
        in_force=PolicyInForce(at, ZONE, readings),
        meta=meta(actor, on_behalf_of=on_behalf_of),
        ids=ids or CountingIds(),
        prices=PRICES,
        tickets={"GD-garden-20260302-0002": OTHER_TICKET, str(TICKET): TICKET} if tickets is None else tickets,
        ticket_id=ticket_id,
        subject=SUBJECT,
    )
