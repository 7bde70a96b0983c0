"""Findings confirmed after their month was closed are charged later, with the thresholds of the month of their date."""

from tests.tally.estate import Document, answered, finding, lines, of, refused, request, totals

ADMINISTRATOR_AND_DIRECTOR = {"li": "-0.5", "wang": "-0.5"}


def unclean(id: str, date: str, **more: object) -> Document:
    return finding(id, "4", date, **more)


def test_charged_where_it_is_booked_and_nowhere_else() -> None:
    late = [finding("f1", "7", "2026-01-10", booked_month="2026-03")]
    assert totals(late, "2026-01") == totals(late, "2026-02") == totals(late, "2026-04") == {}
    assert totals(late, "2026-03") == {"li": "-2", "wang": "-1"}


def test_it_names_the_month_it_belongs_to() -> None:
    found = of([finding("f1", "7", "2026-01-10", booked_month="2026-03", tickets=["t1"]), finding("f2", "7")])
    (line,) = found["wang"]["lines"]
    assert (line["count"], line["points"], line["findings"], line["tickets"]) == (2, "-2", ["f1", "f2"], ["t1"])
    assert line["adjustments"] == [{"month": "2026-01", "finding": "f1", "points": "-1"}]
    assert all("adjustments" not in line for line in of([finding("f2", "7")])["wang"]["lines"])
    explained = answered(request([finding("f1", "7", "2026-01-10", booked_month="2026-03")]), explained=True)["people"][0]
    (charge,) = explained["lines"][0]["charges"]
    assert (charge["adjustment"], charge["month"], charge["points"]) == (True, "2026-01", "-2")


def test_thresholds_are_those_of_the_month_of_its_date() -> None:
    two = [unclean("f1", "2026-01-05"), unclean("f2", "2026-01-06")]
    late = unclean("f3", "2026-01-07", booked_month="2026-03")
    assert totals([*two, late]) == ADMINISTRATOR_AND_DIRECTOR
    assert totals([two[0], late]) == {}
    # Those of the month it is booked in are neither helped nor harmed.
    here = [unclean("f4", "2026-03-01"), unclean("f5", "2026-03-02")]
    assert totals([two[0], late, *here]) == {}
    assert lines(of([two[0], late, *here])["li"]) == {"4": (3, "0")}


def test_an_early_one_makes_a_later_one_cost() -> None:
    """The earliest units are free.

    A late-confirmed early finding takes one of their places, so the third, once free, costs now.
    """
    then = [unclean("f1", "2026-01-05"), unclean("f2", "2026-01-06", doubled=True)]
    assert totals([*then, unclean("f3", "2026-01-01", booked_month="2026-03")]) == {"li": "-1", "wang": "-1"}


def test_several_adjustments_share_the_month_once() -> None:
    late = [unclean(f"f{n}", f"2026-01-{n:02}", booked_month="2026-03") for n in range(1, 5)]
    found = of(late)["wang"]
    assert lines(found) == {"4": (4, "-1")}
    assert [one["points"] for one in found["lines"][0]["adjustments"]] == ["0", "0", "-0.5", "-0.5"]
    before = [{**one, "booked_month": "2026-02"} for one in late[:2]]
    assert totals([*before, *late[2:]], "2026-02") == {}
    assert totals([*before, *late[2:]], "2026-03") == {"li": "-1", "wang": "-1"}


def test_what_is_booked_later_is_not_known_yet() -> None:
    known = [unclean("f1", "2026-01-05"), unclean("f2", "2026-01-06"), unclean("f3", "2026-01-07", booked_month="2026-02")]
    later = unclean("f4", "2026-01-01", booked_month="2026-03")
    assert totals([*known, later], "2026-02") == ADMINISTRATOR_AND_DIRECTOR
    assert totals([*known, later], "2026-03") == ADMINISTRATOR_AND_DIRECTOR


def test_adjustments_of_several_months() -> None:
    late = [finding("f1", "7", "2026-01-10", booked_month="2026-03"), finding("f2", "7", "2026-02-10", booked_month="2026-03")]
    assert [one["month"] for one in of(late)["li"]["lines"][0]["adjustments"]] == ["2026-01", "2026-02"]
    assert totals(late) == {"li": "-4", "wang": "-2"}


def test_booked_in_its_own_month_is_no_adjustment() -> None:
    found = of([finding("f1", "7", booked_month="2026-03")])["li"]
    assert found["total"] == "-2"
    assert "adjustments" not in found["lines"][0]


def test_booked_before_its_month_is_refused() -> None:
    assert refused(request([finding("f1", "7", booked_month="2026-02")])).keys() == {"/findings/0/booked_month"}


def test_a_bonus_and_a_flag_come_where_they_are_booked() -> None:
    late = [
        finding("f1", "B1", "2026-01-10", booked_month="2026-03", points={"director": "2", "administrator": "1"}),
        finding("f2", "18", "2026-01-10", booked_month="2026-03", parties=["sun"]),
    ]
    found = of(late)
    assert (found["li"]["bonuses"], found["sun"]["flags"]) == ("2", ["finding"])
    assert found["li"]["lines"][0]["adjustments"] == [{"month": "2026-01", "finding": "f1", "points": "2"}]
    assert of(late, "2026-01")["sun"]["flags"] == []


def test_extras_of_an_adjustment_stand_apart() -> None:
    late = [finding("f1", "9", "2026-01-10", booked_month="2026-03", parties=["wang"], doubled=True)]
    document = request([finding("f0", "9", "2026-01-01"), *late])
    wang = answered(document, explained=True)["people"][1]
    (charge,) = wang["lines"][0]["charges"]
    assert [charge[name] for name in ("base", "party_extra", "points")] == ["-2", "-2", "-4"]


def test_an_extra_for_the_severity_stands_apart_too() -> None:
    late = finding("f1", "40", "2026-02-10", booked_month="2026-03", severity="serious", quantity=3)
    li = answered(request([late]), explained=True)["people"][0]
    [charge] = li["lines"][0]["charges"]
    assert (charge["base"], charge["severity_extra"], charge["party_extra"], charge["points"]) == ("-1.5", "-2", "0", "-3.5")
