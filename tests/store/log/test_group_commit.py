"""Group commit: a bounded queue, a deadline for each append, and no append fails because of another in its batch."""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.store.database.database import Unavailable
from adapters.store.log.append import Facts, Outcome, decide
from adapters.store.log.group_commit import GroupCommit
from domain.kernel.errors import Overloaded
from domain.kernel.ports import Append, Appended
from tests.store.log.event_logs import Stores, event, new_stores, of, whole_log

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Log:
    """A log that writes when the test permits it, and fails on an append of the topic ``poison``."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.busy = asyncio.Event()
        self.batches: list[int] = []
        self.facts = Facts(0)
        self.unavailable = 0
        self.told_again: list[bool] = []

    async def write(self, batch: Sequence[Append], again: bool, within: float) -> Sequence[Outcome]:
        self.told_again.append(again)
        self.busy.set()
        await self.open.wait()
        if self.unavailable:
            self.unavailable -= 1
            raise Unavailable("lost")
        if any(e.topic == "poison" for append in batch for e in append.events):
            raise ValueError("poison")
        self.batches.append(len(batch))
        return decide(batch, self.facts, NOW).outcomes


def poison() -> Append:
    good = event()
    return of(type(good)(good.stream_id, 1, "poison", "yinhu", b""))


async def test_what_waits_is_written_together() -> None:
    log = Log()
    group = GroupCommit(log.write)
    log.open.clear()
    first = asyncio.ensure_future(group.append(of(event())))
    await log.busy.wait()
    rest = [asyncio.ensure_future(group.append(of(event()))) for _ in range(9)]
    await asyncio.sleep(0)
    log.open.set()
    assert sorted(done.position for done in await asyncio.gather(first, *rest)) == list(range(1, 11))
    assert log.batches == [1, 9]


async def test_a_full_queue_refuses_at_once() -> None:
    log = Log()
    log.open.clear()
    group = GroupCommit(log.write, capacity=2)
    waiting = [asyncio.ensure_future(group.append(of(event())))]
    await log.busy.wait()
    waiting += [asyncio.ensure_future(group.append(of(event()))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await group.append(of(event()))
    log.open.set()
    assert len(await asyncio.gather(*waiting)) == 3
    assert (await group.append(of(event()))).position == 4


async def test_an_append_that_waits_too_long_is_answered_and_not_written() -> None:
    log = Log()
    log.open.clear()
    group = GroupCommit(log.write, deadline=0.05)
    writing = asyncio.ensure_future(group.append(of(event())))
    await log.busy.wait()
    queued = asyncio.ensure_future(group.append(of(event())))
    with pytest.raises(Overloaded):
        await writing
    with pytest.raises(Overloaded):
        await queued
    log.open.set()
    await group.close()
    assert log.batches == [1]


async def test_an_append_whose_caller_left_is_not_written() -> None:
    log = Log()
    log.open.clear()
    group = GroupCommit(log.write)
    first = asyncio.ensure_future(group.append(of(event())))
    await log.busy.wait()
    left = asyncio.ensure_future(group.append(of(event())))
    await asyncio.sleep(0)
    left.cancel()
    log.open.set()
    await first
    await group.close()
    assert log.batches == [1]


async def test_a_poisonous_append_fails_alone() -> None:
    log = Log()
    group = GroupCommit(log.write)
    answers = await asyncio.gather(
        group.append(of(event())), group.append(poison()), group.append(of(event())), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [Appended, ValueError, Appended]


async def test_after_a_lost_connection_the_log_is_told_that_it_comes_again() -> None:
    log = Log()
    log.unavailable = 2
    group = GroupCommit(log.write)
    await group.append(of(event()))
    await group.append(of(event()))
    assert log.told_again == [False, True, True, False]


async def test_after_a_lost_connection_each_append_of_a_batch_that_failed_is_told_so_too() -> None:
    """The lost batch may have been committed: an append tried by itself must look for its own events first."""
    log = Log()
    log.unavailable = 1
    group = GroupCommit(log.write)
    answers = await asyncio.gather(group.append(of(event())), group.append(poison()), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Appended, ValueError]
    assert log.told_again == [False, True, True, True]


async def test_a_batch_that_failed_without_a_lost_connection_was_not_written_before() -> None:
    log = Log()
    group = GroupCommit(log.write)
    await asyncio.gather(group.append(of(event())), group.append(poison()), return_exceptions=True)
    assert log.told_again == [False, False, False]


async def test_a_closing_group_finishes_and_takes_no_more() -> None:
    log = Log()
    group = GroupCommit(log.write)
    waiting = asyncio.ensure_future(group.append(of(event())))
    await asyncio.sleep(0)
    await group.close()
    assert (await waiting).position == 1
    with pytest.raises(Overloaded):
        await group.append(of(event()))


async def test_a_value_the_database_refuses_fails_alone(shared: Stores) -> None:
    store = await shared.open()
    good = event()
    bad = type(good)(good.stream_id, 1, "test.happened", "yinhu", None)  # type: ignore[arg-type]
    answers = await asyncio.gather(*(store.append(of(e)) for e in (event(), bad, event())), return_exceptions=True)
    assert [isinstance(answer, Appended) for answer in answers] == [True, False, True]
    assert len(await whole_log(store)) == 2


async def test_another_process_that_holds_sqlite_too_long_makes_it_overloaded(tmp_path: Path) -> None:
    stores = await new_stores(f"sqlite:///{tmp_path}/log.db")
    store = await stores.open(deadline=0.1)
    other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Overloaded):
        await store.append(of(event(), key="k1"))
    other.execute("ROLLBACK")
    other.close()
    await stores.close()
