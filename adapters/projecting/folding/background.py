"""Run a store's projections, its processes, or both together, in the background of one operating-system process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Generic, Self, TypeVar

from adapters.projecting.folding.following import Kind
from adapters.projecting.folding.runner import Runner
from adapters.projecting.folding.streams import Streams
from adapters.store.database.database import Database
from domain.kernel.errors import NotFound
from domain.kernel.ports import EventLog

K = TypeVar("K", bound=Kind)


class Background(Generic[K]):
    """Starts and stops the runner of one kind, alone or with others, and waits for the position of a member.

    ``owned``: a database to close with it.
    """

    def __init__(self, kind: K, log: EventLog, streams: Streams, idle: float, owned: Database | None) -> None:
        self.kind = kind
        self._log = log
        self._streams = streams
        self._idle = idle
        self._owned = owned
        self._task: asyncio.Task[None] | None = None

    async def start(self, *others: "Background[Any]") -> None:
        """Start following in the background, together with ``others`` of one database; returns at once.

        The others must be stopped after this one.
        """
        self._task = asyncio.create_task(self._runner(*(other.kind for other in others)).run(), name=f"{self.kind.what} follower")

    async def stop(self) -> None:
        """Stop the runner and release its leases, so that another process can take over at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        for wakeups in self.kind.wakeups.values():
            await wakeups.close()
        await self.kind.leases.close()
        if self._owned is not None:
            await self._owned.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def wait_for(self, name: str, position: int, within: float) -> bool:
        """Wait until a member has reached a position; False after ``within`` seconds. Raises NotFound."""
        async with aclosing(self.changes(name, position - 1, within)) as moves:  # type: ignore[type-var]
            async for reached in moves:
                return reached >= position
        return False

    def changes(self, name: str, after_position: int, within: float) -> AsyncIterator[int]:
        """Yields a member's position whenever it has moved past the last, at the latest every ``within`` seconds."""
        return self.kind.wakeups[self._known(name)].beyond(after_position, within)

    def _runner(self, *others: Kind) -> Runner:
        if any(other.database is not self.kind.database for other in others):
            raise ValueError("members that move together need one database")
        return Runner([self.kind, *others], self._log, self._streams, idle=self._idle)

    def _known(self, name: str) -> str:
        if name not in self.kind.wakeups:
            raise NotFound(self.kind.what)
        return name
