"""When dismissal is flagged, each rule at its edge (D2 五.3), warnings (五.5) and probation (五.2)."""

from decimal import Decimal
from typing import Any

import pytest

from domain.tally.dismissal import passes_probation
from tests.tally.estate import Document, answered, decided, finding, lines, of, request

FLAGS = ["two_consecutive_months", "half_year", "year", "three_consecutive_findings", "finding"]


def costing(points: str, date: str = "2026-03-04", id: str = "f1", **more: Any) -> Document:
    """A finding that costs wang the given points."""
    return finding(id, "46", date, points=decided("0", points), **more)


def earlier(*months: tuple[str, str], login: str = "wang") -> list[Document]:
    return [{"month": month, "login": login, "deductions": points, "total": f"-{points}"} for month, points in months]


def flags(findings: list[Document], month: str = "2026-03", *months: tuple[str, str]) -> list[str]:
    return list(of(findings, month, earlier_months=earlier(*months))["wang"]["flags"])


@pytest.mark.parametrize(
    ("before", "now", "flagged"), [("5", "5", True), ("4.5", "5", False), ("5", "4.5", False), ("5.5", "5.5", True)]
)
def test_two_consecutive_months(before: str, now: str, flagged: bool) -> None:
    assert flags([costing(now)], "2026-03", ("2026-02", before)) == ["two_consecutive_months"] * flagged


def test_two_months_that_do_not_follow_each_other() -> None:
    assert flags([costing("6")], "2026-03", ("2026-01", "6")) == []
    assert flags([], "2026-03", ("2026-01", "6"), ("2026-02", "6")) == []


def test_a_december_and_the_january_after_do_not_pair() -> None:
    assert flags([costing("9", "2026-01-04")], "2026-01", ("2025-12", "9")) == []
    assert flags([costing("9", "2025-12-04")], "2025-12", ("2025-11", "5")) == ["two_consecutive_months"]


def test_months_of_others_do_not_count() -> None:
    months = earlier(("2026-01", "20"), ("2026-02", "20"), login="zhao")
    assert of([costing("6")], earlier_months=months)["wang"]["flags"] == []
    assert of([costing("6")], earlier_months=months)["zhao"]["flags"] == ["half_year", "year"]


def test_bonuses_do_not_make_up_for_deductions() -> None:
    praised = finding("f2", "B1", points=decided("0", "9"))
    found = of([costing("5"), praised], earlier_months=earlier(("2026-02", "5")))["wang"]
    assert (found["total"], found["flags"]) == ("4", ["two_consecutive_months"])
    assert of([praised], earlier_months=earlier(("2026-02", "9")))["wang"]["flags"] == []


@pytest.mark.parametrize(("now", "flagged"), [("4.5", False), ("5", True)])
def test_half_year(now: str, flagged: bool) -> None:
    """The half-year reaches fifteen points; these are not two consecutive months."""
    for month, months in (
        ("2026-06", (("2026-01", "4"), ("2026-03", "4"), ("2026-05", "2"))),
        ("2026-12", (("2026-07", "6"), ("2026-10", "4"))),
    ):
        assert flags([costing(now, f"{month}-04")], month, *months) == ["half_year"] * flagged


def test_a_half_year_begins_in_january_and_in_july() -> None:
    assert flags([costing("1", "2026-07-04")], "2026-07", ("2026-06", "4"), ("2026-05", "14.5")) == []
    assert flags([costing("1", "2026-07-04")], "2026-07", ("2026-05", "14.5")) == []
    assert flags([costing("1", "2026-01-04")], "2026-01", ("2025-12", "19"), ("2025-07", "19")) == []
    assert flags([], "2026-06", ("2026-01", "15")) == ["half_year"]
    assert flags([], "2026-07", ("2026-01", "15")) == []


@pytest.mark.parametrize(("now", "flagged"), [("4.5", False), ("5", True)])
def test_year(now: str, flagged: bool) -> None:
    months = (("2026-01", "4"), ("2026-03", "4"), ("2026-05", "4"), ("2026-07", "3"))
    assert flags([costing(now, "2026-12-04")], "2026-12", *months) == ["year"] * flagged
    assert flags([costing(now, "2026-12-04")], "2026-12", ("2025-12", "19"), ("2026-01", "4")) == []


