"""Every item of D2 by its number: the points of one finding, and who is charged."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.tally.estate import BOOK, decided, finding, lines, metric, of, refused, request, totals
from tests.tally.regulation import EVERY, FOUND, Entry

Check = Callable[[], None]
EXAMPLES: dict[str, Check] = {}


def example(*items: str) -> Callable[[Check], Check]:
    """Register a test as the example for items of D2."""

    def register(check: Check) -> Check:
        for item in items:
            assert item not in EXAMPLES
            EXAMPLES[item] = check
        return check

    return register


def costs(item: str, director: str, administrator: str) -> None:
    """Assert that one finding in A1 charges the director and A1's administrator, and nobody else."""
    found = of([finding("f1", item)])
    assert {login: one["total"] for login, one in found.items()} == {
        "li": director,
        "wang": administrator,
        "zhao": "0",
        "sun": "0",
    }
    assert lines(found["li"]) == {item: (1, director)}
    assert lines(found["wang"]) == {item: (1, administrator)}
    assert found["zhao"]["lines"] == found["sun"]["lines"] == []


def costs_from(item: str, first: int, director: str, administrator: str) -> None:
    """Assert that units below the threshold cost nothing, and the unit that reaches it and each further one cost points."""
    one_below = [finding(f"f{number}", item, f"2026-03-{number:02}") for number in range(1, first)]
    assert totals(one_below) == {}
    assert lines(of(one_below)["li"]) == {item: (first - 1, "0")}
    at = [*one_below, finding("last", item, "2026-03-30")]
    assert totals(at) == {"li": director, "wang": administrator}
    above = [*at, finding("more", item, "2026-03-31", quantity=2)]
    assert totals(above) == {"li": str(Decimal(director) * 3), "wang": str(Decimal(administrator) * 3)}


def costs_parties(item: str, director: str, administrator: str) -> None:
    """Assert that only the parties are charged, wherever it happened, each by their column; staff by the administrator's."""
    assert refused(request([finding("f1", item)])).keys() == {"/findings/0/parties"}
    for area in ("A1", "A2", None):
        assert totals([finding("f1", item, area=area, parties=["wang"])]) == {"wang": administrator}
    assert totals([finding("f1", item, parties=["li", "sun"])]) == {"li": director, "sun": administrator}


def dismisses(item: str) -> None:
    """Assert that no points are charged and the parties are flagged."""
    assert refused(request([finding("f1", item)])).keys() == {"/findings/0/parties"}
    found = of([finding("f1", item, parties=["wang"])])
    assert {login: (one["total"], one["flags"]) for login, one in found.items()} == {
        "li": ("0", []),
        "wang": ("0", ["finding"]),
        "zhao": ("0", []),
        "sun": ("0", []),
    }
    assert lines(found["wang"]) == {item: (1, "0")}
    assert found["li"]["lines"] == []


def earns_decided(item: str) -> None:
    """Assert that points decided on approval go to those who answer, or to the parties alone if any are named."""
    given = decided("2", "1.5")
    assert refused(request([finding("f1", item, parties=["wang"])])).keys() == {"/findings/0/points"}
    assert totals([finding("f1", item, points=given)]) == {"li": "2", "wang": "1.5"}
    assert totals([finding("f1", item, points=given, parties=["zhao"])]) == {"zhao": "1.5"}
    assert totals([finding("f1", item, points=given, parties=["sun"], quantity=2)]) == {"sun": "3"}


def earns_party(item: str) -> None:
    assert "/findings/0/parties" in refused(request([finding("f1", item, points=decided("2", "1.5"))]))
    assert totals([finding("f1", item, points=decided("2", "1.5"), parties=["li", "zhao"])]) == {"li": "2", "zhao": "1.5"}


@example("1", "2", "30", "41")
def party_items_of_two_and_one() -> None:
    for item in ("1", "2", "30", "41"):
        costs_parties(item, "-2", "-1")


@example("3", "33")
def one_point_for_both() -> None:
    for item in ("3", "33"):
        costs(item, "-1", "-1")


@example("4")
def area_not_clean() -> None:
    costs_from("4", 3, "-0.5", "-0.5")


@example("5", "11", "15", "28", "32")
def from_the_third() -> None:
    for item in ("5", "11", "15", "28", "32"):
        costs_from(item, 3, "-1", "-0.5")
    grave = of([finding("f1", "11", severity="serious_complaint", parties=["wang"], quantity=5)])
    assert {login: (one["total"], one["flags"]) for login, one in grave.items() if one["flags"]} == {"wang": ("0", ["finding"])}
    assert grave["li"]["total"] == "0"


