"""A person of the household register: owner (业主), resident (住户) or tenant (租户), with dates and keys received (锁匙交收).

Name, phone and dwelling numbers are sealed under the person's own subject. A caller who turns out to be this person keeps a
separate subject: the two are linked, and nothing is sealed again.
"""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import Tenure
from domain.people.place import Location


@dataclass(frozen=True, slots=True)
class Occupancy:
    """A person's tenure of one dwelling, from ``since`` to ``until``, both included; an unknown day is None.

    ``keys`` counts the sets of keys received.
    """

    id: UUID
    tenure: Tenure
    place: Location
    number: Text
    since: date | None = None
    until: date | None = None
    keys: int = 0

    def current(self, day: date) -> bool:
        """Whether the occupancy includes a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class ResidentState(FoldedState):
    """A person of the register; ``callers`` are the subjects of linked callers."""

    id: UUID
    version: int
    community: str = ""
    subject: UUID | None = None
    name: Text | None = None
    phone: Text | None = None
    occupancies: tuple[Occupancy, ...] = ()
    callers: tuple[UUID, ...] = ()

    @property
    def subjects(self) -> tuple[UUID, ...]:
        """The person's own subject and those of linked callers, the own one first."""
        return (*((self.subject,) if self.subject else ()), *self.callers)

    def occupancy(self, occupancy: UUID) -> Occupancy | None:
        """An occupancy by id."""
        return next((one for one in self.occupancies if one.id == occupancy), None)


def _changed(state: ResidentState, occupancy: UUID, **changes: object) -> ResidentState:
    changed = tuple(replace(one, **changes) if one.id == occupancy else one for one in state.occupancies)  # type: ignore[arg-type]
    return state.with_(occupancies=changed)


@register
class Resident(Folded[ResidentState]):
    """One person of a community's household register."""

    TOPIC = "resident"
    STATE = ResidentState

    class Event(Folded.Event[ResidentState]):
        """Base of a person's events."""

    class ResidentRegistered(Event):
        """A person was registered."""

        TOPIC = "resident.registered"
        community: str
        subject: UUID
        name: Private
        phone: Private | None = None

        def evolve(self, state: ResidentState) -> ResidentState:
            return state.with_(
                community=self.community,
                subject=self.subject,
                name=Text(self.name, self.originator_version, "name"),
                phone=Text(self.phone, self.originator_version, "phone") if self.phone is not None else None,
            )

    class ContactCorrected(Event):
        """The name or the phone was corrected; None left it unchanged."""

        TOPIC = "resident.contact_corrected"
        name: Private | None = None
        phone: Private | None = None

        def evolve(self, state: ResidentState) -> ResidentState:
            given = {"name": self.name, "phone": self.phone}
            texts = {field: Text(text, self.originator_version, field) for field, text in given.items() if text is not None}
            return state.with_(**texts)

    class MovedIn(Event):
        """入住: the person became owner, resident or tenant of a dwelling; ``since`` is None if the day is unknown."""

        TOPIC = "resident.moved_in"
        occupancy: UUID
        tenure: Tenure
        building: str
        number: Private
        area: str | None = None
        entrance: str | None = None
        since: date | None = None

        def evolve(self, state: ResidentState) -> ResidentState:
            place = Location(self.area, self.building, self.entrance)
            number = Text(self.number, self.originator_version, "number")
            begun = Occupancy(self.occupancy, self.tenure, place, number, self.since)
            return state.with_(occupancies=(*state.occupancies, begun))

    class MovedOut(Event):
        """迁出: ``until`` was the last day."""

        TOPIC = "resident.moved_out"
        occupancy: UUID
        until: date

        def evolve(self, state: ResidentState) -> ResidentState:
            return _changed(state, self.occupancy, until=self.until)

    class KeysReceived(Event):
        """锁匙交收: the person received ``keys`` further sets of keys."""

        TOPIC = "resident.keys_received"
        occupancy: UUID
        keys: int
        received_on: date | None = None

        def evolve(self, state: ResidentState) -> ResidentState:
            known = state.occupancy(self.occupancy)
            return _changed(state, self.occupancy, keys=(known.keys if known else 0) + self.keys)

    class CallerLinked(Event):
        """A ticket's caller was linked to this person; the caller's texts stay sealed under their own subject."""

        TOPIC = "resident.caller_linked"
        caller: UUID
        ticket: UUID

        def evolve(self, state: ResidentState) -> ResidentState:
            return state.with_(callers=(*state.callers, self.caller))

    class CallerUnlinked(Event):
        """The link between a ticket's caller and this person was undone."""

        TOPIC = "resident.caller_unlinked"
        caller: UUID
        ticket: UUID

        def evolve(self, state: ResidentState) -> ResidentState:
            return state.with_(callers=tuple(known for known in state.callers if known != self.caller))
