"""The process manager that proposes findings (系统提出考评事项): one finding per cause, withdrawn if the cause disappears (D2).

For a ticket, a shift or a desk it examines every cause that could be there: it proposes a finding if the cause is present and
withdraws an undecided proposal if not. The rule book of the month says as which item a cause is proposed; a cause for which it
names none is not proposed. The finding's date is that of the cause: a clock's breach, a complaint's judgement, and for a
rectification order its confirmation or the day on which it turns into another item.

Long because each cause that the regulations name has its rule here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.duty.due import DeskHistory, beginnings, in_time, roster_at, slot_at
from domain.duty.roster import Duty, RosterState
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
    DutyPeriod,
    FindingCause,
    FindingStatus,
    Kind,
)
from domain.people.post import Desk, DeskState, desk_stream
from domain.process.process import NOTHING, Effect, Moment, Outlook, Process, Subject, system_meta
from domain.process.service import SERVICE
from domain.rules.clocks import Reading, RectificationOrder, readings
from domain.rules.scorecard import Counting, Item, RuleBook
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState

NAME = "proposals"
STRICTLY = timedelta(microseconds=1)
"""A clock is breached strictly after its due moment, so this is when to look again."""
DAY = timedelta(days=1)
WORK = {
    ClockName.REPAIR: FindingCause.REPAIR_LATE,
    ClockName.PUBLIC_MINOR: FindingCause.PUBLIC_MINOR_LATE,
    ClockName.PUBLIC_SEVERE: FindingCause.PUBLIC_SEVERE_LATE,
}
ORDERS = {Kind.RENOVATION: FindingCause.RECTIFICATION_LATE, Kind.INSPECTION: FindingCause.INSPECTION_LATE}


@dataclass(frozen=True, slots=True)
class ProposalCause:
    """A kind of cause, and its number among the subject's causes of this kind."""

    kind: FindingCause
    which: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """The content of a proposal; ``at`` is the moment of the cause, ``day`` its date in the community."""

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
        """Whether a finding was proposed with this content. The clock reading is evidence only and is not compared."""
        return all(getattr(finding, name) == getattr(self, name) for name in _SAID)


_SAID = ("item", "day", "area", "parties", "doubled", "overdue_days")


@dataclass(frozen=True)
class Proposal(Effect):
    """A cause on a subject, and its present proposal: None withdraws the finding, unless somebody has decided on it.

    ``reading`` is the clock now, ``since`` the moment of the subject's last event.
    """

    cause: ProposalCause
    subject: UUID
    community: str
    since: datetime
    charge: Proposed | None
    reading: Reading | None = None

    @property
    def target(self) -> UUID:
        """The id of the finding, always the same one for a cause."""
        return proposal_stream(self.cause.kind, self.subject, self.cause.which)

    def events(self, state: FindingState | None) -> Sequence[Folded.Event]:
        """Propose, withdraw, or do both if the content of the proposal changed."""
        if state is None or state.status is FindingStatus.WITHDRAWN:
            return [] if self.charge is None else [self._proposed(state, self.charge, 1)]
        if state.status is not FindingStatus.PROPOSED or (self.charge and self.charge.is_said(state)):
            return []
        withdrawn = self._event(Finding.FindingWithdrawn, state, self.since, 1, reading=self.reading)
        return [withdrawn] if self.charge is None else [withdrawn, self._proposed(state, self.charge, 2)]

    def _proposed(self, state: FindingState | None, charge: Proposed, step: int) -> Folded.Event:
        data = {name: getattr(charge, name) for name in (*_SAID, "rule_book", "tickets", "shifts", "reading")}
        at = charge.at if step == 1 else max(charge.at, self.since)
        return self._event(Finding.FindingProposed, state, at, step, cause=charge.kind, **data)

    def _event(self, kind: type[Finding.Event], state: FindingState | None, at: datetime, step: int, **data: Any) -> Folded.Event:
        """The finding's event number ``step`` from its present version. Its moment is never before the finding's last."""
        version = (state.version if state else 0) + step
        moment = max(at, state.occurred_at) if state and state.occurred_at else at
        meta = system_meta(NAME, self.target, version, self.subject)
        return occurred(kind, self.target, version, moment, meta, community=self.community, **data)


