"""Group commit: one flusher a process takes whatever appends are waiting and writes them in one transaction.

Nothing lingers: a batch is what piled up while the one before it was being written. The queue is bounded; an append that
finds it full, or whose deadline passes, is answered with errors.Overloaded.
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
"""How many appends may wait."""

WriteBatch = Callable[[Sequence[Append], bool, float], Awaitable[Sequence[Outcome]]]
"""(batch, again, within seconds) → an outcome for each; ``again`` says that some of it may be in the log already."""


@dataclass(slots=True, eq=False)
class Waiting:
    """An append on its way, and who waits for its answer."""

    append: Append
    answer: asyncio.Future[Outcome]
    expires: float
    trouble: str = "the store did not answer in time"


class GroupCommit:
    """The queue and its flusher; ``write`` must answer each append of a batch on its own."""

    def __init__(self, write: WriteBatch, *, capacity: int = CAPACITY, deadline: float = DEADLINE) -> None:
        self._write = write
        self._capacity = capacity
        self._deadline = deadline
        self._waiting: deque[Waiting] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._closed = False

    async def append(self, append: Append) -> Appended:
        """Write all events in one commit with their neighbours'; raises AppendRefused or errors.Overloaded."""
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
        """How many appends wait for the batch being written."""
        return len(self._waiting)

    async def close(self) -> None:
        """Take nothing more and finish what waits (its deadlines bound that)."""
        self._closed = True
        if self._flusher is not None:
            await self._flusher

    async def _flush(self) -> None:
        while self._waiting:
            batch = list(self._waiting)
            self._waiting.clear()
            await self._commit(batch, again=False)

    async def _commit(self, batch: list[Waiting], *, again: bool) -> None:
        """Write a batch, on a fresh connection and again where one broke, until nobody waits for it any more."""
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
        """A batch that failed as a whole is tried append by append, so that only the culprit is told."""
        if len(batch) > 1:
            for waiting in batch:
                await self._commit([waiting], again=again)
        elif not batch[0].answer.done():
            batch[0].answer.set_exception(error)
