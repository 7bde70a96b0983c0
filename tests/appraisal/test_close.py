"""The month's close (月结): two people agree to one tally, months in order, once; later findings are charged in an open month."""

import json
from collections.abc import AsyncIterator
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from adapters.answers.appraisal.reading import appraisal_answer, period_of
from adapters.answers.appraisal.tally import AppraisalAnswer
from domain.appraisal.month_close import CLOSE_MONTH, CloseMonth, MonthClose
from domain.approval.deciding import Approvals
from domain.approval.waiting import Waiting
from domain.finding import commands as f
from domain.kernel.errors import NotAllowed, NotFound, Overloaded, RuleRefused
from domain.kernel.terms import AppraisalStatus, ApprovalState, Role
from domain.rules.scorecard import RuleBook
from domain.tally.months_closed import BookState, book_stream
from domain.tally.record import Record
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY
from tests.support.authority_table import ROWS, Standing, answer
from tests.support.estates.desk_estate import DAY, JX, SECONDS, Estate
from tests.support.estates.proposing import outcome, proposing

pytestmark = pytest.mark.anyio
MARCH = CloseMonth(community=JX, month="2026-03")
ROW = "finding: uphold, revoke; bonus points; close month"
EVERYBODY = [login for role in Role for login in (role.value, f"{role.value}2")[: 1 + (role in SECONDS)]]


@pytest.fixture
async def moving(estate: Estate) -> AsyncIterator[Estate]:
    """An estate in April, whose read models follow the log."""
    await estate.g.projections.start()
    estate.clock.forward(31 * DAY)
    return estate


async def confirmed(estate: Estate, item: str, day: date, **more: Any) -> UUID:
    """A finding recorded by the appraiser and confirmed by another person."""
    said = {"community": JX, "item": item, "date": day, "area": "A1", **more}
    done = await estate.g.findings.record(f.RecordFinding.model_validate(said), estate.request("appraiser"))
    await estate.g.findings.act(done.state.id, f.ConfirmFinding(), estate.request("appraiser2"))
    return done.state.id


async def close(estate: Estate, month: str, first: str = "director", second: str = "appraiser") -> Waiting:
    """Request and approve a close."""
    waiting = await estate.g.month_close.ask(CloseMonth(community=JX, month=month), estate.request(first))
    return await estate.g.approvals.approve(waiting.case.id, estate.request(second))


async def tally(estate: Estate, period: str, login: str = "director", **more: Any) -> AppraisalAnswer:
    """A tally as a person reads it, once the view has everything."""
    head = (await estate.g.store.head()).position
    assert await estate.g.projections.wait_for(APPRAISAL_TALLY.name, head, 60)
    directory = await estate.g.directory.current()
    return await appraisal_answer(estate.g, directory, login, JX, period_of(period), **more)


def totals(found: AppraisalAnswer) -> dict[str, str]:
    return {one.login: one.total for one in found.people if one.total != "0"}


async def test_both_people_freeze_the_same_figures(moving: Estate) -> None:
    await confirmed(moving, "7", date(2026, 3, 4))
    before = await tally(moving, "2026-03")
    assert (before.status, before.hash, totals(before)) == (
        AppraisalStatus.OPEN,
        None,
        {"director": "-2", "director2": "-2", "butler": "-1"},
    )
    done = await close(moving, "2026-03")
    assert (done.case.status, done.case.result) == (ApprovalState.APPROVED, book_stream(JX))
    event = (await moving.events_of(book_stream(JX)))[-1]
    assert (event.month, event.rule_book, event.meta.actor, event.meta.second_person) == (
        "2026-03",
        "default",
        "director",
        "appraiser",
    )
    assert event.hash == sha256(event.tally.encode()).hexdigest()
    after = await tally(moving, "2026-03")
    [closed] = after.closed
    assert (after.status, after.hash, closed.closed_by) == (AppraisalStatus.CLOSED, event.hash, ["director", "appraiser"])
    assert closed.position == event.position == before.position + 1  # the request
    assert after.people == before.people
    frozen = {one["login"]: one["total"] for one in json.loads(event.tally)["people"]}
    assert frozen == {one.login: one.total for one in after.people}


