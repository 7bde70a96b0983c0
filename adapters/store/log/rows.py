"""The log's rows as values."""

from collections.abc import Sequence
from uuid import UUID

from adapters.store.database.database import Row, from_micros
from domain.kernel.ports import CommandRecord, StoredEvent

EVENT = (
    "SELECT e.position, e.stream_id, e.version, e.topic, e.community, e.recorded_at, e.state, e.book, n.number"
    " FROM events e LEFT JOIN numbers n ON n.position = e.position AND e.book IS NOT NULL"
)
"""Selects events; add a condition on ``e`` and an order."""


def stored_events(rows: Sequence[Row]) -> list[StoredEvent]:
    """Rows of :data:`EVENT`."""
    ids = {stream: UUID(bytes=stream) for stream in {row[1] for row in rows}}  # making one takes as long as the rest of a row
    return [
        StoredEvent(position, ids[stream], version, topic, community, from_micros(recorded_at), state, book, number)
        for position, stream, version, topic, community, recorded_at, state, book, number in rows
    ]


def command_record(row: Row) -> CommandRecord:
    """A row of the commands table."""
    caller, key, body_hash, stream_id, version, position, recorded_at = row
    return CommandRecord(caller, key, body_hash, UUID(bytes=stream_id), version, position, from_micros(recorded_at))