@example("6", "7", "8", "16", "19", "26", "31", "34", "35")
def two_and_one() -> None:
    for item in ("6", "7", "8", "16", "19", "26", "31", "34", "35"):
        costs(item, "-2", "-1")


@example("9")
def complaint_to_the_company() -> None:
    costs_from("9", 2, "-1", "-1")
    assert totals([finding("f1", "9", parties=["wang"])]) == {"wang": "-1"}
    assert totals([finding("f1", "9", parties=["zhao", "sun"])]) == {"zhao": "-1", "sun": "-1"}
    twice = [finding("f1", "9"), finding("f2", "9", quantity=2, parties=["wang"])]
    assert totals(twice) == {"li": "-2", "wang": "-3"}


@example("10", "12")
def five_and_three() -> None:
    for item in ("10", "12"):
        costs(item, "-5", "-3")
    assert refused(request([finding("f1", "10", severity="egregious")])).keys() == {"/findings/0/parties"}
    found = of([finding("f1", "10", severity="egregious", parties=["sun"])])
    assert {login: (one["total"], one["flags"]) for login, one in found.items()} == {
        "li": ("-5", []),
        "wang": ("-3", []),
        "zhao": ("0", []),
        "sun": ("0", ["finding"]),
    }


@example("13")
def renovation_overdue() -> None:
    assert refused(request([finding("f1", "13")])).keys() == {"/findings/0/overdue_days"}
    expected = {0: "0", 2: "0", 3: "-1", 5: "-1", 6: "-2", 29: "-9", 30: "-10"}
    for days, points in expected.items():
        found = of([finding("f1", "13", overdue_days=days)])
        assert lines(found["li"]) == {"13": (1, points)}
        assert Decimal(found["wang"]["total"]) == Decimal(points) / 2
    assert lines(of([finding("f1", "13", overdue_days=6, quantity=3)])["li"]) == {"13": (3, "-6")}
    beyond = of([finding("f1", "13", overdue_days=31)])
    assert lines(beyond["li"]) == {"14": (1, "-10")}
    assert lines(beyond["wang"]) == {"14": (1, "-8")}


@example("14")
def renovation_not_rectified() -> None:
    costs("14", "-10", "-8")
    both = of([finding("f1", "13", overdue_days=40), finding("f2", "14")])
    assert lines(both["li"]) == {"14": (2, "-20")}


@example("17")
def slippers_on_duty() -> None:
    costs_from("17", 3, "-1", "-0.5")
    assert totals([finding("f1", "17", parties=["wang", "zhao", "sun", "li"])]) == dict.fromkeys(
        ("wang", "zhao", "sun", "li"), "-2"
    )
    third = [finding(f"f{n}", "17") for n in range(3)]
    assert totals([*third, finding("f4", "17", quantity=2, parties=["wang"])]) == {"li": "-3", "wang": "-3.5"}


@example("18")
def private_grudge() -> None:
    dismisses("18")


@example("20")
def accident_severe() -> None:
    dismisses("20")
    assert of([finding("f1", "20", parties=["wang"])])["wang"]["notices"] == ["referred"]


@example("21")
def violation_not_handled() -> None:
    costs("21", "-3", "-1")


@example("22")
def vehicle_park() -> None:
    for quantity, points in {1: "0", 2: "0", 3: "-1.5", 4: "-2"}.items():
        found = of([finding("f1", "22", quantity=quantity)])
        assert lines(found["li"]) == lines(found["wang"]) == {"22": (quantity, points)}
    twice_two = [finding("f1", "22", quantity=2), finding("f2", "22", quantity=2)]
    assert totals(twice_two) == {}
    assert totals([*twice_two, finding("f3", "22", quantity=3)]) == {"li": "-1.5", "wang": "-1.5"}


@example("23")
def theft() -> None:
    costs("23", "-3", "-2")
    below = of([finding("f1", "23", amount_fen=299_999)])
    assert lines(below["li"]) == {"23": (1, "-3")}
    at = of([finding("f1", "23", amount_fen=300_000)])
    assert lines(at["li"]) == {"24": (1, "-10")}
    assert lines(at["wang"]) == {"24": (1, "-8")}


@example("24")
def crime() -> None:
    costs("24", "-10", "-8")
    assert lines(of([finding("f1", "24", amount_fen=1)])["li"]) == {"24": (1, "-10")}


