"""``gongdan copy``: everything arrives, nothing is lost or written twice, and one of the two stores takes writes."""

import asyncio
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.store.database import schema
from adapters.store.database.database import Moved, Transaction
from adapters.store.keys.key_tables import DDL
from adapters.store.keys.keys import KeyStore
from adapters.store.log.opening import Store, init_store, open_database, open_store
from adapters.store.logins.access import TokenRow
from adapters.store.moving import closing, target
from adapters.store.moving import move as moving
from adapters.store.moving.move import cancel, plan
from adapters.store.moving.sides import Place
from adapters.store.moving.tables import KEYS, STAYS, STORE
from adapters.store.moving.transfer import CopyRefused, Moving
from domain.kernel.errors import Overloaded
from domain.kernel.ports import Access, Append, NewEvent
from tests.store.keys.key_stores import SteppingClock
from tests.store.moving.places import ERASED, EVENTS, LIVING, Both, contents

pytestmark = pytest.mark.anyio


def an_event() -> NewEvent:
    return NewEvent(uuid4(), 1, "ticket.received", "A", b"{}", book="GD")


async def append(store: Store) -> int:
    return (await store.append(Append([an_event()]))).position


def test_every_table_of_the_schema_moves_or_stays_for_a_reason() -> None:
    statements = [statement for migration in schema.SCHEMA for statement in migration.statements]
    made = set(re.findall(r"CREATE TABLE (\w+)", " ".join(statements))) | {"meta"}
    assert made == {table.name for table in STORE} | set(STAYS)
    assert set(re.findall(r"CREATE TABLE (\w+)", " ".join(DDL))) == {table.name for table in KEYS}


async def test_everything_arrives_and_is_compared(both: Both) -> None:
    before = await contents(both.old)
    assert all(before.values()), "a table without rows proves nothing"
    report = await both.move()
    assert await contents(both.new) == before
    assert report.copied == EVENTS
    assert [(name, rows) for name, rows, _ in report.tables] == [(t.name, len(before[t.name])) for t in (*KEYS, *STORE)]


async def test_the_new_store_goes_on_where_the_old_one_stopped(each: Both) -> None:
    await each.move()
    clock = SteppingClock()
    async with await open_store(each.new.store, clock) as store:
        assert store.origin == "moved"
        assert await append(store) == EVENTS + 1
        found = await store.read_log(EVENTS, 10)
        assert found[0].number is not None
        assert found[0].number.endswith(f"-{EVENTS + 1:04d}")
        assert await store.access_log.record(Access(clock.now(), "li", "A", "ticket.read", [], None, {})) == EVENTS + 1
    keys = KeyStore(await open_database(each.new.keys), each.master, clock, lambda n: bytes(n))
    await keys.open()
    assert (await keys.for_opening([ERASED, LIVING]))[ERASED] is None
    assert (await keys.for_opening([LIVING]))[LIVING] is not None
    await keys.close()


async def test_the_old_store_answers_writes_with_the_new_place_and_can_still_be_read(each: Both) -> None:
    clock = SteppingClock()
    async with await open_store(each.old.store, clock) as store:  # a server that runs on
        await each.move()
        for write in (
            append(store),
            store.access_log.record(Access(clock.now(), "li", "A", "ticket.read", [], None, {})),
            store.tokens.put_token(TokenRow(uuid4(), "li", b"h3", clock.now())),
        ):
            with pytest.raises(Moved, match=r"has moved to .*GONGDAN_STORE"):
                await write
        assert len(await store.read_log(0, 1000)) == EVENTS
    keys = KeyStore(await open_database(each.old.keys), each.master, clock, lambda n: bytes(n))
    await keys.open()
    with pytest.raises(Moved):
        await keys.ensure([uuid4()])
    with pytest.raises(Moved):
        await keys.erase(LIVING)
    await keys.close()


async def test_moving_again_after_it_is_done_does_nothing(on_files: Both) -> None:
    await on_files.move()
    before = await contents(on_files.new)
    assert (await on_files.move()).already
    assert await contents(on_files.new) == before


async def test_no_acknowledged_write_is_lost_while_others_write(both: Both) -> None:
    """Eight writers append until the old store refuses; whatever was acknowledged is in the new one."""
    acknowledged: list[int] = []

    async def write_on(store: Store) -> None:
        while True:
            try:
                acknowledged.append(await append(store))
            except Moved:
                return

    # A move that fails cancels the writers: the old store would never refuse them.
    async with await open_store(both.old.store, SteppingClock()) as store, asyncio.TaskGroup() as writers:
        for _ in range(8):
            writers.create_task(write_on(store))
        await both.move()
    assert len(acknowledged) > 8
    async with await open_store(both.new.store, SteppingClock()) as store:
        assert sorted(acknowledged) == [event.position for event in await store.read_log(EVENTS, 100_000)]


