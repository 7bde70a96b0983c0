"""Findings through the desk: what may be recorded, who decides, the book's entries, and closed months (D2)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.approval.aggregate import ApprovalCase
from domain.approval.waiting import Waiting
from domain.finding import commands as c
from domain.finding.desk import FindingDesk, FindingDone
from domain.finding.events import DecidedPoints, FindingState
from domain.kernel.aggregate import Meta, occurred
from domain.kernel.errors import InvalidInput, NotAllowed, NotFound, RuleRefused, StaleVersion, TransitionRefused
from domain.kernel.journal import Belonging
from domain.kernel.terms import ApprovalState, FindingStatus, Role
from domain.tally.months_closed import AppraisalBook, BookState, book_stream
from domain.ticket import commands as t
from tests.support.estates.desk_estate import DAY, JX, Estate
from tests.support.faulty_log import faulty

pytestmark = pytest.mark.anyio
TODAY = date(2026, 3, 2)


def record(item: str = "17", **more: Any) -> c.RecordFinding:
    """Record a finding of today in A1, with the technician as party if the item needs one."""
    return c.RecordFinding.model_validate({"community": JX, "item": item, "date": TODAY, "area": "A1", **more})


async def recorded(estate: Estate, item: str = "17", *, by: str = "supervisor", **more: Any) -> FindingState:
    return (await estate.g.findings.record(record(item, **more), estate.request(by))).state


async def act(estate: Estate, login: str, finding: UUID, command: c.FindingCommand, **request: Any) -> FindingState:
    done = await estate.g.findings.act(finding, command, estate.request(login, **request))
    assert isinstance(done, FindingDone), done
    return done.state


async def ask(estate: Estate, login: str, finding: UUID, command: c.FindingCommand) -> ApprovalCase:
    waiting = await estate.g.findings.act(finding, command, estate.request(login))
    assert isinstance(waiting, Waiting), waiting
    return waiting.case


async def both(
    estate: Estate, finding: UUID, command: c.FindingCommand, asks: str = "director", agrees: str = "appraiser"
) -> FindingState:
    """Request and approve."""
    case = await ask(estate, asks, finding, command)
    await estate.g.approvals.approve(case.id, estate.request(agrees))
    return await estate.g.journal.existing(finding, FindingState)


async def contested(estate: Estate, **more: Any) -> FindingState:
    finding = await recorded(estate, parties=("technician",), **more)
    await act(estate, "director", finding.id, c.ConfirmFinding())
    return await act(estate, "technician", finding.id, c.ContestFinding(reason="当日不在岗"))


async def book(estate: Estate) -> BookState:
    return await estate.g.journal.load(book_stream(JX), BookState) or BookState(book_stream(JX), 0)


async def close(estate: Estate, month: str) -> None:
    """Close the month in the appraisal book."""
    state = await book(estate)
    closed = occurred(
        AppraisalBook.MonthClosed, state.id, state.version + 1, estate.clock.now(), Meta("director", estate.g.ids.new()),
        community=JX, month=month, rule_book="default", hash="ab" * 32, position=1, tally="{}",
    )  # fmt: skip
    await estate.g.journal.write([closed], Belonging(JX, "Asia/Shanghai"))


async def test_recorded_then_confirmed_by_another(estate: Estate) -> None:
    ticket = await estate.receive()
    finding = await recorded(estate, quantity=2, parties=("technician",), doubled=True, tickets=(ticket,), note="值班时看小说")
    assert (finding.status, finding.recorded_by, finding.rule_book) == (FindingStatus.RECORDED, "supervisor", "default")
    assert (finding.quantity, finding.parties, finding.doubled, finding.tickets) == (2, ("technician",), True, (UUID(ticket),))
    assert finding.note is not None
    assert (await book(estate)).entries == 0
    confirmed = await act(estate, "director", finding.id, c.ConfirmFinding())
    assert (confirmed.status, confirmed.decided_by, confirmed.booked_month) == (FindingStatus.CONFIRMED, ("director",), None)
    assert confirmed.counts
    assert (await book(estate)).entries == 1
    [entry] = await estate.events_of(book_stream(JX))
    assert (entry.finding, entry.month) == (finding.id, "2026-03")


async def test_nobody_decides_on_what_they_recorded_or_what_is_about_them(estate: Estate) -> None:
    own = await recorded(estate, by="director", parties=("technician",))
    about = await recorded(estate, parties=("director", "technician"))
    before = await estate.footprint()
    for finding, login, why in ((own, "director", "recorded"), (about, "director", "themselves")):
        for command in (c.ConfirmFinding(), c.WaiveFinding(reason="not_established")):
            with pytest.raises(NotAllowed, match=why):
                await estate.g.findings.act(finding.id, command, estate.request(login))
    assert await estate.footprint() == before
    await act(estate, "director2", own.id, c.ConfirmFinding())
    await act(estate, "appraiser", about.id, c.WaiveFinding(reason="not_established"))


async def test_without_a_party_it_is_about_the_administrator_charged(estate: Estate) -> None:
    """The director, who is charged too, may decide; that day's administrator, who is a director now, may not."""
    await estate.g.administration.grant("butler", Role.DIRECTOR, JX, None, TODAY, None, estate.operator)
    here, elsewhere = [await recorded(estate, "4", area=area, date=date(2026, 3, 1)) for area in ("A1", "A2")]
    with pytest.raises(NotAllowed, match="about themselves"):
        await estate.g.findings.act(here.id, c.ConfirmFinding(), estate.request("butler"))
    await act(estate, "butler", elsewhere.id, c.ConfirmFinding())
    await act(estate, "director", here.id, c.ConfirmFinding())


