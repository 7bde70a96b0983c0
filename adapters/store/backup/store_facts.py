"""Facts about a store and a key store, read in one transaction; for backups and their checks."""

from dataclasses import dataclass
from datetime import datetime

from adapters.store.database.database import Row, Transaction, from_micros


class BackupRefused(Exception):
    """The backup or restore was refused and nothing replaced; the message gives the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """A store's log: its origin name, its last position and that event's recorded_at, its schema version."""

    origin: str
    position: int
    recorded_at: datetime
    schema_version: int


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key store: the id of its master key, the number of its subjects and how many of them are erased."""

    master_key_id: str
    subjects: int
    erased: int
    schema_version: int


Tip = tuple[int, bytes, int, int]
"""Position, stream, version and recorded_at (µs) of a log's last event, by which two logs of one origin are compared."""

GAPS = (
    "SELECT (SELECT count(*) FROM events) - (SELECT max(position) FROM head),"
    " (SELECT coalesce(max(position), 0) FROM events) - (SELECT max(position) FROM head),"
    " (SELECT count(*) FROM (SELECT stream_id FROM events GROUP BY stream_id"
    " HAVING min(version) <> 1 OR max(version) <> count(*)) AS broken)"
)
"""Three zeros for a log without gaps: positions run from 1 to the head, and versions of each stream from 1."""


async def head_facts(tx: Transaction) -> LogFacts:
    """Read a log's facts without checking it."""
    meta: dict[str, str] = dict(await tx.query("SELECT key, value FROM meta"))
    [(position, recorded_at)] = await tx.query("SELECT position, recorded_at FROM head")
    return LogFacts(meta["origin"], position, from_micros(recorded_at), int(meta["schema_version"]))


async def log_facts(tx: Transaction) -> LogFacts:
    """Read a log's facts after checking it for gaps; raises BackupRefused where it has one."""
    if await tx.query(GAPS) != [(0, 0, 0)]:
        raise BackupRefused("the log has gaps: positions or versions are missing; run `gongdan audit verify`")
    return await head_facts(tx)


async def tip(tx: Transaction) -> Tip | None:
    """A log's last event; None for an empty log."""
    rows: list[Row] = await tx.query(
        "SELECT position, stream_id, version, recorded_at FROM events ORDER BY position DESC LIMIT 1"
    )
    return (rows[0][0], rows[0][1], rows[0][2], rows[0][3]) if rows else None


async def holds(tx: Transaction, event: Tip) -> bool:
    """Whether a log has exactly this event at its position."""
    [(found,)] = await tx.query(
        "SELECT count(*) FROM events WHERE position = :position AND stream_id = :stream_id AND version = :version"
        " AND recorded_at = :recorded_at",
        dict(zip(("position", "stream_id", "version", "recorded_at"), event, strict=True)),
    )
    return bool(found)


async def key_facts(tx: Transaction) -> KeyFacts:
    """Read a key store's facts."""
    [(schema_version, master_key_id)] = await tx.query("SELECT schema_version, master_key_id FROM keyring")
    [(subjects, erased)] = await tx.query("SELECT count(*), count(erased_at) FROM subjects")
    return KeyFacts(master_key_id, subjects, erased, schema_version)
