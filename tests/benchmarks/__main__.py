"""``make bench``: takes the measures, prints ratios beside their goals, and exits with 1 below a first step."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.frame import FEW, ROUNDS, SECONDS, TICKETS, Bench, Measure, Row, chosen, publish, quiet, run
from tests.benchmarks.measures import (
    appending,
    appraisal,
    commanding,
    duty,
    following,
    live,
    overload,
    pages,
    rules,
    sizes,
    tickets,
    visible,
)

MEASURES: dict[str, Measure] = {
    "rules": rules.rows,
    "appraisal": appraisal.rows,
    "append": appending.rows,
    "http": commanding.rows,
    "visible": visible.rows,
    "following": following.rows,
    "live": live.rows,
    "tickets": tickets.rows,
    "duty": duty.rows,
    "pages": pages.rows,
    "sizes": sizes.rows,
    "overload": overload.rows,
}
"""Name for ``--only`` → measure, in the order of the table."""
LONGEST = 20.0
"""Minutes that all of them may take at the usual size."""


def main(
    arguments: list[str] | None = None,
    measures: Mapping[str, Measure] | None = None,
    program: str = "make bench",
    tickets: int = TICKETS,
) -> int:
    """Take the measures that were asked for; returns the exit code."""
    measures = MEASURES if measures is None else measures
    parser = argparse.ArgumentParser(prog=program, description="Measure, print each figure beside its goals, and enforce them.")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help=f"of {', '.join(measures)}; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--tickets", type=int, default=tickets, help="size of the large store")
    parser.add_argument("--few", type=int, default=FEW, help="size of the small store it is compared with")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="alternating rounds of each row")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of one side of a round")
    asked = parser.parse_args(arguments)
    try:
        wanted = chosen(measures, [name for given in asked.only for name in given.split(",")])
    except KeyError as unknown:
        parser.error(f"--only {unknown.args[0]}: there is no such measure; there are {', '.join(measures)}")
    with Bench(asked.tickets, min(asked.few, asked.tickets), asked.rounds, asked.seconds) as bench:
        report = asyncio.run(run(bench, wanted, lambda text: print(text, file=sys.stderr, flush=True)))
        if measures is MEASURES and not asked.only:
            whole = sum(report.seconds.values()) / 60
            report.rows.append(Row("the whole run", whole, "min", f"{bench.tickets:,} tickets", LONGEST, at_most=True))
        return publish(report, asked.json)


if __name__ == "__main__":
    quiet()
    sys.exit(main())
