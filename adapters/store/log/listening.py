"""LISTEN on PostgreSQL: hear at once of what other processes append."""

import asyncio
from collections.abc import Callable

from adapters.store.database.database import DEADLINE, Database
from adapters.store.database.postgres_database import LOST, PostgresDatabase
from adapters.store.database.postgres_hosts import drop, dropped_after

CHANNEL = "gongdan_appended"
"""PostgreSQL's NOTIFY channel; the payload is the head's position."""

LISTENED = 5.0
"""Seconds after which the connection is tried: a server that froze or vanished does not close it."""


async def listen(database: Database, announce: Callable[[int], None]) -> None:
    """Announce the head's position as other processes move it, for ever; SQLite has nothing to listen to.

    A lost connection, or one to a server that is the primary no longer, is replaced; those who wait poll in the meantime.
    """
    while isinstance(database, PostgresDatabase):
        try:
            connection = await database.connect()
            try:
                while database.serves(connection):
                    with dropped_after(connection, DEADLINE):
                        await connection.execute(f"LISTEN {CHANNEL}".encode())  # repeated, it shows that the server answers
                    async for notice in connection.notifies(timeout=LISTENED):
                        announce(int(notice.payload))
            finally:
                drop(connection)
                await connection.close()
        except LOST:
            await asyncio.sleep(1)
