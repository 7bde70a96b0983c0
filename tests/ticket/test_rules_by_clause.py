"""One example for each rule, by its clause. The test named after a rule fails if the rule is missing.

D1 customer-centre workflow, D2 appraisal scorecard, D3 duties of the centre, D4 duties of the posts, D5 duty rules.
"""

import ast
import inspect
from datetime import datetime, timedelta

import pytest

from domain.kernel import terms as t
from domain.kernel.terms import Kind
from domain.ticket import commands as c
from domain.ticket import decisions as ticket_decisions
from domain.ticket.events import Ticket
from domain.ticket.guards import BY_TRIGGER
from domain.ticket.workflows import WORKFLOWS
from tests.support.ticket_factory import MINUTE, NIGHT, ZONE, Fact, classified, completed, dispatched, fact, received, sealed
from tests.ticket.scenario import event, given

DAY = timedelta(days=1)
BEFORE_DISPATCH = ("application", "drawings", "deposit", "commitment_letter", "permit_issued")
AT_MOVE_IN = ("identity_checked", "documents_signed", "keys_handed_over", "meters_read", "flat_inspected")
COMPLETE = c.Complete(resolution="换好了")
SATISFIED = c.FollowUp(satisfied=True, method=t.FollowUpMethod.PHONE, rating=5)


def checked(*items: str) -> list[Fact]:
    return [fact(Ticket.ChecklistItemChecked, item=item) for item in items]


def at_work(*more: Fact, kind: Kind = Kind.REPAIR) -> list[Fact]:
    """Dispatched to wang, accepted and started."""
    accepted, started = fact(Ticket.WorkOrderAccepted, actor="wang"), fact(Ticket.WorkStarted, actor="wang")
    return [received(), classified(kind), dispatched("wang"), accepted, started, *more]


def done(*more: Fact, kind: Kind = Kind.REPAIR) -> list[Fact]:
    return at_work(completed("wang"), *more, kind=kind)


def attempts(*gaps: timedelta) -> list[Fact]:
    return [fact(Ticket.FollowUpAttempted, after=gap) for gap in gaps]


# --- rules that hold whatever is said ----------------------------------------------------------------------------------


def test_kind_has_no_such_step() -> None:
    """D1 4.1.1, D5 七: a repair is never settled at the desk."""
    settle = c.Settle(resolution="口头答复")
    given(received(), classified(Kind.REPAIR)).when(settle).breaks("kind_has_no_such_step")
    for kind in (Kind.RENOVATION, Kind.MOVE_IN, Kind.INSPECTION):
        given(received(), classified(kind)).when(settle).breaks("kind_has_no_such_step")
    for kind in (Kind.ASSISTANCE, Kind.ENQUIRY, Kind.VISIT, Kind.OTHER):
        state = given(received(), classified(kind)).when(settle, actor="li.na").then(Ticket.SettledAtDesk)
        assert (state.state, state.settled_on_the_spot_by) == (t.State.REPAIRED, "li.na")


@pytest.mark.parametrize("kind", [k for k in Kind if k not in (Kind.RENOVATION, Kind.MOVE_IN)])
def test_only_renovation_and_move_in_have_a_checklist(kind: Kind) -> None:
    given(received(), classified(kind)).when(c.CheckItem(item="application")).breaks("kind_has_no_such_step")


@pytest.mark.parametrize("kind", [k for k in Kind if k not in (Kind.RENOVATION, Kind.INSPECTION)])
def test_only_renovation_and_inspection_are_rectified(kind: Kind) -> None:
    order = c.OrderRectification(what="拆除", due_at=datetime(2026, 3, 9, tzinfo=ZONE))
    given(received(), classified(kind)).when(order).breaks("kind_has_no_such_step")


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.COMPLAINT])
def test_only_complaints_are_judged(kind: Kind) -> None:
    given(received(), classified(kind)).when(c.JudgeComplaint(reasonable=False)).breaks("kind_has_no_such_step")


