"""The demonstration's estate is complete and plausible: every kind, state and trigger, people, times and texts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.answers.appraisal.reading import appraisal_answer
from adapters.answers.appraisal.tally import TallyPerson
from adapters.composition import opened, shipped
from adapters.demo.appraising import months
from adapters.demo.filling import DAYS, LEAST_DAYS, Demo, fill
from adapters.demo.staff import COMMUNITY, STAFF
from adapters.simulation.company.estate import ZONE
from adapters.simulation.company.timing import SteppedClock
from adapters.system.settings import Settings
from adapters.system.system import entropy
from domain.duty.shift import Shift
from domain.kernel.periods import Period
from domain.kernel.terms import ClockStatus, Kind, Role, State, Trigger
from domain.people.post import Desk
from domain.rules.clocks import latest, readings
from domain.rules.scorecard import Flag, parse_rule_book
from domain.ticket.lifecycle import TABLE
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY
from tests.simulation import reading
from tests.simulation.reading import Ran


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


MOMENTS = {
    "five weeks to a winter night": (at("2026-11-24T03:00"), DAYS),
    "at the change of shifts": (at("2026-11-24T08:30:00.5"), LEAST_DAYS),
    "as the approval is asked for": (at("2026-11-24T09:40:20"), LEAST_DAYS),
    "summer evening": (at("2026-07-15T17:45"), LEAST_DAYS),
    "turn of the month, before the summer": (at("2026-05-01T00:05"), LEAST_DAYS + 1),
}


@dataclass
class Told(Ran):
    """The demonstration's store, read whole."""

    demo: Demo
    days: int


def settings_in(folder: Path) -> Settings:
    return Settings(
        store=f"sqlite:///{folder}/gongdan.db",
        keys="",
        master_key_file=None,
        policy_file=None,
        price_list_file=None,
        rule_book_file=None,
    )


async def tell(folder: Path, now: datetime, days: int = LEAST_DAYS, seed: int = 1, random: Random | None = None) -> Told:
    demo = await fill(settings_in(folder), now, seed, days, entropy=random.randbytes if random else entropy)
    ran = await reading.read(demo.settings, now, demo.simulation.sites)
    return Told(**vars(ran), demo=demo, days=days)


@pytest.fixture(scope="module", params=list(MOMENTS))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    now, days = MOMENTS[request.param]
    return asyncio.run(tell(tmp_path_factory.mktemp("demo"), now, days))


@pytest.mark.parametrize("holds", reading.ALWAYS, ids=lambda holds: holds.__name__)
def test_what_holds_of_any_estate(holds: Callable[[Ran], None], told: Told) -> None:
    holds(told)


def test_at_least_two_tickets_in_every_state_and_every_kind(told: Told) -> None:
    states = Counter(state.state for state in told.states.values())
    kinds = Counter(state.kind for state in told.states.values())
    assert all(states[state] >= 2 for state in State), states
    assert all(kinds[kind] >= 2 for kind in Kind), kinds


def test_every_transition_of_the_table_was_taken(told: Told) -> None:
    taken = {(event.TOPIC, event.target) for _, event in told.tickets_events}
    assert {(row.event.TOPIC, row.target) for row in TABLE} - taken == set()


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
    assert any(e.meta.back_entered for _, e in told.tickets_events), "no back-entry"
    assert any(e.meta.offline_entered for _, e in told.tickets_events), "nothing was noted offline"
    assert any(e.meta.second_person for _, e in told.tickets_events), "nothing took two people"
    assert any(isinstance(e, Desk.OfficerSubstituted) for e in told.events)


def test_one_approval_waits_for_its_second_person(told: Told) -> None:
    waiting = [case for case in told.approvals if case.status_at(told.now.astimezone(UTC)) == "requested"]
    assert len(waiting) == 1
    assert {case.status for case in told.approvals} == {"requested", "approved"}


def test_it_happened_in_the_last_days(told: Told) -> None:
    """It is set up on the eve of its first day."""
    [site] = told.sites
    first, last = (told.stored[i].recorded_at.astimezone(site.zone).date() for i in (0, -1))
    today = told.now.astimezone(site.zone).date()
    assert today - first == timedelta(days=told.days + 1)
    assert last >= today - timedelta(days=1)


def test_duty_has_what_can_happen_to_it(told: Told) -> None:
    """Full shifts with signed sheets, one open; one disputed and signed at the second try; a gap after a take-over."""
    kinds = Counter(type(event).__name__ for event in told.events if isinstance(event, Shift.Event))
    assert kinds["SignedIn"] >= 2 * told.days - 3
    assert kinds["HandoverDisputed"] >= 1
    assert kinds["ShiftTakenOver"] == 1
    assert kinds["ShiftOpened"] == kinds["SignedIn"] + 2
    assert kinds["ShiftExtended"] >= told.days
    assert kinds["ShiftReviewed"] >= 2 * told.days - 6
    assert kinds["LineLogged"] >= 4 * told.days
    [gone] = [i for i, event in enumerate(told.events) if isinstance(event, Desk.ShiftTakenOver)]
    back = next(event for event in told.events[gone:] if isinstance(event, Desk.ShiftOpened))
    assert timedelta(minutes=10) <= back.timestamp - told.events[gone].timestamp <= timedelta(minutes=40)


