"""Workdays and days off (工作日, 休息日): the published calendar, and overrides of single days, which two people approve.

Next year's make-up days (调休) are published late in the year before. Until then that year's days are provisional: weekends and
the holidays fixed by law.
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
"""Tells whether a day is a workday."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar: workday or not, the holiday's name, and the source of this information."""

    date: date
    works: bool
    source: DaySource
    name: str | None = None


class Holidays(Protocol):
    """A published calendar of holidays and make-up days."""

    def day(self, on: date) -> Day:
        """The day as published; provisional while the year's make-up days are unpublished."""
        ...


def day_of(on: date, overrides: Mapping[str, bool], published: Holidays) -> Day:
    """A day of a community's calendar. The community's override comes before the published calendar."""
    works = overrides.get(on.isoformat())
    return published.day(on) if works is None else Day(on, works, DaySource.OVERRIDE)


def after_working_time(start: datetime, needed: timedelta, zone: ZoneInfo, works: Works) -> datetime:
    """Add ``needed`` to ``start``, counting workdays only, each whole from midnight to midnight. Returns a moment in UTC."""
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
    """Convert limits that count workdays to 24-hour days, for clocks that start at ``start``.

    The result goes into the starting event, so days off that are published later do not move a running clock. Limits are rounded
    up to whole minutes, so a due moment may lie up to a minute later.
    """
    minute = timedelta(minutes=1)
    spans = {name: after_working_time(start, limit * minute, zone, works) - start for name, limit in policy.limits.items()}
    return replace(policy, limits={name: -(-span // minute) for name, span in spans.items()})