def test_checklist_before_dispatch() -> None:
    """D3 一, D2 duty 8: a renovation's application, drawings, deposit, commitment letter and permit come first."""
    dispatch = c.Dispatch(assignee="wang")
    renovation = [received(), classified(Kind.RENOVATION)]
    for missing in BEFORE_DISPATCH:
        rest = [item for item in BEFORE_DISPATCH if item != missing]
        outcome = given(*renovation, *checked(*rest)).when(dispatch)
        outcome.breaks("checklist_before_dispatch", says=f"missing: {missing}")
    given(*renovation, *checked(*BEFORE_DISPATCH)).when(dispatch).then(Ticket.WorkOrderDispatched)


def test_a_dispatched_ticket_becomes_a_renovation_only_with_its_papers() -> None:
    """Reclassifying a dispatched ticket must not get around the checklist."""
    reclassify = c.Reclassify(kind=Kind.RENOVATION)
    given(*at_work()).when(reclassify).breaks("checklist_before_dispatch", says="permit_issued")
    given(received(), classified()).when(reclassify).then(event(Ticket.TicketReclassified, moved=True))


def test_reassign_only_while_suspended() -> None:
    """D1 4.1.2: once work has started, an order can be reassigned only while it is suspended."""
    reassign = c.Reassign(assignee="zhao")
    given(*at_work()).when(reassign).breaks("reassign_only_while_suspended")
    given(received(), classified(), dispatched()).when(reassign).then(Ticket.WorkOrderReassigned)
    state = given(*at_work(fact(Ticket.WorkSuspended, actor="wang"))).when(reassign).then(Ticket.WorkOrderReassigned)
    assert state.assignment is not None
    assert (state.assignment.assignee.id, state.assignment.accepted, state.assignment.started) == ("zhao", False, False)
    assert state.suspended is None


def test_decline_before_start() -> None:
    """D5 三: the assignee may decline an order before starting, not after."""
    decline = c.Decline(reason="不会修")
    given(*at_work()).when(decline, actor="wang").breaks("decline_before_start")
    state = given(received(), classified(), dispatched()).when(decline, actor="wang").then(Ticket.WorkOrderDeclined)
    assert (state.state, state.assignment) == (t.State.CLASSIFIED, None)


def test_accepted_once() -> None:
    """D5 三: once per assignment; the next assignee accepts again."""
    given(*at_work()).when(c.Accept(), actor="wang").breaks("accepted_once")
    again = [fact(Ticket.WorkSuspended), fact(Ticket.WorkOrderReassigned)]
    given(*at_work(*again)).when(c.Accept(), actor="zhao").then(Ticket.WorkOrderAccepted)


def test_started_once() -> None:
    """D5 三: once per assignment; the next assignee starts again."""
    given(*at_work()).when(c.Start(), actor="wang").breaks("started_once")
    again = [fact(Ticket.WorkSuspended), fact(Ticket.WorkOrderReassigned)]
    given(*at_work(*again)).when(c.Start(), actor="zhao").then(Ticket.WorkStarted)


def test_suspended_once() -> None:
    """D2 item 6: suspending and resuming alternate."""
    suspend = c.Suspend(reason=t.SuspendReason.AWAITING_PARTS)
    state = given(*at_work()).when(suspend).then(event(Ticket.WorkSuspended, reason=t.SuspendReason.AWAITING_PARTS))
    assert state.suspended is not None
    given(*at_work(fact(Ticket.WorkSuspended))).when(suspend).breaks("suspended_once")


def test_resumed_when_suspended() -> None:
    """D2 item 6: suspending and resuming alternate."""
    given(*at_work()).when(c.Resume()).breaks("resumed_when_suspended")
    assert given(*at_work(fact(Ticket.WorkSuspended))).when(c.Resume()).then(Ticket.WorkResumed).suspended is None


def test_not_completed_while_suspended() -> None:
    """D2 item 6: suspended work is not done."""
    given(*at_work(fact(Ticket.WorkSuspended))).when(COMPLETE, actor="wang").breaks("not_completed_while_suspended")
    given(*at_work()).when(COMPLETE, actor="wang").then(event(Ticket.RepairCompleted, resolution="换好了"))