def test_about_250_tickets_in_five_weeks(told: Told) -> None:
    assert told.demo.count == len(told.states)
    if told.days == DAYS:
        assert 200 <= len(told.states) <= 320


def test_texts_are_chinese(told: Told) -> None:
    sentences = [text for texts in told.texts for text in texts.values() if text.endswith(("。", "！", "？"))]
    assert len(sentences) > 300
    assert all(any("一" <= sign <= "鿿" for sign in text) for text in sentences)


def test_everybody_has_a_post_and_a_token(told: Told) -> None:
    logins = {member.login for member in STAFF}
    assert set(told.demo.tokens) == logins
    assert {member.role for member in STAFF} == set(Role)
    assert len(set(told.demo.tokens.values())) == len(logins)


def test_the_same_seed_moment_and_entropy_tell_the_same_byte_by_byte(tmp_path: Path) -> None:
    def shown(told: Told) -> list[Any]:
        return [(s.position, s.stream_id, s.version, s.topic, s.recorded_at, s.number, s.state) for s in told.stored]

    moment, _ = MOMENTS["summer evening"]
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    first, again = (asyncio.run(tell(tmp_path / name, moment, seed=7, random=Random(1))) for name in ("a", "b"))
    other = asyncio.run(tell(tmp_path / "c", moment, seed=8, random=Random(1)))
    assert shown(first) == shown(again)
    assert first.texts != other.texts
    assert {s.stream_id for s in first.stored if s.topic == "ticket.received"}.isdisjoint(
        {s.stream_id for s in other.stored if s.topic == "ticket.received"}
    )


def test_read_models_and_processes_are_at_the_end_of_the_log(told: Told) -> None:
    """A server over the filled store answers its first query at once, and nothing is proposed after it."""

    async def left() -> dict[str, int]:
        async with opened(told.demo.settings) as parts:
            head = (await parts.store.head()).position
            found = [*await parts.projections.status(), *await parts.processes.status()]
            return {status.name: head - status.position for status in found if (status.position, status.status) != (head, "live")}

    assert asyncio.run(left()) == {}
    assert any(stored.topic == "finding.proposed" for stored in told.stored)


def test_the_read_models_and_the_numbers_agree_with_the_log(told: Told) -> None:
    if told.days != DAYS:
        return  # one store is enough; any estate's are compared elsewhere

    async def differences() -> list[Any]:
        async with opened(told.demo.settings) as parts:
            return [found.differences for found in await parts.projections.check()]

    assert not any(asyncio.run(differences()))


def test_a_trigger_refused_stops_the_filling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stories pass by the same gates as anybody's commands: one against the rules is an error here."""
    from adapters.demo import filling
    from adapters.demo.story import Days, Story, call
    from domain.kernel.errors import TransitionRefused
    from domain.ticket import commands as c

    def wrong(t: Days) -> list[Story]:
        receive, too_early = call(t.residents.new("A1"), "门铃不响。"), c.AttemptFollowUp()
        steps = [t.step(-1, "09:00", "zhao.min", receive), t.step(-1, "09:05", "zhao.min", too_early)]
        return [Story("wrong", steps)]

    monkeypatch.setattr(filling, "TELLINGS", (wrong,))
    with pytest.raises(TransitionRefused):
        asyncio.run(fill(settings_in(tmp_path), MOMENTS["summer evening"][0], 1, LEAST_DAYS))


def test_the_estate_is_one_community(told: Told) -> None:
    assert {stored.community for stored in told.stored} <= {COMMUNITY, ""}
    assert {row.trigger for row in TABLE} == set(Trigger)


def test_somebody_in_every_pay_band_and_with_each_flag(told: Told) -> None:
    async def people() -> Sequence[TallyPerson]:
        async with opened(told.demo.settings, SteppedClock(told.now.astimezone(UTC))) as parts:
            if not any(one.name == APPRAISAL_TALLY.name and one.position for one in await parts.projections.status()):
                await parts.projections.rebuild(APPRAISAL_TALLY.name)
            directory = await parts.directory.current()
            month, _ = months(told.now.astimezone(ZoneInfo(ZONE)).date())
            answer = await appraisal_answer(
                parts, directory, "xu.hui", COMMUNITY, Period.parse(f"{month.year}-{month.number:02}")
            )
            return answer.people

    found = asyncio.run(people())
    bands = parse_rule_book(shipped("scorecards/default.toml")).pay_bands
    assert {Decimal(one.pay_share or 0) for one in found} == {band.share for band in bands}
    assert {flag for one in found for flag in one.flags} == set(Flag)
