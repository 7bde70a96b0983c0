"""The engine: views follow the log, one runner at a time; a poison event parks its own ticket; the erased are not found."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from adapters.projecting.tables.fences import Fenced
from adapters.store.log.codec import EventCodec, UnknownVersion
from domain.kernel.errors import NotFound, Overloaded
from domain.kernel.ports import Append, NewEvent, StoredEvent
from domain.kernel.terms import AssigneeType, Kind
from domain.people.assignee import Assignee
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from projections.engine.view import View
from projections.ticket.open_workload import OPEN_WORKLOAD, SPANS
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from projections.ticket.ticket_search import Filters
from tests.support.estates.view_estate import TICKET_VIEWS, Estate, reached

pytestmark = pytest.mark.anyio
NAMES = [view.name for view in TICKET_VIEWS]
WANG = Assignee(AssigneeType.PERSON, "wang")


class OlderCodec(EventCodec):
    """The codec of an older program, which doesn't know urging."""

    learned = False

    def decode(self, stored: StoredEvent) -> Any:
        if stored.topic == Ticket.TicketUrged.TOPIC and not self.learned:
            raise UnknownVersion(stored.topic, 2, 1)
        return super().decode(stored)


async def test_views_follow_what_is_written(estate: Estate) -> None:
    projections = await estate.projections()
    await projections.start()
    ticket = await estate.receive()
    await estate.act(ticket, c.Classify(kind=Kind.REPAIR, facility="private"))
    position = await estate.act(ticket, c.Dispatch(assignee="wang"))
    await reached(projections, estate)
    assert (await projections.workload("garden", now=estate.clock.now())).total == 1
    [order] = (await projections.worklist([WANG])).items
    found = await projections.search(Filters(q="漏水"), now=estate.clock.now())
    assert [row.ticket for row in found.items] == [order.ticket] == [ticket]
    assert found.position == position
    for status in await projections.status():
        assert (status.position, status.head, status.lag_seconds, status.status) == (position, position, 0.0, "live")
        assert (status.error, status.parked) == (None, [])
    assert not await projections.wait_for(TICKET_DIRECTORY.name, position + 1, 0.01)
    await projections.stop()


async def test_everything_ends_when_it_is_stopped(estate: Estate) -> None:
    before = asyncio.all_tasks()
    projections = await estate.projections()
    await projections.start()
    ticket = await estate.receive()
    waiting = asyncio.create_task(projections.wait_for(NAMES[0], 10**6, 60))
    await estate.act(ticket, c.Note(text="备注"))
    await projections.stop()
    assert not await waiting
    assert {task for task in asyncio.all_tasks() - before if "projection" in task.get_name()} == set()


async def test_there_is_nothing_to_read_before_a_view_is_built(estate: Estate) -> None:
    projections = await estate.projections()
    with pytest.raises(Overloaded):
        await projections.workload("garden", now=estate.clock.now())
    assert {status.status for status in await projections.status()} == {"rebuilding"}
    await projections.stop()


async def test_a_poison_event_parks_its_own_ticket_and_can_be_retried(estate: Estate) -> None:
    codec = OlderCodec()
    older = await estate.projections(codec=codec)
    await older.start()
    poisoned, healthy = await estate.receive(), await estate.receive()
    at = await estate.act(poisoned, c.Urge())
    await estate.act(poisoned, c.Note(text="后来"))
    await estate.act(healthy, c.Classify(kind=Kind.ENQUIRY))
    await reached(older, estate)
    for status in await older.status():
        [parked] = status.parked
        assert (parked.stream, parked.position) == (poisoned, at)
        assert parked.error == "UnknownVersion: ticket.urged is stored in version 2; this code knows up to 1"
        assert status.status == "live"
    held, other = await older.ticket(poisoned), await older.ticket(healthy)
    assert held is not None
    assert held.version == 1
    assert other is not None
    assert other.version == 2
    assert not await older.retry(TICKET_DIRECTORY.name, poisoned)
    assert len((await older.status())[1].parked) == 1
    newer = await estate.projections()
    assert await newer.retry(TICKET_DIRECTORY.name, poisoned)
    row = await newer.ticket(poisoned)
    assert row is not None
    assert row.version == 3
    with pytest.raises(NotFound):
        await newer.retry(TICKET_DIRECTORY.name, poisoned)
    # What comes after the retry is no longer held back, though another process did it; but this program can't fold it yet.
    await estate.act(poisoned, c.Note(text="还在"))
    await reached(older, estate)
    assert [len(status.parked) for status in await newer.status()] == [1, 1, 1]
    assert not (await newer.check(TICKET_DIRECTORY.name))[0].differences
    codec.learned = True
    assert await newer.retry(TICKET_DIRECTORY.name, poisoned)
    await estate.act(poisoned, c.Classify(kind=Kind.OTHER))
    await reached(older, estate)
    row = await newer.ticket(poisoned)
    assert row is not None
    assert (row.version, row.kind) == (5, Kind.OTHER)
    assert [len(status.parked) for status in await newer.status()] == [1, 0, 1]
    await older.stop()
    await newer.stop()