async def test_rows_that_changed_or_went_while_it_was_copied_are_made_equal(each: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_early = moving.Copier.copy_early

    async def change(tx: Transaction) -> None:
        await tx.execute("DELETE FROM attachment_chunks WHERE upload_id = :id", {"id": b"begun"})
        await tx.execute("DELETE FROM attachment_uploads")
        await tx.insert("attachment_chunks", ("upload_id", "chunk", "sealed"), [(b"later", i, b"x" * i) for i in range(40)])
        await tx.execute("UPDATE names SET position = 0 WHERE name = '名 3'")
        await tx.execute("DELETE FROM commands WHERE key = 'key 1'")
        await tx.execute("DELETE FROM sessions")

    async def and_then_change(self: moving.Copier) -> None:
        await copy_early(self)
        database = await open_database(each.old.store)
        await database.write(change)
        await database.close()
        keys = KeyStore(await open_database(each.old.keys), each.master, SteppingClock(), lambda n: b"k" * n)
        await keys.open()
        await keys.ensure([uuid4()])
        await keys.erase(LIVING)
        await keys.rotate_master()
        await keys.close()

    monkeypatch.setattr(moving.Copier, "copy_early", and_then_change)
    await each.move()
    assert await contents(each.new) == await contents(each.old)


async def test_a_key_destroyed_during_the_copy_leaves_no_bytes_in_the_new_file(
    on_files: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = on_files
    [wrapped] = [row[2] for row in (await contents(both.old))["subjects"] if row[0] == LIVING.bytes]
    copy_early = moving.Copier.copy_early

    async def and_then_erase(self: moving.Copier) -> None:
        await copy_early(self)
        assert wrapped in bytes_of(tmp_path / "new")
        keys = KeyStore(await open_database(both.old.keys), both.master, SteppingClock(), lambda n: b"k" * n)
        await keys.open()
        await keys.erase(LIVING)
        await keys.close()

    monkeypatch.setattr(moving.Copier, "copy_early", and_then_erase)
    await both.move()
    assert wrapped not in bytes_of(tmp_path / "new")


def bytes_of(folder: Path) -> bytes:
    """Every byte of a folder's files, read by another process so that SQLite's locks stay."""
    return subprocess.run(["cat", *map(str, folder.iterdir())], capture_output=True, check=True).stdout


# What fails


async def test_a_run_that_fails_opens_the_old_store_again(each: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_rest = moving.Copier.copy_rest

    async def and_then_fail(self: moving.Copier) -> None:
        await copy_rest(self)
        raise OSError("the disk is full")

    monkeypatch.setattr(moving.Copier, "copy_rest", and_then_fail)
    with pytest.raises(OSError, match="full"):
        await each.move()
    async with await open_store(each.old.store, SteppingClock()) as store:
        assert await append(store) == EVENTS + 1
    with pytest.raises(schema.SchemaUnfinished, match="gongdan copy"):
        await open_store(each.new.store, SteppingClock())
    with pytest.raises(schema.SchemaExists):
        await init_store(each.new.store, "other")
    monkeypatch.undo()
    report = await each.move()
    assert (report.resumed, report.copied) == (True, 1)
    assert await contents(each.new) == await contents(each.old)


async def test_a_run_that_was_overtaken_writes_nothing_and_opens_nothing(
    to_postgres: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is suspended before its last transaction; another one finishes; the first must neither write nor reopen."""
    copy_rest = moving.Copier.copy_rest

    async def overtaken(self: moving.Copier) -> None:
        await copy_rest(self)
        monkeypatch.setattr(moving.Copier, "copy_rest", copy_rest)
        await to_postgres.move()

    monkeypatch.setattr(moving.Copier, "copy_rest", overtaken)
    with pytest.raises(Exception, match=r"copying|took over"):
        await to_postgres.move()
    async with await open_store(to_postgres.old.store, SteppingClock()) as store:
        with pytest.raises(Moved, match="has moved"):
            await append(store)
    assert await contents(to_postgres.new) == await contents(to_postgres.old)


async def test_a_new_store_that_was_changed_underneath_is_refused(on_files: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    catch_up = Moving.catch_up

    async def and_then_damage(self: Moving, said: Callable[[int, int], None]) -> int:
        copied = await catch_up(self, said)
        if self.table.name == "events" and copied:
            database = await open_database(on_files.new.store)
            await database.write(lambda tx: tx.execute("UPDATE events SET state = :x WHERE position = 5", {"x": b"{}"}))
            await database.close()
        return copied

    monkeypatch.setattr(Moving, "catch_up", and_then_damage)
    with pytest.raises(CopyRefused, match="events at position 5 differs"):
        await on_files.move()


async def test_a_log_with_a_gap_is_refused(on_files: Both) -> None:
    database = await open_database(on_files.old.store)
    await database.write(lambda tx: tx.execute("DELETE FROM events WHERE position = 30"))
    await database.close()
    with pytest.raises(CopyRefused, match="events has gaps"):
        await on_files.move()


async def test_a_place_that_holds_something_else_is_refused(each: Both) -> None:
    keys = await open_database(each.new.keys, create=True)
    await keys.write(lambda tx: tx.ddl("CREATE TABLE things (id BIGINT PRIMARY KEY)"))
    with pytest.raises(CopyRefused, match=r"tables already \(things\): name an empty database"):
        await each.move()
    await keys.write(lambda tx: tx.ddl("DROP TABLE things"))
    await keys.close()
    await each.move()
    other = replace(each, old=each.new, new=each.old)
    with pytest.raises(CopyRefused, match=r"a store already \(moved\)"):
        await other.move()


async def test_an_unfinished_copy_of_another_store_is_refused(to_postgres: Both) -> None:
    database = await open_database(to_postgres.new.store)
    await target.begin_store(database, "another", "run")
    await database.close()
    with pytest.raises(CopyRefused, match=r"an unfinished copy of another store \(another; this one is moved\)"):
        await to_postgres.move()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda both: Place(both.old.store, both.new.keys), "where the store is"),
        (lambda both: Place(both.new.store, both.new.store), "a database of its own"),
        (lambda both: Place(both.new.store, both.old.store), "a database of its own"),
    ],
)
async def test_places_that_fall_together_are_refused(to_postgres: Both, change: Callable[[Both], Place], why: str) -> None:
    with pytest.raises(CopyRefused, match=why):
        await replace(to_postgres, new=change(to_postgres)).move()


async def test_keys_may_stay_where_they_are(to_postgres: Both) -> None:
    both = replace(to_postgres, new=Place(to_postgres.new.store, to_postgres.old.keys))
    await both.move()
    keys = KeyStore(await open_database(both.new.keys), both.master, SteppingClock(), lambda n: b"k" * n)
    await keys.open()
    await keys.ensure([uuid4()])  # not closed to writes
    await keys.close()


# Looking, and going back


async def test_a_plan_writes_nothing(each: Both) -> None:
    before = await contents(each.old)
    found = await plan(each.old, each.new, each.master)
    assert (found.state, found.log.position) == ("empty", EVENTS)
    assert [(name, rows, there) for name, rows, there in found.tables] == [
        (table.name, len(before[table.name]), 0) for table in (*STORE, *KEYS)
    ]
    if each.new.store.startswith("sqlite"):
        with pytest.raises(schema.SchemaMissing):
            await open_database(each.new.store)
    await each.move()
    after = await plan(each.old, each.new, each.master)
    assert after.state == "finished"
    assert all(rows == there for _, rows, there in after.tables)


async def test_a_move_can_be_cancelled_until_the_new_store_is_written_to(each: Both) -> None:
    with pytest.raises(CopyRefused, match="are open"):
        await cancel(each.old, each.new, each.master)
    await each.move()
    async with await open_store(each.new.store, SteppingClock()) as idle:
        await cancel(each.old, each.new, each.master)
        with pytest.raises(Moved):
            await append(idle)
    with pytest.raises(schema.SchemaUnfinished):
        await open_store(each.new.store, SteppingClock())
    async with await open_store(each.old.store, SteppingClock()) as store:
        assert await append(store) == EVENTS + 1
    await each.move()
    assert await contents(each.new) == await contents(each.old)
    async with await open_store(each.new.store, SteppingClock()) as store:
        assert await append(store) == EVENTS + 2
        with pytest.raises(CopyRefused, match="has been written to since"):
            await cancel(each.old, each.new, each.master)
        assert await append(store) == EVENTS + 3


async def test_writes_closed_by_one_run_are_opened_by_that_run_alone(each: Both) -> None:
    database = await open_database(each.old.store)
    for run in ("aaaa", "bbbb"):
        await closing.close(database, STORE, closing.Closing(run, "elsewhere"))
    assert await closing.is_closed(database, STORE, "bbbb")
    await closing.reopen(database, "aaaa")
    async with await open_store(each.old.store, SteppingClock()) as store:
        with pytest.raises(Overloaded, match=r"is being moved to elsewhere.*--cancel"):
            await append(store)
        await closing.reopen(database, "bbbb")
        await append(store)
    await database.close()
