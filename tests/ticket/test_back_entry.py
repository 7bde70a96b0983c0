"""补单: the control room dispatches first and writes the ticket afterwards (D1 4.1.3)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.kernel import terms as t
from domain.kernel.aggregate import fold
from domain.kernel.errors import InvalidInput, Refusal, RuleRefused, TransitionRefused
from domain.kernel.terms import ClockName, ClockStatus, Kind
from domain.rules.clocks import readings
from domain.ticket import commands as c
from domain.ticket.decisions import Circumstances, decide_back_entry
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState
from tests.support.ticket_factory import COMMUNITY, MINUTE, TICKET, ZONE, circumstances

MIDNIGHT = datetime(2026, 3, 3, 0, 10, tzinfo=ZONE)
BASEMENT = c.Place(area="east", public_place="地下室")
RECEIVE = c.Receive(community=COMMUNITY, channel=t.Channel.CONTROL_ROOM, description="地下室冒水", location=BASEMENT)
CLASSIFY = c.Classify(kind=Kind.REPAIR, facility=t.Facility.PUBLIC_SEVERE)
DISPATCH, COMPLETE = c.Dispatch(assignee="wang"), c.Complete(resolution="关闭总阀")
Steps = list[tuple[datetime, c.Command, str | None]]


def steps(*minutes: int) -> Steps:
    """Received, classified, dispatched and completed by wang, each at the given minutes after midnight."""
    commands: list[tuple[c.Command, str | None]] = [(RECEIVE, None), (CLASSIFY, None), (DISPATCH, None), (COMPLETE, "wang")]
    return [(MIDNIGHT + after * MINUTE, *said) for after, said in zip(minutes, commands, strict=False)]


def writing() -> Circumstances:
    """The circumstances of the control room's officer, writing in the morning."""
    x = circumstances(MIDNIGHT + timedelta(hours=8), "chen")
    return replace(x, meta=replace(x.meta, back_entered=True))


def test_one_command_yields_the_whole_story() -> None:
    """Each event has its true moment, in order, and is flagged; the work is the technician's, the writing the officer's."""
    events = decide_back_entry(steps(0, 0, 5, 65), writing())
    expected = [Ticket.TicketReceived, Ticket.TicketClassified, Ticket.WorkOrderDispatched, Ticket.RepairCompleted]
    assert [type(event) for event in events] == expected
    assert [event.timestamp for event in events] == [at for at, _, _ in steps(0, 0, 5, 65)]
    assert [event.originator_version for event in events] == [1, 2, 3, 4]
    assert {(event.originator_id, event.meta.actor, event.meta.back_entered) for event in events} == {(TICKET, "chen", True)}
    assert [event.meta.on_behalf_of for event in events] == [None, None, None, "wang"]
    state: TicketState = fold(events)
    assert (state.state, state.workers, state.kind) == (t.State.REPAIRED, ("wang",), Kind.REPAIR)
    work = {r.clock: r for r in readings(state.timeline, state.kind, state.facility, MIDNIGHT + timedelta(days=30))}
    assert work[ClockName.PUBLIC_SEVERE].status is ClockStatus.MET
    assert work[ClockName.PUBLIC_SEVERE].started_at == MIDNIGHT


def test_work_may_still_be_under_way() -> None:
    state: TicketState = fold(decide_back_entry(steps(0, 1, 2), writing()))
    assert state.state is t.State.DISPATCHED
    assert state.assignment is not None
    assert state.assignment.assignee.id == "wang"


@pytest.mark.parametrize("minutes", [(0, -1, 5, 65), (0, 1, 0, 65), (0, 1, 5, 4)])
def test_steps_are_in_order(minutes: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        decide_back_entry(steps(*minutes), writing())
    assert [error.pointer for error in refused.value.errors] == ["/occurred_at"]


RENOVATION = (MIDNIGHT, c.Classify(kind=Kind.RENOVATION), None)


@pytest.mark.parametrize(
    ("story", "refusal"),
    [
        (steps(0, 1, 2, 3)[1:], TransitionRefused),
        ([*steps(0), *steps(0, 1, 2)[2:]], TransitionRefused),
        ([*steps(0), RENOVATION, *steps(0, 1, 2)[2:]], RuleRefused),
    ],
)
def test_the_rules_hold_as_ever(story: Steps, refusal: type[Refusal]) -> None:
    """A back-entry cannot avoid the table or the checklist; a refused one decides nothing."""
    with pytest.raises(refusal):
        decide_back_entry(story, writing())


def test_defects_found_are_tickets_of_their_own() -> None:
    checked = (MIDNIGHT, c.CheckItem(item="meters_read"), None)
    inspected = (MIDNIGHT + 2 * MINUTE, c.CheckItem(item="flat_inspected", defects=("裂缝",)), None)
    noted = (MIDNIGHT + 3 * MINUTE, c.Note(text="业主在场"), None)
    story = [*steps(0), (MIDNIGHT, c.Classify(kind=Kind.MOVE_IN), None), checked, inspected, noted]
    events = decide_back_entry(story, writing())
    own = [event for event in events if event.originator_id == TICKET]
    assert [event.originator_version for event in own] == [1, 2, 3, 4, 5]
    assert len(events) == 8