async def test_a_retry_leaves_no_row_that_is_no_more(estate: Estate) -> None:
    codec = OlderCodec()
    follower = await estate.new_set(TECHNICIAN_WORKLIST, codec=codec)
    ticket = await estate.receive()
    await estate.act(ticket, c.Classify(kind=Kind.OTHER))
    await estate.act(ticket, c.Dispatch(assignee="wang"))
    await follower.catch_up(100)
    await estate.act(ticket, c.Urge())
    await estate.act(ticket, c.Cancel(reason="withdrawn"))
    await follower.catch_up(100)
    assert len((await estate.rows(follower))["technician_worklist"]) == 1
    codec.learned = True
    assert await follower.retry(ticket)
    assert (await estate.rows(follower))["technician_worklist"] == []


async def test_no_set_goes_live_that_is_behind(estate: Estate) -> None:
    await estate.receive()
    ahead, behind = await estate.new_set(TECHNICIAN_WORKLIST, 1), await estate.new_set(TECHNICIAN_WORKLIST, 2)
    catalogue = estate.catalogue()
    assert await catalogue.swap([(ahead.name, ahead.tables.version)], "test")
    await ahead.take()
    await ahead.catch_up(100)
    await behind.take()
    assert not await catalogue.swap([(behind.name, behind.tables.version)], "test")
    await behind.catch_up(100)
    with pytest.raises(Fenced):
        await catalogue.swap([(behind.name, behind.tables.version)], "somebody else")
    assert await catalogue.swap([(behind.name, behind.tables.version)], "test")
    live = await catalogue.live(behind.name)
    assert live is not None
    assert live.version == behind.tables.version


async def test_bytes_that_are_no_event_park_their_ticket(estate: Estate) -> None:
    projections = await estate.projections()
    await projections.start()
    ticket = await estate.receive()
    await estate.store.append(Append([NewEvent(ticket, 2, "ticket.noted", "garden", b'{"secret": "13812345678"}')]))
    await reached(projections, estate)
    for status in await projections.status():
        [parked] = status.parked
        assert parked.stream == ticket
        assert "13812345678" not in parked.error
    for name in NAMES:
        assert not await projections.retry(name, ticket)
        assert not (await projections.check(name))[0].differences
    await projections.stop()


def faulty(view: View, wrong: Any) -> View:
    """A view whose fold fails on some streams."""

    def fold(steps: Any) -> Any:
        for write in view.fold(steps):
            yield wrong(steps, write)

    return replace(view, fold=fold)


def overflowing(steps: Any, write: Any) -> Any:
    """A row that no database takes, from the ticket's third event on."""
    too_much = steps[-1].after.state.version >= 3 and steps[-1].after.state.kind is Kind.VISIT
    return write._replace(row=write.row._replace(urged=2**70)) if too_much else write


def raising(steps: Any, write: Any) -> Any:
    """A fold that fails from the third event on."""
    if steps[-1].after.state.version >= 3 and steps[-1].after.state.kind is Kind.VISIT:
        raise ValueError("王小明 13812345678")
    return write


@pytest.mark.parametrize("wrong", [overflowing, raising])
async def test_rows_that_cannot_be_made_or_kept_park_their_ticket(estate: Estate, wrong: Any) -> None:
    tickets = [await estate.receive() for _ in range(6)]
    for ticket in tickets:
        await estate.act(ticket, c.Classify(kind=Kind.VISIT if ticket == tickets[2] else Kind.ENQUIRY))
    for ticket in tickets:
        await estate.act(ticket, c.Urge())
    sound, broken = await estate.new_set(OPEN_WORKLOAD, 1), await estate.new_set(faulty(OPEN_WORKLOAD, wrong), 2)
    await sound.catch_up(8)
    await broken.catch_up(8)
    [parked] = await estate.catalogue().parked(OPEN_WORKLOAD.name, broken.tables.version)
    assert parked.stream == tickets[2]
    assert "13812345678" not in parked.error
    at = SPANS.names.index("ticket")
    rows, expected = (await estate.rows(broken))["open_workload"], (await estate.rows(sound))["open_workload"]
    assert [r for r in rows if r[at] != tickets[2].bytes] == [r for r in expected if r[at] != tickets[2].bytes]
    assert broken.position == sound.position


def overflowing_once(steps: Any, write: Any) -> Any:
    """A row that no database takes at the ticket's third event, and a sound one after it."""
    third = steps[-1].after.state.version == 3 and steps[-1].after.state.kind is Kind.VISIT
    return write._replace(row=write.row._replace(urged=2**70)) if third else write


