"""The database port: one small interface over SQLite and PostgreSQL.

Everything that keeps rows beside the log (projections, tokens, attachments) goes through a :class:`Database`:

    rows = await database.read("SELECT id, login FROM tokens WHERE login = :login", {"login": "li"})

    async def save(tx: Transaction) -> int:
        [(seen,)] = await tx.query("SELECT position FROM checkpoints WHERE name = :name", {"name": name})
        await tx.insert("tickets_v1", ("id", "state"), [(id.bytes, "received"), ...], key=("id",))
        return await tx.execute("UPDATE checkpoints SET position = :p WHERE name = :name", {"p": 7, "name": name})

    changed = await database.write(save)         # one transaction: BEGIN IMMEDIATE on SQLite, BEGIN on PostgreSQL
    value = await database.snapshot(look)        # one read-only transaction that sees one moment

Rules
-----
* SQL is written once, with ``:name`` parameters. ``x IN :ids`` and ``x NOT IN :ids`` take a list or tuple, empty ones too
  (not in ``execute_many``).
* Column types are BIGINT, TEXT, BYTEA, DOUBLE PRECISION; values come back as int, str, bytes, float or None, rows as
  tuples. A UUID is stored as its 16 bytes (``id.bytes``, ``UUID(bytes=...)``), a moment as integer microseconds since
  1970 UTC (:func:`to_micros`, :func:`from_micros`), a truth as 0 or 1. TEXT compares by code point on both databases.
  ``sum()`` of BIGINT is NUMERIC on PostgreSQL: write ``CAST(sum(x) AS BIGINT)``.
* ``ON CONFLICT … DO UPDATE / DO NOTHING`` and ``RETURNING`` exist on both. Never use a database's own functions.
* Tables of the fixed schema are in :mod:`adapters.store.database.schema`, in PostgreSQL's types; tables that come
  and go (a projection's versions) are made inside a transaction with ``tx.ddl(statement)``.
* A function given to ``write`` or ``snapshot`` awaits nothing but its transaction (on SQLite the coroutine runs on the
  database's own thread), has no effect outside it, and may be called again when a connection broke before the commit.
* ``write`` is serial on SQLite: one writer thread a process, so its transactions never meet "database is locked"; it waits
  for the lock of another process (busy timeout). On PostgreSQL writes run side by side: lock the row that you compare
  (``FOR UPDATE`` is not portable; an ``UPDATE … RETURNING`` of that row locks it on both).
* Every call has a deadline (:data:`DEADLINE`, or ``within=`` seconds): then the connection is dropped hard and
  :class:`Unavailable` raised, which is an ``errors.Overloaded``; its ``outcome_unknown`` marks a write whose commit may
  have happened. A write on SQLite answers at once or waits for another process' lock, DEADLINE at most.
* A query ends with its caller: where the deadline of a ``read`` or ``snapshot`` passes, or its task is cancelled, the statement
  that runs is ended in the database (interrupt on SQLite, a cancel request on PostgreSQL). A write is finished.
* Reads of the lane ``searches`` have connections of their own, a few, and a queue of :data:`WAITING` at most.
"""

import re
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeVar

from domain.kernel.errors import Overloaded

Row = tuple[Any, ...]
Params = Mapping[str, Any]
Dialect = Literal["sqlite", "postgresql"]
ReadLane = Literal["reads", "searches"]

DEADLINE = 5.0
"""Seconds after which a database call is abandoned."""

SEARCHERS = 2
"""Connections for searches: as many searches run at once."""

WAITING = 32
"""Searches that may wait for one of those connections; the next is refused."""


class Unavailable(Overloaded):
    """The database did not answer in time, or can't be reached. ``outcome_unknown``: a commit may have happened."""

    def __init__(self, detail: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(detail)
        self.outcome_unknown = outcome_unknown


CLOSED = "GD001"
"""The error by which a database refuses a write after the store moved: SQLSTATE on PostgreSQL, start of the text on SQLite."""


class Moved(Overloaded):
    """The database refuses writes: the store moved to another one, or is being moved; the detail says where."""


class SearchQueue:
    """Bounds the searches of a process: those that run, and at most :data:`WAITING` that wait."""

    def __init__(self) -> None:
        self._admitted = 0

    @contextmanager
    def admitted(self, lane: ReadLane) -> Iterator[None]:
        """Count a search until it ends; other reads pass. Raises Overloaded where the queue is full."""
        if lane == "reads":
            yield
            return
        if self._admitted >= SEARCHERS + WAITING:
            raise Overloaded(f"{self._admitted} searches run or wait already; ask again in a moment")
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1


class Transaction(Protocol):
    """The transaction that a function given to ``write`` or ``snapshot`` runs its statements in."""

    @property
    def dialect(self) -> Dialect:
        """Which database this is; portable code doesn't need it."""
        ...

    async def query(self, sql: str, params: Params | None = None) -> list[Row]:
        """The rows of a SELECT, or of a statement with RETURNING."""
        ...

    async def queries(self, statements: Sequence[tuple[str, Params]]) -> list[list[Row]]:
        """Several statements in one round trip; the rows of each, in order."""
        ...

    async def execute(self, sql: str, params: Params | None = None) -> int:
        """Run a statement and return how many rows it touched."""
        ...

    async def execute_many(self, sql: str, params: Sequence[Params]) -> None:
        """Run a statement once for each set of parameters."""
        ...

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, key: Sequence[str] = (), adding: str = ""
    ) -> None:
        """Insert many rows at once; with ``key`` a row that is there already is replaced.

        The rows of one call must differ in ``key``. ``adding``: a column whose value is added to that of the row replaced.
        """
        ...

    async def delete(self, table: str, columns: Sequence[str], keys: Sequence[Sequence[Any]]) -> None:
        """Delete the rows in which these columns have one of these combinations of values, at once."""
        ...

    async def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows that are new, the fastest way there is (COPY on PostgreSQL)."""
        ...

    async def ddl(self, statement: str) -> None:
        """Run a CREATE, ALTER or DROP in PostgreSQL's types (see :func:`ddl_for`)."""
        ...


