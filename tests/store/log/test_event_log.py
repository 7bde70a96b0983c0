"""The contract of the event log (domain.kernel.ports.EventLog), on every implementation.

Long because a contract is read as one page.
"""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.store.log.opening import Store
from adapters.store.logins.access import Look, TokenRow
from domain.kernel.ports import (
    AppendRefused,
    ConditionFailed,
    DuplicateCommand,
    NumberTaken,
    OpenListUnchanged,
    RegistryAt,
    ReserveName,
    StreamAt,
    VersionConflict,
)
from tests.store.log.event_logs import NOON, Stores, assert_sound, event, numbered, of, whole_log

pytestmark = pytest.mark.anyio


async def test_what_is_appended_is_what_is_read(store: Store) -> None:
    first = numbered()
    second = event(first.stream_id, 2)
    done = await store.append(of(first, second))
    assert done.position == 2
    assert [(e.position, e.stream_id, e.version, e.topic, e.community, e.state, e.recorded_at) for e in done.events] == [
        (1, first.stream_id, 1, first.topic, "yinhu", first.state, NOON),
        (2, first.stream_id, 2, second.topic, "yinhu", second.state, NOON),
    ]
    assert [e.number for e in done.events] == ["GD-yinhu-20260301-0001", None]
    assert await store.read_log(0, 10) == done.events
    assert await store.read_stream(first.stream_id) == done.events
    head = await store.head()
    assert (head.position, head.recorded_at) == (2, NOON)


async def test_a_new_log_is_empty(store: Store) -> None:
    assert await store.read_log(0, 10) == []
    assert await store.read_stream(uuid4()) == []
    assert (await store.head()).position == 0
    assert await store.position_at(NOON) == 0
    assert await store.registry_version() == 0
    assert await store.find_command("li", "k") is None
    assert await store.stream_of_number("GD-yinhu-20260301-0001") is None


async def test_streams_and_log_are_read_within_bounds(store: Store) -> None:
    stream, other = uuid4(), uuid4()
    for version in range(1, 6):
        await store.append(of(event(stream, version), event(other, version)))
    assert [e.version for e in await store.read_stream(stream, after_version=2)] == [3, 4, 5]
    assert [e.version for e in await store.read_stream(stream, after_version=1, upto_version=3)] == [2, 3]
    assert [e.version for e in await store.read_stream(stream, upto_position=5)] == [1, 2, 3]
    assert [e.version for e in await store.read_stream(other, upto_position=5)] == [1, 2]
    assert [e.position for e in await store.read_log(3, 4)] == [4, 5, 6, 7]
    assert [e.position for e in await store.read_log(9, 4)] == [10]


async def test_several_streams_are_read_together_each_after_a_version(store: Store) -> None:
    first, second, third, absent = uuid4(), uuid4(), uuid4(), uuid4()
    for version in range(1, 4):
        taking = event(second, version, book="GD", timezone="Asia/Shanghai")
        await store.append(of(event(first, version), taking, event(third, version)))
    await store.append(of(event()))
    found = await store.read_streams({third: 0, first: 1, second: 1, absent: 0})
    assert list(found) == [third, first, second, absent]
    assert {stream: list(events) for stream, events in found.items()} == {
        third: await store.read_stream(third),
        first: await store.read_stream(first, after_version=1),
        second: await store.read_stream(second, after_version=1),
        absent: [],
    }
    assert [one.number for one in found[second]] == ["GD-yinhu-20260301-0002", "GD-yinhu-20260301-0003"]
    assert dict(await store.read_streams({})) == {}


async def test_positions_are_gapless_under_concurrent_appends(store: Store) -> None:
    done = await asyncio.gather(*(store.append(of(numbered(), event())) for _ in range(100)))
    events = await whole_log(store)
    assert_sound(events)
    assert len(events) == 200
    assert sorted(d.position for d in done) == list(range(2, 201, 2))


