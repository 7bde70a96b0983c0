"""Stores to test against: one contract over memory, SQLite and PostgreSQL."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID, uuid4

from adapters.store.log.opening import Store, init_store, open_store
from domain.kernel.ports import Append, CommandKey, EventLog, NewEvent, StoredEvent
from tests.support.clock import SetClock

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)  # 12:00 in Shanghai


@dataclass
class Stores:
    """Openings of the store at one URL, as in several processes; :meth:`close` closes all of them."""

    url: str
    clock: SetClock = field(default_factory=lambda: SetClock(NOON))
    opened: list[Store] = field(default_factory=list)

    async def open(self, *, capacity: int = 1000, deadline: float = 30.0, url: str | None = None) -> Store:
        """Open the store once more; the deadline is too long for a busy machine to reach."""
        self.opened.append(await open_store(url or self.url, self.clock, capacity=capacity, deadline=deadline))
        return self.opened[-1]

    async def close(self) -> None:
        while self.opened:
            await self.opened.pop().close()


async def new_stores(url: str) -> Stores:
    """A new store at the URL, not opened yet."""
    if url != "memory:":
        await init_store(url, "test-origin")
    return Stores(url)


def event(stream_id: UUID | None = None, version: int = 1, *, community: str = "yinhu", **clear: object) -> NewEvent:
    """An event with unique bytes."""
    state = f'{{"id":"{uuid4()}"}}'.encode()
    return NewEvent(stream_id or uuid4(), version, "test.happened", community, state, **clear)  # type: ignore[arg-type]


def numbered(book: str = "GD", *, community: str = "yinhu") -> NewEvent:
    """A new ticket that takes a number."""
    return event(community=community, book=book, timezone="Asia/Shanghai", opens_list=True)


def of(*events: NewEvent, key: str | None = None, **conditions: object) -> Append:
    """An append of these events; ``key`` makes it a command of caller `li`."""
    command = None if key is None else CommandKey("li", key, b"asked")
    return Append(events, command, **conditions)  # type: ignore[arg-type]


async def whole_log(store: EventLog) -> list[StoredEvent]:
    """All events, read in pages."""
    events: list[StoredEvent] = []
    while page := await store.read_log(len(events), 500):
        events.extend(page)
    return events


def assert_sound(events: Sequence[StoredEvent]) -> None:
    """Assert the invariants of a log: gapless positions and versions, times that never decrease, gapless numbers in log order."""
    assert [e.position for e in events] == list(range(1, len(events) + 1))
    assert all(a.recorded_at <= b.recorded_at for a, b in pairwise(events))
    versions: dict[UUID, int] = {}
    sequences: dict[str, int] = {}
    for e in events:
        assert e.version == versions.get(e.stream_id, 0) + 1
        versions[e.stream_id] = e.version
        if e.book is not None:
            assert e.number is not None
            prefix, _, sequence = e.number.rpartition("-")
            assert prefix.startswith(f"{e.book}-{e.community}-")
            assert int(sequence) == sequences.get(prefix, 0) + 1
            sequences[prefix] = int(sequence)


def appending_process(url: str, appends: int, at_once: int) -> subprocess.Popen[str]:
    """A process that appends to the store and prints a line for each acknowledgement."""
    command = [sys.executable, "-m", "tests.store.log.appending_process", url, str(appends), str(at_once)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
