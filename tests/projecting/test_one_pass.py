"""Builds of several read models in one pass: equal to sets followed one by one, bounded in memory, begun anew if interrupted."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.projecting.building_progress import Progress
from adapters.projecting.folding import one_pass
from adapters.projecting.folding.builder import NotVerified
from adapters.projecting.folding.follower import Folding, Follower
from adapters.projecting.folding.one_pass import OnePass
from adapters.projecting.folding.streams import Streams
from adapters.projecting.tables.catalogue import BUILDING, TABLES
from adapters.projecting.tables.row_tables import RowTables
from domain.kernel.errors import Overloaded
from domain.ticket import commands as c
from projections.engine.view import View
from projections.read_models import VIEWS
from projections.ticket.open_workload import OPEN_WORKLOAD
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from tests.projecting.test_following import poison, poisonous
from tests.support.estates.view_estate import TICKET_VIEWS, Estate, reached, until
from tests.support.estates.view_fixtures import NewEstate

pytestmark = pytest.mark.anyio
walks = st.integers(0, 2**32).map(Random)
few = settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


async def empty_set(estate: Estate, view: View, streams: Streams, count: int) -> Follower:
    """A set without indexes that shares its streams with others."""
    tables = RowTables(view, f"{view.fingerprint}_{count}")

    async def create(tx: Any) -> None:
        await estate.catalogue().make(tx, view.name, tables.version)
        await tables.create(tx)

    await estate.database.write(create)
    follower = Follower(Folding(view, streams, estate.index), tables, estate.catalogue(), estate.store, "builder")
    await follower.take()
    return follower


class Counting(OnePass):
    """Notes the greatest number of steps and states kept whenever a chunk has been taken in."""

    most = 0

    async def _fold(self, taken: Any) -> Any:
        self.most = max(self.most, self.kept.steps + self._streams.remembered_states)
        return await super()._fold(taken)


async def built(estate: Estate, views: Sequence[View], *, chunk: int, most_steps: int, capacity: int) -> Counting:
    """New sets of all views, number 2, built in one pass."""
    streams = Streams(estate.store, estate.codec, estate.store.database, capacity=capacity, forward=True)
    followers = [await empty_set(estate, view, streams, 2) for view in views]
    made = Counting(
        estate.store, streams, followers, estate.catalogue(), "builder", chunk=chunk, most_steps=most_steps
    )  # fmt: skip
    await made.run(load=True)
    for follower in followers:
        await estate.database.write(follower.tables.finish)
    return made


@few
@given(walks)
async def test_one_pass_makes_the_rows_of_a_set_that_follows_alone(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 50)
        ticket, state = random.choice([(t, s) for t, s in estate.tickets.items() if s.subject is not None])
        await estate.erase(state.subject, ticket)  # type: ignore[arg-type]
        del estate.tickets[ticket]  # nothing more can be said about it
        await estate.wander(random, 10)
        bounds = {"chunk": random.randint(1, 20), "most_steps": random.randint(0, 20), "capacity": random.randint(1, 9)}
        made = await built(estate, VIEWS, **bounds)
        for follower in made._followers:
            alone = await estate.new_set(follower.tables.view, 1)
            await alone.catch_up(1000)
            assert follower.position == alone.position
            assert await estate.rows(follower) == await estate.rows(alone), follower.name
        await estate.wander(random, 20)
        await made.run(load=False)
        for follower in made._followers:
            assert not await estate.differences(follower), follower.name


@few
@given(walks)
async def test_a_poison_event_parks_its_stream_and_nothing_else(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 25)
        await poison(estate, random)
        await estate.wander(random, 15)
        made = await built(estate, poisonous(), chunk=random.randint(1, 9), most_steps=random.randint(0, 9), capacity=5)
        parked = {follower.name: len(follower.parked) for follower in made._followers}
        assert parked[TECHNICIAN_WORKLIST.name] == 1
        assert made._followers[0].position == (await estate.store.head()).position
        for follower in made._followers:
            assert not await estate.differences(follower), follower.name


async def test_what_is_kept_in_memory_does_not_grow_with_the_log(estate: Estate) -> None:
    """Twice the log, with twice the tickets: no more steps and states are kept than the bounds and one chunk allow."""
    found = []
    for _ in range(2):
        await estate.wander(Random(5), 60)
        streams = Streams(estate.store, estate.codec, estate.store.database, capacity=4, forward=True)
        follower = await empty_set(estate, TICKET_DIRECTORY, streams, len(found) + 1)
        made = Counting(estate.store, streams, [follower], estate.catalogue(), "builder", chunk=5, most_steps=8)
        await made.run(load=True)
        found.append(made.most)
        assert not await estate.differences(follower)
    assert max(found) <= 4 + 8
    assert made.kept.steps == 0


async def test_a_finished_ticket_is_no_longer_kept(estate: Estate) -> None:
    tickets = [await estate.receive() for _ in range(4)]
    for ticket in tickets[:3]:
        await estate.act(ticket, c.Cancel(reason="withdrawn"))
    await estate.receive()
    streams = Streams(estate.store, estate.codec, estate.store.database, forward=True)
    follower = await empty_set(estate, TICKET_DIRECTORY, streams, 1)
    made = Counting(estate.store, streams, [follower], estate.catalogue(), "builder", chunk=9)
    await made.run(load=True)
    assert made.most == 2  # the step and the state of the one ticket of the first nine events that is open
    await estate.act(tickets[0], c.Note(text="备注"))
    await made.run(load=True)
    assert not await estate.differences(follower)


async def test_several_views_are_rebuilt_in_one_pass(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []

    class Counted(OnePass):
        def __init__(self, log: Any, streams: Any, followers: Sequence[Follower], *rest: Any) -> None:
            passes.append(len(followers))
            super().__init__(log, streams, followers, *rest)

    monkeypatch.setattr("adapters.projecting.folding.builder.OnePass", Counted)
    await estate.wander(Random(7), 20)
    operator = await estate.projections()
    await operator.rebuild()
    await operator.rebuild(TICKET_DIRECTORY.name, OPEN_WORKLOAD.name)
    assert passes == [3, 2]
    counts = {view.name: [found.count for found in await estate.catalogue().sets(view.name)] for view in TICKET_VIEWS}
    assert counts == {OPEN_WORKLOAD.name: [2], TICKET_DIRECTORY.name: [2], TECHNICIAN_WORKLIST.name: [1]}
    assert not [found for found in await operator.check() if found.differences]
    await operator.stop()


async def test_an_interrupted_build_is_started_anew_and_leaves_no_table(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_pass, "CHUNK", 5)
    await estate.wander(Random(8), 30)
    projections = await estate.projections()
    half, going_on = asyncio.Event(), asyncio.Event()
    write = OnePass._write

    async def stopping(self: OnePass, folded: Mapping[Any, Any], upto: int, load: bool) -> None:
        await write(self, folded, upto, load)
        half.set()
        await going_on.wait()

    monkeypatch.setattr(OnePass, "_write", stopping)
    building = asyncio.create_task(projections.rebuild())
    await half.wait()
    begun = [found for of_it in (await estate.catalogue().every()).values() for found in of_it]
    assert {found.status for found in begun} == {BUILDING}
    with pytest.raises(Overloaded):  # nobody sees what is half built
        await projections.workload("garden", now=estate.clock.now())
    building.cancel()
    await asyncio.wait([building])
    monkeypatch.setattr(OnePass, "_write", write)
    await projections.stop()

    later = await estate.projections()
    await later.start()
    await reached(later, estate)
    assert not [found for found in await later.check() if found.differences]
    sets = [found for of_it in (await estate.catalogue().every()).values() for found in of_it]
    assert [found.live for found in sets] == [True] * 3
    rows = await estate.database.read(TABLES[estate.database.dialect])
    versions = {f"_v{found.version}" for found in sets}
    assert {name[name.rindex("_v") :] for (name,) in rows if "_v" in name} == versions
    await later.stop()


async def test_the_old_tables_answer_while_a_new_program_version_builds_its_own(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    await estate.wander(Random(9), 20)
    older = await estate.projections()
    await older.start()
    await reached(older, estate)
    half, going_on = asyncio.Event(), asyncio.Event()
    run = OnePass.run

    async def waiting(self: OnePass, *, load: bool) -> None:
        await run(self, load=load)
        half.set()
        await going_on.wait()

    monkeypatch.setattr(OnePass, "run", waiting)
    newer = await estate.projections(views=[replace(view, fold_version=7) for view in TICKET_VIEWS])
    await newer.start()
    await half.wait()
    await estate.receive()
    await reached(older, estate)
    assert (await older.workload("garden", now=estate.clock.now())).position == (await estate.store.head()).position
    going_on.set()
    await until(lambda: _all_of(estate, 2))
    await older.stop()
    await reached(newer, estate)
    assert not [found for found in await newer.check() if found.differences]
    await newer.stop()


async def _all_of(estate: Estate, count: int) -> bool:
    sets = [await estate.catalogue().live(view.name) for view in TICKET_VIEWS]
    return all(found is not None and found.count == count for found in sets)


async def test_a_view_that_cannot_be_verified_keeps_no_other_from_being_built(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set whose rows were tampered with before the verification stays away; the others go live."""
    await estate.wander(Random(10), 20)
    operator = await estate.projections()
    finish = RowTables.finish

    async def tampered(self: RowTables, tx: Any) -> None:
        await finish(self, tx)
        if self.view is OPEN_WORKLOAD:
            await tx.execute(f"DELETE FROM {self.names['open_workload']}")

    monkeypatch.setattr(RowTables, "finish", tampered)
    with pytest.raises(NotVerified) as refused:
        await operator.rebuild()
    assert refused.value.name == OPEN_WORKLOAD.name
    live = {view.name: await estate.catalogue().live(view.name) is not None for view in TICKET_VIEWS}
    assert live == {OPEN_WORKLOAD.name: False, TICKET_DIRECTORY.name: True, TECHNICIAN_WORKLIST.name: True}
    await operator.stop()


