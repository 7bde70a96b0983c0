"""The database port on PostgreSQL: psycopg 3 in the event loop, with deadlines that hold against a frozen server.

Cancelling a psycopg call waits for the server's answer, which a frozen server never gives. So nothing is cancelled inside
psycopg: each call runs in a task of its own, shielded from its caller's cancellation, and at the deadline its socket is shut
down, which ends the call at once. A query whose caller left, or whose deadline passed, is ended in the server by a cancel request
over a connection of its own; the socket is shut down where the server does not react to that. A write is finished.

Long because pools, deadlines and the end of a query share the state of one connection.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.types.array import ListBinaryDumper
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
from psycopg.types.string import BytesBinaryDumper

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
    for_postgres,
    upsert_tail,
)
from adapters.store.database.postgres_arrays import Array, ArrayDumper
from adapters.store.database.postgres_hosts import Connection, Hosts, drop

T = TypeVar("T")

LOST = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
"""Errors of a connection that broke, was shut down, or leads to a server that is no longer the primary."""


REACTS, AGAIN, CANCELS = 1.0, 0.05, 4
"""Seconds that a server has to take a cancel request, and to end the query then; how often a query is cancelled before its
connection is dropped (a request that comes between two statements ends neither)."""
GRACE = REACTS + 0.5
"""Seconds after a query's deadline at which its socket is shut down in any case."""


DUMPERS = (
    (int, Int8Dumper), (int, Int8BinaryDumper), (bytes, BytesBinaryDumper), (list, ListBinaryDumper), (tuple, ListBinaryDumper),
    (Array, ArrayDumper),
)  # fmt: skip
"""Send every int as int8. psycopg would choose the type by the value's size, and each type would need a plan of its own.

bytes again: psycopg would load a BYTEA with the last dumper it registered for that type, a slow one for the DB API's Binary.
"""

LOG_WRITER = {"enable_seqscan": "off", "jit": "off", "idle_in_transaction_session_timeout": "10s"}
"""Settings of the appends' connection.

No sequential scans: appends look up by key only, and a plan cached while a table was empty would scan it for ever. Idle time-out:
should this process vanish from the network inside a transaction, the lock on the head, which every append needs, is released
after 10 seconds.
"""


class PostgresTransaction:
    """A transaction on one connection."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: AsyncConnection[Row], types: dict[tuple[str, tuple[str, ...]], list[str]]) -> None:
        self.connection = connection
        self._types = types

    async def query(self, sql: str, params: Params | None = None) -> list[Row]:
        cursor = await self.connection.execute(for_postgres(sql).encode(), params or {}, binary=True)
        return await cursor.fetchall() if cursor.description else []

    async def queries(self, statements: Sequence[tuple[str, Params]]) -> list[list[Row]]:
        async with self.connection.pipeline():
            cursors = [
                await self.connection.execute(for_postgres(sql).encode(), params, binary=True) for sql, params in statements
            ]
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    async def execute(self, sql: str, params: Params | None = None) -> int:
        return (await self.connection.execute(for_postgres(sql).encode(), params or {})).rowcount

    async def execute_many(self, sql: str, params: Sequence[Params]) -> None:
        await self.connection.cursor().executemany(for_postgres(sql).encode(), params)

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, key: Sequence[str] = (), adding: str = ""
    ) -> None:
        if rows:
            listed, (unnest, arrays) = ", ".join(columns), await self._unnested(table, columns, rows)
            sql = f"INSERT INTO {table} ({listed}) SELECT * FROM {unnest}{upsert_tail(table, columns, key, adding)}"
            await self.connection.execute(sql.encode(), arrays)

    async def delete(self, table: str, columns: Sequence[str], keys: Sequence[Sequence[Any]]) -> None:
        if keys:
            unnest, arrays = await self._unnested(table, columns, keys)
            equal = " AND ".join(f"{table}.{column} = gone.{column}" for column in columns)
            sql = f"DELETE FROM {table} USING {unnest} AS gone ({', '.join(columns)}) WHERE {equal}"
            await self.connection.execute(sql.encode(), arrays)

    async def _unnested(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Array]]:
        """SQL of a table expression with these rows, and its parameters: an array for each column."""
        types = await self._column_types(table, tuple(columns))
        values = [Array(type_, column) for type_, column in zip(types, zip(*rows, strict=True), strict=True)]
        return f"unnest({', '.join(f'%b::{type_}[]' for type_ in types)})", values

    async def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        types = await self._column_types(table, tuple(columns))
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        async with self.connection.cursor().copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                await copy.write_row(row)

    async def ddl(self, statement: str) -> None:
        await self.connection.execute(ddl_for("postgresql", statement).encode())

    async def _column_types(self, table: str, columns: tuple[str, ...]) -> list[str]:
        """Types of columns, read once and cached: unnest needs them."""
        known = self._types.get((table, columns))
        if known is None:
            rows = await self.query(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                " WHERE attrelid = to_regclass(:table) AND attname IN :columns",
                {"table": table, "columns": list(columns)},
            )
            types: dict[str, str] = dict(rows)
            known = self._types[table, columns] = [types[column] for column in columns]
        return known


class Query:
    """A query under way, and whether its caller gave it up."""

    def __init__(self) -> None:
        self.abandoned = False
        self._lent: Connection | None = None
        self._returned = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None

    def runs_on(self, connection: Connection) -> None:
        """Note the connection that was lent."""
        self._lent = connection
        self._returned.clear()

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """End the query that runs in ``task``. One that waits for a connection stops waiting; one that is over is left alone."""
        self.abandoned = True
        if self._lent is None:
            task.cancel()
        elif not self._returned.is_set():
            self._ending = asyncio.create_task(self._end(self._lent))

    async def _end(self, connection: Connection) -> None:
        with suppress(psycopg.Error, OSError):
            for _ in range(CANCELS):
                await connection.cancel_safe(timeout=REACTS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN):
                        await self._returned.wait()
                    return
        drop(connection)

    async def over(self) -> None:
        """Its statements have ended. A cancel request under way is awaited: it must not meet the next borrower's query."""
        self._returned.set()
        if self._ending is not None:
            await self._ending

    def gone(self) -> None:
        """Note that its connection was given back or closed."""
        self._lent = None