@example("25")
def major_case() -> None:
    costs("25", "-15", "-10")
    assert of([finding("f1", "25", severity="egregious", parties=["wang"])])["wang"]["flags"] == ["finding"]
    assert of([finding("f1", "26", severity="egregious", parties=["wang"])])["wang"]["flags"] == ["finding"]


@example("27")
def loiterers() -> None:
    costs("27", "-0.5", "-0.5")
    assert totals([finding("f1", "27", quantity=4)]) == {"li": "-2", "wang": "-2"}


@example("29")
def tips() -> None:
    assert refused(request([finding("f1", "29")])).keys() == {"/findings/0/parties"}
    found = of([finding("f1", "29", parties=["wang"])])
    assert (found["wang"]["total"], found["wang"]["flags"], found["wang"]["notices"]) == ("0", [], ["referred"])
    assert lines(found["wang"]) == {"29": (1, "0")}
    assert found["li"]["lines"] == found["li"]["notices"] == []


@example("36")
def quarrel() -> None:
    costs("36", "-2", "-1")
    assert totals([finding("f1", "36", parties=["wang", "sun"])]) == {"li": "-2", "wang": "-4", "sun": "-3"}
    assert totals([finding("f1", "36", quantity=2, parties=["wang"])]) == {"li": "-4", "wang": "-5"}


@example("37")
def rumours() -> None:
    costs_parties("37", "-5", "-3")
    found = of([finding("f1", "37", severity="egregious", parties=["sun"])])["sun"]
    assert (found["total"], found["flags"]) == ("-3", ["finding"])


@example("38")
def criticised() -> None:
    costs_parties("38", "-3", "-2")


@example("39")
def fee_collection() -> None:
    assert totals([], metrics=[metric("fee_collection_rate", "2026-Q1", "0.9499")]) == {"li": "-2", "wang": "-1", "zhao": "-1"}
    assert totals([], metrics=[metric("fee_collection_rate", "2026-Q1", "0.95")]) == {}
    assert totals([], "2026-02", metrics=[metric("fee_collection_rate", "2026-Q1", "0.1")]) == {}
    found = of([], metrics=[metric("fee_collection_rate", "2026-Q1", "0.94", "A1")])
    assert lines(found["wang"]) == {"39": (1, "-1")}
    assert (found["li"]["total"], found["zhao"]["total"]) == ("-2", "0")


@example("40")
def meter() -> None:
    costs("40", "-0.5", "-0.5")
    assert totals([finding("f1", "40", quantity=3)]) == {"li": "-1.5", "wang": "-1.5"}
    assert totals([finding("f1", "40", quantity=3, severity="serious", parties=["sun"])]) == {"li": "-3.5", "wang": "-3.5"}


@example("42")
def diary() -> None:
    costs_parties("42", "-1", "-1")


@example("43")
def permits() -> None:
    for name, below, at in (("rented_permit_rate", "0.849", "0.85"), ("resident_card_rate", "0.899", "0.90")):
        assert totals([], metrics=[metric(name, "2026-03", below)]) == {"li": "-2", "wang": "-1", "zhao": "-1"}
        assert totals([], metrics=[metric(name, "2026-03", at)]) == {}
    both = [metric("rented_permit_rate", "2026-03", "0.5"), metric("resident_card_rate", "2026-03", "0.5")]
    found = of([], metrics=both)
    assert lines(found["li"]) == {"43": (1, "-2")}
    for value, notices in (("0.5999", ["temporary_card_rate"]), ("0.6", [])):
        found = of([], metrics=[metric("temporary_card_rate", "2026-03", value, "A1")])
        assert {login: (one["total"], one["notices"]) for login, one in found.items()} == {
            "li": ("0", notices),
            "wang": ("0", notices),
            "zhao": ("0", []),
            "sun": ("0", []),
        }


@example("44")
def satisfaction() -> None:
    for value, expected in (("0.79", {"li": "-5", "wang": "-3", "zhao": "-3"}), ("0.8", {})):
        assert totals([], "2026-12", metrics=[metric("resident_satisfaction", "2026", value)]) == expected
    assert totals([], "2026-11", metrics=[metric("resident_satisfaction", "2026", "0.1")]) == {}


