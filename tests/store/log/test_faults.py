"""A database that breaks: lost connections, a frozen server, a restart. Nothing is doubled, callers are answered."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.store.database.database import Transaction, Unavailable
from adapters.store.log.opening import Store, open_store
from adapters.store.log.sql_store import SqlStore
from domain.kernel.errors import Overloaded
from domain.kernel.ports import Appended, DuplicateCommand
from tests.store.log.event_logs import Stores, assert_sound, event, numbered, of, whole_log
from tests.store.log.faulty_proxy import Fault, FaultyProxy
from tests.support.clock import SetClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def proxy(on_postgres: Stores) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(on_postgres.url) as proxy:
        yield proxy


async def backend(store: Store) -> int:
    """Process id of the backend that serves the appends' connection."""

    async def ask(tx: Transaction) -> int:
        [(pid,)] = await tx.query("SELECT pg_backend_pid()")
        return int(pid)

    assert isinstance(store, SqlStore)
    return await store.database.write_log(ask)


@pytest.mark.parametrize("fault", ["before commit", "after commit"])
async def test_a_lost_commit_is_neither_lost_nor_doubled(on_postgres: Stores, proxy: FaultyProxy, fault: Fault) -> None:
    store = await on_postgres.open(url=proxy.url)
    await store.append(of(event()))
    proxy.fault = fault
    first = numbered()
    appends = [of(first, event(first.stream_id, 2), key="k1"), of(numbered(), key="k2"), of(event())]
    done = await asyncio.gather(*(store.append(append) for append in appends))
    assert proxy.struck == 1
    events = await whole_log(store)
    assert_sound(events)
    assert [e for answer in done for e in answer.events] == events[1:]
    with pytest.raises(DuplicateCommand):
        await store.append(of(numbered(), key="k1"))


async def test_a_lost_commit_of_somebody_else_is_still_a_conflict(on_postgres: Stores, proxy: FaultyProxy) -> None:
    store, direct = await on_postgres.open(url=proxy.url), await on_postgres.open()
    mine = event()
    await store.append(of(mine))
    theirs = event(mine.stream_id, 2)
    await direct.append(of(theirs))
    proxy.fault = "before commit"
    answers = await asyncio.gather(store.append(of(event(mine.stream_id, 2))), store.append(of(event())), return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["VersionConflict", "Appended"]
    assert [e.state for e in await store.read_stream(mine.stream_id)] == [mine.state, theirs.state]


async def test_a_frozen_server_is_given_up_at_the_deadline(on_postgres: Stores, proxy: FaultyProxy) -> None:
    store = await on_postgres.open(url=proxy.url, deadline=0.3)
    await store.append(of(event()))
    proxy.fault = "freeze"
    answers = await asyncio.gather(*(store.append(of(event(), key=f"k{i}")) for i in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Overloaded] * 3
    assert isinstance(store, SqlStore)
    with pytest.raises(Unavailable):
        await store.database.read("SELECT 1", within=0.3)
    proxy.fault = ""
    again = await until_answered(store, "k0")
    assert_sound(await whole_log(store))
    assert again.position == (await store.head()).position


async def until_answered(store: Store, key: str) -> Appended:
    """Repeat a request after errors.Overloaded, as a client does after 503."""
    while True:
        try:
            return await store.append(of(event(), key=key))
        except Overloaded:
            continue


async def test_a_frozen_backend_is_given_up_at_the_deadline(on_postgres: Stores) -> None:
    store = await on_postgres.open(deadline=0.3)
    await store.append(of(event()))
    pid = await backend(store)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Overloaded):
            await store.append(of(event(), key="k1"))
        after = await until_answered(store, "k2")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert after.position == 2
    assert_sound(await whole_log(store))


async def test_connections_the_server_closed_are_replaced(on_postgres: Stores) -> None:
    store = await on_postgres.open()
    for _ in range(3):
        await asyncio.gather(*(store.read_log(0, 10) for _ in range(6)))
        await store.append(of(event()))
        await close_backends(on_postgres.url)
    assert (await store.head()).position == 3
    assert (await store.append(of(event()))).position == 4


async def close_backends(url: str) -> None:
    """Close every other connection to a database, as an administrator does."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )


async def test_of_several_hosts_one_that_answers_is_found(on_postgres: Stores) -> None:
    user, _, rest = on_postgres.url.removeprefix("postgresql://").partition("@")
    place, _, name = rest.partition("/")
    store = await on_postgres.open(url=f"postgresql://{user}@127.0.0.1:1,{place}/{name}")
    assert (await store.append(of(event()))).position == 1


async def test_a_server_that_is_not_there_is_overloaded() -> None:
    with pytest.raises(Overloaded):
        await open_store("postgresql://nobody@127.0.0.1:1/nothing", SetClock(), deadline=0.2)
