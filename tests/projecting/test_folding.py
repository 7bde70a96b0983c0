"""Every read model equals a replay of the log, at every position, for any division of the log into batches."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.projecting.folding.streams import Streams
from adapters.store.keys.blind_tokens import bigrams
from adapters.store.keys.keys import KeyStore
from domain.kernel.privacy import normal_phone
from domain.kernel.terms import AssigneeType, Book, ClockName, ClockStatus, Kind, State, Urgency
from domain.people.assignee import Assignee
from domain.rules.clocks import latest, readings
from domain.ticket.state import TicketState
from projections.read_models import VIEWS
from projections.ticket.open_workload import OPEN_WORKLOAD
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from projections.ticket.ticket_search import Filters
from tests.support.estates.view_estate import COMMUNITIES, PHONES, TEXTS, Estate, estate_at
from tests.support.estates.view_fixtures import NewEstate
from tests.support.examples import one_in

pytestmark = pytest.mark.anyio
walks = st.integers(0, 2**32).map(Random)
few = settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
OPEN = [State.RECEIVED, State.CLASSIFIED, State.DISPATCHED, State.REPAIRED]


@few
@given(walks)
async def test_rows_are_those_of_a_fold_from_scratch_at_every_position(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 60)
        for view in VIEWS:
            slow, at_once = await estate.new_set(view, 1), await estate.new_set(view, 2)
            while await slow.advance(random.choice([1, 2, 5, 20])):
                assert not await estate.differences(slow), view.name
            await at_once.catch_up(1000)
            rows = await estate.rows(slow)
            assert rows == await estate.rows(at_once)
            assert view is not TICKET_DIRECTORY or len(rows["ticket_directory"]) == len(estate.tickets)


@settings(few, max_examples=one_in(5).max_examples)
@given(walks)
async def test_rows_are_those_of_a_fold_from_scratch_on_many_walks(keys: KeyStore, random: Random) -> None:
    async with estate_at("memory:", keys) as estate:
        await estate.wander(random, 50)
        for view in VIEWS:
            follower = await estate.new_set(view)
            while await follower.advance(random.choice([3, 7, 20])):
                assert not await estate.differences(follower), view.name


@few
@given(walks)
async def test_new_streams_that_are_loaded_make_the_same_rows(new_estate: NewEstate, random: Random) -> None:
    """The rows of many new streams in a batch are loaded, not merged with those that are there."""
    async with new_estate() as estate:
        await estate.wander(random, 60)
        with patch("adapters.projecting.folding.follower.MANY", random.randint(0, 3)):
            for view in VIEWS:
                moved = await estate.new_set(view)
                while await moved.advance(random.choice([2, 5, 20])):
                    assert not await estate.differences(moved), view.name


@few
@given(walks)
async def test_what_is_not_remembered_is_read_from_the_log(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 40)
        log = [event for event in await estate.log() if event.topic.startswith("ticket.")]
        forgetful = estate.folding(TICKET_DIRECTORY, capacity=1).streams
        forward = Streams(estate.store, estate.codec, estate.store.database, capacity=2, forward=True)
        at = 0
        while at < len(log):
            batch = log[at : at + random.randint(1, 12)]
            at += len(batch)
            expected = await estate.folding(TICKET_DIRECTORY).streams.runs(batch)
            assert await forgetful.runs(batch) == expected
            assert await forward.runs(batch) == expected


@few
@given(walks)
async def test_a_set_taken_over_midway_comes_to_the_same(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 40)
        for view in VIEWS:
            follower, whole = await estate.new_set(view, 1), await estate.new_set(view, 2)
            while await follower.advance(random.randint(1, 15)):
                if random.random() < 0.4:
                    follower = await estate.follower(view, 1, holder=f"holder {random.random()}")
            await whole.catch_up(1000)
            assert await estate.rows(follower) == await estate.rows(whole)


@few
@given(walks)
async def test_workload_of_any_moment_is_a_naive_replay(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 60)
        projections = await estate.projections()
        await projections.start()
        head = (await estate.store.head()).position
        assert await projections.wait_for(OPEN_WORKLOAD.name, head, 60)
        for position in {*random.sample(range(head + 1), min(head, 6)), head}:
            states = await estate.states_at(position)
            now = max([s.occurred_at for s in states.values() if s.occurred_at], default=estate.clock.now())
            now += timedelta(minutes=random.choice([0, 60, 3000, 9000]))
            for community in COMMUNITIES:
                unfinished = {s.id: s for s in states.values() if s.community == community and s.state in OPEN}
                found = await projections.workload(community, now=now, at=position, limit=200)
                assert found.position == position
                same_workload(found, unfinished, now)
                if position == head:
                    same_workload(await projections.workload(community, now=now, limit=200), unfinished, now)
                pages = await every_page(projections.workload, community, now=now, at=position, limit=2)
                assert pages == found.items
        await projections.stop()


def same_workload(found: Any, unfinished: dict[Any, TicketState], now: Any) -> None:
    """Assert that totals, counts, items and their order equal those of a naive count."""
    states = list(unfinished.values())
    assert found.total == len(states)
    assert found.by_state == Counter(s.state for s in states)
    assert found.by_kind == Counter(s.kind for s in states)
    assert found.by_assignee == Counter(s.assignment.assignee if s.assignment else None for s in states)
    clocks: Counter[tuple[ClockName, ClockStatus]] = Counter()
    due = {}
    for s in states:
        read = latest(readings(s.timeline, s.kind, s.facility, now))
        clocks.update((r.clock, r.status) for r in read)
        due[s.id] = min((r.due_at for r in read if r.stopped_at is None and r.status is not ClockStatus.PAUSED), default=None)
    counted = {(clock, status): n for clock, by in found.clocks.items() for status, n in by.items() if n}
    assert counted == {key: n for key, n in clocks.items() if key[1] is not ClockStatus.MET}
    ordered = sorted(states, key=lambda s: (due[s.id] is None, due[s.id] or now, s.id.bytes))
    assert [row.ticket for row in found.items] == [s.id for s in ordered]
    for row in found.items:
        s = unfinished[row.ticket]
        assert (row.state, row.kind, row.version, row.urgency) == (s.state, s.kind, s.version, s.urgency)
        assert (row.rework, row.urged, row.dwelling) == (s.rework, s.urged, s.dwelling)
        assert sorted(row.clocks(now), key=repr) == sorted(latest(readings(s.timeline, s.kind, s.facility, now)), key=repr)


async def every_page(ask: Any, *args: Any, **options: Any) -> list[Any]:
    """All items, page after page."""
    items: list[Any] = []
    cursor = None
    while True:
        page = await ask(*args, **options, cursor=cursor)
        items.extend(page.items)
        cursor = page.cursor
        if cursor is None:
            return items
        assert page.items


@few
@given(walks)
async def test_search_is_a_naive_filter(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 60)
        projections = await estate.projections()
        await projections.start()
        assert await projections.wait_for(TICKET_DIRECTORY.name, (await estate.store.head()).position, 60)
        now = estate.clock.now() + timedelta(minutes=random.choice([0, 3000]))
        texts = {ticket: await estate.clear(ticket) for ticket in estate.tickets}
        numbers = await estate.store.numbers_of(list(estate.tickets))
        order = {ticket: taken[0].position for ticket, taken in numbers.items()}
        taken_numbers = {ticket: [n.number for n in taken] for ticket, taken in numbers.items()}
        some = random.choice(random.choice(list(taken_numbers.values())))
        for filters in [Filters(), *(any_filters(random, estate, some) for _ in range(25))]:
            expected = sorted(
                (s.id for s in estate.tickets.values() if passes(s, filters, now, texts[s.id], taken_numbers[s.id])),
                key=lambda ticket: -order[ticket],
            )
            found = await every_page(projections.search, filters, now=now, limit=random.choice([1, 3, 200]))
            assert [row.ticket for row in found] == expected, filters
        for row in await every_page(projections.search, Filters(), now=now, limit=200):
            own, *books = taken_numbers[row.ticket]
            assert (row.number, row.book_number) == (own, books[-1] if books else None)
            listed = await projections.numbers_of(row.ticket)
            assert [(n.number, n.void) for n in listed] == [(own, False), *((n, n != books[-1]) for n in books)]
            assert await projections.ticket(row.ticket) == row
        await projections.stop()


def any_filters(random: Random, estate: Estate, number: str) -> Filters:
    """One to three filters."""
    received = [s.received_at for s in estate.tickets.values() if s.received_at]
    one: list[dict[str, Any]] = [
        {"communities": random.choice([["garden"], ["lake", "garden"], []])},
        {"states": random.sample(list(State), 2)},
        {"kinds": random.sample(list(Kind), 3)},
        {"assignees": [Assignee(random.choice(list(AssigneeType)), random.choice(["wang", "zhao"]))]},
        {"clock": random.choice([ClockStatus.RUNNING, ClockStatus.PAUSED, ClockStatus.BREACHED])},
        {"q": random.choice([*TEXTS, "王小", "1201", "broken", "没有"])},
        {"q": " ".join(random.choices([*TEXTS, "王小", "1201", "broken", "水", "没有"], k=random.choice([2, 3])))},
        {"q": random.choice([number, number[:-2], number.lower()[:2] + number[2:], "GD-", "bx-garden"])},
        {"phone": random.choice([*(phone for phone in PHONES if phone), "０１３８-1234-5678", "13999999999"])},
        {"received_from": random.choice(received), "received_to": random.choice(received)},
        {"book": random.choice(list(Book))},
        {"areas": ["A1"], "own": [Assignee(AssigneeType.PERSON, "wang")]},
        {"areas": ["A2"]},
    ]
    chosen: dict[str, Any] = {}
    for filters in random.sample(one, random.choice([1, 1, 2, 3])):
        chosen.update(filters)
    return Filters(**chosen)


def passes(s: TicketState, f: Filters, now: datetime, texts: dict[str, str | None], numbers: list[str]) -> bool:
    """Whether a ticket passes the filters, decided naively."""
    carrier = s.assignment.assignee if s.assignment else None
    area = s.location.area if s.location else None
    if f.communities is not None and s.community not in f.communities:
        return False
    if (f.states and s.state not in f.states) or (f.kinds and s.kind not in f.kinds):
        return False
    if (f.assignees and carrier not in f.assignees) or (f.book is not None and s.book is not f.book):
        return False
    if f.clock is not None and f.clock not in {r.status for r in latest(readings(s.timeline, s.kind, s.facility, now))}:
        return False
    if f.areas is not None and area not in f.areas and not (f.own and carrier in f.own):
        return False
    if f.phone is not None and normal_phone(f.phone) != normal_phone(texts.get("reporter_phone") or "none"):
        return False
    assert s.received_at is not None
    if f.received_from is not None and s.received_at < f.received_from:
        return False
    if f.received_to is not None and s.received_at >= f.received_to:
        return False
    if f.q and f.q[2:3] == "-":
        return any(number.startswith(f.q[:2].upper() + f.q[2:]) for number in numbers)
    held = {pair for name in ("description", "reporter_name", "dwelling") for pair in bigrams(texts.get(name) or "")}
    return all(bigrams(word) <= held for word in (f.q or "").split())


@few
@given(walks)
async def test_worklist_is_a_naive_list(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 60)
        projections = await estate.projections()
        await projections.start()
        assert await projections.wait_for(TECHNICIAN_WORKLIST.name, (await estate.store.head()).position, 60)
        wanted = [Assignee(AssigneeType.PERSON, "wang"), Assignee(AssigneeType.TEAM, "zhao")]
        for assignees, communities in (([], None), (wanted, None), (wanted, ["lake"]), (wanted[:1], [])):
            carried = [
                s
                for s in estate.tickets.values()
                if s.state is State.DISPATCHED and s.assignment and s.assignment.assignee in assignees
                and (communities is None or s.community in communities)
            ]  # fmt: skip
            found = await projections.worklist(assignees, communities=communities)
            assert sorted(row.ticket for row in found.items) == sorted(s.id for s in carried)
            never = datetime.max.replace(tzinfo=UTC)
            keys = [(r.urgency is not Urgency.EMERGENCY, r.appointment_at or never, r.due_at or never) for r in found.items]
            assert keys == sorted(keys)
            for row in found.items:
                s = estate.tickets[row.ticket]
                assert s.assignment is not None
                assert (row.accepted, row.started, row.version) == (s.assignment.accepted, s.assignment.started, s.version)
                assert row.appointment_at == s.appointment_at
        await projections.stop()
