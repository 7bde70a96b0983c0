"""The rule book's demands on a finding, item by item."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.kernel.errors import InvalidInput
from domain.kernel.periods import Month, Period
from domain.kernel.terms import WaiveReason
from domain.rules.scorecard import Counting, Item, Points, Severity
from domain.tally.facts import ConfirmedFinding, Metric
from domain.tally.figure_rules import wrong_figure
from domain.tally.finding_rules import checked, stands_alone, takes, waive_reasons
from tests.tally.estate import BOOK, messages

DAY = date(2026, 3, 4)
POINTS = Points(director="1", administrator="0.5")
"""Decided by hand."""
SAID: dict[str, Any] = {
    "severity": Severity.EGREGIOUS, "doubled": True, "overdue_days": 3, "amount_fen": 100, "points": POINTS,
}  # fmt: skip


def whole(item: Item) -> ConfirmedFinding:
    """A finding with exactly what its item needs."""
    return ConfirmedFinding(
        "f1", item.code, DAY, "A1", parties=("wang",),
        overdue_days=3 if item.counting is Counting.OVERDUE else None,
        points=POINTS if item.counting is Counting.DECIDED else None,
    )  # fmt: skip


def refused(finding: ConfirmedFinding, *, undecided: bool = False) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        checked(BOOK, finding, undecided=undecided)
    return messages(refusal.value.errors)


ALONE = [code for code, item in BOOK.items.items() if stands_alone(item)]


def test_metrics_and_the_doubling_have_no_findings_of_their_own() -> None:
    assert [code for code, item in BOOK.items.items() if not stands_alone(item)] == ["39", "43", "44", "45", "B8", "B9"]
    assert refused(whole(BOOK.items["43"])) == {
        "/item": "item 43: this is charged from the metrics (rented_permit_rate, resident_card_rate), not from a finding"
    }
    assert refused(whole(BOOK.items["45"])) == {
        "/item": "item 45: this item has no findings; set doubled = true on the finding of the item inspected"
    }


@pytest.mark.parametrize("code", ALONE)
def test_what_an_item_takes_is_accepted_and_everything_else_refused_by_name(code: str) -> None:
    item = BOOK.items[code]
    checked(BOOK, whole(item))
    severity = next(iter(item.severities), Severity.EGREGIOUS)
    for name, value in {**SAID, "severity": severity}.items():
        said = replace(whole(item), **{name: value})
        if name == "amount_fen" and item.commission is not None:
            said = replace(said, points=None)
        if name in takes(item):
            checked(BOOK, said)
        else:
            assert list(refused(said)) == [f"/{name}"]


def test_which_items_take_what() -> None:
    by_name = {name: [code for code in ALONE if name in takes(BOOK.items[code])] for name in SAID}
    assert by_name == {
        "severity": ["10", "11", "25", "26", "37", "40"],
        "doubled": [code for code in ALONE if not code.startswith("B")],
        "overdue_days": ["13"],
        "amount_fen": ["23", "24", "B5"],
        "points": ["46", "B1", "B2", "B3", "B4", "B5", "B6", "B7"],
    }


def test_what_is_decided_by_hand_may_be_open_until_then() -> None:
    without = replace(whole(BOOK.items["46"]), points=None)
    said = "item 46: the points of this item are decided by hand; give them for director and administrator"
    assert refused(without) == {"/points": said}
    checked(BOOK, without, undecided=True)
    assert list(refused(replace(without, overdue_days=1), undecided=True)) == ["/overdue_days"]
    assert refused(replace(whole(BOOK.items["B5"]), amount_fen=100)) == {
        "/points": "item B5: with an amount this item earns a commission and no points; give one of the two"
    }


def test_everything_wrong_is_told_in_words() -> None:
    wrong = replace(whole(BOOK.items["B7"]), parties=(), severity=Severity.SERIOUS, overdue_days=1, amount_fen=1, doubled=True)
    assert refused(wrong) == {
        "/severity": "item B7: 'serious' is not a severity of this item; known: normal",
        "/overdue_days": "item B7: this item takes no days overdue",
        "/amount_fen": "item B7: this item takes no amount",
        "/doubled": "item B7: only deductions can be doubled",
    }
    assert refused(replace(whole(BOOK.items["7"]), points=POINTS)) == {
        "/points": "item 7: the rule book fixes the points of this item"
    }
    assert refused(replace(whole(BOOK.items["13"]), overdue_days=None)) == {"/overdue_days": "item 13: give the days overdue"}
    assert refused(replace(whole(BOOK.items["7"]), item="99"))["/item"].startswith(
        "no such item in rule book 'default'; known: 1, 2,"
    )
    egregious = replace(whole(BOOK.items["10"]), parties=(), severity=Severity.EGREGIOUS)
    for unnamed in (egregious, replace(whole(BOOK.items["30"]), parties=())):
        said = "name the parties directly involved; they alone are charged or flagged"
        assert refused(unnamed) == {"/parties": f"item {unnamed.item}: {said}"}
    checked(BOOK, replace(egregious, severity=Severity.NORMAL))


def test_only_some_items_are_waived_because_the_office_handled_them() -> None:
    """自行处理除外 (D2 17)."""
    every = tuple(WaiveReason)
    others = tuple(reason for reason in every if reason is not WaiveReason.SELF_HANDLED)
    handled = [code for code, item in BOOK.items.items() if waive_reasons(item) == every]
    assert handled == ["17"]
    assert {waive_reasons(item) for code, item in BOOK.items.items() if code not in handled} == {others}
    assert waive_reasons(None) == others


def test_an_item_s_severities_are_named() -> None:
    assert refused(replace(whole(BOOK.items["11"]), severity=Severity.SERIOUS)) == {
        "/severity": "item 11: 'serious' is not a severity of this item; known: normal, serious_complaint"
    }


def test_decided_unless_it_is_said_that_it_is_not() -> None:
    with pytest.raises(InvalidInput, match="decided by hand"):
        checked(BOOK, replace(whole(BOOK.items["46"]), points=None))


def test_an_adjustment_is_booked_later() -> None:
    early = replace(whole(BOOK.items["7"]), booked=Month(2026, 2))
    assert refused(early) == {"/booked_month": "an adjustment is booked in a month after that of its date, 2026-03"}
    for month in (3, 4):
        checked(BOOK, replace(early, booked=Month(2026, month)))


def test_what_is_wrong_with_a_figure_is_told_in_words() -> None:
    march = Period.parse("2026-03")
    wrong = {
        ("rate", "2026-03", "0.9"): {"/name": f"no such metric; known: {', '.join(BOOK.metrics)}"},
        ("fee_collection_rate", "2026-03", "0.9"): {"/period": "fee_collection_rate is reported per quarter"},
        ("register_check_errors", "2026-03", "1.5"): {"/value": "register_check_errors is a count; write a whole number"},
        ("temporary_card_rate", "2026-03", "1.0001"): {"/value": "a rate is a share from 0 to 1; write 95 % as 0.95"},
        ("resident_card_rate", "2026-03", "90"): {"/value": "a rate is a share from 0 to 1; write 95 % as 0.95"},
    }
    for (name, period, value), said in wrong.items():
        assert messages(list(wrong_figure(BOOK, Metric(name, Period.parse(period), Decimal(value))))) == said
    [nested] = wrong_figure(BOOK, Metric("rate", march, Decimal(1)), "/metrics/0")
    assert nested.pointer == "/metrics/0/name"
