"""Who is charged: by area, by party, by the post held on the day."""

from decimal import Decimal

import pytest

from tests.tally.estate import Document, answered, assigned, finding, held, lines, metric, of, people, refused, request, totals
from tests.tally.generating import MOVING


def moved(findings: list[Document], **more: object) -> dict[str, str]:
    """Totals where posts and areas change mid-month."""
    found = people(request(findings, **more) | {"people": MOVING})
    return {login: one["total"] for login, one in found.items() if one["total"] != "0"}


@pytest.mark.parametrize(
    ("date", "area", "expected"),
    [
        ("2026-03-07", "A1", {"li": "-2", "wang": "-1"}),
        ("2026-03-07", "A2", {"li": "-2", "zhao": "-1"}),
        ("2026-03-08", "A2", {"li": "-2", "wang": "-1", "zhao": "-1"}),
        ("2026-03-10", "A1", {"li": "-2", "wang": "-1"}),
        ("2026-03-11", "A1", {"li": "-2"}),
        ("2026-03-15", "A2", {"li": "-2", "wang": "-1", "zhao": "-1"}),
        ("2026-03-15", "A3", {"li": "-2", "zhao": "-1"}),
        ("2026-03-16", "A3", {"li": "-2"}),
        ("2026-03-20", "A2", {"li": "-2", "wang": "-1"}),
        ("2026-03-21", "A2", {"wang": "-2"}),
        ("2026-03-21", "A9", {"wang": "-2"}),
        ("2026-03-20", None, {"li": "-2"}),
    ],
)
def test_posts_and_areas_of_the_day(date: str, area: str | None, expected: dict[str, str]) -> None:
    """The last day of an assignment counts. A director answers everywhere, an administrator in the areas held on that day."""
    assert moved([finding("f1", "7", date, area)]) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-03-15", {"li": "-2", "wang": "-1", "zhao": "-1", "sun": "-1"}),
        ("2026-03-20", {"li": "-2", "wang": "-1", "zhao": "-1", "sun": "-1"}),
        ("2026-03-21", {"li": "-1", "wang": "-2", "zhao": "-1", "sun": "-1"}),
    ],
)
def test_parties_by_the_column_of_their_post_that_day(date: str, expected: dict[str, str]) -> None:
    assert moved([finding("f1", "30", date, parties=["li", "wang", "zhao", "sun"])]) == expected


def test_the_post_shown_is_the_last_one_of_the_month() -> None:
    shown = {login: one["post"] for login, one in people(request([]) | {"people": MOVING}).items()}
    assert shown == {"li": "staff", "wang": "director", "zhao": "staff", "sun": "staff"}
    before = {login: one["post"] for login, one in people(request([], "2026-02") | {"people": MOVING}).items()}
    assert before == {"li": "director", "wang": "administrator", "zhao": "administrator", "sun": "staff"}


def test_the_post_shown_is_none_where_none_was_held_in_the_month() -> None:
    went = {"login": "qian", "posts": [held("staff", "2025-01-01", "2026-02-28"), held("director", "2026-04-01")]}
    assert people(request([]) | {"people": [went]})["qian"]["post"] is None
    there = {"login": "qian", "posts": [held("staff", "2025-01-01", "2026-03-01")]}
    assert people(request([]) | {"people": [there]})["qian"]["post"] == "staff"
    coming = {"login": "qian", "posts": [held("staff", "2026-03-31")]}
    assert people(request([]) | {"people": [coming]})["qian"]["post"] == "staff"


def test_prices_follow_the_post_of_each_finding() -> None:
    """Within a month, wang pays for an item as administrator and then as director; the count continues."""
    found = [finding(f"f{n}", "4", date, "A2", quantity=2) for n, date in enumerate(("2026-03-20", "2026-03-21"))]
    assert moved(found) == {"wang": "-1"}
    found = [finding(f"f{n}", "11", date, "A2", quantity=2) for n, date in enumerate(("2026-03-09", "2026-03-20", "2026-03-21"))]
    assert moved(found) == {"li": "-2", "wang": "-3"}


