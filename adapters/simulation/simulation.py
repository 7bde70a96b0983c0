"""Simulate a company: set its estates up and run them from a first day to a moment, in a new store or at the end of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from adapters.composition import Gongdan
from adapters.simulation.company.estate import PLUMBERS, ZONE, Estate
from adapters.simulation.company.household_register import enrol
from adapters.simulation.company.site import Site
from adapters.simulation.company.timing import SteppedClock
from adapters.simulation.courses import arrivals, duty
from adapters.simulation.courses.player import Player
from domain.kernel.terms import Role
from domain.people.administration import Administrator
from domain.people.staff import EVERYWHERE

Progress = Callable[[float], None]
"""Called with the part of the time that has passed, 0 to 1."""
FOUNDED = timedelta(days=400)
"""How long before the first day everybody got their post."""
SET_UP = time(16)


@dataclass
class Simulation:
    """Estates that run in one store, deterministic by ``random``."""

    gongdan: Gongdan
    clock: SteppedClock
    random: Random
    estates: Sequence[Estate]
    first: date
    anchor: date
    sites: list[Site] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.player = Player(self.gongdan)

    @property
    def start(self) -> datetime:
        """The moment at which the estates are set up, on the eve of the first day."""
        return set_up_at(self.first)

    async def set_up(self) -> None:
        """Register the estates and their people, before the first shift begins."""
        self.clock.moment = self.start.astimezone(UTC)
        for estate in self.estates:
            await _registered(self.gongdan, estate, self.first - FOUNDED)
        policy = (await self.gongdan.directory.current()).policy
        company = [member.login for estate in self.estates for member in estate.of(Role.APPRAISER)]
        for estate in self.estates:
            site = Site(estate, self.anchor, policy, Random(self.random.getrandbits(64)), company)
            await enrol(self.gongdan, site, self.first, Random(self.random.getrandbits(64)))
            self.sites.append(site)

    def begin(
        self,
        site: Site,
        *,
        no_shows: frozenset[int] = frozenset(),
        leaves: frozenset[int] = frozenset(),
        disputed: frozenset[int] = frozenset(),
    ) -> None:
        """Begin an estate's shifts, reviews and requests on the first day. The sets hold days counted from the anchor."""
        first = (self.first - self.anchor).days
        for day in sorted(no_shows | leaves):
            site.rota.replace_night(day)
        self.player.begin(site, duty.leaves(site, leaves))
        self.player.begin(site, duty.rosters(site, first))
        self.player.begin(site, duty.shifts(site, first, no_shows, disputed))
        self.player.begin(site, duty.reviews(site, first + 1))
        self.player.begin(site, arrivals.arrivals(site, first))

    async def run(self, until: datetime, progress: Progress = lambda part: None) -> None:
        """Play every step that is due before a moment."""
        player, whole = self.player, (until - self.start).total_seconds()
        while (due := player.next_at) is not None and due < until:
            self.clock.moment = max(self.clock.moment, due.astimezone(UTC))
            await player.step()
            progress((due - self.start).total_seconds() / whole)
        self.clock.moment = until.astimezone(UTC)


def set_up_at(first: date) -> datetime:
    """The set-up moment on the eve of a first day."""
    return datetime.combine(first - timedelta(days=1), SET_UP, ZoneInfo(ZONE))


async def _registered(gongdan: Gongdan, estate: Estate, since: date) -> None:
    """Register the community, its areas, its people and their posts, its team and its contractors."""
    administration = gongdan.administration

    def by() -> Administrator:
        return Administrator("operator", gongdan.ids.new(), operator=True)

    await administration.add_community(estate.code, estate.name, ZONE, by())
    for code, name in estate.areas.items():
        await administration.add_area(estate.code, code, name, by())
    for member in estate.staff:
        await administration.add_person(member.login, member.name, by())
        place = EVERYWHERE if member.company else estate.code
        await administration.grant(member.login, member.role, place, member.area, since, None, by())
    await administration.form_team(estate.code, PLUMBERS, estate.plumbers, by())
    for code, name in estate.contractors.items():
        await administration.register_contractor(estate.code, code, name, by())
