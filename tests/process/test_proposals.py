"""The system's proposals: dated by their cause, one per cause, withdrawn when it disappears (D2 5–10, 13, 14, 28, 41, 45).

Long because each item of the regulations that the system proposes has its case here, in their order.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.finding import commands as f
from domain.finding.events import FindingState, proposal_stream
from domain.kernel.errors import InvalidInput
from domain.kernel.terms import ClockName, ClockStatus, FindingCause, FindingStatus
from domain.process.proposals import NAME
from domain.ticket import commands as c
from tests.process.proposed import findings, proposed, told
from tests.support.clock import MORNING
from tests.support.estates.desk_estate import DAY, HOUR, ZONE, Estate
from tests.support.estates.station import Station, at

pytestmark = pytest.mark.anyio
MICROSECOND = timedelta(microseconds=1)


async def repair(estate: Estate, facility: str = "private", **fields: Any) -> str:
    ticket = await estate.receive(**fields)
    await estate.act("assistant", ticket, c.Classify(kind="repair", facility=facility))
    return ticket


async def replied(estate: Estate, facility: str = "private", **fields: Any) -> str:
    """A repair whose reply clock is met, so that only the work clock is left."""
    ticket = await repair(estate, facility, **fields)
    await estate.act("assistant", ticket, c.Reply(message="明天来"))
    return ticket


async def complete(estate: Estate, ticket: str, **request: Any) -> None:
    await estate.act("assistant", ticket, c.Dispatch(assignee="technician"))
    for command in (c.Accept(), c.Start(), c.Complete(resolution="好了")):
        await estate.act("technician", ticket, command, **request)


# --- clocks ---------------------------------------------------------------------------------------------------------


async def test_a_reply_that_is_late_is_item_7_dated_at_the_breach(estate: Estate) -> None:
    ticket = await repair(estate, "public_severe")
    estate.clock.forward(2 * DAY)
    assert await proposed(estate) == []
    estate.clock.forward(MICROSECOND)
    [finding] = await proposed(estate)
    assert (finding.item, finding.day, finding.area, finding.parties) == ("7", date(2026, 3, 4), "A1", ())
    assert (finding.tickets, finding.recorded_by, finding.rule_book) == ((UUID(ticket),), None, "default")
    assert finding.cause is FindingCause.REPLY_LATE
    assert finding.reading is not None
    assert (finding.reading.clock, finding.reading.status) == (ClockName.REPLY, ClockStatus.BREACHED)
    assert finding.reading.due_at == finding.reading.breached_at == finding.occurred_at == MORNING + 2 * DAY


@pytest.mark.parametrize(
    ("facility", "days", "item"), [("private", 3, "8"), ("public_minor", 3, "5"), ("public_severe", 10, "6")]
)
async def test_work_that_is_late(estate: Estate, facility: str, days: int, item: str) -> None:
    await replied(estate, facility)
    estate.clock.forward(days * DAY)
    assert await told(estate) == []
    estate.clock.forward(MICROSECOND)
    assert await told(estate) == [(item, f"{(MORNING + days * DAY).date()}")]


async def test_each_round_of_work_has_its_own_clock(estate: Estate) -> None:
    ticket = await replied(estate)
    estate.clock.forward(4 * DAY)
    await complete(estate, ticket)
    await estate.act("assistant", ticket, c.FollowUp(satisfied=False, method="phone"))
    estate.clock.forward(4 * DAY)
    assert await told(estate) == [("8", "2026-03-05"), ("8", "2026-03-09")]


async def test_a_date_is_the_communitys(estate: Estate) -> None:
    """Half past midnight in Shanghai is still the day before in UTC."""
    estate.clock.moment = datetime(2026, 3, 2, 0, 30, tzinfo=ZONE)
    await replied(estate)
    estate.clock.forward(5 * DAY)
    assert await told(estate) == [("8", "2026-03-05")]


async def test_a_complaint_counts_once_it_is_judged_reasonable(estate: Estate) -> None:
    ticket = await estate.receive()
    estate.clock.forward(3 * DAY)
    assert await told(estate) == []  # nobody knows yet what it is
    await estate.act("assistant", ticket, c.Classify(kind="complaint"))
    assert await told(estate) == []
    await estate.act("director", ticket, c.JudgeComplaint(reasonable=True, severity="minor", fault="office"))
    assert await told(estate) == [("7", "2026-03-04")]
    await estate.act("director", ticket, c.JudgeComplaint(reasonable=False))
    assert await told(estate) == []
    await estate.act("director", ticket, c.JudgeComplaint(reasonable=True, severity="minor", fault="office"))
    assert await told(estate) == [("7", "2026-03-04")]
    assert len(await findings(estate)) == 1


async def test_a_pause_moves_the_breach(estate: Estate) -> None:
    ticket = await replied(estate)
    await estate.act("assistant", ticket, c.Dispatch(assignee="technician"))
    for command in (c.Accept(), c.Start(), c.Suspend(reason="awaiting_resident")):
        await estate.act("technician", ticket, command)
    estate.clock.forward(20 * DAY)
    assert await told(estate) == []
    await estate.act("technician", ticket, c.Resume())
    estate.clock.forward(3 * DAY)
    assert await told(estate) == []
    estate.clock.forward(MICROSECOND)
    assert await told(estate) == [("8", "2026-03-25")]


async def test_major_works_take_the_repair_out_of_the_three_days(estate: Estate) -> None:
    ticket = await replied(estate)
    estate.clock.forward(4 * DAY)
    [finding] = await proposed(estate)
    works = c.ApproveMajorWorks(agreed_due_at=estate.clock.moment + 30 * DAY, reason="整栋换管")
    waiting = await estate.ask("director", ticket, works)
    await estate.g.approvals.approve(waiting.case.id, estate.request("director2"))
    assert await proposed(estate) == []
    [withdrawn] = await findings(estate)
    assert (withdrawn.id, withdrawn.status) == (finding.id, FindingStatus.WITHDRAWN)


async def test_what_was_decided_is_not_withdrawn(estate: Estate) -> None:
    confirmed, waived = await replied(estate), await replied(estate)
    estate.clock.forward(4 * DAY)
    ids = {finding.tickets[0]: finding.id for finding in await proposed(estate)}
    await estate.g.findings.act(ids[UUID(confirmed)], f.ConfirmFinding(), estate.request("director"))
    await estate.g.findings.act(ids[UUID(waived)], f.WaiveFinding(reason="excepted"), estate.request("director"))
    for ticket in (confirmed, waived):
        await estate.act("assistant", ticket, c.Reclassify(kind="repair", facility="public_severe"))
    await proposed(estate)
    status = {finding.tickets[0]: finding.status for finding in await findings(estate)}
    assert status == {UUID(confirmed): FindingStatus.CONFIRMED, UUID(waived): FindingStatus.WAIVED}


async def test_a_late_entry_that_shows_it_was_kept(estate: Estate) -> None:
    ticket = await replied(estate)
    await estate.act("assistant", ticket, c.Dispatch(assignee="technician"))
    await estate.act("technician", ticket, c.Accept())
    await estate.act("technician", ticket, c.Start())
    estate.clock.forward(3 * DAY + 5 * HOUR)
    assert await told(estate) == [("8", "2026-03-05")]
    # Written offline on the day, handed in now.
    done = {"occurred_at": MORNING + 3 * DAY - HOUR, "offline": True}
    await estate.act("technician", ticket, c.Complete(resolution="好了"), **done)
    assert await told(estate) == []
    [finding] = await findings(estate)
    [_, withdrawn] = await estate.events_of(finding.id)
    assert withdrawn.reading.status is ClockStatus.MET


async def test_reclassified_it_is_another_clocks(estate: Estate) -> None:
    ticket = await replied(estate)
    estate.clock.forward(4 * DAY)
    assert await told(estate) == [("8", "2026-03-05")]
    await estate.act("assistant", ticket, c.Reclassify(kind="repair", facility="public_minor"))
    assert await told(estate) == [("5", "2026-03-05")]
    await estate.act("assistant", ticket, c.Reclassify(kind="other"))
    assert await told(estate) == []


async def test_a_corrected_area_is_charged_where_it_lies(estate: Estate) -> None:
    ticket = await replied(estate)
    estate.clock.forward(4 * DAY)
    await proposed(estate)
    await estate.act("assistant", ticket, c.Correct(field="location.area", value="A2", reason="new_information"))
    [finding] = await proposed(estate)
    assert (finding.item, finding.area, finding.version) == ("8", "A2", 3)


async def test_a_cancelled_ticket_is_not_late_afterwards(estate: Estate) -> None:
    ticket = await replied(estate)
    estate.clock.forward(DAY)
    await estate.act("assistant", ticket, c.Cancel(reason="withdrawn"))
    estate.clock.forward(30 * DAY)
    assert await told(estate) == []
    [status] = [status for status in await estate.g.processes.status() if status.name == NAME]
    assert status.waiting == 0


# --- complaints to the company, corrections ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "fault", "item"),
    [("minor", "office", "9"), ("minor", "third_party", "9"), ("serious", "office", "10"), ("serious", "resident", None)],
)
async def test_a_complaint_to_the_company(estate: Estate, severity: str, fault: str, item: str | None) -> None:
    ticket = await estate.receive("supervisor", channel="company", complained_of=("technician",))
    await estate.act("assistant", ticket, c.Classify(kind="complaint"))
    await estate.act("assistant", ticket, c.Reply(message="正在查"))
    estate.clock.forward(DAY)
    await estate.act("director", ticket, c.JudgeComplaint(reasonable=True, severity=severity, fault=fault))
    estate.clock.forward(DAY)
    found = await proposed(estate)
    assert [(x.item, x.day, x.parties) for x in found] == ([(item, date(2026, 3, 3), ("technician",))] if item else [])


async def test_a_complaint_judged_anew_is_one_finding_still(estate: Estate) -> None:
    ticket = await estate.receive("supervisor", channel="company")
    await estate.act("assistant", ticket, c.Classify(kind="complaint"))
    await estate.act("assistant", ticket, c.Reply(message="正在查"))
    for reasonable, severity, expected in (
        (True, "minor", ["9"]),
        (True, "serious", ["10"]),
        (False, None, []),
        (True, "minor", ["9"]),
    ):
        fault = "office" if reasonable else None
        await estate.act("director", ticket, c.JudgeComplaint(reasonable=reasonable, severity=severity, fault=fault))
        assert [item for item, _ in await told(estate)] == expected
    assert len(await findings(estate)) == 1


async def test_a_complaint_made_here_is_none_to_the_company(estate: Estate) -> None:
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Classify(kind="complaint"))
    await estate.act("assistant", ticket, c.Reply(message="正在查"))
    await estate.act("director", ticket, c.JudgeComplaint(reasonable=True, severity="serious", fault="office"))
    assert await told(estate) == []


async def test_every_correction_of_a_register_error(estate: Estate) -> None:
    ticket = await replied(estate)
    for field, value, reason in (
        ("location.building", "4", "register_error"),
        ("location.entrance", "1", "new_information"),
        ("reporter.phone", "13800000000", "register_error"),
    ):
        await estate.act("assistant", ticket, c.Correct(field=field, value=value, reason=reason))
    assert await told(estate) == [("28", "2026-03-02"), ("28", "2026-03-02")]


# --- rectification ------------------------------------------------------------------------------------------------------


async def ordered(estate: Estate, kind: str, item: str | None = None) -> str:
    """A rectification order due on 5 March at nine."""
    ticket = await estate.receive("supervisor", channel="inspection" if kind == "inspection" else "phone")
    await estate.act("assistant", ticket, c.Classify(kind=kind))
    order = c.OrderRectification(what="恢复承重墙", due_at=MORNING + 3 * DAY, scorecard_item=item)
    await estate.act("director", ticket, order)
    return ticket


async def test_a_late_rectification_is_item_13_at_its_confirmation(estate: Estate) -> None:
    ticket = await ordered(estate, "renovation")
    estate.clock.forward(3 * DAY + 7 * DAY - MICROSECOND)
    assert await told(estate) == []
    estate.clock.forward(MICROSECOND)
    await estate.act("director", ticket, c.ConfirmRectification())
    [finding] = await proposed(estate)
    assert (finding.item, finding.day, finding.overdue_days, finding.doubled) == ("13", date(2026, 3, 12), 7, False)
    estate.clock.forward(60 * DAY)
    assert await told(estate) == [("13", "2026-03-12")]


async def test_in_time_nothing_is_proposed(estate: Estate) -> None:
    ticket = await ordered(estate, "renovation")
    estate.clock.forward(3 * DAY)
    await estate.act("director", ticket, c.ConfirmRectification())
    estate.clock.forward(60 * DAY)
    assert await told(estate) == []


async def test_still_open_on_day_31_it_is_item_14_in_its_stead(estate: Estate) -> None:
    ticket = await ordered(estate, "renovation")
    estate.clock.forward(3 * DAY + 31 * DAY - MICROSECOND)
    assert await told(estate) == []
    estate.clock.forward(MICROSECOND)
    [finding] = await proposed(estate)
    assert (finding.item, finding.day, finding.overdue_days) == ("14", date(2026, 4, 5), None)
    estate.clock.forward(9 * DAY)
    await estate.act("director", ticket, c.ConfirmRectification())
    assert await told(estate) == [("14", "2026-04-05")]
    assert len(await findings(estate)) == 1


async def test_each_order_has_a_finding_of_its_own(estate: Estate) -> None:
    ticket = await ordered(estate, "renovation")
    estate.clock.forward(6 * DAY)
    await estate.act("director", ticket, c.ConfirmRectification())
    await estate.act("director", ticket, c.OrderRectification(what="清走垃圾", due_at=MORNING + 7 * DAY))
    estate.clock.forward(5 * DAY)
    await estate.act("director", ticket, c.ConfirmRectification())
    found = await proposed(estate)
    assert [(x.item, x.day, x.overdue_days) for x in found] == [("13", date(2026, 3, 8), 3), ("13", date(2026, 3, 13), 4)]


async def test_a_missed_inspection_doubles_the_item_it_names(estate: Estate) -> None:
    await ordered(estate, "inspection", "22")
    await ordered(estate, "inspection")
    await ordered(estate, "inspection", "39")
    estate.clock.forward(4 * DAY)
    [finding] = await proposed(estate)
    assert (finding.item, finding.day, finding.doubled) == ("22", date(2026, 3, 5), True)
    assert finding.cause is FindingCause.INSPECTION_LATE


async def test_an_inspection_of_what_counts_days_is_dated_like_it(estate: Estate) -> None:
    ticket = await ordered(estate, "inspection", "13")
    estate.clock.forward(9 * DAY)
    assert await told(estate) == []
    await estate.act("director", ticket, c.ConfirmRectification())
    [finding] = await proposed(estate)
    assert (finding.item, finding.overdue_days, finding.doubled) == ("13", 6, True)


async def test_whoever_confirms_completes_what_the_system_can_not_know(estate: Estate) -> None:
    """An inspection found item 30, which needs parties; the director, who is none of them, names them."""
    await ordered(estate, "inspection", "30")
    estate.clock.forward(4 * DAY)
    [finding] = await proposed(estate)
    with pytest.raises(InvalidInput, match="/parties"):
        await estate.g.findings.act(finding.id, f.ConfirmFinding(), estate.request("director"))
    await estate.g.findings.act(finding.id, f.ConfirmFinding(parties=("technician",)), estate.request("director"))
    state = await estate.g.journal.existing(finding.id, FindingState)
    assert (state.status, state.parties, state.doubled) == (FindingStatus.CONFIRMED, ("technician",), True)


# --- duty ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def station(estate: Estate) -> Station:
    """The desk on a winter Monday morning, held by the assistant until noon."""
    return Station(estate)


async def test_a_handover_not_signed_within_half_an_hour(station: Station) -> None:
    station.set("2026-03-02 08:20")
    shift = await station.open()
    station.set("2026-03-02 12:30")
    assert await told(station.estate) == []
    station.estate.clock.forward(MICROSECOND)
    [finding] = await proposed(station.estate)
    assert (finding.item, finding.day, finding.parties, finding.shifts) == ("41", date(2026, 3, 2), (), (shift.id,))
    assert finding.occurred_at == at("2026-03-02 12:30")
    assert (finding.cause, finding.tickets) == (FindingCause.HANDOVER_UNSIGNED, ())
    station.set("2026-03-02 12:40")
    await station.hand_over("assistant", "assistant2")
    assert await told(station.estate) == [("41", "2026-03-02")]


async def test_signed_extended_or_taken_over_in_time(station: Station) -> None:
    station.set("2026-03-02 08:20")
    await station.open()
    station.set("2026-03-02 12:30")
    await station.do("extend", "assistant")
    station.set("2026-03-02 14:00")
    await station.hand_over("assistant", "assistant2")
    station.set("2026-03-02 17:50")
    await station.do("take_over", "supervisor", "接班人员未到")
    await station.open("technician")
    assert await told(station.estate) == []


async def test_a_desk_left_empty(station: Station) -> None:
    station.set("2026-03-02 08:20")
    shift = await station.open()
    station.set("2026-03-02 10:00")
    await station.do("take_over", "supervisor", "擅自离岗")
    station.set("2026-03-02 10:05")
    assert await told(station.estate) == []
    station.estate.clock.forward(MICROSECOND)
    [finding] = await proposed(station.estate)
    assert (finding.item, finding.parties, finding.shifts) == ("41", (), (shift.id,))
    assert (finding.cause, finding.occurred_at) == (FindingCause.DESK_EMPTY, at("2026-03-02 10:00"))
    station.set("2026-03-02 11:00")
    await station.open("assistant2")
    station.set("2026-03-02 11:10")
    await station.do("take_over", "supervisor", "擅自离岗")
    station.set("2026-03-02 11:15")
    await station.open("assistant")
    await station.do("extend", "assistant")
    assert await told(station.estate) == [("41", "2026-03-02")]


# --- once ---------------------------------------------------------------------------------------------------------------


async def test_downtime_and_lost_checkpoints_change_nothing(shared: Estate) -> None:
    """One history, looked at throughout in one estate and only at the end in another, gives equal findings and moments."""
    ticket = await repair(shared)
    for _ in range(6):
        shared.clock.forward(DAY)
        await proposed(shared)
    seen = [(x.id, x.item, x.day, x.occurred_at, x.version) for x in await findings(shared)]
    database = shared.g.store.database
    assert database is not None
    await database.write(lambda tx: tx.execute("DELETE FROM processes"))
    await database.write(lambda tx: tx.execute("DELETE FROM process_dues"))
    async with shared.again() as other:
        await other.g.processes.catch_up()
    assert [(x.id, x.item, x.day, x.occurred_at, x.version) for x in await findings(shared)] == seen
    assert [(item, f"{day}") for _, item, day, _, _ in seen] == [("7", "2026-03-04"), ("8", "2026-03-05")]
    assert {id_ for id_, *_ in seen} == {
        proposal_stream(cause, UUID(ticket), 0) for cause in (FindingCause.REPLY_LATE, FindingCause.REPAIR_LATE)
    }
