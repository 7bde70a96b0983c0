"""The directory (通讯录): communities, people and roles in force, cached and brought up to date by the registry's version."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.kernel.aggregate import apply
from domain.kernel.errors import NotFound, invalid
from domain.kernel.journal import Belonging
from domain.kernel.periods import Period
from domain.kernel.ports import Codec, EventLog
from domain.kernel.terms import AssigneeType, Role
from domain.people.assignee import Assignee
from domain.people.authority import Held
from domain.people.community import SCOPE as COMMUNITIES
from domain.people.community import CommunityState
from domain.people.staff import EVERYWHERE, PersonState
from domain.people.staff import SCOPE as PEOPLE
from domain.rules.policy import Policy
from domain.rules.price_list import PriceList, parse_price_list
from domain.rules.rule_books import RuleBooks
from domain.rules.scorecard import RuleBook, rule_book
from domain.rules.workdays import Holidays, Works, day_of


@dataclass
class Directory:
    """All communities and people as of a version of the registry; a fresh value after every change of it."""

    policy: Policy
    prices: PriceList
    book: RuleBook
    holidays: Holidays
    communities: dict[str, CommunityState] = field(default_factory=dict)
    people: dict[str, PersonState] = field(default_factory=dict)
    version: int = -1
    _policies: dict[str, Policy] = field(default_factory=dict)
    _prices: dict[str, PriceList] = field(default_factory=dict)
    _laws: dict[str, RuleBooks] = field(default_factory=dict)

    def community(self, code: str) -> CommunityState:
        """A community by code. Raises NotFound."""
        try:
            return self.communities[code]
        except KeyError:
            raise NotFound("community") from None

    def person(self, login: str) -> PersonState:
        """A person by login. Raises NotFound."""
        try:
            return self.people[login]
        except KeyError:
            raise NotFound("person") from None

    def feed_holder(self, digest: str) -> PersonState:
        """The person whose duty calendar has an address with this hash. Raises NotFound."""
        for person in self.people.values():
            if person.enabled and person.feed == digest:
                return person
        raise NotFound("calendar")

    def belonging(self, code: str) -> Belonging:
        """The community and time zone that the journal records with every event of a community."""
        return Belonging(code, self.community(code).timezone)

    def zone(self, code: str) -> ZoneInfo:
        """The time zone of a community."""
        return ZoneInfo(self.community(code).timezone)

    def policy_of(self, code: str) -> Policy:
        """The policy in force in a community."""
        if code not in self._policies:
            self._policies[code] = self.policy.overridden(self.community(code).settings)
        return self._policies[code]

    def works_in(self, code: str) -> Works:
        """The duty calendar of a community, which tells workdays."""
        overrides = self.community(code).calendar
        return lambda day: day_of(day, overrides, self.holidays).works

    def prices_of(self, code: str) -> PriceList:
        """The price list in force in a community."""
        text = self.community(code).price_list
        if text is None:
            return self.prices
        if code not in self._prices:
            self._prices[code] = parse_price_list(text)
        return self._prices[code]

    def law_of(self, code: str) -> RuleBooks:
        """The rule books of a community, by month."""
        if code not in self._laws:
            texts = self.community(code).rule_books.items()
            self._laws[code] = RuleBooks(self.book, {Period.parse(start).first: rule_book(text) for start, text in texts})
        return self._laws[code]

    def day(self, code: str, moment: datetime) -> date:
        """The date in a community's time zone."""
        return moment.astimezone(self.zone(code)).date()

    def roles(self, login: str, community: str, moment: datetime) -> tuple[Held, ...]:
        """The roles that an enabled person holds in a community at a moment, with the areas assigned under each."""
        person = self.people.get(login)
        if person is None or not person.enabled or community not in self.communities:
            return ()
        day = self.day(community, moment)
        areas: dict[Role, set[str]] = {}
        for grant in person.grants:
            if grant.in_force(community, day):
                areas.setdefault(grant.role, set()).update([grant.area] if grant.area else [])
        return tuple(Held(role, frozenset(found)) for role, found in areas.items())

    def communities_of(self, login: str, moment: datetime) -> list[str]:
        """Codes of the communities where a person has a role in force."""
        return [code for code in self.communities if self.roles(login, code, moment)]

    def is_admin(self, login: str, moment: datetime, community: str = EVERYWHERE) -> bool:
        """Whether a person administers a community, or all of them."""
        person = self.people.get(login)
        if person is None or not person.enabled:
            return False
        day = self.day(community, moment) if community != EVERYWHERE else moment.date()
        return any(g.role is Role.ADMIN and g.in_force(community, day) for g in person.grants)

    def members(self, community: str, assignee: Assignee) -> tuple[str, ...]:
        """The logins that an assignee includes; none for a contractor."""
        if assignee.type is AssigneeType.PERSON:
            return (assignee.id,)
        if assignee.type is AssigneeType.TEAM:
            return self.community(community).teams.get(assignee.id, ())
        return ()

    def check_assignee(self, community: str, assignee: Assignee, able: Iterable[Role], moment: datetime) -> None:
        """Check that an assignee can carry work orders in a community. Raises InvalidInput."""
        here = self.community(community)
        if assignee.type is AssigneeType.TEAM:
            if assignee.id not in here.teams:
                raise invalid("/assignee", f"no such team; teams: {', '.join(here.teams) or 'none'}")
        elif assignee.type is AssigneeType.CONTRACTOR:
            if assignee.id not in here.contractors:
                raise invalid("/assignee", f"no such contractor; contractors: {', '.join(here.contractors) or 'none'}")
        elif not any(held.role in set(able) for held in self.roles(assignee.id, community, moment)):
            raise invalid("/assignee", f"no one with that login can carry work orders in {community}")

    def check_people(self, community: str, logins: Iterable[str], pointer: str, moment: datetime) -> None:
        """Check that logins belong to people with a role in the community. Raises InvalidInput."""
        for i, login in enumerate(logins):
            if not self.roles(login, community, moment):
                raise invalid(f"{pointer}/{i}", "no one with that login works in this community")


class DirectoryKeeper:
    """Caches the directory. Each command asks only for the registry's version; a change makes it read the new events."""

    def __init__(
        self, log: EventLog, codec: Codec, policy: Policy, prices: PriceList, book: RuleBook, holidays: Holidays
    ) -> None:
        self._log, self._codec = log, codec
        self._position = 0
        self._version = -1
        self._directory = Directory(policy, prices, book, holidays)

    async def current(self, version: int | None = None) -> Directory:
        """The newest directory. ``version`` is the registry's, if the caller has just read it."""
        newest = await self._log.registry_version() if version is None else version
        if newest != self._version:
            old, position = self._directory, self._position
            fresh = Directory(old.policy, old.prices, old.book, old.holidays, dict(old.communities), dict(old.people), newest)
            states = {s.id: s for s in (*fresh.communities.values(), *fresh.people.values())}
            for stored in await self._log.read_named((COMMUNITIES, PEOPLE), position):
                known = states.get(stored.stream_id)
                if known is not None and known.version >= stored.version:
                    continue
                state = states[stored.stream_id] = apply(known, self._codec.decode(stored))
                if isinstance(state, CommunityState):
                    fresh.communities[state.code] = state
                else:
                    fresh.people[state.login] = state
                position = max(position, stored.position)
            self._directory, self._position, self._version = fresh, position, newest
        return self._directory