def test_counting_is_per_person() -> None:
    """Two findings in A1 and one in A2 reach a threshold of three for the director, but for neither administrator."""
    three = [finding("f1", "4", area="A1"), finding("f2", "4", area="A1"), finding("f3", "4", area="A2")]
    assert totals(three) == {"li": "-0.5"}
    found = of(three)
    assert [lines(found[login])["4"] for login in ("li", "wang", "zhao")] == [(3, "-0.5"), (2, "0"), (1, "0")]


def test_a_quantity_may_straddle_the_threshold() -> None:
    assert totals([finding("f1", "4", quantity=3)]) == {"li": "-0.5", "wang": "-0.5"}
    assert totals([finding("f1", "4", quantity=2), finding("f2", "4", quantity=2)]) == {"li": "-1", "wang": "-1"}


def test_what_is_free_is_what_came_first() -> None:
    """Free units are the first by date, and on one day by id (f2 before f10), in whatever order the findings are given."""
    early, late = finding("f2", "4", "2026-03-01", quantity=2), finding("f1", "4", "2026-03-02", doubled=True)
    assert totals([early, late]) == totals([late, early]) == {"li": "-1", "wang": "-1"}
    early, late = finding("f2", "4", "2026-03-02", quantity=2), finding("f1", "4", "2026-03-01", doubled=True)
    assert totals([early, late]) == totals([late, early]) == {"li": "-0.5", "wang": "-0.5"}
    same, after = finding("f2", "4", quantity=2), finding("f10", "4", doubled=True)
    assert totals([same, after]) == totals([after, same]) == {"li": "-1", "wang": "-1"}


def test_findings_and_tickets_of_a_line_come_by_date() -> None:
    found = of(
        [
            finding("f3", "7", "2026-03-09", tickets=["t3", "t1"]),
            finding("f1", "7", "2026-03-02", tickets=["t1", "t2"]),
            finding("f2", "7", "2026-03-01", area="A2", tickets=["t9"]),
        ]
    )
    (line,) = found["wang"]["lines"]
    assert (line["findings"], line["tickets"]) == (["f1", "f3"], ["t1", "t2", "t3"])
    (line,) = found["li"]["lines"]
    assert (line["findings"], line["tickets"]) == (["f2", "f1", "f3"], ["t9", "t1", "t2", "t3"])


def test_staff_listed_for_an_area_answer_for_nothing() -> None:
    found = people(request([finding("f1", "7")]) | {"people": MOVING})
    assert found["sun"]["lines"] == []


def test_no_director_no_administrator() -> None:
    alone = {"login": "sun", "posts": [held("staff")]}
    assert people(request([finding("f1", "7")]) | {"people": [alone]})["sun"]["total"] == "0"
    assert answered(request([finding("f1", "7")]) | {"people": []})["people"] == []


def test_two_directors_both_answer() -> None:
    two = [{"login": login, "posts": [held("director")]} for login in ("li", "zhou")]
    found = people(request([finding("f1", "7", area=None)]) | {"people": two})
    assert [one["total"] for one in found.values()] == ["-2", "-2"]


def test_a_party_without_a_post_that_day_is_refused() -> None:
    later = [{"login": "qian", "posts": [held("administrator", "2026-03-05")]}]
    wrong = refused(request([finding("f0", "7"), finding("f1", "30", parties=["qian"])]) | {"people": later})
    assert wrong.keys() == {"/findings/1/parties/0"}
    assert "qian" in wrong["/findings/1/parties/0"]
    assert people(request([finding("f1", "30", "2026-03-05", parties=["qian"])]) | {"people": later})["qian"]["total"] == "-1"
    # Nothing needs a column: an extra, a flag, or another month's finding.
    for one in (
        finding("f1", "9", parties=["qian"]),
        finding("f1", "18", parties=["qian"]),
        finding("f1", "30", "2026-02-05", parties=["qian"]),
    ):
        people(request([one]) | {"people": later})
    late = finding("f1", "30", "2026-02-05", parties=["qian"], booked_month="2026-03")
    assert refused(request([late]) | {"people": later}).keys() == {"/findings/0/parties/0"}
    beside = [finding("f0", "30", "2026-02-05", parties=["qian"]), finding("f1", "7", "2026-02-06", booked_month="2026-03")]
    assert refused(request(beside) | {"people": later}).keys() == {"/findings/0/parties/0"}
    given = finding("f1", "B1", parties=["qian"], points={"director": "1", "administrator": "1"})
    assert refused(request([given]) | {"people": later}).keys() == {"/findings/0/parties/0"}