def test_quotation_unanswered() -> None:
    """D1 4.2.1: the resident answers a quotation before the work is completed."""
    given(*at_work(fact(Ticket.ChargeQuoted))).when(COMPLETE).breaks("quotation_unanswered")
    for answer in (Ticket.ChargeAccepted, Ticket.ChargeDeclined):
        given(*at_work(fact(Ticket.ChargeQuoted), fact(answer))).when(COMPLETE).then(Ticket.RepairCompleted)


def test_complaint_needs_reply() -> None:
    """D2 item 7, duty 14: the complainant gets a reply before the complaint is settled or completed."""
    reply = fact(Ticket.ResidentReplied)
    settle = c.Settle(resolution="已沟通")
    given(received(), classified(Kind.COMPLAINT)).when(settle).breaks("complaint_needs_reply")
    given(*at_work(kind=Kind.COMPLAINT)).when(COMPLETE).breaks("complaint_needs_reply")
    given(received(), classified(Kind.COMPLAINT), reply).when(settle).then(Ticket.SettledAtDesk)
    given(*at_work(reply, kind=Kind.COMPLAINT)).when(COMPLETE).then(Ticket.RepairCompleted)
    given(received(), reply, classified(Kind.COMPLAINT)).when(settle).then(Ticket.SettledAtDesk)


def test_an_appointment_is_no_reply_to_a_complaint() -> None:
    given(*at_work(fact(Ticket.AppointmentMade), kind=Kind.COMPLAINT)).when(COMPLETE).breaks("complaint_needs_reply")


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [(Kind.RENOVATION, BEFORE_DISPATCH, ("accepted", "deposit_settled")), (Kind.MOVE_IN, (), AT_MOVE_IN)],
)
def test_checklist_before_completion(kind: Kind, first: tuple[str, ...], last: tuple[str, ...]) -> None:
    """D3 一: before completion a renovation is accepted and its deposit settled, and a move-in handed over item by item."""
    assert WORKFLOWS[kind].checklist == first + last
    begun = [received(), classified(kind), *checked(*first), dispatched()]
    for missing in last:
        rest = [item for item in last if item != missing]
        given(*begun, *checked(*rest)).when(COMPLETE).breaks("checklist_before_completion", says=f"missing: {missing}")
    given(*begun, *checked(*last)).when(COMPLETE).then(Ticket.RepairCompleted)


def test_rectification_open() -> None:
    """D2 item 13: a renovation is not completed while a rectification order is open; an inspection may be."""
    order, confirmed = fact(Ticket.RectificationOrdered), fact(Ticket.RectificationConfirmed)
    items = checked(*WORKFLOWS[Kind.RENOVATION].checklist)
    renovation = [received(), classified(Kind.RENOVATION), *items, dispatched()]
    given(*renovation, order).when(COMPLETE).breaks("rectification_open")
    given(*renovation, order, confirmed).when(COMPLETE).then(Ticket.RepairCompleted)
    given(*at_work(order, kind=Kind.INSPECTION)).when(COMPLETE).then(Ticket.RepairCompleted)


def test_complaint_needs_judgement() -> None:
    """D2 items 9, 10: judged before the follow-up, whatever the verdict."""
    complaint = done(kind=Kind.COMPLAINT)
    complaint.insert(3, fact(Ticket.ResidentReplied))
    given(*complaint).when(SATISFIED).breaks("complaint_needs_judgement")
    dissatisfied = c.FollowUp(satisfied=False, method=t.FollowUpMethod.VISIT)
    given(*complaint).when(dissatisfied).breaks("complaint_needs_judgement")
    given(*complaint, fact(Ticket.ComplaintJudged)).when(SATISFIED).then(Ticket.FollowUpRecorded)


