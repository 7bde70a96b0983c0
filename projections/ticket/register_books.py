"""The books (记录册, D1 4.1.1): every number of the seven books with its entry, void ones too, gapless in the log's order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.privacy import Text
from domain.kernel.terms import AssigneeType, Book, Channel, CompletionOutcome, Facility, Kind, State, Urgency
from domain.people.assignee import Assignee
from domain.ticket.state import TicketState
from projections.engine.bounds import seen as bounded
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Params, Put, Reader, Seen, Step, View, Write

BOOKS = tuple(book for book in Book if book is not Book.INTAKE)
"""The seven books; the intake's number (GD) is the ticket's own."""


class RegisterRow(NamedTuple):
    """One number of a book, and the present state of the ticket that took it.

    ``recorded_at`` is when the number was taken. A number is void if the ticket moved to another book, whose number is
    ``replaced_by``. ``completed_at`` and ``closed_at`` belong to the last round of work.
    """

    number: str
    ticket: UUID
    community: str
    book: Book
    position: int
    recorded_at: datetime
    void: bool
    replaced_by: str | None
    ticket_number: str | None
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
    completed_at: datetime | None
    outcome: CompletionOutcome | None
    closed_at: datetime | None
    rating: int | None
    unreached: bool
    rework: int
    back_entered: bool
    description: Text | None
    reporter_name: Text | None
    reporter_phone: Text | None
    dwelling: Text | None
    resolution: Text | None

    @property
    def assignee(self) -> Assignee | None:
        """The present or last assignee of the work order."""
        return Assignee(self.assignee_type, self.assignee_id) if self.assignee_type and self.assignee_id else None


ENTRIES = Table(
    "register_books",
    RegisterRow,
    key=("number",),
    stream="ticket",
    indexes=(Index(("community", "book", "position")), Index(("community", "book", "recorded_at"))),
)


def entries(after: Seen) -> Iterable[RegisterRow]:
    """The entries of all books' numbers that a ticket took; the last number counts, earlier ones are void.

    A reclassified ticket moves to another book and takes a number there. The earlier number stays as a void entry, since the
    books must be gapless: a number is neither removed nor given to another ticket.
    """
    s: TicketState = after.state
    taken = [n for n in after.numbers if n.book != Book.INTAKE]
    own = next((n.number for n in after.numbers if n.book == Book.INTAKE), None)
    place, assignee = s.location, s.assignment.assignee if s.assignment else None
    for n in taken:
        void = n is not taken[-1]
        yield RegisterRow(
            n.number,
            s.id,
            s.community,
            Book(n.book),
            n.position,
            n.recorded_at,
            void,
            taken[-1].number if void else None,
            own,
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
            s.received_at or after.first_recorded_at,
            s.timeline.cycles[-1].ended_at if s.timeline.cycles else None,
            s.outcome,
            s.closed_at,
            s.rating,
            s.unreached,
            s.rework,
            after.back_entered,
            s.description,
            s.reporter_name,
            s.reporter_phone,
            s.dwelling,
            s.resolution,
        )


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the entries of the ticket's last state."""
    return (Put(ENTRIES, row) for row in entries(steps[-1].after))


REGISTER_BOOKS = View("register_books", 1, (ENTRIES,), ("ticket.",), fold)


@dataclass(frozen=True, slots=True)
class Register:
    """Entries of a book in the order of their numbers, at ``position``; ``more`` says that others follow."""

    position: int
    items: Sequence[RegisterRow]
    more: bool


async def register(
    reader: Reader,
    community: str,
    book: Book,
    *,
    recorded_from: datetime | None = None,
    recorded_to: datetime | None = None,
    areas: Sequence[str] | None = None,
    own: Sequence[Assignee] | None = None,
    after: int = 0,
    limit: int = 200,
) -> Register:
    """Numbers of a book taken from one moment on, before another. ``after`` is the position to continue from.

    ``areas`` and ``own`` limit them to what the asker may see.
    """
    params: Params = {"community": community, "book": book.value, "after": after, "limit": limit + 1}
    where = ["community = :community", "book = :book", "position > :after", *bounded(areas, own, params)]
    for name, sign, at in (("recorded_from", ">=", recorded_from), ("recorded_to", "<", recorded_to)):
        if at is not None:
            params[name] = micros(at)
            where.append(f"recorded_at {sign} :{name}")
    sql = f"SELECT {ENTRIES.listed} FROM {{register_books}} WHERE {' AND '.join(where)} ORDER BY position LIMIT :limit"
    answer = await reader.read([(sql, params)])
    rows = [ENTRIES.decode(row) for row in answer.results[0]]
    return Register(answer.position, rows[:limit], len(rows) > limit)
