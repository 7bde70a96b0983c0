"""Every measure of ``make bench`` gives its rows on a small size; their values are of no interest here."""

from math import isnan

import pytest

from tests.benchmarks.__main__ import MEASURES
from tests.benchmarks.frame import Bench

pytestmark = [pytest.mark.anyio, pytest.mark.long]


@pytest.mark.parametrize("name", MEASURES)
async def test_a_measure_gives_its_rows(name: str) -> None:
    with Bench(tickets=400, few=150, rounds=1, seconds=0.5) as bench:
        rows = list(await MEASURES[name](bench))
    names = [row.name for row in rows]
    assert names == list(dict.fromkeys(names))
    assert [row for row in rows if isnan(row.value) or row.value < 0] == []
