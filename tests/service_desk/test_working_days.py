"""Limits in working days (clocks.days): time that runs on working days alone, against a model that counts minutes."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approval.commands import OverrideCalendar
from domain.kernel.terms import ClockName
from domain.rules.clocks import latest, readings
from domain.rules.workdays import after_working_time
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from tests.support.desk_estate import JX, MINUTE, ZONE, Estate

SATURDAY = 5


def weekdays(day: date) -> bool:
    return day.weekday() < SATURDAY


def naive(start: datetime, minutes: int, zone: ZoneInfo, off: set[date]) -> datetime:
    """Minute by minute: the first moment before which so many minutes of working days lie."""
    counted = 0
    for n in count():
        if counted == minutes:
            return start + n * MINUTE
        counted += (start + n * MINUTE).astimezone(zone).date() not in off
    raise AssertionError


@given(
    start=st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 30), timezones=st.just(UTC)).map(
        lambda m: m.replace(second=0, microsecond=0)
    ),
    minutes=st.integers(1, 6000),
    off=st.sets(st.integers(0, 9), max_size=6),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London"]).map(ZoneInfo),
)
def test_as_counted_minute_by_minute(start: datetime, minutes: int, off: set[int], zone: ZoneInfo) -> None:
    """Over changes of the clock too: a day is as long as it is."""
    first = start.astimezone(zone).date()
    days = {first + timedelta(days=n) for n in off}
    assert after_working_time(start, minutes * MINUTE, zone, lambda day: day not in days) == naive(start, minutes, zone, days)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-02 16:00", "2026-03-04 16:00"),  # Monday
        ("2026-03-06 16:00", "2026-03-10 16:00"),  # Friday: eight hours, Monday, sixteen hours of Tuesday
        ("2026-03-07 10:00", "2026-03-11 00:00"),  # Saturday: Monday and Tuesday whole
        ("2026-03-06 00:00", "2026-03-10 00:00"),
    ],
)
def test_two_working_days(start: str, due: str) -> None:
    assert after_working_time(local(start), timedelta(days=2), ZONE, weekdays) == local(due)


async def due_of(estate: Estate, ticket: str) -> dict[ClockName, datetime]:
    state: TicketState = await estate.state(ticket)
    found = latest(readings(state.timeline, state.kind, state.facility, estate.clock.now()))
    return {reading.clock: reading.due_at for reading in found}


async def chosen(estate: Estate, moment: str, **settings: Any) -> str:
    """A repair received at a moment in a community that counts working days."""
    await estate.g.administration.change_settings(JX, {"clocks.days": "working", **settings}, estate.operator)
    estate.clock.moment = local(moment)
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Classify(kind="repair", facility="private"))
    return ticket


@pytest.mark.anyio
async def test_the_national_day_holiday_and_its_make_up_day(estate: Estate) -> None:
    """2026: off from 1 to 7 October, Saturday the 10th is worked."""
    ticket = await chosen(estate, "2026-09-30 10:00")
    assert await due_of(estate, ticket) == {
        ClockName.REPLY: local("2026-10-09 10:00"),
        ClockName.REPAIR: local("2026-10-10 10:00"),
    }


@pytest.mark.anyio
async def test_a_calendar_changed_later_moves_no_clock_that_runs(estate: Estate) -> None:
    before = await chosen(estate, "2026-03-06 16:00")
    asked = await estate.g.approvals.ask(
        OverrideCalendar(community=JX, date=date(2026, 3, 9), works=False, reason="台风停工"), estate.request("director")
    )
    await estate.g.approvals.approve(asked.case.id, estate.request("appraiser"))
    after = await estate.receive()
    assert (await due_of(estate, before))[ClockName.REPLY] == local("2026-03-10 16:00")
    assert (await due_of(estate, after))[ClockName.REPLY] == local("2026-03-11 16:00")


@pytest.mark.anyio
async def test_seconds_are_rounded_up_to_the_minute(estate: Estate) -> None:
    ticket = await chosen(estate, "2026-03-07 10:00:30")
    assert (await due_of(estate, ticket))[ClockName.REPLY] == local("2026-03-11 00:00:30")


@pytest.mark.anyio
async def test_rework_counts_from_its_own_start(estate: Estate) -> None:
    ticket = await chosen(estate, "2026-03-05 09:00")
    steps: list[tuple[str, c.Command]] = [
        ("assistant", c.Dispatch(assignee="technician")),
        ("technician", c.Accept()),
        ("technician", c.Start()),
        ("technician", c.Complete(resolution="换了软管", outcome="done")),
    ]
    await estate.run(ticket, steps)
    estate.clock.moment = local("2026-03-06 16:00")
    await estate.act("assistant", ticket, c.FollowUp(satisfied=False, rating=2, method="phone"))
    assert (await due_of(estate, ticket))[ClockName.REPAIR] == local("2026-03-11 16:00")