async def test_the_assignment_in_force_on_the_day_counts(estate: Estate) -> None:
    await estate.g.administration.grant(
        "assistant", Role.ASSISTANT, JX, "A2", date(2026, 1, 1), date(2026, 2, 28), estate.operator
    )
    for day, may in ((date(2026, 2, 28), True), (date(2026, 3, 1), False)):
        finding = await recorded(estate, "4", area="A2", date=day)
        await act(estate, "director", finding.id, c.ConfirmFinding())
        contest = estate.g.findings.act(finding.id, c.ContestFinding(reason="已交接"), estate.request("assistant"))
        if may:
            await contest
        else:
            with pytest.raises(NotAllowed):
                await contest


WRONG: Mapping[str, tuple[str, dict[str, Any]]] = {
    "/item": ("45", {}),
    "/date": ("4", {"date": date(2026, 3, 3)}),
    "/area": ("4", {"area": "A9"}),
    "/parties": ("1", {}),
    "/parties/1": ("17", {"parties": ("technician", "stranger")}),
    "/severity": ("4", {"severity": "egregious"}),
    "/overdue_days": ("13", {}),
    "/amount_fen": ("4", {"amount_fen": 1}),
    "/points": ("4", {"points": {"director": "1", "administrator": "1"}}),
    "/doubled": ("B1", {"doubled": True}),
    "/tickets/0": ("4", {"tickets": ("GD-JX-20260302-0001",)}),
    "/shifts/0": ("4", {"shifts": (UUID(int=5),)}),
    "/attachments/0": ("4", {"attachments": ("ab" * 32,)}),
}
"""What the rule book, the community or the evidence does not allow, by the field that is named."""


@pytest.mark.parametrize("pointer", WRONG)
async def test_what_is_wrong_is_refused_by_its_field(estate: Estate, pointer: str) -> None:
    item, more = WRONG[pointer]
    before = await estate.footprint()
    with pytest.raises(InvalidInput) as refused:
        await recorded(estate, item, **more)
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert await estate.footprint() == before


async def test_another_communitys_tickets_are_no_evidence(estate: Estate) -> None:
    await estate.g.administration.grant("assistant", Role.ASSISTANT, "DH", None, TODAY, None, estate.operator)
    ticket = await estate.receive("assistant", community="DH")
    with pytest.raises(InvalidInput, match="/tickets/0"):
        await recorded(estate, tickets=(ticket,), parties=("technician",))


async def test_a_file_of_a_ticket_named_is_evidence(estate: Estate) -> None:
    ticket = await estate.receive()
    name = "ab" * 32
    await estate.act("assistant", ticket, t.Attach(name=name, content_type="image/png", size=1))
    finding = await recorded(estate, tickets=(ticket,), attachments=(name,), parties=("technician",))
    assert finding.attachments == (name,)


async def test_the_amount_decides_and_is_said_once_known(estate: Estate) -> None:
    """Item 23 with 3,000 yuan or more is charged as 24 by the tally; the finding keeps the amount."""
    finding = await recorded(estate, "23", amount_fen=300_000)
    confirmed = await act(estate, "director", finding.id, c.ConfirmFinding())
    assert (confirmed.item, confirmed.amount_fen) == ("23", 300_000)


async def test_what_was_recorded_is_not_changed_by_who_confirms(estate: Estate) -> None:
    finding = await recorded(estate, parties=("technician",))
    for said in ({"quantity": 2}, {"parties": ("security",)}, {"severity": "egregious"}, {"amount_fen": 1}):
        with pytest.raises(InvalidInput, match=f"/{next(iter(said))}: was recorded by hand"):
            await act(estate, "director", finding.id, c.ConfirmFinding.model_validate(said))


