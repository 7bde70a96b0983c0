"""The process manager that reminds and escalates (提醒与升级), with the moments at which things really happened.

It reminds of clocks about to breach or breached, of handovers not signed in time and of desks left empty, and expires approvals
that nobody decided in time. The desk is reminded of clocks about to breach; the supervisor of everything late, and the director
once it has lasted (D1 4.1.2, 4.1.4).

If the process was not running, reminders of what came and went meanwhile are written afterwards, except for "about to breach",
which helps nobody any more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from domain.approval.aggregate import Approval, ApprovalCase
from domain.duty.due import DeskHistory, beginnings
from domain.duty.roster import RosterState
from domain.duty.shift import ShiftState
from domain.kernel.aggregate import Folded, occurred
from domain.kernel.terms import ApprovalState, AssigneeType, ClockName, ClockStatus, EscalationLevel, ReminderKind
from domain.people.post import Desk, DeskState, desk_stream
from domain.process.process import NOTHING, Effect, Moment, Outlook, Process, Subject, system_meta
from domain.process.reminder import Reminder, ReminderState, reminder_stream
from domain.rules.clocks import Timeline, readings
from domain.rules.policy import HandoverTerms, ReminderTerms
from domain.ticket.state import TicketState

NAME = "reminders"
JUST = timedelta(microseconds=1)
"""A clock is breached strictly after its due moment."""
GAPS_KEPT = timedelta(days=31)
"""Time after its end for which a gap at the desk is still written down, if the process was not running.

A bound is needed because a desk's stream never ends: without one, every look would report every gap since its beginning.
"""
WORK_CLOCKS = (ClockName.REPAIR, ClockName.PUBLIC_MINOR, ClockName.PUBLIC_SEVERE)
Examined = tuple[list["ReminderCause"], list[datetime | None]]
"""Causes, and further moments at which to look."""


@dataclass(frozen=True, slots=True)
class ReminderCause:
    """A cause from ``began_at`` to ``ended_at`` (None: it lasts); at ``director_at`` it goes to the director.

    Without ``began_at`` there is no such cause (any more): a reminder that is still raised is settled at ``ended_at``.
    """

    kind: ReminderKind
    about: UUID
    community: str
    began_at: datetime | None
    ended_at: datetime | None = None
    director_at: datetime | None = None
    key: str = ""
    login: str | None = None
    clock: ClockName | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remind:
    """Keep a reminder raised exactly while its cause lasts, and write it afterwards if the cause came and went unseen."""

    cause: ReminderCause
    now: datetime

    @property
    def target(self) -> UUID:
        """The id of the reminder's stream."""
        return reminder_stream(self.cause.about, self.cause.kind, self.cause.key)

    def events(self, state: ReminderState | None) -> Sequence[Folded.Event]:
        """The missing events among raised, escalated and settled, in this order."""
        cause, said = self.cause, list[Folded.Event]()
        # A machine whose clock is behind the one that wrote last knows less; it leaves the reminder alone.
        if state is not None and self.now < (state.settled_at or state.raised_at or self.now):
            return said
        first = (state.version if state else 0) + 1

        def say(event: type[Reminder.Event], at: datetime, **more: object) -> None:
            version = first + len(said)
            meta = system_meta(NAME, self.target, version, cause.about)
            said.append(occurred(event, self.target, version, at, meta, community=cause.community, **more))

        raised, level = (state.is_raised, state.level) if state else (False, None)
        since = state.raised_at if state and raised else cause.began_at
        if not raised and cause.began_at is not None and (cause.ended_at is None or state is None):
            if state is not None and state.settled_at is not None:
                since = max(cause.began_at, state.settled_at)
            level = None if cause.kind is ReminderKind.CLOCK_NEAR else EscalationLevel.SUPERVISOR
            told = {"level": level, "login": cause.login, "clock": cause.clock, "due_at": cause.due_at}
            say(Reminder.ReminderRaised, since or cause.began_at, kind=cause.kind, about=cause.about, **told)
            raised = True
        if not raised or since is None:
            return said
        lasted = cause.director_at is not None and cause.director_at <= (cause.ended_at or self.now)
        if cause.director_at is not None and lasted and level is EscalationLevel.SUPERVISOR:
            say(Reminder.ReminderEscalated, max(cause.director_at, since), level=EscalationLevel.DIRECTOR)
        if cause.ended_at is not None:
            say(Reminder.ReminderSettled, max(cause.ended_at, since))
        return said


