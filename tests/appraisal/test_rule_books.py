"""Rule books as versioned data: which counts when, publishing one by two people, and tallies across the change."""

import json
from dataclasses import replace

import pytest

from domain.appraisal import tally
from domain.appraisal_answer import as_document
from domain.appraisal_facts import Month
from domain.appraisal_request import read_facts
from domain.approval import ApprovalCase
from domain.errors import InvalidInput, RuleRefused
from domain.rule_books import RuleBooks
from domain.scorecard import parse_rule_book
from domain.terms import ApprovalState
from domain.two_person_commands import PublishRuleBook
from tests.appraisal.estate import BOOK, BOOK_TEXT, Document, finding, request
from tests.desk.estate import DAY, JX, Estate

STRICTER = (
    BOOK_TEXT.replace('version = "default"', 'version = "strict"')
    .replace('points = { director = "2", administrator = "1" }', 'points = { director = "4", administrator = "2" }')
    .replace("threshold = 3", "threshold = 2")
)
STRICT = parse_rule_book(STRICTER)
SWITCHED = RuleBooks(BOOK, {Month(2026, 3): STRICT})


def totals(month: str, *findings: Document) -> dict[str, str]:
    document = as_document(tally(SWITCHED, read_facts(json.dumps(request(findings, month)), BOOK)))
    assert document["rule_book"] == ("strict" if month >= "2026-03" else "default")
    return {person["login"]: person["total"] for person in document["people"] if person["total"] != "0"}


def test_a_book_counts_from_its_month_on() -> None:
    books = RuleBooks(BOOK, {Month(2026, 3): STRICT, Month(2026, 6): BOOK})
    versions = [books.of(Month(2026, number)).version for number in range(1, 8)]
    assert versions == ["default", "default", "strict", "strict", "strict", "default", "default"]
    assert RuleBooks(BOOK, {}).of(Month(2026, 1)) is BOOK.of((2026, 1)) is BOOK


def test_the_day_before_and_the_first_day() -> None:
    assert totals("2026-02", finding("f1", "7", "2026-02-28")) == {"li": "-2", "wang": "-1"}
    assert totals("2026-03", finding("f1", "7", "2026-03-01")) == {"li": "-4", "wang": "-2"}


def test_an_adjustment_goes_by_the_book_of_the_month_of_its_date() -> None:
    late = finding("f1", "7", "2026-02-10", booked_month="2026-03")
    assert totals("2026-03", late) == {"li": "-2", "wang": "-1"}
    then = [finding(f"f{n}", "4", f"2026-02-0{n}") for n in (1, 2)]
    third = finding("f3", "4", "2026-02-20", booked_month="2026-03")
    assert totals("2026-03", *then, third) == {"li": "-0.5", "wang": "-0.5"}
    here = [finding(f"f{n}", "4", f"2026-03-0{n}") for n in (1, 2)]
    assert totals("2026-03", *here) == {"li": "-0.5", "wang": "-0.5"}


def test_an_item_of_the_older_book_alone_is_known_in_its_own_time() -> None:
    shorter = STRICT.model_copy(update={"deductions": {c: i for c, i in STRICT.deductions.items() if c != "7"}})
    shorter.__dict__.pop("items", None)  # remembered of the whole book
    law = RuleBooks(BOOK, {Month(2026, 3): shorter})
    facts = read_facts(json.dumps(request([finding("f1", "7", "2026-02-10", booked_month="2026-03")])), BOOK)
    [line] = tally(law, facts).people[0].lines
    assert (line.item, line.clause, str(line.points)) == ("7", "D2 扣罚项目 7", "-2")
    now = replace(facts, findings=(replace(facts.findings[0], day=facts.findings[0].day.replace(month=3)),))
    with pytest.raises(InvalidInput, match="no such item in rule book 'strict'"):
        tally(law, now)


@pytest.mark.anyio
@pytest.mark.parametrize(("first", "second"), [("director", "appraiser"), ("appraiser", "director2")])
async def test_two_people_publish_it_for_a_month_to_come(estate: Estate, first: str, second: str) -> None:
    command = PublishRuleBook(community=JX, text=STRICTER, from_month="2026-04")
    waiting = await estate.g.approvals.ask(command, estate.request(first))
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
        await estate.g.approvals.ask(PublishRuleBook(community=JX, text=STRICTER, from_month=month), estate.request("director"))
    assert refused.value.rule == "rule_book_ahead"
    wrong = STRICTER.replace("threshold = 2", "threshold = 1")
    with pytest.raises(InvalidInput, match="item 4"):
        await estate.g.approvals.ask(PublishRuleBook(community=JX, text=wrong, from_month="2027-01"), estate.request("director"))
    assert await estate.footprint() == before


@pytest.mark.anyio
async def test_a_month_may_begin_while_it_waits(estate: Estate) -> None:
    estate.clock.forward(29 * DAY)  # the last day of March
    command = PublishRuleBook(community=JX, text=STRICTER, from_month="2026-04")
    waiting = await estate.g.approvals.ask(command, estate.request("director"))
    estate.clock.forward(DAY * 0.9)
    failed = await estate.g.approvals.approve(waiting.case.id, estate.request("appraiser"))
    case: ApprovalCase = failed.case
    assert (case.status, "after 2026-04" in (case.outcome or "")) == (ApprovalState.FAILED, True)
