"""The appraisal: one year of a community of 3,000 flats, every month and their sum, from the rows of the read model."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from adapters.composition import shipped
from domain.kernel.periods import Month, Period
from domain.kernel.terms import Role
from domain.rules.scorecard import Charged, Counting, Severity, parse_rule_book
from domain.tally.record import tallies
from domain.tally.tally import summed
from projections.appraisal.appraisal_tally import COUNTED, FIGURES, POSTS, CountedRow, FigureRow, PostRow, record
from projections.engine.view import Answer
from tests.benchmarks.frame import Bench, Row

YEAR, HERE = 2026, "JX"
FLATS, AREAS = 3_000, 12
FINDINGS = 1_800
"""Confirmed in the year: 150 a month, a dozen for each administrator, who then earns half the pay."""
STAFF = 60
BOOK = parse_rule_book(shipped("scorecards/default.toml"))
AT = datetime(YEAR, 12, 31, tzinfo=UTC)


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128))


def people(random: Random) -> Iterator[PostRow]:
    """A director, an administrator an area whose area changes hands in the middle of the year, and staff."""
    everybody: list[tuple[str, Role, str | None]] = [("director", Role.DIRECTOR, None)]
    everybody += [(f"staff{n:02}", Role.TECHNICIAN, None) for n in range(STAFF)]
    for login, role, area in everybody:
        yield PostRow(_id(random), _id(random), login, HERE, role, area, "2025-01-01", None)
    for n in range(AREAS):
        first, then = (_id(random), f"admin{n:02}"), (_id(random), f"admin{(n + 1) % AREAS:02}")
        yield PostRow(first[0], _id(random), first[1], HERE, Role.BUTLER, f"A{n}", "2025-01-01", "2026-07-14")
        yield PostRow(then[0], _id(random), then[1], HERE, Role.BUTLER, f"A{n}", "2026-07-15", None)


def findings(random: Random) -> Iterator[CountedRow]:
    """Findings of every item that findings name, spread over the year."""
    usable = (Counting.EACH, Counting.FROM, Counting.MIN, Counting.OVERDUE)
    items = [item for item in BOOK.deductions.values() if item.counting in usable]
    for position in range(FINDINGS):
        item = random.choice(items)
        day = date(YEAR, 1, 1) + timedelta(days=random.randrange(365))
        parties = [f"staff{random.randrange(STAFF):02}"] if item.charged is Charged.PARTIES or random.random() < 0.2 else []
        month = f"{day:%Y-%m}"
        yield CountedRow(
            _id(random), position, HERE, month, month, day.isoformat(), item.code, f"A{random.randrange(AREAS)}",
            random.randint(1, 3),
            Severity.NORMAL, " ".join(parties), random.random() < 0.05, None, None,
            random.randint(0, 40) if item.counting is Counting.OVERDUE else None, None, None, str(_id(random)),
        )  # fmt: skip


def figures(random: Random) -> Iterator[FigureRow]:
    """Every metric of every period and area."""
    for name, rule in BOOK.metrics.items():
        periods = {"month": [f"{YEAR}-{n:02}" for n in range(1, 13)], "quarter": [f"{YEAR}-Q{n}" for n in range(1, 5)]}
        for period in periods.get(rule.period, [str(YEAR)]):
            for n in range(AREAS):
                value = Decimal(random.randint(0, 3)) if rule.kind == "count" else Decimal(random.randint(80, 100)) / 100
                month = str(Period.parse(period).last)
                yield FigureRow(_id(random), 0, HERE, name, period, month, f"A{n}", str(value), "finance", AT)


class Rows:
    """A reader that gives the rows as a database has them."""

    def __init__(self, *results: Sequence[Sequence[Any]]) -> None:
        self._results = results

    async def read(self, statements: Sequence[tuple[str, dict[str, Any]]]) -> Answer:
        """Whatever is asked."""
        return Answer(1, self._results)


async def rows(bench: Bench) -> list[Row]:
    """The year's tallies: twelve months, and their sum, with rows decoded each time."""
    random = Random(7)
    posts = [POSTS.encode(row) for row in people(random)]
    counted = [COUNTED.encode(row) for row in findings(random)]
    reported = [FIGURES.encode(row) for row in figures(random)]
    reader = Rows(posts, counted, reported, [], [], [])

    async def ours() -> float:
        begun = perf_counter()
        known = await record(reader, HERE, YEAR, BOOK)
        made = tallies(known.record, Month(YEAR, 1), Month(YEAR, 12))
        total = summed(list(made.values()), Period.parse(str(YEAR)))
        assert (len(made), len(total.people)) == (12, 1 + STAFF + AREAS)
        return perf_counter() - begun

    took = median([await ours() for _ in range(bench.rounds)])
    return [Row(f"appraisal: a year of {FLATS:,} flats, {FINDINGS:,} findings", 1000 * took, "ms", first=1000, at_most=True)]