async def test_catching_up_goes_on_without_the_ticket_whose_row_the_database_refused(estate: Estate) -> None:
    """The batch after is folded while the refused one is written: the parked ticket's events in it must not be projected."""
    refused, sound = await estate.receive(), await estate.receive()
    await estate.act(refused, c.Classify(kind=Kind.VISIT))
    await estate.act(sound, c.Classify(kind=Kind.ENQUIRY))
    at = await estate.act(refused, c.Urge())
    for ticket in (sound, refused, sound, refused, sound, refused, sound):
        last = await estate.act(ticket, c.Urge())
    follower = await estate.new_set(faulty(OPEN_WORKLOAD, overflowing_once))
    await follower.catch_up(2)
    [parked] = await estate.catalogue().parked(OPEN_WORKLOAD.name, follower.tables.version)
    assert (parked.stream, parked.position) == (refused, at)
    assert (follower.position, follower.parked) == (last, {refused})
    ticket_at, end, urged = (SPANS.names.index(name) for name in ("ticket", "to_position", "urged"))
    now = {row[ticket_at]: row[urged] for row in (await estate.rows(follower))["open_workload"] if row[end] is None}
    assert now == {refused.bytes: 0, sound.bytes: 4}


async def test_a_runner_that_lost_its_set_cannot_write(estate: Estate) -> None:
    ticket = await estate.receive()
    paused = await estate.new_set(TICKET_DIRECTORY, holder="paused")
    folded = await paused.fold_next(0, 100)
    assert folded is not None
    other = await estate.follower(TICKET_DIRECTORY, holder="other")
    with pytest.raises(Fenced):
        await paused.write(folded)
    assert not (await estate.rows(paused))["ticket_directory"]
    await other.advance(100)
    await estate.act(ticket, c.Note(text="备注"))
    with pytest.raises(Fenced):
        await paused.advance(100)
    await other.advance(100)
    assert not await estate.differences(other)


async def test_only_one_of_two_moves_a_view_and_the_other_takes_over(estate: Estate) -> None:
    first, second = await estate.projections(), await estate.projections()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(second.stop)
        await first.start()
        await reached(first, estate)
        holders = {status.holder for status in await first.status()}
        assert len(holders) == 1
        await second.start()
        ticket = await estate.receive()
        await reached(second, estate)  # it waits for what the first does
        assert {status.holder for status in await second.status()} == holders
        await first.stop()
        await estate.act(ticket, c.Note(text="备注"))
        await reached(second, estate)
        assert {status.holder for status in await second.status()} & holders == set()
        assert not [found for found in await second.check() if found.differences]


async def test_an_erased_subject_is_found_no_more(estate: Estate) -> None:
    projections = await estate.projections()
    await projections.start()
    subject, other = estate.ids.new(), estate.ids.new()
    ticket, kept = await estate.receive(subject=subject), await estate.receive(subject=other)
    await reached(projections, estate)

    async def found(**filters: Any) -> set[Any]:
        return {row.ticket for row in (await projections.search(Filters(**filters), now=estate.clock.now())).items}

    for filters in ({"q": "漏水"}, {"q": "王小明"}, {"phone": "13812345678"}, {"q": "1201"}):
        assert await found(**filters) == {ticket, kept}
    await estate.erase(subject, ticket)
    await estate.act(ticket, c.Classify(kind=Kind.OTHER))
    await reached(projections, estate)
    for filters in ({"q": "漏水"}, {"q": "王小明"}, {"phone": "13812345678"}, {"q": "1201"}):
        assert await found(**filters) == {kept}
    assert await found() == {ticket, kept}
    assert [checked.differences for checked in await projections.check()] == [[], [], [], []]
    live = await estate.catalogue().live(TICKET_DIRECTORY.name)
    assert live is not None
    tokens = f"SELECT count(*) FROM ticket_tokens_v{live.version} WHERE subject = :subject"
    assert await estate.database.read(tokens, {"subject": subject.bytes}) == [(0,)]
    assert (await estate.database.read(tokens, {"subject": other.bytes}))[0][0] > 0
    await projections.rebuild(TICKET_DIRECTORY.name)
    assert await found(q="漏水") == {kept}
    await projections.stop()


async def test_tokens_stay_away_from_when_erasure_is_ordered_though_the_key_lives_on(estate: Estate) -> None:
    """The event comes first, the key goes a moment later; what is folded in between leaves nothing behind."""
    subject = estate.ids.new()
    ticket = await estate.receive(subject=subject)
    follower = await estate.new_set(TICKET_DIRECTORY)
    await follower.catch_up(100)
    assert (await estate.rows(follower))["ticket_tokens"]
    erase, estate.keys.erase = estate.keys.erase, no_erasure  # type: ignore[method-assign]
    try:
        await estate.erase(subject, ticket)
    finally:
        estate.keys.erase = erase  # type: ignore[method-assign]
    await estate.act(ticket, c.Correct(field="description", value="另一处漏水", reason="new_information"))
    await follower.catch_up(100)
    assert (await estate.rows(follower))["ticket_tokens"] == []
    assert not await estate.differences(follower)


async def no_erasure(subject: Any) -> None:
    """The moment between the event and the key's destruction."""
