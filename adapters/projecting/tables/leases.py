"""Leases: one runner per projection across all processes, and a successor when it dies.

PostgreSQL: advisory locks on a connection of their own, released when it closes. SQLite: rows that expire unless renewed. A lease
only saves two runners from doing one work twice. It can't prevent two writers, since a suspended process does not notice that its
lease expired; that is prevented by the fencing token in the catalogue.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, Protocol

from adapters.store.database.database import DEADLINE, Database, Row, Transaction, Unavailable
from adapters.store.database.postgres_database import LOST, PostgresDatabase
from adapters.store.database.postgres_hosts import Connection, drop


class Leases(Protocol):
    """Named leases of one holder."""

    async def acquire(self, name: str) -> bool:
        """Acquire or renew a lease; False where another holder has it. Raises Unavailable."""
        ...

    async def release(self, name: str) -> None:
        """Release a lease."""
        ...

    async def close(self) -> None:
        """Release every lease."""
        ...


class RowLeases:
    """Leases as rows that expire after ``seconds``; :meth:`acquire` renews after a third of that, to spare writes."""

    def __init__(self, database: Database, holder: str, seconds: float) -> None:
        self._database = database
        self._holder = holder
        self._seconds = seconds
        self._renew_from: dict[str, float] = {}

    async def acquire(self, name: str) -> bool:
        """Acquire a lease that is free or expired, or renew it."""
        if asyncio.get_running_loop().time() < self._renew_from.get(name, 0.0):
            return True
        held = await self._database.read("SELECT holder, expires_at FROM leases WHERE name = :name", {"name": name})
        if held and held[0][0] != self._holder and held[0][1] > wall_micros():
            self._renew_from.pop(name, None)
            return False

        async def take(tx: Transaction) -> list[Row]:
            now = wall_micros()
            return await tx.query(
                "INSERT INTO leases (name, holder, expires_at) VALUES (:name, :me, :until) ON CONFLICT (name) DO UPDATE"
                " SET holder = excluded.holder, expires_at = excluded.expires_at"
                " WHERE leases.holder = :me OR leases.expires_at <= :now RETURNING holder",
                {"name": name, "me": self._holder, "now": now, "until": now + int(self._seconds * 1_000_000)},
            )

        began = asyncio.get_running_loop().time()
        taken = bool(await self._database.write(take))
        if taken:
            self._renew_from[name] = began + self._seconds / 3
        else:
            self._renew_from.pop(name, None)
        return taken

    async def release(self, name: str) -> None:
        """Release a lease, so that a successor need not wait until it expires."""
        if self._renew_from.pop(name, None) is None:
            return

        async def give(tx: Transaction) -> None:
            await tx.execute("DELETE FROM leases WHERE name = :name AND holder = :me", {"name": name, "me": self._holder})

        await self._database.write(give)

    async def close(self) -> None:
        """Release every lease."""
        for name in list(self._renew_from):
            await self.release(name)


def wall_micros() -> int:
    """Microseconds since 1970 by the system's clock, which the processes of a machine share."""
    return time.time_ns() // 1000


class AdvisoryLeases:
    """Leases as advisory locks of one connection; they are all lost with the connection."""

    def __init__(self, database: PostgresDatabase, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._held: dict[str, float] = {}

    async def acquire(self, name: str) -> bool:
        """Acquire a lock that is free. Every third of ``seconds`` a round trip confirms that the connection still holds it."""
        async with self._turn:
            connection = await self._connected()
            proven = self._held.get(name)
            if proven is not None and asyncio.get_running_loop().time() < proven + self._seconds / 3:
                return True
            sql, params = ("SELECT pg_try_advisory_lock(%s)", (_key(name),)) if proven is None else ("SELECT true", ())
            rows = await self._ask(connection, sql, params)
            if rows and rows[0][0]:
                self._held[name] = asyncio.get_running_loop().time()
                return True
            return False

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._database.serves(self._connection):
            await self.close()
        if self._connection is None or self._connection.closed:
            self._held.clear()
            try:
                self._connection = await asyncio.wait_for(self._database.connect(), DEADLINE)
            except (TimeoutError, *LOST) as error:
                raise Unavailable(f"the database can't be reached: {error}") from error
        return self._connection

    async def release(self, name: str) -> None:
        """Release a lease."""
        async with self._turn:
            if self._held.pop(name, None) is not None and self._connection is not None and not self._connection.closed:
                await self._ask(self._connection, "SELECT pg_advisory_unlock(%s)", (_key(name),))

    async def close(self) -> None:
        """Release every lease by closing the connection."""
        if self._connection is not None:
            drop(self._connection)
            await self._connection.close()

    async def _ask(self, connection: Connection, sql: str, params: Sequence[Any]) -> list[Row]:
        """Run a query, and shut the connection's socket down at the deadline (psycopg's cancelling waits for the server)."""
        alarm = asyncio.get_running_loop().call_later(DEADLINE, drop, connection)
        asked = asyncio.ensure_future(self._fetch(connection, sql, params))
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(asked)
        except LOST:
            with suppress(*LOST):
                await connection.close()
            return []
        finally:
            if asked.done():
                alarm.cancel()

    async def _fetch(self, connection: Connection, sql: str, params: Sequence[Any]) -> list[Row]:
        return await (await connection.execute(sql.encode(), params)).fetchall()


def _key(name: str) -> int:
    return int.from_bytes(sha256(f"gongdan:{name}".encode()).digest()[:8], "big", signed=True)


def leases_for(database: Database, holder: str, seconds: float) -> Leases:
    """The kind of leases that a database supports."""
    if isinstance(database, PostgresDatabase):
        return AdvisoryLeases(database, seconds)
    return RowLeases(database, holder, seconds)