@pytest.mark.parametrize(
    ("gaps", "enough"),
    [
        ((MINUTE, DAY), False),
        ((MINUTE, MINUTE, MINUTE), False),
        ((MINUTE, MINUTE, DAY), False),
        ((MINUTE, DAY, DAY), True),
        ((MINUTE, MINUTE, DAY, DAY), True),
    ],
)
def test_unreached_needs_attempts(gaps: tuple[timedelta, ...], enough: bool) -> None:
    """D3 一: three attempts on three days before a ticket is closed without a verdict."""
    outcome = given(*done(*attempts(*gaps))).when(c.CloseUnreached())
    if not enough:
        outcome.breaks("unreached_needs_attempts")
        return
    state = outcome.then(Ticket.ClosedUnreached)
    assert (state.state, state.unreached, state.rating) == (t.State.FOLLOWED_UP, True, None)


def test_unreached_days_are_the_communitys() -> None:
    """Three moments on two days in UTC may be on three days here: 23:30, 00:30 and 23:30 the day after the next."""
    repaired = done()
    first = datetime(2026, 3, 2, 23, 30, tzinfo=ZONE)
    to_first = first - datetime(2026, 3, 2, 9, 5, tzinfo=ZONE)
    given(*repaired, *attempts(to_first, timedelta(hours=1), DAY)).when(c.CloseUnreached()).then(Ticket.ClosedUnreached)
    given(*repaired, *attempts(to_first, MINUTE, DAY)).when(c.CloseUnreached()).breaks("unreached_needs_attempts")


def test_attempts_of_an_earlier_round_do_not_count() -> None:
    dissatisfied = fact(Ticket.FollowUpRecorded, satisfied=False, clock_policy=received().data["clock_policy"], after=MINUTE)
    again = [*done(*attempts(MINUTE, DAY, DAY)), dissatisfied, dispatched(), completed()]
    given(*again).when(c.CloseUnreached()).breaks("unreached_needs_attempts")


def test_reopened_in_time() -> None:
    """D3 一: within 30 days of its end, that moment included."""
    reopen = c.Reopen(reason="又漏水了")
    closed = done(fact(Ticket.FollowUpRecorded))
    state = given(*closed).when(reopen, after=30 * DAY).then(event(Ticket.TicketReopened, reason="又漏水了"))
    assert (state.state, state.rating, state.closed_at, state.assignment) == (t.State.CLASSIFIED, None, None, None)
    given(*closed).when(reopen, after=30 * DAY + timedelta(microseconds=1)).breaks("reopened_in_time")


def test_deferred_at_night() -> None:
    """D5 四, 五: requests are deferred only at night, until half past eight."""
    defer = c.Defer(told_resident=True)
    given(received()).when(defer).breaks("deferred_at_night")
    morning = datetime(2026, 3, 3, 8, 30, tzinfo=ZONE)
    given(received(), start=NIGHT).when(defer).then(event(Ticket.TicketDeferred, until=morning, told_resident=True))


def test_emergency_not_deferred() -> None:
    """D5 五: an emergency is handled at once."""
    emergency = received(urgency=t.Urgency.EMERGENCY)
    given(emergency, start=NIGHT).when(c.Defer(told_resident=True)).breaks("emergency_not_deferred")


def test_quoted_once_accepted() -> None:
    """D1 4.2.1: an accepted quotation cannot be replaced; a declined or unanswered one can."""
    quote = c.Quote(lines=(c.QuoteLine(code="replace_tap"),))
    quoted = fact(Ticket.ChargeQuoted)
    given(*at_work(quoted, fact(Ticket.ChargeAccepted))).when(quote).breaks("quoted_once_accepted")
    given(*at_work(quoted)).when(quote).then(Ticket.ChargeQuoted)
    given(*at_work(quoted, fact(Ticket.ChargeDeclined))).when(quote).then(Ticket.ChargeQuoted)


def test_quotation_to_answer() -> None:
    """D1 4.2.1: only a quotation that is not answered yet can be answered."""
    for answer, kind in ((c.AcceptQuote(), Ticket.ChargeAccepted), (c.DeclineQuote(), Ticket.ChargeDeclined)):
        given(*at_work()).when(answer).breaks("quotation_to_answer")
        given(*at_work(fact(Ticket.ChargeQuoted), fact(kind))).when(answer).breaks("quotation_to_answer")
        given(*at_work(fact(Ticket.ChargeQuoted))).when(answer).then(kind)


