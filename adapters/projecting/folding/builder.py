"""Rebuild a projection: build a new table set beside the live one, verify it, and exchange the two.

The builder needs the build lease, so one builder runs across all processes; it leaves a set with status ready. The runner, which
alone moves the live set, brings the ready one up to date and swaps them in one transaction. So no query meets a half-built view,
no query waits, and the position that queries see never goes backward.
"""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from adapters.projecting.folding.checking import Difference, check_rows
from adapters.projecting.folding.follower import Folding, Follower
from adapters.projecting.tables.catalogue import BUILDING, READY, RETIRED, Catalogue, TableSet
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import Leases
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.database.database import Transaction, Unavailable
from domain.kernel.errors import Overloaded
from domain.kernel.ports import EventLog
from projections.engine.view import View

BATCH = 5_000
"""Events in each transaction of a build."""

WITHIN = 600.0
"""Seconds that a transaction of a build may take, such as indexing a large table."""

SAMPLE = 500
"""About how many streams are compared with the log before a new set goes live."""


@dataclass(eq=False)
class NotVerified(Exception):
    """A new table set differs from the log; the old set stays live."""

    name: str
    differences: list[Difference]

    def __str__(self) -> str:
        return f"the rebuilt {self.name} is wrong in {len(self.differences)} rows; the old tables stay live"


class Builder:
    """Builds the table sets of one view."""

    def __init__(
        self,
        view: View,
        catalogue: Catalogue,
        log: EventLog,
        leases: Leases,
        holder: str,
        fresh_folding: Callable[[View], Folding],
        wait: float,
    ) -> None:
        self.view = view
        self._catalogue = catalogue
        self._log = log
        self._leases = leases
        self._holder = holder
        self._fresh_folding = fresh_folding
        self._wait = wait

    async def ensure(self) -> None:
        """Build a set unless a live or ready one has this program's fingerprint (schema and fold version)."""
        await self._leased(only_if_missing=True)

    async def rebuild(self) -> str:
        """Build a new set in any case; returns its version. The set is then ready, not yet live."""
        built = await self._leased(only_if_missing=False)
        assert built is not None
        return built

    async def _leased(self, *, only_if_missing: bool) -> str | None:
        name = f"{self.view.name}/build"
        leased = await self._leases.acquire(name)
        while not leased:
            await asyncio.sleep(self._wait)
            leased = await self._leases.acquire(name)
        try:
            sets = await self._catalogue.sets(self.view.name)
            for found in sets:
                foreign = found.status == READY and not found.of(self.view)
                if found.status in (BUILDING, RETIRED) or foreign:
                    await drop(self._catalogue, found)
            if only_if_missing and any(found.of(self.view) and (found.live or found.status == READY) for found in sets):
                return None
            count = 1 + max((found.count for found in sets), default=0)
            version = f"{self.view.fingerprint}_{count}"
            await self._build(name, version)
            return version
        finally:
            await self._leases.release(name)

    async def _build(self, lease: str, version: str) -> None:
        database = self._catalogue.database
        tables = RowTables(self.view, version)

        async def create(tx: Transaction) -> None:
            await self._catalogue.make(tx, self.view.name, version)
            await tables.create(tx)

        await database.write(create, within=WITHIN)
        folding = self._fresh_folding(self.view)
        follower = Follower(folding, tables, self._catalogue, self._log, self._holder)
        await follower.take()
        async with Renewing(self._leases, lease, self._wait):
            with RARE_COLLECTIONS:
                await follower.catch_up(BATCH, within=WITHIN)
                await database.write(tables.index, within=WITHIN)
                await follower.catch_up(BATCH, within=WITHIN)
            found = await check_rows(self._catalogue, self._log, tables, folding, most_streams=SAMPLE)
        if found:
            raise NotVerified(self.view.name, found)
        await self._catalogue.set_ready(self.view.name, version)
        await self._catalogue.fence()


class RareCollections:
    """Makes garbage collections rare during builds.

    A build allocates many objects and no cycles, so the collector would take most of the time and free nothing.
    """

    def __init__(self) -> None:
        self._builds = 0
        self._usual = gc.get_threshold()

    def __enter__(self) -> None:
        if self._builds == 0:
            self._usual = gc.get_threshold()
            gc.set_threshold(200_000, 50, 1_000)
        self._builds += 1

    def __exit__(self, *_: object) -> None:
        self._builds -= 1
        if self._builds == 0:
            gc.set_threshold(*self._usual)


RARE_COLLECTIONS = RareCollections()


class Renewing:
    """Renews a lease in the background during long work."""

    def __init__(self, leases: Leases, name: str, every: float) -> None:
        self._leases = leases
        self._name = name
        self._every = every

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._renew())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            with suppress(Overloaded):
                await self._leases.acquire(self._name)


async def adopt(follower: Follower, live: TableSet | None, catalogue: Catalogue, holder: str) -> None:
    """Make a ready set the live one: take both sets (so that nobody else moves them), catch up, swap. Raises Fenced."""
    if live is not None:
        await catalogue.take(live.name, live.version, holder)
    await follower.take()
    await follower.catch_up(BATCH, within=WITHIN)
    if not await catalogue.swap(follower.name, follower.tables.version, holder):
        raise Fenced


async def drop(catalogue: Catalogue, found: TableSet) -> None:
    """Drop a retired set; where a query still locks its tables, leave it for a later attempt."""
    with suppress(Unavailable):
        await catalogue.remove(found.name, found.version)