async def test_the_progress_of_a_build_is_shown_by_another_process(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_pass, "CHUNK", 10)
    for _ in range(40):
        await estate.receive()
    head = (await estate.store.head()).position
    steps: asyncio.Queue[int] = asyncio.Queue()
    going_on = asyncio.Semaphore(0)
    write = OnePass._write

    async def stepwise(self: OnePass, folded: Mapping[Any, Any], upto: int, load: bool) -> None:
        estate.clock.forward(timedelta(seconds=2))
        await write(self, folded, upto, load)
        steps.put_nowait(upto)
        await going_on.acquire()

    monkeypatch.setattr(OnePass, "_write", stepwise)
    builder, watcher = await estate.projections(), await estate.projections()
    building = asyncio.create_task(builder.rebuild(TICKET_DIRECTORY.name))
    assert await steps.get() == 10
    [before] = [one.building for one in await watcher.status() if one.building]
    assert (before.position, before.rate, before.seconds_left) == (10, None, None)
    going_on.release()
    assert await steps.get() == 20
    [after] = [one for one in await watcher.status() if one.building]
    assert (after.name, after.status, after.head) == (TICKET_DIRECTORY.name, "rebuilding", head)
    assert after.building == Progress(20, 5.0, (head - 20) / 5.0)
    for _ in range(20):
        going_on.release()
    await building
    assert not [one for one in await watcher.status() if one.building]
    await builder.stop()
    await watcher.stop()
