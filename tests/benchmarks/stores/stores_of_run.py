"""The stores of one run, made when first asked for: a large and a small one on either database, with their read models built."""

import asyncio
import sys
from typing import Literal

from tests.benchmarks.frame import Bench
from tests.benchmarks.stores.maker import Made, Plan, build, make_store, settings_for

Where = Literal["sqlite", "postgresql"]


SMALL = 1_000
"""Stores up to this size begin with one week of the estate, larger ones with three."""


async def store(bench: Bench, tickets: int, where: Where = "sqlite") -> Made:
    """A store of so many tickets. Measures that write to it leave its size what it is, within some thousand events."""
    name = f"{where}-{tickets}"
    made = bench.kept.get(name)
    if not isinstance(made, Made):
        url = None if where == "sqlite" else await asyncio.to_thread(lambda: bench.postgres.create_database())
        made = await make_store(settings_for(bench.folder / name, url), Plan(tickets, weeks=3 if tickets > SMALL else 1))
        print(f"{tickets:,} tickets on {where}: {made.events:,} events in {made.seconds:.0f} s", file=sys.stderr, flush=True)
        took = await build(made)
        print(f"read models built in {took:.0f} s: {made.events / took:,.0f} events a second", file=sys.stderr, flush=True)
        bench.kept[name] = made
        bench.kept[f"{name} build"] = took
    return made
