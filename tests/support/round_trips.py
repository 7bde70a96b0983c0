"""Counting what is sent to a database: the statements of every connection of this process, and the commits of its writes.

A call for many rows counts once, as it is sent once. Looks at the head by those who wait for it are no part of any command's
work and are left out; so are BEGIN, COMMIT and ROLLBACK among the statements.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus

from adapters.composition import Gongdan
from tests.support.estates.view_estate import until

READS = ("SELECT", "LISTEN", "PRAGMA", "EXPLAIN")
"""How a statement begins that writes nothing, for statements outside a transaction."""
WAITING = ("SELECT position, recorded_at FROM head", "SELECT position FROM head", "SELECT true")
"""The poll of those who wait for the head, and the proof that an advisory lock is still held."""


ALIVE = ("UPDATE projections SET updated_at =", "INSERT INTO leases")
"""How a follower's sign of life and the renewal of its lease begin; they come by the clock, whatever is sent."""


@dataclass
class Sent:
    """What was sent since the last :meth:`clear`. A transaction counts as a commit from its first counted statement on."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    _begun: set[int] = field(default_factory=set)

    def add(self, statement: Any, writing: str, connection: object, *, alone: bool) -> None:
        """A statement as the driver got it. ``writing`` is how a transaction begins that writes, ``alone``: outside any."""
        text = statement.decode() if isinstance(statement, bytes) else str(statement)
        if text == writing:
            self._begun.add(id(connection))
        elif text.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            self._begun.discard(id(connection))
        elif not text.startswith(("PRAGMA", *ALIVE)) and text not in WAITING:
            self.statements.append(text)
            self.commits += id(connection) in self._begun or (alone and not text.startswith(READS))
            self._begun.discard(id(connection))

    def clear(self) -> None:
        """Begin again."""
        self.statements, self.commits = [], 0


def _alone(connection: Any) -> bool:
    """Whether a connection to PostgreSQL is in no transaction."""
    return bool(connection.info.transaction_status == TransactionStatus.IDLE)


@contextmanager
def counted() -> Iterator[Sent]:
    """Count what connections send that are opened meanwhile."""
    sent = Sent()

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            sent.add(sql, "BEGIN IMMEDIATE", self, alone=not self.in_transaction)
            return super().execute(sql, *args)

        def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
            sent.add(sql, "BEGIN IMMEDIATE", self, alone=not self.in_transaction)
            return super().executemany(sql, *args)

    connect, execute, executemany = sqlite3.connect, AsyncConnection.execute, AsyncCursor.executemany

    async def counting(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        sent.add(query, "BEGIN", self, alone=_alone(self))
        return await execute(self, query, *args, **options)

    async def counting_many(self: Any, query: Any, *args: Any, **options: Any) -> None:
        sent.add(query, "BEGIN", self.connection, alone=_alone(self.connection))
        await executemany(self, query, *args, **options)

    sqlite3.connect = partial(connect, factory=Connection)  # type: ignore[assignment]
    AsyncConnection.execute, AsyncCursor.executemany = counting, counting_many  # type: ignore[method-assign,assignment]
    try:
        yield sent
    finally:
        sqlite3.connect = connect
        AsyncConnection.execute, AsyncCursor.executemany = execute, executemany  # type: ignore[method-assign]


async def followed(g: Gongdan) -> None:
    """Wait, asking nothing of the database, until everything that follows is at the end of the log."""
    head = (await g.store.head()).position
    followers = [*g.projections.kind.wakeups.values(), *g.processes.kind.wakeups.values()]

    async def reached() -> bool:
        return all(one.position >= head for one in followers)

    await until(reached)