def propose(subject: Subject, moment: Moment) -> Outlook:
    """The proposals for a ticket, a shift, a desk or a roster, and when to look again."""
    match subject.state:
        case TicketState():
            return _ticket(subject, moment)
        case ShiftState():
            return _shift(subject, moment)
        case DeskState():
            return _desk(subject, moment)
        case RosterState():
            return _roster(subject, moment)
    return NOTHING


def read_beside(subject: Subject, moment: Moment) -> set[UUID]:
    """The streams that say who was due, who came, and whether anybody could: rosters, the desk, and the service."""
    state, directory = subject.state, moment.directory
    if isinstance(state, RosterState):
        return {desk_stream(state.community), SERVICE}
    moments: list[datetime] = []
    if isinstance(state, ShiftState) and state.names_due:
        moments = [event.until for event in subject.events if isinstance(event, Shift.ShiftOpened | Shift.ShiftExtended)]
    elif isinstance(state, DeskState):
        moments = [event.timestamp for event in subject.events if isinstance(event, Desk.ShiftTakenOver) and event.names_due]
    rosters = {roster_at(directory, state.community, at) for at in moments}
    return rosters | {desk_stream(state.community), SERVICE} if rosters else set()


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
        "roster.",
    ),
    propose,
    read_beside,
)
"""Topics that can make a cause appear, disappear or change; others are skipped to save reading streams."""


# --- tickets ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TicketScene:
    """A ticket at a moment, with the rule books in force."""

    ticket: TicketState
    events: Sequence[Any]
    moment: Moment

    def book(self, at: datetime) -> RuleBook:
        """The rule book of a moment's month."""
        return _book(self.moment, self.ticket.community, at)

    def charge(self, kind: FindingCause, at: datetime, *, item: str | None = None, **more: Any) -> Proposed | None:
        """The proposal for a cause: as ``item``, or as the rule book's item for its kind; None if it has none."""
        ticket, book = self.ticket, self.book(at)
        item = item or book.proposals.get(kind)
        if item is None:
            return None
        area = ticket.location.area if ticket.location else None
        day = self.moment.directory.day(ticket.community, at)
        return Proposed(kind, at, day, item, book.version, area=area, tickets=(ticket.id,), **more)


Examined = tuple[ProposalCause, Proposed | None, Reading | None]
"""A possible cause, its proposal if it is present, and the clock."""


def _ticket(subject: Subject, moment: Moment) -> Outlook:
    ticket: TicketState = subject.state
    scene = TicketScene(ticket, subject.events, moment)
    now = readings(ticket.timeline, ticket.kind, ticket.facility, moment.now)
    found = [*_clocks(scene, now), *_orders(scene, now), *_complaint(scene), *_corrections(scene)]
    dues = [*_dues(scene, now), *_order_dues(scene, now)]
    since = subject.events[-1].timestamp
    effects = tuple(Proposal(cause, ticket.id, ticket.community, since, charge, reading) for cause, charge, reading in found)
    return Outlook(ticket.community, effects, min((due for due in dues if due > moment.now), default=None))


