"""One run: set an estate up, let two servers and their clients loose on it in bad weather, and assert the invariants."""

import asyncio
import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from adapters.accounts.tokens import issue
from adapters.composition import make_new, opened
from adapters.projecting.tables import leases
from adapters.simulation.company.estate import Estate, estates
from adapters.simulation.company.residents import Building
from adapters.simulation.company.timing import SeededIds
from adapters.simulation.simulation import Simulation, set_up_at
from adapters.store.database.database import to_micros
from adapters.system.settings import Settings
from domain.kernel.ports import StoredEvent
from tests.seeds import invariants
from tests.seeds.clients import Clients, Trace
from tests.seeds.cluster import Cluster, Server, Skewed, Wall
from tests.seeds.courses import SeededPlayer
from tests.seeds.faults import Weather
from tests.seeds.loop import SeededLoop
from tests.seeds.mischief import Mischief


@dataclass(frozen=True)
class Size:
    """How much happens: steps of the courses, clients beside them and acts of each, and read models to rebuild at the end."""

    steps: int = 40
    others: int = 3
    acts: int = 22
    rebuilds: int = 1


@dataclass
class Ran:
    """A run that has ended: the hash of its trace, and what happened by number."""

    seed: int
    digest: str
    counts: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


class Broken(Exception):
    """An invariant does not hold. ``lines``: the trace up to then, where it was kept."""

    def __init__(self, seed: int, cause: BaseException, lines: list[str]) -> None:
        super().__init__(f"seed {seed}: {type(cause).__name__}: {cause}\nreplay it: python -m tests.seeds --seed {seed} --trace")
        self.seed = seed
        self.lines = lines


def run(seed: int, size: Size = Size(), *, keep: bool = False) -> Ran:
    """Run a seed. Raises Broken."""
    trace = Trace(keep)
    loop = SeededLoop(Random(f"{seed} loop"))
    loop.set_exception_handler(lambda loop, context: None)
    with tempfile.TemporaryDirectory(prefix="gongdan-seed-") as folder, _virtual(loop):
        try:
            counts = loop.run_until_complete(_run(seed, size, trace, Path(folder)))
        except Exception as cause:
            raise Broken(seed, cause, trace.lines) from cause
        finally:
            _close(loop)
    return Ran(seed, trace.digest, counts, trace.lines)


def tried(seed: int) -> tuple[int, str | None]:
    """Run a seed; returns it with what is broken, if anything is."""
    try:
        run(seed)
    except Broken as broken:
        return seed, str(broken)
    return seed, None


async def _run(seed: int, size: Size, trace: Trace, folder: Path) -> dict[str, int]:
    draws = {name: Random(f"{seed} {name}") for name in ("estate", "weather", "cluster", "clients", "mischief", "end", "keys")}
    first = date(2026, 1, 5) + timedelta(days=draws["estate"].randrange(330))
    wall = Wall(set_up_at(first).astimezone(UTC))
    leases.wall_micros = lambda: to_micros(wall.now())
    settings = Settings(_env_file=None, store=f"sqlite:///{folder}/gongdan.db", keys="", master_key_file=None)
    await make_new(settings, f"seed-{seed}", wall, draws["keys"].randbytes)
    weather = Weather(draws["weather"])
    cluster = Cluster(settings, wall, draws["cluster"], weather)
    simulation, tokens = await _set_up(settings, wall, draws["estate"], first)
    clients = Clients(cluster, draws["clients"], trace, tokens)
    simulation.player = player = SeededPlayer(clients)
    [site] = simulation.sites
    simulation.begin(site)
    weather.bad = True
    await cluster.start()
    winds = asyncio.ensure_future(weather.blow(worst=draws["weather"].choice((0.005, 0.02, 0.06))))
    mischief = Mischief(clients, draws["mischief"], site)
    others = [asyncio.ensure_future(mischief.go_on(size.acts)) for _ in range(size.others)]
    try:
        for _ in range(size.steps):
            due = player.next_at
            assert due is not None
            wall.moment = due
            await player.step()
            await asyncio.sleep(draws["clients"].expovariate(1 / 0.02))
            _raise_what_failed(others)
        await asyncio.gather(*others)
    finally:
        for task in (winds, *others):
            task.cancel()
        await asyncio.gather(winds, *others, return_exceptions=True)
        weather.bad = False
        await cluster.stop()
    stored = await _ended(cluster, clients, mischief, draws["end"], size)
    for one in stored:
        trace.add(repr(one).encode())
    return {
        "commands": len(clients.sent),
        "acknowledged": sum(one.is_acknowledged for one in clients.sent),
        "sent again": sum(len(one.attempts) - 1 for one in clients.sent),
        "kills": cluster.kills,
        "starts": cluster.starts,
        "events": len(stored),
        "reminders": sum(one.topic == "reminder.raised" for one in stored),
        "erasures": len(mischief.erased),
    }


async def _set_up(settings: Settings, wall: Wall, random: Random, first: date) -> tuple[Simulation, dict[str, bytes]]:
    """An estate of few homes and many calls, set up in fair weather; and the hashes of its people's tokens."""
    [drawn] = estates(1, random)
    async with opened(settings, wall, SeededIds(wall, random), entropy=random.randbytes) as gongdan:
        simulation = Simulation(gongdan, wall, random, [_small(drawn)], first, first)  # type: ignore[arg-type]
        await simulation.set_up()
        tokens = {}
        for member in drawn.staff:
            row, _ = await issue(gongdan.store, wall, gongdan.ids, random.randbytes, member.login, None)
            tokens[member.login] = row.token_hash
        return simulation, tokens


def _small(estate: Estate) -> Estate:
    buildings = tuple(Building(one.number, one.area, 1, 5, 2) for one in estate.buildings)
    return replace(estate, buildings=buildings, calls=40.0)


async def _ended(cluster: Cluster, clients: Clients, mischief: Mischief, random: Random, size: Size) -> list[StoredEvent]:
    """Start one server more in fair weather, while time stands still, and look at everything."""
    wall = cluster.wall
    await asyncio.sleep(30)
    wall.frozen = wall.now() + timedelta(seconds=5)
    server = Server("the last", cluster.settings, Skewed(wall, timedelta(0)), Random(random.getrandbits(64)), cluster.weather)
    living = asyncio.ensure_future(server.live())
    serves = asyncio.ensure_future(server.serves.wait())
    await asyncio.wait([living, serves], return_when=asyncio.FIRST_COMPLETED)
    assert serves.done(), "the store can't be opened"
    try:
        return await server.call(lambda g: invariants.hold(g, clients, mischief, random, size.rebuilds))
    finally:
        server.stopping.set()
        await living


def _raise_what_failed(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


@contextmanager
def _virtual(loop: SeededLoop) -> Iterator[None]:
    """Leases take the loop's wall clock; garbage is not collected at moments that no seed draws."""
    wall_micros, collects = leases.wall_micros, gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        leases.wall_micros = wall_micros
        if collects:
            gc.enable()


def _close(loop: SeededLoop) -> None:
    left = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    gc.collect()