class Pool:
    """A pool of up to ``size`` connections, opened when needed and kept while they work and ``serves`` says so."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], serves: Callable[[Connection], bool], size: int) -> None:
        self._connect = connect
        self._serves = serves
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def connection(self, deadline: float, query: Query | None = None) -> AsyncIterator[Connection]:
        """Lend a connection; at the deadline (loop time) its socket is shut down. Raises Unavailable while all are lent.

        A ``query`` is ended by its caller at the deadline; its socket is shut down :data:`GRACE` later.
        """
        try:
            async with asyncio.timeout_at(deadline):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("all connections to the database are busy") from None
        try:
            connection = await self._sound(deadline)
            alarm = asyncio.get_running_loop().call_at(deadline + (GRACE if query else 0), drop, connection)
            if query is not None:
                query.runs_on(connection)
            try:
                yield connection
            except psycopg.errors.ReadOnlySqlTransaction:
                drop(connection)
                raise
            finally:
                if query is not None:
                    await query.over()
                if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
                    await roll_back(connection)
                alarm.cancel()
                await self._take_back(connection, given_up=query is not None and query.abandoned)
        finally:
            if query is not None:
                query.gone()
            self._free.release()

    async def _take_back(self, connection: Connection, *, given_up: bool) -> None:
        if connection.closed and not given_up:
            await connection.close()
            await self.close()  # the server has probably gone: idle connections are likely to be broken too
        elif given_up:
            # psycopg may believe that a statement is prepared whose preparation the cancelled pipeline skipped.
            await connection.close()
        else:
            self._idle.append(connection)

    async def _sound(self, deadline: float) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed and self._serves(connection):
                return connection
            await connection.close()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._connect()
        except TimeoutError:
            raise Unavailable("the database does not answer") from None

    async def close(self) -> None:
        """Close the idle connections; a lent one is closed by its borrower's end."""
        while self._idle:
            await self._idle.pop().close()