def _clocks(x: TicketScene, now: Sequence[Reading]) -> Iterator[Examined]:
    """Breached reply and work clocks, by round of work.

    A complaint's reply clock counts once it is judged reasonable (D2 5–8).
    """
    reply = next((reading for reading in now if reading.clock is ClockName.REPLY), None)
    breached = _breached(reply) if reply and _reply_counts(x.ticket) else None
    charge = x.charge(FindingCause.REPLY_LATE, breached.due_at, reading=breached) if breached else None
    if charge or _was(x, {Kind.REPAIR, Kind.COMPLAINT}):
        yield ProposalCause(FindingCause.REPLY_LATE, 0), charge, reply
    for clock, kind in WORK.items():
        rounds = [reading for reading in now if reading.clock is clock]
        for which in range(len(x.ticket.timeline.cycles) if _was(x, {Kind.REPAIR}) else 0):
            reading = rounds[which] if rounds else None
            breached = _breached(reading) if reading else None
            yield ProposalCause(kind, which), x.charge(kind, breached.due_at, reading=breached) if breached else None, reading


def _reply_counts(ticket: TicketState) -> bool:
    judged = ticket.judgement is not None and ticket.judgement.reasonable
    return ticket.kind is Kind.REPAIR or (ticket.kind is Kind.COMPLAINT and judged)


def _was(x: TicketScene, kinds: set[Kind]) -> bool:
    """Whether the ticket ever was of one of these kinds: only then can there be a proposal to withdraw."""
    named = (event.kind for event in x.events if isinstance(event, Ticket.TicketClassified | Ticket.TicketReclassified))
    return any(kind in kinds for kind in named)


def _breached(reading: Reading) -> Reading | None:
    """The clock's reading at its breach; None if it was not breached."""
    return replace(reading, stopped_at=None) if reading.status is ClockStatus.BREACHED else None


def _dues(x: TicketScene, now: Sequence[Reading]) -> Iterator[datetime]:
    for reading in now:
        counts = reading.clock in WORK or (reading.clock is ClockName.REPLY and _reply_counts(x.ticket))
        if counts and reading.status is ClockStatus.RUNNING:
            yield reading.due_at + STRICTLY


def _orders(x: TicketScene, now: Sequence[Reading]) -> Iterator[Examined]:
    """Late rectification orders: a renovation's by the rule book (13, 14), an inspection's by the named item, doubled (45)."""
    clocks = [reading for reading in now if reading.clock is ClockName.RECTIFY]
    for which, order in enumerate(x.ticket.timeline.orders):
        for kind, cause in ORDERS.items():
            reading = clocks[which] if x.ticket.kind is kind else None
            charge = _late(x, cause, which, order, reading) if reading else None
            yield ProposalCause(cause, which), charge, reading


def _late(x: TicketScene, kind: FindingCause, which: int, order: RectificationOrder, reading: Reading) -> Proposed | None:
    """The proposal for a late order.

    It is dated at the breach. If the item counts days overdue, it is dated at the confirmation, when their number is known, or on
    the day the order turns into another item.
    """
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


def _item(x: TicketScene, kind: FindingCause, which: int, at: datetime) -> Item | None:
    """The item for a late order; None if an inspection named no item of which there are findings."""
    book = x.book(at)
    if kind is FindingCause.RECTIFICATION_LATE:
        return book.deductions.get(book.proposals.get(kind, ""))
    ordered = [event for event in x.events if isinstance(event, Ticket.RectificationOrdered)]
    item = book.deductions.get(ordered[which].scorecard_item or "")
    return None if item is None or item.counting in (Counting.METRIC, Counting.DOUBLING) else item


def _turns(item: Item, order: RectificationOrder) -> datetime | None:
    """When an open order turns into another item: after more than ``over_days`` full days."""
    conversion = item.conversion
    return order.due_at + (conversion.over_days + 1) * DAY if conversion and conversion.over_days is not None else None


def _order_dues(x: TicketScene, now: Sequence[Reading]) -> Iterator[datetime]:
    clocks = [reading for reading in now if reading.clock is ClockName.RECTIFY]
    cause = ORDERS.get(x.ticket.kind) if x.ticket.kind else None
    for which, (order, reading) in enumerate(zip(x.ticket.timeline.orders, clocks, strict=False)):
        if cause is None or reading.stopped_at is not None:
            continue
        item = _item(x, cause, which, order.due_at)
        turns = _turns(item, order) if item else None
        yield from (order.due_at + STRICTLY, *([turns] if turns else []))