async def test_a_refused_append_gives_its_positions_and_numbers_back(store: Store) -> None:
    first = await store.append(of(numbered()))
    with pytest.raises(VersionConflict):
        await store.append(of(numbered(), event(first.events[0].stream_id, 1)))
    second = await store.append(of(numbered()))
    assert second.position == 2
    assert second.events[0].number == "GD-yinhu-20260301-0002"


async def test_a_version_that_is_taken_or_not_reached_yet_is_a_conflict(store: Store) -> None:
    stream = uuid4()
    await store.append(of(event(stream, 1), event(stream, 2)))
    for version, expected in ((2, 1), (4, 3)):
        with pytest.raises(VersionConflict) as refusal:
            await store.append(of(event(stream, version)))
        assert (refusal.value.stream_id, refusal.value.expected, refusal.value.actual) == (stream, expected, 2)
    assert (await store.head()).position == 2


@pytest.mark.parametrize("versions", [(), (1, 3), (1, 1), (0,)])
async def test_events_that_no_log_could_take_are_a_mistake(store: Store, versions: tuple[int, ...]) -> None:
    stream = uuid4()
    with pytest.raises(ValueError, match=r"event|consecutive"):
        await store.append(of(*(event(stream, version) for version in versions)))


async def test_a_command_is_written_once(store: Store) -> None:
    stream = uuid4()
    done = await store.append(of(event(stream), event(stream, 2), key="k1"))
    with pytest.raises(DuplicateCommand) as refusal:
        await store.append(of(event(), key="k1"))
    record = refusal.value.record
    assert (record.caller, record.key, record.body_hash) == ("li", "k1", b"asked")
    assert (record.stream_id, record.version, record.position) == (stream, 2, done.position)
    assert await store.find_command("li", "k1") == record
    assert await store.find_command("wang", "k1") is None
    assert (await store.head()).position == 2


async def test_the_command_record_names_the_stream_that_answers(store: Store) -> None:
    first, answer = uuid4(), uuid4()
    await store.append(of(event(answer, 1)))
    await store.append(of(event(first), event(answer, 2), key="k1", answers_with=answer))
    record = await store.find_command("li", "k1")
    assert record is not None
    assert (record.stream_id, record.version) == (answer, 2)


async def test_a_command_is_forgotten_after_seven_days(stores: Stores, store: Store) -> None:
    await store.append(of(event(), key="k1"))
    stores.clock.move(days=7)
    assert await store.find_command("li", "k1") is not None
    with pytest.raises(DuplicateCommand):
        await store.append(of(event(), key="k1"))
    stores.clock.move(microseconds=1)
    assert await store.find_command("li", "k1") is None
    again = await store.append(of(event(), key="k1"))
    record = await store.find_command("li", "k1")
    assert record is not None
    assert record.position == again.position == 2


async def test_records_of_commands_are_deleted_after_seven_days(shared: Stores) -> None:
    store = await shared.open()
    for i in range(3):
        await store.append(of(event(), key=f"k{i}"))
        shared.clock.move(days=3)
    assert store.database is not None
    await store.append(of(event()))
    assert await store.database.read("SELECT key FROM commands ORDER BY key") == [("k1",), ("k2",)]


async def test_an_unchanged_open_list_is_a_condition(store: Store) -> None:
    opened = await store.append(of(numbered()))
    await store.append(of(event()))
    await store.append(of(numbered(community="jinyu")))
    condition = OpenListUnchanged("yinhu", opened.position)
    await store.append(of(event(), conditions=[condition]))
    changed = await store.append(of(numbered()))
    with pytest.raises(ConditionFailed) as refusal:
        await store.append(of(event(), conditions=[condition]))
    assert (refusal.value.condition, refusal.value.position) == (condition, changed.position)
    with pytest.raises(ConditionFailed):
        await store.append(of(event(), conditions=[OpenListUnchanged("yinhu", changed.position - 1)]))
    await store.append(of(event(), conditions=[OpenListUnchanged("yinhu", changed.position)]))


