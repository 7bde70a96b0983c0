"""What a store of many tickets costs: disk an event, memory of the server, appends at its end, start-up of the command line."""

import asyncio
import resource
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

import httpx2

from adapters.store.log.codec import encode, topic_of
from adapters.store.log.opening import Store, open_database, open_store
from adapters.system.system import SystemClock
from domain.household.register import HouseholdRegister
from domain.kernel.aggregate import Meta, occurred
from domain.kernel.ports import Append, NewEvent
from tests.benchmarks.frame import Bench, Row
from tests.benchmarks.http.driving import ROOT, Serving, ready
from tests.benchmarks.rounds import percentile
from tests.benchmarks.stores.maker import Made
from tests.benchmarks.stores.stores_of_run import Where, store
from tests.faults.service import environment

APPENDS = 300
"""Appends a round, one after another."""
LOOKED_AT = ("/api/v1/tickets?q=水管", "/api/v1/tickets?limit=100", "/api/v1/workload", "/api/v1/events", "/metrics", "/readyz")


async def rows(bench: Bench, where: Where = "sqlite") -> list[Row]:
    """All of them; the start-up of the command line last."""
    large, small = await store(bench, bench.tickets, where), await store(bench, bench.few, where)
    found = [*await disk(large, where), await memory(bench, large, where)]
    return [*found, *await appends(bench, large, small, where), *await start_up(bench, large)]


async def disk(made: Made, where: Where) -> list[Row]:
    """The database's pages in use ÷ events; on SQLite the log's alone too, and those of the median read model."""
    stated, found = f"{where}, {made.events:,} events", []
    database = await open_database(made.settings.store)
    try:
        if where == "sqlite":
            [(pages,)], [(unused,)] = await database.read("PRAGMA page_count"), await database.read("PRAGMA freelist_count")
            [(size,)] = await database.read("PRAGMA page_size")
            used, parts = (pages - unused) * size, dict(await database.read("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
            live = await database.read("SELECT version FROM projections WHERE live = 1")
            models = [sum(n for name, n in parts.items() if f"_v{version}" in name) / made.events for (version,) in live]
            log = sum(n for name, n in parts.items() if "_v" not in name) / made.events
            found += [
                Row("disk an event, the log and what is beside the read models", log, "B", stated, at_most=True),
                Row("disk an event, the median read model", median(models), "B", stated, 80, at_most=True),
            ]
        else:
            [(used,)] = await database.read("SELECT pg_database_size(current_database())", within=60)
    finally:
        await database.close()
    return [Row("disk an event, log and read models", used / made.events, "B", stated, 2500, 2000, at_most=True), *found]


async def memory(bench: Bench, made: Made, where: Where) -> Row:
    """Resident memory of a server that follows a store of so many tickets, after it answered searches, lists and pages."""
    folder = bench.folder / "memory"
    folder.mkdir(exist_ok=True)
    server = Serving(environment(made.settings), folder)
    try:
        await asyncio.to_thread(server.start)
        await ready(server)
        async with httpx2.AsyncClient(base_url=server.url, headers=made.bearer("chen.ping"), timeout=120) as http:
            for address in LOOKED_AT:
                for _ in range(10):
                    await http.get(address)
        found = server.resident()
    finally:
        server.stop()
    return Row("resident memory of the server", found, "MiB", f"{made.tickets:,} tickets, {where}", 300, at_most=True)


async def appends(bench: Bench, large: Made, small: Made, where: Where) -> list[Row]:
    """Latencies of lone appends at the end of a long log ÷ those at the end of a short one, alternating."""
    took: dict[str, list[list[float]]] = {"large": [], "small": []}
    async with AsyncExitStack() as stack:
        stores: dict[str, Store] = {}
        for name, made in (("large", large), ("small", small)):
            stores[name] = await stack.enter_async_context(await open_store(made.settings.store, SystemClock()))
        for turn in range(-1, bench.rounds):
            for name, log in stores.items():
                latencies = []
                for _ in range(APPENDS):
                    event = _event()
                    begun = perf_counter()
                    await log.append(Append([event]))
                    latencies.append(1000 * (perf_counter() - begun))
                if turn >= 0:
                    took[name].append(latencies)
    found = []
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        ours, theirs = (median(percentile(one, part) for one in took[side]) for side in ("large", "small"))
        shown = {"ours": f"{ours:.2f} ms", "theirs": f"{theirs:.2f} ms"}
        against = f"{small.events:,} events"
        what = f"append {name} at {large.events:,} events, {where}"
        found.append(Row(what, ours / theirs, "×", against, 1.25, 1.1, at_most=True, **shown))
    return found


def _event() -> NewEvent:
    """An event that the read models leave alone."""
    said = {"community": "BENCH", "dwellings": 0, "residents": 0, "changed": 0}
    kind = HouseholdRegister.RegisterChanged
    made = occurred(kind, uuid4(), 1, SystemClock().now(), Meta("operator", uuid4()), **said)
    return NewEvent(made.originator_id, 1, topic_of(kind), "BENCH", encode(made))


async def start_up(bench: Bench, made: Made) -> list[Row]:
    """CPU of the command line from its start to its end: its help, and a look at a store."""
    given = environment(made.settings)
    found = []
    for name, arguments in (("help", ["--help"]), ("settings", ["settings"]), ("projections status", ["projections", "status"])):
        seconds = median([await asyncio.to_thread(_cpu_of, arguments, given) for _ in range(bench.rounds)])
        found.append(Row(f"start-up of the command line, CPU: {name}", seconds, "s", "median", 0.6, 0.4, at_most=True))
    return found


def _cpu_of(arguments: list[str], given: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", "from adapters.cli import main; main()", *arguments]
    subprocess.run(command, cwd=ROOT, env=given | {"PATH": str(Path(sys.executable).parent)}, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
