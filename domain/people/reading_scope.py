"""The part of a community's tickets that a person may list: all, their areas, or what they carry (by the authority table).

For one ticket, authority weighs its relation to the person. A list needs the reverse: the relation as a filter.
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
    """The tickets of a community that a right reaches: all, or those in ``areas`` and those carried by ``own``."""

    community: str
    everything: bool
    areas: frozenset[str] = frozenset()
    own: tuple[Assignee, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the right reaches no ticket."""
        return not (self.everything or self.areas or self.own)

    @property
    def limits(self) -> tuple[Sequence[str] | None, Sequence[Assignee] | None]:
        """The filter for lists: areas and assignees; both None if everything is reached."""
        return (None, None) if self.everything else (sorted(self.areas), self.own)


class Scopes:
    """Computes the reach of a person's rights."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def scope(
        self, directory: Directory, login: str, community: str, right: Right = Right.READ, *, on_duty: bool | None = None
    ) -> Scope:
        """The reach of a right in a community. Raises NotFound for people without a role there.

        ``on_duty`` says whether the person holds the community's desk, where this request has read that already.
        """
        now = self._office.clock.now()
        roles = directory.roles(login, community, now)
        if not roles:
            raise NotFound("community")
        if on_duty is None:
            on_duty = await self._office.holds_desk(login, community)
        holds = frozenset({Need.ON_DUTY}) if on_duty else frozenset[Need]()
        masked = right is Right.READ  # masking hides texts, not tickets
        return bounds(right, roles, holds, carried_by(directory, login, community), community, masked=masked)

    async def scopes(self, directory: Directory, login: str, right: Right = Right.READ) -> list[Scope]:
        """The reach of a right in each community where it reaches anything."""
        found = [
            await self.scope(directory, login, code, right) for code in directory.communities_of(login, self._office.clock.now())
        ]
        return [scope for scope in found if not scope.nothing]


def carried_by(directory: Directory, login: str, community: str) -> tuple[Assignee, ...]:
    """The assignees a person acts as: themselves and their teams."""
    teams = directory.community(community).teams.items()
    mine = (Assignee(AssigneeType.TEAM, team) for team, members in teams if login in members)
    return (Assignee(AssigneeType.PERSON, login), *mine)


def bounds(
    right: Right, roles: Iterable[Held], holds: frozenset[Need], mine: tuple[Assignee, ...], community: str, *, masked: bool
) -> Scope:
    """Convert the table's cells to a filter: needs that depend on the ticket become areas and assignees."""
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
