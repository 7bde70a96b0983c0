"""What a store and a key store say of themselves, read in one moment; for backups and their proof."""

from dataclasses import dataclass
from datetime import datetime

from adapters.store.database.database import Row, Transaction, from_micros


class BackupRefused(Exception):
    """The backup or restore was not done; the message says why and what to do. Nothing was replaced."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What a store's log is: its origin name, its last position and that event's recorded_at, its schema version."""

    origin: str
    position: int
    recorded_at: datetime
    schema_version: int


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What a key store is: which master key opens it, how many subjects it has and how many of them are erased."""

    master_key_id: str
    subjects: int
    erased: int
    schema_version: int


Tip = tuple[int, bytes, int, int]
"""Position, stream, version and recorded_at (µs) of a log's last event: where two logs of one origin can be compared."""

GAPS = (
    "SELECT (SELECT count(*) FROM events) - (SELECT max(position) FROM head),"
    " (SELECT coalesce(max(position), 0) FROM events) - (SELECT max(position) FROM head),"
    " (SELECT count(*) FROM (SELECT stream_id FROM events GROUP BY stream_id"
    " HAVING min(version) <> 1 OR max(version) <> count(*)) AS broken)"
)
"""All zero where the log is whole: positions 1 to the head, and in each stream versions from 1 on."""


async def head_facts(tx: Transaction) -> LogFacts:
    """Where a log ends."""
    meta: dict[str, str] = dict(await tx.query("SELECT key, value FROM meta"))
    [(position, recorded_at)] = await tx.query("SELECT position, recorded_at FROM head")
    return LogFacts(meta["origin"], position, from_micros(recorded_at), int(meta["schema_version"]))


async def log_facts(tx: Transaction) -> LogFacts:
    """The same, once the log is proven to be without gaps; raises BackupRefused."""
    if await tx.query(GAPS) != [(0, 0, 0)]:
        raise BackupRefused("the log has gaps: positions or versions are missing; run `gongdan audit verify`")
    return await head_facts(tx)


async def tip(tx: Transaction) -> Tip | None:
    """A log's last event, None where it is empty."""
    rows: list[Row] = await tx.query(
        "SELECT position, stream_id, version, recorded_at FROM events ORDER BY position DESC LIMIT 1"
    )
    return (rows[0][0], rows[0][1], rows[0][2], rows[0][3]) if rows else None


async def holds(tx: Transaction, event: Tip) -> bool:
    """Whether a log has this very event at its position."""
    [(found,)] = await tx.query(
        "SELECT count(*) FROM events WHERE position = :position AND stream_id = :stream_id AND version = :version"
        " AND recorded_at = :recorded_at",
        dict(zip(("position", "stream_id", "version", "recorded_at"), event, strict=True)),
    )
    return bool(found)


async def key_facts(tx: Transaction) -> KeyFacts:
    """What a key store holds."""
    [(schema_version, master_key_id)] = await tx.query("SELECT schema_version, master_key_id FROM keyring")
    [(subjects, erased)] = await tx.query("SELECT count(*), count(erased_at) FROM subjects")
    return KeyFacts(master_key_id, subjects, erased, schema_version)
