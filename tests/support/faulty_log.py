"""A fault at the port of the log: something happens just before or just after the first append, or before each read."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from domain.kernel.journal import Journal
from domain.kernel.ports import Append, Appended, EventLog, StoredEvent

Happening = Callable[[], Awaitable[None]]


class FaultyLog:
    """The log of a store, and what happens around it. A fault is raised by the happening itself.

    ``before_append`` and ``after_append`` happen once, at the first append (after: it is committed, its caller doesn't know
    yet); ``before_read`` at each read of the log in order, as runners read it.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        before_append: Happening | None = None,
        after_append: Happening | None = None,
        before_read: Happening | None = None,
    ) -> None:
        self._log = log
        self._before_append = before_append
        self._after_append = after_append
        self._before_read = before_read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, append: Append) -> Appended:
        """Append, with what happens around the first one."""
        before, self._before_append = self._before_append, None
        if before is not None:
            await before()
        appended = await self._log.append(append)
        after, self._after_append = self._after_append, None
        if after is not None:
            await after()
        return appended

    async def read_log(self, after_position: int, limit: int) -> Sequence[StoredEvent]:
        """Read, after what happens before it."""
        if self._before_read is not None:
            await self._before_read()
        return await self._log.read_log(after_position, limit)


def faulty(journal: Journal, **happenings: Happening) -> Journal:
    """A journal like the given one, over its log with faults."""
    log: Any = FaultyLog(journal.log, **happenings)
    return Journal(log, journal.codec, journal.sealer)
