"""Leases: one runner per projection across all processes, and another one when it dies.

PostgreSQL: advisory locks on a connection of their own, gone with it. SQLite: rows that expire unless renewed. A lease only keeps
two from doing the same work; what keeps two from writing is the fence in the catalogue.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, Protocol

from psycopg import AsyncConnection

from adapters.store.database.database import DEADLINE, Database, Row, Transaction, Unavailable
from adapters.store.database.postgres_database import LOST, PostgresDatabase, drop


class Leases(Protocol):
    """Leases by name, all of one holder."""

    async def acquire(self, name: str) -> bool:
        """Take the lease, or keep it; False where somebody else has it. Raises Unavailable where that can't be told."""
        ...

    async def release(self, name: str) -> None:
        """Give it up."""
        ...

    async def close(self) -> None:
        """Give all of them up."""
        ...


class RowLeases:
    """Leases as rows that live ``seconds`` unless renewed; acquiring renews once a third of that has passed."""

    def __init__(self, database: Database, holder: str, seconds: float) -> None:
        self._database = database
        self._holder = holder
        self._seconds = seconds
        self._renew_from: dict[str, float] = {}

    async def acquire(self, name: str) -> bool:
        """Take the lease where it is free or expired, or renew it."""
        if time.monotonic() < self._renew_from.get(name, 0.0):
            return True
        held = await self._database.read("SELECT holder, expires_at FROM leases WHERE name = :name", {"name": name})
        if held and held[0][0] != self._holder and held[0][1] > _now():
            self._renew_from.pop(name, None)
            return False

        async def take(tx: Transaction) -> list[Row]:
            return await tx.query(
                "INSERT INTO leases (name, holder, expires_at) VALUES (:name, :me, :until) ON CONFLICT (name) DO UPDATE"
                " SET holder = excluded.holder, expires_at = excluded.expires_at"
                " WHERE leases.holder = :me OR leases.expires_at <= :now RETURNING holder",
                {"name": name, "me": self._holder, "now": _now(), "until": _now() + int(self._seconds * 1_000_000)},
            )

        began = time.monotonic()
        taken = bool(await self._database.write(take))
        if taken:
            self._renew_from[name] = began + self._seconds / 3
        else:
            self._renew_from.pop(name, None)
        return taken

    async def release(self, name: str) -> None:
        """Give it up, so that nobody has to wait until it expires."""
        if self._renew_from.pop(name, None) is None:
            return

        async def give(tx: Transaction) -> None:
            await tx.execute("DELETE FROM leases WHERE name = :name AND holder = :me", {"name": name, "me": self._holder})

        await self._database.write(give)

    async def close(self) -> None:
        """Give all of them up."""
        for name in list(self._renew_from):
            await self.release(name)


def _now() -> int:
    return time.time_ns() // 1000


class AdvisoryLeases:
    """Leases as advisory locks of one connection; whoever loses the connection loses them all."""

    def __init__(self, database: PostgresDatabase, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection[Row] | None = None
        self._held: dict[str, float] = {}

    async def acquire(self, name: str) -> bool:
        """Take the lock where it is free; that a held one is still held is proven by a round trip now and then."""
        async with self._turn:
            connection = await self._connected()
            proven = self._held.get(name)
            if proven is not None and time.monotonic() < proven + self._seconds / 3:
                return True
            sql, params = ("SELECT pg_try_advisory_lock(%s)", (_key(name),)) if proven is None else ("SELECT true", ())
            rows = await self._ask(connection, sql, params)
            if rows and rows[0][0]:
                self._held[name] = time.monotonic()
                return True
            return False

    async def _connected(self) -> AsyncConnection[Row]:
        if self._connection is None or self._connection.closed:
            self._held.clear()
            try:
                self._connection = await asyncio.wait_for(self._database.connect(), DEADLINE)
            except (TimeoutError, *LOST) as error:
                raise Unavailable(f"the database can't be reached: {error}") from error
        return self._connection

    async def release(self, name: str) -> None:
        """Give it up."""
        async with self._turn:
            if self._held.pop(name, None) is not None and self._connection is not None and not self._connection.closed:
                await self._ask(self._connection, "SELECT pg_advisory_unlock(%s)", (_key(name),))

    async def close(self) -> None:
        """Give all of them up with the connection."""
        if self._connection is not None:
            drop(self._connection)
            await self._connection.close()

    async def _ask(self, connection: AsyncConnection[Row], sql: str, params: Sequence[Any]) -> list[Row]:
        """Nothing is cancelled inside psycopg: at the deadline the socket goes away under it."""
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

    async def _fetch(self, connection: AsyncConnection[Row], sql: str, params: Sequence[Any]) -> list[Row]:
        return await (await connection.execute(sql.encode(), params)).fetchall()


def _key(name: str) -> int:
    return int.from_bytes(sha256(f"gongdan:{name}".encode()).digest()[:8], "big", signed=True)


def leases_for(database: Database, holder: str, seconds: float) -> Leases:
    """The leases of a database."""
    if isinstance(database, PostgresDatabase):
        return AdvisoryLeases(database, seconds)
    return RowLeases(database, holder, seconds)
