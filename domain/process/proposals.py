"""What the system proposes as findings (系统提出考评事项), once per cause, and withdraws when the cause goes (D2).

A process (``domain.process.process``): of a ticket, a shift or a desk it says for every cause that might stand there whether it
does, and as what. The rule book of the month says which item a cause is proposed as; where it names none, it is not. A cause is
dated where it lies: a clock at its breach, a complaint at its judgement, a rectification order at its confirmation or on the day
it turns into another item.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.duty.shift import Shift, ShiftState
from domain.finding.events import Finding, FindingState, proposal_stream
from domain.kernel.aggregate import Folded, apply, fold, occurred
from domain.kernel.periods import Month
from domain.kernel.terms import (
    Channel,
    ClockName,
    ClockStatus,
    ComplaintFault,
    ComplaintSeverity,
    CorrectionReason,
    FindingCause,
    FindingStatus,
    Kind,
)
from domain.people.post import Desk, DeskState
from domain.process.process import NOTHING, Moment, Order, Outlook, Process, Subject, system_meta
from domain.rules.clocks import Order as Rectification
from domain.rules.clocks import Reading, readings
from domain.rules.scorecard import Counting, Item, RuleBook
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState

NAME = "proposals"
STRICTLY = timedelta(microseconds=1)
"""A clock is breached strictly after its due moment."""
DAY = timedelta(days=1)
WORK = {
    ClockName.REPAIR: FindingCause.REPAIR_LATE,
    ClockName.PUBLIC_MINOR: FindingCause.PUBLIC_MINOR_LATE,
    ClockName.PUBLIC_SEVERE: FindingCause.PUBLIC_SEVERE_LATE,
}
ORDERS = {Kind.RENOVATION: FindingCause.RECTIFICATION_LATE, Kind.INSPECTION: FindingCause.INSPECTION_LATE}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, and which of its kind on the subject."""

    kind: FindingCause
    which: int


@dataclass(frozen=True, slots=True)
class Charge:
    """What a cause that stands is proposed as; ``at`` is its moment, ``day`` its date in the community."""

    kind: FindingCause
    at: datetime
    day: date
    item: str
    rule_book: str
    area: str | None = None
    parties: tuple[str, ...] = ()
    doubled: bool = False
    overdue_days: int | None = None
    tickets: tuple[UUID, ...] = ()
    shifts: tuple[UUID, ...] = ()
    reading: Reading | None = None

    def is_said(self, finding: FindingState) -> bool:
        """Whether a finding was proposed as this; the clock is evidence and says nothing of its own."""
        return all(getattr(finding, name) == getattr(self, name) for name in _SAID)


_SAID = ("item", "day", "area", "parties", "doubled", "overdue_days")


@dataclass(frozen=True)
class Proposal(Order):
    """A cause on a subject: proposed as ``charge``, or, where that is None, withdrawn unless somebody has decided on it.

    ``reading`` is the clock now, ``since`` the moment of the subject's last event.
    """

    cause: Cause
    subject: UUID
    community: str
    since: datetime
    charge: Charge | None
    reading: Reading | None = None

    @property
    def target(self) -> UUID:
        """The finding; a cause has one for ever."""
        return proposal_stream(self.cause.kind, self.subject, self.cause.which)

    def events(self, state: FindingState | None) -> Sequence[Folded.Event]:
        """Propose what stands, withdraw what does not; what was proposed as something else is withdrawn and proposed anew."""
        if state is None or state.status is FindingStatus.WITHDRAWN:
            return [] if self.charge is None else [self._proposed(state, self.charge, 1)]
        if state.status is not FindingStatus.PROPOSED or (self.charge and self.charge.is_said(state)):
            return []
        withdrawn = self._event(Finding.FindingWithdrawn, state, self.since, 1, reading=self.reading)
        return [withdrawn] if self.charge is None else [withdrawn, self._proposed(state, self.charge, 2)]

    def _proposed(self, state: FindingState | None, charge: Charge, step: int) -> Folded.Event:
        data = {name: getattr(charge, name) for name in (*_SAID, "rule_book", "tickets", "shifts", "reading")}
        at = charge.at if step == 1 else max(charge.at, self.since)
        return self._event(Finding.FindingProposed, state, at, step, cause=charge.kind, **data)

    def _event(self, kind: type[Finding.Event], state: FindingState | None, at: datetime, step: int, **data: Any) -> Folded.Event:
        """The finding's next event but ``step`` - 1; its moments never go back."""
        version = (state.version if state else 0) + step
        moment = max(at, state.occurred_at) if state and state.occurred_at else at
        meta = system_meta(NAME, self.target, version, self.subject)
        return occurred(kind, self.target, version, moment, meta, community=self.community, **data)


