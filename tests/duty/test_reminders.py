"""Reminders: one per cause, with true moments whenever written, settled when the cause is gone (D1 4.1.2–4.1.4, D5 六)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.processing.processes import Processes
from domain.duty.rostering import Wanted
from domain.kernel.errors import Conflict, Refusal
from domain.kernel.terms import ClockName, ClockStatus, DutyPeriod, EscalationLevel, ReminderKind, State
from domain.people.post import desk_stream
from domain.process.reminder import ReminderState
from domain.process.reminding import JUST, REMINDING
from domain.rules.clocks import readings
from domain.ticket import commands as c
from tests.support.clock import MORNING
from tests.support.estates.desk_estate import DAY, HOUR, JX, MINUTE, ZONE, Estate
from tests.support.estates.station import Station, at

pytestmark = pytest.mark.anyio

WORK = [("technician", c.Accept()), ("technician", c.Start()), ("technician", c.Complete(resolution="换阀"))]
NEAR, BREACHED, UNSIGNED, EMPTY, COVERED, UNCONFIRMED = ReminderKind
SUPERVISOR, DIRECTOR = EscalationLevel.SUPERVISOR, EscalationLevel.DIRECTOR


@asynccontextmanager
async def reminding(estate: Estate) -> AsyncIterator[Processes]:
    """The process manager over an estate, as one operating-system process runs it."""
    g = estate.g
    processes = await Processes.open(g.store, g.journal, g.directory, estate.clock, (REMINDING,), lease_seconds=1.0, idle=0.02)
    async with processes:
        yield processes


async def run(estate: Estate) -> None:
    """Run up to the end of the log and to now; then again, which must change nothing."""
    async with reminding(estate) as processes:
        await processes.catch_up()
        before = (await estate.g.store.head()).position
        await processes.catch_up()
        [status] = await processes.status()
        assert status.parked == []
    assert (await estate.g.store.head()).position == before


async def reminders(estate: Estate) -> list[tuple[ReminderState, list[tuple[str, datetime]]]]:
    """Every reminder with its events, from the log, in the order of their first event."""
    found: dict[UUID, list[tuple[str, datetime]]] = {}
    for stored in await estate.g.store.read_log(0, 100_000):
        if stored.topic.startswith("reminder."):
            event = estate.g.journal.codec.decode(stored)
            assert event.meta.actor == "system:reminders"
            found.setdefault(stored.stream_id, []).append((stored.topic.removeprefix("reminder."), event.timestamp))
    return [(await estate.g.journal.existing(stream, ReminderState), events) for stream, events in found.items()]


async def of(estate: Estate, kind: ReminderKind, clock: ClockName | None = None) -> list[tuple[str, datetime]]:
    """The events of the only reminder of a kind; empty if there is none."""
    matching = [events for state, events in await reminders(estate) if (state.kind, state.clock) == (kind, clock)]
    assert len(matching) <= 1
    return matching[0] if matching else []


async def repair(estate: Estate) -> str:
    """A private repair that the technician carries, with the resident answered."""
    ticket = await estate.receive()
    await estate.run(
        ticket,
        [
            ("assistant", c.Classify(kind="repair", facility="private")),
            ("assistant", c.Dispatch(assignee="technician")),
            ("assistant", c.Reply(message="明日上门。")),
        ],
    )
    return ticket


# --- clocks ---------------------------------------------------------------------------------------------------------------


async def test_a_clock_about_to_breach_breached_and_lasting(estate: Estate) -> None:
    ticket, due = await repair(estate), MORNING + 3 * DAY
    estate.clock.moment = due - 4 * HOUR - JUST
    await run(estate)
    assert await reminders(estate) == []
    estate.clock.moment = due - 4 * HOUR
    await run(estate)
    [(state, events)] = await reminders(estate)
    assert events == [("raised", due - 4 * HOUR)]
    assert (state.kind, state.about, state.clock, state.due_at, state.login, state.level) == (
        NEAR, UUID(ticket), ClockName.REPAIR, due, "technician", None,
    )  # fmt: skip
    estate.clock.moment = due
    await run(estate)
    assert await of(estate, BREACHED, ClockName.REPAIR) == []
    estate.clock.moment = due + MINUTE
    await run(estate)
    assert await of(estate, NEAR, ClockName.REPAIR) == [("raised", due - 4 * HOUR), ("settled", due)]
    assert await of(estate, BREACHED, ClockName.REPAIR) == [("raised", due)]
    estate.clock.moment = due + 2 * DAY
    await run(estate)
    [state] = [state for state, _ in await reminders(estate) if state.kind is BREACHED]
    assert (state.level, state.is_raised) == (DIRECTOR, True)
    await estate.run(ticket, WORK)
    await run(estate)
    assert await of(estate, BREACHED, ClockName.REPAIR) == [
        ("raised", due), ("escalated", due + DAY), ("settled", due + 2 * DAY),
    ]  # fmt: skip


async def test_after_downtime_what_came_and_went_stands_with_its_true_moments(estate: Estate) -> None:
    """Nothing ran for a week: the breach is on record with its moments, and nothing reminds of a breach that was merely near."""
    ticket, due = await repair(estate), MORNING + 3 * DAY
    estate.clock.moment = due + 5 * HOUR
    await estate.run(ticket, WORK)
    met = await repair(estate)
    estate.clock.forward(HOUR)
    await estate.act("assistant", met, c.Cancel(reason="withdrawn"))
    estate.clock.forward(7 * DAY)
    await run(estate)
    [(state, events)] = await reminders(estate)
    assert (state.kind, state.about, state.level) == (BREACHED, UUID(ticket), SUPERVISOR)
    assert events == [("raised", due), ("settled", due + 5 * HOUR)]


async def test_a_pause_settles_and_its_end_raises_again(estate: Estate) -> None:
    ticket, due = await repair(estate), MORNING + 3 * DAY
    await estate.run(ticket, [("technician", c.Accept()), ("technician", c.Start())])
    estate.clock.moment = due - HOUR
    await run(estate)
    await estate.act("technician", ticket, c.Suspend(reason="awaiting_resident"))
    await run(estate)
    estate.clock.forward(5 * DAY)
    await run(estate)
    await estate.act("technician", ticket, c.Resume())
    await run(estate)
    assert await of(estate, NEAR, ClockName.REPAIR) == [
        ("raised", due - 4 * HOUR), ("settled", due - HOUR), ("raised", due - HOUR + 5 * DAY),
    ]  # fmt: skip
    estate.clock.forward(2 * HOUR)
    await run(estate)
    assert await of(estate, BREACHED, ClockName.REPAIR) == [("raised", due + 5 * DAY)]


async def test_a_clock_that_is_none_any_more_is_settled(estate: Estate) -> None:
    """An enquiry has no clock: once the repair is reclassified, its breach reminds nobody."""
    ticket = await repair(estate)
    estate.clock.forward(4 * DAY)
    await run(estate)
    await estate.act("assistant", ticket, c.Reclassify(kind="enquiry"))
    await run(estate)
    [state] = [state for state, _ in await reminders(estate) if state.clock is ClockName.REPAIR]
    assert (state.kind, state.settled_at) == (BREACHED, MORNING + 4 * DAY)


OF_TICKETS = ("receive", "public", "dispatch", "suspend", "resume", "complete", "reply", "cancel")
STEPS = st.lists(
    st.tuples(st.sampled_from([*OF_TICKETS, "hour", "day", "run", "forget"]), st.integers(0, 3)), min_size=4, max_size=16
)
"""What happens, and to which ticket; all drawn beforehand, as nothing may be drawn inside a coroutine."""


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
async def test_in_the_end_exactly_what_runs_late_is_reminded_of(estate: Estate, steps: list[tuple[str, int]]) -> None:
    tickets: list[str] = []
    database = estate.g.store.database
    assert database is not None
    for step, which in [*steps, ("run", 0)]:
        if step in ("hour", "day"):
            estate.clock.forward(HOUR * 5 if step == "hour" else DAY)
        elif step == "run":
            await run(estate)
        elif step == "forget":
            await database.write(lambda tx: tx.execute("UPDATE processes SET position = 0"))
            await database.write(lambda tx: tx.execute("DELETE FROM process_dues"))
        elif step in ("receive", "public"):
            tickets.append(await estate.receive())
            facility = "private" if step == "receive" else "public_minor"
            await estate.act("assistant", tickets[-1], c.Classify(kind="repair", facility=facility))
        elif tickets:
            await moves(estate, tickets[which % len(tickets)], step)
    now = estate.clock.now()
    expected = set()
    for ticket in tickets:
        state = await estate.state(ticket)
        for one in readings(state.timeline, state.kind, state.facility, now):
            key = (ticket, one.clock, one.started_at)
            if one.status is ClockStatus.BREACHED and one.stopped_at is None:
                expected.add((BREACHED, *key))
            elif one.status is ClockStatus.RUNNING and one.due_at - 4 * HOUR <= now:
                expected.add((NEAR, *key))
    own = [(state, events) for state, events in await reminders(estate) if str(state.about) in tickets]
    standing = {(state.kind, str(state.about), state.clock) for state, _ in own if state.is_raised}
    assert standing == {(kind, ticket, clock) for kind, ticket, clock, _ in expected}
    for _, events in own:
        moments = [moment for _, moment in events]
        assert moments == sorted(moments)
        told = [what for what, _ in events if what != "escalated"]
        assert told == ["raised", "settled"] * (len(told) // 2) + ["raised"] * (len(told) % 2)


async def moves(estate: Estate, ticket: str, step: str) -> None:
    """Take a step of a ticket if it is legal."""
    commands: dict[str, list[tuple[str, c.Command]]] = {
        "dispatch": [("assistant", c.Dispatch(assignee="technician")), ("technician", c.Accept()), ("technician", c.Start())],
        "suspend": [("technician", c.Suspend(reason="awaiting_resident"))],
        "resume": [("technician", c.Resume())],
        "complete": [("technician", c.Complete(resolution="换阀"))],
        "reply": [("assistant", c.Reply(message="明日上门。"))],
        "cancel": [("assistant", c.Cancel(reason="withdrawn"))],
    }
    try:
        await estate.run(ticket, commands[step])
    except Refusal:
        assert (await estate.state(ticket)).state in State


# --- the desk -------------------------------------------------------------------------------------------------------------


async def test_a_handover_not_signed_in_time(station: Station) -> None:
    """Both signatures are due within 30 minutes of the period's end; an hour later the reminder goes to the director."""
    estate = station.estate
    station.set("2026-03-02 11:40")
    await station.open("assistant")
    await station.set_and(run, "2026-03-02 14:00")
    assert await reminders(estate) == []
    await station.set_and(run, "2026-03-02 14:01")
    due = at("2026-03-02 14:00")
    [(state, _)] = await reminders(estate)
    assert (state.kind, state.about, state.login, state.level, state.due_at) == (
        UNSIGNED, station.held, "assistant", SUPERVISOR, due,
    )  # fmt: skip
    await station.do("extend", "assistant")
    await run(estate)
    await station.set_and(run, "2026-03-02 18:05")
    await station.hand_over("assistant", "technician")
    await run(estate)
    assert [(what, moment.astimezone(due.tzinfo)) for what, moment in await of(estate, UNSIGNED)] == [
        ("raised", due + JUST),
        ("settled", at("2026-03-02 14:01")),
        ("raised", at("2026-03-02 18:00") + JUST),
        ("settled", at("2026-03-02 18:05")),
    ]
    await station.set_and(run, "2026-03-03 10:30")
    [late] = [state for state, _ in await reminders(estate) if state.is_raised]
    assert (late.login, late.level) == ("technician", DIRECTOR)


