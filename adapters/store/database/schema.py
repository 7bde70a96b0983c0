"""The schema of the store's database: numbered migrations in PostgreSQL's types, translated for SQLite.

To add tables, append a :class:`Migration` with the next number to :data:`SCHEMA`; never change one that was released. Types and
their values are described in :mod:`adapters.store.database.database`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.store.database.database import Database, Transaction


class SchemaError(Exception):
    """The database has no schema, or one of another version than this program needs."""


class SchemaMissing(SchemaError):
    """There is no store at this URL."""

    def __init__(self, where: str) -> None:
        super().__init__(f"there is no store at {where}: run gongdan init")


class SchemaUnfinished(SchemaError):
    """There is a copy at this URL that ``gongdan copy`` has not finished."""

    def __init__(self, where: str) -> None:
        super().__init__(f"the copy at {where} is not finished: run gongdan copy again, with the --from and --to it began with")


class SchemaExists(SchemaError):
    """There is a store at this URL; init does not overwrite it."""

    def __init__(self) -> None:
        super().__init__("there is a store here already")


class SchemaOld(SchemaError):
    """The store's schema is older than this program's."""

    def __init__(self, found: int, needed: int) -> None:
        super().__init__(f"the store has schema version {found}, this program needs {needed}: run gongdan migrate")


class SchemaTooNew(SchemaError):
    """The store's schema is newer than this program's, which must not touch it."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"the store has schema version {found}, this program knows up to {known}: use a newer gongdan")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    version: int
    title: str
    statements: Sequence[str]


LOG = Migration(
    1,
    "the log",
    (
        "CREATE TABLE head (id BIGINT PRIMARY KEY, position BIGINT NOT NULL, recorded_at BIGINT NOT NULL)",
        "INSERT INTO head (id, position, recorded_at) VALUES (1, 0, 0)",
        """CREATE TABLE events (
            position BIGINT PRIMARY KEY,
            stream_id BYTEA NOT NULL,
            version BIGINT NOT NULL,
            topic TEXT NOT NULL,
            community TEXT NOT NULL,
            recorded_at BIGINT NOT NULL,
            book TEXT,
            state BYTEA NOT NULL,
            UNIQUE (stream_id, version))""",
        "CREATE INDEX events_recorded_at ON events (recorded_at, position)",
        """CREATE TABLE commands (
            caller TEXT NOT NULL,
            key TEXT NOT NULL,
            body_hash BYTEA NOT NULL,
            stream_id BYTEA NOT NULL,
            version BIGINT NOT NULL,
            position BIGINT NOT NULL,
            recorded_at BIGINT NOT NULL,
            PRIMARY KEY (key, caller))""",
        "CREATE INDEX commands_recorded_at ON commands (recorded_at)",
        # number:<prefix of the number> · open_list:<community> (position of the last event that changed it) ·
        # registry (appends that changed people, roles, tokens) · access_log (its last position)
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
        "INSERT INTO counters (name, value) VALUES ('registry', 0), ('access_log', 0)",
        """CREATE TABLE numbers (
            position BIGINT PRIMARY KEY,
            number TEXT NOT NULL UNIQUE,
            book TEXT NOT NULL,
            community TEXT NOT NULL,
            day TEXT NOT NULL,
            sequence BIGINT NOT NULL,
            stream_id BYTEA NOT NULL)""",
        "CREATE INDEX numbers_stream_id ON numbers (stream_id)",
        """CREATE TABLE names (
            scope TEXT NOT NULL,
            name TEXT NOT NULL,
            stream_id BYTEA NOT NULL,
            position BIGINT NOT NULL,
            PRIMARY KEY (name, scope))""",
        "CREATE INDEX names_scope ON names (scope)",
    ),
)

ACCESS = Migration(
    2,
    "tokens and the access log",
    (
        """CREATE TABLE tokens (
            id BYTEA PRIMARY KEY,
            login TEXT NOT NULL,
            token_hash BYTEA NOT NULL UNIQUE,
            created_at BIGINT NOT NULL,
            expires_at BIGINT,
            revoked_at BIGINT)""",
        """CREATE TABLE access_log (
            position BIGINT PRIMARY KEY,
            recorded_at BIGINT NOT NULL,
            who TEXT NOT NULL,
            community TEXT NOT NULL,
            what TEXT NOT NULL,
            subjects TEXT NOT NULL,
            stream_id BYTEA,
            detail TEXT NOT NULL)""",
    ),
)

ATTACHMENTS = Migration(
    3,
    "attachments and erasures",
    (
        """CREATE TABLE attachments (
            name TEXT PRIMARY KEY,
            upload_id BYTEA NOT NULL UNIQUE,
            stream_id BYTEA NOT NULL,
            subject_id BYTEA NOT NULL,
            key_version BIGINT NOT NULL,
            content_type TEXT NOT NULL,
            size BIGINT NOT NULL,
            chunks BIGINT NOT NULL,
            created_at BIGINT NOT NULL)""",
        """CREATE TABLE attachment_chunks (
            upload_id BYTEA NOT NULL,
            chunk BIGINT NOT NULL,
            sealed BYTEA NOT NULL,
            PRIMARY KEY (upload_id, chunk))""",
        "CREATE TABLE attachment_uploads (upload_id BYTEA PRIMARY KEY, started_at BIGINT NOT NULL)",
        # Every start reads the erased subjects from the log.
        "CREATE INDEX events_erasures ON events (position) WHERE topic = 'subject.erased'",
    ),
)

