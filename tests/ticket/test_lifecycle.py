"""The lifecycle table against a second table written by hand, and everything derived from it against both."""

from types import SimpleNamespace
from typing import Any

import pytest
from transitions import MachineError

from domain.kernel.errors import TransitionRefused
from domain.kernel.lifecycle import NOT_YET, Lifecycle
from domain.kernel.terms import Kind, State, Trigger
from domain.ticket import commands as c
from domain.ticket import lifecycle
from domain.ticket.decisions import DECIDERS
from domain.ticket.events import Ticket
from domain.ticket.lifecycle import KINDS, LIFECYCLE, as_data, legal, step
from domain.ticket.workflows import WORKFLOWS
from tests.support.ticket_factory import OTHER_TICKET, TICKET, fact, history

# trigger, outcome | from | to | event | kinds; "same" keeps the state, "all" kinds
LAW = """
receive                  | -                                        | received    | TicketReceived         | all
classify                 | received                                 | classified  | TicketClassified       | all
reclassify               | classified dispatched                    | same        | TicketReclassified     | all
dispatch                 | classified                               | dispatched  | WorkOrderDispatched    | all
reassign                 | dispatched                               | same        | WorkOrderReassigned    | all
decline                  | dispatched                               | classified  | WorkOrderDeclined      | all
accept                   | dispatched                               | same        | WorkOrderAccepted      | all
start                    | dispatched                               | same        | WorkStarted            | all
suspend                  | dispatched                               | same        | WorkSuspended          | all
resume                   | dispatched                               | same        | WorkResumed            | all
complete                 | dispatched                               | repaired    | RepairCompleted        | all
settle                   | classified | repaired | SettledAtDesk | assistance enquiry complaint visit other
follow_up satisfied      | repaired                                 | followed_up | FollowUpRecorded       | all
follow_up dissatisfied   | repaired                                 | classified  | FollowUpRecorded       | all
attempt_follow_up        | repaired                                 | same        | FollowUpAttempted      | all
close_unreached          | repaired                                 | followed_up | ClosedUnreached        | all
reopen                   | followed_up                              | classified  | TicketReopened         | all
cancel                   | received classified dispatched           | cancelled   | TicketCancelled        | all
reply                    | received classified dispatched           | same        | ResidentReplied        | all
schedule                 | classified dispatched                    | same        | AppointmentMade        | all
defer                    | received classified                      | same        | TicketDeferred         | all
escalate                 | received classified dispatched repaired  | same        | TicketEscalated        | all
urge                     | received classified dispatched repaired  | same        | TicketUrged            | all
quote                    | dispatched                               | same        | ChargeQuoted           | all
accept_quote             | dispatched                               | same        | ChargeAccepted         | all
decline_quote            | dispatched                               | same        | ChargeDeclined         | all
settle_charge            | repaired followed_up                     | same        | ChargeSettled          | all
check_item               | classified dispatched                    | same        | ChecklistItemChecked   | renovation move_in
order_rectification      | classified dispatched repaired           | same        | RectificationOrdered   | renovation inspection
confirm_rectification    | classified dispatched repaired           | same        | RectificationConfirmed | renovation inspection
approve_major_works      | classified dispatched                    | same        | MajorWorksApproved     | all
judge_complaint          | classified dispatched repaired           | same        | ComplaintJudged        | complaint
link                     | received classified dispatched repaired followed_up | same | TicketLinked       | all
attach                   | received classified dispatched repaired followed_up | same | AttachmentAdded    | all
correct                  | received classified dispatched repaired followed_up | same | TicketCorrected    | all
note                     | received classified dispatched repaired followed_up cancelled | same | NoteAdded | all
"""
STATES = ["received", "classified", "dispatched", "repaired", "followed_up", "cancelled"]
KIND_NAMES = ["repair", "complaint", "assistance", "enquiry", "renovation", "move_in", "inspection", "visit", "other"]


def law() -> list[dict[str, Any]]:
    rows = []
    for line in LAW.strip().splitlines():
        head, sources, target, event, kinds = (cell.strip() for cell in line.split("|"))
        trigger, _, outcome = head.partition(" ")
        rows.append(
            {
                "trigger": trigger,
                "from": [] if sources == "-" else sources.split(),
                "to": target,
                "outcome": outcome or None,
                "events": [event],
                "kinds": KIND_NAMES if kinds == "all" else kinds.split(),
            }
        )
    return rows


LAWFUL: dict[tuple[str, str], list[tuple[str | None, str]]] = {}
for row in law():
    for source in row["from"] or [NOT_YET]:
        way = (row["outcome"], source if row["to"] == "same" else row["to"])
        LAWFUL.setdefault((source, row["trigger"]), []).append(way)


