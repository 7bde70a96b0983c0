"""Rebuilding views: exchanged during reads and writes, verified, and compared with the log row by row."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from random import Random

import pytest

from adapters.projecting.folding import live_sets
from adapters.projecting.folding.builder import drop
from adapters.projecting.folding.one_pass import OnePass
from adapters.projecting.tables.catalogue import BUILDING, LIVE, forget_views
from adapters.projecting.tables.fences import Fenced
from adapters.store.database.database import Transaction
from domain.kernel.errors import Overloaded
from projections.engine.view import View
from projections.ticket.open_workload import OPEN_WORKLOAD
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from projections.ticket.ticket_search import Filters
from tests.support.estates.view_estate import TICKET_VIEWS, Estate, reached, until

pytestmark = pytest.mark.anyio
NAMES = [view.name for view in TICKET_VIEWS]


async def test_a_superseded_builder_marks_no_set_as_ready(estate: Estate) -> None:
    """Suspended while its lease expired, it may find, under the name of its own set, that of another builder."""
    catalogue = estate.catalogue()
    await estate.new_set(OPEN_WORKLOAD, holder="first")
    second = await estate.follower(OPEN_WORKLOAD, holder="second")
    with pytest.raises(Fenced):
        await catalogue.set_ready([(OPEN_WORKLOAD.name, second.tables.version)], "first")
    await catalogue.set_ready([(OPEN_WORKLOAD.name, second.tables.version)], "second")
    await second.take()
    assert await catalogue.swap([(OPEN_WORKLOAD.name, second.tables.version)], "second")
    with pytest.raises(Fenced):
        await catalogue.set_ready([(OPEN_WORKLOAD.name, second.tables.version)], "second")
    [found] = await catalogue.sets(OPEN_WORKLOAD.name)
    assert (found.live, found.status) == (True, LIVE)


async def test_a_superseded_builder_gives_up_and_leaves_the_other_alone(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspended before its indexes are made, it finds that another builder has dropped its tables and begun anew."""
    catalogue, pass_of = estate.catalogue(), OnePass.run

    async def overtaken(self: OnePass, *, load: bool) -> None:
        await pass_of(self, load=load)
        if load:
            [own] = await catalogue.sets(OPEN_WORKLOAD.name)
            await drop(catalogue, own)
            await estate.new_set(OPEN_WORKLOAD, holder="second")

    monkeypatch.setattr(OnePass, "run", overtaken)
    await estate.wander(Random(6), 10)
    projections = await estate.projections(views=[OPEN_WORKLOAD])
    with pytest.raises(Overloaded, match="another process"):
        await projections.rebuild(OPEN_WORKLOAD.name)
    [others] = await catalogue.sets(OPEN_WORKLOAD.name)
    assert (others.status, others.holder) == (BUILDING, "second")
    await projections.stop()


async def test_a_rebuild_is_exchanged_while_reads_and_writes_go_on(estate: Estate) -> None:
    await estate.wander(Random(1), 40)
    projections = await estate.projections()
    await projections.start()
    await reached(projections, estate)
    before = {name: await estate.catalogue().live(name) for name in NAMES}
    done = asyncio.Event()

    async def write() -> None:
        while not done.is_set():
            await estate.wander(Random(2), 1)
            await asyncio.sleep(0)

    async def read() -> int:
        reads = position = 0
        while not done.is_set():
            found = await projections.search(Filters(), now=estate.clock.now(), limit=1)
            assert found.items
            assert found.position >= position
            position = found.position
            await projections.workload("garden", now=estate.clock.now())
            reads += 1
        return reads

    writing, reading = asyncio.create_task(write()), asyncio.create_task(read())
    for name in NAMES:
        await projections.rebuild(name)
    done.set()
    await writing
    assert await reading
    await reached(projections, estate)
    for name in NAMES:
        [live] = await estate.catalogue().sets(name)
        assert live.live
        assert before[name] is not None
        assert live.version != before[name].version  # type: ignore[union-attr]
    assert not [found for found in await projections.check() if found.differences]
    await projections.stop()


async def test_a_rebuild_needs_no_runner(estate: Estate) -> None:
    await estate.wander(Random(3), 20)
    operator = await estate.projections()
    await operator.rebuild(TICKET_DIRECTORY.name)
    head = (await estate.store.head()).position
    assert (await operator.search(Filters(), now=estate.clock.now())).position == head
    await operator.rebuild(TICKET_DIRECTORY.name)
    [live] = await estate.catalogue().sets(TICKET_DIRECTORY.name)
    assert live.count == 2
    await operator.stop()


