"""Turn lines of a register into events of the household register (住户名册). Entering a line twice changes nothing.

A line that contradicts the register is refused with the reason; an import never overwrites. Two lines mean one person if name and
phone agree or, if one of them has no phone, if name and a dwelling agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.household.commands import Address, RegisterLine
from domain.household.dwelling import Dwelling, DwellingState
from domain.household.register import Members
from domain.household.resident import Occupancy, Resident, ResidentState
from domain.kernel.aggregate import Folded, Meta, apply, occurred
from domain.kernel.errors import Refusal
from domain.kernel.ports import Ids, PlainField, Sealer
from domain.kernel.privacy import Personal, Text, normal_phone, normal_text

Place = tuple[str, str | None, str]
"""Building, entrance and number of a dwelling, the number normalised for comparison."""


class Entered(StrEnum):
    """What a line added to the register."""

    DWELLING = "dwelling"
    RESIDENT = "resident"
    CONTACT = "contact"
    MOVED_IN = "moved_in"
    MOVED_OUT = "moved_out"
    KEYS = "keys"


@dataclass(eq=False)
class LineRefused(Refusal):
    """A line that contradicts the register. ``reason`` is a code to count by, ``detail`` the difference or the remedy."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Decided:
    """The events that a line leads to; none if the register holds all of it already."""

    dwelling: UUID
    resident: UUID | None
    entered: tuple[Entered, ...]
    events: tuple[Folded.Event, ...]


def place_of(address: Address) -> Place:
    """An address, normalised for comparison."""
    return address.building, address.entrance, normal_text(address.dwelling)


@dataclass
class _Person:
    """A person with their identifying texts in the clear."""

    state: ResidentState
    phone: str | None
    places: dict[UUID, Place] = field(default_factory=dict)