async def test_a_stream_that_is_not_written_stands_where_it_was_seen(store: Store) -> None:
    source, target = uuid4(), uuid4()
    await store.append(of(event(target), conditions=[StreamAt(source, 0)]))
    await store.append(of(event(source)))
    with pytest.raises(VersionConflict) as refusal:
        await store.append(of(event(target, 2), conditions=[StreamAt(source, 0)]))
    assert (refusal.value.stream_id, refusal.value.expected, refusal.value.actual) == (source, 0, 1)
    await store.append(of(event(target, 2), conditions=[StreamAt(source, 1)]))


async def test_a_name_is_taken_once_within_its_scope(store: Store) -> None:
    login = ReserveName("login", "li", uuid4())
    taken = await store.append(of(event(login.stream_id), conditions=[login]))
    with pytest.raises(ConditionFailed) as refusal:
        await store.append(of(event(), conditions=[ReserveName("login", "li", uuid4())]))
    assert refusal.value.position == taken.position
    await store.append(of(event(), conditions=[ReserveName("community", "li", uuid4())]))


async def test_one_append_reserves_a_name_once(store: Store) -> None:
    """Two people of one login in one command: neither is written, and the name stays free."""
    first, second = ReserveName("login", "li", uuid4()), ReserveName("login", "li", uuid4())
    with pytest.raises(ConditionFailed) as refusal:
        await store.append(of(event(first.stream_id), event(second.stream_id), conditions=[first, second]))
    assert (refusal.value.condition, refusal.value.position) == (second, 0)
    assert await whole_log(store) == []
    elsewhere = ReserveName("community", "li", first.stream_id)
    await store.append(of(event(first.stream_id), conditions=[first, elsewhere]))
    assert len(await store.read_named(["login", "community"], 0)) == 1


async def test_the_streams_that_hold_a_name_are_read_together(store: Store) -> None:
    person, community = uuid4(), uuid4()
    await store.append(of(event(person), conditions=[ReserveName("login", "li", person)]))
    await store.append(of(event()))
    await store.append(of(event(community), conditions=[ReserveName("community", "yinhu", community)]))
    await store.append(of(event(person, 2)))
    assert [e.position for e in await store.read_named(["login", "community"], 0)] == [1, 3, 4]
    assert [e.position for e in await store.read_named(["login"], 1)] == [4]
    assert await store.read_named([], 0) == []


async def test_one_bad_append_does_not_fail_its_neighbours(store: Store) -> None:
    stream, name = uuid4(), ReserveName("login", "li", uuid4())
    await store.append(of(event(stream), event(name.stream_id), key="old", conditions=[name]))
    answers = await asyncio.gather(
        store.append(of(event())),
        store.append(of(event(stream, 1))),
        store.append(of(numbered())),
        store.append(of(event(), key="old")),
        store.append(of(event(), conditions=[name])),
        store.append(of(event(), conditions=[OpenListUnchanged("yinhu", 2)])),
        store.append(of(event(stream, 2))),
        store.append(of(event(stream, 2))),
        store.append(of(event(), key="new")),
        store.append(of(event(), key="new")),
        return_exceptions=True,
    )
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == [
        "Appended", "VersionConflict", "Appended", "DuplicateCommand", "ConditionFailed",
        "ConditionFailed", "Appended", "VersionConflict", "Appended", "DuplicateCommand",
    ]  # fmt: skip
    events = await whole_log(store)
    assert_sound(events)
    assert len(events) == 6


async def test_recorded_at_never_decreases_though_the_clock_does(stores: Stores, store: Store) -> None:
    await store.append(of(event()))
    stores.clock.move(hours=-1)
    behind = await store.append(of(event()))
    assert behind.events[0].recorded_at == NOON
    stores.clock.move(hours=1, microseconds=1)
    ahead = await store.append(of(event()))
    assert ahead.events[0].recorded_at == NOON + timedelta(microseconds=1)


