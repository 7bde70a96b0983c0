"""Overload: 200 clients on a served process for a minute, against the throughput that it has with 64.

The clients and the server share the machine; a refused client comes again after the time that it is given. Figures: the slowest
percent of the admitted commands, how much is still admitted, how soon the rest is refused, and whether memory grows.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.composition import make_new, opened
from adapters.system.settings import Settings
from adapters.system.system import SystemClock
from tests.benchmarks.frame import Bench, Row
from tests.faults.service import Service, environment
from tests.serving.crowd import Tally, crowd
from tests.support.estates.api_estate import Estate, populate

FEW, MANY = 64, 200
"""Clients at which the throughput is taken, and in the crowd."""
SECONDS = 60.0
"""Length of the crowd. The bench's ``seconds`` above one second lengthens it; below, as in tests, it shortens it."""
SAMPLE = 1.0
"""Seconds between two looks at the memory."""


async def rows(bench: Bench) -> list[Row]:
    """The rows of SQLite and of PostgreSQL."""
    with TemporaryDirectory() as name:
        found = await _overloaded(bench, "SQLite", Path(name), f"sqlite:///{name}/gongdan.db", f"sqlite:///{name}/keys.db")
    with TemporaryDirectory() as name:
        store, keys = bench.postgres.create_database(), bench.postgres.create_database()
        return [*found, *await _overloaded(bench, "PostgreSQL", Path(name), store, keys)]


async def _overloaded(bench: Bench, where: str, folder: Path, store: str, keys: str) -> list[Row]:
    settings = Settings(_env_file=None, store=store, keys=keys, master_key_file=folder / "master.key")
    clock = SystemClock()
    await make_new(settings, "bench", clock)
    async with opened(settings, clock) as g:
        estate = Estate(g, clock)
        await populate(estate)
    seconds = SECONDS * bench.seconds
    service = Service(environment(settings, rate="100000000/minute", log_level="warning"), folder)
    await asyncio.to_thread(service.start)
    try:
        await crowd(service.url, estate.bearer("li"), FEW, seconds / 20)  # warm
        before = await crowd(service.url, estate.bearer("li"), FEW, seconds / 4)
        memory: list[float] = []
        watch = asyncio.create_task(_watch(lambda: memory.append(resident(service.pid))))
        try:
            under = await crowd(service.url, estate.bearer("li"), MANY, seconds)
        finally:
            watch.cancel()
        after = await crowd(service.url, estate.bearer("li"), FEW, seconds / 4)
    finally:
        service.stop()
    return _rows(where, under, (before.rate + after.rate) / 2, memory)


def _rows(where: str, under: Tally, usual: float, memory: list[float]) -> list[Row]:
    circumstances = f"{MANY} clients, {where}"
    half = max(1, len(memory) // 2)
    grown = 100 * (max(memory[half:]) / max(memory[:half]) - 1) if len(memory) > 1 else 0.0
    said = f"{under.rate:,.0f}/s, {len(under.refused):,} refused"
    return [
        Row("overload: admitted commands, p99", 1000 * under.quantile(0.99), "ms", circumstances, 500, at_most=True, ours=said),
        Row("overload: refusals, p99", 1000 * under.quantile(0.99, refused=True), "ms", circumstances, 500, at_most=True),
        Row(
            f"overload: admitted ÷ throughput at {FEW} clients", 100 * under.rate / usual, "%", circumstances, 80,
            ours=f"{under.rate:,.0f}/s", theirs=f"{usual:,.0f}/s",
        ),
        Row("overload: growth of memory, second half", grown, "%", circumstances, 10, at_most=True, ours=f"{memory[-1]:.0f} MiB"),
    ]  # fmt: skip


async def _watch(look: Callable[[], None]) -> None:
    while True:
        look()
        await asyncio.sleep(SAMPLE)


def resident(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    with Bench(seconds=float(sys.argv[1]) if len(sys.argv) > 1 else 1.0) as alone:
        for row in asyncio.run(rows(alone)):
            print(f"{row.name} ({row.baseline}): {row.value:.4g} {row.unit} {row.ours} {row.theirs}")