def test_charge_to_settle() -> None:
    """D1 4.2.1: only an accepted charge is settled, once."""
    paid = c.SettleCharge(outcome=t.ChargeOutcome.PAID, method="wechat")
    given(*done()).when(paid).breaks("charge_to_settle")
    quoted = at_work(fact(Ticket.ChargeQuoted))
    given(*quoted, fact(Ticket.ChargeDeclined), completed()).when(paid).breaks("charge_to_settle")
    accepted = [*quoted, fact(Ticket.ChargeAccepted), completed()]
    state = given(*accepted).when(paid).then(event(Ticket.ChargeSettled, method="wechat"))
    assert state.charge is not None
    assert (state.charge.status, state.charge.method) == (t.ChargeStatus.PAID, "wechat")
    given(*accepted, fact(Ticket.ChargeSettled)).when(paid).breaks("charge_to_settle")


def test_one_order_at_a_time() -> None:
    """D2 item 13: orders and confirmations alternate."""
    order = c.OrderRectification(what="清理楼道", due_at=datetime(2026, 3, 9, tzinfo=ZONE))
    inspection = [received(), classified(Kind.INSPECTION)]
    given(*inspection, fact(Ticket.RectificationOrdered)).when(order).breaks("one_order_at_a_time")
    both = [fact(Ticket.RectificationOrdered), fact(Ticket.RectificationConfirmed)]
    given(*inspection, *both).when(order).then(event(Ticket.RectificationOrdered, what="清理楼道"))


def test_order_to_confirm() -> None:
    """D2 item 13: orders and confirmations alternate."""
    inspection = [received(), classified(Kind.INSPECTION)]
    given(*inspection).when(c.ConfirmRectification()).breaks("order_to_confirm")
    ordered = [*inspection, fact(Ticket.RectificationOrdered)]
    state = given(*ordered).when(c.ConfirmRectification()).then(Ticket.RectificationConfirmed)
    assert state.rectification is not None
    assert state.rectification.confirmed_at is not None
    given(*ordered, fact(Ticket.RectificationConfirmed)).when(c.ConfirmRectification()).breaks("order_to_confirm")


# --- rules that depend on what is said -----------------------------------------------------------------------------------


def test_cancel_after_start() -> None:
    """D1 4.2.1: once work has started, a ticket is cancelled only for a withdrawal or a declined quotation."""
    for reason, other in ((t.CancelReason.INVALID, None), (t.CancelReason.DUPLICATE, "GD-garden-20260302-0002")):
        cancel = c.Cancel(reason=reason, duplicate_of=other)
        given(*at_work()).when(cancel).breaks("cancel_after_start")
        given(received(), classified(), dispatched()).when(cancel).then(event(Ticket.TicketCancelled, reason=reason))
    given(*at_work()).when(c.Cancel(reason=t.CancelReason.WITHDRAWN)).then(Ticket.TicketCancelled)


def test_quotation_declined() -> None:
    """D1 4.2.1: a ticket is cancelled for a declined quotation only if one was declined."""
    cancel = c.Cancel(reason=t.CancelReason.QUOTE_DECLINED)
    quoted = at_work(fact(Ticket.ChargeQuoted))
    given(*at_work()).when(cancel).breaks("quotation_declined")
    given(*quoted).when(cancel).breaks("quotation_declined")
    given(*quoted, fact(Ticket.ChargeAccepted)).when(cancel).breaks("quotation_declined")
    given(*quoted, fact(Ticket.ChargeDeclined)).when(cancel).then(Ticket.TicketCancelled)


