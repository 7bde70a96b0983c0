"""The dwelling (户): one flat or house of a community, with its building (楼栋), entrance (单元) and number.

The number is a dwelling-level address, hence personal data; it is sealed under a subject that stands for the dwelling and no
person. Who lives there is stored only in the residents' streams, sealed under each resident's own subject: erasing a person
leaves no trace of where they lived.
"""

from dataclasses import dataclass
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text


@dataclass(frozen=True)
class DwellingState(FoldedState):
    """A dwelling's address. ``area`` and the codes of building and entrance are no personal data."""

    id: UUID
    version: int
    community: str = ""
    subject: UUID | None = None
    area: str | None = None
    building: str = ""
    entrance: str | None = None
    number: Text | None = None


@register
class Dwelling(Folded[DwellingState]):
    """One dwelling."""

    TOPIC = "dwelling"
    STATE = DwellingState

    class Event(Folded.Event[DwellingState]):
        """Base of a dwelling's events."""

    class DwellingAdded(Event):
        """A dwelling was added to the household register."""

        TOPIC = "dwelling.added"
        community: str
        subject: UUID
        building: str
        number: Private
        area: str | None = None
        entrance: str | None = None

        def evolve(self, state: DwellingState) -> DwellingState:
            return state.with_(
                community=self.community,
                subject=self.subject,
                area=self.area,
                building=self.building,
                entrance=self.entrance,
                number=Text(self.number, self.originator_version, "number"),
            )
