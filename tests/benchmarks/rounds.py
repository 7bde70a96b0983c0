"""Timing: alternating rounds and their medians, so that a change of the machine's mood falls on both sides."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from statistics import median
from time import perf_counter

Work = Callable[[], int | Awaitable[int]]
"""Does some operations and returns how many. One that is no coroutine runs in a thread."""


@dataclass(frozen=True)
class Measured:
    """The figures of every round of one side."""

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        """The figure that counts."""
        return median(self.rounds)


async def alternating(works: Mapping[str, Work], rounds: int, *, warm: bool = True) -> dict[str, Measured]:
    """Operations a second of each work: every round runs each once, in turn. ``warm``: one unmeasured run of each before."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(-1 if warm else 0, rounds):
        for name, work in works.items():
            begun = perf_counter()
            done = await _done(work)
            if turn >= 0:
                found[name].append(done / (perf_counter() - begun))
    return {name: Measured(figures) for name, figures in found.items()}


async def alternating_figures(works: Mapping[str, Callable[[], Awaitable[float]]], rounds: int) -> dict[str, Measured]:
    """As :func:`alternating`, for works that return their figure themselves (a rate that another process measured, a latency)."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(await work())
    return {name: Measured(figures) for name, figures in found.items()}


async def _done(work: Work) -> int:
    if asyncio.iscoroutinefunction(work):
        made = work()
    else:
        made = await asyncio.to_thread(work)
    return await made if isawaitable(made) else made


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least ``part`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * part // 1))
    return ordered[int(rank) - 1]
