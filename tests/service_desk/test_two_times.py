"""When it happened and when it was written: skew, lateness, offline drafts, back-entry ("Two times" of the model).

Long because the two times are one rule, seen from each command it bounds.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from domain.approval.waiting import Waiting
from domain.kernel.errors import InvalidInput, NotAllowed, NotFound, RuleRefused
from domain.kernel.terms import ClockName, ClockStatus
from domain.people.authority import Mode, Right
from domain.people.two_times import Entry
from domain.service_desk.desk import ServiceDesk, row_to_approve
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from tests.support.clock import MORNING
from tests.support.estates.desk_estate import DAY, HOUR, JX, MINUTE, REPORTER, Estate
from tests.support.estates.proposing import outcome, proposal, proposing

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)


async def dispatched(estate: Estate) -> str:
    ticket = await estate.receive()
    await estate.run(
        ticket,
        [("assistant", c.Classify(kind="repair", facility="private")), ("assistant", c.Dispatch(assignee="technician"))],
    )
    return ticket


async def take_the_desk(estate: Estate, officer: str) -> None:
    await estate.g.duty.open(JX, estate.request(officer))


@pytest.mark.parametrize(
    ("mode", "long_late", "row"),
    [
        (Mode.FULL, False, None),
        (Mode.FULL, True, Right.LONG_LATE_ENTRY),
        (Mode.SECOND, False, Right.RECEIVE),
        (Mode.SECOND, True, Right.RECEIVE),
    ],
)
def test_the_second_person_needs_the_commands_own_row_first(mode: Mode, long_late: bool, row: Right | None) -> None:
    assert row_to_approve(Right.RECEIVE, mode, Entry(MORNING, long_late=long_late)) is row


AGES = (-121, -120, -1, 0, 1, 899, 900, 901, 86_399, 86_400, 86_401, 3 * 86_400)
"""Seconds before now; negative ones lie ahead."""
LATE, LONG_LATE, SKEW = 900, 86_400, -120


def hoped(age: int, login: str, offline: bool, attached: bool) -> str:
    """The model's expected answer, in its own words."""
    if age < SKEW:
        return "/occurred_at"
    if age <= LATE:
        return "accepted"
    if offline and attached and age <= LONG_LATE:
        return "offline"
    if age <= LONG_LATE:
        return "late" if login in ("assistant", "butler", "supervisor", "director") else "denied"
    return "waiting" if login in ("assistant", "supervisor", "director") else "denied"


@pytest.mark.parametrize("officer", [None, "technician2", "control_room", "assistant"])
async def test_lateness_by_role(estate: Estate, officer: str | None) -> None:
    ticket = await dispatched(estate)
    if officer:
        await take_the_desk(estate, officer)
    now = estate.clock.forward(10 * DAY)
    desk = ServiceDesk(proposing(estate))
    for login, age, offline in product(
        ("assistant", "butler", "technician", "control_room", "supervisor", "director", "appraiser"), AGES, (False, True)
    ):
        at = now - age * SECOND
        attached = login in (officer, "technician")
        request = estate.request(login, occurred_at=at, offline=offline)
        acting = desk.act(ticket, c.Note(text="电梯停了"), request)
        expected = hoped(age, login, offline, attached)
        if expected in ("accepted", "offline", "late"):
            [event] = await proposal(estate, acting)
            assert event.timestamp == min(at, now), (login, age, offline)
            flags = (event.meta.back_entered, event.meta.offline_entered)
            assert flags == (expected == "late", expected == "offline"), (login, age, offline)
        else:
            assert await outcome(acting) == expected, (login, age, offline)


async def test_late_receipts(estate: Estate) -> None:
    now = estate.clock.forward(10 * DAY)
    before = await estate.footprint()
    late = await estate.receive("assistant", {"occurred_at": now - HOUR})
    [event] = await estate.events(late)
    assert (event.timestamp, event.meta.back_entered) == (now - HOUR, True)
    [stored] = await estate.g.store.read_stream(event.originator_id)
    assert stored.recorded_at == now
    assert stored.number == f"GD-JX-{now:%Y%m%d}-0001"
    for login in ("control_room", "appraiser"):
        with pytest.raises(NotAllowed):
            await estate.receive(login, {"occurred_at": now - HOUR}, channel="inspection")
    assert (await estate.footprint())["events"][0][0] == before["events"][0][0] + 1


