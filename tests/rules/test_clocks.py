"""Compare the SLA clocks with a model that counts minute by minute, and pin the edges of D2 items 5–8 by example."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import terms as t
from domain.kernel.terms import ClockName, ClockStatus, Facility, Kind
from domain.rules.clocks import Cycle, Reading, RectificationOrder, Suspension, Timeline, latest, readings, work_clock
from domain.ticket.events import Ticket
from tests.rules import naive_clocks
from tests.support.clock import MORNING
from tests.support.ticket_factory import POLICY, Fact, classified, completed, dispatched, fact, received, ticket
from tests.ticket.walk import START, Walk, begun, sensible_step

SHORT = POLICY.overridden(
    {
        "clocks.reply_minutes": 20,
        "clocks.repair_minutes": 30,
        "clocks.public_minor_minutes": 25,
        "clocks.public_severe_minutes": 60,
        "clock_pauses.reply": [],
    }
)
"""Limits of minutes, so that a model that counts can keep up."""
GAPS = [0, 1, 1, 2, 5, 5, 10, 20, 25, 30, 60]
FACILITIES = [(Kind.REPAIR, facility) for facility in Facility] + [
    (kind, None) for kind in (Kind.COMPLAINT, Kind.RENOVATION, Kind.INSPECTION, Kind.OTHER)
]


def minute(moment: datetime) -> int:
    """Whole minutes since the start."""
    return int((moment - START).total_seconds() // 60)


def seen(event: Ticket.Event) -> naive_clocks.Seen:
    said: dict[str, Any] = {**vars(event)}
    if isinstance(event, Ticket.RectificationOrdered):
        said["due_at"] = minute(event.due_at)
    return minute(event.timestamp), type(event).__name__, said


def face(reading: Reading) -> tuple[str, str, int, int, int | None, int | None]:
    stopped, breached = reading.stopped_at, reading.breached_at
    return (
        reading.clock.value,
        reading.status.value,
        minute(reading.started_at),
        minute(reading.due_at),
        None if stopped is None else minute(stopped),
        None if breached is None else minute(breached),
    )


@pytest.mark.parametrize(("kind", "facility"), FACILITIES)
@given(data=st.data())
def test_clocks_equal_a_model_that_counts(kind: Kind, facility: Facility | None, data: st.DataObject) -> None:
    """Checked at and between events, with pauses, rework, reopening, reclassification, cancelling, major works and orders."""
    walk = begun(Walk(SHORT), kind, facility)
    for _ in range(15):
        walk.ask(*sensible_step(data.draw, walk, GAPS))
        assert walk.state is not None
        for more in (0, data.draw(st.sampled_from([1, 7, 24, 61]))):
            at = walk.at + timedelta(minutes=more)
            found = readings(walk.state.timeline, walk.state.kind, walk.state.facility, at)
            assert [face(reading) for reading in found] == naive_clocks.readings([seen(e) for e in walk.events], minute(at))


# --- examples ---------------------------------------------------------------------------------------------------------

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
FIRST, SECOND = POLICY.clock_policy, SHORT.clock_policy
T = [MORNING + n * timedelta(hours=1) for n in range(9)]
"""The hours of a timeline."""


def statuses(*facts: Fact, at: datetime) -> dict[ClockName, ClockStatus]:
    state = ticket(*facts)
    return {r.clock: r.status for r in latest(readings(state.timeline, state.kind, state.facility, at))}


def reading(*facts: Fact, at: datetime, clock: ClockName) -> Reading:
    state = ticket(*facts)
    return {r.clock: r for r in latest(readings(state.timeline, state.kind, state.facility, at))}[clock]


LIMITS = [
    (ClockName.REPAIR, Facility.PRIVATE, 3),
    (ClockName.PUBLIC_MINOR, Facility.PUBLIC_MINOR, 3),
    (ClockName.PUBLIC_SEVERE, Facility.PUBLIC_SEVERE, 10),
]


@pytest.mark.parametrize(("clock", "facility", "days"), LIMITS)
def test_work_is_due_after_days_and_breached_strictly_after(clock: ClockName, facility: Facility, days: int) -> None:
    """D2 items 5, 6, 8: three days, ten for severe damage to public facilities."""
    facts, due = [received(), classified(facility=facility)], MORNING + days * DAY
    assert reading(*facts, at=due, clock=clock) == Reading(clock, ClockStatus.RUNNING, MORNING, due)
    late = reading(*facts, at=due + TICK, clock=clock)
    assert (late.status, late.breached_at) == (ClockStatus.BREACHED, due)
    just = [*facts, dispatched(), completed(after=days * DAY - 2 * timedelta(minutes=1))]
    assert reading(*just, at=due + DAY, clock=clock).status is ClockStatus.MET
    over = [*facts, dispatched(), completed(after=days * DAY - 2 * timedelta(minutes=1) + TICK)]
    assert reading(*over, at=due + DAY, clock=clock).status is ClockStatus.BREACHED


def test_the_reply_clock_is_due_after_two_days() -> None:
    """D2 item 7: repairs, complaints, and tickets that are not classified yet."""
    due = MORNING + 2 * DAY
    assert reading(received(), at=due, clock=ClockName.REPLY).status is ClockStatus.RUNNING
    assert reading(received(), at=due + TICK, clock=ClockName.REPLY).breached_at == due
    for kind in Kind:
        has = ClockName.REPLY in statuses(received(), classified(kind), at=due)
        assert has == (kind in (Kind.REPAIR, Kind.COMPLAINT))


TOMORROW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
ANSWERS = {
    "reply": [fact(Ticket.ResidentReplied)],
    "appointment": [fact(Ticket.AppointmentMade)],
    "dispatch with an appointment": [dispatched(appointment_at=TOMORROW)],
    "reassignment with an appointment": [dispatched(), fact(Ticket.WorkOrderReassigned, appointment_at=TOMORROW)],
    "deferral, told": [fact(Ticket.TicketDeferred, told_resident=True)],
    "completion": [dispatched(), completed()],
    "settlement": [fact(Ticket.SettledAtDesk)],
}
NO_ANSWERS = {
    "dispatch": [dispatched()],
    "reassignment": [dispatched(), fact(Ticket.WorkOrderReassigned)],
    "deferral, not told": [fact(Ticket.TicketDeferred, told_resident=False)],
    "urging": [fact(Ticket.TicketUrged)],
    "note": [fact(Ticket.NoteAdded)],
}


@pytest.mark.parametrize("facts", ANSWERS.values(), ids=ANSWERS)
def test_what_answers_the_resident(facts: list[Fact]) -> None:
    found = reading(received(), classified(Kind.COMPLAINT), *facts, at=MORNING + 9 * DAY, clock=ClockName.REPLY)
    assert found.status is ClockStatus.MET


@pytest.mark.parametrize("facts", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_does_not(facts: list[Fact]) -> None:
    found = reading(received(), classified(Kind.COMPLAINT), *facts, at=MORNING + 9 * DAY, clock=ClockName.REPLY)
    assert found.status is ClockStatus.BREACHED


PAUSING = {
    ClockName.REPAIR: {"awaiting_resident"},
    ClockName.PUBLIC_MINOR: {"awaiting_resident"},
    ClockName.PUBLIC_SEVERE: {"awaiting_parts", "awaiting_staff", "awaiting_resident"},
}


@pytest.mark.parametrize(("clock", "facility", "days"), LIMITS)
@pytest.mark.parametrize("reason", t.SuspendReason)
def test_what_pauses_which_clock(clock: ClockName, facility: Facility, days: int, reason: t.SuspendReason) -> None:
    """D2 item 6 excepts missing parts and staff; the resident's absence is a reading; approval never pauses."""
    suspended = fact(Ticket.WorkSuspended, reason=reason, after=DAY)
    facts = [received(), classified(facility=facility), dispatched(), suspended]
    at = MORNING + 2 * DAY
    paused = reason.value in PAUSING[clock]
    now = reading(*facts, at=at, clock=clock)
    assert now.status is (ClockStatus.PAUSED if paused else ClockStatus.RUNNING)
    resumed = [*facts, fact(Ticket.WorkResumed, after=timedelta(hours=5))]
    moved = timedelta(hours=5) if paused else timedelta(0)
    assert reading(*resumed, at=at, clock=clock).due_at == MORNING + days * DAY + moved