PROJECTIONS = Migration(
    4,
    "catalogue of projections",
    (
        # One version of a projection's tables. live: 1 for the version that queries read; status: building, ready, live,
        # retired. holder: the runner that may write it; holder and position together are the fencing token.
        """CREATE TABLE projections (
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            live BIGINT NOT NULL,
            status TEXT NOT NULL,
            position BIGINT NOT NULL,
            holder TEXT NOT NULL,
            error TEXT,
            updated_at BIGINT NOT NULL,
            PRIMARY KEY (name, version))""",
        """CREATE TABLE parked (
            projection TEXT NOT NULL,
            version TEXT NOT NULL,
            stream_id BYTEA NOT NULL,
            position BIGINT NOT NULL,
            error TEXT NOT NULL,
            since BIGINT NOT NULL,
            PRIMARY KEY (projection, version, stream_id))""",
        # SQLite only: PostgreSQL has advisory locks.
        "CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at BIGINT NOT NULL)",
    ),
)

PROCESSES = Migration(
    5,
    "process managers",
    (
        # holder: the runner that may move it; holder and position together are the fencing token.
        """CREATE TABLE processes (
            name TEXT PRIMARY KEY,
            position BIGINT NOT NULL,
            holder TEXT NOT NULL,
            error TEXT,
            updated_at BIGINT NOT NULL)""",
        # When a process examines a stream again although no new event arrived.
        """CREATE TABLE process_dues (
            process TEXT NOT NULL,
            stream_id BYTEA NOT NULL,
            due_at BIGINT NOT NULL,
            PRIMARY KEY (process, stream_id))""",
        "CREATE INDEX process_dues_due_at ON process_dues (process, due_at)",
        """CREATE TABLE process_parked (
            process TEXT NOT NULL,
            stream_id BYTEA NOT NULL,
            position BIGINT NOT NULL,
            error TEXT NOT NULL,
            since BIGINT NOT NULL,
            PRIMARY KEY (process, stream_id))""",
    ),
)

SESSIONS = Migration(
    6,
    "passwords and sessions of the pages",
    (
        "CREATE TABLE passwords (login TEXT PRIMARY KEY, hash TEXT NOT NULL, changed_at BIGINT NOT NULL)",
        # Only the hash of a session's cookie is stored; seen_at is at most a few minutes behind.
        """CREATE TABLE sessions (
            id BYTEA PRIMARY KEY,
            login TEXT NOT NULL,
            secret_hash BYTEA NOT NULL UNIQUE,
            created_at BIGINT NOT NULL,
            seen_at BIGINT NOT NULL,
            ended_at BIGINT)""",
        "CREATE INDEX sessions_login ON sessions (login)",
    ),
)

SCHEMA: list[Migration] = [LOG, ACCESS, ATTACHMENTS, PROJECTIONS, PROCESSES, SESSIONS]


COPYING = "copying"
"""A table that a database has while ``gongdan copy`` fills it. ``run``: the run that may write (fencing token)."""

COPYING_DDL = f"CREATE TABLE {COPYING} (id BIGINT PRIMARY KEY, origin TEXT NOT NULL, run TEXT NOT NULL)"


def newest() -> int:
    """The schema version this program needs."""
    return SCHEMA[-1].version


async def has_table(database: Database, name: str) -> bool:
    """Whether a database has a table of this name."""
    counts = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = :name",
        "postgresql": "SELECT count(to_regclass(:name))",
    }
    [(count,)] = await database.read(counts[database.dialect], {"name": name})
    return bool(count)


async def found_version(database: Database) -> int:
    """The schema version of a database; 0 where there is no store."""
    there = await has_table(database, "meta")
    rows = await database.read("SELECT value FROM meta WHERE key = 'schema_version'") if there else []
    return int(rows[0][0]) if rows else 0


async def check(database: Database, where: str) -> None:
    """Raise a SchemaError unless the database has the schema version this program needs."""
    version = await found_version(database)
    if version == 0:
        raise await _absent(database, where)
    if version > newest():
        raise SchemaTooNew(version, newest())
    if version < newest():
        raise SchemaOld(version, newest())


async def _absent(database: Database, where: str) -> SchemaError:
    return SchemaUnfinished(where) if await has_table(database, COPYING) else SchemaMissing(where)


async def create(database: Database, origin: str, *, copying: str = "") -> None:
    """Create the whole schema, with the log's origin name; raises SchemaExists where there is one.

    ``copying``: the run of ``gongdan copy`` that fills it. Its version stays 0 until the copy is whole, so nothing opens it.
    """
    if await found_version(database) or await has_table(database, COPYING):
        raise SchemaExists

    async def make(tx: Transaction) -> None:
        await tx.ddl("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        await tx.insert("meta", ("key", "value"), [("origin", origin), ("schema_version", "0")])
        await apply(tx, 0)
        if copying:
            await tx.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
            await tx.ddl(COPYING_DDL)
            await tx.insert(COPYING, ("id", "origin", "run"), [(1, origin, copying)])

    await database.write(make)


async def migrate(database: Database, where: str) -> tuple[int, int]:
    """Migrate to the newest schema in one transaction; returns the versions before and after. Raises SchemaError."""
    version = await found_version(database)
    if version == 0:
        raise await _absent(database, where)
    if version > newest():
        raise SchemaTooNew(version, newest())

    async def step(tx: Transaction) -> int:
        # The row lock makes a second migrator wait and then find nothing to do.
        [(found,)] = await tx.query("UPDATE meta SET value = value WHERE key = 'schema_version' RETURNING value")
        await apply(tx, int(found))
        return int(found)

    return await database.write(step), newest()


async def apply(tx: Transaction, version: int) -> None:
    """Run the migrations that follow a version."""
    for migration in SCHEMA:
        if migration.version > version:
            for statement in migration.statements:
                await tx.ddl(statement)
    await tx.execute("UPDATE meta SET value = :version WHERE key = 'schema_version'", {"version": str(newest())})
