"""The clocks' columns agree with the clocks at any moment after the ticket's last event."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.terms import ClockStatus, Facility, Kind, SuspendReason
from domain.rules.clocks import latest, readings
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState
from projections.engine.tables import NEVER, micros
from projections.ticket.clock_columns import breach_at, clocks_of, is_paused, next_due, readings_at, runs_until
from tests.support.ticket_factory import POLICY, Fact, classified, completed, dispatched, fact, received, ticket

gaps = st.sampled_from([1, 60, 100, 400, 0, 1000, 2880, 4320, 14_400]).map(lambda minutes: timedelta(minutes=minutes))
KINDS = [*((Kind.REPAIR, facility) for facility in Facility), (Kind.COMPLAINT, None), (Kind.INSPECTION, None), (Kind.OTHER, None)]
REASONS = [SuspendReason.AWAITING_RESIDENT, *SuspendReason]


@st.composite
def tickets(draw: st.DrawFn) -> TicketState:
    """A ticket in the middle of its work, or after it; perhaps a second round of it."""
    kind, facility = draw(st.sampled_from(KINDS))
    facts: list[Fact] = [received()]
    if draw(st.integers(0, 4)):
        facts += [classified(kind, facility=facility, after=draw(gaps)), dispatched(after=draw(gaps))]
        for _ in range(draw(st.integers(0, 1))):
            facts += [*draw(work(to_its_end=True)), completed(after=draw(gaps))]
            again: dict[str, Any] = {"satisfied": False, "rating": None, "clock_policy": POLICY.clock_policy}
            facts += [fact(Ticket.FollowUpRecorded, after=draw(gaps), **again), dispatched(after=draw(gaps))]
        done = draw(st.booleans())
        facts += draw(work(to_its_end=done))
        if done:
            facts.append(completed(after=draw(gaps)))
        elif draw(st.integers(0, 5)) == 0:
            facts.append(fact(Ticket.TicketCancelled, after=draw(gaps)))
    return ticket(*facts)


@st.composite
def work(draw: st.DrawFn, to_its_end: bool) -> list[Fact]:
    """What happens while it is dispatched: suspensions one after the other, and other things meanwhile."""
    facts, suspended, ordered = [], False, False
    for _ in range(draw(st.integers(1, 6))):
        happens = draw(st.sampled_from(["wait", "wait", "wait", "note", "reply", "order", "major"]))
        if happens == "wait":
            reason = draw(st.sampled_from(REASONS))
            facts.append(fact(Ticket.WorkResumed) if suspended else fact(Ticket.WorkSuspended, reason=reason))
            suspended = not suspended
        elif happens == "order":
            facts.append(fact(Ticket.RectificationConfirmed if ordered else Ticket.RectificationOrdered))
            ordered = not ordered
        elif happens == "major" and draw(st.booleans()):
            facts.append(fact(Ticket.MajorWorksApproved))
        else:
            facts.append(fact(Ticket.ResidentReplied if happens == "reply" else Ticket.NoteAdded))
    if suspended:
        facts.append(fact(Ticket.WorkResumed if to_its_end else Ticket.NoteAdded))
    if ordered:
        facts.append(fact(Ticket.RectificationConfirmed))
    return [Fact(one.event, one.data, one.actor, draw(gaps), one.meta) for one in facts]


@settings(max_examples=300)
@given(tickets(), gaps)
def test_readings_at_any_later_moment(s: TicketState, later: timedelta) -> None:
    assert s.occurred_at is not None
    now, clocks = s.occurred_at + later, clocks_of(s)
    read = latest(readings(s.timeline, s.kind, s.facility, now))
    assert sorted(readings_at(clocks, now), key=repr) == sorted(read, key=repr)
    statuses = {reading.status for reading in read}
    breached, running = breach_at(clocks), runs_until(clocks)
    assert (breached is not None and breached < now) == (ClockStatus.BREACHED in statuses)
    assert (running is not None and running >= now) == (ClockStatus.RUNNING in statuses)
    assert is_paused(clocks) == (ClockStatus.PAUSED in statuses)
    due = [micros(r.due_at) for r in read if r.stopped_at is None and r.status is not ClockStatus.PAUSED]
    assert next_due(clocks) == min(due, default=NEVER)
