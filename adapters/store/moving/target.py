"""The new databases while they are filled: empty, an interrupted copy of this store, or refused.

A database that is being filled has the table ``copying``, which names the origin and the run that may write. The store's schema
version stays 0 until everything is there and compared, so no server and no command opens an unfinished copy.
"""

from dataclasses import dataclass
from json import dumps, loads
from typing import Literal

from adapters.store.database import schema
from adapters.store.database.database import Database, Transaction
from adapters.store.keys.key_tables import DDL
from adapters.store.log.opening import shown
from adapters.store.moving.closing import LONG
from adapters.store.moving.transfer import CopyRefused

STAMP = "moved_from"
"""Key in ``meta`` of a store that was copied: the run that finished it, and the old store's URL without secrets."""

State = Literal["empty", "interrupted", "finished"]


@dataclass(frozen=True, slots=True)
class Found:
    """State of a new database. ``run``: the run that finished the copy."""

    state: State
    run: str = ""


async def look(database: Database, origin: str, url: str) -> Found:
    """State of the new store's or key store's database; raises CopyRefused where it may not be written to."""
    tables = await _tables(database)
    if not tables:
        return Found("empty")
    if schema.COPYING in tables:
        [(found,)] = await database.read(f"SELECT origin FROM {schema.COPYING}")
        if found == origin:
            return Found("interrupted")
        raise _refused(url, f"an unfinished copy of another store ({found}; this one is {origin})")
    if "meta" not in tables:
        raise _refused(url, f"tables already ({', '.join(sorted(tables)[:3])}{', …' if len(tables) > 3 else ''})")
    meta: dict[str, str] = dict(await database.read("SELECT key, value FROM meta"))
    if STAMP in meta and meta.get("origin") == origin:
        return Found("finished", loads(meta[STAMP])["run"])
    raise _refused(url, f"a store already ({meta.get('origin', 'unknown')})")


def _refused(url: str, holds: str) -> CopyRefused:
    return CopyRefused(
        f"{shown(url)} holds {holds}: name an empty database, or the one of an interrupted copy of this very store"
    )


async def begin_store(database: Database, origin: str, run: str) -> None:
    """Create the store's tables in an empty database."""
    await schema.create(database, origin, copying=run)


async def begin_keys(database: Database, origin: str, run: str) -> None:
    """Create the key store's tables in an empty database."""

    async def make(tx: Transaction) -> None:
        for statement in (*DDL, schema.COPYING_DDL):
            await tx.ddl(statement)
        await tx.insert(schema.COPYING, ("id", "origin", "run"), [(1, origin, run)])

    await database.write(make, within=LONG)


async def take_over(database: Database, run: str) -> None:
    """Become the run that may write; an earlier one, if it still lives, writes nothing more."""
    await database.write(lambda tx: tx.execute(f"UPDATE {schema.COPYING} SET run = :run", {"run": run}), within=LONG)


async def fence(tx: Transaction, run: str) -> None:
    """Lock the table ``copying`` for this transaction; raises CopyRefused where another run took over."""
    if not await tx.execute(f"UPDATE {schema.COPYING} SET run = run WHERE run = :run", {"run": run}):
        raise CopyRefused("another gongdan copy to this database took over; this one has ended")


async def give_up(database: Database, run: str) -> bool:
    """End a run that failed; True where the copy is unfinished for certain and no other run has taken over."""
    sql = f"UPDATE {schema.COPYING} SET run = '' WHERE run = :run"
    if not await schema.has_table(database, schema.COPYING):
        return False
    return await database.write(lambda tx: tx.execute(sql, {"run": run})) > 0


async def finish_store(database: Database, run: str, source_url: str) -> None:
    """Make the copy a store that can be opened, in one transaction: the moment of the move."""

    async def work(tx: Transaction) -> None:
        await fence(tx, run)
        stamp = dumps({"run": run, "from": shown(source_url)})
        await tx.insert("meta", ("key", "value"), [(STAMP, stamp), ("schema_version", str(schema.newest()))], key=("key",))
        await tx.execute(f"DROP TABLE {schema.COPYING}")

    await database.write(work, within=LONG)


async def finish_keys(database: Database) -> None:
    """Remove the mark of an unfinished copy from the key store. Idempotent."""
    await database.write(lambda tx: tx.execute(f"DROP TABLE IF EXISTS {schema.COPYING}"), within=LONG)


async def unfinish(database: Database, origin: str) -> None:
    """Make a finished copy unfinished again, so that nothing opens it."""

    async def work(tx: Transaction) -> None:
        await tx.execute("DELETE FROM meta WHERE key = :key", {"key": STAMP})
        await tx.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
        await _mark(tx, origin)

    await database.write(work, within=LONG)


async def unfinish_keys(database: Database, origin: str) -> None:
    """Mark a key store as one of an unfinished copy again."""
    await database.write(lambda tx: _mark(tx, origin), within=LONG)


async def _mark(tx: Transaction, origin: str) -> None:
    await tx.ddl(schema.COPYING_DDL)
    await tx.insert(schema.COPYING, ("id", "origin", "run"), [(1, origin, "")])


async def _tables(database: Database) -> set[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
        "postgresql": "SELECT tablename::text FROM pg_tables WHERE schemaname = ANY (current_schemas(false))",
    }
    return {name for (name,) in await database.read(sql[database.dialect])}
