"""Duty periods (值班时段) of a community, by season and in its time zone (D5 二)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.kernel.terms import DutyPeriod
from domain.rules.policy import Duty


@dataclass(frozen=True, slots=True)
class Span:
    """One period: from ``start`` (included) to ``end`` (excluded), aware moments in the community's time zone."""

    period: DutyPeriod
    start: datetime
    end: datetime


def is_summer(day: date, duty: Duty) -> bool:
    """Whether a day lies in the configured summer, both ends included; the range may span the turn of the year."""
    today = f"{day:%m-%d}"
    if duty.summer_from <= duty.summer_to:
        return duty.summer_from <= today <= duty.summer_to
    return today >= duty.summer_from or today <= duty.summer_to


def period_at(moment: datetime, zone: ZoneInfo, duty: Duty) -> Span:
    """The duty period a moment falls in; the night belongs to the day it began on, with that day's season."""
    local = moment.astimezone(zone)
    day = local.date()
    if local.timetz().replace(tzinfo=None) < duty.morning:
        previous = day - timedelta(days=1)
        return _spans(previous, zone, duty)[-1]
    return next(span for span in reversed(_spans(day, zone, duty)) if span.start <= local)


def span_on(day: date, period: DutyPeriod, zone: ZoneInfo, duty: Duty) -> Span:
    """A period of a day; the night is the one that begins on it."""
    return next(span for span in _spans(day, zone, duty) if span.period is period)


def _spans(day: date, zone: ZoneInfo, duty: Duty) -> list[Span]:
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


def period_taken(moment: datetime, zone: ZoneInfo, duty: Duty, lead: timedelta) -> Span:
    """The period that somebody who takes the desk now is there for: within ``lead`` before a period's end it is the next."""
    span = period_at(moment, zone, duty)
    return period_at(span.end, zone, duty) if utc(span.end) - utc(moment) <= lead else span


def minutes_late(arrived: datetime, start: datetime, ahead: timedelta) -> int:
    """How many minutes, begun ones counted, somebody came later than ``ahead`` of the start; 0 where they did not (D5 八)."""
    late = utc(arrived) - (utc(start) - ahead)
    return max(0, -(-late // timedelta(minutes=1)))


def utc(moment: datetime) -> datetime:
    """The same moment in UTC: only there do two moments differ by the time that passed between them."""
    return moment.astimezone(UTC)
