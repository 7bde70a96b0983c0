"""The one follower: equal to a fold from scratch at every position, with poison events and with a takeover in mid-batch."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.projecting.folding.follower import Folding, Follower
from adapters.projecting.folding.following import Batch, Following, Outcome
from adapters.projecting.folding.live_sets import LiveSets
from adapters.projecting.folding.streams import Streams
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import leases_for
from domain.kernel.ports import Append, NewEvent
from domain.ticket import commands as c
from projections.engine.view import Put, View
from projections.read_models import VIEWS
from projections.ticket.open_workload import OPEN_WORKLOAD
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from tests.projecting.test_engine import faulty
from tests.support.estates.view_estate import TICKET_VIEWS, Estate, reached, until
from tests.support.estates.view_fixtures import NewEstate
from tests.support.following import settle

pytestmark = pytest.mark.anyio
walks = st.integers(0, 2**32).map(Random)
few = settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def raising(steps: Any, write: Any) -> Any:
    """A fold that fails on streams whose id says so."""
    if steps[-1].after.state.version >= 3 and steps[-1].after.state.id.int % 3 == 0:
        raise ValueError("poison")
    return write


def overflowing(steps: Any, write: Any) -> Any:
    """A row that no database takes, on streams whose id says so."""
    if isinstance(write, Put) and write.row.version >= 3 and write.row.ticket.int % 3 == 1:
        return write._replace(row=write.row._replace(urged=2**70))
    return write


def poisonous() -> list[View]:
    """Every read model, of which two break on some tickets."""
    own = {OPEN_WORKLOAD.name: overflowing, TICKET_DIRECTORY.name: raising}
    return [faulty(view, own[view.name]) if view.name in own else view for view in VIEWS]


async def sets_of(estate: Estate, views: Sequence[View]) -> None:
    """Empty live sets of these read models."""
    for view in views:
        made = await estate.new_set(view, holder="maker")
        assert await estate.catalogue().swap([(view.name, made.tables.version)], "maker")


async def following(estate: Estate, views: Sequence[View], holder: str, kind: type[LiveSets] = LiveSets) -> Following:
    """A follower that has taken all of them."""
    streams = Streams(estate.store, estate.codec, estate.store.database)
    foldings = {view.name: Folding(view, streams, estate.index) for view in views}
    leases = leases_for(estate.database, holder, 1.0)
    by_name = {view.name: view for view in views}
    of = kind(by_name, estate.catalogue(), estate.store, leases, holder, foldings, None, idle=0.05)
    return Following(estate.store, streams, [(of, member) for member in await of.take() or ()])


async def poison(estate: Estate, random: Random) -> None:
    """An event of some ticket that nobody can decode; nothing else happens to that ticket."""
    ticket = random.choice(list(estate.tickets))
    state = estate.tickets.pop(ticket)
    event = NewEvent(ticket, state.version + 1, "ticket.noted", state.community, b'{"secret": "13812345678"}')
    await estate.store.append(Append([event]))


@few
@given(walks)
async def test_all_together_are_a_fold_from_scratch_at_every_position(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 20)
        await poison(estate, random)
        await estate.wander(random, 15)
        views = poisonous()
        await sets_of(estate, views)
        follower = await following(estate, views, "one")
        head = (await estate.store.head()).position
        while await follower.advance(head, random.choice([1, 3, 7])):
            assert {member.position for member in follower.members} == {follower.position}
            assert len(follower.members) == len(views)
            for member in follower.members:
                assert isinstance(member, Follower)
                assert not await estate.differences(member), member.name
        assert follower.position == head
        parked = {member.name: len(member.parked) for member in follower.members}  # type: ignore[attr-defined]
        assert parked[TECHNICIAN_WORKLIST.name] == 1
        await follower.stop()


@few
@given(walks)
async def test_a_batch_comes_to_the_same_together_and_alone(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 30)
        await sets_of(estate, VIEWS)
        follower = await following(estate, VIEWS, "one")
        await settle(follower)
        for member in follower.members:
            assert isinstance(member, Follower)
            alone = await estate.new_set(member.tables.view, 2)
            await alone.catch_up(1000)
            assert await estate.rows(member) == await estate.rows(alone)


async def test_another_takes_over_in_the_middle_of_a_batch(new_estate: NewEstate) -> None:
    """The batch is folded; before it is written another holder takes everything and goes on from there, event by event."""
    async with new_estate() as estate:
        await estate.wander(Random(11), 30)
        await sets_of(estate, VIEWS)
        head = (await estate.store.head()).position
        others: list[Following] = []

        class Overtaken(LiveSets):
            async def prepare(self, members: Sequence[Follower], batch: Batch) -> Mapping[Follower, Outcome]:
                outcomes = await super().prepare(members, batch)
                if batch.after >= 10 and not others:
                    others.append(await following(estate, VIEWS, "other"))
                    await others[0].advance(head, 1)
                return outcomes

        first = await following(estate, VIEWS, "first", Overtaken)
        await first.advance(head, 5)
        await first.advance(head, 5)
        with pytest.raises(Fenced):
            await first.advance(head, 5)
        [other] = others
        assert (first.position, other.position) == (10, 11)
        with pytest.raises(Fenced):
            await first.advance(head, 5)
        while await other.advance(head, 1):
            pass
        assert other.position == head
        for member in other.members:
            assert isinstance(member, Follower)
            assert not await estate.differences(member), member.name


async def test_one_that_is_further_back_follows_aside_until_it_has_reached_the_others(estate: Estate) -> None:
    await estate.wander(Random(12), 10)
    views = (OPEN_WORKLOAD, TICKET_DIRECTORY)
    await sets_of(estate, views)
    head = (await estate.store.head()).position
    alone = await following(estate, [OPEN_WORKLOAD], "first")
    await settle(alone)
    both = await following(estate, views, "second")
    assert sorted(member.position for member in both.members) == [0, head]
    await both.gather()
    assert [member.position for member in both.members] == [head, head]
    await estate.wander(Random(13), 5)
    await settle(both)
    for member in both.members:
        assert isinstance(member, Follower)
        assert not await estate.differences(member)


async def test_a_read_model_that_cannot_be_written_halts_alone_and_comes_back(estate: Estate) -> None:
    projections = await estate.projections()
    await projections.start()
    ticket = await estate.receive()
    await reached(projections, estate)
    live = await estate.catalogue().live(TICKET_DIRECTORY.name)
    assert live is not None
    table = f"ticket_directory_v{live.version}"
    await estate.database.write(lambda tx: tx.ddl(f"ALTER TABLE {table} RENAME TO hidden"))
    position = await estate.act(ticket, c.Note(text="备注"))
    for name in (OPEN_WORKLOAD.name, TECHNICIAN_WORKLIST.name):
        assert await projections.wait_for(name, position, 60)

    async def stands() -> dict[str, str]:
        return {one.name: one.status for one in await projections.status()}

    async def halted() -> bool:
        return (await stands())[TICKET_DIRECTORY.name] == "halted"

    await until(halted)
    position = await estate.act(ticket, c.Note(text="还有"))
    for name in (OPEN_WORKLOAD.name, TECHNICIAN_WORKLIST.name):
        assert await projections.wait_for(name, position, 60)
    assert await stands() == {OPEN_WORKLOAD.name: "live", TICKET_DIRECTORY.name: "halted", TECHNICIAN_WORKLIST.name: "live"}
    await estate.database.write(lambda tx: tx.ddl(f"ALTER TABLE hidden RENAME TO {table}"))
    await reached(projections, estate)
    await estate.act(ticket, c.Urge())
    await reached(projections, estate)
    assert set((await stands()).values()) == {"live"}
    assert not [found for found in await projections.check() if found.differences]
    assert not [task for task in asyncio.all_tasks() if "aside" in task.get_name()]
    await projections.stop()


async def test_a_read_model_that_takes_nothing_of_a_batch_is_not_written(estate: Estate) -> None:
    await sets_of(estate, VIEWS)
    follower = await following(estate, VIEWS, "one")
    await settle(follower)
    ticket = await estate.receive()
    await estate.act(ticket, c.Note(text="备注"))
    batch = Batch(follower.position, await estate.store.read_log(follower.position, 100), {})
    taking = {member.name for member in follower.members if any(member.takes(event) for event in batch.events)}
    assert 0 < len(taking) < len(VIEWS)
    await settle(follower)
    assert {member.position for member in follower.members} == {(await estate.store.head()).position}


async def test_a_program_with_a_further_read_model_takes_over(estate: Estate) -> None:
    """The older program does not know the third read model, so it yields all of them to the one that has made it."""
    known, further = TICKET_VIEWS[:2], TICKET_VIEWS[2]
    older, newer = await estate.projections(views=known), await estate.projections()
    await older.start()
    ticket = await estate.receive()
    head = (await estate.store.head()).position
    for view in known:
        assert await older.wait_for(view.name, head, 60)
    await newer.start()
    assert await newer.wait_for(further.name, head, 60)
    await estate.act(ticket, c.Note(text="备注"))
    await reached(newer, estate)
    assert len({status.holder for status in await newer.status()}) == 1
    await older.stop()
    await newer.stop()


async def test_an_idle_follower_leaves_a_sign_of_life_and_a_stopped_one_none(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.projecting.folding.live_sets.SIGN", 0.0)
    projections = await estate.projections()
    await projections.start()
    await reached(projections, estate)
    estate.clock.forward(timedelta(hours=1))

    async def signed() -> bool:
        return {one.seen_seconds for one in await projections.status()} == {0.0}

    await until(signed)
    await projections.stop()
    estate.clock.forward(timedelta(hours=1))
    await asyncio.sleep(0.2)
    assert {one.seen_seconds for one in await projections.status()} == {3600.0}
