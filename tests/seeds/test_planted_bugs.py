"""Seeds find bugs that are planted; a simulation that is blind finds none."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.seeds.planted import BUGS, planted
from tests.seeds.run import Broken, run

SEEDS = range(1, 61)
"""Seeds that are tried until one finds a bug."""


def seeds_until_found(bug: Callable[[], Any]) -> int | None:
    """How many seeds it takes to find a bug; None: more than there are."""
    with planted(bug):
        for tried, seed in enumerate(SEEDS, start=1):
            try:
                run(seed)
            except Broken:
                return tried
    return None


@pytest.mark.long
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_seeds_find_a_planted_bug(bug: Callable[[], Any]) -> None:
    assert seeds_until_found(bug) is not None