@pytest.mark.parametrize(
    ("area", "expected"),
    [(None, {"wang": "-2"}), ("A1", {"wang": "-2"}), ("A2", {"wang": "-2"}), ("A3", {"wang": "-2"})],
)
def test_a_metric_is_charged_by_the_last_day(area: str | None, expected: dict[str, str]) -> None:
    """On 31 March wang is director; zhao still has areas but is no longer an administrator."""
    figures = [metric("fee_collection_rate", "2026-Q1", "0.9", area)]
    assert moved([], metrics=figures) == expected


def test_a_metric_is_of_whoever_has_an_area_on_the_last_day() -> None:
    staff = [
        {"login": "a", "posts": [held("administrator")], "areas": [assigned("A1", end="2026-03-31")]},
        {"login": "b", "posts": [held("administrator")], "areas": [assigned("A1", end="2026-03-30")]},
        {"login": "c", "posts": [held("administrator", end="2026-03-30")], "areas": [assigned("A1")]},
        {"login": "d", "posts": [held("administrator")], "areas": [assigned("A2", "2026-03-31")]},
        {"login": "e", "posts": [held("staff")], "areas": [assigned("A1")]},
        {"login": "f", "posts": [held("director", end="2026-03-30")], "areas": []},
    ]
    for area, expected in ((None, {"a", "d"}), ("A1", {"a"}), ("A2", {"d"})):
        found = people(request([], metrics=[metric("rented_permit_rate", "2026-03", "0.1", area)]) | {"people": staff})
        assert {login for login, one in found.items() if one["total"] == "-1"} == expected
        assert {login for login, one in found.items() if one["lines"]} == expected


def test_metrics_of_several_areas() -> None:
    """One failing figure costs once; a bonus needs every figure of one's own."""
    rates = [metric("fee_collection_rate", "2026-Q1", "0.9", "A1"), metric("fee_collection_rate", "2026-Q1", "0.8", "A2")]
    assert totals([], metrics=rates) == {"li": "-2", "wang": "-1", "zhao": "-1"}
    assert totals([], metrics=[rates[0], metric("fee_collection_rate", "2026-Q1", "0.99", "A2")]) == {"li": "-2", "wang": "-1"}
    checks = [metric("register_check_errors", "2026-03", "0", "A1"), metric("register_check_errors", "2026-03", "2", "A2")]
    assert totals([], metrics=checks) == {"wang": "0.5"}
    assert totals([], metrics=checks[:1]) == {"li": "0.5", "wang": "0.5"}
    mixed = [
        metric("rented_permit_rate", "2026-03", "1", "A1"),
        metric("temporary_card_rate", "2026-03", "1"),
        metric("resident_card_rate", "2026-03", "1"),
    ]
    assert totals([], metrics=mixed) == {"li": "0.5", "wang": "0.5"}


def test_the_explanation_names_figures_and_column() -> None:
    document = request([], metrics=[metric("fee_collection_rate", "2026-Q1", "0.930", "A1")])
    li, wang, *_ = answered(document, explained=True)["people"]
    (charge,) = wang["lines"][0]["charges"]
    assert charge["metrics"] == [{"name": "fee_collection_rate", "period": "2026-Q1", "value": "0.93", "area": "A1"}]
    assert (charge["column"], charge["points"], wang["lines"][0]["clause"]) == ("administrator", "-1", "D2 扣罚项目 39")
    assert li["lines"][0]["charges"][0]["column"] == "director"


def test_why_minus_two() -> None:
    """A line is explained down to the finding: free units, the extra for severity and party, doubling."""
    third = [finding("f1", "17", "2026-03-01", quantity=2), finding("f2", "17", "2026-03-02", parties=["wang"], doubled=True)]
    _, wang, *_ = answered(request(third), explained=True)["people"]
    (line,) = wang["lines"]
    assert (line["points"], line["clause"]) == ("-5", "D2 扣罚项目 17")
    free, charged = line["charges"]
    assert (free["finding"], free["count"], free["free_units"], free["points"]) == ("f1", 2, 2, "0")
    parts = [charged[name] for name in ("base", "severity_extra", "party_extra", "points")]
    assert (charged["finding"], charged["free_units"], charged["doubled"], parts) == ("f2", 0, True, ["-1", "0", "-4", "-5"])
    assert (charged["answers"], charged["party"], charged["column"], charged["date"]) == (
        True,
        True,
        "administrator",
        "2026-03-02",
    )


