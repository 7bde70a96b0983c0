"""Queries of the household register and the household history, by a person's rights.

Lists are masked. Personal data is opened only after the access log has the entry; where that can't be written, the masked
document is answered. Staff read by the rights "read" and "open personal data", some of them in their areas only.
Administrators without these rights see that entries exist, with every text masked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from adapters.answers.documents import document
from adapters.answers.household.documents import (
    BelongingAnswer,
    DwellingAnswer,
    HouseholdHistoryAnswer,
    HouseholdTicket,
    OccupancyAnswer,
    PhoneAnswer,
    ResidentAnswer,
    ResidentDetail,
)
from adapters.answers.ticket.documents import LocationAnswer
from adapters.composition import Gongdan
from domain.household.dwelling import DwellingState
from domain.household.resident import Occupancy, ResidentState
from domain.kernel.errors import NotFound
from domain.kernel.ports import Access, PlainField
from domain.kernel.privacy import ERASED, MASKED, Text, mask_name, mask_phone
from domain.kernel.recorded_access import noted
from domain.people.authority import Right, denied
from domain.people.directory import Directory
from domain.people.reading_scope import Scope
from projections.engine.view import Reader as Tables
from projections.household import households as queries
from projections.household.household_history import HOUSEHOLD_HISTORY, DwellingRow, HouseholdTicketRow, OccupancyRow, ResidentRow
from projections.household.households import Person, Place

HINTS = {"name": mask_name, "phone": mask_phone}
"""Texts that keep a hint where they are masked."""
Wanted = tuple[UUID, str, Text]
"""A private text to be read: its stream, its name in the answer, and the sealed text."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader in one community. ``read`` bounds the rows they see, ``open`` the personal data that may be opened.

    ``hidden`` is true for administrators without a right to read: their masked texts show no hint either.
    """

    gongdan: Gongdan
    directory: Directory
    login: str
    community: str
    read: Scope
    open: Scope
    hidden: bool

    @classmethod
    async def of(cls, gongdan: Gongdan, directory: Directory, login: str, community: str, what: str) -> "Reader":
        """Raises NotFound outside the community, NotAllowed for those inside who may not read its household register."""
        on_duty = await gongdan.office.holds_desk(login, community)
        read = await gongdan.scopes.scope(directory, login, community, on_duty=on_duty)
        opening = await gongdan.scopes.scope(directory, login, community, Right.OPEN_PERSONAL, on_duty=on_duty)
        hidden = not (read.everything or read.areas)
        now = gongdan.clock.now()
        if hidden and not directory.is_admin(login, now, community):
            raise denied(Right.READ, what, directory.roles(login, community, now))
        return cls(gongdan, directory, login, community, read, opening, hidden)

    @property
    def areas(self) -> Sequence[str] | None:
        """Areas that the reader is bound to; None for the whole community."""
        return None if self.read.everything or self.hidden else sorted(self.read.areas)

    @property
    def today(self) -> date:
        """Today in the community's time zone."""
        return self.directory.day(self.community, self.gongdan.clock.now())

    def sees(self, areas: Iterable[str | None]) -> bool:
        """Whether the reader may see something that lies in one of these areas."""
        return self.areas is None or any(area in self.areas for area in areas)

    def opens(self, areas: Iterable[str | None]) -> bool:
        """Whether personal data in one of these areas may be opened to the reader."""
        return not self.hidden and (self.open.everything or any(area in self.open.areas for area in areas))

    async def noted(self, what: str, subjects: Sequence[UUID | None], stream: UUID | None = None) -> bool:
        """Record in the access log; False where it can't be written, and then nothing may be opened."""
        known = tuple(dict.fromkeys(subject for subject in subjects if subject is not None))
        access = Access(self.gongdan.clock.now(), self.login, self.community, what, known, stream)
        return await noted(self.gongdan.store.access_log, access)

    async def texts(self, wanted: Sequence[Wanted], opened: bool) -> Mapping[tuple[UUID, str], str]:
        """Read texts in full, or masked: names and phones keep a hint (none for ``hidden`` readers), other texts nothing."""
        shown = [one for one in wanted if opened or (one[1] in HINTS and not self.hidden)]
        fields = [(PlainField(stream, text.version, text.name), text.value) for stream, _, text in shown]
        found = {(stream, name): MASKED for stream, name, _ in wanted}
        for (stream, name, _), clear in zip(shown, await self.gongdan.sealer.open(fields), strict=True):
            found[stream, name] = ERASED if clear is None else clear if opened else HINTS[name](clear)
        return found


def _named(row: ResidentRow) -> list[Wanted]:
    return [(row.resident, name, text) for name in HINTS if (text := getattr(row, name)) is not None]


def _numbers(rows: Iterable[OccupancyRow]) -> list[Wanted]:
    return [(row.resident, str(row.occupancy), row.number) for row in rows]