async def test_the_number_is_of_the_day_of_recording(estate: Estate) -> None:
    estate.clock.moment = datetime(2026, 3, 3, 0, 5, tzinfo=MORNING.tzinfo)
    ticket = await estate.receive("assistant", {"occurred_at": estate.clock.moment - 10 * MINUTE})
    assert (await estate.g.inquiries.ticket("assistant", ticket)).numbers.number == "GD-JX-20260303-0001"


async def test_not_before_the_previous_event(estate: Estate) -> None:
    ticket = await dispatched(estate)
    estate.clock.forward(10 * MINUTE)
    before = await estate.footprint()
    with pytest.raises(InvalidInput) as refused:
        await estate.act("technician", ticket, c.Accept(), occurred_at=MORNING - TICK)
    assert refused.value.errors[0].pointer == "/occurred_at"
    assert "previous" in str(refused.value)
    assert await estate.footprint() == before
    state = await estate.act("technician", ticket, c.Accept(), occurred_at=MORNING)
    assert state.occurred_at == MORNING


async def test_a_clock_a_little_behind_another_server_takes_the_others_moment(estate: Estate) -> None:
    ticket = await dispatched(estate)
    estate.clock.forward(-MINUTE)
    state = await estate.act("technician", ticket, c.Accept())
    assert state.occurred_at == MORNING
    state = await estate.act("technician", ticket, c.Start(), occurred_at=MORNING)
    assert state.occurred_at == MORNING
    with pytest.raises(InvalidInput):
        await estate.act("technician", ticket, c.Suspend(reason="awaiting_parts"), occurred_at=MORNING - SECOND)


async def test_recorded_at_never_decreases_and_occurred_at_may_lie_before(estate: Estate) -> None:
    first = await estate.receive()
    estate.clock.forward(HOUR)
    await estate.act("assistant", first, c.Reply(message="马上来"), occurred_at=MORNING + MINUTE)
    estate.clock.forward(-2 * HOUR)
    await estate.receive()
    log = await estate.g.store.read_log(0, 1000)
    moments = [event.recorded_at for event in log]
    assert moments == sorted(moments)


async def test_clocks_run_on_when_it_happened(estate: Estate) -> None:
    """The reply came within two days, but was written down later."""
    ticket = await estate.receive()
    estate.clock.forward(2 * DAY + HOUR)
    before = await estate.g.inquiries.ticket("assistant", ticket)
    [clock] = [reading for reading in before.clocks if reading.clock is ClockName.REPLY]
    assert clock.status is ClockStatus.BREACHED
    await estate.act("assistant", ticket, c.Reply(message="已电话答复"), occurred_at=MORNING + 2 * DAY - MINUTE)
    after = await estate.g.inquiries.ticket("assistant", ticket)
    [clock] = [reading for reading in after.clocks if reading.clock is ClockName.REPLY]
    assert (clock.status, clock.breached_at) == (ClockStatus.MET, None)
    known_then = await estate.g.inquiries.ticket("assistant", ticket, known_at=MORNING + 2 * DAY + MINUTE)
    as_it_was = await estate.g.inquiries.ticket("assistant", ticket, at=MORNING + 2 * DAY + MINUTE)
    assert (known_then.state.replied, as_it_was.state.replied) == (False, True)


async def test_night_is_told_by_the_moment_it_happened(estate: Estate) -> None:
    """A draft of the night, sent after 08:30 by the officer who still holds the desk."""
    night = datetime(2026, 3, 2, 23, 0, tzinfo=MORNING.tzinfo)
    estate.clock.moment = night
    ticket, urgent = await estate.receive(), await estate.receive(urgency="emergency")
    await take_the_desk(estate, "control_room")
    estate.clock.moment = night + 10 * HOUR
    with pytest.raises(NotAllowed):
        await estate.act("control_room", ticket, c.Defer(told_resident=True))
    with pytest.raises(NotAllowed):
        await estate.act("control_room", ticket, c.Defer(told_resident=True), occurred_at=night + HOUR)
    with pytest.raises(RuleRefused, match="emergency"):
        await estate.act("control_room", urgent, c.Defer(told_resident=True), occurred_at=night + HOUR, offline=True)
    state = await estate.act("control_room", ticket, c.Defer(told_resident=True), occurred_at=night + HOUR, offline=True)
    assert state.deferred_until == datetime(2026, 3, 3, 8, 30, tzinfo=MORNING.tzinfo)
    with pytest.raises(NotAllowed):
        await estate.act("control_room", ticket, c.Defer(told_resident=True), offline=True)


