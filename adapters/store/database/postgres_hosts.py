"""The hosts of a PostgreSQL database: which of them is the primary, and that it is no primary of the past.

A primary that froze, or was cut off, does not know that another has taken its place: until its cluster manager stops it, it
accepts connections and answers reads from the past. (It acknowledges no write where replication is synchronous.) PostgreSQL
counts a log's primaries in its *timeline*: a standby that becomes the primary begins the next one. So a process that has seen a
timeline uses no connection of an older one.
"""

import asyncio
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import Diagnostic

CONNECT_SECONDS = 2
"""Seconds until a host that does not answer is given up and the next is tried; libpq's smallest."""

TIMELINE = (
    "CASE WHEN pg_is_in_recovery() THEN 0"
    " ELSE CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS INTEGER) END"
)
"""The timeline that a primary writes; 0 on a standby."""


class Connection(AsyncConnection[Any]):
    """A connection (autocommit). ``timeline``: what its server wrote when it was opened; 0 on a standby.

    ``warned``: the server sent a warning. It does so for a commit that is on its own disk, but whose wait for the synchronous
    standby was cut short: PostgreSQL then reports success, and a failover may lose the commit.
    """

    timeline: int = 0
    warned: bool = False

    def note(self, notice: Diagnostic) -> None:
        """Take a notice of the server."""
        self.warned = self.warned or notice.severity_nonlocalized == "WARNING"


class Superseded(psycopg.OperationalError):
    """The server was the primary once; this process has seen a later one."""


class Hosts:
    """The hosts of a libpq URL, the one that was connected to last in front. ``timeline``: the latest that was seen."""

    def __init__(self, url: str) -> None:
        options: dict[str, Any] = dict(conninfo_to_dict(url))
        options.setdefault("connect_timeout", CONNECT_SECONDS)
        options.setdefault("application_name", "gongdan")
        hosts = _split(options)
        if len(hosts) > 1:
            options.setdefault("target_session_attrs", "read-write")
        self._options = options
        self._hosts = hosts
        self.timeline = 0

    async def connect(self, settings: Mapping[str, str] | None = None) -> Connection:
        """Open a connection, with these settings for its session, to the first host that will do.

        A host that fails goes to the end of the list, so that the next connection need not wait for it too. Raises
        psycopg.OperationalError with the troubles of all hosts.
        """
        troubles: list[str] = []
        for host in list(self._hosts):
            try:
                connection = await self._try(host, settings or {})
            except psycopg.OperationalError as error:
                troubles.append(str(error))
                self._move(host, len(self._hosts))
            else:
                self._move(host, 0)
                return connection
        raise psycopg.OperationalError("; ".join(troubles))

    def serves(self, connection: Connection) -> bool:
        """Whether a connection leads to the latest primary that was seen (or to a standby, where the URL names one)."""
        return connection.timeline in (0, self.timeline)

    async def _try(self, host: dict[str, Any], settings: Mapping[str, str]) -> Connection:
        connection = await Connection.connect(**{**self._options, **host}, autocommit=True)
        connection.add_notice_handler(connection.note)
        try:
            with dropped_after(connection, CONNECT_SECONDS):
                asked = ", ".join([TIMELINE, *("set_config(%s, %s, false)" for _ in settings)])
                values = [value for setting in settings.items() for value in setting]
                [row] = await (await connection.execute(f"SELECT {asked}".encode(), values)).fetchall()
        except BaseException:
            await connection.close()
            raise
        connection.timeline = row[0]
        self.timeline = max(self.timeline, connection.timeline)
        if not self.serves(connection):
            await connection.close()
            raise Superseded(f"the server writes timeline {connection.timeline}, but {self.timeline} has been seen")
        return connection

    def _move(self, host: dict[str, Any], to: int) -> None:
        self._hosts.remove(host)
        self._hosts.insert(to, host)


def _split(options: dict[str, Any]) -> list[dict[str, Any]]:
    """Take the places to connect to from libpq's options: lists of hosts, addresses and ports, of one length or of one port."""
    lists = {name: str(options.pop(name)).split(",") for name in ("host", "hostaddr", "port") if options.get(name)}
    count = max((len(places) for places in lists.values()), default=1)
    lists = {name: places * count if len(places) == 1 else places for name, places in lists.items()}
    return [{name: places[i] for name, places in lists.items()} for i in range(count)]


@contextmanager
def dropped_after(connection: AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Drop the connection where the block takes longer."""
    alarm = asyncio.get_running_loop().call_later(seconds, drop, connection)
    try:
        yield
    finally:
        alarm.cancel()


def drop(connection: AsyncConnection[Any]) -> None:
    """Shut a connection's socket down: a call that waits on it fails at once with OperationalError."""
    if connection.closed:
        return
    with socket.socket(fileno=os.dup(connection.fileno())) as end, suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
