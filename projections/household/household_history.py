"""Household history (住户档案): dwellings, their owners, residents and tenants with dates and keys, and the tickets about them.

Personal texts are stored sealed. Dwellings, phones and tickets are matched by keyed tokens, which are deleted when their subject
is erased; after that nothing shows where the person lived.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.household.dwelling import DwellingState
from domain.household.resident import ResidentState
from domain.kernel.privacy import Text
from domain.kernel.subject_file import SubjectFile
from domain.kernel.terms import Kind, State, Tenure
from domain.ticket.state import TicketState
from projections.engine.tables import Index, Table
from projections.engine.view import Drop, ErasedRow, Put, Seen, Step, TokenRow, View, Words, Write
from projections.ticket.open_workload import current_numbers


class DwellingRow(NamedTuple):
    """A dwelling of the household register."""

    dwelling: UUID
    first_position: int
    version: int
    community: str
    subject: UUID | None
    area: str | None
    building: str
    entrance: str | None
    number: Text | None


class ResidentRow(NamedTuple):
    """A person of the household register."""

    resident: UUID
    first_position: int
    version: int
    community: str
    subject: UUID | None
    name: Text | None
    phone: Text | None
    registered_at: datetime


class OccupancyRow(NamedTuple):
    """A person's tenure of a dwelling, with its days and the sets of keys received."""

    occupancy: UUID
    resident: UUID
    community: str
    ordinal: int
    tenure: Tenure
    area: str | None
    building: str | None
    entrance: str | None
    number: Text
    since: date | None
    until: date | None
    keys: int


class PersonRow(NamedTuple):
    """A subject that belongs to a person of the register: their own, or a linked caller's."""

    subject: UUID
    resident: UUID
    community: str


class HouseholdTicketRow(NamedTuple):
    """A ticket as a household's history shows it."""

    ticket: UUID
    first_position: int
    community: str
    subject: UUID | None
    number: str | None
    book_number: str | None
    state: State
    kind: Kind | None
    category: str | None
    area: str | None
    building: str | None
    entrance: str | None
    description: Text | None
    received_at: datetime
    closed_at: datetime | None
    rework: int
    rating: int | None


DWELLINGS = Table(
    "dwellings",
    DwellingRow,
    key=("dwelling",),
    stream="dwelling",
    indexes=(Index(("community", "first_position")), Index(("community", "building", "first_position"))),
)
RESIDENTS = Table(
    "residents", ResidentRow, key=("resident",), stream="resident", indexes=(Index(("community", "first_position")),)
)
OCCUPANCIES = Table(
    "occupancies",
    OccupancyRow,
    key=("occupancy",),
    stream="resident",
    indexes=(Index(("resident",)), Index(("community", "building", "entrance")), Index(("community", "area"))),
)
PEOPLE = Table("roll_subjects", PersonRow, key=("subject", "resident"), stream="resident", indexes=(Index(("resident",)),))
TICKETS = Table(
    "household_tickets",
    HouseholdTicketRow,
    key=("ticket",),
    stream="ticket",
    indexes=(Index(("subject", "first_position")), Index(("community", "building", "entrance", "first_position"))),
)
ERASED = Table("household_erased", ErasedRow, key=("subject",), stream="subject")
TOKENS = Table(
    "household_tokens",
    TokenRow,
    key=("stream", "field", "token"),
    stream="stream",
    indexes=(Index(("community", "token", "field", "stream")), Index(("subject",))),
    erased="household_erased",
)

PHONE, NAME, NUMBER = "phone", "name", "number"
"""Token fields: a person's phone and name; the number of a dwelling, of a ticket's dwelling, or of an occupancy (number:ID)."""
CALLER = "reporter_phone"
"""Token field: the phone of a ticket's caller."""


