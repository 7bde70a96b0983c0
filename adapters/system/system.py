"""The machine's own clock, identifiers and randomness: the only place where they are read."""

import os
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


class SystemClock:
    """Now, in UTC."""

    def now(self) -> datetime:
        """An aware UTC moment with microseconds."""
        return datetime.now(UTC)


class TimeOrderedIds:
    """UUIDv7: unique, and ordered by time, so that indexes stay compact."""

    def new(self) -> UUID:
        """A new identifier."""
        return uuid7()


def entropy(size: int) -> bytes:
    """Random bytes of the operating system."""
    return os.urandom(size)