def look(subject: Subject, moment: Moment) -> Outlook:
    """What is to be proposed of a ticket, a shift or a desk now, and when to look again."""
    match subject.state:
        case TicketState():
            return _ticket(subject, moment)
        case ShiftState():
            return _shift(subject, moment)
        case DeskState():
            return _desk(subject, moment)
    return NOTHING


PROPOSALS = Process(
    NAME,
    (
        "ticket.classified",
        "ticket.reclassified",
        "ticket.dispatched",
        "ticket.reassigned",
        "ticket.declined",
        "ticket.suspended",
        "ticket.resumed",
        "ticket.completed",
        "ticket.settled",
        "ticket.follow_up_recorded",
        "ticket.reopened",
        "ticket.cancelled",
        "ticket.replied",
        "ticket.scheduled",
        "ticket.deferred",
        "ticket.rectification_",
        "ticket.major_works_approved",
        "ticket.complaint_judged",
        "ticket.corrected",
        "shift.opened",
        "shift.extended",
        "shift.signed_in",
        "shift.taken_over",
        "desk.shift_taken_over",
        "desk.shift_opened",
    ),
    look,
)
"""The events by which a cause may come, go or move."""


# --- tickets ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scene:
    """A ticket at a moment."""

    ticket: TicketState
    events: Sequence[Any]
    moment: Moment

    def book(self, at: datetime) -> RuleBook:
        """The rule book of a moment's month."""
        return _book(self.moment, self.ticket.community, at)

    def charge(self, kind: FindingCause, at: datetime, *, item: str | None = None, **more: Any) -> Charge | None:
        """A cause in the ticket's area, as the item given or the rule book's; None where the book has none for it."""
        ticket, book = self.ticket, self.book(at)
        item = item or book.proposals.get(kind)
        if item is None:
            return None
        area = ticket.location.area if ticket.location else None
        day = self.moment.directory.day(ticket.community, at)
        return Charge(kind, at, day, item, book.version, area=area, tickets=(ticket.id,), **more)


Found = tuple[Cause, Charge | None, Reading | None]
"""A cause that might stand on a subject, what it is if it does, and the clock."""


def _ticket(subject: Subject, moment: Moment) -> Outlook:
    ticket: TicketState = subject.state
    scene = Scene(ticket, subject.events, moment)
    now = readings(ticket.timeline, ticket.kind, ticket.facility, moment.now)
    found = [*_clocks(scene, now), *_orders(scene, now), *_complaint(scene), *_corrections(scene)]
    dues = [*_dues(scene, now), *_order_dues(scene, now)]
    since = subject.events[-1].timestamp
    orders = tuple(Proposal(cause, ticket.id, ticket.community, since, charge, reading) for cause, charge, reading in found)
    return Outlook(ticket.community, orders, min((due for due in dues if due > moment.now), default=None))


def _clocks(x: Scene, now: Sequence[Reading]) -> Iterator[Found]:
    """Reply and work clocks, each round of work; of a complaint the reply counts only once it is judged reasonable (D2 5–8)."""
    reply = next((reading for reading in now if reading.clock is ClockName.REPLY), None)
    breached = _breached(reply) if reply and _reply_counts(x.ticket) else None
    charge = x.charge(FindingCause.REPLY_LATE, breached.due_at, reading=breached) if breached else None
    if charge or _was(x, {Kind.REPAIR, Kind.COMPLAINT}):
        yield Cause(FindingCause.REPLY_LATE, 0), charge, reply
    for clock, kind in WORK.items():
        rounds = [reading for reading in now if reading.clock is clock]
        for which in range(len(x.ticket.timeline.cycles) if _was(x, {Kind.REPAIR}) else 0):
            reading = rounds[which] if rounds else None
            breached = _breached(reading) if reading else None
            yield Cause(kind, which), x.charge(kind, breached.due_at, reading=breached) if breached else None, reading