def _descriptions(rows: Iterable[HouseholdTicketRow]) -> list[Wanted]:
    return [(row.ticket, "description", row.description) for row in rows if row.description is not None]


def _occupancy(row: OccupancyRow, number: str | None, today: date) -> OccupancyAnswer:
    place = LocationAnswer(area=row.area, building=row.building, entrance=row.entrance, dwelling=number, public_place=None)
    current = (row.since is None or row.since <= today) and (row.until is None or today <= row.until)
    return OccupancyAnswer(
        id=row.occupancy, tenure=row.tenure, location=place, since=row.since, until=row.until, current=current, keys=row.keys
    )


def _ticket(row: HouseholdTicketRow, texts: Mapping[tuple[UUID, str], str]) -> HouseholdTicket:
    return document(HouseholdTicket, row, id=row.ticket, description=texts.get((row.ticket, "description")))


def _detail(person: Person, texts: Mapping[tuple[UUID, str], str], masked: bool, today: date) -> ResidentDetail:
    row = person.row
    return ResidentDetail(
        id=row.resident,
        community=row.community,
        name=texts.get((row.resident, "name")),
        phone=texts.get((row.resident, "phone")),
        masked=masked,
        occupancies=[_occupancy(one, texts.get((row.resident, str(one.occupancy))), today) for one in person.occupancies],
        tickets=[_ticket(one, texts) for one in person.tickets],
        version=row.version,
    )


def _dwelling(row: DwellingRow, number: str | None, masked: bool) -> DwellingAnswer:
    return document(DwellingAnswer, row, id=row.dwelling, dwelling=number, masked=masked)


async def dwellings_answer(
    reader: Reader, building: str | None, entrance: str | None, *, opened: bool, after: int = 0, limit: int = 50
) -> tuple[list[DwellingAnswer], int | None]:
    """List dwellings by the order of registration, and the position after which to go on.

    Numbers are opened where ``opened`` asks for it, the reader may, and the access log has the entry.
    """
    place = Place(building, entrance, reader.areas)
    found = await queries.dwellings(_view(reader.gongdan), reader.community, place, after=after, limit=limit)
    opened = opened and bool(found.items) and reader.opens(row.area for row in found.items)
    opened = opened and await reader.noted("dwellings", [row.subject for row in found.items])
    wanted = [(row.dwelling, "number", row.number) for row in found.items if row.number is not None]
    texts = await reader.texts(wanted, opened)
    items = [_dwelling(row, texts.get((row.dwelling, "number")), not opened) for row in found.items]
    return items, found.items[-1].first_position if found.more else None


async def residents_answer(
    reader: Reader, building: str | None, entrance: str | None, *, current: bool, after: int = 0, limit: int = 50
) -> tuple[list[ResidentAnswer], int | None]:
    """List people by the order of registration, masked, and the position after which to go on."""
    place = Place(building, entrance, reader.areas, reader.today if current else None)
    found = await queries.residents(_view(reader.gongdan), reader.community, place, after=after, limit=limit)
    texts = await reader.texts([one for person in found.items for one in _of(person)], False)
    items = [_detail(person, texts, True, reader.today) for person in found.items]
    plain = [ResidentAnswer(**item.model_dump(exclude={"tickets"})) for item in items]
    return plain, found.items[-1].row.first_position if found.more else None


def _of(person: Person) -> list[Wanted]:
    return [*_named(person.row), *_numbers(person.occupancies), *_descriptions(person.tickets)]


def _subjects(person: Person) -> list[UUID | None]:
    return [person.row.subject, *(ticket.subject for ticket in person.tickets)]


def _within(reader: Reader, tickets: Sequence[HouseholdTicketRow]) -> list[HouseholdTicketRow]:
    return [row for row in tickets if reader.sees([row.area])]


async def resident_answer(
    gongdan: Gongdan, directory: Directory, login: str, resident: UUID, *, personal: bool = True
) -> ResidentDetail:
    """Read one person, opened for those entitled, once the access log has the entry.

    Raises NotFound outside the community: its message is that of an id that does not exist.
    """
    person = await queries.resident(_view(gongdan), resident)
    if person is None:
        raise NotFound("resident")
    try:
        reader = await Reader.of(gongdan, directory, login, person.row.community, "resident")
    except NotFound:
        raise NotFound("resident") from None
    areas = [one.area for one in person.occupancies]
    if not reader.sees(areas):
        raise denied(Right.READ, "resident", directory.roles(login, reader.community, gongdan.clock.now()))
    person = Person(person.row, person.occupancies, _within(reader, person.tickets))
    opened = personal and reader.opens(areas)
    opened = opened and await reader.noted("resident", _subjects(person), resident)
    return _detail(person, await reader.texts(_of(person), opened), not opened, reader.today)


