"""Workdays and days off (工作日, 休息日): what is published, and what a company overrides by two people, day by day.

Next year's make-up days (调休) are published late in the year before. Until they are known, a day of that year is provisional:
weekends and the holidays fixed by law, and the calendar says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from domain.kernel.terms import DaySource
from domain.rules.clocks import ClockPolicy
from domain.rules.duty_calendar import utc

Works = Callable[[date], bool]
"""Whether people work on a day."""


@dataclass(frozen=True, slots=True)
class Day:
    """Whether people work on a day, what it is called if it is a holiday, and who says so."""

    date: date
    works: bool
    source: DaySource
    name: str | None = None


class Holidays(Protocol):
    """A published calendar."""

    def day(self, on: date) -> Day:
        """A day as published, or provisional where the year's make-up days are not known."""
        ...


def day_of(on: date, overrides: Mapping[str, bool], published: Holidays) -> Day:
    """A day of a community's calendar: its own override counts before what is published."""
    works = overrides.get(on.isoformat())
    return published.day(on) if works is None else Day(on, works, DaySource.OVERRIDE)


def after_working_time(start: datetime, needed: timedelta, zone: ZoneInfo, works: Works) -> datetime:
    """The moment, in UTC, when ``needed`` has passed on working days, each of them whole from midnight to midnight."""
    moment, left = utc(start), needed
    while True:
        day = moment.astimezone(zone).date()
        midnight = utc(datetime.combine(day + timedelta(days=1), time(), zone))
        if works(day):
            if left <= midnight - moment:
                return moment + left
            left -= midnight - moment
        moment = midnight


def in_working_days(policy: ClockPolicy, start: datetime, zone: ZoneInfo, works: Works) -> ClockPolicy:
    """The terms of clocks that start at ``start`` where limits count working days: lengthened by the days off known then.

    The limits that go into the event are whole minutes, rounded up, so a due moment may lie up to a minute later.
    """
    minute = timedelta(minutes=1)
    spans = {name: after_working_time(start, limit * minute, zone, works) - start for name, limit in policy.limits.items()}
    return replace(policy, limits={name: -(-span // minute) for name, span in spans.items()})
