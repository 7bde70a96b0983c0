"""Queries end with their caller, searches have a lane of their own: on both databases, with queries without an end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.store.database.database import SEARCHERS, WAITING, Database, ReadLane, Transaction, Unavailable
from adapters.store.log.opening import open_database
from domain.kernel.errors import Overloaded
from tests.store.conftest import url_of

pytestmark = pytest.mark.anyio

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'WITH RECURSIVE n%' AND state = 'active'"


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database. Closing it waits for every query that runs, so it proves at the end of each test that none is left."""
    database = await open_database(url_of(request.param, request, tmp_path), create=True)
    yield database
    await database.close()


class Endless:
    """A query without an end, and when it has begun."""

    def __init__(self, database: Database, lane: ReadLane = "reads", within: float = 600.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self.asked = asyncio.ensure_future(database.snapshot(self._work, within=within, lane=lane))

    async def _work(self, tx: Transaction) -> None:
        await tx.queries([("SELECT 1", {})])
        self._loop.call_soon_threadsafe(self._begun.set)
        await tx.queries([(ENDLESS, {}), ("SELECT 1", {})])

    async def begun(self) -> None:
        """Wait until it runs; raises what it fails with before."""
        begun = asyncio.ensure_future(self._begun.wait())
        await asyncio.wait([begun, self.asked], return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            begun.cancel()
            await self.asked

    async def leave(self) -> None:
        """Let its caller go."""
        self.asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.asked


async def none_runs(database: Database) -> None:
    """Wait until no endless query runs in the server; SQLite has no server, there closing the database shows it."""
    while database.dialect == "postgresql" and await database.read(RUNNING) != [(0,)]:
        pass


@pytest.mark.parametrize("lane", ["reads", "searches"])
async def test_a_query_whose_caller_left_is_ended_and_its_lane_serves_on(database: Database, lane: ReadLane) -> None:
    for _ in range(12):  # more than any lane has connections
        query = Endless(database, lane)
        await query.begun()
        await query.leave()
        assert await database.snapshot(lambda tx: tx.query("SELECT 7"), lane=lane) == [(7,)]
    await none_runs(database)


async def test_a_read_outside_a_transaction_is_ended_too(database: Database) -> None:
    for _ in range(12):
        asked = asyncio.ensure_future(database.read(ENDLESS, within=600.0))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert await database.read("SELECT 7") == [(7,)]
    await none_runs(database)


async def test_a_query_is_ended_at_its_deadline(database: Database) -> None:
    query = Endless(database, within=0.2)
    with pytest.raises(Unavailable):
        await query.asked
    await none_runs(database)
    assert await database.read("SELECT 7") == [(7,)]


async def test_searches_stall_no_other_reader_and_their_queue_is_bounded(database: Database) -> None:
    running = [Endless(database, "searches") for _ in range(SEARCHERS)]
    for query in running:
        await query.begun()
    waiting = [Endless(database, "searches") for _ in range(WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="searches"):
        await database.snapshot(lambda tx: tx.query("SELECT 7"), lane="searches")
    answers = await asyncio.gather(*(database.read("SELECT 7") for _ in range(20)))
    assert answers == [[(7,)]] * 20
    for query in (*waiting, *running):
        await query.leave()
    assert await database.snapshot(lambda tx: tx.query("SELECT 7"), lane="searches") == [(7,)]
    await none_runs(database)