async def test_a_rebuild_ends_where_a_later_one_goes_live_first(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sets are ready, but still newer ones take their place: what it was asked for is done."""
    await estate.wander(Random(3), 20)
    operator, other = await estate.projections(), await estate.projections()
    adopt_once = operator.kind.adopt_once

    async def overtaken(names: Collection[str]) -> None:
        await other.rebuild()
        await adopt_once(names)

    monkeypatch.setattr(operator.kind, "adopt_once", overtaken)
    async with asyncio.timeout(30):
        await operator.rebuild()
    assert {found.count for name in NAMES for found in await estate.catalogue().sets(name)} == {2}
    assert not [found for found in await operator.check() if found.differences]
    await operator.stop()
    await other.stop()


async def test_views_that_were_forgotten_are_built_anew(estate: Estate) -> None:
    await estate.wander(Random(6), 10)
    for _ in range(2):
        projections = await estate.projections()
        await projections.start()
        await reached(projections, estate)
        assert [live.version.endswith("_1") for name in NAMES for live in await estate.catalogue().sets(name)] == [True] * 3
        await projections.stop()
        await forget_views(estate.database)
        assert not [found for name in NAMES for found in await estate.catalogue().sets(name)]


async def test_another_fold_version_is_built_beside_and_the_program_before_stands_aside(estate: Estate) -> None:
    await estate.wander(Random(4), 20)
    older = await estate.projections()
    await older.start()
    await reached(older, estate)
    newer = await estate.projections(views=[replace(view, fold_version=2) for view in TICKET_VIEWS])
    await newer.start()

    async def all_exchanged() -> bool:
        sets = [await estate.catalogue().sets(name) for name in NAMES]
        return all(len(found) == 1 and found[0].live and found[0].count == 2 for found in sets)

    await until(all_exchanged)
    await estate.receive()
    await reached(newer, estate)
    assert not [found for found in await newer.check() if found.differences]
    with pytest.raises(Overloaded):
        await older.workload("garden", now=estate.clock.now())
    await older.stop()
    await newer.stop()


async def test_another_program_version_is_gone_when_its_sets_stay_as_they_are(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is slow, under load say, is waited for however often the other looks; both would rebuild in turn otherwise."""
    await estate.wander(Random(4), 10)
    older = await estate.projections()
    for build in older.kind.beside():
        await build()
    await older.catch_up()
    newer = await estate.projections(views=[replace(view, fold_version=2) for view in TICKET_VIEWS])
    await newer.rebuild()
    for _ in range(70):
        assert await older.kind.take() is None
    await estate.receive()
    await newer.catch_up()
    monkeypatch.setattr(live_sets, "ASIDE", 0.0)
    taken = await older.kind.take()
    assert {follower.name for follower in taken or ()} == set(NAMES)
    await older.stop()
    await newer.stop()


async def test_a_check_finds_every_row_that_was_tampered_with(estate: Estate) -> None:
    await estate.wander(Random(5), 40)
    projections = await estate.projections()
    await projections.start()
    await reached(projections, estate)
    assert [found.differences for found in await projections.check()] == [[], [], [], []]
    await projections.stop()
    live = {view.name: await estate.catalogue().live(view.name) for view in TICKET_VIEWS}

    async def tamper(sql: str, view: View) -> None:
        found = live[view.name]
        assert found is not None
        tables = {table.name: f"{table.name}_v{found.version}" for table in view.tables}

        async def work(tx: Transaction) -> None:
            assert await tx.execute(sql.format_map(tables)) > 0

        await estate.database.write(work)

    one = "(SELECT {key} FROM {{{table}}} ORDER BY {key} LIMIT 1)"
    ticket = one.format(key="ticket", table="ticket_directory")
    await tamper(f"UPDATE {{ticket_directory}} SET state = 'cancelled', rework = 9 WHERE ticket = {ticket}", TICKET_DIRECTORY)
    number = one.format(key="number", table="ticket_numbers")
    await tamper(f"DELETE FROM {{ticket_numbers}} WHERE number = {number}", TICKET_DIRECTORY)
    token = one.format(key="token", table="ticket_tokens")
    await tamper(f"DELETE FROM {{ticket_tokens}} WHERE token = {token}", TICKET_DIRECTORY)
    await tamper("UPDATE {open_workload} SET from_position = from_position + 1000 WHERE to_position IS NULL", OPEN_WORKLOAD)
    operator = await estate.projections()
    workload, directory, worklist, numbers = await operator.check()
    assert {(d.table, d.kind) for d in workload.differences} == {("open_workload", "missing"), ("open_workload", "extra")}
    found = {(d.table, d.kind, "rework" in d.columns) for d in directory.differences}
    assert found == {
        ("ticket_directory", "changed", True),
        ("ticket_numbers", "missing", False),
        ("ticket_tokens", "missing", False),
    }
    assert not worklist.differences
    assert not numbers.differences
    if estate.store.database is not None:
        last = "(SELECT max(position) FROM numbers)"
        await tamper(f"UPDATE numbers SET number = 'GD-garden-20260302-9999' WHERE position = {last}", TECHNICIAN_WORKLIST)
        [numbers] = await operator.check("numbers")
        assert [d.kind for d in numbers.differences] == ["changed"]
    await operator.rebuild(TICKET_DIRECTORY.name)
    await operator.stop()
