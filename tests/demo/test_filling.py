"""The demonstration is small but true: every kind, every state, every trigger, believable people, times and texts."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.composition import opened
from adapters.demo.filling import FIRST_DAY, ZONE, Demo, fill
from adapters.demo.staff import COMMUNITY, STAFF, TEAM_MEMBERS, day_officer, night_officer
from adapters.settings import Settings
from domain.clocks import latest, readings
from domain.desk import Desk
from domain.duty_calendar import period_at
from domain.lifecycle import TABLE
from domain.policy import Policy
from domain.ports import PlainField, StoredEvent
from domain.privacy import Private
from domain.sealing import seal_fields
from domain.terms import ClockStatus, DutyPeriod, Kind, Role, State, Trigger
from domain.ticket import Ticket
from domain.ticket_state import TicketState


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


MOMENTS = {
    "winter night": at("2026-11-24T03:00"),
    "at the change of shifts": at("2026-11-24T08:30:00.5"),
    "as the approval is asked for": at("2026-11-24T09:40:20"),
    "winter evening": at("2026-11-24T17:31"),
    "summer evening": at("2026-07-15T17:45"),
    "before midnight": at("2026-07-15T23:50"),
    "turn of the month": at("2026-03-01T00:05"),
    "afternoon": at("2026-09-30T15:20"),
}


@dataclass
class Told:
    """A filled store, read whole."""

    demo: Demo
    now: datetime
    policy: Policy
    stored: list[StoredEvent]
    events: list[Any]
    texts: list[str]
    states: dict[UUID, TicketState]
    approvals: list[Any]


def settings_in(folder: Path) -> Settings:
    return Settings(
        store=f"sqlite:///{folder}/gongdan.db",
        keys="",
        master_key_file=None,
        policy_file=None,
        price_list_file=None,
        rule_book_file=None,
    )


async def tell(folder: Path, now: datetime, seed: int = 1) -> Told:
    demo = await fill(settings_in(folder), now, seed)
    async with opened(demo.settings) as parts:
        stored = list(await parts.store.read_log(0, 10_000))
        events = [parts.journal.codec.decode(one) for one in stored]
        fields: list[tuple[PlainField, Private]] = [
            (PlainField(one.stream_id, one.version, name), text)
            for one, event in zip(stored, events, strict=True)
            if isinstance(event, Ticket.Event)
            for name, text in seal_fields(event)
        ]
        texts = [text or "" for text in await parts.sealer.open(fields)]
        tickets = {e.originator_id for e in events if isinstance(e, Ticket.TicketReceived)}
        states = {ticket: await parts.desk.load(ticket) for ticket in tickets}
        asked = [one.stream_id for one in stored if one.topic == "approval.requested"]
        approvals = [await parts.journal.load(stream) for stream in asked]
        policy = (await parts.directory.current()).policy
        return Told(demo, now, policy, stored, events, texts, states, approvals)


@pytest.fixture(scope="module", params=list(MOMENTS))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return asyncio.run(tell(tmp_path_factory.mktemp("demo"), MOMENTS[request.param]))


def tickets_events(told: Told) -> Iterator[tuple[StoredEvent, Any]]:
    for stored, event in zip(told.stored, told.events, strict=True):
        if isinstance(event, Ticket.Event):
            yield stored, event


def test_at_least_two_tickets_in_every_state_and_every_kind(told: Told) -> None:
    states = Counter(state.state for state in told.states.values())
    kinds = Counter(state.kind for state in told.states.values())
    assert all(states[state] >= 2 for state in State), states
    assert all(kinds[kind] >= 2 for kind in Kind), kinds


def test_every_transition_of_the_table_was_taken(told: Told) -> None:
    taken = {(type(event).__name__, event.outcome_name) for _, event in tickets_events(told)}
    assert {(row.event, row.outcome) for row in TABLE} - taken == set()


def test_the_cases_of_the_regulations_are_there(told: Told) -> None:
    now = told.now.astimezone(UTC)
    states = list(told.states.values())
    read = {s.id: latest(readings(s.timeline, s.kind, s.facility, now)) for s in states}
    assert any(r.status is ClockStatus.BREACHED for s in states if s.is_open for r in read[s.id]), "nothing is overdue"
    assert any(s.suspended for s in states), "nothing is suspended"
    assert any(s.assignment and s.assignment.assignee.type == "contractor" for s in states), "no contractor works"
    assert any(s.assignment and s.assignment.assignee.type == "team" for s in states), "no team works"
    assert any(s.unreached for s in states)
    assert any(s.rework or s.timeline.cycles[1:] for s in states)
    assert any(s.duplicate_of for s in states)
    assert any(s.timeline.major_works_due_at for s in states)
    assert any(e.meta.back_entered for _, e in tickets_events(told)), "no back-entry"
    assert any(e.meta.offline_entered for _, e in tickets_events(told)), "nothing was noted offline"
    assert any(e.meta.second_person for _, e in tickets_events(told)), "nothing took two people"
    assert any(isinstance(e, Desk.OfficerSubstituted) for e in told.events)


def test_one_approval_waits_for_its_second_person(told: Told) -> None:
    waiting = [case for case in told.approvals if case.status_at(told.now.astimezone(UTC)) == "requested"]
    assert len(waiting) == 1
    assert {case.status for case in told.approvals} == {"requested", "approved"}


def test_it_happened_in_the_last_days_and_was_recorded_as_it_happened(told: Told) -> None:
    now = told.now.astimezone(UTC)
    recorded = [stored.recorded_at for stored in told.stored]
    assert recorded == sorted(recorded)
    assert recorded[-1] <= now
    assert now - recorded[0] <= timedelta(days=-FIRST_DAY + 2)
    for stored, event in tickets_events(told):
        late = stored.recorded_at - event.timestamp
        assert timedelta(0) <= late <= (timedelta(hours=24) if event.meta.back_entered else timedelta(hours=1))
        if not (event.meta.back_entered or event.meta.offline_entered):
            assert late < timedelta(seconds=2)


def test_somebody_holds_the_desk_from_the_first_morning_on(told: Told) -> None:
    holder, since = None, told.now
    for event in told.events:
        if isinstance(event, Desk.ShiftOpened):
            assert holder is None
            holder, since = event.officer, event.timestamp
        elif isinstance(event, Desk.ShiftTakenOver):
            holder = None
    span = period_at(told.now, ZONE, told.policy.duty)
    day = (span.start.date() - told.now.date()).days
    assert holder == (night_officer(day) if span.period is DutyPeriod.NIGHT else day_officer(day))
    assert told.now - since <= timedelta(hours=16)


ROLE = {member.login: member.role for member in STAFF}


def works(login: str, moment: datetime, told: Told) -> bool:
    """Whether a person is at work: the office by day, the rota by night; technicians rest before and after a night."""
    local = moment.astimezone(ZONE)
    span = period_at(moment, ZONE, told.policy.duty)
    day = (span.start.date() - told.now.astimezone(ZONE).date()).days
    night = span.period is DutyPeriod.NIGHT
    if ROLE[login] in (Role.CONTROL_ROOM, Role.SECURITY):
        return True
    if ROLE[login] is Role.TECHNICIAN:
        rests = login in (night_officer(day), night_officer(day - 1))
        return login == night_officer(day) if night else not rests
    return time(8, 15) <= local.time() < time(18, 15)


def test_whoever_acts_is_at_work(told: Told) -> None:
    for event in told.events:
        if event.meta.actor in ROLE:
            assert works(event.meta.actor, _recorded(told, event), told), (event, _recorded(told, event).astimezone(ZONE))


def _recorded(told: Told, event: Any) -> datetime:
    return next(
        stored.recorded_at
        for stored in told.stored
        if (stored.stream_id, stored.version) == (event.originator_id, event.originator_version)
    )


def test_durations_are_plausible(told: Told) -> None:
    """A visit takes ten minutes to an hour and a half, unless it waited; nobody arrives within a minute of being called."""
    by_ticket: dict[UUID, list[Any]] = {}
    for _, event in tickets_events(told):
        by_ticket.setdefault(event.originator_id, []).append(event)
    for events in by_ticket.values():
        for before, after in pairwise(events):
            assert before.timestamp <= after.timestamp
        kinds = {type(event) for event in events}
        if Ticket.WorkSuspended in kinds or Ticket.ChecklistItemChecked in kinds or Ticket.RectificationOrdered in kinds:
            continue
        starts = [e.timestamp for e in events if isinstance(e, Ticket.WorkStarted)]
        ends = [e.timestamp for e in events if isinstance(e, Ticket.RepairCompleted)]
        for start, end in zip(starts, ends, strict=False):
            assert timedelta(minutes=5) <= end - start <= timedelta(minutes=95), events[0]


def test_no_sentence_is_said_twice(told: Told) -> None:
    sentences = [text for text in told.texts if len(text) > 5 and not text.isdigit()]
    assert [text for text, count in Counter(sentences).items() if count > 1] == []
    assert len(sentences) > 100


def test_texts_are_chinese_and_name_no_two_alike(told: Told) -> None:
    descriptions = [text for text in told.texts if text.endswith(("。", "！", "？"))]
    assert len(descriptions) > 80
    assert all(any("一" <= sign <= "鿿" for sign in text) for text in descriptions)


def test_everybody_has_a_post_and_a_token(told: Told) -> None:
    assert set(told.demo.tokens) == set(ROLE)
    assert set(Role) == set(ROLE.values())
    assert set(TEAM_MEMBERS) <= set(ROLE)
    assert len(set(told.demo.tokens.values())) == len(ROLE)


def test_the_same_seed_and_moment_tell_the_same(tmp_path: Path) -> None:
    def shown(told: Told) -> list[Any]:
        def plain(event: Any) -> dict[str, Any]:
            sealed = ("name",) if isinstance(event, Ticket.AttachmentAdded) else ()  # the hash of a ciphertext
            return {k: "text" if isinstance(v, Private) else v for k, v in vars(event).items() if k not in sealed}

        return [
            [(s.position, s.stream_id, s.topic, s.recorded_at, s.number) for s in told.stored],
            [plain(event) for event in told.events],
            told.texts,
        ]

    moment = MOMENTS["afternoon"]
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    first, again = asyncio.run(tell(tmp_path / "a", moment, 7)), asyncio.run(tell(tmp_path / "b", moment, 7))
    other = asyncio.run(tell(tmp_path / "c", moment, 8))
    assert shown(first) == shown(again)
    assert first.texts != other.texts
    assert {s.stream_id for s in first.stored if s.topic == "ticket.received"}.isdisjoint(
        {s.stream_id for s in other.stored if s.topic == "ticket.received"}
    )


def test_a_trigger_refused_stops_the_filling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stories pass by the same gates as anybody's commands: one against the rules is an error here."""
    from adapters.demo import filling
    from adapters.demo.story import Days, Story, call
    from domain import ticket_commands as c
    from domain.errors import TransitionRefused

    def wrong(t: Days) -> list[Story]:
        receive, too_early = call(t.residents.new("A1"), "门铃不响。"), c.AttemptFollowUp()
        steps = [t.step(-1, "09:00", "zhao.min", receive), t.step(-1, "09:05", "zhao.min", too_early)]
        return [Story("wrong", steps)]

    monkeypatch.setattr(filling, "TELLINGS", (wrong,))
    with pytest.raises(TransitionRefused):
        asyncio.run(fill(settings_in(tmp_path), MOMENTS["afternoon"], 1))


def test_the_estate_is_one_community(told: Told) -> None:
    assert {stored.community for stored in told.stored} <= {COMMUNITY, ""}
    assert {row.trigger for row in TABLE} == set(Trigger)
