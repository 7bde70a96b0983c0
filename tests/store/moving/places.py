"""Stores to move, with rows in every table, and what a place holds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from adapters.store.database.database import Database, Row, Transaction, to_micros
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import create_master_key
from adapters.store.log.opening import init_store, open_database, open_store
from adapters.store.moving.move import CopyReport, move
from adapters.store.moving.sides import Place
from adapters.store.moving.tables import KEYS, STORE, Table
from adapters.store.moving.transfer import columns_of
from domain.kernel.ports import Access, Append, CommandKey, NewEvent, ReserveName
from tests.store.keys.key_stores import START, SteppingClock

EVENTS = 60
ERASED, LIVING = UUID(int=1), UUID(int=2)


@dataclass(frozen=True)
class Both:
    """Two places and the master key's file."""

    old: Place
    new: Place
    master: Path

    async def move(self) -> CopyReport:
        return await move(self.old, self.new, self.master, lambda what, done, of: None, lambda: 0.0)


async def fill(place: Place, master: Path) -> None:
    """Make a store with rows in every table that moves."""
    clock = SteppingClock()
    create_master_key(master, os.urandom)
    keys = KeyStore(await open_database(place.keys, create=True), master, clock, os.urandom)
    await keys.create()
    await keys.open()
    await keys.ensure([ERASED, LIVING, *(uuid4() for _ in range(40))])
    await keys.erase(ERASED)
    await keys.close()
    await init_store(place.store, "moved")
    async with await open_store(place.store, clock) as store:
        for n in range(EVENTS):
            event = NewEvent(uuid4(), 1, "ticket.received", "A", f'{{"n":{n},"多":"行"}}'.encode() * (n % 7 + 1), book="GD")
            command = CommandKey("web", f"key {n}", b"hash")
            await store.append(Append([event], command, [ReserveName("post", f"名 {n}", event.stream_id)]))
            await store.access_log.record(
                Access(clock.now(), "zhou.fang", "A", "ticket.read", [LIVING], event.stream_id, {"n": n})
            )
        assert store.database is not None
        await store.database.write(_rows_beside)


async def _rows_beside(tx: Transaction) -> None:
    at = to_micros(START)
    upload, stream = uuid4().bytes, uuid4().bytes
    rows: Mapping[str, list[Row]] = {
        "attachment_chunks": [(upload, 0, os.urandom(70_000)), (upload, 1, b""), (b"begun", 0, b"half")],
        "attachments": [("f" * 64, upload, stream, LIVING.bytes, 1, "image/png", 70_000, 2, at)],
        "attachment_uploads": [(b"begun", at)],
        "tokens": [(b"t1", "li", b"h1", at, None, at), (b"t2", "li", b"h2", at, at, None)],
        "passwords": [("li", "argon2 100% 'quoted'", at)],
        "sessions": [(b"s1", "li", b"h1", at, at, None), (b"s2", "li", b"h2", at, at, at)],
        "processes": [("reminders", 40, "holder", "an error", at)],
        "process_dues": [("reminders", stream, at), ("reminders", upload, at + 1)],
        "process_parked": [("reminders", stream, 7, "ValueError", at)],
    }
    for table, found in rows.items():
        columns = [name for (name,) in await tx.query(_COLUMNS[tx.dialect], {"table": table})]
        await tx.insert(table, columns, found)


_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info(:table) ORDER BY cid",
    "postgresql": "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attnum > 0 ORDER BY attnum",
}


async def contents(place: Place) -> dict[str, list[Row]]:
    """Every row of every table that moves."""
    found = {}
    for url, tables in ((place.store, STORE), (place.keys, KEYS)):
        database = await open_database(url)
        try:
            found |= {table.name: await rows_of(database, table) for table in tables}
        finally:
            await database.close()
    return found


async def rows_of(database: Database, table: Table) -> list[Row]:
    """Every row of a table, in the order of its key."""
    columns = await columns_of(database, table.name)
    return await database.read(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {', '.join(table.key)}")