# --- back-entry ---------------------------------------------------------------------------------------------------

RECEIVED, CLASSIFIED, GIVEN, DONE = (MORNING + minutes * MINUTE for minutes in (0, 5, 10, 90))


def back_entry(**changes: Any) -> BackEntry:
    """The control room sent a technician at nine; the ticket is written later."""
    fields: dict[str, Any] = {
        "community": JX,
        "channel": "control_room",
        "description": "地下车库水管爆裂",
        "reporter": REPORTER,
        "location": {"area": "A1", "public_place": "地下车库"},
        "classified": {"kind": "repair", "facility": "public_severe", "occurred_at": CLASSIFIED},
        "dispatched": {"assignee": "technician", "occurred_at": GIVEN},
        "completed": {"resolution": "更换阀门", "occurred_at": DONE},
    }
    return BackEntry.model_validate({**fields, **changes})


async def test_back_entry_writes_each_step_at_its_true_moment_in_one_commit(estate: Estate) -> None:
    now = estate.clock.forward(3 * HOUR)
    done = await estate.g.desk.back_enter(back_entry(), estate.request("assistant", occurred_at=RECEIVED))
    assert isinstance(done, Done)
    stored = await estate.g.store.read_stream(done.state.id)
    events = await estate.events(str(done.state.id))
    assert [e.topic for e in stored] == ["ticket.received", "ticket.classified", "ticket.dispatched", "ticket.completed"]
    assert [e.timestamp for e in events] == [RECEIVED, CLASSIFIED, GIVEN, DONE]
    assert {e.recorded_at for e in stored} == {now}
    assert [e.position for e in stored] == list(range(done.position - 3, done.position + 1))
    assert [e.meta.back_entered for e in events] == [True] * 4
    assert [e.meta.actor for e in events] == ["assistant"] * 4
    assert [e.meta.on_behalf_of for e in events] == [None, None, None, "technician"]
    assert [e.number for e in stored] == ["GD-JX-20260302-0001", "BX-JX-20260302-0001", None, None]
    assert done.state.workers == ("technician",)
    await estate.act("assistant", str(done.state.id), c.FollowUp(satisfied=True, rating=5, method="phone"))


async def test_back_entry_without_completion_goes_on_from_dispatched(estate: Estate) -> None:
    estate.clock.forward(HOUR)
    done = await estate.g.desk.back_enter(back_entry(completed=None), estate.request("butler", occurred_at=RECEIVED))
    assert isinstance(done, Done)
    await estate.run(str(done.state.id), [("technician", c.Start()), ("technician", c.Complete(resolution="好了"))])


@pytest.mark.parametrize(
    ("assignee", "worker"),
    [
        ({"type": "contractor", "id": "acme"}, "contractor:acme"),
        ({"type": "team", "id": "plumbers"}, "team:plumbers"),
        ("security", "security"),
    ],
)
async def test_back_entry_names_whose_work_it_was(estate: Estate, assignee: Any, worker: str) -> None:
    estate.clock.forward(3 * HOUR)
    entry = back_entry(dispatched={"assignee": assignee, "occurred_at": GIVEN})
    done = await estate.g.desk.back_enter(entry, estate.request("assistant", occurred_at=RECEIVED))
    assert isinstance(done, Done)
    assert done.state.workers == (worker,)


@pytest.mark.parametrize("login", ["technician", "control_room", "security", "finance", "appraiser", "auditor", "admin"])
@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("age", [MINUTE, HOUR, 25 * HOUR])
async def test_back_entry_needs_its_right_however_late_it_is(estate: Estate, login: str, offline: bool, age: timedelta) -> None:
    if login in ("technician", "control_room"):
        await take_the_desk(estate, login)
    now = estate.clock.forward(2 * DAY)
    steps = {
        "classified": {"kind": "other", "occurred_at": now - age},
        "dispatched": {"assignee": "technician", "occurred_at": now - age},
        "completed": None,
        "channel": "company",
    }
    before = await estate.footprint()
    with pytest.raises(NotAllowed):
        await estate.g.desk.back_enter(back_entry(**steps), estate.request(login, occurred_at=now - age, offline=offline))
    assert await estate.footprint() == before


