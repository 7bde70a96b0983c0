"""Moments in form fields, in the community's time zone."""

from datetime import datetime

from adapters.pages.frame.visitor import Visitor
from domain.kernel.errors import invalid


def moment_in(text: str, visitor: Visitor, pointer: str = "/occurred_at") -> datetime | None:
    """Parse the text of ``<input type="datetime-local">``; None for an empty one; raises InvalidInput.

    Without an offset it is in the community's time zone.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(pointer, "not a well-formed moment") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=visitor.zone)


def written(moment: datetime, visitor: Visitor) -> str:
    """Format a moment for such an input."""
    return moment.astimezone(visitor.zone).strftime("%Y-%m-%dT%H:%M")
