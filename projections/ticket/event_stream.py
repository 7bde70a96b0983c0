"""Event stream (事件流): who did what and when, event by event, and the transitions of tickets between states.

Rows hold codes and logins but no personal texts, which stay in the log. The lived process (流程) is counted from these rows as of
any moment: how often each transition was taken, how many tickets are in a state, how long they stayed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.kernel.terms import State
from domain.ticket.state import TicketState
from projections.engine.tables import MICROSECOND, Index, Table, micros
from projections.engine.view import Params, Put, Reader, Step, View, Write


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


class MoveRow(NamedTuple):
    """A step that changed a ticket's state."""

    ticket: UUID
    version: int
    community: str
    topic: str
    at: datetime
    source: State | None
    target: State


MOVES = Table(
    "process_moves", MoveRow, key=("ticket", "version"), stream="ticket", indexes=(Index(("community", "ticket", "version")),)
)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write each event, and each change of state; neither ever changes afterwards."""
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
        if now is not None and now is not was:
            yield Put(MOVES, MoveRow(s.id, event.originator_version, s.community, event.TOPIC, event.timestamp, was, now))


EVENT_STREAM = View("event_stream", 1, (EVENTS, MOVES), ("ticket.", "shift."), fold)


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


class Way(NamedTuple):
    """A transition between two states, by the topic of its event."""

    source: State | None
    target: State
    topic: str


@dataclass(frozen=True, slots=True)
class LivedProcess:
    """The lifecycle as lived in a community up to a moment, at ``position``.

    ``taken`` counts each transition, ``standing`` the tickets then in each state. ``stays`` counts the ended stays in a state;
    ``median`` is their median length (of an even number, the mean of the middle two, rounded down to a microsecond). ``returned``
    counts tickets that were reworked or reopened after completion.
    """

    position: int
    taken: Mapping[Way, int]
    standing: Mapping[State, int]
    stays: Mapping[State, int]
    median: Mapping[State, timedelta]
    returned: int


_MOVES = "SELECT ticket, target, at, lead(at) OVER (PARTITION BY ticket ORDER BY version) AS left_at FROM {process_moves}"
_UP_TO = "WHERE community = :community AND at < :until"
_RANKED = (
    "SELECT target, left_at - at AS stay, row_number() OVER (PARTITION BY target ORDER BY left_at - at) AS place,"
    f" count(*) OVER (PARTITION BY target) AS stays FROM ({_MOVES} {_UP_TO}) AS moved WHERE left_at IS NOT NULL"
)
STATEMENTS = (
    f"SELECT source, target, topic, CAST(count(*) AS BIGINT) FROM {{process_moves}} {_UP_TO} GROUP BY source, target, topic",
    f"SELECT target, CAST(count(*) AS BIGINT) FROM ({_MOVES} {_UP_TO}) AS moved WHERE left_at IS NULL GROUP BY target",
    f"SELECT target, CAST(max(stays) AS BIGINT), CAST(sum(stay) AS BIGINT), CAST(count(*) AS BIGINT) FROM ({_RANKED}) AS ranked"
    " WHERE place IN ((stays + 1) / 2, (stays + 2) / 2) GROUP BY target",
    f"SELECT CAST(count(DISTINCT ticket) AS BIGINT) FROM {{process_moves}} {_UP_TO}"
    " AND source IN ('repaired', 'followed_up') AND target = 'classified'",
)


async def process(reader: Reader, community: str, until: datetime) -> LivedProcess:
    """Count a community's process up to a moment, ignoring later events."""
    params: Params = {"community": community, "until": micros(until)}
    answer = await reader.read([(sql, params) for sql in STATEMENTS])
    taken, standing, stays, returned = answer.results
    return LivedProcess(
        answer.position,
        {Way(State(source) if source else None, State(target), topic): count for source, target, topic, count in taken},
        {State(state): count for state, count in standing},
        {State(state): ended for state, ended, _, _ in stays},
        {State(state): total // middle * MICROSECOND for state, _, total, middle in stays},
        returned[0][0],
    )