async def test_back_entry_outside_the_own_area_or_community(estate: Estate) -> None:
    estate.clock.forward(3 * HOUR)
    for changes, login, refusal in (
        ({"location": {"area": "A2"}}, "butler", NotAllowed),
        ({}, "stranger", NotFound),
        ({"community": "XX"}, "assistant", NotFound),
    ):
        with pytest.raises(refusal):
            await estate.g.desk.back_enter(back_entry(**changes), estate.request(login, occurred_at=RECEIVED))


def step(name: str, **changes: Any) -> dict[str, Any]:
    given: Mapping[str, Any] = back_entry().model_dump(mode="json", exclude_none=True)[name]
    return {name: {**given, **changes}}


WRONG = {
    "classified before it was received": (step("classified", occurred_at=RECEIVED - TICK), "/occurred_at"),
    "dispatched before it was classified": (step("dispatched", occurred_at=CLASSIFIED - TICK), "/occurred_at"),
    "done before it was dispatched": (step("completed", occurred_at=GIVEN - TICK), "/occurred_at"),
    "done in the future": (step("completed", occurred_at=MORNING + DAY), "/completed/occurred_at"),
    "an unknown area": ({"location": {"area": "A9"}}, "/location/area"),
    "nobody's login": (step("dispatched", assignee="nobody"), "/assignee"),
    "somebody who carries no work orders": (step("dispatched", assignee="finance"), "/assignee"),
    "no team of that name": (step("dispatched", assignee={"type": "team", "id": "painters"}), "/assignee"),
    "a stranger complained of": ({"complained_of": ["stranger"]}, "/complained_of/0"),
    "a stranger complained of, later": (step("classified", complained_of=["stranger"]), "/classified/complained_of/0"),
    "a repair without a facility": (step("classified", kind="repair", facility=None), "/facility"),
    "an appointment before it was made": (step("dispatched", appointment_at=RECEIVED), "/appointment_at"),
    "a dwelling and a public place": ({"location": {"dwelling": "1", "public_place": "大堂"}}, "/location"),
}


@pytest.mark.parametrize(("changes", "pointer"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("wait", [3 * HOUR, 30 * HOUR])
async def test_back_entry_refused(estate: Estate, changes: dict[str, Any], pointer: str, wait: timedelta) -> None:
    """Even one that needs a second person is refused at once if it cannot become valid."""
    estate.clock.forward(wait if pointer != "/completed/occurred_at" else 3 * HOUR)
    before = await estate.footprint()
    with pytest.raises(InvalidInput) as refused:
        await estate.g.desk.back_enter(back_entry(**changes), estate.request("assistant", occurred_at=RECEIVED))
    assert refused.value.errors[0].pointer == pointer
    assert await estate.footprint() == before


@pytest.mark.parametrize("kind", ["renovation", "complaint", "move_in"])
async def test_back_entry_keeps_the_rules_of_its_kind(estate: Estate, kind: str) -> None:
    estate.clock.forward(3 * HOUR)
    entry = back_entry(classified={"kind": kind, "occurred_at": CLASSIFIED})
    with pytest.raises(RuleRefused):
        await estate.g.desk.back_enter(entry, estate.request("assistant", occurred_at=RECEIVED))


async def test_nobody_enters_what_complains_of_them(estate: Estate) -> None:
    estate.clock.forward(3 * HOUR)
    for changes in ({"complained_of": ["assistant"]}, step("classified", complained_of=["assistant"])):
        with pytest.raises(NotAllowed):
            await estate.g.desk.back_enter(back_entry(**changes), estate.request("assistant", occurred_at=RECEIVED))
        await estate.g.desk.back_enter(back_entry(**changes), estate.request("assistant2", occurred_at=RECEIVED))


async def test_back_entry_after_a_day_takes_two(estate: Estate) -> None:
    now = estate.clock.forward(30 * HOUR)
    waiting = await estate.g.desk.back_enter(back_entry(), estate.request("assistant", occurred_at=RECEIVED))
    assert isinstance(waiting, Waiting)
    with pytest.raises(NotAllowed):
        await estate.g.approvals.approve(waiting.case.id, estate.request("butler"))
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("assistant2"))
    assert approved.case.result is not None
    events = await estate.events(str(approved.case.result))
    assert [e.timestamp for e in events] == [RECEIVED, CLASSIFIED, GIVEN, DONE]
    assert {(e.meta.actor, e.meta.second_person, e.meta.back_entered) for e in events} == {("assistant", "assistant2", True)}
    assert events[3].meta.on_behalf_of == "technician"
    stored = await estate.g.store.read_stream(approved.case.result)
    assert {e.recorded_at for e in stored} == {now}


# --- settings of a community --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "age", "login", "request_more", "shipped", "changed"),
    [
        ("entry.skew_minutes", -4 * MINUTE, "technician", {}, "/occurred_at", "accepted"),
        ("entry.late_minutes", 4 * MINUTE + 15 * MINUTE, "technician", {}, "denied", "accepted"),
        ("entry.long_late_minutes", 4 * MINUTE + DAY, "assistant", {}, "waiting", "accepted"),
        ("entry.offline_minutes", 4 * MINUTE + DAY, "technician", {"offline": True}, "denied", "accepted"),
    ],
)
async def test_a_community_decides_otherwise(
    estate: Estate, setting: str, age: timedelta, login: str, request_more: dict[str, Any], shipped: str, changed: str
) -> None:
    ticket = await dispatched(estate)
    now = estate.clock.forward(10 * DAY)
    desk = ServiceDesk(proposing(estate))

    async def found() -> str:
        request = estate.request(login, occurred_at=now - age, **request_more)
        return await outcome(desk.act(ticket, c.Note(text="电梯停了"), request))

    assert await found() == shipped
    value = {"entry.skew_minutes": 5, "entry.late_minutes": 20}.get(setting, 1445)
    await estate.g.administration.change_settings(JX, {setting: value}, estate.operator)
    assert await found() == changed
    await estate.g.administration.change_settings("DH", {setting: 1}, estate.operator)
    assert await found() == changed
    await estate.g.administration.change_settings(JX, {setting: None}, estate.operator)
    assert await found() == shipped


