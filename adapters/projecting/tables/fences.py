"""Rows that bound a read model: positions under a lease (fencing), and streams that are parked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class Fenced(Exception):
    """Somebody else took the set, or it was exchanged: nothing was written, what is known of it must be read anew."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream whose events are held back in a projection from ``position`` on; ``error`` holds no personal data."""

    projection: str
    stream: UUID
    position: int
    error: str
    since: datetime
