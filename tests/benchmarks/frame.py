"""The benchmarks' frame: rows with their goals, the table, the file of figures, and the exit code.

A measure is a module of ``tests.benchmarks.measures`` whose ``rows(bench)`` gives :class:`Row` objects; ``__main__`` lists them.
A row holds the goals of its own figure: they are seen where the measure is changed.
"""

import gc
import json
import logging
import os
import platform
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from math import isnan, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table

from tests.benchmarks.rounds import Measured
from tests.support.postgres_server import PostgresServer, running_postgres

TICKETS, FEW, ROUNDS, SECONDS = 100_000, 10_000, 5, 1.0
"""Tickets of the large store of ``make bench`` and of the small one, rounds, and the length of one side of a round."""
RATIO = "×"


@dataclass(frozen=True)
class Row:
    """One line of the report: a figure and its goals. Without a ``first`` step the figure is only stated.

    ``value`` is in ``unit``: ``×`` for a ratio to a baseline, or %, ms, s, MiB, B. ``at_most``: smaller is better, the goals are
    upper bounds. ``baseline``: what the figure is a ratio to, or the circumstances in which it was taken. ``ours``, ``theirs``:
    the figures that the ratio is made of, with their unit.
    """

    name: str
    value: float
    unit: str = RATIO
    baseline: str = ""
    first: float | None = None
    then: float | None = None
    at_most: bool = False
    ours: str = ""
    theirs: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the first step is met; None without a goal. A figure that is no number meets nothing."""
        return self._reaches(self.first)

    @property
    def done(self) -> bool | None:
        """Whether the second step is met; None where there is none."""
        return self._reaches(self.then)

    def _reaches(self, goal: float | None) -> bool | None:
        if goal is None:
            return None
        return self.value <= goal if self.at_most else self.value >= goal


def ratio(
    name: str,
    ours: Measured,
    theirs: Measured,
    baseline: str,
    first: float | None = None,
    then: float | None = None,
    *,
    at_most: bool = False,
    each: str = "/s",
) -> Row:
    """The median of ours ÷ the median of the baseline, both of one :func:`~tests.benchmarks.rounds.alternating` run."""
    shown = [f"{one.median:,.4g}{each}" if one.median < 1000 else f"{one.median:,.0f}{each}" for one in (ours, theirs)]
    return Row(name, ours.median / theirs.median, RATIO, baseline, first, then, at_most, *shown)


def missing(name: str, why: str, first: float | None = None, then: float | None = None, *, at_most: bool = False) -> Row:
    """A row that could not be measured: it meets no goal and says why."""
    return Row(name, nan, RATIO, why, first, then, at_most)


@dataclass
class Bench:
    """What the measures of one run share: sizes, a folder, one PostgreSQL. Closed by ``with``."""

    tickets: int = TICKETS
    few: int = FEW
    rounds: int = ROUNDS
    seconds: float = SECONDS
    """How long one side of one round of a load lasts."""
    kept: dict[str, object] = field(default_factory=dict)
    """What one measure leaves for the others, such as a store (tests.benchmarks.stores.stores_of_run)."""
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @cached_property
    def folder(self) -> Path:
        """A folder on disk, gone with the run."""
        return Path(self.stack.enter_context(TemporaryDirectory(prefix="gongdan-bench-", ignore_cleanup_errors=True)))

    @cached_property
    def postgres(self) -> PostgresServer:
        """A server of the run's own, its data on disk, fsync on; started when first asked for."""
        return self.stack.enter_context(running_postgres(on_disk=True))


class Missing(Exception):
    """A measure needs a program that this machine has not; the run goes on without it and fails at the end."""


Measure = Callable[[Bench], Awaitable[Iterable[Row]]]


@dataclass
class Report:
    """The rows of a run, the seconds of each measure, and the measures that broke, with their error."""

    bench: Bench
    rows: list[Row] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> list[Row]:
        """The rows below their first step."""
        return [row for row in self.rows if row.met is False]

    @property
    def exit_code(self) -> int:
        """1 where a row misses its first step or a measure broke."""
        return int(bool(self.missed or self.broken))

    def figures(self) -> dict[str, Any]:
        """The content of ``--json``."""
        rows = [asdict(row) | {"value": None if isnan(row.value) else row.value, "met": row.met} for row in self.rows]
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 1)}
        size = {"tickets": self.bench.tickets, "few": self.bench.few, "rounds": self.bench.rounds}
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return {"at": at, "machine": machine, **size, "rows": rows, "seconds": self.seconds, "broken": self.broken}

    def table(self) -> Table:
        """The report as a table."""
        title = f"{self.bench.tickets:,} tickets, medians of {self.bench.rounds} alternating rounds"
        table = Table(title=title, caption=_caption(self))
        for column in ("what", "ours", "baseline", "against", "figure", "first step", "then", "met"):
            table.add_column(column, justify="left" if column in ("what", "against") else "right")
        for row in self.rows:
            sign = ("≤ " if row.at_most else "≥ ", row.unit)
            goals = [f"{sign[0]}{_number(goal)} {sign[1]}" if goal is not None else "–" for goal in (row.first, row.then)]
            met = {None: "–", False: "[red]no[/red]", True: "yes, then too" if row.done else "yes"}[row.met]
            figure = f"{_number(row.value)} {row.unit}"
            table.add_row(row.name, row.ours, row.theirs, row.baseline, figure, *goals, met)
        return table


async def run(bench: Bench, measures: Mapping[str, Measure], say: Callable[[str], None] = lambda text: None) -> Report:
    """Take the measures one after another; one that breaks is reported and the others go on."""
    report = Report(bench)
    for name, measure in measures.items():
        say(f"{name} …")
        begun = perf_counter()
        gc.collect()
        gc.freeze()  # as a server does when it has started: no row pays for what others left
        try:
            report.rows += await measure(bench)
        except Missing as error:
            report.broken[name] = str(error)
        except Exception as error:  # the other rows are still worth their time
            traceback.print_exc()
            report.broken[name] = f"{type(error).__name__}: {error}"
        report.seconds[name] = round(perf_counter() - begun, 1)
        say(f"{name}: {report.seconds[name]:.0f} s")
    return report


def publish(report: Report, into: Path | None, width: int = 170) -> int:
    """Print the table, write the file of figures if asked, and return the exit code."""
    Console(width=width).print(report.table())
    if into is not None:
        into.write_text(json.dumps(report.figures(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for row in report.missed:
        print(f"below the first step: {row.name}: {_number(row.value)} {row.unit}", file=sys.stderr)
    for name, error in report.broken.items():
        print(f"not measured: {name}: {error}", file=sys.stderr)
    return report.exit_code


def quiet() -> None:
    """Log warnings alone, for the process of a command."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def chosen(measures: Mapping[str, Measure], only: Sequence[str]) -> dict[str, Measure]:
    """The measures named, in the table's order; all where none is. Raises KeyError for a name there is not."""
    for name in only:
        if name not in measures:
            raise KeyError(name)
    return {name: measure for name, measure in measures.items() if not only or name in only}


def _caption(report: Report) -> str:
    goals = [row for row in report.rows if row.met is not None]
    met = sum(bool(row.met) for row in goals)
    whole = sum(report.seconds.values()) / 60
    return f"{met} of {len(goals)} first steps met; {whole:.1f} minutes; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _number(value: float) -> str:
    if isnan(value):
        return "not measured"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
