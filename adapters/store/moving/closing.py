"""Close a database to writes, by triggers in the database itself: they hold for every process, whatever its version.

A server that runs on need not know of the move: its next write is refused by the database, and it answers with the text given
here (database.Moved). Each run of ``gongdan copy`` has triggers of its own name, so a run that gives up opens only what it
closed itself.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from adapters.store.database.database import CLOSED, Database, Transaction
from adapters.store.moving.tables import ONLY_THE_END, OPEN_TO_LOCKS, Table

LONG = 600.0
"""Seconds that a statement over a whole table may take."""
PREFIX = "moved_"
NOTE = "moving"
"""Key in ``meta`` of the old store under which its :class:`Closing` is noted."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a store's writes are closed: the run that closed it, the new store's URL without secrets, and whether it is whole."""

    run: str
    to: str
    done: bool = False

    def text(self) -> str:
        """The text by which writes are refused."""
        if self.done:
            return f"this store has moved to {self.to}: set GONGDAN_STORE and GONGDAN_KEYS to the new place and start again"
        return (
            f"this store is being moved to {self.to}: try again in a moment; if the move was interrupted,"
            " run gongdan copy again, or with --cancel to stay here"
        )


async def closing_of(database: Database) -> Closing | None:
    """The closing noted in a store; None where its writes are open."""
    rows = await database.read("SELECT value FROM meta WHERE key = :key", {"key": NOTE})
    return Closing(**json.loads(rows[0][0])) if rows else None


async def note(database: Database, closing: Closing | None) -> None:
    """Note a closing in a store, in place of any other; None removes the note."""

    async def write(tx: Transaction) -> None:
        if closing is None:
            await tx.execute("DELETE FROM meta WHERE key = :key", {"key": NOTE})
        else:
            await tx.insert("meta", ("key", "value"), [(NOTE, json.dumps(asdict(closing)))], key=("key",))

    await database.write(write, within=LONG)


async def close(database: Database, tables: Sequence[Table], closing: Closing) -> None:
    """Refuse every further write to these tables; returns once the writes that had begun are committed.

    Called again by the same run it changes the text. Triggers of earlier runs are removed.
    """
    closed = [table.name for table in tables if table.name not in OPEN_TO_LOCKS]
    text = closing.text().replace("'", "''")
    if database.dialect == "sqlite":
        await database.write(lambda tx: _close_sqlite(tx, closed, closing.run, text), within=LONG)
        return
    name = PREFIX + closing.run

    async def refuse(tx: Transaction) -> None:
        body = f"BEGIN RAISE EXCEPTION USING ERRCODE = '{CLOSED}', MESSAGE = '{text}'; END"
        await tx.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")

    await database.write(refuse, within=LONG)
    there = await _triggers(database)
    for table in closed:
        # Each in a transaction of its own, which waits for the table's writers: with one lock at a time there is no deadlock.
        if (name, table) not in there:
            await database.write(partial(_refuse, name=name, table=table), within=LONG)
    await _drop(database, [(trigger, table) for trigger, table in there if trigger != name])


async def reopen(database: Database, run: str = "") -> None:
    """Permit writes again: remove the triggers of a run, or of every run."""
    name = PREFIX + run
    await _drop(database, [one for one in await _triggers(database) if one[0].startswith(name)])


async def is_closed(database: Database, tables: Sequence[Table], run: str) -> bool:
    """Whether every trigger of a run is in place."""
    there = {table for trigger, table in await _triggers(database) if trigger.startswith(PREFIX + run)}
    return there >= {table.name for table in tables if table.name not in OPEN_TO_LOCKS}


async def _close_sqlite(tx: Transaction, tables: Sequence[str], run: str, text: str) -> None:
    for (trigger,) in await tx.query(_SQLITE_TRIGGERS.format("name"), {"prefix": f"{PREFIX}*"}):
        await tx.execute(f"DROP TRIGGER {trigger}")
    for table in tables:
        for change in ("INSERT", "DELETE", _update(table)):
            await tx.execute(
                f"CREATE TRIGGER {PREFIX}{run}_{table}_{change[:6].lower()} BEFORE {change} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{CLOSED} {text}'); END"
            )


async def _refuse(tx: Transaction, name: str, table: str) -> None:
    await tx.execute(
        f"CREATE TRIGGER {name} BEFORE INSERT OR DELETE OR {_update(table)} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def _update(table: str) -> str:
    column = ONLY_THE_END.get(table)
    return f"UPDATE OF {column}" if column else "UPDATE"


_SQLITE_TRIGGERS = "SELECT {} FROM sqlite_master WHERE type = 'trigger' AND name GLOB :prefix"


async def _triggers(database: Database) -> list[tuple[str, str]]:
    """The triggers of all runs, with their tables."""
    if database.dialect == "sqlite":
        return [
            (row[0], row[1]) for row in await database.read(_SQLITE_TRIGGERS.format("name, tbl_name"), {"prefix": f"{PREFIX}*"})
        ]
    rows = await database.read(
        "SELECT t.tgname::text, c.relname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE pg_table_is_visible(c.oid) AND NOT t.tgisinternal AND starts_with(t.tgname::text, :prefix)",
        {"prefix": PREFIX},
    )
    return [(row[0], row[1]) for row in rows]


async def _drop(database: Database, triggers: Sequence[tuple[str, str]]) -> None:
    if database.dialect == "sqlite":

        async def drop(tx: Transaction) -> None:
            for trigger, _ in triggers:
                await tx.execute(f"DROP TRIGGER IF EXISTS {trigger}")

        await database.write(drop, within=LONG)
        return
    for trigger, table in triggers:
        await database.write(partial(_execute, sql=f"DROP TRIGGER IF EXISTS {trigger} ON {table}"), within=LONG)
    for name in {trigger for trigger, _ in triggers}:
        await database.write(partial(_execute, sql=f"DROP FUNCTION IF EXISTS {name}()"), within=LONG)


async def _execute(tx: Transaction, sql: str) -> None:
    await tx.execute(sql)
