"""Runners of a store by name, which one operating-system process runs in the background: projections and processes alike."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Generic, Protocol, Self, TypeVar

from adapters.projecting.tables.leases import Leases
from adapters.store.database.database import Database
from adapters.store.log.wakeups import Wakeups
from domain.kernel.errors import NotFound


class Running(Protocol):
    """What moves along until it is cancelled, and says how far it came."""

    wakeups: Wakeups

    async def run(self) -> None:
        """Move along, as long as nobody else does."""
        ...


R = TypeVar("R", bound=Running)


class Background(Generic[R]):
    """Starts and ends runners together, and waits for one of them.

    ``what`` is what they are called in an answer about one that isn't there; ``owned`` is a database to close with them.
    """

    def __init__(self, what: str, runners: Mapping[str, R], leases: Leases, owned: Database | None) -> None:
        self._what = what
        self._runners = runners
        self._leases = leases
        self._owned = owned
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Run them in the background, as long as nobody else does; returns at once."""
        self._tasks = [asyncio.create_task(runner.run(), name=f"{self._what} {name}") for name, runner in self._runners.items()]

    async def stop(self) -> None:
        """End everything and let others take over."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []
        for runner in self._runners.values():
            await runner.wakeups.close()
        await self._leases.close()
        if self._owned is not None:
            await self._owned.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def wait_for(self, name: str, position: int, within: float) -> bool:
        """Whether one has come to a position ``within`` so many seconds. Raises NotFound."""
        async with aclosing(self.changes(name, position - 1, within)) as moves:  # type: ignore[type-var]
            async for reached in moves:
                return reached >= position
        return False

    def changes(self, name: str, after_position: int, within: float) -> AsyncIterator[int]:
        """Yields a runner's position whenever it has moved past the last, at the latest every ``within`` seconds."""
        return self._runners[self._known(name)].wakeups.beyond(after_position, within)

    def _known(self, name: str) -> str:
        if name not in self._runners:
            raise NotFound(self._what)
        return name