@pytest.mark.parametrize(("points", "flagged"), [("0.5", False), ("1", True)])
def test_an_adjustment_counts_in_the_half_year_of_its_date(points: str, flagged: bool) -> None:
    """June's finding is booked in July: it counts in June's half-year, which may now reach its limit, and not in July's."""
    late = costing(points, "2026-06-10", booked_month="2026-07")
    assert flags([late], "2026-07", ("2026-02", "9"), ("2026-05", "5")) == ["half_year"] * flagged
    assert flags([late, costing("14.5", "2026-07-03", "f2")], "2026-07") == []
    assert flags([late], "2026-08", ("2026-07", "15")) == []


def test_what_was_booked_before_for_another_half_year_is_not_counted_in_this_one() -> None:
    late = costing("2", "2026-06-10", booked_month="2026-07")
    assert flags([late], "2026-08", ("2026-07", "16.5")) == []
    assert flags([late], "2026-08", ("2026-07", "17")) == ["half_year"]
    # Booked before and then joined by another adjustment of the same half-year.
    more = costing("1", "2026-06-11", "f2", booked_month="2026-08")
    assert flags([late, more], "2026-08", ("2026-05", "12"), ("2026-07", "2")) == ["half_year"]
    assert flags([late, more], "2026-08", ("2026-05", "11.5"), ("2026-07", "2")) == []


@pytest.mark.parametrize(("points", "flagged"), [("0.5", False), ("1", True)])
def test_an_adjustment_counts_in_the_year_of_its_date(points: str, flagged: bool) -> None:
    late = costing(points, "2025-12-10", booked_month="2026-01")
    months = (("2025-02", "9"), ("2025-04", "5"), ("2025-08", "5"))
    assert flags([late], "2026-01", *months) == ["year"] * flagged
    assert flags([late, costing("14", "2026-01-02", "f2")], "2026-01") == []
    assert flags([late], "2026-03", ("2026-01", "20")) == ["half_year"]
    assert ("year" in flags([late], "2026-08", ("2026-01", "20.5"))) is not flagged


def test_two_consecutive_months_go_by_what_each_tally_charged() -> None:
    late = costing("5", "2026-01-10", booked_month="2026-03")
    assert flags([late], "2026-03", ("2026-02", "5")) == ["two_consecutive_months"]


def party(id: str, date: str, item: str = "3", **more: Any) -> Document:
    """A finding outside wang's areas that names wang as a party."""
    return finding(id, item, date, "A9", parties=["wang"], **more)


def repeated(*findings: Document, month: str = "2026-03") -> bool:
    return "three_consecutive_findings" in of(list(findings), month)["wang"]["flags"]


def test_three_findings_of_one_item_in_a_row() -> None:
    one, two, three = (party(f"f{n}", f"2026-0{n}-04") for n in (1, 2, 3))
    assert repeated(one, two, three)
    assert not repeated(two, three)
    assert of([one, two, three])["wang"]["total"] == "0"
    assert not repeated(one, two, {**three, "parties": ["zhao"]})
    assert not repeated(one, two, three, month="2026-02")
    assert not repeated(one, two, three, month="2026-04")
    assert repeated(*(party(f"f{n}", "2026-03-04") for n in range(3)))


def test_another_item_in_between_breaks_the_row() -> None:
    row = [party("f1", "2026-01-04"), party("f2", "2026-01-05"), party("f3", "2026-03-04")]
    assert not repeated(*row, party("f4", "2026-02-04", "33"))
    assert not repeated(*row, party("f4", "2026-03-05", "33"))
    assert repeated(*row, party("f4", "2026-01-03", "33"))
    assert repeated(*row, {**party("f4", "2026-02-04", "33"), "parties": ["sun"]})


def test_on_one_day_the_order_of_the_list_decides() -> None:
    row = [party(f"f{n}", "2026-03-04") for n in (1, 2, 3)]
    other = party("f0", "2026-03-04", "33")
    assert repeated(other, *row)
    assert not repeated(*row, other)
    assert not repeated(row[0], other, *row[1:])


def test_the_row_stays_within_a_calendar_year() -> None:
    row = [party("f1", "2025-12-30"), party("f2", "2026-01-04"), party("f3", "2026-01-05")]
    assert not repeated(*row, month="2026-01")
    assert repeated(*row, party("f4", "2026-01-06"), month="2026-01")


