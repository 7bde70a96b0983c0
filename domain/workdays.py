"""Workdays and days off (工作日, 休息日): what is published, and what a company overrides by two people, day by day.

Next year's make-up days (调休) are published late in the year before. Until they are known, a day of that year is provisional:
weekends and the holidays fixed by law, and the calendar says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.terms import DaySource


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
