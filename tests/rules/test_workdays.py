"""Time that runs on working days alone, against a model that counts minutes; a community's day before the published one."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.terms import ClockName, DaySource, SuspendReason
from domain.rules.clocks import ClockPolicy
from domain.rules.workdays import Day, after_working_time, day_of, in_working_days
from tests.support.ticket_factory import MINUTE, ZONE

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


@pytest.mark.parametrize("zone", [ZoneInfo("Europe/London"), ZoneInfo("America/New_York")])
def test_a_moment_given_by_another_clock_is_the_same_moment(zone: ZoneInfo) -> None:
    start = local("2026-03-06 16:00").astimezone(zone)
    due = after_working_time(start, timedelta(days=2), ZONE, weekdays)
    assert due == local("2026-03-10 16:00")
    assert due.tzinfo is UTC


def test_limits_are_lengthened_by_days_off_and_rounded_up_to_the_minute() -> None:
    pauses = {ClockName.REPAIR: (SuspendReason.AWAITING_RESIDENT,)}
    policy = ClockPolicy("2026-1", {ClockName.REPLY: 2 * 1440, ClockName.REPAIR: 60}, pauses)
    friday = in_working_days(policy, local("2026-03-06 16:00"), ZONE, weekdays)
    assert friday == ClockPolicy("2026-1", {ClockName.REPLY: 4 * 1440, ClockName.REPAIR: 60}, pauses)
    saturday = in_working_days(policy, local("2026-03-07 10:00") + timedelta(seconds=30), ZONE, weekdays)
    assert saturday.limits == {ClockName.REPLY: 14 * 60 + 3 * 1440, ClockName.REPAIR: 38 * 60 + 60}
    assert saturday.limits == in_working_days(policy, local("2026-03-07 10:00"), ZONE, weekdays).limits


class Published:
    """A calendar that knows one holiday."""

    def day(self, on: date) -> Day:
        return Day(on, on != date(2026, 10, 1), DaySource.PUBLISHED, "国庆节" if on == date(2026, 10, 1) else None)


def test_a_communitys_own_day_counts_before_the_published_one() -> None:
    holiday, thursday = date(2026, 10, 1), date(2026, 10, 8)
    overrides = {"2026-10-01": True, "2026-10-08": False}
    assert day_of(holiday, overrides, Published()) == Day(holiday, True, DaySource.OVERRIDE, None)
    assert day_of(thursday, overrides, Published()) == Day(thursday, False, DaySource.OVERRIDE)
    assert day_of(holiday, {}, Published()) == Day(holiday, False, DaySource.PUBLISHED, "国庆节")
    assert day_of(date(2026, 10, 9), overrides, Published()) == Day(date(2026, 10, 9), True, DaySource.PUBLISHED)
