"""The pay share at every half of a point, and at each edge by its clause (D2 五.1, 五.4)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.pay_bands import pay_share
from tests.tally.estate import BOOK, decided, finding, of
from tests.tally.oracle import share

EDGES = {
    "-30": "0.5",
    "-11": "0.5",
    "-10.5": "0.5",
    "-10": "0.8",
    "-9.5": "0.8",
    "-8": "0.8",
    "-7.5": "0.8",
    "-7": "0.9",
    "-6.5": "0.9",
    "-6": "0.9",
    "-5.5": "0.9",
    "-5": "0.95",
    "-4.5": "0.95",
    "-3.5": "0.95",
    "-3": "0.95",
    "-2.5": "1",
    "-0.5": "1",
    "0": "1",
    "1.5": "1",
    "2": "1.1",
    "2.5": "1.1",
    "3.5": "1.1",
    "4": "1.1",
    "4.5": "1.2",
    "5": "1.2",
    "30": "1.2",
}


@pytest.mark.parametrize("total", EDGES)
def test_edge(total: str) -> None:
    assert pay_share(BOOK.pay_bands, Decimal(total)) == Decimal(EDGES[total])


@pytest.mark.parametrize("total", EDGES)
def test_edge_on_a_tally(total: str) -> None:
    points = total.removeprefix("-")
    found = of([finding("f1", "46" if total.startswith("-") else "B1", points=decided(points, points))])
    for login in ("li", "wang"):
        assert (found[login]["total"], found[login]["pay_share"]) == (total, EDGES[total])
    assert (found["zhao"]["total"], found["zhao"]["pay_share"]) == ("0", "1")


@given(st.integers(-100, 100))
def test_every_half(halves: int) -> None:
    assert pay_share(BOOK.pay_bands, Decimal(halves) / 2) == Decimal(share(halves))


@given(st.integers(-100, 100), st.integers(-100, 100))
def test_a_better_total_never_earns_less(one: int, other: int) -> None:
    worse, better = sorted((one, other))
    assert pay_share(BOOK.pay_bands, Decimal(worse) / 2) <= pay_share(BOOK.pay_bands, Decimal(better) / 2)


def test_bonuses_and_deductions_are_set_off() -> None:
    found = of([finding("f1", "46", points=decided("5.5", "3")), finding("f2", "B1", points=decided("2.5", "2"))])
    assert [(found[login][name]) for login in ("li", "wang") for name in ("deductions", "bonuses", "total", "pay_share")] == [
        *("5.5", "2.5", "-3", "0.95"),
        *("3", "2", "-1", "1"),
    ]
