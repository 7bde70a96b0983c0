"""Data of commands: each rule of a payload by an example, with the pointer at which it is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import terms as t
from domain.kernel.terms import Kind
from domain.people.assignee import Assignee
from domain.people.place import Location
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from tests.support.clock import MORNING
from tests.support.ticket_factory import (
    MINUTE,
    NIGHT,
    OTHER_TICKET,
    TICKET,
    ZONE,
    classified,
    completed,
    dispatched,
    fact,
    received,
    text_of,
    uid,
)
from tests.ticket.scenario import event, given

EAST = c.Place(area="east", building="3", entrance="2", dwelling="1201")


def receive(**said: object) -> c.Receive:
    return c.Receive.model_validate({"community": "garden", "channel": "phone", "description": "漏水", **said})


# --- receive, classify -----------------------------------------------------------------------------------------------


def test_receive_needs_a_location_or_a_contact() -> None:
    given().when(receive()).invalid("/location", "/reporter")
    given().when(receive(location={}, reporter={})).invalid("/location", "/reporter")
    given().when(receive(reporter={"phone": "13812345678"})).then(event(Ticket.TicketReceived, reporter_phone="13812345678"))
    place = Location("east", "3", "2")
    given().when(receive(location=EAST)).then(event(Ticket.TicketReceived, location=place, dwelling="1201"))


def test_receive_takes_a_dwelling_or_a_public_place() -> None:
    both = {"area": "east", "dwelling": "1201", "public_place": "儿童乐园"}
    given().when(receive(location=both)).invalid("/location")
    state = given().when(receive(location={"area": "east", "public_place": "儿童乐园"})).then(Ticket.TicketReceived)
    assert state.location == Location("east", public_place="儿童乐园")
    assert (state.state, state.version, state.received_by, state.id) == (t.State.RECEIVED, 1, "li.na", TICKET)


def test_a_ticket_is_received_once() -> None:
    given(received()).when(receive(location=EAST)).illegal()


def test_nothing_happens_to_a_ticket_before_its_receipt() -> None:
    given().when(c.Note(text="?")).illegal()


@pytest.mark.parametrize("command", [c.Classify, c.Reclassify])
def test_facility_goes_with_repairs_only(command: type[c.Classify] | type[c.Reclassify]) -> None:
    before = given(received()) if command is c.Classify else given(received(), classified(Kind.OTHER))
    before.when(command(kind=Kind.REPAIR)).invalid("/facility")
    before.when(command(kind=Kind.ENQUIRY, facility=t.Facility.PRIVATE)).invalid("/facility")
    assert before.when(command(kind=Kind.REPAIR, facility=t.Facility.PRIVATE)).events


def test_complained_of_accumulate() -> None:
    complaint = received(complained_of=("wang",))
    classify = c.Classify(kind=Kind.COMPLAINT, complained_of=("zhao", "wang"))
    state = given(complaint).when(classify).then(event(Ticket.TicketClassified, kind=Kind.COMPLAINT))
    assert state.complained_of == ("wang", "zhao")


def test_reclassify_changes_something() -> None:
    repair = c.Reclassify(kind=Kind.REPAIR, category="plumbing", facility=t.Facility.PRIVATE)
    given(received(), classified()).when(repair).invalid("/kind")
    severe = repair.model_copy(update={"facility": t.Facility.PUBLIC_SEVERE})
    given(received(), classified()).when(severe).then(event(Ticket.TicketReclassified, moved=False))
    daily = given(received(), classified(Kind.ENQUIRY, category=None))
    daily.when(c.Reclassify(kind=Kind.OTHER)).then(event(Ticket.TicketReclassified, moved=False))
    daily.when(c.Reclassify(kind=Kind.VISIT)).then(event(Ticket.TicketReclassified, moved=True))


# --- dispatch, work --------------------------------------------------------------------------------------------------


def test_assignees_by_name_are_people() -> None:
    wang = Assignee(t.AssigneeType.PERSON, "wang")
    before = given(received(), classified())
    before.when(c.Dispatch(assignee="wang")).then(event(Ticket.WorkOrderDispatched, assignee=wang))
    acme = c.AssigneeRef(type=t.AssigneeType.CONTRACTOR, id="acme")
    expected = Assignee(t.AssigneeType.CONTRACTOR, "acme")
    before.when(c.Dispatch(assignee=acme)).then(event(Ticket.WorkOrderDispatched, assignee=expected))


def test_reassign_to_somebody_else() -> None:
    given(received(), classified(), dispatched("wang")).when(c.Reassign(assignee="wang")).invalid("/assignee")


def test_appointments_lie_ahead() -> None:
    before, at = given(received(), classified()), MORNING + 2 * MINUTE
    for command in (c.Dispatch(assignee="wang", appointment_at=at - MINUTE), c.Schedule(appointment_at=at - MINUTE)):
        before.when(command).invalid("/appointment_at")
    state = before.when(c.Dispatch(assignee="wang", appointment_at=at)).then(Ticket.WorkOrderDispatched)
    assert state.appointment_at == at
    again = given(received(), classified(), dispatched(appointment_at=at.astimezone(UTC)))
    again.when(c.Reassign(assignee="zhao", appointment_at=at - MINUTE)).invalid("/appointment_at")
    assert again.when(c.Reassign(assignee="zhao")).then(Ticket.WorkOrderReassigned).appointment_at == at
    later = at + timedelta(days=1)
    assert again.when(c.Schedule(appointment_at=later)).then(Ticket.AppointmentMade).appointment_at == later


def test_moments_are_utc_whatever_the_caller_wrote() -> None:
    schedule = c.Schedule(appointment_at=MORNING + timedelta(days=1))
    (made,) = given(received(), classified()).when(schedule, at=MORNING + 5 * MINUTE).events
    assert isinstance(made, Ticket.AppointmentMade)
    assert (made.appointment_at.tzinfo, made.timestamp.tzinfo) == (UTC, UTC)


def test_completion_keeps_who_did_it_and_how_it_ended() -> None:
    command = c.Complete(resolution="等配件", outcome=t.CompletionOutcome.NOT_CARRIED_OUT, parts=("角阀",))
    expected = event(Ticket.RepairCompleted, resolution="等配件", parts=("角阀",))
    state = given(received(), classified(), dispatched()).when(command, actor="li.na", on_behalf_of="acme").then(expected)
    assert (state.workers, state.outcome) == (("acme",), t.CompletionOutcome.NOT_CARRIED_OUT)


# --- follow-up -------------------------------------------------------------------------------------------------------


def test_satisfied_residents_rate() -> None:
    repaired = given(received(), classified(), dispatched(), completed())
    repaired.when(c.FollowUp(satisfied=True, method=t.FollowUpMethod.PHONE)).invalid("/rating")
    satisfied = c.FollowUp(satisfied=True, method=t.FollowUpMethod.VISIT, rating=1, comment="太慢")
    state = repaired.when(satisfied).then(event(Ticket.FollowUpRecorded, comment="太慢", clock_policy=None))
    assert (state.state, state.rating, state.rework) == (t.State.FOLLOWED_UP, 1, 0)


def test_dissatisfied_residents_get_rework() -> None:
    """返修 is counted and dispatched again, and the work clock starts again."""
    repaired = given(received(), classified(), dispatched(), completed())
    state = repaired.when(c.FollowUp(satisfied=False, method=t.FollowUpMethod.PHONE)).then(Ticket.FollowUpRecorded)
    assert (state.state, state.rework, state.assignment, state.outcome) == (t.State.CLASSIFIED, 1, None, None)
    assert [cycle.ended_at is None for cycle in state.timeline.cycles] == [False, True]


def test_attempts_are_made_by_phone_or_visit() -> None:
    repaired = given(received(), classified(), dispatched(), completed())
    repaired.when(c.AttemptFollowUp(method=t.FollowUpMethod.ON_THE_SPOT)).invalid("/method")
    state = repaired.when(c.AttemptFollowUp(method=t.FollowUpMethod.VISIT)).then(Ticket.FollowUpAttempted)
    assert (state.state, len(state.follow_up_attempts)) == (t.State.REPAIRED, 1)


# --- the other tickets a command names ------------------------------------------------------------------------------


def test_a_duplicate_names_the_other_ticket() -> None:
    duplicate = t.CancelReason.DUPLICATE
    before = given(received())
    before.when(c.Cancel(reason=duplicate)).invalid("/duplicate_of")
    before.when(c.Cancel(reason=t.CancelReason.INVALID, duplicate_of="x")).invalid("/duplicate_of")
    before.when(c.Cancel(reason=duplicate, duplicate_of="GD-garden-20260302-9999")).invalid("/duplicate_of")
    before.when(c.Cancel(reason=duplicate, duplicate_of=str(TICKET))).invalid("/duplicate_of")
    named = c.Cancel(reason=duplicate, duplicate_of="GD-garden-20260302-0002")
    state = before.when(named).then(event(Ticket.TicketCancelled, duplicate_of=OTHER_TICKET))
    assert (state.state, state.duplicate_of, state.is_open) == (t.State.CANCELLED, OTHER_TICKET, False)


def test_links() -> None:
    follows = c.LinkTicket(ticket="GD-garden-20260302-0002", relation=t.LinkRelation.FOLLOWS_FROM)
    linked = fact(Ticket.TicketLinked, relation=t.LinkRelation.FOLLOWS_FROM)
    given(received()).when(follows).then(event(Ticket.TicketLinked, ticket=OTHER_TICKET))
    given(received(), linked).when(follows).invalid("/ticket")
    same_cause = follows.model_copy(update={"relation": t.LinkRelation.SAME_CAUSE})
    assert len(given(received(), linked).when(same_cause).then(Ticket.TicketLinked).links) == 2
    given(received()).when(follows, tickets={}).invalid("/ticket")
    itself = c.LinkTicket(ticket=str(TICKET), relation=t.LinkRelation.SAME_CAUSE)
    given(received()).when(itself).invalid("/ticket")


# --- escalation, charges ---------------------------------------------------------------------------------------------


def test_escalation_names_a_level_or_a_department() -> None:
    given(received()).when(c.Escalate(reason="?")).invalid("/level")
    both = c.Escalate(reason="?", level=t.EscalationLevel.COMPANY, department="engineering")
    given(received()).when(both).invalid("/level")


def test_quotations_follow_the_price_list() -> None:
    before = given(received(), classified(), dispatched())
    lines = (c.QuoteLine(code="replace_valve", quantity=3), c.QuoteLine(code="hang_fixture", quantity=2))
    state = before.when(c.Quote(lines=lines)).then(event(Ticket.ChargeQuoted, total_fen=8500, price_list="2026-1"))
    assert state.charge is not None
    assert [(line.code, line.unit_price_fen) for line in state.charge.lines] == [("replace_valve", 2500), ("hang_fixture", 500)]
    before.when(c.Quote(lines=(lines[0], c.QuoteLine(code="gold_tap")))).invalid("/lines/1/code")


def test_how_a_charge_is_settled() -> None:
    accepted = [fact(Ticket.ChargeQuoted), fact(Ticket.ChargeAccepted)]
    before = given(received(), classified(), dispatched(), *accepted, completed())
    before.when(c.SettleCharge(outcome=t.ChargeOutcome.PAID)).invalid("/method")
    before.when(c.SettleCharge(outcome=t.ChargeOutcome.WAIVED, method="cash")).invalid("/method")
    before.when(c.SettleCharge(outcome=t.ChargeOutcome.WAIVED, receipt="R-1")).invalid("/method")
    waived = before.when(c.SettleCharge(outcome=t.ChargeOutcome.WAIVED)).then(Ticket.ChargeSettled)
    assert waived.charge is not None
    assert waived.charge.status is t.ChargeStatus.WAIVED


# --- checklists, defects ---------------------------------------------------------------------------------------------


def test_checklist_items_are_those_of_the_kind() -> None:
    given(received(), classified(Kind.RENOVATION)).when(c.CheckItem(item="keys_handed_over")).invalid("/item")
    evidence = c.CheckItem(item="drawings", evidence="图纸两份")
    state = (
        given(received(), classified(Kind.RENOVATION)).when(evidence).then(event(Ticket.ChecklistItemChecked, item="drawings"))
    )
    (checked,) = state.checklist
    assert (checked.item, checked.by) == ("drawings", "li.na")
    assert checked.evidence is not None
    assert text_of(checked.evidence.value) == "图纸两份"


def test_defects_are_found_at_a_flats_inspection() -> None:
    move_in, renovation = given(received(), classified(Kind.MOVE_IN)), given(received(), classified(Kind.RENOVATION))
    move_in.when(c.CheckItem(item="meters_read", defects=("裂缝",))).invalid("/defects")
    renovation.when(c.CheckItem(item="accepted", defects=("裂缝",))).invalid("/defects")


def test_each_defect_at_move_in_opens_a_linked_repair() -> None:
    """入伙: each defect becomes a linked repair ticket; it does not block the move-in."""
    inspect = c.CheckItem(item="flat_inspected", evidence="验房单", defects=("墙面裂缝", "窗锁松动"))
    outcome = given(received(), classified(Kind.MOVE_IN)).when(inspect)
    opened = (Ticket.TicketReceived, Ticket.TicketClassified, Ticket.TicketLinked)
    state = outcome.then(Ticket.ChecklistItemChecked, *opened, *opened)
    children = (uid(0xD001), uid(0xD002))
    assert state.checklist[-1].defects == children
    for child, text in zip(children, ("墙面裂缝", "窗锁松动"), strict=True):
        mine = [made for made in outcome.events if made.originator_id == child]
        first, second, third = mine
        assert isinstance(first, Ticket.TicketReceived)
        assert isinstance(second, Ticket.TicketClassified)
        assert isinstance(third, Ticket.TicketLinked)
        assert [made.originator_version for made in mine] == [1, 2, 3]
        assert {made.meta.correlation_id for made in mine} == {TICKET}
        assert (text_of(first.description), first.location, first.community) == (text, Location("east", "3", "2"), "garden")
        assert (second.kind, second.facility) == (Kind.REPAIR, t.Facility.PRIVATE)
        assert (third.ticket, third.relation) == (TICKET, t.LinkRelation.DEFECT_OF)


def test_a_second_inspection_keeps_the_defects_of_the_first() -> None:
    first = fact(Ticket.ChecklistItemChecked, item="flat_inspected", defects=(uid(7),))
    again = c.CheckItem(item="flat_inspected", defects=("水表渗漏",))
    outcome = given(received(), classified(Kind.MOVE_IN), first).when(again)
    state = outcome.then(Ticket.ChecklistItemChecked, Ticket.TicketReceived, Ticket.TicketClassified, Ticket.TicketLinked)
    assert [(item.item, item.defects) for item in state.checklist] == [("flat_inspected", (uid(7), uid(0xD001)))]


# --- rectification, major works, judgement ------------------------------------------------------------------------


def test_orders_and_agreed_dates_lie_ahead() -> None:
    inspection = given(received(), classified(Kind.INSPECTION))
    at = MORNING + 2 * MINUTE
    inspection.when(c.OrderRectification(what="清理", due_at=at)).invalid("/due_at")
    due = at + MINUTE
    state = inspection.when(c.OrderRectification(what="清理", due_at=due, scorecard_item="13")).then(Ticket.RectificationOrdered)
    assert state.rectification is not None
    assert (state.rectification.due_at, state.rectification.scorecard_item) == (due, "13")
    inspection.when(c.ApproveMajorWorks(agreed_due_at=at, reason="换立管")).invalid("/agreed_due_at")
    approved = inspection.when(c.ApproveMajorWorks(agreed_due_at=due, reason="换立管")).then(Ticket.MajorWorksApproved)
    assert approved.timeline.major_works_due_at == due


def test_only_an_inspection_names_the_scorecard_item() -> None:
    order = c.OrderRectification(what="拆除", due_at=MORNING + timedelta(days=3), scorecard_item="13")
    given(received(), classified(Kind.RENOVATION)).when(order).invalid("/scorecard_item")


def test_a_reasonable_complaint_has_severity_and_fault() -> None:
    before = given(received(), classified(Kind.COMPLAINT))
    minor, office = t.ComplaintSeverity.MINOR, t.ComplaintFault.OFFICE
    before.when(c.JudgeComplaint(reasonable=True)).invalid("/severity", "/fault")
    before.when(c.JudgeComplaint(reasonable=True, severity=minor)).invalid("/fault")
    before.when(c.JudgeComplaint(reasonable=True, fault=office)).invalid("/severity")
    before.when(c.JudgeComplaint(reasonable=False)).then(Ticket.ComplaintJudged)
    judge = c.JudgeComplaint(reasonable=True, severity=minor, fault=office, complained_of=("wang",))
    again = given(received(), classified(Kind.COMPLAINT), fact(Ticket.ComplaintJudged, reasonable=False, complained_of=()))
    state = again.when(judge).then(event(Ticket.ComplaintJudged, reasonable=True))
    assert state.judgement is not None
    assert (state.judgement.reasonable, state.judgement.severity, state.complained_of) == (True, minor, ("wang",))


# --- time ------------------------------------------------------------------------------------------------------------


def test_nothing_happens_before_what_happened() -> None:
    before = given(received(), fact(Ticket.NoteAdded, after=10 * MINUTE))
    before.when(c.Note(text="早"), at=MORNING + 9 * MINUTE).invalid("/occurred_at")
    before.when(c.Note(text="同时"), at=MORNING + 10 * MINUTE).then(Ticket.NoteAdded)


def test_a_cancelled_ticket_takes_notes_only() -> None:
    cancelled = given(received(), fact(Ticket.TicketCancelled))
    cancelled.when(c.Note(text="住户来电")).then(Ticket.NoteAdded)
    for command in (
        c.Reopen(reason="?"),
        c.Correct(field="urgency", value="emergency", reason=t.CorrectionReason.REGISTER_ERROR),
    ):
        cancelled.when(command).illegal()


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (NIGHT, datetime(2026, 3, 3, 8, 30, tzinfo=ZONE)),
        (datetime(2026, 3, 3, 0, 0, tzinfo=ZONE), datetime(2026, 3, 3, 8, 30, tzinfo=ZONE)),
        (datetime(2026, 3, 3, 0, 1, tzinfo=ZONE), datetime(2026, 3, 3, 8, 30, tzinfo=ZONE)),
        (datetime(2026, 3, 3, 8, 29, tzinfo=ZONE), datetime(2026, 3, 3, 8, 30, tzinfo=ZONE)),
        (datetime(2026, 3, 3, 17, 30, tzinfo=ZONE), datetime(2026, 3, 4, 8, 30, tzinfo=ZONE)),
        (datetime(2026, 7, 1, 18, 0, tzinfo=ZONE), datetime(2026, 7, 2, 8, 30, tzinfo=ZONE)),
        (datetime(2026, 9, 30, 23, 0, tzinfo=ZONE), datetime(2026, 10, 1, 8, 30, tzinfo=ZONE)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=ZONE), datetime(2027, 1, 1, 8, 30, tzinfo=ZONE)),
    ],
)
def test_deferred_until_half_past_eight(at: datetime, until: datetime) -> None:
    """次日安排: from tonight until the morning, also just after midnight (D5 四)."""
    state = (
        given(received(), start=at - MINUTE).when(c.Defer(told_resident=False)).then(event(Ticket.TicketDeferred, until=until))
    )
    assert state.deferred_until == until
    assert state.timeline.replied_at is None


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 3, 8, 30, tzinfo=ZONE),
        datetime(2026, 3, 3, 12, 30, tzinfo=ZONE),
        datetime(2026, 3, 3, 17, 29, tzinfo=ZONE),
        datetime(2026, 7, 1, 17, 45, tzinfo=ZONE),
    ],
)
def test_by_day_nothing_is_deferred(at: datetime) -> None:
    given(received(), start=at - MINUTE).when(c.Defer(told_resident=True)).breaks("deferred_at_night")