async def test_a_closed_month_never_changes_and_later_findings_are_adjustments(moving: Estate) -> None:
    for day in (4, 5):
        await confirmed(moving, "4", date(2026, 3, day))
    await close(moving, "2026-03")
    march = await tally(moving, "2026-03", explained=True)
    late = await confirmed(moving, "4", date(2026, 3, 6))
    await moving.g.administration.grant("technician", Role.DIRECTOR, JX, None, date(2026, 3, 1), None, moving.operator)
    again = await tally(moving, "2026-03", explained=True)
    assert (again.people, again.hash, again.closed) == (march.people, march.hash, march.closed)
    april = await tally(moving, "2026-04", explained=True)
    assert totals(april) == {"director": "-0.5", "director2": "-0.5", "technician": "-0.5", "butler": "-0.5"}
    [line] = next(one for one in april.people if one.login == "butler").lines
    assert [(one.month, one.finding, one.points) for one in line.adjustments] == [("2026-03", str(late), "-0.5")]
    quarter = await tally(moving, "2026-Q1")
    assert totals(quarter) == {"director": "-0.5", "director2": "-0.5", "technician": "-0.5", "butler": "-0.5"}
    assert (quarter.status, quarter.hash, [one.month for one in quarter.closed]) == (
        AppraisalStatus.PARTLY_CLOSED,
        None,
        ["2026-03"],
    )
    assert totals(await tally(moving, "2026")) == totals(quarter)


async def test_what_changed_in_between_is_not_closed(moving: Estate) -> None:
    waiting = await moving.g.month_close.ask(MARCH, moving.request("director"))
    await confirmed(moving, "7", date(2026, 3, 4))
    failed = await moving.g.approvals.approve(waiting.case.id, moving.request("appraiser"))
    assert failed.case.status is ApprovalState.FAILED
    assert "tally_unchanged" in (failed.case.outcome or "")
    assert (await tally(moving, "2026-03")).status is AppraisalStatus.OPEN
    seen = MARCH.model_copy(update={"hash": "0" * 64})
    with pytest.raises(RuleRefused, match="has changed"):
        await moving.g.month_close.ask(seen, moving.request("director"))
    assert (await close(moving, "2026-03")).case.status is ApprovalState.APPROVED


async def test_months_are_closed_once_in_order_and_when_they_are_over(moving: Estate) -> None:
    async def refused(month: str) -> str:
        before = await moving.footprint()
        with pytest.raises(RuleRefused) as found:
            await moving.g.month_close.ask(CloseMonth(community=JX, month=month), moving.request("director"))
        assert await moving.footprint() == before
        return found.value.rule

    assert await refused("2026-04") == "month_over"
    await close(moving, "2026-01")
    assert await refused("2026-03") == "months_in_order"
    assert await refused("2025-12") == "months_in_order"
    assert await refused("2026-01") == "closed_once"
    twice = [
        await moving.g.month_close.ask(CloseMonth(community=JX, month="2026-02"), moving.request("director")) for _ in (1, 2)
    ]
    assert (await moving.g.approvals.approve(twice[0].case.id, moving.request("appraiser"))).case.status is ApprovalState.APPROVED
    second = await moving.g.approvals.approve(twice[1].case.id, moving.request("appraiser"))
    assert (second.case.status, "closed_once" in (second.case.outcome or "")) == (ApprovalState.FAILED, True)
    moving.clock.moment = moving.clock.moment.replace(month=3, day=31, hour=23, minute=59)
    assert await refused("2026-03") == "month_over"
    moving.clock.moment = moving.clock.moment.replace(month=4, day=1, hour=0, minute=0)
    await close(moving, "2026-03")
    book = await moving.g.journal.existing(book_stream(JX), BookState)
    assert [one.month for one in book.closed] == ["2026-01", "2026-02", "2026-03"]


