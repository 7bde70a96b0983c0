"""The database port on SQLite: WAL mode, every commit synced, all blocking work in threads of its own.

One writer thread a process runs all writes in turn: SQLite has one write lock, and a queue in front of it spares the busy
retries. A few reader threads have a read-only connection each; in WAL mode they never wait for the writer. Searches have threads
of their own, so that other readers never wait for them.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from adapters.store.database.database import (
    CLOSED,
    DEADLINE,
    SEARCHERS,
    Dialect,
    Moved,
    Params,
    ReadLane,
    Row,
    SearchQueue,
    Unavailable,
    Work,
    ddl_for,
    for_sqlite,
    upsert_tail,
)

T = TypeVar("T")

AGAIN = 0.01
"""Seconds between two interrupts of an abandoned query (one that comes between two statements ends neither), and between two
attempts to have a file alone."""

VALUES = 500
"""Values that an INSERT of many rows binds at once."""

ATTEMPTS = round(DEADLINE / AGAIN)
"""Attempts to have a file alone."""

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

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, key: Sequence[str] = (), adding: str = ""
    ) -> None:
        # Several rows a statement: after each statement this thread has to wait until others let it run Python again.
        at_once = max(1, VALUES // len(columns))
        whole = len(rows) // at_once * at_once
        statement, tail = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ", upsert_tail(table, columns, key, adding)
        row = f"({', '.join('?' * len(columns))})"
        if whole:
            blocks = (list(chain.from_iterable(rows[at : at + at_once])) for at in range(0, whole, at_once))
            self.connection.executemany(f"{statement}{', '.join([row] * at_once)}{tail}", blocks)
        if whole < len(rows):
            self.connection.executemany(f"{statement}{row}{tail}", rows[whole:])

    async def delete(self, table: str, columns: Sequence[str], keys: Sequence[Sequence[Any]]) -> None:
        self.connection.executemany(f"DELETE FROM {table} WHERE {' AND '.join(f'{column} = ?' for column in columns)}", keys)

    async def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        await self.insert(table, columns, rows)

    async def ddl(self, statement: str) -> None:
        self.connection.execute(ddl_for("sqlite", statement))


class Query(Generic[T]):
    """A query on a reader's thread. Another thread may interrupt it, and never what runs there after it."""

    def __init__(self, work: Callable[[sqlite3.Connection], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._runs_on: sqlite3.Connection | None = None
        self._abandoned = False

    def run(self, connection: sqlite3.Connection) -> T:
        """Run on this thread, over its connection; raises CancelledError where it was abandoned before."""
        with self._lock:
            if self._abandoned:
                raise asyncio.CancelledError
            self._runs_on = connection
        try:
            return self._work(connection)
        finally:
            with self._lock:
                self._runs_on = None

    def abandon(self) -> bool:
        """End the statement that runs now, if one does: it fails with SQLITE_INTERRUPT. False where the query does not run."""
        with self._lock:
            self._abandoned = True
            if self._runs_on is not None:
                self._runs_on.interrupt()
            return self._runs_on is not None


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
        self._searchers = ThreadPoolExecutor(SEARCHERS, thread_name_prefix="gongdan-search")
        self._searches = SearchQueue()
        self._ending: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, path: Path, *, create: bool = False, readers: int = 3) -> "SqliteDatabase":
        """Open the file; ``create`` makes it and its folder, without it a missing file raises FileNotFoundError.

        Raises Unavailable where another process keeps a file that is not in WAL mode locked.
        """

        def prepare() -> None:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            elif not path.is_file():
                raise FileNotFoundError(path)
            try:
                _set_wal(path)
            except sqlite3.OperationalError as error:
                raise _unavailable(error) from error

        await asyncio.to_thread(prepare)
        return cls(path, readers=readers)

    async def read(self, sql: str, params: Params | None = None, *, within: float = DEADLINE) -> list[Row]:
        asked = for_sqlite(sql, params or {})
        return await self._read(self._readers, lambda connection: connection.execute(*asked).fetchall(), within)

    async def snapshot(self, fn: Work[T], *, within: float = DEADLINE, lane: ReadLane = "reads") -> T:
        with self._searches.admitted(lane):
            threads = self._searchers if lane == "searches" else self._readers
            return await self._read(threads, lambda connection: transact(connection, fn, "BEGIN"), within)

    async def write(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        return await self._on(self._writer, lambda: transact(self._own(reading=False), fn, "BEGIN IMMEDIATE"))

    async def write_log(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        return await self.write(fn)

    async def close(self) -> None:
        if self._ending:
            await asyncio.wait(self._ending)
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown()
        self._searchers.shutdown()
        self._writer.shutdown()
        while self._connections:
            self._connections.pop().close()

    async def _on(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work)
        except sqlite3.OperationalError as error:
            raise _unavailable(error) from error
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_TRIGGER and str(error).startswith(CLOSED):
                raise Moved(str(error).removeprefix(f"{CLOSED} ")) from error
            raise

    async def _read(self, threads: ThreadPoolExecutor, work: Callable[[sqlite3.Connection], T], within: float) -> T:
        """Run a query on a reader's thread. At the deadline, or if its caller leaves, it is taken back or interrupted."""
        query = Query(work)
        running = asyncio.get_running_loop().run_in_executor(threads, lambda: query.run(self._own(reading=True)))
        try:
            done, _ = await asyncio.wait([running], timeout=within)
        finally:
            if running.done():
                running.exception()  # the caller may have left just now
            elif not query.abandon():
                running.cancel()
            else:
                ending = asyncio.create_task(self._end(query, running))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
        if not done:
            raise Unavailable(f"the query was ended: it took longer than {within:g} s")
        try:
            return running.result()
        except sqlite3.OperationalError as error:
            raise _unavailable(error) from error

    @staticmethod
    async def _end(query: Query[T], running: asyncio.Future[T]) -> None:
        while not running.done():
            query.abandon()
            await asyncio.wait([running], timeout=AGAIN)
        running.exception()  # nobody waits for it

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
            _uri(self.path),
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        self._connections.append(connection)
        return connection


class FillingSqliteDatabase(SqliteDatabase):
    """A new SQLite file that one process fills alone: no threads, and one sync, when it is closed.

    For importing or simulating into a new store. If filling is interrupted the file may be corrupt: delete it.
    """

    async def _on(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return work()

    async def _read(self, threads: ThreadPoolExecutor, work: Callable[[sqlite3.Connection], T], within: float) -> T:
        return work(self._own(reading=True))

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    def _close(self) -> None:
        try:
            self._connect().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            super()._close()


def _uri(path: Path) -> str:
    return f"file:{quote(str(path))}?mode=rw"


def _set_wal(path: Path) -> None:
    """Put a file into WAL mode, where it stays.

    Changing the mode needs the file alone, and SQLite waits for nobody there: of two that begin at once, both may be refused. So
    it is done before the threads open their connections, and tried again while another process changes it.
    """
    with closing(sqlite3.connect(_uri(path), uri=True, timeout=0, isolation_level=None)) as connection:
        for left in reversed(range(ATTEMPTS)):
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or left == 0:
                    raise
                time.sleep(AGAIN)


def _unavailable(error: sqlite3.OperationalError) -> Exception:
    """Unavailable for an error that may pass; the error for one in the statement."""
    passing = error.sqlite_errorcode & 0xFF in UNAVAILABLE
    return Unavailable(f"the database can't be used now: {error}") if passing else error


def transact(connection: sqlite3.Connection, fn: Work[T], begin: str) -> T:
    """Run ``fn`` in a transaction on this thread and commit it; any exception rolls it back."""
    connection.execute(begin)
    try:
        result = drive(fn(SqliteTransaction(connection)))
        connection.execute("COMMIT")
        return result
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


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