def test_a_pause_after_the_breach_changes_nothing() -> None:
    suspended = fact(Ticket.WorkSuspended, after=4 * DAY)
    facts = [received(), classified(), dispatched(), suspended]
    found = reading(*facts, at=MORNING + 9 * DAY, clock=ClockName.REPAIR)
    assert (found.status, found.breached_at) == (ClockStatus.BREACHED, MORNING + 3 * DAY)


def test_a_pause_that_begins_at_the_due_moment_holds_it() -> None:
    three_days = 3 * DAY - timedelta(minutes=2)
    facts = [received(), classified(), dispatched(), fact(Ticket.WorkSuspended, after=three_days)]
    assert reading(*facts, at=MORNING + 5 * DAY, clock=ClockName.REPAIR).status is ClockStatus.PAUSED
    resumed = [*facts, fact(Ticket.WorkResumed, after=DAY)]
    assert reading(*resumed, at=MORNING + 4 * DAY, clock=ClockName.REPAIR).status is ClockStatus.RUNNING
    assert reading(*resumed, at=MORNING + 4 * DAY + TICK, clock=ClockName.REPAIR).breached_at == MORNING + 4 * DAY


@pytest.mark.parametrize("absent", [timedelta(hours=5), 2 * DAY], ids=["within the limit", "nearly the limit"])
def test_a_pause_of_an_earlier_round_does_not_lengthen_the_next_rounds_limit(absent: timedelta) -> None:
    """D2 item 6: a pause holds the clock of the round it lies in; after rework the limit is whole and no longer than that."""
    facts = [
        received(),
        classified(),
        dispatched(),
        fact(Ticket.WorkSuspended),
        fact(Ticket.WorkResumed, after=absent),
        completed(),
        fact(Ticket.FollowUpRecorded, satisfied=False, clock_policy=POLICY.clock_policy),
    ]
    state, again = ticket(*facts), MORNING + absent + 5 * timedelta(minutes=1)
    first, second = [one for one in readings(state.timeline, state.kind, state.facility, again) if one.clock is ClockName.REPAIR]
    assert first.due_at == MORNING + absent + 3 * DAY
    assert (second.started_at, second.due_at) == (again, again + 3 * DAY)
    later = reading(*facts, at=again + 3 * DAY + TICK, clock=ClockName.REPAIR)
    assert (later.status, later.breached_at) == (ClockStatus.BREACHED, again + 3 * DAY)


