"""Fencing and parking, shared by projections and processes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class Fenced(Exception):
    """Another runner took over, or the table set was exchanged. Nothing was written; the caller must read the state again."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream whose events from ``position`` on a projection does not apply; ``error`` holds no personal data."""

    projection: str
    stream: UUID
    position: int
    error: str
    since: datetime
