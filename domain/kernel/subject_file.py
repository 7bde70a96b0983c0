"""A data subject's file: what was done with somebody's data by two people, disclosure to the police and erasure (D2 duty 21)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, register


@dataclass(frozen=True)
class SubjectState(FoldedState):
    """Disclosures made and whether the subject was erased; the stream's id is the subject's.

    ``together`` are the subjects of the same person whose erasure was ordered with it.
    """

    id: UUID
    version: int
    erased_at: datetime | None = None
    disclosures: tuple[str, ...] = ()
    together: tuple[UUID, ...] = ()


@register
class SubjectFile(Folded[SubjectState]):
    """What happened to one subject's data."""

    TOPIC = "subject"
    STATE = SubjectState

    class Event(Folded.Event[SubjectState]):
        """Base of the file's events."""

        community: str

    class SubjectErased(Event):
        """The subject's key was ordered destroyed; every sealed field of theirs reads "erased" from now.

        It was asked for by a ticket or by a person of the roll. Where that person is several subjects, callers linked to them
        among them, ``together`` names the others.
        """

        TOPIC = "subject.erased"
        reason: str
        ticket: UUID | None = None
        resident: UUID | None = None
        together: tuple[UUID, ...] | None = None

        def evolve(self, state: SubjectState) -> SubjectState:
            return state.with_(erased_at=self.timestamp, together=self.together or ())

    class DisclosedToPolice(Event):
        """公安机关查案: data of one ticket were disclosed under a reference number."""

        TOPIC = "subject.disclosed"
        ticket: UUID
        reference: str

        def evolve(self, state: SubjectState) -> SubjectState:
            return state.with_(disclosures=(*state.disclosures, self.reference))