def test_a_pause_of_each_round_lengthens_its_own_limit() -> None:
    reason = t.SuspendReason.AWAITING_RESIDENT
    first = Timeline().begin(T[0], FIRST).suspend(T[1], reason).resume(T[2]).end_work(T[3])
    second = first.begin(T[4], FIRST).suspend(T[5], reason).resume(T[8])
    found = readings(second, Kind.REPAIR, Facility.PRIVATE, T[8])
    assert [one.due_at for one in found[1:]] == [T[0] + 3 * DAY + (T[2] - T[1]), T[4] + 3 * DAY + (T[8] - T[5])]


def test_a_policy_that_names_no_pauses_pauses_no_clock() -> None:
    without = replace(FIRST, pauses={})
    waits = Timeline().begin(T[0], without).suspend(T[1], t.SuspendReason.AWAITING_RESIDENT)
    found = readings(waits, Kind.REPAIR, Facility.PRIVATE, T[2])[-1]
    assert found == Reading(ClockName.REPAIR, ClockStatus.RUNNING, T[0], T[0] + 3 * DAY)


def test_rework_and_reopening_start_the_work_clock_again() -> None:
    policy = POLICY.clock_policy
    rework = fact(Ticket.FollowUpRecorded, satisfied=False, clock_policy=policy, after=DAY)
    facts = [received(), classified(), dispatched(), completed(), rework]
    state, at = ticket(*facts), MORNING + 9 * DAY
    both = readings(state.timeline, state.kind, state.facility, at)
    work = [r for r in both if r.clock is ClockName.REPAIR]
    assert [r.status for r in work] == [ClockStatus.MET, ClockStatus.BREACHED]
    assert work[1].due_at == MORNING + DAY + timedelta(minutes=3) + 3 * DAY
    closed = [*facts[:4], fact(Ticket.FollowUpRecorded), fact(Ticket.TicketReopened, after=20 * DAY)]
    again = reading(*closed, at=MORNING + 21 * DAY, clock=ClockName.REPAIR)
    assert (again.status, again.started_at) == (ClockStatus.RUNNING, MORNING + 20 * DAY + timedelta(minutes=4))
    assert [r.clock for r in both].count(ClockName.REPLY) == 1