async def test_other_readings_of_a_community(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    settings = {
        "approval.expires_minutes": 60,
        "follow_up.reopen_days": 1,
        "follow_up.unreached_attempts": 1,
        "follow_up.unreached_days": 1,
        "duty.night_winter": "20:00",
        "clocks.reply_minutes": 10,
    }
    await admin.change_settings(JX, settings, by)
    ticket = await dispatched(estate)
    waiting = await estate.ask("assistant", ticket, c.ApproveMajorWorks(agreed_due_at=MORNING + 9 * DAY, reason="立管"))
    assert waiting.case.expires_at == MORNING + HOUR
    await estate.run(ticket, [("technician", c.Start()), ("technician", c.Complete(resolution="好了"))])
    await estate.run(ticket, [("assistant", c.AttemptFollowUp()), ("assistant", c.CloseUnreached())])
    [reply] = [r for r in (await estate.g.inquiries.ticket("assistant", ticket)).clocks if r.clock is ClockName.REPLY]
    assert reply.due_at == MORNING + 10 * MINUTE
    estate.clock.forward(DAY + MINUTE)
    with pytest.raises(RuleRefused, match="reopened_in_time"):
        await estate.act("assistant", ticket, c.Reopen(reason="又漏"))
    await take_the_desk(estate, "control_room")
    other = await estate.receive()
    for hour, refused in ((19, True), (20, False)):
        estate.clock.moment = datetime(2026, 3, 3, hour, tzinfo=MORNING.tzinfo)
        deferring = estate.act("control_room", other, c.Defer(told_resident=False))
        if refused:
            with pytest.raises(NotAllowed):
                await deferring
        else:
            await deferring
    policies = {e.meta.policy for e in await estate.events(other)}
    assert policies == {"2026-1+community"}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"entry.nonsense": 1}, "entry.nonsense"),
        ({"nonsense": 1}, "nonsense"),
        ({"version": "x"}, "version"),
        ({"entry": {"late_minutes": 1}}, "entry"),
        ({"entry.late_minutes": 0}, "entry.late_minutes"),
        ({"entry.late_minutes": "soon"}, "entry.late_minutes"),
        ({"duty.night_winter": "09:00"}, "duty"),
        ({"duty.night_post": "gardener"}, "duty.night_post"),
        ({"clock_pauses.repair": ["awaiting_rain"]}, "clock_pauses.repair"),
        ({"entry.late_minutes": 20, "entry.nonsense": 1}, "entry.nonsense"),
    ],
)
async def test_unknown_settings_and_wrong_values_are_refused_by_name(
    estate: Estate, settings: dict[str, Any], named: str
) -> None:
    before = await estate.footprint()
    with pytest.raises(InvalidInput) as refused:
        await estate.g.administration.change_settings(JX, settings, estate.operator)
    assert refused.value.errors[0].pointer.startswith(f"/settings/{named}")
    assert await estate.footprint() == before