async def test_a_moment_gives_the_last_position_recorded_until_then(stores: Stores, store: Store) -> None:
    for _ in range(3):
        await store.append(of(event(), event()))
        stores.clock.move(seconds=1)
    assert await store.position_at(NOON - timedelta(microseconds=1)) == 0
    assert await store.position_at(NOON) == 2
    assert await store.position_at(NOON + timedelta(seconds=1, microseconds=-1)) == 2
    assert await store.position_at(NOON + timedelta(seconds=1)) == 4
    assert await store.position_at(NOON + timedelta(days=1)) == 6


async def test_the_number_takes_the_local_day_of_recording(stores: Stores, store: Store) -> None:
    stores.clock.moment = NOON.replace(hour=15, minute=59, second=59)
    before = await store.append(of(numbered(), numbered("BX")))
    stores.clock.move(seconds=1)
    after = await store.append(of(numbered(), numbered(community="jinyu"), numbered()))
    assert [e.number for e in (*before.events, *after.events)] == [
        "GD-yinhu-20260301-0001",
        "BX-yinhu-20260301-0001",
        "GD-yinhu-20260302-0001",
        "GD-jinyu-20260302-0001",
        "GD-yinhu-20260302-0002",
    ]


async def test_past_9999_a_number_grows_a_digit(store: Store) -> None:
    done = await store.append(of(*(numbered() for _ in range(10_001))))
    assert [e.number for e in done.events[-3:]] == [
        "GD-yinhu-20260301-9999",
        "GD-yinhu-20260301-10000",
        "GD-yinhu-20260301-10001",
    ]


async def test_numbers_are_found_by_stream_and_streams_by_number(store: Store) -> None:
    stream, other = uuid4(), uuid4()
    await store.append(of(event(stream, book="GD", timezone="Asia/Shanghai")))
    await store.append(of(event(stream, 2, book="TS", timezone="Asia/Shanghai")))
    taken = await store.numbers_of([stream, other])
    assert taken[stream] == [
        NumberTaken("GD-yinhu-20260301-0001", "GD", "yinhu", "20260301", 1, 1, stream),
        NumberTaken("TS-yinhu-20260301-0001", "TS", "yinhu", "20260301", 1, 2, stream),
    ]
    assert list(taken[other]) == []
    assert await store.stream_of_number("TS-yinhu-20260301-0001") == stream
    assert await store.stream_of_number("TS-yinhu-20260301-0002") is None
    for number in ("GD-yinhu-20260301-0001", "TS-yinhu-20260301-0001"):
        assert list(await store.read_numbered(number)) == list(await store.read_stream(stream)), "by any of its numbers, whole"
    assert list(await store.read_numbered("TS-yinhu-20260301-0002")) == []


async def test_the_registry_version_counts_its_changes(store: Store) -> None:
    await store.append(of(event()))
    assert await store.registry_version() == 0
    await asyncio.gather(*(store.append(of(event(), bumps_registry=True)) for _ in range(3)))
    assert await store.registry_version() == 3


async def test_who_waits_for_the_log_is_woken(store: Store) -> None:
    heads = store.appended(0, timeout=30)
    waiting = asyncio.ensure_future(anext(heads))
    await store.append(of(event(), event()))
    assert await waiting == 2
    await store.append(of(event()))
    assert await anext(heads) == 3
    assert await anext(store.appended(1, timeout=30)) == 3


async def test_what_this_process_wrote_is_known_at_once(store: Store) -> None:
    await store.append(of(event()))
    assert await anext(store.appended(0, timeout=0)) == 1


async def test_who_waits_in_vain_is_told_where_the_log_stands(store: Store) -> None:
    await store.append(of(event()))
    assert await anext(store.appended(1, timeout=0.01)) == 1


async def test_closing_ends_the_wait(stores: Stores, store: Store) -> None:
    async def wait() -> list[int]:
        return [position async for position in store.appended(0, timeout=30)]

    waiting = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    await stores.close()
    assert await waiting == []