T = TypeVar("T")
Work = Callable[[Transaction], Coroutine[Any, Any, T]]


class Database(Protocol):
    """One database, opened for one process; bound to the event loop it was opened in."""

    @property
    def dialect(self) -> Dialect:
        """Which database this is; portable code doesn't need it."""
        ...

    async def read(self, sql: str, params: Params | None = None, *, within: float = DEADLINE) -> list[Row]:
        """The rows of one SELECT, outside any transaction."""
        ...

    async def snapshot(self, fn: Work[T], *, within: float = DEADLINE, lane: ReadLane = "reads") -> T:
        """Run ``fn`` in a read-only transaction that sees one moment. Raises Overloaded where the lane's queue is full."""
        ...

    async def write(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        """Run ``fn`` in a transaction of its own and commit it; any exception of ``fn`` rolls it back."""
        ...

    async def write_log(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        """Like :meth:`write`, for appends: on PostgreSQL over a connection of their own, which no other work can delay."""
        ...

    async def close(self) -> None:
        """Close every connection and end every thread."""
        ...


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970 UTC, exact."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC moment of whole microseconds since 1970."""
    return EPOCH + micros * MICROSECOND


TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|::)
      | (?P<not>\bNOT\s+)?\bIN\s+:(?P<list>[A-Za-z_]\w*)
      | :(?P<name>[A-Za-z_]\w*)
      | (?P<percent>%)""",
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=2048)
def for_postgres(sql: str) -> str:
    """``:name`` → ``%(name)s``, ``IN :ids`` → ``= ANY(%(ids)s)``; a literal ``%`` is doubled."""

    def replace(match: re.Match[str]) -> str:
        if match["list"]:
            return f"{'<> ALL' if match['not'] else '= ANY'}(%({match['list']})s)"
        if match["name"]:
            return f"%({match['name']})s"
        return match[0].replace("%", "%%")

    return TOKEN.sub(replace, sql)


@lru_cache(maxsize=2048)
def lists_in(sql: str) -> tuple[str, ...]:
    """Names of a statement's list parameters."""
    return tuple(match["list"] for match in TOKEN.finditer(sql) if match["list"])


def for_sqlite(sql: str, params: Params) -> tuple[str, Params]:
    """Expand list parameters into one parameter an element, since SQLite has none."""
    lists = lists_in(sql)
    if not lists:
        return sql, params
    flat = {name: value for name, value in params.items() if name not in lists}
    for name in lists:
        flat.update((f"{name}_{i}", value) for i, value in enumerate(params[name]))

    def replace(match: re.Match[str]) -> str:
        if not match["list"]:
            return match[0]
        places = ", ".join(f":{match['list']}_{i}" for i in range(len(params[match["list"]])))
        return f"{match['not'] or ''}IN ({places})"

    return TOKEN.sub(replace, sql), flat


def ddl_for(dialect: Dialect, statement: str) -> str:
    """Translate a statement from PostgreSQL's types to a database's own.

    On PostgreSQL, TEXT gets the collation "C", so that both databases compare by code point. On SQLite, tables are STRICT,
    and BIGINT PRIMARY KEY becomes the rowid.
    """
    if dialect == "postgresql":
        return re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', statement)
    for name, instead in (("BIGINT", "INTEGER"), ("BYTEA", "BLOB"), ("DOUBLE PRECISION", "REAL")):
        statement = re.sub(rf"\b{name}\b", instead, statement)
    return f"{statement.rstrip()} STRICT" if re.match(r"\s*CREATE TABLE\b", statement) else statement


def upsert_tail(table: str, columns: Sequence[str], key: Sequence[str], adding: str) -> str:
    """The ON CONFLICT clause that replaces a row with an equal key; empty without a key."""
    if not key:
        return ""
    changed = {column: f"excluded.{column}" for column in columns if column not in key}
    if adding:
        changed[adding] = f"{table}.{adding} + excluded.{adding}"
    changes = ", ".join(f"{column} = {value}" for column, value in changed.items())
    return f" ON CONFLICT ({', '.join(key)}) DO {'UPDATE SET ' + changes if changes else 'NOTHING'}"
