"""Days and moments in form fields and addresses, in the community's time zone."""

from datetime import date, datetime

from adapters.pages.frame.visitor import Visitor
from domain.kernel.errors import invalid

NOT_A_MOMENT = "not a well-formed moment; write it as 2026-03-31T08:30"


def day_in(text: str | None, pointer: str) -> date | None:
    """Parse the text of ``<input type="date">``; None for an empty one; raises InvalidInput."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise invalid(pointer, "not a well-formed day; write it as 2026-03-31") from None


def moment_in(text: str, visitor: Visitor, pointer: str = "/occurred_at") -> datetime | None:
    """Parse the text of ``<input type="datetime-local">``; None for an empty one; raises InvalidInput.

    Without an offset it is in the community's time zone.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(pointer, NOT_A_MOMENT) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=visitor.zone)


def written(moment: datetime, visitor: Visitor) -> str:
    """Format a moment for such an input."""
    return moment.astimezone(visitor.zone).strftime("%Y-%m-%dT%H:%M")
