"""Ticket directory (工单目录): every ticket, searchable by number, phone, place, text, state and dates.

Personal texts are stored sealed. They are found by keyed tokens, which are deleted when their subject is erased.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.privacy import Text
from domain.kernel.subject_file import SubjectFile
from domain.kernel.terms import AssigneeType, Book, Channel, Facility, Kind, State, Urgency
from domain.people.assignee import Assignee
from domain.rules.clocks import Reading
from domain.ticket.state import TicketState
from projections.engine.tables import Index, Table
from projections.engine.view import ErasedRow, Put, Seen, Step, TokenRow, View, Words, Write
from projections.ticket.clock_columns import ClockColumns, breach_at, clocks_of, is_paused, readings_at, runs_until
from projections.ticket.open_workload import current_numbers


class TicketRow(NamedTuple):
    """A ticket.

    If nothing more happens, some clock reads breached after ``breach_at``, and running up to ``runs_until``. ``paused`` says that
    some clock is paused, ``back_entered`` that some event was entered late.
    """

    ticket: UUID
    first_position: int
    position: int
    version: int
    community: str
    number: str | None
    book: Book | None
    book_number: str | None
    state: State
    kind: Kind | None
    category: str | None
    facility: Facility | None
    channel: Channel
    urgency: Urgency
    area: str | None
    building: str | None
    entrance: str | None
    public_place: str | None
    assignee_type: AssigneeType | None
    assignee_id: str | None
    received_at: datetime
    occurred_at: datetime
    first_recorded_at: datetime
    last_recorded_at: datetime
    appointment_at: datetime | None
    rework: int
    back_entered: bool
    subject: UUID | None
    description: Text | None
    reporter_name: Text | None
    reporter_phone: Text | None
    dwelling: Text | None
    breach_at: datetime | None
    runs_until: datetime | None
    paused: bool
    reply: ClockColumns | None
    work: ClockColumns | None
    rectify: ClockColumns | None

    def clocks(self, moment: datetime) -> list[Reading]:
        """The clocks' readings at a moment."""
        return readings_at((self.reply, self.work, self.rectify), moment)

    @property
    def assignee(self) -> Assignee | None:
        """The assignee of the work order."""
        return Assignee(self.assignee_type, self.assignee_id) if self.assignee_type and self.assignee_id else None


class TicketNumberRow(NamedTuple):
    """A number that a ticket took, at ``position``. A book's number is void if the ticket took a later one in another book."""

    number: str
    ticket: UUID
    community: str
    book: Book
    position: int
    void: bool
    first_position: int


TICKETS = Table(
    "ticket_directory",
    TicketRow,
    key=("ticket",),
    stream="ticket",
    indexes=(
        Index(("first_position",)),
        Index(("community", "first_position")),
        Index(("community", "state", "first_position")),
        Index(("community", "kind", "first_position")),
        Index(("community", "book", "first_position"), "book IS NOT NULL"),
        Index(("community", "area", "first_position"), "area IS NOT NULL"),
        Index(("assignee_type", "assignee_id", "first_position"), "assignee_id IS NOT NULL"),
        Index(("community", "received_at")),
        Index(("community", "breach_at"), "breach_at IS NOT NULL"),
        Index(("community", "runs_until"), "runs_until IS NOT NULL"),
        Index(("community", "first_position"), "paused = 1"),
    ),
)
NUMBERS = Table(
    "ticket_numbers",
    TicketNumberRow,
    key=("number",),
    stream="ticket",
    indexes=(
        Index(("ticket",)),
        Index(("community", "book", "number", "first_position")),
        Index(("community", "book", "first_position")),
    ),
)
ERASED = Table("erased_subjects", ErasedRow, key=("subject",), stream="subject")
TOKENS = Table(
    "ticket_tokens",
    TokenRow,
    key=("stream", "field", "token"),
    stream="stream",
    indexes=(Index(("community", "token", "first_position")), Index(("subject",))),
    erased="erased_subjects",
)

SEARCHED = ("description", "reporter_name", "dwelling")
"""Texts that a search looks through, by the state's field."""

PHONE = "reporter_phone"


def row(seen: Seen) -> TicketRow:
    """The row of a ticket."""
    s: TicketState = seen.state
    assignee = s.assignment.assignee if s.assignment else None
    number, book_number = current_numbers(seen)
    place, clocks = s.location, seen.once(clocks_of)
    return TicketRow(
        s.id,
        seen.first_position,
        seen.position,
        s.version,
        s.community,
        number,
        s.book,
        book_number,
        s.state,
        s.kind,
        s.category,
        s.facility,
        s.channel,
        s.urgency,
        place.area if place else None,
        place.building if place else None,
        place.entrance if place else None,
        place.public_place if place else None,
        assignee.type if assignee else None,
        assignee.id if assignee else None,
        s.received_at or seen.recorded_at,
        s.occurred_at or seen.recorded_at,
        seen.first_recorded_at,
        seen.recorded_at,
        s.appointment_at,
        s.rework,
        seen.back_entered,
        s.subject,
        s.description,
        s.reporter_name,
        s.reporter_phone,
        s.dwelling,
        breach_at(clocks),
        runs_until(clocks),
        is_paused(clocks),
        *clocks,
    )


def numbers(seen: Seen) -> Iterable[TicketNumberRow]:
    """Every number of a ticket; of the books' numbers the last one counts."""
    s: TicketState = seen.state
    last = max((n.position for n in seen.numbers if n.book != Book.INTAKE), default=0)
    for n in seen.numbers:
        book = Book(n.book)
        void = book is not Book.INTAKE and n.position != last
        yield TicketNumberRow(n.number, s.id, s.community, book, n.position, void, seen.first_position)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the ticket's last state; texts that changed are indexed again."""
    after = steps[-1].after
    if isinstance(after.event, SubjectFile.Event):
        for step in steps:
            if isinstance(step.after.event, SubjectFile.SubjectErased):
                yield Put(ERASED, ErasedRow(after.state.id, step.after.position))
        return
    first = steps[0].before
    yield Put(TICKETS, row(after))
    if first is None or first.numbers != after.numbers:
        yield from (Put(NUMBERS, taken) for taken in numbers(after))
    for field in (*SEARCHED, PHONE):
        known: Text | None = getattr(first.state, field) if first else None
        for step in steps:
            text: Text | None = getattr(step.after.state, field)
            if text is not known and text != known:  # most often it is the same object
                s, fresh = step.after.state, first is None
                at = (step.after.position, step.after.first_position)
                yield Words(TOKENS, s.id, s.community, field, text, *at, field == PHONE, fresh)
                known = text


TICKET_DIRECTORY = View(
    "ticket_directory", 1, (TICKETS, NUMBERS, ERASED, TOKENS), ("ticket.", SubjectFile.SubjectErased.TOPIC), fold
)
