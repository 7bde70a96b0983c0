"""The dwelling (户): one flat or house of a community, with its building (楼栋), entrance (单元) and number.

The number is dwelling-level address, hence personal data: it is sealed under a subject that is the dwelling itself and no
person. Who lives there is said in the residents' streams only, sealed under each resident's own subject, so that nothing is left
to tell it once that person is erased.
"""

from dataclasses import dataclass
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text


@dataclass(frozen=True)
class DwellingState(FoldedState):
    """Where a dwelling is; ``area`` and the codes of building and entrance are no personal data."""

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
        """A dwelling was entered in the roll."""

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