def test_major_works_leave_the_three_day_clock_only() -> None:
    """D2 item 8 excepts major repairs of private things; clocks of public facilities keep running."""
    approved, at = fact(Ticket.MajorWorksApproved), MORNING + 30 * DAY
    assert ClockName.REPAIR not in statuses(received(), classified(), approved, at=at)
    minor = statuses(received(), classified(facility=Facility.PUBLIC_MINOR), approved, at=at)
    assert minor[ClockName.PUBLIC_MINOR] is ClockStatus.BREACHED


def test_cancelling_stops_every_clock() -> None:
    cancelled = fact(Ticket.TicketCancelled, after=DAY)
    facts = [received(), classified(), dispatched(), fact(Ticket.WorkSuspended), cancelled]
    found = statuses(*facts, at=MORNING + 90 * DAY)
    assert found == {ClockName.REPLY: ClockStatus.MET, ClockName.REPAIR: ClockStatus.MET}
    inspection = [received(), classified(Kind.INSPECTION), fact(Ticket.RectificationOrdered), cancelled]
    assert statuses(*inspection, at=MORNING + 90 * DAY) == {ClockName.RECTIFY: ClockStatus.MET}


def test_an_order_has_its_own_deadline() -> None:
    """限期整改, for inspections and renovations."""
    due = datetime(2026, 3, 9, 4, 0, tzinfo=UTC)
    order = fact(Ticket.RectificationOrdered, due_at=due)
    for kind in (Kind.INSPECTION, Kind.RENOVATION):
        facts = [received(), classified(kind), order]
        assert statuses(*facts, at=due) == {ClockName.RECTIFY: ClockStatus.RUNNING}
        assert reading(*facts, at=due + TICK, clock=ClockName.RECTIFY).breached_at == due
        confirmed = fact(Ticket.RectificationConfirmed, after=DAY)
        assert statuses(*facts, confirmed, at=due + DAY) == {ClockName.RECTIFY: ClockStatus.MET}


def test_the_policy_is_the_one_in_force_when_the_clock_started() -> None:
    """A later change of the readings moves no clock that runs."""
    generous = POLICY.overridden({"clocks.repair_minutes": 10 * 1440}).clock_policy
    rework = fact(Ticket.FollowUpRecorded, satisfied=False, clock_policy=generous)
    state = ticket(received(), classified(), dispatched(), completed(), rework)
    first, second = [
        r for r in readings(state.timeline, state.kind, state.facility, MORNING + DAY) if r.clock is ClockName.REPAIR
    ]
    assert (first.due_at - first.started_at, second.due_at - second.started_at) == (3 * DAY, 10 * DAY)