def test_the_table_as_data() -> None:
    data = as_data()
    transitions: Any = data["transitions"]
    assert [{**row, "kinds": sorted(row["kinds"])} for row in transitions] == [
        {**row, "kinds": sorted(row["kinds"])} for row in law()
    ]
    assert (data["states"], data["initial"], data["terminal"]) == (STATES, "received", ["cancelled"])


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("trigger", Trigger)
def test_steps_are_the_law(state: State, trigger: Trigger) -> None:
    ways = LAWFUL.get((state.value, trigger.value))
    assert [s.value for s in LIFECYCLE.steps.get((state, trigger), ())] == [target for _, target in ways or []]
    if ways:
        assert [s.value for s in step(state, trigger)] == [target for _, target in ways]
        return
    with pytest.raises(TransitionRefused) as refused:
        step(state, trigger)
    allowed = [t.value for t in Trigger if (state.value, t.value) in LAWFUL]
    assert (refused.value.state, refused.value.trigger, list(refused.value.legal)) == (state.value, trigger.value, allowed)


@pytest.mark.parametrize("trigger", Trigger)
def test_the_machine_runs_by_the_law(trigger: Trigger) -> None:
    """The shared Machine, actually run, leads where the table says and nowhere else."""
    for source in (NOT_YET, *STATES):
        for outcome in (None, "satisfied", "dissatisfied", "indifferent"):
            run(source, trigger, outcome)


def run(source: str, trigger: Trigger, outcome: str | None) -> None:
    model = SimpleNamespace()
    LIFECYCLE.machine.add_model(model, initial=source)
    try:
        ways = LAWFUL.get((source, trigger.value))
        if ways is None:
            with pytest.raises(MachineError):
                model.trigger(trigger.value, outcome=outcome)
            assert model.state == source
            return
        targets = {said or outcome: target for said, target in ways}
        moved = model.trigger(trigger.value, outcome=outcome)
        assert (moved, model.state) == ((True, targets[outcome]) if outcome in targets else (False, source))
        if source is not NOT_YET and moved:
            assert State(model.state) in LIFECYCLE.steps[State(source), trigger]
    finally:
        LIFECYCLE.machine.remove_model(model)


def test_the_machine_has_nothing_else() -> None:
    assert set(LIFECYCLE.machine.states) == {NOT_YET, *STATES}
    found = {(source, name) for name, event in LIFECYCLE.machine.events.items() for source in event.transitions}
    assert found == set(LAWFUL)
    assert {(s.value if s else NOT_YET, t.value) for s, t in LIFECYCLE.steps} == set(LAWFUL)


@pytest.mark.parametrize("state", State)
def test_legal(state: State) -> None:
    assert [t.value for t in legal(state)] == [t.value for t in Trigger if (state.value, t.value) in LAWFUL]


@pytest.mark.parametrize("trigger", Trigger)
def test_kinds(trigger: Trigger) -> None:
    expected = {kind for row in law() if row["trigger"] == trigger for kind in row["kinds"]}
    assert {kind.value for kind in KINDS[trigger]} == expected


def test_vocabularies_agree() -> None:
    """Every trigger has a command and a decision, every row an event, every kind a workflow."""
    assert set(c.COMMANDS) == set(Trigger) == {row.trigger for row in lifecycle.TABLE}
    assert set(DECIDERS) == set(Trigger) - {Trigger.RECEIVE}
    assert {row.event for row in lifecycle.TABLE} == set(Ticket.events().values())
    assert set(WORKFLOWS) == set(Kind) == set(KIND_NAMES)


def test_the_table_can_not_be_changed() -> None:
    for mapping in (LIFECYCLE.steps, KINDS, WORKFLOWS):
        with pytest.raises(TypeError):
            mapping["x"] = ()  # type: ignore[index]


def test_a_row_that_leads_elsewhere_than_its_event_is_refused_when_the_table_is_made() -> None:
    elsewhere = lifecycle.Transition(Trigger.COMPLETE, (State.DISPATCHED,), State.DISPATCHED, Ticket.RepairCompleted)
    with pytest.raises(AssertionError, match=r"ticket\.completed leads to repaired, its row to dispatched"):
        Lifecycle(State, Trigger, [elsewhere], ())


def test_an_event_that_leads_elsewhere_than_the_table_is_refused_when_it_is_decided() -> None:
    satisfied = history([fact(Ticket.FollowUpRecorded)])[0]
    LIFECYCLE.agreed(State.REPAIRED, Trigger.FOLLOW_UP, TICKET, [satisfied])
    LIFECYCLE.agreed(State.REPAIRED, Trigger.REOPEN, OTHER_TICKET, [satisfied])
    with pytest.raises(AssertionError, match="leads from followed_up to followed_up, reopen does not"):
        LIFECYCLE.agreed(State.FOLLOWED_UP, Trigger.REOPEN, TICKET, [satisfied])
