"""After any interleaving of appends, log, outcomes and numbers equal those of a plain list."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kernel.ports import (
    Append,
    Appended,
    AppendRefused,
    CommandKey,
    Condition,
    NewEvent,
    OpenListUnchanged,
    ReserveName,
    StoredEvent,
    StreamAt,
)
from tests.store.log.event_logs import Stores, assert_sound, whole_log

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Wish:
    """An append as hypothesis draws it: (stream, how far off its version is, numbered) each, and conditions;
    ``beside`` is a stream and how far off what is believed of it is."""

    events: Sequence[tuple[int, int, bool]]
    key: int | None
    name: int | None
    since: int | None
    beside: tuple[int, int] | None


WISHES = st.lists(
    st.lists(
        st.builds(
            Wish,
            events=st.lists(
                st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 0, 0, 0, 0, 1, -1]), st.booleans()),
                min_size=1,
                max_size=3,
                unique_by=lambda wish: wish[0],
            ),
            key=st.none() | st.integers(0, 3),
            name=st.none() | st.integers(0, 3),
            since=st.none() | st.integers(0, 3),
            beside=st.none() | st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 0, 1, -1])),
        ),
        max_size=8,
    ),
    max_size=6,
)


@dataclass
class Model:
    """The log as a list, with the rules written out naively. ``salt`` separates the examples in one store."""

    salt: str = field(default_factory=lambda: uuid4().hex)
    log: list[tuple[UUID, int, bytes, bool]] = field(default_factory=list)
    keys: set[int | None] = field(default_factory=set)
    names: set[int | None] = field(default_factory=set)

    def stream(self, which: int) -> UUID:
        return uuid5(NAMESPACE_URL, f"{self.salt}/{which}")

    def version(self, stream: UUID) -> int:
        return sum(1 for other, *_ in self.log if other == stream)

    def to_append(self, wish: Wish, before: int) -> Append:
        """The append that a caller who knows the present model requests."""
        events = [
            NewEvent(
                self.stream(which),
                max(1, self.version(self.stream(which)) + 1 + off),
                "test.happened",
                self.salt,
                uuid4().bytes,
                book="GD" if numbered else None,
                opens_list=numbered,
            )
            for which, off, numbered in wish.events
        ]
        conditions: list[Condition] = []
        if wish.name is not None:
            conditions.append(ReserveName(self.salt, str(wish.name), events[0].stream_id))
        if wish.since is not None:
            conditions.append(OpenListUnchanged(self.salt, before + len(self.log) - wish.since))
        if wish.beside is not None:
            which, off = wish.beside
            conditions.append(StreamAt(self.stream(which), self.version(self.stream(which)) + off))
        key = None if wish.key is None else CommandKey(self.salt, str(wish.key), b"")
        return Append(events, key, conditions)

    def expected(self, wish: Wish, append: Append, before: int) -> str:
        """The expected outcome of an append; an accepted one is applied to the model."""
        if wish.key in self.keys:
            return "DuplicateCommand"
        if any(e.version != self.version(e.stream_id) + 1 for e in append.events):
            return "VersionConflict"
        if wish.name in self.names:
            return "ConditionFailed"
        listed = max((i for i, (*_, numbered) in enumerate(self.log, 1) if numbered), default=-before)
        for condition in append.conditions:
            if isinstance(condition, OpenListUnchanged) and before + listed > condition.position:
                return "ConditionFailed"
            if isinstance(condition, StreamAt) and self.version(condition.stream_id) != condition.version:
                return "VersionConflict"
        self.log += [(e.stream_id, e.version, e.state, e.opens_list) for e in append.events]
        self.keys |= {wish.key} - {None}
        self.names |= {wish.name} - {None}
        return "Appended"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rounds=WISHES)
async def test_any_interleaving_equals_a_list(stores: Stores, rounds: Sequence[Sequence[Wish]]) -> None:
    store = stores.opened[0] if stores.opened else await stores.open()
    before = (await store.head()).position
    model = Model()
    for wishes in rounds:
        appends = [model.to_append(wish, before) for wish in wishes]
        answers = await asyncio.gather(*(store.append(append) for append in appends), return_exceptions=True)
        expected = [model.expected(wish, append, before) for wish, append in zip(wishes, appends, strict=True)]
        assert [type(answer).__name__ for answer in answers] == expected
        assert all(isinstance(answer, Appended | AppendRefused) for answer in answers)
    events = await store.read_log(before, 10_000)
    assert [(e.stream_id, e.version, e.state) for e in events] == [row[:3] for row in model.log]
    numbers = [f"GD-{model.salt}-20260301-{i:04d}" for i in range(1, 1 + sum(row[3] for row in model.log))]
    assert [e.number for e in events if e.number] == numbers
    assert_sound(await whole_log(store))
    for which in range(4):
        assert await store.read_stream(model.stream(which)) == by_stream(events, model.stream(which))


def by_stream(events: Sequence[StoredEvent], stream: UUID) -> list[StoredEvent]:
    return [e for e in events if e.stream_id == stream]
