"""``make bench``: takes the measures, prints ratios beside their goals, and exits with 1 below a first step."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

import structlog

from tests.benchmarks.frame import FEW, ROUNDS, TICKETS, Bench, Measure, chosen, publish, run
from tests.benchmarks.measures import appending, appraisal, duty, live, pages, rules

MEASURES: dict[str, Measure] = {
    "rules": rules.rows,
    "appraisal": appraisal.rows,
    "append": appending.rows,
    "duty": duty.rows,
    "pages": pages.rows,
    "live": live.rows,
}
"""Name for ``--only`` → measure, in the order of the table."""


def main(arguments: list[str] | None = None) -> int:
    """Take the measures that were asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help=f"one of {', '.join(MEASURES)}; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--tickets", type=int, default=TICKETS, help="size of the large store")
    parser.add_argument("--few", type=int, default=FEW, help="size of the small store it is compared with")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="alternating rounds of each row")
    asked = parser.parse_args(arguments)
    try:
        measures = chosen(MEASURES, [name for given in asked.only for name in given.split(",")])
    except KeyError as unknown:
        parser.error(f"--only {unknown.args[0]}: there is no such measure; there are {', '.join(MEASURES)}")
    with Bench(asked.tickets, min(asked.few, asked.tickets), asked.rounds) as bench:
        report = asyncio.run(run(bench, measures, lambda text: print(text, file=sys.stderr, flush=True)))
        return publish(report, asked.json)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sys.exit(main())