async def test_what_relies_on_the_registry_is_refused_after_a_change(store: Store) -> None:
    await store.append(of(event(), bumps_registry=True))
    await store.append(of(event(), conditions=[RegistryAt(1)]))
    await store.append(of(event(), bumps_registry=True))
    with pytest.raises(ConditionFailed) as failed:
        await store.append(of(event(), conditions=[RegistryAt(1)]))
    assert failed.value.condition == RegistryAt(1)
    await store.append(of(event(), conditions=[RegistryAt(2)]))
    assert (await store.head()).position == 4


async def test_the_registry_changes_within_a_batch(store: Store) -> None:
    appends = [of(event(), conditions=[RegistryAt(0)]), of(event(), bumps_registry=True), of(event(), conditions=[RegistryAt(0)])]
    outcomes = await asyncio.gather(*(store.append(append) for append in appends), return_exceptions=True)
    assert [isinstance(outcome, ConditionFailed) for outcome in outcomes] == [False, False, True]


async def test_one_look_finds_token_registry_and_command(store: Store) -> None:
    token = TokenRow(uuid4(), "li", b"t" * 32, NOON)
    await store.tokens.put_token(token)
    assert await store.look(token.token_hash, "k1") == Look(token, 1)
    await store.append(of(event(), key="k1"))
    record = await store.find_command("li", "k1")
    assert record is not None
    assert await store.look(token.token_hash, "k1") == Look(token, 1, record)
    assert await store.look(token.token_hash, None) == Look(token, 1)
    assert await store.look(b"x" * 32, "k1") == Look(None, 1)


async def test_an_empty_or_refused_batch_changes_nothing(stores: Stores, store: Store) -> None:
    """No position, no recorded_at, no number, no name, no key: the next append continues as if there had been none."""
    taken = numbered()
    name = ReserveName("login", "zhou", taken.stream_id)
    await store.append(of(taken, key="k1", conditions=[name]))
    before = await store.head(), await whole_log(store), await store.registry_version()
    stores.clock.forward(timedelta(hours=1))
    other = numbered()
    refused = (
        of(numbered(), event(taken.stream_id, 1)),
        of(numbered(), event(taken.stream_id, 3)),
        of(numbered(), key="k1"),
        of(other, key="k2", conditions=[ReserveName("login", "zhou", other.stream_id)]),
        of(numbered(), conditions=[StreamAt(taken.stream_id, 2)], bumps_registry=True),
    )
    together = await asyncio.gather(*(store.append(append) for append in refused), return_exceptions=True)
    for append, outcome in zip(refused, together, strict=True):
        assert isinstance(outcome, AppendRefused)
        with pytest.raises(AppendRefused):
            await store.append(append)
    with pytest.raises(ValueError, match="at least one event"):
        await store.append(of())
    assert (await store.head(), await whole_log(store), await store.registry_version()) == before
    assert await store.find_command("li", "k2") is None
    done = await store.append(of(numbered(), key="k2"))
    assert (done.position, done.events[0].number) == (2, "GD-yinhu-20260301-0002")


async def test_a_reader_under_64_writers_skips_no_event(stores: Stores, store: Store) -> None:
    """Every reader sees positions 1, 2, 3 … in order, in this opening and in another one of the same store."""
    readers = [store, store, await stores.open() if stores.url != "memory:" else store]
    last, each = 64 * 6, 6

    async def write() -> None:
        for _ in range(each):
            await store.append(of(event()))

    async def tail(log: Store) -> list[int]:
        seen: list[int] = []
        async for _ in log.appended(0, 60.0):
            while page := await log.read_log(len(seen), 7):
                seen += [one.position for one in page]
            if len(seen) == last:
                break
        return seen

    *_, first, second, third = await asyncio.gather(*(write() for _ in range(64)), *map(tail, readers))
    assert first == second == third == list(range(1, last + 1))
