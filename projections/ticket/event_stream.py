"""Event stream (事件流): who did what and when, event by event, and the transitions of tickets between states.

Rows hold codes and logins but no personal texts, which stay in the log. The transitions make the lived process
(:mod:`projections.ticket.lived_process`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.terms import State
from domain.ticket.state import TicketState
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Params, Put, Reader, Step, View, Write
from projections.ticket.lived_process import MOVES, TALLIES, moves


class EventRow(NamedTuple):
    """An event; ``before`` and ``after`` are the ticket's states, equal if it kept its state, and null for a shift."""

    position: int
    stream: UUID
    version: int
    community: str
    topic: str
    actor: str
    on_behalf_of: str | None
    second_person: str | None
    at: datetime
    recorded_at: datetime
    back_entered: bool
    offline_entered: bool
    before: State | None
    after: State | None


EVENTS = Table(
    "event_stream",
    EventRow,
    key=("stream", "version"),
    stream="stream",
    indexes=(Index(("community", "position")), Index(("community", "actor", "position"))),
)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write each event and each change of state; neither ever changes afterwards."""
    for before, seen in steps:
        event, s = seen.event, seen.state
        meta = event.meta
        was, now = (before.state.state if before else None, s.state) if isinstance(s, TicketState) else (None, None)
        row = EventRow(
            seen.position,
            s.id,
            event.originator_version,
            s.community,
            event.TOPIC,
            meta.actor,
            meta.on_behalf_of,
            meta.second_person,
            event.timestamp,
            seen.recorded_at,
            meta.back_entered,
            meta.offline_entered,
            was,
            now,
        )
        yield Put(EVENTS, row)
    yield from moves(steps)


EVENT_STREAM = View("event_stream", 1, (EVENTS, MOVES), ("ticket.", "shift."), fold, TALLIES)


@dataclass(frozen=True, slots=True)
class Events:
    """Events, the latest first, at ``position``; ``more`` says that earlier ones match too."""

    position: int
    items: Sequence[EventRow]
    more: bool


async def events(
    reader: Reader,
    community: str,
    *,
    topics: Sequence[str] = (),
    person: str | None = None,
    stream: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Events:
    """Events of a community by type, person, ticket or shift, and moment (from ``since``, before ``until``).

    A person matches as actor, as the one acted for, or as second person. ``before`` is the position to continue from.
    """
    params: Params = {"community": community, "limit": limit + 1}
    where = ["community = :community"]
    if topics:
        params["topics"] = list(topics)
        where.append("topic IN :topics")
    if person is not None:
        params["person"] = person
        where.append("(actor = :person OR on_behalf_of = :person OR second_person = :person)")
    if stream is not None:
        params["stream"] = stream.bytes
        where.append("stream = :stream")
    if since is not None:
        params["since"] = micros(since)
        where.append("at >= :since")
    if until is not None:
        params["until"] = micros(until)
        where.append("at < :until")
    if before is not None:
        params["before"] = before
        where.append("position < :before")
    sql = f"SELECT {EVENTS.listed} FROM {{event_stream}} WHERE {' AND '.join(where)} ORDER BY position DESC LIMIT :limit"
    answer = await reader.read([(sql, params)])
    rows = [EVENTS.decode(row) for row in answer.results[0]]
    return Events(answer.position, rows[:limit], len(rows) > limit)