@dataclass(frozen=True, slots=True)
class Expire:
    """Expire an approval that nobody decided in time."""

    target: UUID

    def events(self, state: ApprovalCase) -> Sequence[Folded.Event]:
        """The expiry, unless the approval is decided or expired already."""
        if state.status is not ApprovalState.REQUESTED or state.expires_at is None:
            return []
        version = state.version + 1
        meta = system_meta(NAME, state.id, version, state.id)
        return [occurred(Approval.ApprovalExpired, state.id, version, state.expires_at, meta, community=state.community)]


def remind(subject: Subject, moment: Moment) -> Outlook:
    """The reminders for a ticket, a shift, a desk, a roster or an approval, and when to look again."""
    state = subject.state
    if isinstance(state, ApprovalCase):
        return _approval(state, moment.now)
    policy = moment.directory.policy_of(state.community)
    if isinstance(state, TicketState):
        causes, moments = _ticket(state, policy.reminders, moment.now)
    elif isinstance(state, ShiftState):
        causes, moments = _shift(state, policy.reminders, policy.handover, moment.now)
    elif isinstance(state, RosterState):
        causes, moments = _roster(state, policy.reminders, moment)
    else:
        causes, moments = _desk(subject, policy.reminders, moment.now)
    moments += [at for one in causes if one.ended_at is None for at in (one.began_at, one.director_at)]
    effects: list[Effect] = [Remind(one, moment.now) for one in causes if one.began_at is None or one.began_at <= moment.now]
    return Outlook(state.community, tuple(effects), min((at for at in moments if at and at > moment.now), default=None))


def read_beside(subject: Subject, moment: Moment) -> tuple[UUID, ...]:
    """A roster is compared with the desk."""
    return (desk_stream(subject.state.community),) if isinstance(subject.state, RosterState) else ()


REMINDING = Process(NAME, ("ticket.", "shift.", "desk.", "approval.", "roster."), remind, read_beside)


def _approval(case: ApprovalCase, now: datetime) -> Outlook:
    if case.status is not ApprovalState.REQUESTED or case.expires_at is None:
        return NOTHING
    if now < case.expires_at:
        return Outlook(case.community, (), case.expires_at)
    return Outlook(case.community, (Expire(case.id),))


def _ticket(s: TicketState, terms: ReminderTerms, now: datetime) -> Examined:
    """Causes of a ticket's clocks, one pair per clock and round of work.

    A clock that the ticket no longer has (it was reclassified) settles its reminders.
    """
    near, director = timedelta(minutes=terms.near_minutes), timedelta(minutes=terms.director_minutes)
    assignee = s.assignment.assignee if s.assignment else None
    login = assignee.id if assignee and assignee.type is AssigneeType.PERSON else None
    read = {(one.clock, one.started_at): one for one in readings(s.timeline, s.kind, s.facility, now)}
    latest = s.occurred_at or now
    causes: list[ReminderCause] = []
    moments: list[datetime | None] = []
    for clock, started_at, limit in _possible(s.timeline):
        one = read.get((clock, started_at))
        due = one.due_at if one else None
        begins = max(due - near, started_at, _resumed(s.timeline) or started_at) if one and due else None
        runs = one is not None and one.status is ClockStatus.RUNNING
        if runs and due:
            moments += [begins, due + JUST]
        if now < started_at + limit - near:
            continue  # too early for any reminder of it; pauses only put it off
        cause = partial(
            ReminderCause, about=s.id, community=s.community, key=f"{clock.value}:{started_at.isoformat()}",
            login=login, clock=clock, due_at=due,
        )  # fmt: skip
        if runs and begins and begins <= now:
            causes.append(cause(ReminderKind.CLOCK_NEAR, began_at=begins))
        else:
            gone = (one.breached_at or one.stopped_at) if one else None
            causes.append(cause(ReminderKind.CLOCK_NEAR, began_at=None, ended_at=gone or latest))
        breach = one.breached_at if one else None
        if one is not None and breach is not None:
            late = cause(ReminderKind.CLOCK_BREACHED, began_at=breach, ended_at=one.stopped_at, director_at=breach + director)
            causes.append(late)
        else:
            causes.append(cause(ReminderKind.CLOCK_BREACHED, began_at=None, ended_at=latest))
    return causes, moments


