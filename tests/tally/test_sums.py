"""Quarters and years are sums of their months' tallies (年考评总分), each charge in the month it is for."""

import json
from decimal import Decimal

import pytest

from domain.kernel.periods import Month, Period
from domain.tally.calculation_file import read_facts
from domain.tally.document import as_document
from domain.tally.tally import summed, tally
from tests.tally.estate import BOOK, Document, decided, finding, held, lines, metric, request


def year(period: str, findings: list[Document], months: range = range(1, 13), **more: object) -> dict[str, Document]:
    tallies = [
        tally(BOOK, read_facts(json.dumps(request(findings, f"2026-{number:02}", **more)), BOOK)) for number in reversed(months)
    ]
    document = as_document(summed(tallies, Period.parse(period)))
    assert document[Period.parse(period).kind] == period
    assert document["rule_book"] == "default"
    return {person["login"]: person for person in document["people"]}


QUARTER = ("2026-01", "2026-02", "2026-03")
SPREAD = [
    finding("f1", "7", "2026-01-10", tickets=["t1"]),
    finding("f2", "7", "2026-03-31", tickets=["t2", "t1"]),
    finding("f3", "7", "2026-04-01"),
    finding("f4", "B1", "2026-02-10", points=decided("2", "1")),
    finding("f5", "18", "2026-02-10", parties=["wang"]),
    finding("f6", "29", "2026-05-10", parties=["wang"]),
]


def test_a_quarter_is_the_sum_of_its_months() -> None:
    found = year("2026-Q1", SPREAD)
    li, wang = found["li"], found["wang"]
    assert lines(li) == {"7": (2, "-4"), "B1": (1, "2")}
    assert (li["deductions"], li["bonuses"], li["total"], li["pay_share"], li["post"]) == ("4", "2", "-2", None, "director")
    assert li["lines"][0]["findings"] == ["f1", "f2"]
    assert li["lines"][0]["tickets"] == ["t1", "t2"]
    assert (wang["flags"], wang["notices"]) == (["finding"], [])
    assert year("2026-Q2", SPREAD)["wang"]["notices"] == ["referred"]
    assert year("2026-Q2", SPREAD)["li"]["total"] == "-2"
    assert year("2026", SPREAD)["li"]["total"] == "-4"
    assert year("2026-03", SPREAD)["li"]["total"] == "-2"


def test_the_lines_of_a_sum_name_their_clauses() -> None:
    warnings = [{"login": "wang", "date": f"2026-0{month}-01"} for month in (1, 2)]
    tallies = [tally(BOOK, read_facts(json.dumps(request(SPREAD, month, warnings=warnings)), BOOK)) for month in QUARTER]
    wang = next(one for one in summed(tallies, Period.parse("2026-Q1")).people if one.login == "wang")
    clauses = {line.item: line.clause for line in wang.lines}
    assert clauses == {"7": "D2 扣罚项目 7", "18": "D2 扣罚项目 18", "warnings": "D2 五.5", "B1": "D2 加分项目 1"}


def test_an_adjustment_counts_in_the_month_of_its_date() -> None:
    late = [finding("f1", "7", "2026-03-10", booked_month="2026-04")]
    first, second = year("2026-Q1", late)["li"], year("2026-Q2", late)["li"]
    assert (first["total"], second["total"]) == ("-2", "0")
    assert first["lines"][0]["adjustments"] == [{"month": "2026-03", "finding": "f1", "points": "-2"}]
    assert second["lines"] == []
    assert year("2026", late)["li"]["total"] == "-2"


def test_metrics_and_warnings_are_summed_too() -> None:
    rates = [metric("fee_collection_rate", f"2026-Q{quarter}", "0.9") for quarter in (1, 2, 3, 4)]
    warnings = [{"login": "wang", "date": f"2026-0{month}-01"} for month in (1, 2, 3, 4)]
    found = year("2026", SPREAD, metrics=rates, warnings=warnings)["wang"]
    assert lines(found) == {
        "7": (3, "-3"),
        "18": (1, "0"),
        "29": (1, "0"),
        "39": (4, "-4"),
        "warnings": (2, "-6"),
        "B1": (1, "1"),
    }
    assert list(lines(found)) == ["7", "18", "29", "39", "warnings", "B1"]


def test_the_post_is_the_last_one_of_the_period() -> None:
    changing = [{"login": "li", "posts": [held("staff", end="2026-02-10"), held("director", "2026-02-11", "2026-05-01")]}]
    assert year("2026-Q1", [], people=changing)["li"]["post"] == "director"
    assert year("2026", [], people=changing)["li"]["post"] == "director"
    assert year("2026-01", [], people=changing)["li"]["post"] == "staff"
    assert year("2026-Q3", [], people=changing)["li"]["post"] is None


def test_someone_without_a_part_in_the_period_is_left_out() -> None:
    facts = [read_facts(json.dumps(request(SPREAD, month)), BOOK) for month in ("2026-01", "2026-04")]
    later = summed([tally(BOOK, facts[1])], Period.parse("2026-Q1"))
    assert later.people == ()
    assert [one.login for one in summed([tally(BOOK, facts[0])], Period.parse("2026-Q1")).people] == ["li", "wang", "zhao", "sun"]


def test_an_adjustment_alone_makes_someone_part_of_a_period() -> None:
    late = finding("f1", "30", "2026-03-10", booked_month="2026-04", parties=["sun"])
    april = tally(BOOK, read_facts(json.dumps(request([late], "2026-04")), BOOK))
    (only,) = summed([april], Period.parse("2026-Q1")).people
    assert (only.login, only.total, only.post) == ("sun", Decimal(-1), None)


def test_no_months_no_people() -> None:
    assert summed([], Period.parse("2026")).people == ()


@pytest.mark.parametrize("text", ["2026-03", "2026-Q1", "2026-Q4", "2026", "2026-12"])
def test_a_period_is_written_as_it_is_read(text: str) -> None:
    assert str(Period.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["2026-00", "2026-Q0", "2026-Q5", "26", "2026-1", "2026-03-01", "0000", "２０２６", " 2026", "2026\n"]
)
def test_other_periods_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a month"):
        Period.parse(text)


@pytest.mark.parametrize(("number", "half"), [(1, 1), (6, 1), (7, 2), (12, 2)])
def test_halves_of_a_year(number: int, half: int) -> None:
    assert Month(2026, number).half == (2026, half)


def test_months_follow_each_other() -> None:
    assert Month(2026, 1).before == Month(2025, 12)
    assert Month(2026, 2).before == Month(2026, 1)
    assert Month(2024, 2).last_day.day == 29
    assert Month(2026, 12).last_day.isoformat() == "2026-12-31"


def test_sums_are_exact() -> None:
    many = [finding(f"f{n}", "27", f"2026-{1 + n % 12:02}-01", quantity=1) for n in range(99)]
    assert Decimal(year("2026", many)["li"]["total"]) == Decimal("-49.5")


def test_what_was_charged_late_stands_among_the_others_by_date() -> None:
    late = finding("f1", "7", "2026-01-05", booked_month="2026-03")
    found = year("2026-Q1", [finding("f2", "7", "2026-01-20"), finding("f3", "7", "2026-02-01"), late])["li"]
    assert found["lines"][0]["findings"] == ["f1", "f2", "f3"]


def test_every_sum_is_a_decimal() -> None:
    made = tally(BOOK, read_facts(json.dumps(request([finding("f1", "7"), finding("f2", "30", parties=["sun"])])), BOOK))
    for one in (*made.people, *summed([made], Period.parse("2026")).people):
        assert {type(one.deductions), type(one.bonuses), type(one.total)} == {Decimal}
