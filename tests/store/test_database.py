"""The database port: equal SQL gives equal values on both databases."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.projecting.folding.follower import DATA_ERRORS
from adapters.store.database import sqlite_database
from adapters.store.database.database import Database, Transaction, ddl_for, for_postgres, for_sqlite, from_micros, to_micros
from adapters.store.log.opening import open_database
from tests.store.conftest import url_of

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database with one table."""
    database = await open_database(url_of(request.param, request, tmp_path), create=True)

    async def make(tx: Transaction) -> None:
        await tx.ddl("CREATE TABLE things (id BYTEA PRIMARY KEY, n BIGINT, label TEXT, share DOUBLE PRECISION)")

    await database.write(make)
    yield database
    await database.close()


COLUMNS = ("id", "n", "label", "share")


async def test_the_first_queries_of_a_new_file_may_come_at_once(tmp_path: Path) -> None:
    """Readers and a writer share a file in a mode that needs it alone once: two that change it together may both fail."""
    for n in range(100):
        url = f"sqlite:///{tmp_path}/{n}.db"
        databases = await asyncio.gather(*(open_database(url, create=True) for _ in range(3)))
        answers = await asyncio.gather(*(database.read("SELECT 7") for database in databases for _ in range(3)))
        assert answers == [[(7,)]] * 9
        for database in databases:
            await database.close()


async def test_a_new_file_that_another_process_has_alone_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite_database, "time", SimpleNamespace(sleep=lambda _: other.execute("ROLLBACK")))
        database = await open_database(f"sqlite:///{path}", create=True)
    assert await database.read("PRAGMA journal_mode") == [("wal",)]
    await database.close()


@pytest.mark.parametrize("loaded", [False, True])
async def test_values_come_back_as_they_went_in(database: Database, loaded: bool) -> None:
    rows = [
        (uuid4().bytes, 2**63 - 1, "工单 100% 'a:b'", 0.1),
        (uuid4().bytes, -(2**63), "", -1.5),
        (b"", None, None, None),
    ]

    async def work(tx: Transaction) -> None:
        if loaded:
            await tx.load("things", COLUMNS, rows)
            await tx.load("things", COLUMNS, [])
        else:
            await tx.insert("things", COLUMNS, rows)
            await tx.insert("things", COLUMNS, [])

    await database.write(work)
    assert sorted(await database.read("SELECT id, n, label, share FROM things")) == sorted(rows)
    assert await database.read("SELECT n FROM things WHERE label = :label", {"label": "工单 100% 'a:b'"}) == [(2**63 - 1,)]
    assert await database.read("SELECT n FROM things WHERE label LIKE '%100% ''a:%'") == [(2**63 - 1,)]


async def test_rows_are_replaced_by_key(database: Database) -> None:
    async def work(tx: Transaction) -> list[tuple[object, ...]]:
        await tx.insert("things", ("id", "n"), [(b"a", 1), (b"b", 2)])
        await tx.insert("things", ("id", "n"), [(b"b", 20), (b"c", 30)], key=("id",))
        await tx.insert("things", ("id",), [(b"a",), (b"d",)], key=("id",))
        await tx.execute_many("UPDATE things SET n = n + :by WHERE id = :id", [{"id": b"a", "by": 5}, {"id": b"b", "by": 6}])
        assert await tx.execute("UPDATE things SET label = 'x' WHERE n > :n", {"n": 10}) == 2
        assert await tx.query("DELETE FROM things WHERE id = :id RETURNING n", {"id": b"d"}) == [(None,)]
        return await tx.query("SELECT id, n FROM things ORDER BY id")

    assert await database.write(work) == [(b"a", 6), (b"b", 26), (b"c", 30)]


async def test_many_rows_are_replaced_added_to_and_deleted_at_once(database: Database) -> None:
    """As many as need several statements on SQLite, and keys of several columns, one of them with nothing in a value."""
    ids = [n.to_bytes(2, "big") for n in range(601)]

    async def work(tx: Transaction) -> list[tuple[object, ...]]:
        await tx.insert("things", COLUMNS, [(id_, n, None if n % 3 else f"label {n % 5}", n / 2) for n, id_ in enumerate(ids)])
        await tx.insert("things", ("id", "n", "label"), [(id_, 1, "told") for id_ in ids[::2]], key=("id",), adding="n")
        await tx.delete("things", ("label", "n"), [("label 0", 15), ("label 4", 9), ("label 4", 10), ("told", 4), (None, 7)])
        await tx.delete("things", ("id",), [])
        return await tx.query("SELECT id, n, label FROM things ORDER BY id")

    expected = [(id_, n, None if n % 3 else f"label {n % 5}") for n, id_ in enumerate(ids)]
    expected[::2] = [(id_, n + 1, "told") for id_, n, _ in expected[::2]]
    gone = {("label 0", 15), ("label 4", 9), ("told", 4)}
    assert await database.write(work) == [row for row in expected if (row[2], row[1]) not in gone]


@pytest.mark.parametrize("refused", [(b"a", 2**63, "x", 0.1), (b"a", 1, "\ud800", 0.1), (b"a", "many", "x", 0.1)])
async def test_a_value_that_does_not_fit_is_an_error_of_the_data(database: Database, refused: tuple[object, ...]) -> None:
    with pytest.raises(DATA_ERRORS):
        await database.write(lambda tx: tx.insert("things", COLUMNS, [(b"b", 1, "y", 0.5), refused]))
    assert await database.read("SELECT id FROM things") == []