def _reply_counts(ticket: TicketState) -> bool:
    judged = ticket.judgement is not None and ticket.judgement.reasonable
    return ticket.kind is Kind.REPAIR or (ticket.kind is Kind.COMPLAINT and judged)


def _was(x: Scene, kinds: set[Kind]) -> bool:
    """Whether the ticket is or was of one of these kinds."""
    named = (event.kind for event in x.events if isinstance(event, Ticket.TicketClassified | Ticket.TicketReclassified))
    return any(kind in kinds for kind in named)


def _breached(reading: Reading) -> Reading | None:
    """The clock as it read when it was breached; None while it was not."""
    return replace(reading, stopped_at=None) if reading.status is ClockStatus.BREACHED else None


def _dues(x: Scene, now: Sequence[Reading]) -> Iterator[datetime]:
    for reading in now:
        counts = reading.clock in WORK or (reading.clock is ClockName.REPLY and _reply_counts(x.ticket))
        if counts and reading.status is ClockStatus.RUNNING:
            yield reading.due_at + STRICTLY


def _orders(x: Scene, now: Sequence[Reading]) -> Iterator[Found]:
    """Rectification orders: of a renovation by the rule book's item, of an inspection by the item named, doubled (13, 14, 45)."""
    clocks = [reading for reading in now if reading.clock is ClockName.RECTIFY]
    for which, order in enumerate(x.ticket.timeline.orders):
        for kind, cause in ORDERS.items():
            reading = clocks[which] if x.ticket.kind is kind else None
            charge = _late(x, cause, which, order, reading) if reading else None
            yield Cause(cause, which), charge, reading


def _late(x: Scene, kind: FindingCause, which: int, order: Rectification, reading: Reading) -> Charge | None:
    """An order that was late: at its breach; where the item counts days, at its end, or once it turns into another item."""
    breached = _breached(reading)
    item = _item(x, kind, which, order.due_at) if breached else None
    if breached is None or item is None:
        return None
    doubled = kind is FindingCause.INSPECTION_LATE
    if item.counting is not Counting.OVERDUE:
        return x.charge(kind, order.due_at, item=item.code, doubled=doubled, reading=breached)
    turns = _turns(item, order)
    ended = reading.stopped_at
    if turns is not None and turns <= (ended or x.moment.now):
        assert item.conversion is not None
        return x.charge(kind, turns, item=item.conversion.to, doubled=doubled, reading=breached)
    if ended is None:
        return None
    days = (ended - order.due_at) // DAY
    return x.charge(kind, ended, item=item.code, doubled=doubled, overdue_days=days, reading=breached)


def _item(x: Scene, kind: FindingCause, which: int, at: datetime) -> Item | None:
    """The item that a late order is proposed as; None where an inspection named none that a finding can be of."""
    book = x.book(at)
    if kind is FindingCause.RECTIFICATION_LATE:
        return book.deductions.get(book.proposals.get(kind, ""))
    ordered = [event for event in x.events if isinstance(event, Ticket.RectificationOrdered)]
    item = book.deductions.get(ordered[which].scorecard_item or "")
    return None if item is None or item.counting in (Counting.METRIC, Counting.DOUBLING) else item


def _turns(item: Item, order: Rectification) -> datetime | None:
    """When an order that is still open is charged as another item: more than so many full days late."""
    conversion = item.conversion
    return order.due_at + (conversion.over_days + 1) * DAY if conversion and conversion.over_days is not None else None


def _order_dues(x: Scene, now: Sequence[Reading]) -> Iterator[datetime]:
    clocks = [reading for reading in now if reading.clock is ClockName.RECTIFY]
    cause = ORDERS.get(x.ticket.kind) if x.ticket.kind else None
    for which, (order, reading) in enumerate(zip(x.ticket.timeline.orders, clocks, strict=False)):
        if cause is None or reading.stopped_at is not None:
            continue
        item = _item(x, cause, which, order.due_at)
        turns = _turns(item, order) if item else None
        yield from (order.due_at + STRICTLY, *([turns] if turns else []))


