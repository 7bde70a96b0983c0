"""Moments and days as forms write them, by the community's clock."""

from datetime import datetime

from adapters.pages.frame.visitor import Visitor
from domain.kernel.errors import invalid


def moment_in(text: str, visitor: Visitor, pointer: str = "/occurred_at") -> datetime | None:
    """A moment of ``<input type="datetime-local">`` in the community's time zone, or with its offset; None for nothing."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(pointer, "not a well-formed moment") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=visitor.zone)


def written(moment: datetime, visitor: Visitor) -> str:
    """The same moment as such an input holds it."""
    return moment.astimezone(visitor.zone).strftime("%Y-%m-%dT%H:%M")
