"""Wake those who wait for the log to grow: at once after a write of this process, by polling after a write of another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from domain.kernel.errors import Overloaded

POLL = 0.25
"""Seconds between two reads of the head while somebody waits. SQLite has no notification across processes; on PostgreSQL
the poll covers a lost LISTEN connection."""


class Wakeups:
    """The last known head position, and iterators that wait for a later one. ``look`` reads the head's position."""

    def __init__(self, look: Callable[[], Awaitable[int]], *, poll: float = POLL) -> None:
        self.position = 0
        self._look = look
        self._poll = poll
        self._moved = asyncio.Event()
        self._waiters = 0
        self._poller: asyncio.Task[None] | None = None
        self._end = asyncio.Event()

    def announce(self, position: int) -> None:
        """Note a head position and wake the waiters if it is new."""
        if position > self.position:
            self.position = position
            self._wake()

    async def beyond(self, after_position: int, within: float) -> AsyncIterator[int]:
        """Yields the head position when it has moved past what was yielded last, at the latest every ``within`` seconds."""
        seen = after_position
        while not self._end.is_set():
            self._waiters += 1
            if self._poller is None or self._poller.done():
                self._poller = asyncio.create_task(self._poll_head())
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(within):
                        while self.position <= seen and not self._end.is_set():
                            await self._moved.wait()
            finally:
                self._waiters -= 1
            if not self._end.is_set():
                seen = max(seen, self.position)
                yield seen

    async def close(self) -> None:
        """End every iterator."""
        self._end.set()
        self._wake()
        if self._poller is not None:
            await self._poller

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _poll_head(self) -> None:
        while self._waiters and not self._end.is_set():
            with suppress(Overloaded):
                self.announce(await self._look())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._end.wait()
