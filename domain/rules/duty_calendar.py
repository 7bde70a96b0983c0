"""Duty periods (值班时段) of a community, by season and in its time zone (D5 二)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.kernel.terms import DutyPeriod
from domain.rules.policy import DutyTimes


@dataclass(frozen=True, slots=True)
class Span:
    """A duty period from ``start`` (included) to ``end`` (excluded); aware moments in the community's time zone."""

    period: DutyPeriod
    start: datetime
    end: datetime


def is_summer(day: date, duty: DutyTimes) -> bool:
    """Whether a day lies in the configured summer, both ends included. The range may include the turn of the year."""
    today = f"{day:%m-%d}"
    if duty.summer_from <= duty.summer_to:
        return duty.summer_from <= today <= duty.summer_to
    return today >= duty.summer_from or today <= duty.summer_to


def period_at(moment: datetime, zone: ZoneInfo, duty: DutyTimes) -> Span:
    """The duty period that contains a moment. A night belongs to the day on which it began, and has that day's season."""
    local = moment.astimezone(zone)
    day = local.date()
    if local.timetz().replace(tzinfo=None) < duty.morning:
        previous = day - timedelta(days=1)
        return _spans(previous, zone, duty)[-1]
    return next(span for span in reversed(_spans(day, zone, duty)) if span.start <= local)


def span_on(day: date, period: DutyPeriod, zone: ZoneInfo, duty: DutyTimes) -> Span:
    """A day's duty period; for the night, the one that begins on that day."""
    return next(span for span in _spans(day, zone, duty) if span.period is period)


def _spans(day: date, zone: ZoneInfo, duty: DutyTimes) -> list[Span]:
    summer = is_summer(day, duty)

    def at(of: time, on: date = day) -> datetime:
        return datetime.combine(on, of, zone)

    starts = [
        (DutyPeriod.MORNING, at(duty.morning)),
        (DutyPeriod.NOON, at(duty.noon)),
        (DutyPeriod.AFTERNOON, at(duty.afternoon_summer if summer else duty.afternoon_winter)),
        (DutyPeriod.NIGHT, at(duty.night_summer if summer else duty.night_winter)),
    ]
    ends = [start for _, start in starts[1:]] + [at(duty.morning, day + timedelta(days=1))]
    return [Span(period, start, end) for (period, start), end in zip(starts, ends, strict=True)]


def period_taken(moment: datetime, zone: ZoneInfo, duty: DutyTimes, lead: timedelta) -> Span:
    """The duty period for which an officer takes the desk at ``moment``: in the last ``lead`` of a period, the next one."""
    span = period_at(moment, zone, duty)
    return period_at(span.end, zone, duty) if utc(span.end) - utc(moment) <= lead else span


def minutes_late(arrived: datetime, start: datetime, ahead: timedelta) -> int:
    """Minutes, rounded up, by which an arrival came later than ``ahead`` before ``start``; 0 if in time (D5 八)."""
    late = utc(arrived) - (utc(start) - ahead)
    return max(0, -(-late // timedelta(minutes=1)))


def utc(moment: datetime) -> datetime:
    """Convert a moment to UTC.

    Python subtracts two moments of one time zone by their wall clocks, which is wrong across a change to daylight saving time.
    """
    return moment.astimezone(UTC)
