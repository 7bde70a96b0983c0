"""The morning review (主管查阅): who read which shift's record and when, and what was finished since (D1 4.1.4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.duty.shift import Shift
from domain.kernel.terms import State
from domain.ticket.state import TicketState
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Drop, Params, Put, Reader, Seen, Step, View, Write
from projections.ticket.open_workload import current_numbers


class ReviewRow(NamedTuple):
    """A review of a shift's record by ``by_login``, up to log position ``read_upto``."""

    shift: UUID
    community: str
    position: int
    officer: str
    by_login: str
    at: datetime
    read_upto: int
    urged: int


class FinishedRow(NamedTuple):
    """A finished ticket; ``position`` is that of its last event."""

    ticket: UUID
    community: str
    position: int
    number: str | None
    state: State
    version: int


REVIEWS = Table("duty_reviews", ReviewRow, key=("shift",), stream="shift", indexes=(Index(("community", "at")),))
FINISHED = Table("finished_tickets", FinishedRow, key=("ticket",), stream="ticket", indexes=(Index(("community", "position")),))


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write every review of a shift, and the last state of finished tickets."""
    before, last = steps[0].before, steps[-1].after
    if isinstance(last.event, Shift.Event):
        for _, after in steps:
            if isinstance(after.event, Shift.ShiftReviewed):
                yield Put(REVIEWS, _review(after))
        return
    s: TicketState = last.state
    if not s.is_open:
        number, _ = current_numbers(last)
        yield Put(FINISHED, FinishedRow(s.id, s.community, last.position, number, s.state, s.version))
    elif before is not None and not before.state.is_open:
        yield Drop(FINISHED, (s.id.bytes,))


def _review(seen: Seen) -> ReviewRow:
    s, review = seen.state, seen.state.review
    return ReviewRow(s.id, s.community, seen.position, s.officer, review.by, review.at, review.read_upto, len(review.urged))


MORNING_REVIEW = View("morning_review", 1, (REVIEWS, FINISHED), ("shift.", "ticket."), fold)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A day's reviews, the position read up to before that day, and the tickets finished since, at ``position``."""

    position: int
    reviews: Sequence[ReviewRow]
    since: int
    finished: Sequence[FinishedRow]


async def reviewed(reader: Reader, community: str, from_: datetime, to: datetime, limit: int = 200) -> Reviewed:
    """Read a day's reviews, and at most ``limit`` tickets finished since the review before that day, the latest first."""
    params: Params = {"community": community, "from": micros(from_), "to": micros(to), "limit": limit}
    before = "SELECT read_upto FROM {duty_reviews} WHERE community = :community AND at < :from"
    since = f"COALESCE(({before} ORDER BY at DESC, position DESC LIMIT 1), 0)"
    reviews = (
        f"SELECT {REVIEWS.listed} FROM {{duty_reviews}} WHERE community = :community AND at >= :from AND at < :to ORDER BY at"
    )
    finished = (
        f"SELECT {FINISHED.listed} FROM {{finished_tickets}} WHERE community = :community AND position > {since}"
        " ORDER BY position DESC LIMIT :limit"
    )
    answer = await reader.read([(reviews, params), (f"SELECT CAST({since} AS BIGINT)", params), (finished, params)])
    read, [(position,)], done = answer.results
    return Reviewed(answer.position, [REVIEWS.decode(row) for row in read], position, [FINISHED.decode(row) for row in done])
