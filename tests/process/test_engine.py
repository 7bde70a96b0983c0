"""The runner of process managers: once per cause whatever breaks, true moments after downtime, nothing outdated."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.processing.processes import Processes
from adapters.projecting.folding.following import Following
from adapters.projecting.tables.fences import Fenced
from domain.kernel.errors import NotFound
from domain.kernel.terms import Kind
from domain.process.process import Moment, Outlook, Subject
from domain.process.proposals import PROPOSALS
from domain.process.service import SERVICE, ServiceState
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from tests.process.reminding import NAME, REMINDING, look, reminding, target_of, topics
from tests.support.clock import MORNING
from tests.support.estates.desk_estate import DAY, HOUR, MINUTE, Estate, leak
from tests.support.estates.view_estate import until
from tests.support.faulty_log import faulty
from tests.support.following import settle

pytestmark = pytest.mark.anyio
PROPOSED, WITHDRAWN = "finding.proposed", "finding.withdrawn"


async def test_a_cause_comes_by_time_and_goes_by_an_event(estate: Estate) -> None:
    async with await reminding(estate) as processes:
        ticket = await estate.receive()
        await processes.catch_up()
        [status] = await processes.status()
        assert (status.waiting, status.next_due) == (1, MORNING + HOUR)
        estate.clock.forward(HOUR - MINUTE / 60)
        await processes.catch_up()
        assert await topics(estate, ticket) == []
        estate.clock.forward(MINUTE / 60)
        await processes.catch_up()
        assert await topics(estate, ticket) == [PROPOSED]
        await estate.act("assistant", ticket, c.Note(text="已联系"))
        await processes.catch_up()
        await processes.catch_up()
        assert await topics(estate, ticket) == [PROPOSED, WITHDRAWN]


async def test_after_downtime_the_true_moments_are_written(shared: Estate) -> None:
    first = await shared.receive()
    shared.clock.forward(30 * MINUTE)
    second = await shared.receive()
    shared.clock.forward(3 * DAY)
    async with await reminding(shared) as processes:
        await processes.catch_up()
        for ticket, due in ((first, MORNING + HOUR), (second, MORNING + HOUR + 30 * MINUTE)):
            [event] = await shared.events_of(target_of(UUID(ticket)))
            assert event.timestamp == due
            assert (event.meta.actor, event.meta.causation_id) == (f"system:{NAME}", UUID(ticket))
        [status] = await processes.status()
        head = (await shared.g.store.head()).position
        assert (status.position, status.head, status.lag_seconds, status.waiting, status.status) == (head, head, 0.0, 0, "live")


async def test_a_process_that_takes_some_events_of_a_stream_moves_alone(shared: Estate) -> None:
    """It needs the state before the first event it takes, also where the events before that are in one batch with it."""
    for _ in range(2):
        await shared.act("assistant", await shared.receive(), c.Classify(kind=Kind.ENQUIRY))
    async with await reminding(shared, process=PROPOSALS) as processes:
        await processes.catch_up()
        [status] = await processes.status()
        assert (status.position, status.parked) == (status.head, [])


async def test_what_was_forgotten_is_ordered_only_once(shared: Estate) -> None:
    """Checkpoint and due moments are lost: every stream is looked at again, and nothing is written again."""
    ticket, noted = await shared.receive(), await shared.receive()
    await shared.act("assistant", noted, c.Note(text="已联系"))
    shared.clock.forward(DAY)
    database = shared.g.store.database
    assert database is not None
    for _ in range(3):
        async with await reminding(shared) as processes:
            await processes.catch_up()
        await database.write(lambda tx: tx.execute("DELETE FROM processes"))
        await database.write(lambda tx: tx.execute("DELETE FROM process_dues"))
    assert await topics(shared, ticket) == [PROPOSED]
    assert await topics(shared, noted) == []


async def test_death_between_the_order_and_its_checkpoint_changes_nothing(shared: Estate) -> None:
    ticket = await shared.receive()
    shared.clock.forward(DAY)

    async def dies() -> None:
        raise KeyboardInterrupt

    async with await reminding(shared, journal=faulty(shared.g.journal, after_append=dies)) as processes:
        with pytest.raises(KeyboardInterrupt):
            await processes.catch_up()
        assert await topics(shared, ticket) == [PROPOSED]
        assert (await processes.status())[0].position == 0
    async with await reminding(shared) as processes:
        await processes.catch_up()
        assert (await processes.status())[0].position == (await shared.g.store.head()).position
    assert await topics(shared, ticket) == [PROPOSED]


async def test_what_is_no_longer_wanted_is_not_written(shared: Estate) -> None:
    """The runner slept between looking and writing; meanwhile the cause disappeared, and another runner handled everything."""
    ticket = await shared.receive()
    shared.clock.forward(DAY)

    async def meanwhile() -> None:
        await shared.act("assistant", ticket, c.Note(text="已联系"))
        async with await reminding(shared) as other:
            await other.catch_up()

    async with await reminding(shared, journal=faulty(shared.g.journal, before_append=meanwhile)) as sleeper:
        kind = sleeper.kind  # as if it still held the process without the lease
        members = [(kind, member) for member in await kind.take()]
        with pytest.raises(Fenced):
            await settle(Following(sleeper._log, sleeper._streams, members))
    assert await topics(shared, ticket) == []


async def test_what_was_read_beside_the_subject_is_as_it_was_seen(shared: Estate) -> None:
    """A ticket is looked at beside another, which changes between the look and the writing: it is looked at again."""
    ticket, other = await shared.receive(), await shared.receive()
    quiet = UUID(int=0)
    shared.clock.forward(DAY)
    seen: list[list[int]] = []

    def look_beside(subject: Subject, moment: Moment) -> Outlook:
        if subject.id == UUID(ticket):
            seen.append([moment.beside[UUID(other)].state.version, len(moment.beside)])
        return look(subject, moment)

    async def meanwhile() -> None:
        if len(seen) == 1:
            await shared.act("assistant", other, c.Note(text="已联系"))

    beside = replace(REMINDING, look=look_beside, beside=lambda subject, moment: (UUID(other), quiet))
    async with await reminding(shared, process=beside, journal=faulty(shared.g.journal, before_append=meanwhile)) as processes:
        await processes.kind.examine(beside, [UUID(ticket)])
    assert seen == [[1, 1], [2, 1]]
    assert await topics(shared, ticket) == [PROPOSED]


async def test_two_runners_at_once_write_each_cause_once(shared: Estate) -> None:
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(shared.again())
        both = [await stack.enter_async_context(await reminding(one)) for one in (shared, other)]
        for processes in both:
            await processes.start()
        tickets = []
        for i in range(12):
            done = await shared.g.desk.receive(leak(), shared.request("assistant"))
            assert isinstance(done, Done)
            tickets.append(str(done.state.id))
            if i % 3 == 0:
                await other.act("assistant", tickets[-1], c.Note(text="已联系"))
        shared.clock.forward(DAY)
        other.clock.moment = shared.clock.moment
        await asyncio.gather(*(one.act("assistant", tickets[1], c.Note(text="晚了")) for one in (shared, other)))
        await settled(both)
        for processes in both:
            await processes.stop()
    written = {ticket: await topics(shared, ticket) for ticket in tickets}
    assert all(written[ticket] in ([], [PROPOSED, WITHDRAWN]) for ticket in (tickets[1], *tickets[::3]))
    assert all(written[ticket] == [PROPOSED] for i, ticket in enumerate(tickets) if i % 3 and i != 1)


async def settled(several: list[Processes]) -> None:
    """Wait until the runners have reached the end of the log and no moment is due."""

    async def reached() -> bool:
        [status] = await several[0].status()
        return status.position == status.head and status.overdue_seconds == 0.0

    await until(reached)


async def stands(processes: Processes, status: str) -> bool:
    """Whether the process manager is live or halted."""
    return (await processes.status())[0].status == status


async def test_another_takes_over(shared: Estate) -> None:
    first, second = await reminding(shared), await reminding(shared)
    await first.start()
    await shared.receive()
    assert await first.wait_for(NAME, (await shared.g.store.head()).position, 60)
    await second.start()
    await first.stop()
    ticket = await shared.receive()
    assert await second.wait_for(NAME, (await shared.g.store.head()).position, 60)
    shared.clock.forward(DAY)
    await settled([second])
    await second.stop()
    assert await topics(shared, ticket) == [PROPOSED]


async def test_one_that_can_not_be_taken_is_parked_and_the_others_go_on(shared: Estate) -> None:
    broken, healthy = await shared.receive(), await shared.receive()
    await shared.act("supervisor", broken, c.Urge())
    urged = (await shared.g.store.head()).position
    shared.clock.forward(DAY)
    async with await reminding(shared) as processes:
        await processes.catch_up()
        [status] = await processes.status()
        [parked] = status.parked
        assert (parked.stream, parked.position) == (UUID(broken), urged)
        assert parked.error.startswith("ValueError in tests.process.reminding, line ")
        assert (status.status, status.waiting) == ("live", 0)
        assert await topics(shared, healthy) == [PROPOSED]
        await shared.act("supervisor", broken, c.Urge())
        await processes.catch_up()
        assert not await processes.retry(NAME, UUID(broken))
        with pytest.raises(NotFound):
            await processes.retry(NAME, UUID(healthy))
        with pytest.raises(NotFound):
            await processes.retry("none", UUID(broken))
    assert await topics(shared, broken) == []

    def forgiving(subject: Subject, moment: Moment) -> Outlook:
        return REMINDING.look(replace(subject, events=subject.events[:1]), moment)

    async with await reminding(shared, process=replace(REMINDING, look=forgiving)) as mended:
        assert await mended.retry(NAME, UUID(broken))
        assert (await mended.status())[0].parked == []
        await mended.catch_up()
        assert (await mended.status())[0].waiting == 0
    assert await topics(shared, broken) == [PROPOSED]


async def test_a_process_that_would_look_again_at_once_is_parked(estate: Estate) -> None:
    async with await reminding(estate, process=replace(REMINDING, look=lambda s, m: Outlook("JX", (), m.now))) as processes:
        await estate.receive()
        await processes.catch_up()
        [status] = await processes.status()
        assert len(status.parked) == 1


async def test_trouble_is_shown_and_passes(estate: Estate) -> None:
    mended = asyncio.Event()

    async def fails() -> None:
        if not mended.is_set():
            raise RuntimeError("nothing works")

    async with await reminding(estate, journal=faulty(estate.g.journal, before_read=fails)) as processes:
        await processes.start()
        await until(lambda: stands(processes, "halted"))
        assert "nothing works" not in str((await processes.status())[0].error)
        mended.set()
        await estate.receive()
        assert await processes.wait_for(NAME, (await estate.g.store.head()).position, 60)
        assert (await processes.status())[0].status == "live"


STEP = st.sampled_from(["receive", "note", "hour", "run a", "run b", "forget", "steal"])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(STEP, st.integers(0, 3)), min_size=1, max_size=14))
async def test_any_order_of_events_runners_and_losses_ends_alike(estate: Estate, steps: list[tuple[str, int]]) -> None:
    """In the end a finding is proposed exactly for the tickets with a cause, and no cause was written twice."""
    tickets: list[str] = []
    noted: set[str] = set()
    database = estate.g.store.database
    assert database is not None
    async with await reminding(estate) as a, await reminding(estate) as b:
        for step, which in [*steps, ("hour", 0), ("run a", 0)]:
            match step:
                case "receive":
                    tickets.append(await estate.receive())
                case "note" if tickets:
                    ticket = tickets[which % len(tickets)]
                    noted.add(ticket)
                    await estate.act("assistant", ticket, c.Note(text="已联系"))
                case "hour":
                    estate.clock.forward(HOUR)
                case "run a":
                    await a.catch_up()
                case "run b":
                    await b.catch_up()
                case "forget":
                    await database.write(lambda tx: tx.execute("UPDATE processes SET position = 0"))
                    await database.write(lambda tx: tx.execute("DELETE FROM process_dues"))
                case "steal":
                    await database.write(lambda tx: tx.execute("UPDATE processes SET holder = 'x'"))
    for ticket in tickets:
        written = Counter(await topics(estate, ticket))
        assert written[PROPOSED] - written[WITHDRAWN] == (ticket not in noted)
        assert written[PROPOSED] <= 1


async def test_a_server_writes_down_for_how_long_none_ran(shared: Estate) -> None:
    """A restart within two minutes is none; what is run once by a command is no server."""

    async def outages() -> Sequence[tuple[datetime, datetime]]:
        state = await shared.g.journal.load(SERVICE, ServiceState)
        return state.outages if state else ()

    for minutes, expected in ((0, []), (2, []), (60, [(MORNING + 2 * MINUTE, MORNING + 62 * MINUTE)])):
        shared.clock.forward(minutes * MINUTE)
        await shared.receive()
        async with await reminding(shared) as processes:
            await processes.start()
            assert await processes.wait_for(NAME, (await shared.g.store.head()).position, 60)
        assert list(await outages()) == expected
    async with await reminding(shared) as once:
        shared.clock.forward(HOUR)
        await once.catch_up()
        assert len(await outages()) == 1