def _complaint(x: TicketScene) -> Iterator[Examined]:
    """A complaint to the company, judged reasonable: minor (9), or serious and the office's fault (10)."""
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
    # One cause for both severities: a complaint judged again changes its finding instead of getting a second one.
    yield ProposalCause(FindingCause.COMPANY_COMPLAINT_MINOR, 0), charge, None


def _corrections(x: TicketScene) -> Iterator[Examined]:
    """Corrections for a register error (28), each a cause of its own."""
    for event in x.events:
        if isinstance(event, Ticket.TicketCorrected) and event.reason is CorrectionReason.REGISTER_ERROR:
            charge = x.charge(FindingCause.REGISTER_ERROR, event.timestamp)
            yield ProposalCause(FindingCause.REGISTER_ERROR, event.originator_version), charge, None


# --- duty ---------------------------------------------------------------------------------------------------------------


def _shift(subject: Subject, moment: Moment) -> Outlook:
    """Handovers not signed by both in time, one possible cause per period held (41). An extension in time counts as met."""
    shift: ShiftState = subject.state
    within = timedelta(minutes=moment.directory.policy_of(shift.community).handover.sign_within_minutes)
    held = [event for event in subject.events if isinstance(event, Shift.ShiftOpened | Shift.ShiftExtended)]
    effects, again_at = [], None
    for which, period in enumerate(held):
        due = in_time(period.until + within, within, _outages(moment))
        met = held[which + 1].timestamp if which + 1 < len(held) else shift.ended_at
        charge = None
        if moment.now > due and (met is None or met > due):
            then = fold([event for event in subject.events if event.timestamp <= due])
            parties = _failed_to_sign(moment, then, period.until, due) if shift.names_due else (then.acting,)
            if parties is not None:
                charge = _of_duty(moment, shift.community, FindingCause.HANDOVER_UNSIGNED, due, parties, shift.id)
        elif met is None:
            again_at = due + STRICTLY
        cause = ProposalCause(FindingCause.HANDOVER_UNSIGNED, which)
        effects.append(Proposal(cause, shift.id, shift.community, subject.events[-1].timestamp, charge))
    return Outlook(shift.community, tuple(effects), again_at)


def _failed_to_sign(moment: Moment, then: ShiftState, until: datetime, due: datetime) -> tuple[str, ...] | None:
    """Who kept a handover from being signed: the person due next, unless they came and the officer had not signed.

    Nobody if the roster says nobody is due; None if the person due did not come, which is a finding of its own.
    """
    next_one = _due(moment, then.community, until)
    if next_one is None:
        return ()
    has_come = _history(moment, then.community).came(next_one.login, until, due) is not None
    if next_one.is_ground and not has_come:
        return None
    signed = then.sheet is not None and then.sheet.signed_out is not None
    return (then.acting,) if has_come and not signed else (next_one.login,)


def _left_empty(moment: Moment, emptied: Desk.ShiftTakenOver, history: DeskHistory) -> tuple[str, ...] | None:
    """Who left a desk empty: the person due then; None if that person had not come, which is a finding of its own."""
    duty = _due(moment, emptied.community, emptied.timestamp)
    if duty is None:
        return ()
    absent = history.came(duty.login, duty.starts_at, emptied.timestamp) is None
    return None if duty.is_ground and absent else (duty.login,)


def _history(moment: Moment, community: str) -> DeskHistory:
    desk = moment.beside.get(desk_stream(community))
    return DeskHistory.of(desk.events if desk is not None else ())


def _due(moment: Moment, community: str, at: datetime) -> Duty | None:
    """The duty of the period that contains a moment; None if nobody was due by the roster."""
    roster = moment.beside.get(roster_at(moment.directory, community, at))
    return roster.state.duty(slot_at(moment.directory, community, at)) if roster else None