def _complaint(x: Scene) -> Iterator[Found]:
    """A complaint made to the company and judged reasonable: minor (9), or serious and the office's fault (10)."""
    if x.ticket.channel is not Channel.COMPANY or not _was(x, {Kind.COMPLAINT}):
        return
    judged = x.ticket.judgement if x.ticket.kind is Kind.COMPLAINT else None
    kind = None
    if judged is not None and judged.reasonable:
        if judged.severity is ComplaintSeverity.MINOR:
            kind = FindingCause.COMPANY_COMPLAINT_MINOR
        elif judged.severity is ComplaintSeverity.SERIOUS and judged.fault is ComplaintFault.OFFICE:
            kind = FindingCause.COMPANY_COMPLAINT_SERIOUS
    charge = x.charge(kind, judged.at, parties=x.ticket.complained_of) if kind and judged else None
    yield Cause(FindingCause.COMPANY_COMPLAINT_MINOR, 0), charge, None  # one complaint, one finding


def _corrections(x: Scene) -> Iterator[Found]:
    """Every correction for a register error (28)."""
    for event in x.events:
        if isinstance(event, Ticket.TicketCorrected) and event.reason is CorrectionReason.REGISTER_ERROR:
            charge = x.charge(FindingCause.REGISTER_ERROR, event.timestamp)
            yield Cause(FindingCause.REGISTER_ERROR, event.originator_version), charge, None


# --- duty ---------------------------------------------------------------------------------------------------------------


def _shift(subject: Subject, moment: Moment) -> Outlook:
    """Each end of a period by which the shift had to be handed over: signed by both in time, extended, or late (41)."""
    shift: ShiftState = subject.state
    within = timedelta(minutes=moment.directory.policy_of(shift.community).handover.sign_within_minutes)
    held = [event for event in subject.events if isinstance(event, Shift.ShiftOpened | Shift.ShiftExtended)]
    orders, again_at = [], None
    for which, period in enumerate(held):
        due = period.until + within
        met = held[which + 1].timestamp if which + 1 < len(held) else shift.ended_at
        charge = None
        if moment.now > due and (met is None or met > due):
            officer = fold([event for event in subject.events if event.timestamp <= due]).acting
            charge = _of_duty(moment, shift.community, FindingCause.HANDOVER_UNSIGNED, due, officer, shift.id)
        elif met is None:
            again_at = due + STRICTLY
        cause = Cause(FindingCause.HANDOVER_UNSIGNED, which)
        orders.append(Proposal(cause, shift.id, shift.community, subject.events[-1].timestamp, charge))
    return Outlook(shift.community, tuple(orders), again_at)


def _desk(subject: Subject, moment: Moment) -> Outlook:
    """Each time a shift was taken over and nobody opened another for a while: names the officer who held the desk (41)."""
    desk: DeskState = subject.state
    within = timedelta(minutes=moment.directory.policy_of(desk.community).reminders.empty_minutes)
    orders, again_at = [], None
    before: DeskState | None = None
    for place, event in enumerate(subject.events):
        if isinstance(event, Desk.ShiftTakenOver) and before is not None and before.shift is not None:
            opened = subject.events[place + 1].timestamp if place + 1 < len(subject.events) else None
            due = event.timestamp + within
            charge = None
            if moment.now > due and (opened is None or opened > due):
                officer = before.shift.phone_with or before.shift.officer
                charge = _of_duty(moment, desk.community, FindingCause.DESK_EMPTY, event.timestamp, officer, event.shift)
            elif opened is None:
                again_at = due + STRICTLY
            cause = Cause(FindingCause.DESK_EMPTY, event.originator_version)
            orders.append(Proposal(cause, desk.id, desk.community, subject.events[-1].timestamp, charge))
        before = apply(before, event)
    return Outlook(desk.community, tuple(orders), again_at)


def _of_duty(moment: Moment, community: str, kind: FindingCause, at: datetime, officer: str, shift: UUID) -> Charge | None:
    """A cause of duty: it names the officer, and the shift as evidence; None where the book has no item for it."""
    book = _book(moment, community, at)
    item = book.proposals.get(kind)
    day = moment.directory.day(community, at)
    return Charge(kind, at, day, item, book.version, parties=(officer,), shifts=(shift,)) if item else None


def _book(moment: Moment, community: str, at: datetime) -> RuleBook:
    return moment.directory.law_of(community).of(Month.of(moment.directory.day(community, at)))
