"""The clock of the tests: only a test moves its time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Monday in the morning's duty period."""


@dataclass
class SetClock:
    """Implements :class:`domain.kernel.ports.Clock`; ``moment`` may be set in any time zone."""

    moment: datetime = MORNING

    def now(self) -> datetime:
        """The moment that was set, in UTC as the system's clock gives it."""
        return self.moment.astimezone(UTC)

    def forward(self, by: timedelta) -> datetime:
        """Let time pass; returns the new moment."""
        self.moment += by
        return self.moment

    def move(self, **by: float) -> None:
        """Let time pass, in the units of ``timedelta``: ``clock.move(minutes=5)``."""
        self.moment += timedelta(**by)
