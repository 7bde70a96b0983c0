"""A data subject's file: what was done with somebody's data by two people, disclosure to the police and erasure (D2 duty 21)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.aggregate import Folded, FoldedState, register


@dataclass(frozen=True)
class SubjectState(FoldedState):
    """Disclosures made and whether the subject was erased; the stream's id is the subject's."""

    id: UUID
    version: int
    erased_at: datetime | None = None
    disclosures: tuple[str, ...] = ()


@register
class SubjectFile(Folded):
    """What happened to one subject's data."""

    TOPIC = "subject"
    STATE = SubjectState
    state: SubjectState

    class Event(Folded.Event):
        """Base of the file's events."""

        community: str
        ticket: UUID

    class SubjectErased(Event):
        """The subject's key was ordered destroyed; every sealed field of theirs reads "erased" from now."""

        TOPIC = "subject.erased"
        reason: str

        def evolve(self, state: SubjectState) -> SubjectState:
            return state.with_(erased_at=self.timestamp)

    class DisclosedToPolice(Event):
        """公安机关查案: data of one ticket were disclosed under a reference number."""

        TOPIC = "subject.disclosed"
        reference: str

        def evolve(self, state: SubjectState) -> SubjectState:
            return state.with_(disclosures=(*state.disclosures, self.reference))
