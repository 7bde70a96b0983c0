"""Appends decided on remembered facts: one statement on PostgreSQL, and the outcomes that facts read anew would have given."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.store.log.append import COMMANDS_KEPT
from adapters.store.log.known_facts import DOUBTS
from domain.kernel.ports import (
    Appended,
    ConditionFailed,
    DuplicateCommand,
    OpenListUnchanged,
    RegistryAt,
    ReserveName,
    StreamAt,
    VersionConflict,
)
from tests.store.log.event_logs import Stores, assert_sound, event, numbered, of, whole_log
from tests.support.round_trips import Sent, counted

pytestmark = pytest.mark.anyio

MOST = {"sqlite": 5, "postgresql": 1}
"""Statements of a lone append of a new ticket by a command with a key."""


async def test_a_lone_append_is_one_statement(shared: Stores) -> None:
    with counted() as sent:
        store = await shared.open()
        first = numbered()
        await store.append(of(first, key="warm"))
        for version in range(2, 9):
            await store.append(of(event(first.stream_id, version), key=f"warm{version}"))
        assert store.database is not None
        most = MOST[store.database.dialect]
        for new in (event(first.stream_id, 9), numbered()):
            sent.clear()
            await store.append(of(new, key=str(new.stream_id), conditions=[StreamAt(first.stream_id, 9)] if new.book else []))
            assert 0 < len(sent.statements) <= most, sent.statements
            assert sent.commits == 1
    assert_sound(await whole_log(store))


async def test_others_move_the_head(shared: Stores) -> None:
    """Two processes in turn: each finds the head moved, and writes what facts read anew allow."""
    here, there = await shared.open(), await shared.open()
    mine, shared = numbered(), numbered()
    await here.append(of(mine, key="a"))
    await here.append(of(shared))
    await there.append(
        of(event(shared.stream_id, 2), numbered(), bumps_registry=True, conditions=[ReserveName("s", "n", uuid4())])
    )
    with pytest.raises(VersionConflict) as conflict:
        await here.append(of(event(shared.stream_id, 2)))
    assert conflict.value.actual == 2
    for refused in (OpenListUnchanged("yinhu", 2), RegistryAt(0), ReserveName("s", "n", uuid4())):
        await here.append(of(event()))
        await there.append(of(event()))
        with pytest.raises(ConditionFailed):
            await here.append(of(event(), conditions=[refused]))
    with pytest.raises(DuplicateCommand):
        await there.append(of(event(), key="a"))
    numbers = [event.number for event in await whole_log(here) if event.number]
    assert numbers == [f"GD-yinhu-20260301-{n:04d}" for n in range(1, 4)]
    assert_sound(await whole_log(here))


async def test_a_key_that_was_used_is_refused_and_its_neighbours_are_not(shared: Stores) -> None:
    store = await shared.open()
    await store.append(of(event(), key="a"))
    await store.append(of(event(), key="b"))
    outcomes = await asyncio.gather(*(store.append(of(event(), key=key)) for key in ("c", "a", "d")), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Appended, DuplicateCommand, Appended]
    shared.clock.forward(COMMANDS_KEPT + timedelta(seconds=1))
    await store.append(of(event(), key="e"))
    assert isinstance(await store.append(of(event(), key="b")), Appended)
    assert_sound(await whole_log(store))


async def test_a_name_that_is_taken_is_refused(shared: Stores) -> None:
    store = await shared.open()
    for _ in range(2):
        await store.append(of(event()))
    await store.append(of(event(), conditions=[ReserveName("s", "n", uuid4())]))
    with pytest.raises(ConditionFailed):
        await store.append(of(event(), conditions=[ReserveName("s", "n", uuid4())]))


async def test_many_writers_of_two_processes(shared: Stores) -> None:
    here, there = await shared.open(), await shared.open()
    streams = [uuid4() for _ in range(4)]
    for stream in streams:
        await here.append(of(event(stream)))

    async def writer(store: object, n: int) -> int:
        written = 0
        for i in range(20):
            stream = streams[(n + i) % len(streams)]
            version = len(await store.read_stream(stream)) + 1  # type: ignore[attr-defined]
            try:
                await store.append(of(event(stream, version), numbered(), key=f"{n}-{i}"))  # type: ignore[attr-defined]
                written += 1
            except VersionConflict:
                continue
        return written

    done = await asyncio.gather(*(writer(store, n) for n, store in enumerate((here, there) * 4)))
    assert (await here.head()).position == len(streams) + 2 * sum(done)
    assert_sound(await whole_log(here))


async def test_doubts_are_bounded_and_end(shared: Stores) -> None:
    """Where another process writes all the time, nothing is foreseen for a while; alone again, one statement suffices again."""
    here, there = await shared.open(), await shared.open()
    for _ in range(12):
        await here.append(of(event()))
        await there.append(of(event()))
    for _ in range(2 * DOUBTS + 2):
        await here.append(of(event()))
    sent = await sent_by_one_append(shared)
    assert sent.commits == 1
    assert_sound(await whole_log(here))


async def sent_by_one_append(stores: Stores) -> Sent:
    """What a third process sends for its second append."""
    with counted() as sent:
        store = await stores.open()
        await store.append(of(event()))
        sent.clear()
        await store.append(of(event()))
        return sent
