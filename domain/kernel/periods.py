"""Calendar months and the periods made of them: month, quarter, year."""

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

_PERIOD = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|-Q([1-4]))?", re.ASCII)


class Month(NamedTuple):
    """A calendar month; months compare in order of time."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month of a day."""
        return cls(day.year, day.month)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return date(self.year, self.number, monthrange(self.year, self.number)[1])

    @property
    def before(self) -> "Month":
        """The previous month."""
        return Month(self.year, self.number - 1) if self.number > 1 else Month(self.year - 1, 12)

    @property
    def after(self) -> "Month":
        """The next month."""
        return Month(self.year, self.number + 1) if self.number < 12 else Month(self.year + 1, 1)

    @property
    def half(self) -> tuple[int, int]:
        """The calendar half-year (半年): January to June, July to December."""
        return self.year, (self.number + 5) // 6

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


class Period(NamedTuple):
    """A month, quarter or year, given by its first and last month."""

    kind: str
    first: Month
    last: Month

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Parse ``2026-03``, ``2026-Q1`` or ``2026``. Raises ValueError."""
        found = _PERIOD.fullmatch(text)
        if not found or found[1] == "0000":
            raise ValueError("write a month as 2026-03, a quarter as 2026-Q1, a year as 2026")
        year = int(found[1])
        if found[2]:
            return cls("month", Month(year, int(found[2])), Month(year, int(found[2])))
        if found[3]:
            return cls("quarter", Month(year, int(found[3]) * 3 - 2), Month(year, int(found[3]) * 3))
        return cls("year", Month(year, 1), Month(year, 12))

    def holds(self, month: Month) -> bool:
        """Whether a month belongs to the period."""
        return self.first <= month <= self.last

    def __str__(self) -> str:
        year = f"{self.first.year:04}"
        return {"month": str(self.first), "quarter": f"{year}-Q{self.last.number // 3}", "year": year}[self.kind]
