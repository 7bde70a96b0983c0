"""The published calendar of China (国务院办公厅节假日安排), from the holidays library."""

from datetime import date
from functools import cached_property
from typing import Any

from domain.kernel.terms import DaySource
from domain.rules.workdays import Day


class HolidaysOfChina:
    """Workdays by the published calendar. The library takes a third of a second to load, so it is imported at first use."""

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}

    @cached_property
    def _calendar(self) -> Any:
        import holidays

        return holidays.country_holidays("CN", language="zh_CN")

    def day(self, on: date) -> Day:
        """Whether a day is a workday; provisional for a year whose make-up days the library doesn't have yet."""
        calendar = self._calendar
        name = calendar.get(on)
        works = calendar.is_working_day(on)
        source = DaySource.PUBLISHED if on.year in calendar.special_public_holidays else DaySource.PROVISIONAL
        return Day(on, bool(works), source, name)
