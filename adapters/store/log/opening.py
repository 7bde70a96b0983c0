"""Open, create and migrate a store by its URL.

``sqlite:///PATH`` (relative; four slashes for an absolute path), ``postgresql://…`` in libpq's form (several hosts
allowed), ``memory:`` (for tests: created when opened, gone when closed).
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
from adapters.store.logins.access import Look, Tokens
from domain.kernel.ports import AccessLog, Clock, EventLog


class Store(EventLog, Protocol):
    """An open store: the event log, the tokens and the access log. ``database`` is None for a store in memory."""

    @property
    def origin(self) -> str:
        """The log's origin name, chosen at init."""
        ...

    @property
    def waiting(self) -> int:
        """How many appends are queued."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Tokens of the callers."""
        ...

    async def look(self, token_hash: bytes, key: str | None) -> Look:
        """The token with this hash, the registry's version, and the record of its login's command ``key``: one statement."""
        ...

    @property
    def access_log(self) -> AccessLog:
        """The access log: who read whose personal data."""
        ...

    @property
    def database(self) -> Database | None:
        """The database, for projections, attachments, sessions and other rows beside the log."""
        ...

    async def close(self) -> None:
        """Write the queued appends, then close every connection."""
        ...

    async def __aenter__(self) -> "Store": ...

    async def __aexit__(self, *_: object) -> None: ...


class Opener(Protocol):
    """Opens the database at a URL, as :func:`open_database` does."""

    async def __call__(self, url: str, *, within: float = DEADLINE, filling: bool = False) -> Database:
        """Open it, to be abandoned after ``within`` seconds; ``filling`` as in :func:`open_database`."""
        ...


async def open_store(
    url: str,
    clock: Clock,
    *,
    capacity: int = CAPACITY,
    deadline: float = DEADLINE,
    filling: bool = False,
    opener: Opener | None = None,
) -> Store:
    """Open a store; raises schema.SchemaError for a missing or other schema, errors.Overloaded where it can't be reached.

    At most ``capacity`` appends are queued, each for ``deadline`` seconds at most; ``filling`` as in :func:`open_database`, which
    is the ``opener`` unless another is given.
    """
    if url == "memory:":
        return MemoryStore(clock, "memory")
    database = await (opener or open_database)(url, within=deadline, filling=filling)
    try:
        await schema.check(database, shown(url))
        [(origin,)] = await database.read("SELECT value FROM meta WHERE key = 'origin'")
    except BaseException:
        await database.close()
        raise
    return SqlStore(database, clock, origin, capacity=capacity, deadline=deadline)


async def init_store(url: str, origin: str) -> None:
    """Create a store whose log has this origin name; raises schema.SchemaExists where there is one."""
    database = await open_database(url, create=True)
    try:
        await schema.create(database, origin)
    finally:
        await database.close()


async def has_store(url: str) -> bool:
    """Whether there is a store at this URL, of any schema version."""
    try:
        database = await open_database(url)
    except schema.SchemaMissing:
        return False
    try:
        return bool(await schema.found_version(database))
    finally:
        await database.close()


async def migrate_store(url: str) -> tuple[int, int]:
    """Migrate a store's schema to the newest; returns the versions before and after."""
    database = await open_database(url)
    try:
        return await schema.migrate(database, shown(url))
    finally:
        await database.close()


async def open_database(url: str, *, create: bool = False, within: float = DEADLINE, filling: bool = False) -> Database:
    """Open the database at a URL without checking its schema; ``create`` makes a missing SQLite file.

    ``filling``: this process alone fills a new database, so a SQLite file is synced once, when it is closed.
    """
    if url.startswith("sqlite:///"):
        kind = FillingSqliteDatabase if filling else SqliteDatabase
        try:
            return await kind.open(Path(url.removeprefix("sqlite:///")), create=create)
        except FileNotFoundError:
            raise schema.SchemaMissing(url) from None
    if url.startswith(("postgresql://", "postgres://")):
        return await PostgresDatabase.open(url, within=within)
    raise ValueError("the URL of a store is sqlite:///PATH or postgresql://…")


def shown(url: str) -> str:
    """A URL for messages, without user, password and parameters (any of which may hold a secret)."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}" if found else url
