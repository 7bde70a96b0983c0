"""Opening, making and moving forward a store, by its URL.

``sqlite:///PATH`` (relative; four slashes for an absolute path), ``postgresql://…`` as libpq writes it (several hosts
allowed), ``memory:`` (for tests: made by opening it, gone when closed).
"""

from pathlib import Path
from typing import Protocol

from adapters.store.database import schema
from adapters.store.database.database import DEADLINE, Database
from adapters.store.database.postgres_database import PostgresDatabase
from adapters.store.database.sqlite_database import FillingSqliteDatabase, SqliteDatabase
from adapters.store.log.group_commit import CAPACITY
from adapters.store.log.memory_store import MemoryStore
from adapters.store.log.sql_store import SqlStore
from adapters.store.logins.access import Tokens
from domain.kernel.ports import AccessLog, Clock, EventLog


class Store(EventLog, Protocol):
    """An open store: the log, and what lives beside it. ``database`` is None for a store in memory."""

    @property
    def origin(self) -> str:
        """The log's origin name, made by init."""
        ...

    @property
    def waiting(self) -> int:
        """How many appends wait to be written."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Tokens of the callers."""
        ...

    @property
    def access_log(self) -> AccessLog:
        """Who opened whose data."""
        ...

    @property
    def database(self) -> Database | None:
        """The database, for others who keep rows in it."""
        ...

    async def close(self) -> None:
        """Finish what waits and let go of everything."""
        ...

    async def __aenter__(self) -> "Store": ...

    async def __aexit__(self, *_: object) -> None: ...


async def open_store(
    url: str, clock: Clock, *, capacity: int = CAPACITY, deadline: float = DEADLINE, filling: bool = False
) -> Store:
    """Open a store; raises schema.SchemaError where it can't be used as it is, errors.Overloaded where it can't be reached.

    ``capacity`` appends may wait, each for ``deadline`` seconds at most; ``filling`` as for :func:`open_database`.
    """
    if url == "memory:":
        return MemoryStore(clock, "memory")
    database = await open_database(url, within=deadline, filling=filling)
    try:
        await schema.check(database, shown(url))
        [(origin,)] = await database.read("SELECT value FROM meta WHERE key = 'origin'")
    except BaseException:
        await database.close()
        raise
    return SqlStore(database, clock, origin, capacity=capacity, deadline=deadline)


async def init_store(url: str, origin: str) -> None:
    """Make a new store with the origin name of its log; raises schema.SchemaExists where there is one."""
    database = await open_database(url, create=True)
    try:
        await schema.create(database, origin)
    finally:
        await database.close()


async def has_store(url: str) -> bool:
    """Whether there is a store, of whatever schema version."""
    try:
        database = await open_database(url)
    except schema.SchemaMissing:
        return False
    try:
        return bool(await schema.found_version(database))
    finally:
        await database.close()


async def migrate_store(url: str) -> tuple[int, int]:
    """Move a store's schema forward; returns the versions before and after."""
    database = await open_database(url)
    try:
        return await schema.migrate(database, shown(url))
    finally:
        await database.close()


async def open_database(url: str, *, create: bool = False, within: float = DEADLINE, filling: bool = False) -> Database:
    """The database behind a URL, whatever its schema; ``create`` makes a missing SQLite file.

    ``filling``: a new one that this process fills alone, which a SQLite file need not sync before it is closed.
    """
    if url.startswith("sqlite:///"):
        kind = FillingSqliteDatabase if filling else SqliteDatabase
        try:
            return await kind.open(Path(url.removeprefix("sqlite:///")), create=create)
        except FileNotFoundError:
            raise schema.SchemaMissing(url) from None
    if url.startswith(("postgresql://", "postgres://")):
        return await PostgresDatabase.open(url, within=within)
    raise ValueError("a store is sqlite:///PATH or postgresql://…")


def shown(url: str) -> str:
    """A URL without the password in it, before the host or among the parameters, for messages."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}" if found else url
