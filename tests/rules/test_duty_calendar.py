"""Duty periods (D5 二): every edge of every period in both seasons, and any moment against a second reading of the table."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.terms import DutyPeriod
from domain.rules.duty_calendar import Span, is_summer, minutes_late, period_at, period_taken, span_on
from tests.support.ticket_factory import POLICY, ZONE

WINTER = {"morning": "08:30", "noon": "12:00", "afternoon": "13:30", "night": "17:30"}
SUMMER = {"morning": "08:30", "noon": "12:00", "afternoon": "14:00", "night": "18:00"}
DUTY = POLICY.duty


def naive(local: datetime) -> tuple[str, datetime, datetime]:
    """The period that a wall-clock moment falls in: the last one begun, or yesterday's night before half past eight."""
    began = [
        (datetime.combine(day, time.fromisoformat(at)), name)
        for day in (local.date() - timedelta(days=1), local.date(), local.date() + timedelta(days=1))
        for name, at in (SUMMER if 5 <= day.month <= 9 else WINTER).items()
    ]
    start, name = max(one for one in began if one[0] <= local)
    return name, start, min(at for at, _ in began if at > local)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)))
def test_any_moment(local: datetime) -> None:
    span = period_at(local.replace(tzinfo=ZONE), ZONE, DUTY)
    found = span.period.value, span.start.replace(tzinfo=None), span.end.replace(tzinfo=None)
    assert found == naive(local)
    assert period_at(local.replace(tzinfo=ZONE).astimezone(UTC), ZONE, DUTY) == span


DAYS = {
    "last of winter": (date(2026, 4, 30), WINTER),
    "first of summer": (date(2026, 5, 1), SUMMER),
    "last of summer": (date(2026, 9, 30), SUMMER),
    "first of winter": (date(2026, 10, 1), WINTER),
    "leap day": (date(2028, 2, 29), WINTER),
    "new year": (date(2027, 1, 1), WINTER),
}


@pytest.mark.parametrize(("day", "season"), DAYS.values(), ids=DAYS)
def test_edges(day: date, season: dict[str, str]) -> None:
    """A period includes its first moment and excludes the first moment of the next."""
    before = "night"
    for name, at in season.items():
        start = datetime.combine(day, time.fromisoformat(at), ZONE)
        assert period_at(start, ZONE, DUTY).period is DutyPeriod(name)
        assert period_at(start, ZONE, DUTY).start == start
        earlier = period_at(start - timedelta(microseconds=1), ZONE, DUTY)
        assert (earlier.period, earlier.end) == (DutyPeriod(before), start)
        before = name


@pytest.mark.parametrize(
    ("day", "summer"),
    [("2026-04-30", False), ("2026-05-01", True), ("2026-09-30", True), ("2026-10-01", False), ("2028-02-29", False)],
)
def test_season_boundaries(day: str, summer: bool) -> None:
    assert is_summer(date.fromisoformat(day), DUTY) is summer


def test_a_summer_over_the_turn_of_the_year() -> None:
    southern = DUTY.model_copy(update={"summer_from": "11-01", "summer_to": "02-28"})
    found = {
        day: is_summer(date.fromisoformat(day), southern) for day in ("2026-10-31", "2026-11-01", "2027-02-28", "2027-03-01")
    }
    assert list(found.values()) == [False, True, True, False]


def test_a_summer_of_one_day() -> None:
    midsummer = DUTY.model_copy(update={"summer_from": "06-21", "summer_to": "06-21"})
    assert [is_summer(date(2026, 6, day), midsummer) for day in (20, 21, 22)] == [False, True, False]


def test_a_night_keeps_the_season_it_began_in() -> None:
    first_of_october = datetime(2026, 10, 1, 0, 30, tzinfo=ZONE)
    assert period_at(first_of_october, ZONE, DUTY).start == datetime(2026, 9, 30, 18, 0, tzinfo=ZONE)
    first_of_may = datetime(2026, 5, 1, 3, 0, tzinfo=ZONE)
    assert period_at(first_of_may, ZONE, DUTY).start == datetime(2026, 4, 30, 17, 30, tzinfo=ZONE)


def test_another_time_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    span = period_at(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), berlin, DUTY)
    assert (span.period, span.end) == (DutyPeriod.NIGHT, datetime(2026, 3, 29, 8, 30, tzinfo=berlin))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


PERIODS = [
    (DutyPeriod.MORNING, "2026-09-30 08:30", "2026-09-30 12:00"),
    (DutyPeriod.NOON, "2026-09-30 12:00", "2026-09-30 14:00"),
    (DutyPeriod.AFTERNOON, "2026-09-30 14:00", "2026-09-30 18:00"),
    (DutyPeriod.NIGHT, "2026-09-30 18:00", "2026-10-01 08:30"),
]


@pytest.mark.parametrize(("period", "start", "end"), PERIODS)
def test_a_period_of_a_day(period: DutyPeriod, start: str, end: str) -> None:
    """The night is the one that begins on the day."""
    assert span_on(date(2026, 9, 30), period, ZONE, DUTY) == Span(period, at(start), at(end))


def test_near_its_end_a_period_is_taken_for_the_next() -> None:
    half_an_hour = timedelta(minutes=30)
    for moment, period in (
        ("2026-03-02 11:29:59", DutyPeriod.MORNING),
        ("2026-03-02 11:30", DutyPeriod.NOON),
        ("2026-03-02 12:00", DutyPeriod.NOON),
        ("2026-03-03 07:59:59", DutyPeriod.NIGHT),
        ("2026-03-03 08:00", DutyPeriod.MORNING),
    ):
        assert period_taken(at(moment), ZONE, DUTY, half_an_hour).period is period
    assert period_taken(at("2026-03-02 11:30"), ZONE, DUTY, half_an_hour).start == at("2026-03-02 12:00")
    assert period_taken(at("2026-03-02 11:30"), ZONE, DUTY, timedelta(0)).period is DutyPeriod.MORNING


def test_the_time_to_a_periods_end_is_the_time_that_passes() -> None:
    """In the night of 29 March 2026 clocks in Berlin go from 02:00 to 03:00: an hour before half past eight is no hour less."""
    berlin = ZoneInfo("Europe/Berlin")
    before_the_change = datetime(2026, 3, 29, 1, 30, tzinfo=berlin)
    six_hours = timedelta(hours=6)
    assert period_taken(before_the_change, berlin, DUTY, six_hours).period is DutyPeriod.MORNING
    assert period_taken(before_the_change - timedelta(minutes=1), berlin, DUTY, six_hours).period is DutyPeriod.NIGHT


def test_begun_minutes_of_lateness_count() -> None:
    """D5 八: to come later than a quarter of an hour before the start is late."""
    start, ahead = at("2026-03-02 08:30"), timedelta(minutes=15)
    for arrived, late in (
        ("2026-03-02 08:00", 0),
        ("2026-03-02 08:15:00", 0),
        ("2026-03-02 08:15:01", 1),
        ("2026-03-02 08:16:00", 1),
        ("2026-03-02 08:16:01", 2),
        ("2026-03-02 08:35:00", 20),
    ):
        assert minutes_late(at(arrived), start, ahead) == late
        assert minutes_late(at(arrived).astimezone(UTC), start, ahead) == late
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 3, 29, 1, 0, tzinfo=berlin), datetime(2026, 3, 29, 4, 0, tzinfo=berlin)
    assert minutes_late(after, before, timedelta(0)) == 120
