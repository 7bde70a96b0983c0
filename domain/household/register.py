"""The roll (住户名册) of a community: its dwellings and the people who own them, live in them or rent them.

Each dwelling and each person is a stream of its own. The roll is one stream a community whose version counts the changes to any
of them: whoever changes something expects the version they decided on, so that what must be unique in a community (an address, a
person, a caller linked to one person) is unique, whoever else writes at the same time.
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


def roll_stream(community: str) -> UUID:
    """The stream of a community's roll."""
    return uuid5(NAMESPACE_URL, f"gongdan:roll:{community}")


def membership(community: str, stream: UUID) -> ReserveName:
    """What makes a stream one of the roll's; the name is the stream's id and says nothing."""
    return ReserveName(f"roll:{community}", str(stream), stream)


@dataclass(frozen=True)
class RollState(FoldedState):
    """How many dwellings and people were ever entered."""

    id: UUID
    version: int
    community: str = ""
    dwellings: int = 0
    residents: int = 0


@register
class Roll(Folded[RollState]):
    """One community's roll."""

    TOPIC = "roll"
    STATE = RollState

    class Event(Folded.Event[RollState]):
        """Base of the roll's events."""

    class RollKept(Event):
        """What one commit entered and changed; ``source`` is the SHA-256 of the file it came from, where it came from one."""

        TOPIC = "roll.kept"
        community: str
        dwellings: int
        residents: int
        changed: int
        source: str | None = None

        def evolve(self, state: RollState) -> RollState:
            return state.with_(
                community=self.community,
                dwellings=state.dwellings + self.dwellings,
                residents=state.residents + self.residents,
            )


@dataclass
class Members:
    """Everything on a roll as of its ``version``; texts are sealed."""

    community: str
    version: int = 0
    position: int = 0
    dwellings: dict[UUID, DwellingState] = field(default_factory=dict)
    residents: dict[UUID, ResidentState] = field(default_factory=dict)

    def resident(self, resident: UUID) -> ResidentState:
        """A person by id; NotFound where there is none."""
        try:
            return self.residents[resident]
        except KeyError:
            raise NotFound("resident") from None

    def person_of(self, subject: UUID) -> ResidentState | None:
        """Whose subject it is, or who the caller turned out to be."""
        return next((person for person in self.residents.values() if subject in person.subjects), None)


class RollKeeper:
    """Gives a community's roll as new as the log: one cheap question, a read only after a change."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._members: dict[str, Members] = {}

    async def members(self, community: str) -> Members:
        """Everything on the roll; a value made anew when the roll changed."""
        known = self._members.get(community, Members(community))
        roll = await self._journal.load(roll_stream(community), RollState)
        newest = roll.version if roll is not None else 0
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
            if isinstance(event, Roll.Event):
                members.version = event.originator_version
                continue
            stream = event.originator_id
            state = apply(members.dwellings.get(stream) or members.residents.get(stream), event)
            if isinstance(state, DwellingState):
                members.dwellings[stream] = state
            else:
                members.residents[stream] = state
