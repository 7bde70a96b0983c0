"""Rule books by month, and tallies across a change of book."""

import json
from dataclasses import replace

import pytest

from domain.kernel.errors import InvalidInput
from domain.kernel.periods import Month, Period
from domain.rules.rule_books import RuleBooks
from domain.rules.scorecard import Flag, parse_rule_book
from domain.tally.calculation_file import read_facts
from domain.tally.document import as_document
from domain.tally.tally import summed, tally
from tests.tally.estate import BOOK, BOOK_TEXT, Document, finding, request

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


def test_a_sum_names_every_book_it_was_made_by() -> None:
    months = [tally(SWITCHED, read_facts(json.dumps(request([], f"2026-{month:02}")), BOOK)) for month in (1, 2, 3, 4)]
    assert summed(months, Period.parse("2026")).rule_book == "default, strict"


def test_three_findings_in_a_row_may_lie_on_both_sides_of_a_change() -> None:
    days = ("2026-02-10", "2026-02-20", "2026-03-05")
    row = [finding(f"f{number}", "30", day, parties=["wang"]) for number, day in enumerate(days)]
    made = tally(SWITCHED, read_facts(json.dumps(request(row, "2026-03")), BOOK))
    assert {one.login: one.flags for one in made.people if one.flags} == {"wang": (Flag.THREE_CONSECUTIVE_FINDINGS,)}