def _desk(subject: Subject, moment: Moment) -> Outlook:
    """Desks left empty after a take-over for longer than allowed; the finding names the person due then (41)."""
    desk: DeskState = subject.state
    within = timedelta(minutes=moment.directory.policy_of(desk.community).reminders.empty_minutes)
    effects, again_at, history = [], None, DeskHistory.of(subject.events)
    before: DeskState | None = None
    for place, event in enumerate(subject.events):
        if isinstance(event, Desk.ShiftTakenOver) and before is not None and before.shift is not None:
            opened = subject.events[place + 1].timestamp if place + 1 < len(subject.events) else None
            due = in_time(event.timestamp + within, within, _outages(moment))
            charge = None
            if moment.now > due and (opened is None or opened > due):
                officer = before.shift.phone_with or before.shift.officer
                parties = _left_empty(moment, event, history) if event.names_due else (officer,)
                if parties is not None:
                    charge = _of_duty(moment, desk.community, FindingCause.DESK_EMPTY, event.timestamp, parties, event.shift)
            elif opened is None:
                again_at = due + STRICTLY
            cause = ProposalCause(FindingCause.DESK_EMPTY, event.originator_version)
            effects.append(Proposal(cause, desk.id, desk.community, subject.events[-1].timestamp, charge))
        before = apply(before, event)
    return Outlook(desk.community, tuple(effects), again_at)


def _outages(moment: Moment) -> Sequence[tuple[datetime, datetime]]:
    """When no server ran; empty where the service was not read, as for what began before it was recorded."""
    service = moment.beside.get(SERVICE)
    return service.state.outages if service is not None else ()


def _roster(subject: Subject, moment: Moment) -> Outlook:
    """Duties to which nobody came in time: the person who comes after the start, or never, is proposed (41; D5 八).

    Who is due for several periods in a row comes once. What the server could not record while it was down is not held against
    anybody. The finding is proposed when the signatures too would be late, and keeps what was known then.
    """
    roster: RosterState = subject.state
    handover = moment.directory.policy_of(roster.community).handover
    ahead, within = timedelta(minutes=handover.arrive_before_minutes), timedelta(minutes=handover.sign_within_minutes)
    history = _history(moment, roster.community)
    effects, dues = [], list[datetime]()
    for duty in beginnings(roster):
        latest = in_time(duty.starts_at, ahead, _outages(moment))
        due = latest + within
        if moment.now <= due:
            dues.append(due + STRICTLY)
            continue
        came = history.came(duty.login, duty.starts_at, due)
        if came is not None and came <= latest:
            continue
        desk = history.at(duty.starts_at)
        held = desk.shift.id if desk is not None and desk.shift is not None else None
        charge = _of_duty(moment, roster.community, FindingCause.DUTY_LATE, duty.starts_at, (duty.login,), held)
        which = duty.date.toordinal() * len(DutyPeriod) + list(DutyPeriod).index(duty.period)
        cause = ProposalCause(FindingCause.DUTY_LATE, which)
        effects.append(Proposal(cause, roster.id, roster.community, subject.events[-1].timestamp, charge))
    return Outlook(roster.community, tuple(effects), min(dues, default=None))


def _of_duty(
    moment: Moment, community: str, kind: FindingCause, at: datetime, parties: tuple[str, ...], shift: UUID | None
) -> Proposed | None:
    """The proposal for a cause of duty, with the shift as evidence; None if the book has no item for it."""
    book = _book(moment, community, at)
    item = book.proposals.get(kind)
    day = moment.directory.day(community, at)
    return Proposed(kind, at, day, item, book.version, parties=parties, shifts=(shift,) if shift else ()) if item else None


def _book(moment: Moment, community: str, at: datetime) -> RuleBook:
    return moment.directory.law_of(community).of(Month.of(moment.directory.day(community, at)))