def test_follow_up_by_another() -> None:
    """D3 一: people who did the work do not follow it up; nor does the contractor for whom steps were entered."""
    attempt, close = c.AttemptFollowUp(), c.CloseUnreached()
    given(*done()).when(SATISFIED, actor="wang").breaks("follow_up_by_another")
    given(*done()).when(attempt, actor="wang").breaks("follow_up_by_another")
    given(*done(*attempts(MINUTE, DAY, DAY))).when(close, actor="wang").breaks("follow_up_by_another")
    given(*done()).when(SATISFIED, actor="li.na").then(event(Ticket.FollowUpRecorded, rating=5))
    for_contractor = [*at_work(), fact(Ticket.RepairCompleted, actor="li.na", on_behalf_of="acme")]
    given(*for_contractor).when(SATISFIED, on_behalf_of="acme").breaks("follow_up_by_another")
    given(*for_contractor).when(SATISFIED, actor="li.na").then(Ticket.FollowUpRecorded)


def test_whoever_started_did_the_work_too() -> None:
    handed_on = [*at_work(fact(Ticket.WorkSuspended)), fact(Ticket.WorkOrderReassigned), completed("zhao")]
    for worker in ("wang", "zhao"):
        given(*handed_on).when(SATISFIED, actor=worker).breaks("follow_up_by_another")


def test_on_the_spot() -> None:
    """D5 七: the person who settled a ticket at the desk may follow it up on the spot, except complaints and repairs."""
    spot = c.FollowUp(satisfied=True, method=t.FollowUpMethod.ON_THE_SPOT, rating=4)
    settled = fact(Ticket.SettledAtDesk, actor="li.na")
    for kind in (Kind.ENQUIRY, Kind.ASSISTANCE, Kind.VISIT, Kind.OTHER):
        given(received(), classified(kind), settled).when(spot, actor="li.na").then(Ticket.FollowUpRecorded)
        given(received(), classified(kind), settled).when(spot, actor="zhao").breaks("on_the_spot")
        given(received(), classified(kind), settled).when(SATISFIED, actor="li.na").breaks("follow_up_by_another")
    replied, judged = fact(Ticket.ResidentReplied), fact(Ticket.ComplaintJudged)
    complaint = [received(), classified(Kind.COMPLAINT), replied, settled, judged]
    given(*complaint).when(spot, actor="li.na").breaks("on_the_spot")
    given(*done()).when(spot, actor="wang").breaks("on_the_spot")
    given(*done(kind=Kind.ENQUIRY)).when(spot, actor="wang").breaks("on_the_spot")


def test_escalation_upward() -> None:
    """D1 4.1.2: escalation goes upward, never downward."""
    director = fact(Ticket.TicketEscalated, level=t.EscalationLevel.DIRECTOR)
    down, up = t.EscalationLevel.SUPERVISOR, t.EscalationLevel.COMPANY
    given(received(), director).when(c.Escalate(reason="无法处理", level=down)).breaks("escalation_upward")
    state = (
        given(received(), director).when(c.Escalate(reason="无法处理", level=up)).then(event(Ticket.TicketEscalated, level=up))
    )
    assert state.escalation_level is up
    department = given(received(), director).when(c.Escalate(reason="无法处理", department="engineering"))
    assert department.then(Ticket.TicketEscalated).escalation_level is t.EscalationLevel.DIRECTOR


def codes_refused_with() -> set[str]:
    """The rule codes in calls of ``refuse`` in the decisions' source."""
    tree = ast.parse(inspect.getsource(ticket_decisions))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refuse"]
    return {str(call.args[3].value) for call in calls if isinstance(call.args[3], ast.Constant)}


def test_every_rule_has_its_example() -> None:
    in_decisions = codes_refused_with()
    assert "on_the_spot" in in_decisions
    codes = {rule.code for rules in BY_TRIGGER.values() for rule in rules} | in_decisions
    assert {code for code in codes if f"test_{code}" not in globals()} == set()


def test_texts_are_compared() -> None:
    """The helper itself notices an expected text that differs."""
    with pytest.raises(AssertionError):
        given(received()).when(c.Note(text="一")).then(event(Ticket.NoteAdded, text="二"))
    with pytest.raises(AssertionError):
        given(received()).when(c.Note(text="一")).illegal()
    given(received()).when(c.Note(text="一")).then(event(Ticket.NoteAdded, text=sealed("一")))