@dataclass
class OpenRegister:
    """A household register with its texts opened, to match lines against.

    Keep it only while lines are entered: it holds personal data in the clear.
    """

    community: str
    version: int
    areas: Mapping[str, str]
    ids: Ids
    _dwellings: dict[Place, DwellingState] = field(default_factory=dict)
    _people: dict[str, dict[UUID, _Person]] = field(default_factory=dict)

    @classmethod
    async def opened(cls, members: Members, areas: Mapping[str, str], sealer: Sealer, ids: Ids) -> "OpenRegister":
        """Open every text of a register. Erased people have no texts left and match nobody."""
        texts: dict[tuple[UUID, UUID | str], Text] = {}
        for dwelling in members.dwellings.values():
            if dwelling.number is not None:
                texts[dwelling.id, "number"] = dwelling.number
        for person in members.residents.values():
            named: list[tuple[UUID | str, Text | None]] = [("name", person.name), ("phone", person.phone)]
            named += [(one.id, one.number) for one in person.occupancies]
            texts |= {(person.id, name): text for name, text in named if text is not None}
        fields = [(PlainField(stream, text.version, text.name), text.value) for (stream, _), text in texts.items()]
        clear = dict(zip(texts, await sealer.open(fields), strict=True))
        register = cls(members.community, members.version, areas, ids)
        for dwelling in members.dwellings.values():
            number = clear.get((dwelling.id, "number"))
            if number is not None:
                register._dwellings[dwelling.building, dwelling.entrance, normal_text(number)] = dwelling
        for person in members.residents.values():
            name = clear.get((person.id, "name"))
            if name is not None:
                places = {
                    one.id: (one.place.building or "", one.place.entrance, normal_text(clear[person.id, one.id] or ""))
                    for one in person.occupancies
                }
                register._know(person, name, clear.get((person.id, "phone")), places)
        return register

    def dwelling(self, address: Address) -> DwellingState | None:
        """The dwelling at an address."""
        return self._dwellings.get(place_of(address))

    def enter(self, line: RegisterLine, at: datetime, meta: Meta) -> Decided:
        """Decide a line's events and add them to this register. Raises LineRefused and adds nothing."""
        events: list[Folded.Event] = []
        entered: list[Entered] = []
        dwelling = self.dwelling(line)
        if line.area is not None and line.area not in self.areas:
            raise LineRefused("unknown_area", f"no such area in {self.community}; areas: {', '.join(self.areas) or 'none'}")
        if dwelling is not None and line.area is not None and dwelling.area != line.area:
            raise LineRefused("area_differs", f"the dwelling is in area {dwelling.area or 'none'}")
        if dwelling is None:
            added = self._add(line, at, meta)
            dwelling = apply(None, added)
            events.append(added)
            entered.append(Entered.DWELLING)
        resident = None
        if line.name is not None:
            resident, more, what = self._person(line, dwelling, at, meta)
            events += more
            entered += what
        self._dwellings[place_of(line)] = dwelling
        return Decided(dwelling.id, resident, tuple(entered), tuple(events))

    def _add(self, line: RegisterLine, at: datetime, meta: Meta) -> Folded.Event:
        subject = self.ids.new()
        return occurred(
            Dwelling.DwellingAdded,
            self.ids.new(),
            1,
            at,
            meta,
            community=self.community,
            subject=subject,
            building=line.building,
            number=Personal(subject, line.dwelling),
            area=line.area,
            entrance=line.entrance,
        )

    def _person(
        self, line: RegisterLine, dwelling: DwellingState, at: datetime, meta: Meta
    ) -> tuple[UUID, list[Folded.Event], list[Entered]]:
        assert line.name is not None
        assert line.tenure is not None
        known = self._match(line.name, line.phone, place_of(line))
        subject = known.state.subject if known and known.state.subject else self.ids.new()
        person = _Draft(known.state if known else None, self.ids.new(), at, meta)
        phone = Personal(subject, line.phone) if line.phone is not None else None
        if known is None:
            name = Personal(subject, line.name)
            person.add(
                Entered.RESIDENT, Resident.ResidentRegistered, community=self.community, subject=subject, name=name, phone=phone
            )
        elif phone is not None and known.phone is None:
            person.add(Entered.CONTACT, Resident.ContactCorrected, phone=phone)
        places = dict(known.places) if known else {}
        here = [one for one in person.occupancies if places.get(one.id) == place_of(line) and one.tenure is line.tenure]
        occupancy = self._occupancy(line, here)
        if occupancy is None:
            id_ = self.ids.new()
            person.add(
                Entered.MOVED_IN,
                Resident.MovedIn,
                occupancy=id_,
                tenure=line.tenure,
                building=dwelling.building,
                number=Personal(subject, line.dwelling),
                area=dwelling.area,
                entrance=dwelling.entrance,
                since=line.since,
            )
            places[id_] = place_of(line)
        else:
            id_ = occupancy.id
        had = occupancy.keys if occupancy else 0
        if line.keys is not None and line.keys < had:
            raise LineRefused("keys_differ", f"the line says {line.keys} sets of keys, but {had} were received; give the total")
        if line.keys is not None and line.keys > had:
            received_on = line.since if occupancy is None else None
            person.add(Entered.KEYS, Resident.KeysReceived, occupancy=id_, keys=line.keys - had, received_on=received_on)
        if line.until is not None and (occupancy is None or occupancy.until is None):
            person.add(Entered.MOVED_OUT, Resident.MovedOut, occupancy=id_, until=line.until)
        if person.state is not None:
            self._know(person.state, line.name, line.phone or (known.phone if known else None), places)
        return person.id, person.events, person.entered

    @staticmethod
    def _occupancy(line: RegisterLine, here: list[Occupancy]) -> Occupancy | None:
        """The occupancy that a line refers to; None if it is a new one. Raises LineRefused for contradictory days."""
        for one in here:
            if one.until is None:
                if line.since is not None and one.since != line.since:
                    raise LineRefused(
                        "since_differs", f"the line says since {line.since}, the register {one.since or 'an unknown day'}"
                    )
                if line.until is not None and one.since is not None and line.until < one.since:
                    raise LineRefused("until_before_since", f"the line says until {line.until}, the register since {one.since}")
                return one
            if line.since is None or line.since == one.since:
                if line.until is not None and line.until != one.until:
                    raise LineRefused("until_differs", f"the line says until {line.until}, the register {one.until}")
                return one
        last = max((one.until for one in here if one.until is not None), default=None)
        if last is not None and line.since is not None and line.since <= last:
            raise LineRefused("since_differs", f"the line says since {line.since}, but they lived there until {last}")
        return None

    def _match(self, name: str, phone: str | None, place: Place) -> _Person | None:
        """Find the person that a line means. People with different phones are never matched."""
        found = list(self._people.get(name, {}).values())
        if phone is not None:
            same = normal_phone(phone)
            for person in found:
                if person.phone is not None and normal_phone(person.phone) == same:
                    return person
        neighbours = [person for person in found if place in person.places.values()]
        unsure = [person for person in neighbours if phone is None or person.phone is None]
        if unsure:
            return unsure[0]
        if neighbours:
            raise LineRefused(
                "phone_differs", "the dwelling has a person of that name with another phone; correct the phone or the name"
            )
        return None

    def _know(self, state: ResidentState, name: str, phone: str | None, places: dict[UUID, Place]) -> None:
        self._people.setdefault(name, {})[state.id] = _Person(state, phone, places)


class _Draft:
    """Collects one person's events while a line is decided."""

    def __init__(self, state: ResidentState | None, fresh: UUID, at: datetime, meta: Meta) -> None:
        self.state = state
        self.id = state.id if state else fresh
        self.events: list[Folded.Event] = []
        self.entered: list[Entered] = []
        self._at, self._meta = at, meta

    @property
    def occupancies(self) -> Iterable[Occupancy]:
        """The person's occupancies so far."""
        return self.state.occupancies if self.state else ()

    def add(self, entered: Entered, event: type[Folded.Event], **data: Any) -> None:
        """Add an event."""
        version = self.state.version if self.state else 0
        made = occurred(event, self.id, version + 1, self._at, self._meta, **data)
        self.state = apply(self.state, made)
        self.events.append(made)
        self.entered.append(entered)
