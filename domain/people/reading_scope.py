"""What part of a community's tickets a person may list: everything, their areas, what they carry (by the authority table).

One ticket is weighed by its relation to the person; a list needs the same answer turned round, as a bound on the list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.kernel.errors import NotFound
from domain.kernel.terms import AssigneeType, Role
from domain.people.assignee import Assignee
from domain.people.authority import CELLS, TABLE, Held, Mode, Need, Right
from domain.people.directory import Directory
from domain.people.office import Office


@dataclass(frozen=True, slots=True)
class Scope:
    """The tickets of a community that a right reaches: all of them, or those of ``areas`` and those ``own`` carry."""

    community: str
    everything: bool
    areas: frozenset[str] = frozenset()
    own: tuple[Assignee, ...] = ()

    @property
    def nothing(self) -> bool:
        """No ticket at all."""
        return not (self.everything or self.areas or self.own)

    @property
    def limits(self) -> tuple[Sequence[str] | None, Sequence[Assignee] | None]:
        """What a list is bound to: areas, and who carries; both None where it is not."""
        return (None, None) if self.everything else (sorted(self.areas), self.own)


class Scopes:
    """Tells how far a person's rights reach."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def scope(self, directory: Directory, login: str, community: str, right: Right = Right.READ) -> Scope:
        """How far a right reaches in a community; NotFound for people without a role there."""
        now = self._office.clock.now()
        roles = directory.roles(login, community, now)
        if not roles:
            raise NotFound("community")
        desk = await self._office.desk(community)
        holds = frozenset({Need.ON_DUTY}) if desk is not None and desk.on_duty(login) else frozenset[Need]()
        masked = right is Right.READ  # whoever reads masked lists the same tickets
        return bounds(right, roles, holds, carried_by(directory, login, community), community, masked=masked)

    async def scopes(self, directory: Directory, login: str, right: Right = Right.READ) -> list[Scope]:
        """How far a right reaches in every community where the person has a role; those it does not reach are left out."""
        found = [
            await self.scope(directory, login, code, right) for code in directory.communities_of(login, self._office.clock.now())
        ]
        return [scope for scope in found if not scope.nothing]


def carried_by(directory: Directory, login: str, community: str) -> tuple[Assignee, ...]:
    """As whom somebody carries work orders in a community: themself, and their teams."""
    teams = directory.community(community).teams.items()
    mine = (Assignee(AssigneeType.TEAM, team) for team, members in teams if login in members)
    return (Assignee(AssigneeType.PERSON, login), *mine)


def bounds(
    right: Right, roles: Iterable[Held], holds: frozenset[Need], mine: tuple[Assignee, ...], community: str, *, masked: bool
) -> Scope:
    """The cells of the table, as a bound: needs that hang on the single ticket become areas and assignees."""
    everything, areas, own = False, frozenset[str](), False
    for held in roles:
        if held.role is Role.ADMIN:
            continue
        for given in CELLS[TABLE[right][held.role]]:
            if given.mode is Mode.MASKED and not masked:
                continue
            missing = given.needs - holds
            everything = everything or not missing
            if missing == {Need.OWN_AREA}:
                areas |= held.areas
            own = own or missing == {Need.OWN}
    return Scope(community, True) if everything else Scope(community, False, areas, mine if own else ())
