"""The household register (住户名册) of a community: its dwellings, and the people who own them, live in them or rent them.

Each dwelling and each person has a stream. The register has one stream per community, whose version counts the changes to any of
them. Every change expects the version it was decided on, so an address, a person and a caller's link stay unique in the community
although they are in different streams.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.household.dwelling import DwellingState
from domain.household.resident import ResidentState
from domain.kernel.aggregate import Folded, FoldedState, apply, register
from domain.kernel.errors import NotFound
from domain.kernel.journal import Journal
from domain.kernel.ports import ReserveName


def register_stream(community: str) -> UUID:
    """The id of the stream of a community's household register."""
    return uuid5(NAMESPACE_URL, f"gongdan:roll:{community}")


def membership(community: str, stream: UUID) -> ReserveName:
    """The reservation that makes a stream a member of the register.

    The reserved name is the stream's id, so it reveals nothing.
    """
    return ReserveName(f"roll:{community}", str(stream), stream)


@dataclass(frozen=True)
class RegisterState(FoldedState):
    """The numbers of dwellings and people ever entered."""

    id: UUID
    version: int
    community: str = ""
    dwellings: int = 0
    residents: int = 0


@register
class HouseholdRegister(Folded[RegisterState]):
    """One community's household register."""

    TOPIC = "roll"
    STATE = RegisterState

    class Event(Folded.Event[RegisterState]):
        """Base of the register's events."""

    class RegisterChanged(Event):
        """A commit added or changed members of the register. ``source`` is the SHA-256 of the imported file, if there was one."""

        TOPIC = "roll.kept"
        community: str
        dwellings: int
        residents: int
        changed: int
        source: str | None = None

        def evolve(self, state: RegisterState) -> RegisterState:
            return state.with_(
                community=self.community,
                dwellings=state.dwellings + self.dwellings,
                residents=state.residents + self.residents,
            )


@dataclass
class Members:
    """All dwellings and people of a household register at ``version``; their texts are sealed."""

    community: str
    version: int = 0
    position: int = 0
    dwellings: dict[UUID, DwellingState] = field(default_factory=dict)
    residents: dict[UUID, ResidentState] = field(default_factory=dict)

    def resident(self, resident: UUID) -> ResidentState:
        """A person by id. Raises NotFound."""
        try:
            return self.residents[resident]
        except KeyError:
            raise NotFound("resident") from None

    def person_of(self, subject: UUID) -> ResidentState | None:
        """The person whose own subject this is, or to whom this caller is linked."""
        return next((person for person in self.residents.values() if subject in person.subjects), None)


class RegisterKeeper:
    """Caches each community's household register and brings it up to date with the log before every use.

    Asking for the register's version is cheap, and only a change makes it read events, and then only the new ones.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._members: dict[str, Members] = {}

    async def members(self, community: str) -> Members:
        """The newest members of a register; a fresh value after every change, so that readers of the old one keep theirs."""
        known = self._members.get(community, Members(community))
        register = await self._journal.load(register_stream(community), RegisterState)
        newest = register.version if register is not None else 0
        if newest == known.version:
            return known
        stored = await self._journal.log.read_named((f"roll:{community}",), known.position)
        fresh = Members(community, known.version, known.position, dict(known.dwellings), dict(known.residents))
        self._take(fresh, [(s.position, self._journal.codec.decode(s)) for s in stored])
        self._members[community] = fresh
        return fresh

    @staticmethod
    def _take(members: Members, events: Sequence[tuple[int, Folded.Event]]) -> None:
        for position, event in events:
            members.position = position
            if isinstance(event, HouseholdRegister.Event):
                members.version = event.originator_version
                continue
            stream = event.originator_id
            state = apply(members.dwellings.get(stream) or members.residents.get(stream), event)
            if isinstance(state, DwellingState):
                members.dwellings[stream] = state
            else:
                members.residents[stream] = state