def test_why_another_item() -> None:
    (li, *_) = answered(request([finding("f1", "23", amount_fen=300_000)]), explained=True)["people"]
    (charge,) = li["lines"][0]["charges"]
    assert (li["lines"][0]["item"], charge["recorded_as"], charge["amount_fen"]) == ("24", "23", 300_000)


@pytest.mark.parametrize(("fen", "expected"), [(1_000_000, 20_000), (24, None), (25, 1), (74, 1), (75, 2), (0, None)])
def test_a_commission_is_two_per_cent_to_the_fen(fen: int, expected: int | None) -> None:
    li, wang, *_ = answered(request([finding("f1", "B5", amount_fen=fen)]), explained=True)["people"]
    for person in (li, wang):
        assert person["lines"][0]["charges"][0].get("commission_fen") == expected
        assert person["notices"] == (["commission"] if expected else [])
        assert Decimal(person["total"]) == 0


def test_a_commission_is_told_to_whoever_answers_alone() -> None:
    found = of([finding("f1", "B5", amount_fen=100, parties=["sun"])])
    assert {login for login, one in found.items() if one["notices"]} == {"sun"}


def test_a_severity_that_is_not_charged_counts_for_nobody() -> None:
    found = of([finding("f1", "11", severity="serious_complaint"), finding("f2", "11", quantity=2)])
    assert lines(found["li"]) == {"11": (2, "0")}
    assert all(one["flags"] == [] for one in found.values())


def test_a_figure_s_charge_is_explained() -> None:
    """The community's figures come first, then by area; the people measured answer for them and are no parties."""
    reported = [metric("fee_collection_rate", "2026-Q1", "0.9", area) for area in ("A2", None, "A1")]
    explained = answered(request(metrics=reported), explained=True)["people"]
    [charge] = explained[0]["lines"][0]["charges"]
    assert [one["area"] for one in charge["metrics"]] == [None, "A1", "A2"]
    assert (charge["column"], charge["answers"], charge["party"], charge["count"]) == ("director", True, False, 1)


def test_a_severity_that_is_not_charged_is_answered_for_by_nobody() -> None:
    grave = finding("f1", "11", severity="serious_complaint", parties=["wang"])
    explained = {one["login"]: one for one in answered(request([grave]), explained=True)["people"]}
    [charge] = explained["wang"]["lines"][0]["charges"]
    assert (charge["answers"], charge["party"], charge["points"]) == (False, True, "0")


def test_lines_stand_by_number_deductions_before_warnings_before_bonuses() -> None:
    points = {"director": "1", "administrator": "1"}
    bonuses = [finding(f"b{n}", f"B{n}", f"2026-03-0{9 - n}", points=points, parties=["wang"]) for n in (7, 4, 1)]
    others = [finding("f10", "10"), finding("f9", "9", "2026-03-05", parties=["wang"]), finding("f2", "2", parties=["wang"])]
    warnings = [{"login": "wang", "date": f"2026-03-0{day}"} for day in (1, 2)]
    wang = people(request([*bonuses, *others], warnings=warnings))["wang"]
    assert list(lines(wang)) == ["2", "9", "10", "warnings", "B1", "B4", "B7"]


def test_what_is_not_charged_now_hides_nothing_that_is() -> None:
    """A party without a post, or an unknown one, is refused wherever the finding is in the list."""
    other_month = finding("f1", "30", "2026-01-05", parties=["wu"])
    wu = {"login": "wu", "posts": [], "areas": []}
    here = finding("f2", "30", parties=["wu"])
    said = "'wu' held no post on 2026-03-04, so it is unknown which column applies; give the post (or 'staff')"
    assert refused(request([other_month, here]) | {"people": [wu]}) == {"/findings/1/parties/0": said}
    assert refused(request([finding("f1", "7", parties=["wu"])])) == {"/findings/0/parties/0": "'wu' is not among the people"}