async def test_the_points_of_other_rules_are_the_appraisers(estate: Estate) -> None:
    """Item 46: an appraiser enters the points, when recording or when confirming."""
    points = c.GivenPoints(director="1", administrator="0.5")
    with pytest.raises(NotAllowed, match="only an appraiser enters"):
        await recorded(estate, "46", points=points)
    finding = await recorded(estate, "46")
    with pytest.raises(InvalidInput, match="/points: item 46: the points of this item are decided by hand"):
        await act(estate, "director", finding.id, c.ConfirmFinding())
    with pytest.raises(NotAllowed, match="only an appraiser enters"):
        await act(estate, "director", finding.id, c.ConfirmFinding(points=points))
    confirmed = await act(estate, "appraiser", finding.id, c.ConfirmFinding(points=points))
    assert confirmed.points == DecidedPoints(Decimal(1), Decimal("0.5"))
    by_appraiser = await recorded(estate, "46", by="appraiser", points=points)
    assert (await act(estate, "director", by_appraiser.id, c.ConfirmFinding())).points == confirmed.points


async def test_bonus_points_take_two_people(estate: Estate) -> None:
    proposed = {"director": "1", "administrator": "1"}
    finding = await recorded(estate, "B7", parties=("technician",), points=proposed)
    decided = c.ConfirmFinding(points=c.GivenPoints(director="0", administrator="1.5"))
    case = await ask(estate, "director", finding.id, decided)
    assert (case.right, case.command) == ("review_finding", "confirm_finding")
    assert (await estate.g.journal.existing(finding.id, FindingState)).status is FindingStatus.RECORDED
    await estate.g.approvals.approve(case.id, estate.request("appraiser"))
    state = await estate.g.journal.existing(finding.id, FindingState)
    assert (state.status, state.decided_by) == (FindingStatus.CONFIRMED, ("director", "appraiser"))
    assert state.points == DecidedPoints(Decimal(0), Decimal("1.5"))
    as_proposed = await both(estate, (await recorded(estate, "B1", points=proposed)).id, c.ConfirmFinding())
    assert as_proposed.points == DecidedPoints(Decimal(1), Decimal(1))
    commission = await both(estate, (await recorded(estate, "B5", amount_fen=10_000)).id, c.ConfirmFinding())
    assert (commission.points, commission.amount_fen) == (None, 10_000)
    waived = await recorded(estate, "B1", points=proposed)
    await act(estate, "director", waived.id, c.WaiveFinding(reason="not_established"))


async def test_the_second_person_is_neither_the_recorder_nor_concerned(estate: Estate) -> None:
    by_appraiser = await recorded(estate, "B1", by="appraiser", points={"director": "1", "administrator": "1"})
    about = await recorded(estate, "B7", parties=("director2",), points={"director": "1", "administrator": "1"})
    for finding, login in ((by_appraiser, "appraiser"), (about, "director2"), (about, "director")):
        case = await ask(estate, "director", finding.id, c.ConfirmFinding())
        before = await estate.footprint()
        with pytest.raises(NotAllowed):
            await estate.g.approvals.approve(case.id, estate.request(login))
        assert await estate.footprint() == before


async def test_waived_with_a_reason(estate: Estate) -> None:
    """Item 17 excepts what the office handled itself; for other items that is no reason."""
    dealt_with = await recorded(estate, parties=("technician",))
    waived = await act(estate, "director", dealt_with.id, c.WaiveFinding(reason="self_handled", note="已批评教育"))
    assert (waived.status, waived.waive_reason, waived.counts) == (FindingStatus.WAIVED, "self_handled", False)
    assert waived.review is not None
    other = await recorded(estate, "4")
    with pytest.raises(InvalidInput, match=r"/reason: .*items: 17"):
        await act(estate, "director", other.id, c.WaiveFinding(reason="self_handled"))
    with pytest.raises(InvalidInput, match="/note"):
        await act(estate, "director", other.id, c.WaiveFinding(reason="other"))
    await act(estate, "director", other.id, c.WaiveFinding(reason="other", note="台风"))
    assert (await book(estate)).entries == 0
    with pytest.raises(TransitionRefused):
        await act(estate, "director", other.id, c.ConfirmFinding())


async def test_contested_by_whom_it_charges_and_upheld_or_revoked_by_two(estate: Estate) -> None:
    finding = await contested(estate)
    assert (finding.status, finding.contested_by, finding.counts) == (FindingStatus.CONTESTED, "technician", True)
    upheld = await both(estate, finding.id, c.UpholdFinding(reason="有签到记录"))
    assert (upheld.status, upheld.decided_by, upheld.counts) == (FindingStatus.UPHELD, ("director", "appraiser"), True)
    assert (await book(estate)).entries == 1
    other = await contested(estate)
    revoked = await both(estate, other.id, c.RevokeFinding(reason="查无实据"))
    assert (revoked.status, revoked.counts) == (FindingStatus.REVOKED, False)
    assert (await book(estate)).entries == 3
    with pytest.raises(TransitionRefused):
        await act(estate, "technician", revoked.id, c.ContestFinding(reason="再申诉"))


