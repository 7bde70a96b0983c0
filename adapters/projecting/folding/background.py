"""Run a store's projections or processes in the background of one operating-system process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Generic, Protocol, Self, TypeVar

from adapters.projecting.tables.leases import Leases
from adapters.store.database.database import Database
from adapters.store.log.wakeups import Wakeups
from domain.kernel.errors import NotFound


class Running(Protocol):
    """A runner: follows the log until cancelled, and announces its position."""

    wakeups: Wakeups

    async def run(self) -> None:
        """Follow the log while holding the lease; without it, wait for it."""
        ...


R = TypeVar("R", bound=Running)


class Background(Generic[R]):
    """Starts and stops runners together, and waits for the position of one.

    ``what``: the kind of runner, for NotFound; ``owned``: a database to close together with them.
    """

    def __init__(self, what: str, runners: Mapping[str, R], leases: Leases, owned: Database | None) -> None:
        self._what = what
        self._runners = runners
        self._leases = leases
        self._owned = owned
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every runner in the background; returns at once."""
        self._tasks = [asyncio.create_task(runner.run(), name=f"{self._what} {name}") for name, runner in self._runners.items()]

    async def stop(self) -> None:
        """Stop every runner and release its lease, so that another process can take over at once."""
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
        """Wait until a runner has reached a position; False after ``within`` seconds. Raises NotFound."""
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