async def test_who_asks_and_who_approves(moving: Estate) -> None:
    """Every role requests, and every role approves each request; never one person both."""
    waiting = await moving.g.month_close.ask(MARCH, moving.request("director"))
    office = proposing(moving)
    asks = MonthClose(office, moving.g.month_close._records)
    approves = Approvals(office, {CLOSE_MONTH: asks})
    before = await moving.footprint()
    for login in EVERYBODY:
        role = login.removesuffix("2")
        two = role in ROWS[ROW] and answer(ROW, [role], Standing()) == "two"
        assert await outcome(asks.ask(MARCH, moving.request(login))) == ("waiting" if two else "denied"), login
        entitled = two and login != "director"
        approving = approves.approve(waiting.case.id, moving.request(login))
        assert await outcome(approving) == ("accepted" if entitled else "denied"), login
    assert await moving.footprint() == before
    with pytest.raises(NotFound):
        await moving.g.month_close.ask(MARCH, moving.request("stranger"))
    with pytest.raises(NotFound):
        await moving.g.approvals.approve(waiting.case.id, moving.request("stranger"))


async def test_a_view_that_is_behind_closes_nothing(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.projecting.appraisal_records.WAIT_SECONDS", 0.01)
    estate.clock.forward(31 * DAY)
    await confirmed(estate, "7", date(2026, 3, 4))
    with pytest.raises(Overloaded):
        await estate.g.month_close.ask(MARCH, estate.request("director"))


async def test_a_repeat_of_the_request_is_the_same_approval(moving: Estate) -> None:
    first = await moving.g.month_close.ask(MARCH, moving.request("director", key="k"))
    again = await moving.g.month_close.ask(MARCH, moving.request("director", key="k"))
    assert again.case == first.case


async def test_another_community_s_month_is_its_own(moving: Estate) -> None:
    await close(moving, "2026-03")
    with pytest.raises(NotAllowed):
        await moving.g.month_close.ask(MARCH, moving.request("assistant"))
    assert await moving.g.journal.load(book_stream("DH"), BookState) is None


async def test_what_is_confirmed_in_the_middle_of_a_close_is_not_lost(moving: Estate) -> None:
    """The book changed between reading and writing: the close is decided again, and fails."""
    records = moving.g.month_close._records
    waiting = await moving.g.month_close.ask(MARCH, moving.request("director"))

    class Interrupted:
        done = False

        async def whole(self, community: str, year: int, first: RuleBook) -> tuple[int, Record]:
            found = await records.whole(community, year, first)
            if not self.done:
                self.done = True
                await confirmed(moving, "7", date(2026, 3, 4))
            return found

    close_ = MonthClose(moving.g.office, Interrupted())
    approvals = Approvals(moving.g.office, {CLOSE_MONTH: close_})
    failed = await approvals.approve(waiting.case.id, moving.request("appraiser"))
    assert (failed.case.status, "tally_unchanged" in (failed.case.outcome or "")) == (ApprovalState.FAILED, True)
    book = await moving.g.journal.existing(book_stream(JX), BookState)
    assert (book.closed, book.entries) == ((), 1)


async def test_revoking_restores_exactly(moving: Estate) -> None:
    for item, more in (("4", {}), ("4", {}), ("9", {"parties": ["butler"]}), ("18", {"parties": ["butler"]})):
        before = await tally(moving, "2026-03", explained=True)
        finding = await confirmed(moving, item, date(2026, 3, 4), quantity=2, **more)
        counted = await tally(moving, "2026-03", explained=True)
        assert counted.people != before.people
        contest = f.ContestFinding(reason="不属实")
        await moving.g.findings.act(finding, contest, moving.request("butler"))
        assert (await tally(moving, "2026-03", explained=True)).people == counted.people
        revoke = f.RevokeFinding(reason="查无实据")
        asked = await moving.g.findings.act(finding, revoke, moving.request("director"))
        assert isinstance(asked, Waiting)
        await moving.g.approvals.approve(asked.case.id, moving.request("director2"))
        assert (await tally(moving, "2026-03", explained=True)).people == before.people
        await confirmed(moving, item, date(2026, 3, 5), **more)