async def test_a_desk_left_empty(station: Station) -> None:
    estate = station.estate
    for opened in (MINUTE, 2 * HOUR):
        await station.open("assistant")
        station.estate.clock.forward(MINUTE)
        await station.do("take_over", "supervisor", "离岗")
        began = estate.clock.moment
        estate.clock.forward(opened)
        await station.open("assistant2")
        await station.do("take_over", "supervisor", "换人")
        estate.clock.forward(MINUTE)
    await run(estate)
    [(state, events)] = await reminders(estate)
    assert (state.kind, state.about, state.login) == (EMPTY, desk_stream(JX), None)
    assert events == [("raised", began + 5 * MINUTE), ("escalated", began + 65 * MINUTE), ("settled", began + 2 * HOUR)]
    estate.clock.forward(HOUR / 2)
    await run(estate)
    assert [(s.kind, s.level) for s, _ in await reminders(estate) if s.is_raised] == [(EMPTY, SUPERVISOR)]


async def test_cover_alerts_the_supervisor_and_names_the_absent(station: Station) -> None:
    """integrity 4: until the shift ends."""
    estate = station.estate
    wanted = [Wanted(date(2026, 3, 2), DutyPeriod.NIGHT, "technician")]
    await estate.g.rostering.publish(JX, wanted, estate.request("supervisor"))
    station.set("2026-03-02 16:50")
    await station.open("assistant")
    await station.set_and(run, "2026-03-02 17:40")
    assert await of(estate, COVERED) == []
    await station.do("extend", "assistant")
    await run(estate)
    [state] = [state for state, _ in await reminders(estate) if state.kind is COVERED]
    assert (state.about, state.login, state.level, state.is_raised) == (station.held, "technician", SUPERVISOR, True)
    station.set("2026-03-02 20:00")
    await station.hand_over("assistant", "technician")
    await run(estate)
    ended = [("raised", at("2026-03-02 17:40")), ("settled", at("2026-03-02 20:00"))]
    assert await of(estate, COVERED) == ended


