"""Declared limits: the bounds of each kind of value, and the properties of rule book and tally parts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.kernel.periods import Month, Period
from domain.rules.pay_bands import HALF, Exact, HalfPoints, Share, Total, Words
from domain.rules.scorecard import (
    BonusCode,
    Charged,
    Conversion,
    Counting,
    DeductionCode,
    MetricTest,
    Name,
    RepeatRule,
    RuleBook,
    SeverityRule,
    Whole,
)
from domain.tally.charging import ZERO, Charge, Stake
from domain.tally.facts import ConfirmedFinding, Metric
from domain.tally.figure_rules import wrong_figure
from domain.tally.tally import Line
from tests.tally.estate import BOOK

LIMITS: list[tuple[Any, list[Any], list[Any]]] = [
    (Exact, ["-1.25", "0", 7, "1" * 12, Decimal("0.1")], ["1" * 13, 0.5, True, "1e3"]),
    (Total, ["-0.5", "0", "3.5", 3], ["0.25", "-1.1"]),
    (HalfPoints, ["0", "0.5", "400"], ["-0.5", "0.1"]),
    (Share, ["0", "0.95", "10"], ["-0.01", "10.01"]),
    (Words, ["扣", "字" * 400], ["", "字" * 401]),
    (Whole, [1, 1_000_000_000], [0, 1_000_000_001, 1.0, "1", True]),
    (Name, ["a", "a" + "b" * 60, "rate_2"], ["", "a" * 62, "Rate", "2rate", "_rate", "a-b"]),
    (DeductionCode, ["1", "999"], ["0", "01", "1000", "B1", ""]),
    (BonusCode, ["B1", "B999"], ["B0", "B01", "B1000", "1", "b1"]),
]


@pytest.mark.parametrize(("kind", "accepted", "refused"), LIMITS, ids=range(len(LIMITS)))
def test_the_limits_of_a_value(kind: Any, accepted: list[Any], refused: list[Any]) -> None:
    known: TypeAdapter[Any] = TypeAdapter(kind)
    for value in accepted:
        known.validate_python(value)
    for value in refused:
        with pytest.raises(ValidationError):
            known.validate_python(value)


def test_how_often_the_same_is_a_repeat() -> None:
    said = {"text": "连续犯", "reading": "三次"}
    for often, fits in ((1, False), (2, True), (100, True), (101, False), (2.0, False)):
        if fits:
            assert RepeatRule.model_validate({**said, "findings": often}).findings == often
        else:
            with pytest.raises(ValidationError):
                RepeatRule.model_validate({**said, "findings": often})


@pytest.mark.parametrize(
    ("version", "fits"), [("a", True), ("2" + "-" * 60, True), ("2" + "-" * 61, False), (".a", False), ("", False)]
)
def test_how_a_version_is_written(version: str, fits: bool) -> None:
    data = BOOK.model_dump(mode="json", by_alias=True)
    if fits:
        assert RuleBook.model_validate({**data, "version": version}).version == version
    else:
        with pytest.raises(ValidationError, match="version"):
            RuleBook.model_validate({**data, "version": version})


def test_one_pay_band_is_none() -> None:
    data = BOOK.model_dump(mode="json", by_alias=True)
    assert len(RuleBook.model_validate({**data, "pay_bands": data["pay_bands"][:2]}).pay_bands) == 2
    with pytest.raises(ValidationError, match="pay_bands"):
        RuleBook.model_validate({**data, "pay_bands": data["pay_bands"][:1]})


def test_what_is_left_out_means_nothing() -> None:
    plain = SeverityRule()
    assert (plain.dismiss, plain.charged, plain.party_required, plain.extra) == (False, True, False, 0)
    item = BOOK.items["7"]
    assert (item.charged, item.party_extra, item.severities, item.any, item.all) == (Charged.AREA, 0, {}, (), ())
    assert (item.takes_amount, item.referred, item.self_handled) == (False, False, False)
    assert (Conversion(to="1").over_days, Conversion(to="1").from_fen) == (None, None)
    assert not MetricTest(metric="rate").met(ZERO)
    assert (0, Decimal("0.5")) == (ZERO, HALF)


def test_a_rate_is_a_share() -> None:
    """It lies between 0 and 1; 95, meant in per cent, is refused."""
    march = Period.parse("2026-03")
    for value, fits in (("0", True), ("1", True), ("1.0001", False), ("95", False)):
        assert (not list(wrong_figure(BOOK, Metric("resident_card_rate", march, Decimal(value))))) is fits, value
    for value, fits in (("0", True), ("3", True), ("0.5", False)):
        assert (not list(wrong_figure(BOOK, Metric("register_check_errors", march, Decimal(value))))) is fits, value


def test_the_items_of_the_book() -> None:
    codes = [str(number) for number in range(1, 47)] + [f"B{number}" for number in range(1, 10)]
    assert list(BOOK.items) == codes
    assert [code for code in codes if BOOK.items[code].is_bonus] == codes[46:]
    assert [item.code for item in BOOK.measured] == [c for c in codes if BOOK.items[c].counting is Counting.METRIC]
    assert [item.code for item in BOOK.measured] == ["39", "43", "44", "B8", "B9"]


def test_what_is_read_off_a_charge_and_a_line() -> None:
    finding = ConfirmedFinding("f1", "7", date(2026, 3, 4), quantity=3)
    answering = Stake(finding, BOOK.items["7"], answers=True, party=False, post=None, price=ZERO)
    assert (answering.counted, replace(answering, answers=False).counted) == (3, 0)
    charge = Charge(None, Month(2026, 3), base=Decimal("1"), severity_extra=Decimal("2"), party_extra=Decimal("4.5"))
    late = replace(charge, adjustment=True)
    assert charge.points == Decimal("7.5")
    assert Line("7", "D2", 1, ZERO, (), (), (charge, late)).adjustments == (late,)
