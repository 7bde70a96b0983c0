"""The database port on SQLite: WAL mode, every commit synced, all blocking work in threads of its own.

One writer thread a process runs all writes in turn: SQLite has one write lock, and a queue in front of it spares the busy
retries. A few reader threads have a read-only connection each; in WAL mode they never wait for the writer.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from adapters.store.database.database import (
    CLOSED,
    DEADLINE,
    Dialect,
    Moved,
    Params,
    Row,
    Unavailable,
    Work,
    ddl_for,
    for_sqlite,
    upsert_tail,
)

T = TypeVar("T")

UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}


class SqliteTransaction:
    """A transaction on the thread that owns the connection. Its methods never suspend, so :func:`drive` can run them."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    async def query(self, sql: str, params: Params | None = None) -> list[Row]:
        return self.connection.execute(*for_sqlite(sql, params or {})).fetchall()

    async def queries(self, statements: Sequence[tuple[str, Params]]) -> list[list[Row]]:
        return [self.connection.execute(*for_sqlite(sql, params)).fetchall() for sql, params in statements]

    async def execute(self, sql: str, params: Params | None = None) -> int:
        return self.connection.execute(*for_sqlite(sql, params or {})).rowcount

    async def execute_many(self, sql: str, params: Sequence[Params]) -> None:
        self.connection.executemany(sql, params)

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, key: Sequence[str] = ()) -> None:
        if not rows:
            return
        places = ", ".join("?" * len(columns))
        self.connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}){upsert_tail(columns, key)}", rows
        )

    async def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        await self.insert(table, columns, rows)

    async def ddl(self, statement: str) -> None:
        self.connection.execute(ddl_for("sqlite", statement))


class SqliteDatabase:
    """A SQLite file. ``readers``: number of reader threads; ``busy_seconds``: how long to wait for another process' lock."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, *, readers: int = 3, busy_seconds: float = DEADLINE) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._connections: list[sqlite3.Connection] = []
        self._local = threading.local()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="gongdan-write")
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="gongdan-read")

    @classmethod
    async def open(cls, path: Path, *, create: bool = False, readers: int = 3) -> "SqliteDatabase":
        """Open the file; ``create`` makes it and its folder, without it a missing file raises FileNotFoundError."""

        def prepare() -> None:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            elif not path.is_file():
                raise FileNotFoundError(path)

        await asyncio.to_thread(prepare)
        return cls(path, readers=readers)

    async def read(self, sql: str, params: Params | None = None, *, within: float = DEADLINE) -> list[Row]:
        return await self._on(self._readers, lambda: self._own(reading=True).execute(*for_sqlite(sql, params or {})).fetchall())

    async def snapshot(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        return await self._on(self._readers, lambda: self._transact(fn, reading=True))

    async def write(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        return await self._on(self._writer, lambda: self._transact(fn, reading=False))

    async def write_log(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        return await self.write(fn)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        while self._connections:
            self._connections.pop().close()

    async def _on(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in UNAVAILABLE:
                raise Unavailable(f"the database can't be used now: {error}") from error
            raise
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_TRIGGER and str(error).startswith(CLOSED):
                raise Moved(str(error).removeprefix(f"{CLOSED} ")) from error
            raise

    def _own(self, *, reading: bool) -> sqlite3.Connection:
        """This thread's connection for reading or for writing, opened at its first use; that for reading is read-only."""
        name = "reading" if reading else "writing"
        connection: sqlite3.Connection | None = getattr(self._local, name, None)
        if connection is None:
            connection = self._connect()
            connection.execute(f"PRAGMA query_only = {reading:d}")
            setattr(self._local, name, connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        self._connections.append(connection)
        return connection

    def _transact(self, fn: Work[T], *, reading: bool) -> T:
        connection = self._own(reading=reading)
        connection.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
        try:
            result = drive(fn(SqliteTransaction(connection)))
            connection.execute("COMMIT")
            return result
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


class FillingSqliteDatabase(SqliteDatabase):
    """A new SQLite file that one process fills alone: no threads, and one sync, when it is closed.

    For importing or simulating into a new store. If filling is interrupted the file may be corrupt: delete it.
    """

    async def _on(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return work()

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    def _close(self) -> None:
        try:
            self._connect().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            super()._close()


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on this thread; raises RuntimeError where it awaits anything but its SqliteTransaction."""
    # SqliteTransaction's methods never suspend, so one send() reaches the end. This lets the async functions that callers
    # pass to write() run inside the database's thread without an event loop there.
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("a transaction's function may await nothing but its transaction")
