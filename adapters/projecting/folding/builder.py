"""Rebuild projections: build new table sets beside the live ones, verify them, and exchange them.

The builder needs the build lease of each view, so one builder runs across all processes; it leaves sets with status ready. The
runner, which alone moves the live sets, brings the ready ones up to date and swaps each in one transaction. So no query meets a
half-built view, no query waits, and the position that queries see never goes backward.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from adapters.projecting.folding.checking import Difference, Known, Sample, check_sample
from adapters.projecting.folding.follower import WITHIN, Folding, Follower
from adapters.projecting.folding.one_pass import OnePass
from adapters.projecting.folding.rare_collections import RARE_COLLECTIONS
from adapters.projecting.tables.catalogue import BUILDING, READY, RETIRED, Catalogue, TableSet
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import Leases
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.database.database import Transaction, Unavailable
from domain.kernel.errors import Overloaded
from domain.kernel.ports import EventLog
from projections.engine.view import View

BATCH = 5_000
"""Events in each transaction of a ready set that catches up before it goes live."""

SAMPLE = 100
"""How many streams of each new set are compared with the log before it goes live."""

INDEXING = 2
"""Table sets indexed at once, on PostgreSQL; SQLite writes one after another."""


@dataclass(eq=False)
class NotVerified(Exception):
    """A new table set differs from the log; the old set stays live."""

    name: str
    differences: list[Difference]

    def __str__(self) -> str:
        return f"the rebuilt {self.name} is wrong in {len(self.differences)} rows; the old tables stay live"


@dataclass(frozen=True, slots=True)
class Built:
    """Result of a build: the versions of the sets that are ready now, and the errors of the others, by view."""

    versions: Mapping[str, str]
    failed: Mapping[str, Exception]


class Builder:
    """Builds the table sets of several views in one pass over the log."""

    def __init__(
        self,
        views: Mapping[str, View],
        catalogue: Catalogue,
        log: EventLog,
        leases: Leases,
        holder: str,
        fresh_foldings: Callable[[Sequence[View]], Sequence[Folding]],
        wait: float,
    ) -> None:
        self._views = views
        self._catalogue = catalogue
        self._log = log
        self._leases = leases
        self._holder = holder
        self._fresh_foldings = fresh_foldings
        self._wait = wait

    async def ensure(self, names: Collection[str]) -> Mapping[str, Exception]:
        """Build a set of each view without a live or ready one of this program's fingerprint; returns what failed.

        Also drops what is left of builds that were interrupted; a view that is being rebuilt elsewhere holds up no first build.
        """
        sets = await self._catalogue.every()
        missing = [name for name in names if not self._has_set(name, sets.get(name, []))]
        built = await self._leased(missing, only_if_missing=True)
        for name in names:
            if name not in missing and any(self._is_left(name, found) for found in sets.get(name, [])):
                await self._leased([name], only_if_missing=True)
        return built.failed

    async def rebuild(self, names: Collection[str]) -> Built:
        """Build a new set of each view in any case. The sets are then ready, not yet live."""
        return await self._leased(names, only_if_missing=False)

    async def _leased(self, names: Collection[str], *, only_if_missing: bool) -> Built:
        held: list[str] = []
        async with Renewing(self._leases, held, self._wait):
            try:
                for name in sorted(names):  # in one order, so that two builders never wait for each other
                    lease = f"{name}/build"
                    leased = await self._leases.acquire(lease)
                    while not leased:
                        await asyncio.sleep(self._wait)
                        leased = await self._leases.acquire(lease)
                    held.append(lease)
                sets = await self._clear(names)
                wanted = [n for n in names if not (only_if_missing and self._has_set(n, sets.get(n, [])))]
                return await self._build(wanted)
            finally:
                while held:
                    await self._leases.release(held.pop())

    async def _clear(self, names: Collection[str]) -> Mapping[str, Sequence[TableSet]]:
        """Drop the sets that are of no further use; returns all sets as they were found."""
        sets = await self._catalogue.every()
        for name in names:
            for found in sets.get(name, []):
                if self._is_left(name, found):
                    await drop(self._catalogue, found)
        return sets

    def _has_set(self, name: str, sets: Sequence[TableSet]) -> bool:
        return any(found.of(self._views[name]) and (found.live or found.status == READY) for found in sets)

    def _is_left(self, name: str, found: TableSet) -> bool:
        """Whether a set is of no further use: of an interrupted build, retired, or ready for another program version."""
        foreign = found.status == READY and not found.of(self._views[name])
        return found.status in (BUILDING, RETIRED) or foreign

    async def _build(self, names: Sequence[str]) -> Built:
        """Build in one pass; where it fails, each view in a pass of its own, so that one can't hold up the others."""
        if not names:
            return Built({}, {})
        try:
            return await self._build_together(names)
        except (Fenced, Overloaded):
            raise
        except Exception as error:
            await self._clear(names)
            if len(names) == 1:
                return Built({}, {names[0]: error})
            alone = [await self._build([name]) for name in names]
            versions = {name: version for built in alone for name, version in built.versions.items()}
            return Built(versions, {name: error for built in alone for name, error in built.failed.items()})

    async def _build_together(self, names: Sequence[str]) -> Built:
        sets = await self._catalogue.every()
        tables = [RowTables(self._views[name], self._next_version(name, sets.get(name, []))) for name in names]

        async def create(tx: Transaction) -> None:
            for own in tables:
                await self._catalogue.make(tx, own.view.name, own.version, self._holder)
                await own.create(tx)

        await self._catalogue.database.write(create, within=WITHIN)
        with RARE_COLLECTIONS:  # until what was kept is free again, which the collector then need not look at
            return await self._filled(tables)

    async def _filled(self, tables: Sequence[RowTables]) -> Built:
        """Fill new tables in one pass over the log, and verify them."""
        foldings = self._fresh_foldings([own.view for own in tables])
        followers = [
            Follower(folding, own, self._catalogue, self._log, self._holder)
            for folding, own in zip(foldings, tables, strict=True)
        ]
        samples = {follower: Sample(SAMPLE) for follower in followers}
        one_pass = OnePass(self._log, foldings[0].streams, followers, self._catalogue, self._holder, samples)
        await one_pass.run(load=True)
        await self._finish(followers)
        await one_pass.run(load=False)
        return await self._verified(samples)

    async def _finish(self, followers: Sequence[Follower]) -> None:
        """Index what was loaded. Raises Fenced where another builder has taken the lease, and perhaps dropped the tables."""
        turn = asyncio.Semaphore(INDEXING)

        async def finish(follower: Follower) -> None:
            async with turn:
                await follower.prepare(follower.tables.finish)

        done = await asyncio.gather(*map(finish, followers), return_exceptions=True)  # none may go on when this has returned
        for error in done:
            if isinstance(error, BaseException):
                raise error

    def _next_version(self, name: str, sets: Sequence[TableSet]) -> str:
        return f"{self._views[name].fingerprint}_{1 + max((found.count for found in sets), default=0)}"

    async def _verified(self, samples: Mapping[Follower, Sample]) -> Built:
        """Compare a sample of each set with the log, and mark the sets that agree as ready."""
        versions: dict[str, str] = {}
        failed: dict[str, Exception] = {}
        known: Known = {}
        for follower, sample in samples.items():
            found = await check_sample(self._catalogue, follower.tables, follower.folding, sample, known)
            if found:
                failed[follower.name] = NotVerified(follower.name, found)
            else:
                versions[follower.name] = follower.tables.version
        if versions:
            await self._catalogue.set_ready([*versions.items()], self._holder)
        return Built(versions, failed)


class Renewing:
    """Renews leases in the background during long work; ``names`` may grow meanwhile."""

    def __init__(self, leases: Leases, names: Sequence[str], every: float) -> None:
        self._leases = leases
        self._names = names
        self._every = every

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._renew())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            for name in list(self._names):
                with suppress(Overloaded):
                    await self._leases.acquire(name)


async def adopt(
    followers: Sequence[Follower], live: Sequence[tuple[str, str]], catalogue: Catalogue, head: int, holder: str
) -> None:
    """Make ready sets the live ones: take both (so that nobody else moves them), catch up to ``head``, swap. Raises Fenced."""
    ready = [(follower.name, follower.tables.version) for follower in followers]
    await catalogue.take_all(live, holder)
    taken = await catalogue.take_all(ready, holder)
    for follower in followers:
        follower.position, follower.parked = taken[follower.name]
        if follower.position < head:
            await follower.catch_up(BATCH, within=WITHIN)
    if not await catalogue.swap(ready, holder):
        raise Fenced


async def drop(catalogue: Catalogue, found: TableSet) -> None:
    """Drop a retired set; where a query still locks its tables, leave it for a later attempt."""
    with suppress(Unavailable):
        await catalogue.remove(found.name, found.version)