@pytest.mark.parametrize(("confirmed", "told"), [("22:04", []), ("22:10", ["raised", "settled"]), (None, ["raised", "settled"])])
async def test_a_stand_in_who_does_not_confirm_is_shown_to_the_supervisor(
    station: Station, confirmed: str | None, told: list[str]
) -> None:
    """integrity 4: from five minutes after the officer left until the confirmation or the return."""
    station.set("2026-03-02 22:00")
    await station.open("technician")
    await station.do("substitute", "technician", "security")
    await station.set_and(run, "2026-03-02 22:03")
    if confirmed:
        station.set(f"2026-03-02 {confirmed}")
        await station.do("confirm_stand_in", "security")
    await station.set_and(run, "2026-03-02 22:30")
    await station.do("return_to_post", "technician")
    await run(station.estate)
    assert [what for what, _ in await of(station.estate, UNCONFIRMED)] == told


async def test_a_desk_nobody_opens_is_reminded_of_against_the_person_due(station: Station) -> None:
    """integrity 3: a published roster is enough ground; the reminder ends as somebody opens, or with the duty."""
    estate, day = station.estate, date(2026, 3, 3)
    wanted = [Wanted(day, DutyPeriod.MORNING, "assistant"), Wanted(day, DutyPeriod.NOON, "assistant2")]
    await estate.g.rostering.publish(JX, wanted, estate.request("supervisor"))
    await station.set_and(run, "2026-03-03 08:34")
    assert await reminders(estate) == []
    await station.set_and(run, "2026-03-03 08:36")
    [(state, _)] = await reminders(estate)
    assert (state.kind, state.about, state.login, state.level) == (EMPTY, desk_stream(JX), "assistant", SUPERVISOR)
    await station.set_and(run, "2026-03-03 12:06")
    station.set("2026-03-03 12:20")
    await station.open("assistant2")
    await station.set_and(run, "2026-03-03 12:30")
    told = [
        (s.login, [(what, moment.astimezone(ZONE).time()) for what, moment in events]) for s, events in await reminders(estate)
    ]
    assert told == [
        ("assistant", [("raised", time(8, 35)), ("escalated", time(9, 35)), ("settled", time(12))]),
        ("assistant2", [("raised", time(12, 5)), ("settled", time(12, 20))]),
    ]