@example("45")
def doubled() -> None:
    assert refused(request([finding("f1", "45")])).keys() == {"/findings/0/item"}
    assert totals([finding("f1", "7", doubled=True)]) == {"li": "-4", "wang": "-2"}
    assert totals([finding("f1", "36", doubled=True, parties=["wang"])]) == {"li": "-4", "wang": "-8"}
    assert totals([finding("f1", "40", doubled=True, severity="serious")]) == {"li": "-5", "wang": "-5"}
    assert totals([finding("f1", "4", doubled=True, quantity=2)]) == {}
    found = of([finding("f1", "4", "2026-03-01", quantity=2), finding("f2", "4", "2026-03-02", doubled=True)])
    assert lines(found["li"]) == {"4": (3, "-1")}
    assert totals([finding("f1", "22", doubled=True, quantity=2)]) == {}


@example("46")
def other_rules() -> None:
    assert refused(request([finding("f1", "46")])).keys() == {"/findings/0/points"}
    assert totals([finding("f1", "46", points=decided("1.5", "0.5"))]) == {"li": "-1.5", "wang": "-0.5"}
    assert totals([finding("f1", "46", points=decided("1.5", "0.5"), quantity=2, parties=["sun"])]) == {"li": "-3", "wang": "-1"}


@example("B1", "B2", "B3", "B6")
def praise() -> None:
    for item in ("B1", "B2", "B3", "B6"):
        earns_decided(item)


@example("B4", "B7")
def merit_of_a_party() -> None:
    for item in ("B4", "B7"):
        earns_party(item)


@example("B5")
def economic_benefit() -> None:
    earns_decided("B5")
    found = of([finding("f1", "B5", amount_fen=1_000_000, parties=["wang"])])
    assert (found["wang"]["total"], found["wang"]["notices"]) == ("0", ["commission"])
    assert lines(found["wang"]) == {"B5": (1, "0")}
    both = finding("f1", "B5", amount_fen=1_000_000, points=decided("1", "1"))
    assert refused(request([both])).keys() == {"/findings/0/points"}


@example("B8")
def registers_correct() -> None:
    assert totals([], metrics=[metric("register_check_errors", "2026-03", "0")]) == {"li": "0.5", "wang": "0.5", "zhao": "0.5"}
    assert totals([], metrics=[metric("register_check_errors", "2026-03", "1")]) == {}
    assert totals([]) == {}
    assert totals([], metrics=[metric("register_check_errors", "2026-02", "0")]) == {}


@example("B9")
def permits_complete() -> None:
    marks = {"rented_permit_rate": "0.98", "temporary_card_rate": "0.95", "resident_card_rate": "1"}
    short = {"rented_permit_rate": "0.979", "temporary_card_rate": "0.949", "resident_card_rate": "0.999"}
    reached = [metric(name, "2026-03", value) for name, value in marks.items()]
    assert totals([], metrics=reached) == {"li": "0.5", "wang": "0.5", "zhao": "0.5"}
    for number, name in enumerate(marks):
        assert totals([], metrics=reached[:number] + reached[number + 1 :]) == {}
        failing = [metric(name, "2026-03", short[name]), *(one for one in reached if one["name"] != name)]
        assert totals([], metrics=failing) == {}


@pytest.mark.parametrize("item", list(EVERY))
def test_item(item: str) -> None:
    EXAMPLES[item]()


def test_no_item_is_missing() -> None:
    numbers = [*map(str, range(1, 47)), *(f"B{number}" for number in range(1, 10))]
    assert set(EXAMPLES) == set(numbers) == set(BOOK.items)
    assert list(BOOK.items) == numbers


@pytest.mark.parametrize("item", list(EVERY))
def test_the_rule_book_says_what_the_regulation_says(item: str) -> None:
    entry, ours = EVERY[item], BOOK.items[item]
    points = (float(ours.points.director), float(ours.points.administrator)) if ours.points else (0, 0)
    said = Entry(*points, ours.counting.value, ours.threshold or 1, ours.charged.value == "parties", int(ours.party_extra))
    assert said == entry


@pytest.mark.parametrize("item", FOUND)
@pytest.mark.parametrize("severity", ["egregious", "serious", "serious_complaint"])
def test_any_other_severity_is_refused(item: str, severity: str) -> None:
    known = {("10", "egregious"), ("25", "egregious"), ("26", "egregious"), ("37", "egregious")}
    known |= {("11", "serious_complaint"), ("40", "serious")}
    facts = finding("f1", item, severity=severity, parties=["wang"])
    facts |= {"overdue_days": 1} if item == "13" else {}
    facts |= {"points": decided("1", "1")} if EVERY[item].rule == "decided" else {}
    if (item, severity) in known:
        of([facts])
    else:
        assert refused(request([facts])).keys() == {"/findings/0/severity"}
