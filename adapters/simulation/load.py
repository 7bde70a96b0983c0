"""Generate load: a number of estates for a number of days, in a new store or at the end of one (``gongdan simulate``)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from time import perf_counter
from zoneinfo import ZoneInfo

from adapters.composition import Gongdan, make_new, opened
from adapters.simulation.company.estate import ZONE, estates
from adapters.simulation.company.timing import SeededIds, SteppedClock, StoreClock
from adapters.simulation.courses.duty import absences
from adapters.simulation.simulation import Progress, Simulation, set_up_at
from adapters.store.database.schema import SchemaMissing
from adapters.store.keys.master_key import Entropy
from adapters.system.settings import Settings
from adapters.system.system import entropy as system_entropy


@dataclass(frozen=True, slots=True)
class Load:
    """The size of the load. Without a ``first`` day the days end now, or begin where the log ends if that is later."""

    communities: int
    days: int
    seed: int
    first: date | None = None


@dataclass(frozen=True, slots=True)
class Simulated:
    """Outcome of a simulation: its communities and span, the numbers of tickets and events, and the seconds it took."""

    communities: tuple[str, ...]
    since: datetime
    until: datetime
    tickets: int
    events: int
    seconds: float

    @property
    def events_per_second(self) -> float:
        """Events appended a second."""
        return round(self.events / max(self.seconds, 1e-9), 1)


async def simulate(
    settings: Settings,
    load: Load,
    now: datetime,
    progress: Progress = lambda part: None,
    entropy: Entropy = system_entropy,
) -> tuple[Simulated, Simulation]:
    """Append the load; creates the store where there is none. Raises the errors of opening a store.

    Deterministic: seed, first day and the store's content decide every event.
    """
    zone = ZoneInfo(ZONE)
    random = Random(load.seed)
    ended = await _log_end(settings)
    first = load.first or now.astimezone(zone).date() - timedelta(days=load.days)
    if ended is not None and set_up_at(first) < ended:
        first = ended.astimezone(zone).date() + timedelta(days=2)
    until = datetime.combine(first + timedelta(days=load.days), time(), zone)
    if load.first is None and first + timedelta(days=load.days) == now.astimezone(zone).date():
        until = now
    clock = SteppedClock(set_up_at(first).astimezone(UTC))
    if ended is None:
        await make_new(settings, f"simulation-{load.seed}", clock, entropy)
    async with _at_its_time(settings, clock, random, entropy, filling=ended is None) as gongdan:
        before = (await gongdan.store.head()).position
        directory = await gongdan.directory.current()
        drawn = estates(load.communities, random, directory.communities, directory.people)
        simulation = Simulation(gongdan, clock, random, drawn, first, first)
        began = perf_counter()
        await simulation.set_up()
        for site in simulation.sites:
            no_shows, leaves = absences(site.random, 0, load.days)
            simulation.begin(site, no_shows=no_shows, leaves=leaves)
        await simulation.run(until, progress)
        took, after = perf_counter() - began, (await gongdan.store.head()).position
        codes = tuple(estate.code for estate in drawn)
        received = sum(site.received for site in simulation.sites)
        return Simulated(codes, simulation.start, until, received, after - before, took), simulation


@asynccontextmanager
async def _at_its_time(
    settings: Settings, clock: SteppedClock, random: Random, entropy: Entropy, *, filling: bool
) -> AsyncIterator[Gongdan]:
    """Open the store with the simulation's clocks and identifiers."""
    ids = SeededIds(clock, Random(random.getrandbits(64)))
    store_clock = StoreClock(clock, Random(random.getrandbits(64)))
    async with opened(settings, clock, ids, store_clock, entropy, filling=filling) as gongdan:
        yield gongdan


async def _log_end(settings: Settings) -> datetime | None:
    """When the store's last event was recorded; None without a store."""
    try:
        async with opened(settings) as gongdan:
            return (await gongdan.store.head()).recorded_at
    except SchemaMissing:
        return None
