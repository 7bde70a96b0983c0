"""Several processes on one store, and processes that are killed."""

import asyncio
import os
import signal
from uuid import UUID, uuid4

import pytest

from tests.store.log.event_logs import Stores, appending_process, assert_sound, event, of, whole_log

pytestmark = pytest.mark.anyio


async def test_the_log_is_gapless_and_ordered_whoever_writes(shared: Stores) -> None:
    store = await shared.open(deadline=60)
    processes = [appending_process(shared.url, 60, 4) for _ in range(2)]
    here = [store.append(of(event())) for _ in range(60)]
    await asyncio.gather(*here)
    answers = [await asyncio.to_thread(process.communicate) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]

    events = await whole_log(store)
    assert_sound(events)
    assert len(events) == 2 * 60 * 2 + 60
    stands = {(str(e.stream_id), e.position): e for e in events}
    acknowledged = [line.split() for out, _ in answers for line in out.splitlines()[1:]]
    assert len(acknowledged) == 120
    for stream, position, number in acknowledged:
        second = stands[stream, int(position)]
        first = events[second.position - 2]
        assert (second.version, first.stream_id, first.number) == (2, second.stream_id, number)


async def test_nothing_acknowledged_is_lost_or_doubled_by_a_kill(shared: Stores) -> None:
    process = appending_process(shared.url, 0, 8)
    assert process.stdout is not None
    acknowledged = [(await asyncio.to_thread(process.stdout.readline)).split() for _ in range(150)][1:]
    os.kill(process.pid, signal.SIGKILL)
    rest = (await asyncio.to_thread(process.stdout.read)).splitlines(keepends=True)
    acknowledged += [line.split() for line in rest if line.endswith("\n")]
    process.wait()
    process.stdout.close()

    store = await shared.open()
    events = await whole_log(store)
    assert_sound(events)
    assert len(events) % 2 == 0
    stands = {(str(e.stream_id), e.position) for e in events if e.version == 2}
    assert all((stream, int(position)) in stands for stream, position, _ in acknowledged)
    assert len(stands) * 2 == len(events)
    for stream, _, number in acknowledged[:20]:
        assert await store.stream_of_number(number) == UUID(stream)
    after = await store.append(of(event()))
    assert after.position == len(events) + 1


async def test_who_waits_is_woken_by_another_process(shared: Stores) -> None:
    here, there = await shared.open(), await shared.open()
    heads = here.appended(0, timeout=60)
    waiting = asyncio.ensure_future(anext(heads))
    await there.append(of(event()))
    assert await waiting == 1


async def test_a_stream_has_one_winner_across_processes(shared: Stores) -> None:
    openings = [await shared.open() for _ in range(3)]
    stream = uuid4()
    answers = await asyncio.gather(*(o.append(of(event(stream))) for o in openings * 5), return_exceptions=True)
    assert sum(not isinstance(answer, Exception) for answer in answers) == 1
    assert len(await openings[0].read_stream(stream)) == 1