# --- approvals ------------------------------------------------------------------------------------------------------------


async def test_an_approval_nobody_decided_is_written_down_as_expired(estate: Estate) -> None:
    ticket = await repair(estate)
    command = c.ApproveMajorWorks(agreed_due_at=MORNING + 30 * DAY, reason="主管道更换")
    waiting = await estate.ask("supervisor", ticket, command)
    decided = await estate.ask("supervisor", ticket, command)
    await estate.g.approvals.reject(decided.case.id, "再议", estate.request("director"))
    estate.clock.forward(2 * DAY)
    await run(estate)
    events = await estate.events_of(waiting.case.id)
    assert [(event.TOPIC, event.timestamp) for event in events] == [
        ("approval.requested", MORNING),
        ("approval.expired", MORNING + DAY),
    ]
    assert events[-1].meta.actor == "system:reminders"
    with pytest.raises(Conflict):
        await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    await run(estate)
    assert len(await estate.events_of(decided.case.id)) == 2


# --- several at once ------------------------------------------------------------------------------------------------------


async def test_two_that_run_at_once_remind_once(shared: Estate) -> None:
    async with shared.again() as other:
        tickets = [await repair(shared) for _ in range(4)]
        shared.clock.forward(4 * DAY)
        other.clock.moment = shared.clock.moment
        async with reminding(shared) as first, reminding(other) as second:
            for processes in (first, second):
                await processes.start()
            head = (await shared.g.store.head()).position
            for processes in (first, second):
                assert await processes.wait_for(REMINDING.name, head, 60)
            await first.stop()
            await second.stop()
        await run(shared)
    found = await reminders(shared)
    assert sorted(str(state.about) for state, _ in found) == sorted(tickets)
    assert all([what for what, _ in events] == ["raised", "escalated"] for _, events in found)


async def test_a_clock_that_jumps_back_takes_nothing_back(estate: Estate) -> None:
    """The server's clock is set back two hours after the breach, and the ticket gets another event meanwhile."""
    ticket, due = await repair(estate), MORNING + 3 * DAY
    estate.clock.moment = due + HOUR
    await run(estate)
    estate.clock.moment = due - HOUR
    await estate.act("assistant", ticket, c.Note(text="住户来电催促。"))
    await run(estate)
    assert await of(estate, BREACHED, ClockName.REPAIR) == [("raised", due)]
    estate.clock.moment = due + 2 * HOUR
    await estate.run(ticket, WORK)
    await run(estate)
    assert await of(estate, BREACHED, ClockName.REPAIR) == [("raised", due), ("settled", due + 2 * HOUR)]