async def test_lists_are_parameters(database: Database) -> None:
    async def work(tx: Transaction) -> list[list[tuple[object, ...]]]:
        await tx.insert("things", COLUMNS, [(bytes([i]), i, str(i), None) for i in range(5)])
        return await tx.queries(
            [
                ("SELECT n FROM things WHERE n IN :ns ORDER BY n", {"ns": [1, 3, 9]}),
                ("SELECT n FROM things WHERE label NOT IN :labels AND n < :top ORDER BY n", {"labels": ("0", "1"), "top": 4}),
                ("SELECT n FROM things WHERE id IN :ids", {"ids": [b"\x02"]}),
                ("SELECT n FROM things WHERE id IN :ids", {"ids": []}),
                ("SELECT count(*) FROM things WHERE label NOT IN :labels", {"labels": []}),
                ("SELECT 1", {}),
            ]
        )

    assert await database.write(work) == [[(1,), (3,)], [(2,), (3,)], [(2,)], [], [(5,)], [(1,)]]


async def test_text_is_ordered_by_code_point(database: Database) -> None:
    words = ["b", "B", "a-b", "ab", "啊", "é", "z"]

    async def work(tx: Transaction) -> None:
        await tx.insert("things", ("id", "label"), [(word.encode(), word) for word in words])

    await database.write(work)
    assert [label for (label,) in await database.read("SELECT label FROM things ORDER BY label")] == sorted(words)


async def test_an_exception_undoes_everything(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.ddl("CREATE TABLE more (id BIGINT PRIMARY KEY)")
        await tx.insert("things", ("id",), [(b"a",)])
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await database.write(work)
    assert await database.read("SELECT count(*) FROM things") == [(0,)]


async def test_a_snapshot_sees_one_moment_and_writes_nothing(database: Database) -> None:
    async def write(tx: Transaction) -> None:
        await tx.insert("things", ("id",), [(uuid4().bytes,)])

    async def look(tx: Transaction) -> list[tuple[object, ...]]:
        return await tx.query("SELECT count(*) FROM things")

    await database.write(write)
    assert await database.snapshot(look) == [(1,)]
    with pytest.raises(Exception, match=r"read-?only"):
        await database.snapshot(write)
    assert await database.snapshot(look) == [(1,)]


async def test_counters_that_lock_what_they_read_lose_nothing(database: Database) -> None:
    async def start(tx: Transaction) -> None:
        await tx.insert("things", ("id", "n"), [(b"c", 0)])

    async def work(tx: Transaction) -> int:
        [(n,)] = await tx.query("UPDATE things SET n = n + 1 WHERE id = :id RETURNING n", {"id": b"c"})
        return int(n)

    await database.write(start)
    seen = await asyncio.gather(*(database.write(work) for _ in range(30)))
    assert sorted(seen) == list(range(1, 31))


async def test_a_caller_that_leaves_does_not_break_the_connection(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.insert("things", ("id",), [(uuid4().bytes,)])

    for _ in range(5):
        leaving = asyncio.ensure_future(database.write(work))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    await database.write(work)
    [(count,)] = await database.read("SELECT count(*) FROM things")
    assert 1 <= count <= 6


async def test_a_write_whose_caller_left_is_finished(fresh_postgres_url: str) -> None:
    database = await open_database(fresh_postgres_url)
    under_way = asyncio.Event()

    async def work(tx: Transaction) -> None:
        await tx.ddl("CREATE TABLE made (id BIGINT)")
        asyncio.get_running_loop().call_soon(under_way.set)
        await tx.query("SELECT pg_sleep(0.05)")

    leaving = asyncio.ensure_future(database.write(work))
    await under_way.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await database.close()
    database = await open_database(fresh_postgres_url)
    assert await database.read("SELECT count(*) FROM made") == [(0,)]
    await database.close()


async def test_processes_that_read_before_they_write_take_turns_on_sqlite(tmp_path: Path) -> None:
    openings = [await open_database(f"sqlite:///{tmp_path}/turns.db", create=True) for _ in range(3)]

    async def make(tx: Transaction) -> None:
        await tx.ddl("CREATE TABLE counter (n BIGINT)")
        await tx.insert("counter", ("n",), [(0,)])

    async def count(tx: Transaction) -> None:
        [(n,)] = await tx.query("SELECT n FROM counter")
        await tx.execute("UPDATE counter SET n = :n", {"n": n + 1})

    await openings[0].write(make)
    await asyncio.gather(*(opening.write(count) for opening in openings * 20))
    assert await openings[0].read("SELECT n FROM counter") == [(60,)]
    for opening in openings:
        await opening.close()


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_kept_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_statements_are_written_for_each_database() -> None:
    sql = "SELECT ':x', a::text, 5 % 2 FROM t WHERE b = :b AND c NOT IN :cs AND d IN :ds -- :no"
    assert for_postgres(sql) == (
        "SELECT ':x', a::text, 5 %% 2 FROM t WHERE b = %(b)s AND c <> ALL(%(cs)s) AND d = ANY(%(ds)s) -- :no"
    )
    assert for_sqlite("SELECT ':x' WHERE b = :b AND d NOT IN :ds", {"b": 1, "ds": (7, 8)}) == (
        "SELECT ':x' WHERE b = :b AND d NOT IN (:ds_0, :ds_1)",
        {"b": 1, "ds_0": 7, "ds_1": 8},
    )
    table = "CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, b BYTEA, c DOUBLE PRECISION)"
    assert ddl_for("sqlite", table) == "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB, c REAL) STRICT"
    assert ddl_for("postgresql", "ALTER TABLE t ADD COLUMN d TEXT") == 'ALTER TABLE t ADD COLUMN d TEXT COLLATE "C"'
    assert ddl_for("sqlite", "CREATE INDEX i ON t (a)") == "CREATE INDEX i ON t (a)"
