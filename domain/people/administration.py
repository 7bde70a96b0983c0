"""The use cases of administration (系统管理): communities, areas, teams, contractors, settings, people and roles.

They are for the machine's operator (the command line) and for ``admin``; neither holds a business right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.kernel.aggregate import Folded, Meta, S, occurred
from domain.kernel.errors import Conflict, NotAllowed, NotFound, invalid
from domain.kernel.journal import Belonging, decide_again
from domain.kernel.ports import CommandKey, ConditionFailed, ReserveName, VersionConflict
from domain.kernel.terms import Role
from domain.people.community import SCOPE as COMMUNITIES
from domain.people.community import Community, CommunityState, community_stream
from domain.people.directory import Directory
from domain.people.office import Office
from domain.people.person_rules import PersonRule
from domain.people.staff import COMPANY_ROLES, EVERYWHERE, Grant, Person, PersonState, person_stream
from domain.people.staff import SCOPE as PEOPLE

OF_THE_COMPANY = "admin of the company"
"""Who administers all communities, in refusals."""
BY_ANOTHER: PersonRule[str, str] = PersonRule(
    "administered_by_another",
    "",
    "nobody may grant themselves a role or disable their own login",
    None,
    lambda about, _, login: login == about,
)
"""The rule's case is the login that a grant or an end of access is about."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """The person who administers: a login with the admin role, or the machine's operator (``login`` is then ``operator``).

    ``key`` is the idempotency key: the log refuses a second command with it (ports.DuplicateCommand). ``if_match`` is the version
    the caller saw.
    """

    login: str
    command_id: UUID
    operator: bool = False
    key: CommandKey | None = None
    if_match: int | None = None


class Administration:
    """The use cases of administration."""

    def __init__(self, office: Office) -> None:
        self._journal, self._directory, self._clock, self._ids = office.journal, office.directory, office.clock, office.ids

    async def add_community(self, code: str, name: str, timezone: str, by: Administrator) -> CommunityState:
        """Register a community. Its code and time zone never change."""
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise invalid("/timezone", "not a time zone of the IANA database, such as Asia/Shanghai") from None
        if code == EVERYWHERE:
            raise invalid("/code", "this code is reserved for all communities")
        await self._authorised(by, EVERYWHERE)
        stream = community_stream(code)
        now, meta = self._clock.now(), Meta(by.login, by.command_id)
        event = occurred(Community.CommunityRegistered, stream, 1, now, meta, code=code, name=name, timezone=timezone)
        await self._new(event, by, code, timezone, ReserveName(COMMUNITIES, code, stream), "community")
        return (await self._directory.current()).community(code)

    async def add_area(self, community: str, area: str, name: str, by: Administrator) -> CommunityState:
        """Add an area (责任区) to a community."""

        def decide(state: CommunityState, at: datetime, meta: Meta) -> Folded.Event:
            if area in state.areas:
                raise Conflict("area", f"{community} already has an area {area}")
            return occurred(Community.AreaAdded, state.id, state.version + 1, at, meta, area=area, name=name)

        return await self._community(community, by, decide)

    async def form_team(self, community: str, team: str, members: tuple[str, ...], by: Administrator) -> CommunityState:
        """Form a team (班组), or replace its members."""
        directory = await self._authorised(by, community)
        directory.check_people(community, members, "/members", self._clock.now())

        def decide(state: CommunityState, at: datetime, meta: Meta) -> Folded.Event:
            return occurred(Community.TeamFormed, state.id, state.version + 1, at, meta, team=team, members=members)

        return await self._community(community, by, decide)

    async def register_contractor(self, community: str, contractor: str, name: str, by: Administrator) -> CommunityState:
        """Register an outside contractor (外包单位), who has no login."""

        def decide(state: CommunityState, at: datetime, meta: Meta) -> Folded.Event:
            version = state.version + 1
            return occurred(Community.ContractorRegistered, state.id, version, at, meta, contractor=contractor, name=name)

        return await self._community(community, by, decide)

    async def change_settings(self, community: str, settings: Mapping[str, Any], by: Administrator) -> CommunityState:
        """Override readings of the policy for a community; null restores the company's. Raises InvalidInput."""
        directory = await self._authorised(by, community)

        def decide(state: CommunityState, at: datetime, meta: Meta) -> Folded.Event:
            merged = {**state.settings, **settings}
            directory.policy.overridden({k: v for k, v in merged.items() if v is not None})
            return occurred(Community.SettingsChanged, state.id, state.version + 1, at, meta, settings=dict(settings))

        return await self._community(community, by, decide)

    async def add_person(self, login: str, name: str, by: Administrator) -> PersonState:
        """Add a member of staff."""
        await self._authorised(by, None)
        stream = person_stream(login)
        event = occurred(Person.PersonAdded, stream, 1, self._clock.now(), Meta(by.login, by.command_id), login=login, name=name)
        await self._new(event, by, "", "UTC", ReserveName(PEOPLE, login, stream), "person")
        return (await self._directory.current()).person(login)

    async def grant(
        self,
        login: str,
        role: Role,
        community: str,
        area: str | None,
        valid_from: date | None,
        valid_to: date | None,
        by: Administrator,
    ) -> PersonState:
        """Grant a dated role in a community, possibly for one area; days are the community's, both included.

        An appraiser acts in every community, so only an administrator of all of them may grant that role. Nobody grants a role to
        themselves. Raises NotAllowed, NotFound, InvalidInput.
        """
        directory = await self._authorised(by, EVERYWHERE if role is Role.APPRAISER else community)
        self._about_another(directory, login, "grant", by)
        if community == EVERYWHERE:
            if role not in COMPANY_ROLES:
                raise invalid("/community", f"only these roles can be granted company-wide: {', '.join(COMPANY_ROLES)}")
            today = self._clock.now().date()
        else:
            here = directory.community(community)
            today = directory.day(community, self._clock.now())
            if area is not None and area not in here.areas:
                raise invalid("/area", f"no such area in {community}; areas: {', '.join(here.areas) or 'none'}")
        if role is Role.ADMIN and not by.operator and not directory.is_admin(by.login, self._clock.now()):
            raise NotAllowed("grant admin", [Role.ADMIN], [OF_THE_COMPANY, "operator"])
        if area is not None and community == EVERYWHERE:
            raise invalid("/area", "a company-wide role has no area")
        grant = Grant(self._ids.new(), role, community, area, valid_from or today, valid_to)
        if valid_to is not None and valid_to < grant.valid_from:
            raise invalid("/to", "must not be before the first day")

        def decide(state: PersonState, at: datetime, meta: Meta) -> Folded.Event:
            return occurred(Person.RoleGranted, state.id, state.version + 1, at, meta, grant=grant)

        return await self._person(login, by, decide)

    async def end_grant(self, login: str, grant: UUID, valid_to: date, by: Administrator) -> PersonState:
        """Shorten a grant so that it ends after a day."""
        directory = await self._directory.current()
        held = next((g for g in directory.person(login).grants if g.id == grant), None)
        if held is None:
            raise NotFound("grant")
        await self._authorised(by, EVERYWHERE if held.role is Role.APPRAISER else held.community)
        if held.valid_to is not None and valid_to > held.valid_to:
            raise invalid("/to", f"already ends on {held.valid_to}; to extend a role, grant it again")

        def decide(state: PersonState, at: datetime, meta: Meta) -> Folded.Event:
            return occurred(Person.GrantEnded, state.id, state.version + 1, at, meta, grant=grant, valid_to=valid_to)

        return await self._person(login, by, decide)

    async def disable(self, login: str, by: Administrator) -> PersonState:
        """Disable another's login at once. Raises NotAllowed for one's own, so that the last administrator stays."""
        self._about_another(await self._authorised(by, EVERYWHERE), login, "disable", by)

        def decide(state: PersonState, at: datetime, meta: Meta) -> Folded.Event:
            if not state.enabled:
                raise Conflict("person", f"{login} is already disabled")
            return occurred(Person.PersonDisabled, state.id, state.version + 1, at, meta)

        return await self._person(login, by, decide)

    async def enable(self, login: str, by: Administrator) -> PersonState:
        """Enable a login again."""
        await self._authorised(by, EVERYWHERE)

        def decide(state: PersonState, at: datetime, meta: Meta) -> Folded.Event:
            if state.enabled:
                raise Conflict("person", f"{login} is already enabled")
            return occurred(Person.PersonEnabled, state.id, state.version + 1, at, meta)

        return await self._person(login, by, decide)

    def _about_another(self, directory: Directory, login: str, command: str, by: Administrator) -> None:
        """Refuse what an administrator must not do to themselves. Raises NotAllowed."""
        if not by.operator and BY_ANOTHER.forbids(login, command, by.login):
            now = self._clock.now()
            held = {role.role.value for place in directory.communities for role in directory.roles(by.login, place, now)}
            raise BY_ANOTHER.refusal(command, held, ["another administrator", "operator"])

    async def authorise(self, by: Administrator) -> Directory:
        """Check that somebody administers all communities. Raises NotAllowed."""
        return await self._authorised(by, EVERYWHERE)

    async def _authorised(self, by: Administrator, community: str | None) -> Directory:
        """Check that somebody is the operator, or an admin of the community (None: of any)."""
        directory = await self._directory.current()
        if by.operator:
            return directory
        now = self._clock.now()
        places = list(directory.communities) if community is None else [community]
        if not any(directory.is_admin(by.login, now, place) for place in [EVERYWHERE, *places]):
            everywhere = community == EVERYWHERE
            here = directory.communities if everywhere else places
            held = {role.role.value for place in here for role in directory.roles(by.login, place, now)}
            raise NotAllowed("administration", sorted(held), [OF_THE_COMPANY if everywhere else Role.ADMIN, "operator"])
        return directory

    async def _new(
        self, event: Folded.Event, by: Administrator, community: str, timezone: str, name: ReserveName, what: str
    ) -> None:
        try:
            await self._journal.write(
                [event], Belonging(community, timezone), command=by.key, conditions=[name], bumps_registry=True
            )
        except (VersionConflict, ConditionFailed):
            raise Conflict(what, f"{name.name} already exists") from None

    async def _community(
        self, code: str, by: Administrator, decide: Callable[[CommunityState, datetime, Meta], Folded.Event]
    ) -> CommunityState:
        directory = await self._directory.current()
        directory.community(code)
        await self._authorised(by, code)
        return await self._change(community_stream(code), CommunityState, directory.belonging(code), by, decide)

    async def _person(
        self, login: str, by: Administrator, decide: Callable[[PersonState, datetime, Meta], Folded.Event]
    ) -> PersonState:
        (await self._directory.current()).person(login)
        return await self._change(person_stream(login), PersonState, Belonging(""), by, decide)

    async def _change(
        self,
        stream: UUID,
        of: type[S],
        belonging: Belonging,
        by: Administrator,
        decide: Callable[[S, datetime, Meta], Folded.Event],
    ) -> S:
        async def attempt() -> S:
            state = await self._journal.existing(stream, of)
            if by.if_match is not None and by.if_match != state.version:
                raise await self._journal.stale(stream, by.if_match, state.version)
            event = decide(state, self._clock.now(), Meta(by.login, by.command_id))
            await self._journal.write([event], belonging, command=by.key, bumps_registry=True)
            return await self._journal.load_at(stream, event.originator_version, of)

        return await decide_again(attempt)