async def phone_answer(
    gongdan: Gongdan, directory: Directory, login: str, community: str, phone: str, *, on_duty: bool | None = None
) -> PhoneAnswer:
    """Find everybody with a phone number; needs the right to open personal data.

    The look-up is recorded even where nobody is found, for the attempt itself asks about a person. ``on_duty`` says whether the
    reader holds the community's desk, where this request has read that already.
    """
    scope = await gongdan.scopes.scope(directory, login, community, Right.OPEN_PERSONAL, on_duty=on_duty)
    if not (scope.everything or scope.areas):
        raise denied(Right.OPEN_PERSONAL, "phone_lookup", directory.roles(login, community, gongdan.clock.now()))
    reader = Reader(gongdan, directory, login, community, scope, scope, False)
    found = await queries.by_phone(_view(gongdan), community, await gongdan.index.phone(phone))
    seen = [person for person in found.items if reader.sees(one.area for one in person.occupancies)]
    people = [Person(person.row, person.occupancies, _within(reader, person.tickets)) for person in seen]
    callers = _within(reader, found.callers)
    subjects = [subject for person in people for subject in _subjects(person)] + [row.subject for row in callers]
    opened = await reader.noted("phone_lookup", subjects)
    wanted = [one for person in people for one in _of(person)] + _descriptions(callers)
    texts = await reader.texts(wanted, opened)
    return PhoneAnswer(
        position=found.position,
        masked=not opened,
        people=[_detail(person, texts, not opened, reader.today) for person in people],
        callers=[_ticket(row, texts) for row in callers],
    )


async def history_answer(
    gongdan: Gongdan, directory: Directory, login: str, dwelling: UUID, *, personal: bool, before: int | None, limit: int
) -> tuple[HouseholdHistoryAnswer, int | None]:
    """Read a dwelling's history, opened for those entitled once the access log has the entry; and where to go on before.

    Tickets hold no dwelling id. They are found by the keyed hash of the dwelling's number, which is opened for that only.
    """
    row = await queries.dwelling(_view(gongdan), dwelling)
    if row is None:
        raise NotFound("dwelling")
    try:
        reader = await Reader.of(gongdan, directory, login, row.community, "household_history")
    except NotFound:
        raise NotFound("dwelling") from None
    if reader.hidden or not reader.sees([row.area]):
        raise denied(Right.READ, "household_history", directory.roles(login, row.community, gongdan.clock.now()))
    assert row.number is not None
    field = PlainField(row.dwelling, row.number.version, row.number.name)
    [number] = await gongdan.sealer.open([(field, row.number.value)])
    found = await queries.history(_view(gongdan), row, await gongdan.index.whole(number or ""), before=before, limit=limit)
    subjects = [row.subject, *(one.row.subject for one in found.people), *(one.subject for one in found.tickets)]
    opened = personal and reader.opens([row.area])
    opened = opened and await reader.noted("household_history", subjects, dwelling)
    wanted: list[Wanted] = [(row.dwelling, "number", row.number)]
    texts = await reader.texts([*wanted, *(t for one in found.people for t in _of(one)), *_descriptions(found.tickets)], opened)
    answer = HouseholdHistoryAnswer(
        position=found.position,
        masked=not opened,
        dwelling=_dwelling(row, texts[row.dwelling, "number"], not opened),
        people=[
            BelongingAnswer(
                resident=one.row.resident,
                name=texts.get((one.row.resident, "name")),
                phone=texts.get((one.row.resident, "phone")),
                occupancy=_occupancy(here, texts.get((one.row.resident, str(here.occupancy))), reader.today),
            )
            for one in found.people
            for here in one.occupancies
        ],
        tickets=[_ticket(one, texts) for one in found.tickets],
        next_cursor=None,
    )
    return answer, found.tickets[-1].first_position if found.more else None


def resident_state_answer(state: ResidentState, today: date) -> ResidentAnswer:
    """Make the document of a person after a command; masked for its author too."""
    return ResidentAnswer(
        id=state.id,
        community=state.community,
        name=MASKED if state.name is not None else None,
        phone=MASKED if state.phone is not None else None,
        masked=True,
        occupancies=[_occupancy_state(one, today) for one in state.occupancies],
        version=state.version,
    )


def _occupancy_state(one: Occupancy, today: date) -> OccupancyAnswer:
    place = LocationAnswer(
        area=one.place.area, building=one.place.building, entrance=one.place.entrance, dwelling=MASKED, public_place=None
    )
    return OccupancyAnswer(
        id=one.id, tenure=one.tenure, location=place, since=one.since, until=one.until, current=one.current(today), keys=one.keys
    )


def dwelling_state_answer(state: DwellingState) -> DwellingAnswer:
    """Make the document of a dwelling after a command, masked."""
    return document(DwellingAnswer, state, dwelling=MASKED, masked=True)


def _view(gongdan: Gongdan) -> Tables:
    return gongdan.projections.reader(HOUSEHOLD_HISTORY.name)
