"""Rule books as versioned data: two people publish one for months to come."""

import pytest

from domain.approval.aggregate import ApprovalCase
from domain.kernel.errors import InvalidInput, RuleRefused
from domain.kernel.periods import Month
from domain.kernel.terms import ApprovalState
from domain.publication.commands import PublishRuleBook
from tests.support.estates.desk_estate import DAY, JX, Estate
from tests.tally.test_law import STRICTER


@pytest.mark.anyio
@pytest.mark.parametrize(("first", "second"), [("director", "appraiser"), ("appraiser", "director2")])
async def test_two_people_publish_it_for_a_month_to_come(estate: Estate, first: str, second: str) -> None:
    command = PublishRuleBook(community=JX, text=STRICTER, from_month="2026-04")
    waiting = await estate.g.publication.ask(command, estate.request(first))
    assert (await estate.g.directory.current()).law_of(JX).published == {}
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request(second))
    assert approved.case.status is ApprovalState.APPROVED
    law = (await estate.g.directory.current()).law_of(JX)
    assert [law.of(Month(2026, number)).version for number in (3, 4, 5)] == ["default", "strict", "strict"]
    assert (await estate.g.directory.current()).law_of("DH").of(Month(2026, 4)).version == "default"
    events = await estate.events_of(approved.case.result)
    assert (events[-1].meta.actor, events[-1].meta.second_person, events[-1].rule_book) == (first, second, "strict")


@pytest.mark.anyio
@pytest.mark.parametrize("month", ["2026-03", "2026-02", "2025-12"])
async def test_a_month_that_has_begun_keeps_its_book(estate: Estate, month: str) -> None:
    before = await estate.footprint()
    with pytest.raises(RuleRefused, match="after 2026-03") as refused:
        await estate.g.publication.ask(PublishRuleBook(community=JX, text=STRICTER, from_month=month), estate.request("director"))
    assert refused.value.rule == "rule_book_ahead"
    wrong = STRICTER.replace("threshold = 2", "threshold = 1")
    with pytest.raises(InvalidInput, match="item 4"):
        await estate.g.publication.ask(
            PublishRuleBook(community=JX, text=wrong, from_month="2027-01"), estate.request("director")
        )
    assert await estate.footprint() == before


@pytest.mark.anyio
async def test_a_month_may_begin_while_it_waits(estate: Estate) -> None:
    estate.clock.forward(29 * DAY)  # the last day of March
    command = PublishRuleBook(community=JX, text=STRICTER, from_month="2026-04")
    waiting = await estate.g.publication.ask(command, estate.request("director"))
    estate.clock.forward(DAY * 0.9)
    failed = await estate.g.approvals.approve(waiting.case.id, estate.request("appraiser"))
    case: ApprovalCase = failed.case
    assert (case.status, "after 2026-04" in (case.outcome or "")) == (ApprovalState.FAILED, True)
