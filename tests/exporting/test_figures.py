"""The books and the report equal a naive count over all events, after any history."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kernel.terms import Book, ClockStatus, State
from domain.rules.clocks import readings
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState
from domain.ticket.workflows import WORKFLOWS
from projections.engine.view import Reader
from projections.ticket.register_books import BOOKS, REGISTER_BOOKS, RegisterRow, register
from projections.ticket.service_report import SERVICE_REPORT, TOP, Decided, Fact, PersonFigures, report
from tests.support.estates.view_estate import COMMUNITIES, Estate
from tests.support.estates.view_fixtures import NewEstate

pytestmark = pytest.mark.anyio
walks = st.integers(0, 2**32).map(Random)
few = settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


async def reader_of(estate: Estate, name: str) -> Reader:
    """A view's live tables, at the end of the log."""
    projections = await estate.projections(views=(REGISTER_BOOKS, SERVICE_REPORT))
    await projections.start()
    assert await projections.wait_for(name, (await estate.store.head()).position, 60)
    await projections.stop()
    return projections.reader(name)


async def events_of(estate: Estate) -> dict[UUID, list[Any]]:
    """Every ticket's events."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for stored in await estate.log():
        if stored.topic.startswith("ticket."):
            found[stored.stream_id].append(estate.codec.decode(stored))
    return found


async def rounds_of_work(estate: Estate, random: Random) -> None:
    """Tickets whose work is done again and again: a verdict of either kind, reopening after a good one."""
    for _ in range(4):
        ticket = await estate.receive(random.choice(COMMUNITIES))
        await estate.act(ticket, c.Classify(kind="repair", facility="private", category=random.choice(["lift", "plumbing"])))
        for _ in range(random.randint(1, 4)):
            if estate.tickets[ticket].state is State.FOLLOWED_UP:
                await estate.act(ticket, c.Reopen(reason="又坏了"))
            worker = random.choice(["wang", "zhao"])
            await estate.act(ticket, c.Dispatch(assignee=worker))
            estate.clock.forward(timedelta(hours=random.choice([1, 30, 90])))
            await estate.act(ticket, c.Complete(resolution="好了"), actor=worker)
            satisfied = random.random() < 0.6
            await estate.act(ticket, c.FollowUp(satisfied=satisfied, method="phone", rating=random.randint(1, 5)))


@few
@given(walks)
async def test_the_report_is_a_naive_count(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 70)
        await rounds_of_work(estate, random)
        reader = await reader_of(estate, SERVICE_REPORT.name)
        history, states = await events_of(estate), await estate.states_at(10**9)
        begin = min(event.timestamp for events in history.values() for event in events)
        now = estate.clock.now() + timedelta(days=random.choice([0, 1, 30]))
        whole = (begin, now + timedelta(days=100))
        cut = sorted(begin + (now - begin) * random.random() for _ in range(2))
        for since, until in (whole, (cut[0], cut[1]), (now, now)):
            for community in COMMUNITIES:
                mine = [s for s in states.values() if s.community == community]
                found = await report(reader, community, since, until, now=now)
                same_report(found, mine, history, since, until, now)


def same_report(
    found: Any, states: list[TicketState], history: dict[UUID, list[Any]], since: datetime, until: datetime, now: datetime
) -> None:
    received = [s for s in states if s.received_at and since <= s.received_at < until]
    assert found.received == len(received)
    assert found.back_entered == sum(any(e.meta.back_entered for e in history[s.id]) for s in received)
    assert found.by_kind == Counter(s.kind for s in received)
    assert found.by_channel == Counter(s.channel for s in received)
    assert found.by_kind_and_channel == Counter((s.kind, s.channel) for s in received)
    categories = Counter((s.kind, s.category) for s in received if s.category)
    often = sorted(((k, c, n) for (k, c), n in categories.items()), key=lambda one: (-one[2], one[0] or "", one[1]))
    assert list(found.categories) == often[:TOP]
    met: Counter[Any] = Counter()
    breached: Counter[Any] = Counter()
    for s in states:
        for reading in readings(s.timeline, s.kind, s.facility, now):
            called_off = s.state is State.CANCELLED and reading.stopped_at == s.timeline.stopped_at
            if reading.status is ClockStatus.MET and reading.stopped_at and since <= reading.stopped_at < until:
                met[reading.clock] += not called_off
            if reading.status is ClockStatus.BREACHED and reading.breached_at and since <= reading.breached_at < until:
                breached[reading.clock] += 1
    met = +met
    assert found.clocks == {clock: Decided(met[clock], breached[clock]) for clock in {*met, *breached}}
    same_facts(found, states, history, since, until)


def same_facts(found: Any, states: list[TicketState], history: dict[UUID, list[Any]], since: datetime, until: datetime) -> None:
    facts: Counter[Fact] = Counter()
    ratings: Counter[int] = Counter()
    people: defaultdict[str, PersonFigures] = defaultdict(PersonFigures)
    first_time = 0
    for s in states:
        again, workers = False, dict[str, None]()
        for event in history[s.id]:
            counts = since <= event.timestamp < until
            who = event.meta.on_behalf_of or event.meta.actor
            match event:
                case Ticket.WorkStarted():
                    workers[who] = None
                case Ticket.RepairCompleted() | Ticket.SettledAtDesk():
                    workers[who] = None
                    facts[Fact.COMPLETED] += counts
                    if counts:
                        people[who].completed += 1
                case Ticket.FollowUpRecorded():
                    facts[Fact.SATISFIED if event.satisfied else Fact.DISSATISFIED] += counts
                    if counts:
                        first_time += event.satisfied and not again
                        ratings.update([event.rating] if event.rating else [])
                    for person in workers if counts else ():
                        people[person].satisfied += event.satisfied
                        people[person].dissatisfied += not event.satisfied
                        people[person].rated += event.rating is not None
                        people[person].rating_sum += event.rating or 0
                    if not event.satisfied:
                        again, workers = True, {}
                case Ticket.TicketReopened():
                    facts[Fact.REOPENED] += counts
                    again, workers = True, {}
                case Ticket.ClosedUnreached():
                    facts[Fact.UNREACHED] += counts
                case Ticket.TicketCancelled():
                    facts[Fact.CANCELLED] += counts
    assert found.facts == +facts
    assert (found.first_time, found.ratings) == (first_time, ratings)
    assert found.people == dict(people)


@few
@given(walks)
async def test_every_number_stands_in_its_book_once(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 90)
        reader = await reader_of(estate, REGISTER_BOOKS.name)
        states = await estate.states_at(10**9)
        taken = [n for n in await estate.log() if n.number and n.book != Book.INTAKE]
        last = {n.stream_id: n.number for n in taken}
        for community in COMMUNITIES:
            for book in BOOKS:
                rows = await whole_book(reader, community, book, random.choice([1, 3, 200]))
                assert [(r.number, r.recorded_at) for r in rows] == [
                    (n.number, n.recorded_at) for n in taken if (n.community, n.book) == (community, book)
                ]
                gapless(rows)
                for row in rows:
                    s = states[row.ticket]
                    assert row.void is (last[s.id] != row.number)
                    assert row.replaced_by == (last[s.id] if row.void else None)
                    assert row.void or (s.kind and WORKFLOWS[s.kind].book is book)
                    assert (row.state, row.kind, row.rework, row.rating) == (s.state, s.kind, s.rework, s.rating)
                    assert (row.description, row.dwelling, row.resolution) == (s.description, s.dwelling, s.resolution)
                    assert (row.completed_at is not None) >= (s.state in (State.REPAIRED, State.FOLLOWED_UP))


async def whole_book(reader: Reader, community: str, book: Book, limit: int) -> list[RegisterRow]:
    """Page after page."""
    rows: list[RegisterRow] = []
    more = True
    while more:
        page = await register(reader, community, book, after=rows[-1].position if rows else 0, limit=limit)
        rows += page.items
        more = page.more
    return rows


def gapless(rows: list[RegisterRow]) -> None:
    """Within a day each number is the one before it and one more."""
    counts: Counter[str] = Counter()
    for row in rows:
        day, _, sequence = row.number.rpartition("-")
        counts[day] += 1
        assert int(sequence) == counts[day]


async def test_days_of_recording_bound_a_book(new_estate: NewEstate) -> None:
    async with new_estate() as estate:
        for _ in range(5):
            await estate.act(await estate.receive(), c.Classify(kind="repair", facility="private"))
            estate.clock.forward(timedelta(hours=15))
        reader = await reader_of(estate, REGISTER_BOOKS.name)
        rows = await whole_book(reader, "garden", Book.REPAIR, 200)
        assert len(rows) == 5
        since, until = rows[1].recorded_at, rows[-1].recorded_at
        found = await register(reader, "garden", Book.REPAIR, recorded_from=since, recorded_to=until)
        assert [r.number for r in found.items] == [r.number for r in rows if since <= r.recorded_at < until]