def test_bonuses_neither_make_nor_break_a_row() -> None:
    bonus = {"points": decided("0", "0")}
    assert not repeated(*(party(f"f{n}", "2026-03-04", "B1", **bonus) for n in range(3)))
    row = [party(f"f{n}", f"2026-03-0{n}") for n in (1, 2, 4)]
    assert repeated(*row, party("f9", "2026-03-03", "B1", **bonus))


def test_the_row_goes_by_date_and_knows_what_was_booked_by_then() -> None:
    row = [party("f1", "2026-01-04", booked_month="2026-03"), party("f2", "2026-02-04"), party("f3", "2026-03-04")]
    assert repeated(*row)
    assert not repeated({**row[0], "booked_month": "2026-04"}, *row[1:])
    assert not repeated(party("f1", "2026-01-04"), row[1], party("f3", "2026-02-05", booked_month="2026-03"))


def test_a_finding_charged_as_another_item_still_bears_its_own() -> None:
    row = [party("f1", "2026-03-01", "23"), party("f2", "2026-03-02", "23"), party("f3", "2026-03-03", "23", amount_fen=300_000)]
    assert repeated(*row)
    assert not repeated(*row[:2], party("f3", "2026-03-03", "24"))


def test_flags_come_in_order_and_once() -> None:
    row = [party(f"f{n}", f"2026-03-0{n}", "37", severity="egregious") for n in (1, 2, 3)]
    assert flags(row, "2026-03", ("2026-02", "20")) == FLAGS


def warned(*dates: str, login: str = "wang") -> list[Document]:
    return [{"login": login, "date": date} for date in dates]


@pytest.mark.parametrize(
    ("dates", "deductions"),
    [
        ([], "0"),
        (["2026-03-10"], "0"),
        (["2026-01-10", "2026-03-10"], "3"),
        (["2026-03-10", "2026-01-10"], "3"),
        (["2026-03-10", "2026-03-10"], "3"),
        (["2026-01-10", "2026-02-10"], "0"),
        (["2026-01-10", "2026-02-10", "2026-03-10"], "0"),
        (["2026-01-10", "2026-02-10", "2026-03-10", "2026-03-11"], "3"),
        (["2026-03-10", "2026-03-11", "2026-03-12", "2026-03-13"], "6"),
        (["2025-12-31", "2026-03-10"], "0"),
        (["2026-03-10", "2026-04-01"], "0"),
    ],
)
def test_every_second_warning_of_a_year_costs_three(dates: list[str], deductions: str) -> None:
    found = of([], warnings=[*warned(*dates), *warned("2026-03-01", login="zhao")])
    assert found["wang"]["deductions"] == deductions
    assert found["zhao"]["deductions"] == "0"
    pairs = int(deductions) // 3
    assert lines(found["wang"]) == ({"warnings": (pairs, f"-{deductions}")} if pairs else {})


def test_a_warning_is_a_deduction_like_others() -> None:
    warnings = warned("2026-02-10", "2026-03-10")
    found = of([costing("2")], warnings=warnings, earlier_months=earlier(("2026-02", "5")))["wang"]
    assert (found["total"], found["pay_share"], found["flags"]) == ("-5", "0.95", ["two_consecutive_months"])
    _, wang, *_ = answered(request([], warnings=warnings), explained=True)["people"]
    (line,) = wang["lines"]
    assert (line["clause"], line["charges"][0]["warnings"]) == ("D2 五.5", ["2026-02-10", "2026-03-10"])


@pytest.mark.parametrize(
    ("deductions", "passed", "expected"),
    [([], True, True), (["0", "0"], True, True), (["0", "0.5"], True, False), (["0"], False, False), (["0.5"], False, False)],
)
def test_a_probation(deductions: list[str], passed: bool, expected: bool) -> None:
    assert passes_probation(map(Decimal, deductions), passed) is expected


def test_all_that_a_month_costs_counts_toward_the_half_year() -> None:
    two = [finding(f"f{n}", "14", f"2026-03-0{n}") for n in (1, 2)]
    assert of(two)["li"]["flags"] == ["half_year", "year"]


def test_what_is_charged_late_for_a_month_adds_to_what_its_tally_said() -> None:
    late = [finding("f1", "7", "2026-01-10", booked_month="2026-03")]
    for deductions, flags in (("12.5", []), ("13", ["half_year"])):
        earlier = [{"month": "2026-01", "login": "li", "deductions": deductions, "total": f"-{deductions}"}]
        assert of(late, earlier_months=earlier)["li"]["flags"] == flags
