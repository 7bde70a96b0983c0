"""Make stores of any number of tickets in bulk, on SQLite and PostgreSQL, through the codec, with valid keys.

A store begins as some weeks of the demonstration's estate, played by the use cases. Then its finished tickets are copied until
there are as many as asked, spread over the years before ``until``, about eight events each, by callers of 50,000 dwellings; the
last ``unfinished`` of them are still open. Events are in order of recording, numbered and sealed as the server does it, and the
processes are at the end of the log. Callers are not entered in the household register.

    python -m tests.benchmarks.stores.maker --folder /tmp/big --tickets 100000 [--store postgresql://…] [--build]
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from adapters.accounts import tokens
from adapters.composition import Gongdan, make_new, opened
from adapters.demo.staff import COMMUNITY, ESTATE, STAFF
from adapters.simulation.company.estate import ZONE
from adapters.simulation.company.timing import SeededIds, SteppedClock, StoreClock
from adapters.simulation.simulation import Simulation, set_up_at
from adapters.system.settings import Settings
from domain.kernel.ports import Clock
from tests.benchmarks.stores.copies import Writer, drawn, households
from tests.benchmarks.stores.histories import histories
from tests.support.clock import SetClock

AREA = "A1"
PASSWORD = "bench-bench-bench"


@dataclass(frozen=True)
class Plan:
    """The size of a store. ``until``: its last moment (None: now); ``weeks``: how long the estate is played."""

    tickets: int
    dwellings: int = 50_000
    years: float = 3
    unfinished: int = 300
    weeks: int = 3
    seed: int = 7
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A store that was made. ``tokens``: by login; everybody's password is :data:`PASSWORD`."""

    settings: Settings
    tickets: int
    events: int
    tokens: dict[str, str]
    seconds: float
    community: str = COMMUNITY

    def bearer(self, login: str) -> dict[str, str]:
        """The header of a person's token."""
        return {"Authorization": f"Bearer {self.tokens[login]}"}


def settings_for(folder: Path, url: str | None = None, **more: Any) -> Settings:
    """Settings of a store in a folder, on SQLite unless a URL is given; the environment has no say."""
    folder.mkdir(parents=True, exist_ok=True)
    defaults: dict[str, Any] = {"rate": "10000000/minute", "keys": f"sqlite:///{folder}/keys.db"}
    defaults |= {"master_key_file": folder / "master.key"}
    return Settings(_env_file=None, store=url or f"sqlite:///{folder}/gongdan.db", **(defaults | more))


async def make_store(settings: Settings, plan: Plan) -> Made:
    """Make the store; the first program that opens it builds its read models, or :func:`build`."""
    begun = perf_counter()
    until, random = plan.until or datetime.now(UTC), Random(plan.seed)
    first = (until - timedelta(days=365 * plan.years, weeks=plan.weeks)).date()
    clock = SteppedClock(set_up_at(first).astimezone(UTC))
    ids, store_clock = SeededIds(clock, Random(random.getrandbits(64))), StoreClock(clock, Random(random.getrandbits(64)))
    await make_new(settings, f"bench-{plan.seed}", clock, random.randbytes)
    async with opened(settings, clock, ids, store_clock, random.randbytes, filling=True) as g:
        simulation = Simulation(g, clock, random, [ESTATE], first, first)
        await simulation.set_up()
        [site] = simulation.sites
        simulation.begin(site)
        await simulation.run(clock.now() + timedelta(weeks=plan.weeks))
        await g.processes.catch_up()
        writer = Writer(g, ZoneInfo(ZONE), random)
        await writer.begin()
        callers = households(plan.dwellings, AREA, random)
        count = max(0, plan.tickets - site.received)
        span = (min(plan.unfinished, count), writer.ends, until)
        await writer.write(COMMUNITY, drawn(await histories(g), callers, count, *span, random))
        made, hashed = {}, await g.sign_ins.passwords.hashed(PASSWORD)
        for member in STAFF:
            _, made[member.login] = await tokens.issue(g.store, SetClock(until), ids, random.randbytes, member.login, 365)
            await g.sign_ins.put_hash(member.login, hashed)
        tickets, events = site.received + writer.tickets, (await g.store.head()).position
    return Made(settings, tickets, events, made, perf_counter() - begun)


async def build(made: Made, clock: Clock | None = None) -> float:
    """Build all read models; returns the seconds that took. Raises RuntimeError where they don't hold every ticket."""
    begun = perf_counter()
    async with opened(made.settings, clock) as g:
        await g.projections.catch_up()
        took = perf_counter() - begun
        parked = {one.name: len(one.parked) for one in await g.projections.status() if one.parked}
        held = await rows_of(g, "ticket_directory", "ticket_directory")
    if parked or held != made.tickets:
        raise RuntimeError(f"of {made.tickets:,} tickets the directory holds {held:,}; parked: {parked}")
    return took


async def rows_of(g: Gongdan, view: str, table: str) -> int:
    """Rows in a live table of a read model."""
    assert g.store.database is not None
    version = "SELECT version FROM projections WHERE name = :view AND live = 1"
    [(live,)] = await g.store.database.read(version, {"view": view})
    [(count,)] = await g.store.database.read(f"SELECT count(*) FROM {table}_v{live}", within=600)
    return int(count)


async def main(arguments: list[str] | None = None) -> int:
    """Make one store and say how fast."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="a new folder for the keys, and for the store on SQLite")
    parser.add_argument("--store", metavar="URL", help="an empty PostgreSQL database; without it SQLite in the folder")
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--years", type=float, default=Plan.years)
    parser.add_argument("--build", action="store_true", help="build the read models too")
    asked = parser.parse_args(arguments)
    settings = settings_for(asked.folder, asked.store)
    made = await make_store(settings, Plan(asked.tickets, years=asked.years))
    rate = 60 * made.events / made.seconds
    print(f"{made.tickets:,} tickets, {made.events:,} events in {made.seconds:.0f} s: {rate:,.0f} events a minute")
    if asked.build:
        took = await build(made)
        print(f"read models built in {took:.0f} s: {made.events / took:,.0f} events a second")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
