"""Parse moments of foreign logs; ambiguous local times are resolved by the mapping's stated rule, never by guessing."""

from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, field_validator


class BadMoment(Exception):
    """A moment that can't be read; ``reason`` is a code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Times(BaseModel):
    """How a log writes moments. A moment with an offset is exact; one without is local time in ``zone``.

    ``ambiguous`` (a time that occurred twice when the clock was put back): the earlier, the later, or refused. ``nonexistent`` (a
    time skipped when the clock was put forward): moved ``forward`` by the skipped span, or refused. ``format``: as for strptime;
    ISO 8601 if not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    zone: str = "UTC"
    format: str | None = None
    ambiguous: Literal["earlier", "later", "refuse"] = "refuse"
    nonexistent: Literal["forward", "refuse"] = "refuse"

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("not a time zone of the IANA database, such as Asia/Shanghai") from None
        return zone

    def moment(self, text: str) -> datetime:
        """Parse a moment; returns it in UTC. Raises BadMoment."""
        try:
            found = datetime.strptime(text.strip(), self.format) if self.format else datetime.fromisoformat(text.strip())
        except ValueError:
            wanted = self.format or "ISO 8601"
            raise BadMoment("bad_moment", f"not a moment of the form {wanted}") from None
        if not 1970 <= found.year < 2200:
            raise BadMoment("bad_moment", f"{found.isoformat()} lies outside the years 1970 to 2199")
        if found.tzinfo is not None:
            return found.astimezone(UTC)
        zone = ZoneInfo(self.zone)
        first, second = found.replace(tzinfo=zone), found.replace(tzinfo=zone, fold=1)
        # The offsets before and after a change of the clock (PEP 495): equal at an ordinary time; larger before than after
        # where the clock was put back; smaller where it was put forward.
        before, after = first.utcoffset(), second.utcoffset()
        assert before is not None
        assert after is not None
        if before > after:
            if self.ambiguous == "refuse":
                remedy = 'ambiguous = "earlier" or "later" in [time] of the mapping accepts it'
                raise BadMoment("ambiguous_moment", f"{found.isoformat()} occurred twice in {self.zone}; {remedy}")
            return (first if self.ambiguous == "earlier" else second).astimezone(UTC)
        if before < after and self.nonexistent == "refuse":
            remedy = 'nonexistent = "forward" in [time] of the mapping accepts it'
            raise BadMoment("nonexistent_moment", f"{found.isoformat()} was skipped in {self.zone}; {remedy}")
        return first.astimezone(UTC)
