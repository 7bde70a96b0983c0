"""Which tables move with a store and its keys, and how each is brought to the new database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """How a table's rows are found that the new database lacks."""

    APPENDED = "appended"
    """Rows are only ever added, with rising positions: everything after the last position is missing."""
    PIECES = "pieces"
    """Large rows that never change, but may be deleted: keys and sizes are compared, contents only when they are copied."""
    COMPARED = "compared"
    """Rows that change: compared one by one, in the order of their key."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that moves. ``early``: worth bringing over before writes stop, since it grows with the store.

    A table that has a unique column beside its key is never ``early``: only when nobody writes is there an order in which
    no two rows collide.
    """

    name: str
    key: tuple[str, ...]
    way: Way = Way.COMPARED
    early: bool = False


STORE: Sequence[Table] = (
    Table("events", ("position",), Way.APPENDED),
    Table("numbers", ("position",), Way.APPENDED),
    Table("access_log", ("position",), Way.APPENDED),
    Table("attachment_chunks", ("upload_id", "chunk"), Way.PIECES, early=True),
    Table("attachments", ("name",)),
    Table("attachment_uploads", ("upload_id",)),
    Table("commands", ("key", "caller"), early=True),
    Table("counters", ("name",), early=True),
    Table("names", ("name", "scope"), early=True),
    Table("tokens", ("id",)),
    Table("passwords", ("login",)),
    Table("sessions", ("id",)),
    Table("processes", ("name",)),
    Table("process_dues", ("process", "stream_id"), early=True),
    Table("process_parked", ("process", "stream_id")),
    Table("head", ("id",)),
)
"""The store's tables."""

STAYS: Mapping[str, str] = {
    "meta": "the origin is written when the copy begins, the schema's version when it is whole",
    "projections": "read models are built anew from the log",
    "parked": "belongs to the read models: a stream that can't be folded parks again",
    "leases": "held by running servers",
}
"""Tables of the store that do not move, and the reason."""

KEYS: Sequence[Table] = (
    Table("subjects", ("subject_id",), early=True),
    Table("erasures", ("subject_id",)),
    Table("index_keys", ("name",)),
    Table("keyring", ("id",)),
)
"""The key store's tables. Their keys stay wrapped by the master key, which this program does not move."""

ONLY_THE_END: Mapping[str, str] = {"sessions": "ended_at"}
"""Columns whose changes are refused once writes are closed, where others may change: a session's last use is of no account."""

OPEN_TO_LOCKS = frozenset({"keyring"})
"""Tables that stay open to writes: opening the keys locks the keyring's row by an update that changes nothing."""
