"""Fill a new store with weeks of a simulated estate and, in its last days, the stories of the regulations' own cases.

Every step goes through the use cases of the server, in the order of time; the store's clock follows the simulated one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.accounts import tokens
from adapters.composition import Gongdan, make_new, opened
from adapters.demo import appraising, desk_affairs, moving_and_building, repairs_at_home, repairs_in_public
from adapters.demo.casting import StoryResults, played
from adapters.demo.staff import ESTATE, STAFF
from adapters.demo.story import Days, Telling
from adapters.simulation.company.estate import ZONE
from adapters.simulation.company.timing import SeededIds, SteppedClock, StoreClock
from adapters.simulation.simulation import Progress, Simulation
from adapters.store.keys.master_key import Entropy
from adapters.system.settings import Settings
from adapters.system.system import entropy as system_entropy

TELLINGS: tuple[Telling, ...] = (
    *repairs_at_home.TELLINGS,
    *repairs_in_public.TELLINGS,
    *desk_affairs.TELLINGS,
    *moving_and_building.TELLINGS,
)
DAYS, LEAST_DAYS = 35, 12
"""Default and least number of days: the stories take the last ten, and at least one day must precede them."""
TOKEN_DAYS = 30
PASSWORD_BYTES = 4


@dataclass(frozen=True)
class Demo:
    """A filled store. ``tokens``: by login; ``password``: of everybody; ``numbers``: ticket numbers by story.

    ``count``: number of tickets; ``simulation``: continues from here in a live demonstration.
    """

    settings: Settings
    tokens: dict[str, str]
    password: str
    numbers: dict[str, str]
    approval: UUID
    count: int
    simulation: Simulation


async def fill(
    settings: Settings,
    now: datetime,
    seed: int,
    days: int = DAYS,
    progress: Progress = lambda part: None,
    entropy: Entropy = system_entropy,
) -> Demo:
    """Create a store, run the estate up to ``now``, and bring processes and read models to the end of its log.

    Deterministic: seed, moment and entropy decide every byte of the events.
    """
    random = Random(seed)
    zone = ZoneInfo(ZONE)
    today = now.astimezone(zone).date()
    clock = SteppedClock(now - timedelta(days=days))
    ids = SeededIds(clock, Random(random.getrandbits(64)))
    store_clock = StoreClock(clock, Random(random.getrandbits(64)))
    await make_new(settings, f"demo-{seed}", clock, entropy)
    async with opened(settings, clock, ids, store_clock, entropy, filling=True) as gongdan:
        simulation = Simulation(gongdan, clock, random, [ESTATE], today - timedelta(days=days), today)
        await simulation.set_up()
        [site] = simulation.sites
        simulation.begin(
            site,
            no_shows=frozenset({-days * 2 // 3}),
            leaves=frozenset({-days // 4}),
            disputed=frozenset({-(days // 2)}),
        )
        into = StoryResults({}, {}, {})
        calendar = Days(now, zone, site.residents)
        for tell in TELLINGS:
            for story in tell(calendar):
                simulation.player.begin(site, played(story, site, into))
        simulation.player.begin(site, appraising.findings(site))
        await simulation.run(now, progress)
        await _follow(gongdan)
        made, password = {}, entropy(PASSWORD_BYTES).hex()
        kept = await gongdan.sign_ins.passwords.hashed(password)
        for member in STAFF:
            _, made[member.login] = await tokens.issue(gongdan.store, clock, ids, entropy, member.login, TOKEN_DAYS)
            await gongdan.sign_ins.put_hash(member.login, kept)
        taken = await gongdan.store.numbers_of(list(into.tickets.values()))
        numbers = {story: taken[ticket][0].number for story, ticket in into.tickets.items()}
        count = sum(site.received for site in simulation.sites)
        return Demo(settings, made, password, numbers, into.approvals["bathroom"], count, simulation)


async def _follow(gongdan: Gongdan) -> None:
    """Run the processes and the read models to the end of the log, so that the first query finds everything."""
    await gongdan.processes.catch_up()
    await gongdan.projections.catch_up()
