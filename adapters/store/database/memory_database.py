"""A database in memory, for the read models of a store in memory: SQLite with one connection on one thread."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from adapters.store.database.database import DEADLINE, Dialect, Params, ReadLane, Row, Work
from adapters.store.database.sqlite_database import SqliteTransaction, drive

T = TypeVar("T")


class MemoryDatabase:
    """The database port (adapters.store.database.database.Database) on ``:memory:``; gone when closed."""

    dialect: Dialect = "sqlite"

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gongdan-memory")
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)

    async def read(self, sql: str, params: Params | None = None, *, within: float = DEADLINE) -> list[Row]:
        """The rows of one SELECT."""
        return await self.snapshot(lambda tx: tx.query(sql, params), within=within)

    async def snapshot(self, fn: Work[T], *, within: float = DEADLINE, lane: ReadLane = "reads") -> T:
        """Run ``fn`` in a transaction; one connection serves every lane."""
        return await self.write(fn, within=within)

    async def write(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        """Run ``fn`` in a transaction and commit it; any exception of ``fn`` rolls it back."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, fn)

    async def write_log(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        """Like :meth:`write`: one connection serves everything."""
        return await self.write(fn, within=within)

    async def close(self) -> None:
        """End the thread and close the connection; the rows are lost."""
        try:
            await asyncio.to_thread(self._thread.shutdown)
        finally:
            self._connection.close()

    def _transact(self, fn: Work[T]) -> T:
        with self._connection:
            self._connection.execute("BEGIN")
            return drive(fn(SqliteTransaction(self._connection)))
