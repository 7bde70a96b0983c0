"""A primary and its synchronous standby: an acknowledgement never precedes durability in a failover."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from uuid import UUID

import pytest

from adapters.store.log.opening import Store
from domain.kernel.errors import Overloaded
from domain.kernel.ports import DuplicateCommand
from tests.store.log.event_logs import Stores, assert_sound, event, new_stores, numbered, of, whole_log
from tests.support.postgres_server import PostgresServer, running_postgres

pytestmark = pytest.mark.anyio

SYNCHRONOUS = "ALTER SYSTEM SET synchronous_standby_names = '{}'"
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'gongdan'"


def synchronous(server: PostgresServer, standbys: str) -> None:
    """Let the commits of a server wait for these standbys."""
    server.administer(SYNCHRONOUS.format(standbys))
    server.administer("SELECT pg_reload_conf()")


async def waiting(server: PostgresServer) -> int:
    """Process id of a backend that waits for a standby, once there is one."""
    async with asyncio.timeout(60):
        while True:
            for (pid,) in server.administer(WAITING):
                return int(pid)
            await asyncio.sleep(0.01)
    raise AssertionError("unreachable")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL of these tests alone: its settings are changed."""
    with running_postgres() as server:
        yield server


@pytest.fixture
async def stores(server: PostgresServer) -> AsyncIterator[Stores]:
    stores = await new_stores(server.create_database())
    yield stores
    synchronous(server, "")
    await stores.close()


@pytest.mark.parametrize("ended_by", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_a_commit_that_no_standby_has_is_not_acknowledged(server: PostgresServer, stores: Stores, ended_by: str) -> None:
    """PostgreSQL reports success where the wait for the standby is cancelled; the append goes on waiting."""
    store = await stores.open()
    await store.append(of(event()))
    synchronous(server, "nobody")
    first = numbered()
    append = asyncio.ensure_future(store.append(of(first, event(first.stream_id, 2), key="k1")))
    for _ in range(3):
        server.administer(f"SELECT {ended_by}({await waiting(server)})")
    await waiting(server)
    assert not append.done()
    synchronous(server, "")
    done = await append
    assert [e.position for e in done.events] == [2, 3]
    assert_sound(await whole_log(store))
    with pytest.raises(DuplicateCommand):
        await store.append(of(numbered(), key="k1"))


async def test_what_was_acknowledged_is_on_the_standby() -> None:
    """The standby freezes under 64 writers, the primary dies, and the standby takes over: all that was acknowledged is there."""
    with running_postgres() as primary, running_postgres(standby_of=primary) as standby:
        url = primary.create_database()
        stores = await new_stores(url)
        synchronous(primary, "*")
        both = f"postgresql://gongdan@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{url.rsplit('/', 1)[1]}"
        try:
            store = await stores.open(url=both, deadline=60.0)
            acknowledged: dict[UUID, int] = {}
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as writers:  # a step that fails cancels them: without a primary they never end
                for _ in range(64):
                    writers.create_task(_write(store, acknowledged, stop))
                await _grown(acknowledged, 500)
                await _fail_over(primary, standby, acknowledged)
                stop.set()
            events = await whole_log(store)
            assert_sound(events)
            assert {e.stream_id: e.position for e in events if e.stream_id in acknowledged} == acknowledged
        finally:
            await stores.close()


async def _fail_over(primary: PostgresServer, standby: PostgresServer, acknowledged: dict[UUID, int]) -> None:
    """Freeze the standby, kill the primary while commits wait for it, and let it take over; writes go on."""
    standby.signal(signal.SIGSTOP)
    try:
        stuck = await waiting(primary)
        seen = len(acknowledged)
        primary.administer(f"SELECT pg_cancel_backend({stuck})")
        await waiting(primary)
        assert len(acknowledged) == seen
        primary.signal(signal.SIGKILL)
    finally:
        standby.signal(signal.SIGCONT)
    synchronous(standby, "")
    standby.administer("SELECT pg_promote()")
    await _grown(acknowledged, seen + 500)


async def _write(store: Store, acknowledged: dict[UUID, int], stop: asyncio.Event) -> None:
    while not stop.is_set():
        one = numbered()
        while one.stream_id not in acknowledged:
            with suppress(Overloaded):
                acknowledged[one.stream_id] = (await store.append(of(one))).position


async def _grown(acknowledged: dict[UUID, int], to: int) -> None:
    async with asyncio.timeout(120):
        while True:
            if len(acknowledged) >= to:
                return
            await asyncio.sleep(0.01)
