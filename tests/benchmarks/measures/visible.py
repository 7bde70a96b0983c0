"""Acknowledged → visible: from a command's answer until its event is in a read model, with 64 writers in the server's process."""

import asyncio
from itertools import cycle
from statistics import median
from time import perf_counter

from adapters.composition import opened
from domain.kernel.request import Request
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from tests.benchmarks.frame import Bench, Row
from tests.benchmarks.measures.commanding import TICKETS, WHO, open_tickets
from tests.benchmarks.rounds import percentile
from tests.benchmarks.stores.stores_of_run import store

WRITERS, SECONDS = 64, 3.0


async def rows(bench: Bench) -> list[Row]:
    """On PostgreSQL, all read models and processes following."""
    made = await store(bench, min(TICKETS, bench.tickets), "postgresql")
    tickets = await open_tickets(made)
    late, count = [], 0
    async with opened(made.settings) as g:
        await g.projections.start(g.processes)
        for _ in range(bench.rounds):
            until, waited = perf_counter() + SECONDS, list[float]()

            async def writer(n: int, until: float = until, waited: list[float] = waited) -> None:
                for ticket in cycle(tickets[n::WRITERS]):
                    if perf_counter() > until:
                        return
                    done = await g.desk.act(ticket, c.Note(text="住户来电催办"), Request(WHO, g.ids.new()))
                    assert isinstance(done, Done)
                    begun = perf_counter()
                    assert await g.projections.wait_for(TICKET_DIRECTORY.name, done.position, 60)
                    waited.append(1000 * (perf_counter() - begun))

            await asyncio.gather(*(writer(n) for n in range(WRITERS)))
            late.append(percentile(waited, 0.99))
            count += len(waited)
        await g.projections.stop()
    where = f"{WRITERS} writers, {count / (SECONDS * bench.rounds):.0f} commands/s, PostgreSQL"
    return [Row("acknowledged → visible, p99", median(late), "ms", where, 100, 50, at_most=True)]
