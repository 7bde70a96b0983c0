"""The runner of one projection: holds its lease, builds a missing table set, follows the log, and yields when fenced."""

import asyncio
from contextlib import aclosing, suppress

from adapters.projecting.folding.builder import Builder, Renewing, adopt, drop
from adapters.projecting.folding.follower import Folding, Follower
from adapters.projecting.folding.streams import failure_text
from adapters.projecting.tables.catalogue import READY, RETIRED, Catalogue
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import Leases
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.log.wakeups import Wakeups
from domain.kernel.errors import Overloaded
from domain.kernel.ports import EventLog
from projections.engine.view import View

BATCH = 500
"""Events in each transaction while following; few enough that commands in this process don't wait."""

FAR_BEHIND = 10 * BATCH
"""Events behind the end of the log from which reading and writing overlap."""

MAKE_WAY = 0.05
"""Seconds that a fenced runner waits before it takes the set back, so that a retry or a rebuild can finish."""

LONGEST_PAUSE = 10.0
"""Longest time in seconds between attempts while an error lasts."""

OTHER_PROGRAM = "the tables in use were made by another version of the program"

ASIDE = 60
"""Attempts after which a runner that yields to another program version assumes that one to be gone, and rebuilds."""


class Runner:
    """Runs one projection until cancelled. ``idle``: seconds between checks while no event arrives."""

    def __init__(
        self,
        view: View,
        catalogue: Catalogue,
        log: EventLog,
        leases: Leases,
        holder: str,
        folding: Folding,
        builder: Builder,
        *,
        idle: float,
    ) -> None:
        self.view = view
        self.wakeups = Wakeups(self._live_position, poll=min(idle, 0.05))
        self.running = False
        self.trouble: str | None = None
        self._catalogue = catalogue
        self._log = log
        self._leases = leases
        self._holder = holder
        self._folding = folding
        self._builder = builder
        self._idle = idle
        self._pause = MAKE_WAY
        self._built = False
        self._aside = 0

    @property
    def name(self) -> str:
        """The projection's name."""
        return self.view.name

    async def run(self) -> None:
        """Build a missing set, then follow the log for ever; an error is recorded in the catalogue and the work retried."""
        try:
            while True:
                try:
                    if not self._built:
                        await self._builder.ensure()
                        self._built = True
                    await self._lead()
                except Fenced:
                    await asyncio.sleep(MAKE_WAY)
                except Exception as error:
                    await self._troubled(error)
                finally:
                    self.running = False
        finally:
            with suppress(Overloaded):
                await self._leases.release(self.name)

    async def adopt_once(self) -> bool:
        """Make a ready set the live one where no runner is active; False where one is, which will do it. Raises Fenced."""
        if not await self._leases.acquire(self.name):
            return False
        try:
            return await self._adopted() is not None
        finally:
            await self._leases.release(self.name)

    async def _lead(self) -> None:
        if not await self._leases.acquire(self.name):
            await asyncio.sleep(self._idle)
            return
        follower = await self._adopted()
        if follower is None:
            await self._stand_aside()
            return
        self.running = True
        self._aside = 0
        self.trouble = None
        self._announce(follower)
        async with aclosing(self._log.appended(follower.position, self._idle)) as heads:  # type: ignore[type-var]
            async for head in heads:
                await self._follow(follower, head)

    async def _stand_aside(self) -> None:
        """Yield the view to another program version, for :data:`ASIDE` attempts.

        During an upgrade two versions run side by side, and each would rebuild the view over the other's tables for ever.
        """
        self.trouble = OTHER_PROGRAM
        self._aside += 1
        self._built = self._aside % ASIDE != 0
        await self._leases.release(self.name)
        await asyncio.sleep(self._idle)

    async def _follow(self, follower: Follower, head: int) -> None:
        if follower.position >= head and not await self._catalogue.is_held(self.name, follower.tables.version, self._holder):
            raise Fenced
        while True:
            if not await self._leases.acquire(self.name):
                raise Fenced
            if follower.position >= head:
                return
            if head - follower.position > FAR_BEHIND:
                async with Renewing(self._leases, self.name, self._idle):
                    await follower.catch_up(BATCH)
            else:
                await follower.advance(BATCH)
            self._pause = MAKE_WAY
            self._announce(follower)

    async def _adopted(self) -> Follower | None:
        """Take the live set, or a ready one after making it live; None where another program version made it."""
        sets = await self._catalogue.sets(self.name)
        live = next((found for found in sets if found.live), None)
        for found in sets:
            if found.status == RETIRED:
                await drop(self._catalogue, found)
        ready = [found for found in sets if found.status == READY]
        if ready and not ready[-1].of(self.view):
            return None
        if ready:
            follower = self._follower(ready[-1].version)
            await adopt(follower, live, self._catalogue, self._holder)
            for found in (*ready[:-1], *([live] if live else [])):
                await drop(self._catalogue, found)
            return follower
        if live is None or not live.of(self.view):
            return None
        follower = self._follower(live.version)
        await follower.take()
        return follower

    def _follower(self, version: str) -> Follower:
        return Follower(self._folding, RowTables(self.view, version), self._catalogue, self._log, self._holder)

    def _announce(self, follower: Follower) -> None:
        self.wakeups.announce(follower.position)

    async def _troubled(self, error: Exception) -> None:
        """Record an error that no single event causes, such as an unreachable database, and wait longer each time."""
        self.trouble = str(error) if isinstance(error, Overloaded) else failure_text(error)
        with suppress(Exception):
            await self._catalogue.note_error(self.name, self.trouble)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _live_position(self) -> int:
        """The view's position for those who wait; read from the catalogue only where another process moves the view."""
        if self.running:
            return self.wakeups.position
        live = await self._catalogue.live(self.name)
        return live.position if live is not None else 0
