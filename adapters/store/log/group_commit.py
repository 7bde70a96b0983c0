"""Group commit: one flusher a process writes all queued appends in one transaction.

A commit costs one disk sync, whether it holds one append or a hundred, and the head's lock lets only one transaction write
at a time. Sharing the sync is what makes the store fast under load. The flusher never waits for a batch to fill: a batch is
what queued up while the batch before it was written, so a lone append is written at once. The queue is bounded; an append
that finds it full, or whose deadline passes, gets errors.Overloaded.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from adapters.store.database.database import DEADLINE, Unavailable
from adapters.store.log.append import Outcome, check_form
from domain.kernel.errors import Overloaded
from domain.kernel.ports import Append, Appended

CAPACITY = 1000
"""How many appends may be queued."""

WriteBatch = Callable[[Sequence[Append], bool, float], Awaitable[Sequence[Outcome]]]
"""(batch, again, within seconds) → an outcome for each append; ``again``: an earlier try may have committed some of them."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A queued append and the future its caller awaits. ``expires`` in loop time; ``trouble``: the detail of a time-out."""

    append: Append
    answer: asyncio.Future[Outcome]
    expires: float
    trouble: str = "the store did not answer in time"


class GroupCommit:
    """A bounded queue of appends and its flusher; ``write`` returns an outcome for each append of a batch."""

    def __init__(self, write: WriteBatch, *, capacity: int = CAPACITY, deadline: float = DEADLINE) -> None:
        self._write = write
        self._capacity = capacity
        self._deadline = deadline
        self._waiting: deque[Waiting] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._closed = False

    async def append(self, append: Append) -> Appended:
        """Queue an append and await its outcome; raises AppendRefused, or errors.Overloaded (queue full, deadline passed).

        After a deadline the append may still have been written: the caller repeats it with its idempotency key.
        """
        check_form(append)
        if self._closed:
            raise Overloaded("the store is closing")
        if len(self._waiting) >= self._capacity:
            raise Overloaded
        loop = asyncio.get_running_loop()
        waiting = Waiting(append, loop.create_future(), loop.time() + self._deadline)
        self._waiting.append(waiting)
        if self._flusher is None or self._flusher.done():
            self._flusher = loop.create_task(self._flush())
        try:
            async with asyncio.timeout_at(waiting.expires):
                outcome = await waiting.answer
        except TimeoutError:
            raise Overloaded(waiting.trouble) from None
        if isinstance(outcome, Appended):
            return outcome
        raise outcome

    @property
    def waiting(self) -> int:
        """How many appends are queued behind the batch being written."""
        return len(self._waiting)

    async def close(self) -> None:
        """Accept no more appends and finish those queued; their deadlines bound the wait."""
        self._closed = True
        if self._flusher is not None:
            await self._flusher

    async def _flush(self) -> None:
        while self._waiting:
            batch = list(self._waiting)
            self._waiting.clear()
            await self._commit(batch, again=False)

    async def _commit(self, batch: list[Waiting], *, again: bool) -> None:
        """Write a batch, and retry it after a lost connection until every append has its outcome or has expired."""
        # The connection may break after the database committed and before its answer arrived. From then on ``again`` is
        # true, and the store looks for events of this batch in the log before it writes them: without that, the retry of
        # a committed append would be refused as a conflict with itself.
        loop = asyncio.get_running_loop()
        pause = 0.02
        while batch := [waiting for waiting in batch if not waiting.answer.done()]:
            within = min(waiting.expires for waiting in batch) - loop.time()
            try:
                outcomes = await self._write([waiting.append for waiting in batch], again, max(within, 0.0))
            except Unavailable as trouble:
                again = True
                for waiting in batch:
                    waiting.trouble = trouble.detail
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)
            except Exception as error:
                await self._isolate(batch, error, again=again)
            else:
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    if not waiting.answer.done():
                        waiting.answer.set_result(outcome)

    async def _isolate(self, batch: list[Waiting], error: Exception, *, again: bool) -> None:
        """Write the appends of a failed batch one by one, so that the error reaches only the append that causes it."""
        if len(batch) > 1:
            for waiting in batch:
                await self._commit([waiting], again=again)
        elif not batch[0].answer.done():
            batch[0].answer.set_exception(error)
