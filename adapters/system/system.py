"""The system's clock, identifiers and randomness: the only place that reads them."""

import os
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


class SystemClock:
    """The Clock port over the system's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC, with microseconds."""
        return datetime.now(UTC)


class TimeOrderedIds:
    """The Ids port by UUIDv7: ordered by time, so that new rows go to the end of an index."""

    def new(self) -> UUID:
        """A new UUIDv7."""
        return uuid7()


def entropy(size: int) -> bytes:
    """Random bytes of the operating system."""
    return os.urandom(size)