def _possible(timeline: Timeline) -> Iterator[tuple[ClockName, datetime, timedelta]]:
    """Every clock that the ticket has or may have had: its name, its start, and its limit without pauses."""
    for n, cycle in enumerate(timeline.cycles):
        for name in WORK_CLOCKS if n else (ClockName.REPLY, *WORK_CLOCKS):
            yield name, cycle.started_at, timedelta(minutes=cycle.policy.limits[name])
    for order in timeline.orders:
        yield ClockName.RECTIFY, order.ordered_at, order.due_at - order.ordered_at


def _resumed(timeline: Timeline) -> datetime | None:
    """When the last suspension ended."""
    return timeline.suspensions[-1].ended_at if timeline.suspensions else None


def _shift(s: ShiftState, terms: ReminderTerms, handover: HandoverTerms, now: datetime) -> Examined:
    """The causes of a shift: periods covered (顶班), stand-ins who did not confirm, a handover not signed in time (item 41)."""
    causes, moments = _unsigned(s, terms, handover, now)
    for cover in s.covers:
        key = str(cover.version)
        causes.append(
            ReminderCause(ReminderKind.DUTY_COVERED, s.id, s.community, cover.at, s.ended_at, key=key, login=cover.absent)
        )
    grace = timedelta(minutes=terms.empty_minutes)
    for absence in s.absences:
        began = absence.at + grace
        ended = absence.confirmed_at or absence.ended_at
        if absence.awaits and (ended is None or ended > began):
            key, login = str(absence.version), absence.stand_in or s.officer
            causes.append(ReminderCause(ReminderKind.STAND_IN_UNCONFIRMED, s.id, s.community, began, ended, key=key, login=login))
    return causes, moments


def _unsigned(s: ShiftState, terms: ReminderTerms, handover: HandoverTerms, now: datetime) -> Examined:
    """The cause of a handover not signed by both in time after the end of the last period held (D2 item 41)."""
    if s.until is None or s.occurred_at is None:
        return [], []
    overdue = s.until + timedelta(minutes=handover.sign_within_minutes) + JUST
    cause = partial(ReminderCause, ReminderKind.HANDOVER_UNSIGNED, s.id, s.community, login=s.officer, due_at=overdue - JUST)
    if (s.ended_at or now) < overdue:
        return [cause(None, s.ended_at or s.occurred_at)], [] if s.ended_at else [overdue]
    return [cause(overdue, s.ended_at, overdue + timedelta(minutes=terms.director_duty_minutes))], []


def _desk(subject: Subject, terms: ReminderTerms, now: datetime) -> Examined:
    """The causes of desks left empty, from a take-over until somebody opens a shift (D5 六)."""
    state: DeskState = subject.state
    grace = timedelta(minutes=terms.empty_minutes)
    director = timedelta(minutes=terms.director_duty_minutes)
    causes = []
    for emptied, filled in zip(subject.events, (*subject.events[1:], None), strict=True):
        if not isinstance(emptied, Desk.ShiftTakenOver):
            continue
        ended = filled.timestamp if filled is not None else None
        if ended is not None and (ended < emptied.timestamp + grace or ended < now - GAPS_KEPT):
            continue
        began = emptied.timestamp + grace
        key = str(emptied.shift)
        causes.append(ReminderCause(ReminderKind.DESK_EMPTY, state.id, state.community, began, ended, began + director, key))
    return causes, []


def _roster(roster: RosterState, terms: ReminderTerms, moment: Moment) -> Examined:
    """The causes of desks that nobody opened for a duty of the roster, from its start on, against the person due (D5 六)."""
    now, grace = moment.now, timedelta(minutes=terms.empty_minutes)
    director = timedelta(minutes=terms.director_duty_minutes)
    about = desk_stream(roster.community)
    desk = moment.beside.get(about)
    history = DeskHistory.of(desk.events if desk is not None else ())
    causes: list[ReminderCause] = []
    moments: list[datetime | None] = []
    for duty in beginnings(roster):
        began = duty.starts_at + grace
        if began > now:
            moments.append(began)
            continue
        if not (history.is_empty(duty.starts_at) and history.is_empty(began)) or duty.until < now - GAPS_KEPT:
            continue
        taken = history.taken_after(began)
        ended = min(taken, duty.until) if taken is not None else duty.until if duty.until <= now else None
        if ended is None:
            moments.append(min(duty.until, now + grace))  # the desk is another stream, whose events cause no look here
        key = f"{duty.date}:{duty.period.value}"
        cause = ReminderCause(ReminderKind.DESK_EMPTY, about, roster.community, began, ended, began + director, key, duty.login)
        causes.append(cause)
    return causes, moments