def test_reclassifying_changes_which_clock_runs() -> None:
    severe = fact(Ticket.TicketReclassified, kind=Kind.REPAIR, facility=Facility.PUBLIC_SEVERE, moved=False)
    at = MORNING + 4 * DAY
    found = statuses(received(), classified(), severe, fact(Ticket.ResidentReplied), at=at)
    assert found == {ClockName.REPLY: ClockStatus.MET, ClockName.PUBLIC_SEVERE: ClockStatus.RUNNING}
    other = fact(Ticket.TicketReclassified, kind=Kind.OTHER, facility=None)
    assert statuses(received(), classified(), other, at=at) == {}


# --- what a timeline keeps ---------------------------------------------------------------------------------------------


def test_a_round_ends_where_its_work_does() -> None:
    begun_twice = Timeline().begin(T[0], FIRST).end_work(T[1]).begin(T[2], SECOND)
    assert begun_twice == Timeline((Cycle(T[0], FIRST, T[1]), Cycle(T[2], SECOND)), replied_at=T[1])
    assert begun_twice.end_work(T[3]).cycles == (Cycle(T[0], FIRST, T[1]), Cycle(T[2], SECOND, T[3]))


def test_the_first_answer_counts() -> None:
    answered = Timeline().begin(T[0], FIRST).replied(T[1])
    assert answered.replied_at == T[1]
    assert answered.replied(T[2]) == answered
    assert answered.end_work(T[3]).replied_at == T[1]


def test_a_suspension_ends_once() -> None:
    reason, other_reason = t.SuspendReason.AWAITING_PARTS, t.SuspendReason.AWAITING_RESIDENT
    waits = Timeline().suspend(T[0], reason)
    assert waits.suspensions == (Suspension(reason, T[0]),)
    resumed = waits.resume(T[1])
    assert resumed.suspensions == (Suspension(reason, T[0], T[1]),)
    assert resumed.resume(T[2]) == resumed
    assert Timeline().resume(T[0]) == Timeline()
    again = resumed.suspend(T[2], other_reason).resume(T[3])
    assert again.suspensions == (Suspension(reason, T[0], T[1]), Suspension(other_reason, T[2], T[3]))


def test_an_order_is_confirmed_and_the_one_before_stays_so() -> None:
    once = Timeline().order(T[0], T[5]).confirm(T[1])
    assert once.orders == (RectificationOrder(T[0], T[5], T[1]),)
    twice = once.order(T[2], T[6])
    assert twice.orders == (RectificationOrder(T[0], T[5], T[1]), RectificationOrder(T[2], T[6]))
    assert twice.confirm(T[3]).orders == (RectificationOrder(T[0], T[5], T[1]), RectificationOrder(T[2], T[6], T[3]))


def test_cancelling_ends_the_suspension_that_is_open() -> None:
    reason = t.SuspendReason.AWAITING_RESIDENT
    stopped = Timeline().begin(T[0], FIRST).suspend(T[1], reason).stop(T[2])
    assert stopped == Timeline((Cycle(T[0], FIRST),), (Suspension(reason, T[1], T[2]),), stopped_at=T[2])


@pytest.mark.parametrize("kind", [None, *Kind])
def test_repairs_alone_have_a_work_clock(kind: Kind | None) -> None:
    for clock, facility, _ in LIMITS:
        assert work_clock(kind, facility) == (clock if kind is Kind.REPAIR else None)
    assert work_clock(kind, None) is None


def test_a_reading_at_the_moment_of_stopping_and_before() -> None:
    """A past moment is read as it was: the clock ran still."""
    timeline = Timeline().begin(T[0], FIRST).end_work(T[4])
    due = T[0] + 3 * DAY
    for at, status, stopped in ((T[3], ClockStatus.RUNNING, None), (T[4], ClockStatus.MET, T[4]), (T[5], ClockStatus.MET, T[4])):
        found = readings(timeline, Kind.REPAIR, Facility.PRIVATE, at)[-1]
        assert found == Reading(ClockName.REPAIR, status, T[0], due, stopped)
