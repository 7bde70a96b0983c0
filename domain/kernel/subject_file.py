"""A data subject's file: disclosures to the police and erasure, each by two people (D2 duty 21)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, register


@dataclass(frozen=True)
class SubjectState(FoldedState):
    """A subject's disclosures and erasure; the stream's id is the subject's.

    ``together`` are the person's other subjects, erased with this one.
    """

    id: UUID
    version: int
    erased_at: datetime | None = None
    disclosures: tuple[str, ...] = ()
    together: tuple[UUID, ...] = ()


@register
class SubjectFile(Folded[SubjectState]):
    """One data subject's file."""

    TOPIC = "subject"
    STATE = SubjectState

    class Event(Folded.Event[SubjectState]):
        """Base of the file's events."""

        community: str

    class SubjectErased(Event):
        """Two people ordered the subject's key destroyed; all its sealed fields read "erased" from now on.

        The order named a ticket or a resident. If a resident has several subjects, linked callers among them, ``together`` names
        the others.
        """

        TOPIC = "subject.erased"
        changes_registry = True
        reason: str
        ticket: UUID | None = None
        resident: UUID | None = None
        together: tuple[UUID, ...] | None = None

        def evolve(self, state: SubjectState) -> SubjectState:
            return state.with_(erased_at=self.timestamp, together=self.together or ())

    class DisclosedToPolice(Event):
        """公安机关查案: two people disclosed a ticket's data under a reference number."""

        TOPIC = "subject.disclosed"
        ticket: UUID
        reference: str

        def evolve(self, state: SubjectState) -> SubjectState:
            return state.with_(disclosures=(*state.disclosures, self.reference))
