"""``make bench-scale``: the rows about size at a million tickets (eight million events), on both databases.

The stores are made in minutes by the maker, and their read models built. ``--tickets 200000`` takes a smaller one; ``--only
sqlite`` one database. It needs disk: about 3 GB for each 100,000 tickets and database.
"""

import sys
from functools import partial

from tests.benchmarks.__main__ import main
from tests.benchmarks.frame import Bench, Measure, Row, quiet
from tests.benchmarks.measures import pages, sizes
from tests.benchmarks.stores.stores_of_run import Where, store

TICKETS = 1_000_000


async def rows(bench: Bench, where: Where) -> list[Row]:
    """How fast a store was made and its read models built, then pages and sizes."""
    made = await store(bench, bench.tickets, where)
    took = bench.kept[f"{where}-{bench.tickets} build"]
    assert isinstance(took, float)
    stated = f"{made.events:,} events, {where}"
    return [
        Row("made in bulk, a minute", 60 * made.events / made.seconds, "events", stated),
        Row("read models built, a second", made.events / took, "events", stated),
        *await pages.rows(bench, where),
        *await sizes.rows(bench, where),
    ]


MEASURES: dict[str, Measure] = {"sqlite": partial(rows, where="sqlite"), "postgresql": partial(rows, where="postgresql")}

if __name__ == "__main__":
    quiet()
    sys.exit(main(measures=MEASURES, program="make bench-scale", tickets=TICKETS))