async def test_whom_it_does_not_charge_may_not_contest(estate: Estate) -> None:
    finding = await recorded(estate, "4")
    await act(estate, "director", finding.id, c.ConfirmFinding())
    for login in ("technician", "supervisor", "appraiser"):
        with pytest.raises(NotAllowed):
            await act(estate, login, finding.id, c.ContestFinding(reason="不是我"))
    await act(estate, "director2", finding.id, c.ContestFinding(reason="已清洁"))  # charged for the whole community


async def test_legality_is_judged_at_the_approval(estate: Estate) -> None:
    finding = await contested(estate)
    first = await ask(estate, "director", finding.id, c.UpholdFinding(reason="有签到记录"))
    second = await ask(estate, "director", finding.id, c.RevokeFinding(reason="查无实据"))
    await estate.g.approvals.approve(first.id, estate.request("appraiser"))
    answer = await estate.g.approvals.approve(second.id, estate.request("appraiser"))
    assert (answer.case.status, str(answer.case.outcome)[:17]) == (ApprovalState.FAILED, "TransitionRefused")
    assert (await estate.g.journal.existing(finding.id, FindingState)).status is FindingStatus.UPHELD


async def test_what_is_confirmed_late_is_booked_in_the_next_open_month(estate: Estate) -> None:
    february = await recorded(estate, "4", date=date(2026, 2, 10))
    january = await recorded(estate, "4", date=date(2026, 1, 10))
    for month in ("2026-01", "2026-02"):
        await close(estate, month)
    for finding in (january, february):
        assert (await act(estate, "director", finding.id, c.ConfirmFinding())).booked_month == "2026-03"
    assert [event.month for event in (await estate.events_of(book_stream(JX)))[2:]] == ["2026-03", "2026-03"]


async def test_what_a_closed_month_charges_stays(estate: Estate) -> None:
    finding = await contested(estate)
    case = await ask(estate, "director", finding.id, c.RevokeFinding(reason="查无实据"))
    await close(estate, "2026-03")
    with pytest.raises(RuleRefused, match="month_open"):
        await ask(estate, "director", finding.id, c.RevokeFinding(reason="查无实据"))
    answer = await estate.g.approvals.approve(case.id, estate.request("appraiser"))
    assert answer.case.status is ApprovalState.FAILED
    assert (await both(estate, finding.id, c.UpholdFinding(reason="有签到记录"))).counts


async def test_a_month_closed_in_between_is_seen(estate: Estate) -> None:
    """The month closes between decision and append: the finding is decided again, and booked in the next month."""
    finding = await recorded(estate, "4")
    closed = []

    async def meanwhile() -> None:
        async with estate.again() as other:
            await close(other, "2026-03")
        closed.append("2026-03")

    desk = FindingDesk(estate.office(faulty(estate.g.journal, before_append=meanwhile)))
    done = await desk.act(finding.id, c.ConfirmFinding(), estate.request("director"))
    assert isinstance(done, FindingDone)
    assert closed == ["2026-03"]
    assert done.state.booked_month == "2026-04"


async def test_a_repeat_gets_the_first_answer_and_a_stale_version_is_refused(estate: Estate) -> None:
    first = await estate.g.findings.record(record("4"), estate.request("supervisor", key="k1"))
    again = await estate.g.findings.record(record("4"), estate.request("supervisor", key="k1"))
    assert first == again
    with pytest.raises(StaleVersion):
        await act(estate, "director", first.state.id, c.ConfirmFinding(), if_match=7)
    confirm = estate.request("director", key="k2")
    done = await estate.g.findings.act(first.state.id, c.ConfirmFinding(), confirm)
    assert await estate.g.findings.act(first.state.id, c.ConfirmFinding(), confirm) == done
    finding = await contested(estate)
    asked = await estate.g.findings.act(finding.id, c.UpholdFinding(reason="有"), estate.request("director", key="k3"))
    assert await estate.g.findings.act(finding.id, c.UpholdFinding(reason="有"), estate.request("director", key="k3")) == asked


async def test_outside_the_community_there_is_no_finding(estate: Estate) -> None:
    finding = await recorded(estate, "4")
    for login, id_ in (("stranger", finding.id), ("director", UUID(int=9)), ("director", book_stream(JX))):
        with pytest.raises(NotFound, match="no such finding"):
            await act(estate, login, id_, c.ConfirmFinding())
    with pytest.raises(NotFound):
        await estate.g.findings.record(record("4"), estate.request("stranger"))


async def test_a_moment_never_lies_before_the_one_before(estate: Estate) -> None:
    finding = await recorded(estate, "4")
    estate.clock.forward(-DAY)
    confirmed = await act(estate, "director", finding.id, c.ConfirmFinding())
    assert confirmed.decided_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
