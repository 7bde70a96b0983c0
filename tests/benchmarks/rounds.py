"""Timing: the best of several rounds, so that a busy machine disturbs as little as may be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Row:
    """One line of the report: operations a second, ours and the baseline's."""

    what: str
    ours: float
    baseline: float
    against: str
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """Ours ÷ baseline."""
        return self.ours / self.baseline


def rate(work: Callable[[], int], rounds: int = 5) -> float:
    """Operations a second of the best round; ``work`` does some and tells how many."""
    best = 0.0
    for _ in range(rounds):
        begun = perf_counter()
        done = work()
        best = max(best, done / (perf_counter() - begun))
    return best


async def rate_async(work: Callable[[], Awaitable[int]], rounds: int = 3) -> float:
    """Operations a second of the best round of asynchronous work."""
    best = 0.0
    for _ in range(rounds):
        begun = perf_counter()
        done = await work()
        best = max(best, done / (perf_counter() - begun))
    return best