def occupancy_field(occupancy: UUID) -> str:
    """The token field of an occupancy's dwelling number."""
    return f"{NUMBER}:{occupancy}"


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the stream's last state; texts that changed are indexed again."""
    first, after = steps[0].before, steps[-1].after
    state = after.state
    if isinstance(after.event, SubjectFile.Event):
        for step in steps:
            if isinstance(step.after.event, SubjectFile.SubjectErased):
                yield Put(ERASED, ErasedRow(state.id, step.after.position))
    elif isinstance(state, DwellingState):
        yield from _dwelling(first, after, state)
    elif isinstance(state, ResidentState):
        yield from _resident(steps, after, state)
    else:
        yield from _ticket(steps, after, state)


def _dwelling(first: Seen | None, after: Seen, s: DwellingState) -> Iterable[Write]:
    given = (s.community, s.subject, s.area, s.building, s.entrance, s.number)
    yield Put(DWELLINGS, DwellingRow(s.id, after.first_position, s.version, *given))
    if first is None:
        yield Words(TOKENS, s.id, s.community, NUMBER, s.number, after.position, after.first_position, whole=True, fresh=True)


def _resident(steps: Sequence[Step], after: Seen, s: ResidentState) -> Iterable[Write]:
    first: ResidentState | None = steps[0].before.state if steps[0].before else None
    given = (s.community, s.subject, s.name, s.phone, after.first_recorded_at)
    yield Put(RESIDENTS, ResidentRow(s.id, after.first_position, s.version, *given))
    for ordinal, one in enumerate(s.occupancies):
        place = (one.place.area, one.place.building, one.place.entrance)
        said = (one.tenure, *place, one.number, one.since, one.until, one.keys)
        yield Put(OCCUPANCIES, OccupancyRow(one.id, s.id, s.community, ordinal, *said))
    known = set(first.subjects) if first else set()
    for step in steps:
        known |= set(step.after.state.subjects)
    for subject in known:
        row = PersonRow(subject, s.id, s.community)
        yield Put(PEOPLE, row) if subject in s.subjects else Drop(PEOPLE, (subject.bytes, s.id.bytes))
    for field in (NAME, PHONE):
        yield from _words(steps, s, field, field, phone=field == PHONE)
    had = {one.id for one in first.occupancies} if first else set[UUID]()
    for one in s.occupancies:
        if one.id not in had:
            text, field = one.number, occupancy_field(one.id)
            begun = next(step.after.position for step in steps if step.after.state.version >= text.version)
            yield Words(TOKENS, s.id, s.community, field, text, begun, after.first_position, whole=True, fresh=True)


def _ticket(steps: Sequence[Step], after: Seen, s: TicketState) -> Iterable[Write]:
    number, book_number = current_numbers(after)
    place = s.location
    yield Put(
        TICKETS,
        HouseholdTicketRow(
            s.id,
            after.first_position,
            s.community,
            s.subject,
            number,
            book_number,
            s.state,
            s.kind,
            s.category,
            place.area if place else None,
            place.building if place else None,
            place.entrance if place else None,
            s.description,
            s.received_at or after.first_recorded_at,
            s.closed_at,
            s.rework,
            s.rating,
        ),
    )
    yield from _words(steps, s, "dwelling", NUMBER, whole=True)
    yield from _words(steps, s, CALLER, CALLER, phone=True)


def _words(
    steps: Sequence[Step], s: ResidentState | TicketState, name: str, field: str, *, phone: bool = False, whole: bool = False
) -> Iterable[Write]:
    """Index a text of the state again at each step that changed it."""
    first = steps[0].before
    known: Text | None = getattr(first.state, name) if first else None
    for step in steps:
        text: Text | None = getattr(step.after.state, name)
        if text is not known and text != known:  # most often it is the same object
            at = (step.after.position, step.after.first_position)
            yield Words(TOKENS, s.id, s.community, field, text, *at, phone, first is None, whole)
            known = text


HOUSEHOLD_HISTORY = View(
    "household_history",
    1,
    (DWELLINGS, RESIDENTS, OCCUPANCIES, PEOPLE, TICKETS, ERASED, TOKENS),
    ("ticket.", "dwelling.", "resident.", SubjectFile.SubjectErased.TOPIC),
    fold,
)