class PostgresDatabase:
    """A PostgreSQL database by its libpq URL; of several hosts the one that accepts writes is chosen."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, *, readers: int = 6, writers: int = 3) -> None:
        self._hosts = Hosts(url)
        self._readers = Pool(self._connect_reader, self._hosts.serves, readers)
        self._searchers = Pool(self._connect_reader, self._hosts.serves, SEARCHERS)
        self._searches = SearchQueue()
        self._writers = Pool(self.connect, self._hosts.serves, writers)
        self._log_writer = Pool(self._connect_log_writer, self._hosts.serves, 1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._types: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    @classmethod
    async def open(cls, url: str, *, within: float = DEADLINE) -> "PostgresDatabase":
        """Open the database; raises Unavailable where it can't be reached."""
        database = cls(url)
        await database.read("SELECT 1", within=within)
        return database

    async def connect(self, settings: Mapping[str, str] | None = None) -> Connection:
        """Open a connection outside the pools (autocommit), for LISTEN and advisory locks; the caller closes it."""
        connection = await self._hosts.connect(settings)
        for type_, dumper in DUMPERS:
            connection.adapters.register_dumper(type_, dumper)
        return connection

    def serves(self, connection: Connection) -> bool:
        """Whether a connection leads to the primary, as far as this process knows; where not, open another."""
        return self._hosts.serves(connection)

    async def _connect_reader(self) -> Connection:
        """Open a connection of the readers. Its server looks every second whether this process is still there."""
        connection = await self.connect()
        if connection.info.server_version >= 140000:
            await connection.execute("SELECT set_config('client_connection_check_interval', '1s', false)")
        return connection

    async def _connect_log_writer(self) -> Connection:
        return await self.connect(LOG_WRITER)

    async def read(self, sql: str, params: Params | None = None, *, within: float = DEADLINE) -> list[Row]:
        async def work(connection: Connection) -> list[Row]:
            return await PostgresTransaction(connection, self._types).query(sql, params)

        return await self._query(self._readers, work, within)

    async def snapshot(self, fn: Work[T], *, within: float = DEADLINE, lane: ReadLane = "reads") -> T:
        async def work(connection: Connection) -> T:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                result = await fn(PostgresTransaction(connection, self._types))
            except psycopg.errors.ReadOnlySqlTransaction as error:
                raise RuntimeError("a snapshot is read-only") from error
            await connection.execute("COMMIT")
            return result

        with self._searches.admitted(lane):
            return await self._query(self._searchers if lane == "searches" else self._readers, work, within)

    async def write(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        return await self._write_in(self._writers, fn, within)

    async def write_log(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        return await self._write_in(self._log_writer, fn, within)

    async def write_alone(self, sql: str, params: Sequence[Any], *, within: float = DEADLINE) -> list[Row]:
        """Run one statement of an append that commits by itself; ``%s`` parameters.

        A connection lost meanwhile leaves it unknown whether it was committed: Unavailable with ``outcome_unknown``.
        """

        async def work(connection: Connection) -> list[Row]:
            with committing(connection):
                return await (await connection.execute(sql.encode(), params, binary=True)).fetchall()

        return await self._shielded(self._repeat(self._log_writer, work, within))

    async def _write_in(self, pool: Pool, fn: Work[T], within: float) -> T:
        async def work(connection: Connection) -> T:
            await connection.execute("BEGIN")
            try:
                result = await fn(PostgresTransaction(connection, self._types))
            except psycopg.Error as error:
                if error.sqlstate == CLOSED:
                    raise Moved(error.diag.message_primary or CLOSED) from error
                raise
            if connection.info.transaction_status != TransactionStatus.INTRANS:
                raise RuntimeError("a statement of this transaction failed; it can't be committed")
            with committing(connection):
                await connection.execute("COMMIT")
            return result

        return await self._shielded(self._repeat(pool, work, within))

    async def close(self) -> None:
        """Wait for the running calls (their deadlines bound the wait), then close every connection."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._readers.close()
        await self._searchers.close()
        await self._writers.close()
        await self._log_writer.close()

    async def _query(self, pool: Pool, work: Callable[[Connection], Awaitable[T]], within: float) -> T:
        """Run a query. At the deadline, or if its caller leaves, it is ended."""
        query = Query()
        task = self._begun(self._repeat(pool, work, within, query))
        try:
            done, _ = await asyncio.wait([task], timeout=within)
        finally:
            if not task.done():
                query.abandon(task)
        if not done:
            raise Unavailable(f"the database did not answer within {within:g} s")
        return task.result()

    async def _repeat(
        self, pool: Pool, work: Callable[[Connection], Awaitable[T]], within: float, query: Query | None = None
    ) -> T:
        """Run ``work``, and retry it on a new connection while the old one broke before its commit was sent.

        A connection that breaks during the commit is not retried here: whether it happened is unknown (Unavailable with
        ``outcome_unknown``), and only the caller can recognise its own rows.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        pause = 0.02
        while True:
            try:
                async with pool.connection(deadline, query) as connection:
                    return await work(connection)
            except LOST as error:
                if (query is not None and query.abandoned) or loop.time() + pause >= deadline:
                    raise Unavailable(f"the database can't be used now: {error}") from error
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)

    async def _shielded(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.shield(self._begun(work))

    def _begun(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


@contextmanager
def committing(connection: Connection) -> Iterator[None]:
    """Run a statement that commits. Raises Unavailable with ``outcome_unknown`` where the commit may be missing, or get lost.

    A server that is no primary refuses before it writes, so that error is raised as it is.
    """
    connection.warned = False
    try:
        yield
    except psycopg.errors.ReadOnlySqlTransaction:
        raise
    except LOST as error:
        raise Unavailable(f"lost while committing: {error}", outcome_unknown=True) from error
    if connection.warned:
        raise Unavailable("committed, but perhaps not replicated", outcome_unknown=True)


async def roll_back(connection: AsyncConnection[Row]) -> None:
    """Roll a transaction back; close the connection where even that fails."""
    try:
        await connection.execute("ROLLBACK")
    except psycopg.Error:
        await connection.close()
