"""Live table sets of the read models, as one kind of follower: ready sets are made live, and one statement moves them all."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress

from adapters.projecting.folding.builder import Builder, adopt, drop
from adapters.projecting.folding.follower import FoldedBatch, Folding, Follower, fold_all, runs_of
from adapters.projecting.folding.following import Batch, Outcome, Pauses, error_text
from adapters.projecting.folding.led import Led
from adapters.projecting.tables.catalogue import READY, RETIRED, Catalogue, TableSet
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import Leases
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.database.database import Transaction
from domain.kernel.ports import EventLog
from projections.engine.view import View

OTHER_PROGRAM = "the tables in use were made by another version of the program"

ASIDE = 60.0
"""Seconds without a change of its sets after which a runner takes another program version for gone, and rebuilds its own.

A follower signs its sets every :data:`SIGN` seconds: a version that is slow, or waits for its turn, is not taken for gone.
"""

SIGN = 5.0
"""Seconds between signs of life (``updated_at``) of an idle follower, which tell it from a stopped one."""


class LiveSets(Led):
    """The read models of a store, a :class:`~adapters.projecting.folding.following.Kind`."""

    what = "projection"
    lease = "projections"

    def __init__(
        self, views: Mapping[str, View], catalogue: Catalogue, log: EventLog, leases: Leases, holder: str,
        foldings: Mapping[str, Folding], builder: Builder, *, idle: float,
    ) -> None:  # fmt: skip
        super().__init__(views, self._live_position, catalogue.note_error, idle=idle)
        self.leases = leases
        self.database = catalogue.database
        self._views = views
        self._catalogue = catalogue
        self._log = log
        self._holder = holder
        self._foldings = foldings
        self._builder = builder
        self._built: set[str] = set()
        self._foreign_sets: list[TableSet] = []
        self._unchanged_since = 0.0
        self._signed = 0.0

    def beside(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """First builds of missing table sets, in one pass over the log."""
        return [self._ensure]

    async def _ensure(self) -> None:
        """Build missing table sets; an error is recorded and the build retried."""
        missing, pauses = list(self._views), Pauses()
        while True:
            try:
                failed = await self._builder.ensure(missing)
            except Exception as failure:
                failed = dict.fromkeys(missing, failure)
            self._built.update(name for name in missing if name not in failed)
            missing = list(failed)
            if not missing:
                return
            for name, error in failed.items():
                with suppress(Exception):
                    await self.trouble([name], error_text(error))
            await pauses.wait()

    async def take(self) -> Sequence[Follower] | None:
        """Make ready sets live and take the live ones; None while another program version has sets of its own.

        Where those have not changed for :data:`ASIDE` seconds, that one is gone, and this one rebuilds its sets. Raises Fenced.
        """
        sets = await self._catalogue.every()
        foreign = self._foreign(sets)
        if foreign:
            self.troubles.update(dict.fromkeys(foreign, OTHER_PROGRAM))
            if not self._is_gone([found for name in foreign for found in sets[name]]):
                return None
            failed = await self._builder.ensure([name for name in foreign if name in self._views])
            for error in failed.values():
                raise error
            sets = await self._catalogue.every()
        live = [found for found in await self._adopted(sets) if found.of(self._views[found.name])]
        taken = await self._catalogue.take_all([(found.name, found.version) for found in live], self._holder)
        self._missed(await self._catalogue.every(), foreign)
        followers = [self._follower(self._views[found.name], found.version) for found in live]
        for follower in followers:
            follower.position, follower.parked = taken[follower.name]
        return followers

    async def adopt_once(self, names: Collection[str]) -> None:
        """Make ready sets of these the live ones where no runner is active (an active one does it itself). Raises Fenced."""
        if not await self.leases.acquire(self.lease):
            return
        try:
            await self._adopted({name: of_it for name, of_it in (await self._catalogue.every()).items() if name in names})
        finally:
            await self.leases.release(self.lease)

    async def is_held(self, members: Sequence[Follower]) -> bool:
        """Whether every set is still held; stamps ``updated_at`` every :data:`SIGN` seconds."""
        sets = [(member.name, member.tables.version) for member in members]
        now = asyncio.get_running_loop().time()
        sign = now >= self._signed + SIGN
        if sign:
            self._signed = now
        return await self._catalogue.are_held(sets, self._holder, sign=sign)

    async def prepare(self, members: Sequence[Follower], batch: Batch) -> Mapping[Follower, Outcome]:
        """Fold a batch for each read model; the outcome of one that fails as a whole is its exception."""
        if not batch.events:
            return {}
        own = runs_of(members, batch.runs)
        return dict(zip(members, await fold_all([(one.folding, own[one]) for one in members], batch.upto), strict=True))

    async def save(self, tx: Transaction, coming: Mapping[Follower, FoldedBatch], batch: Batch) -> None:
        """Write all positions in one statement, then the rows of the sets that have any. Raises Fenced."""
        sets = [(member.name, member.tables.version) for member in coming]
        await self._catalogue.moved(tx, sets, self._holder, batch.after, batch.upto)
        for member, folded in coming.items():
            await member.save(tx, folded)

    async def save_alone(self, member: Follower, outcome: FoldedBatch, batch: Batch) -> None:
        """Write one set in its own transaction, parking streams whose rows the database refuses. Raises Fenced."""
        await member.write(outcome)

    def moved(self, member: Follower, outcome: FoldedBatch, position: int) -> None:
        """Note a written batch and announce the position."""
        member.moved(outcome)
        self.announce(member)

    # Private

    def _is_gone(self, foreign: list[TableSet]) -> bool:
        """Whether these sets of another program version are as they were for the last :data:`ASIDE` seconds."""
        now = asyncio.get_running_loop().time()
        if foreign != self._foreign_sets:
            self._foreign_sets, self._unchanged_since = foreign, now
        return now >= self._unchanged_since + ASIDE

    def _missed(self, sets: Mapping[str, Sequence[TableSet]], foreign: Sequence[str]) -> None:
        """Raise Fenced where a set became ready just before ours were taken, since taking them has undone its fencing."""
        ready = {one.name for of_it in sets.values() for one in of_it if one.status == READY and one.name in self._views}
        if ready.union(self._foreign(sets)).difference(foreign):
            raise Fenced

    def _foreign(self, sets: Mapping[str, Sequence[TableSet]]) -> list[str]:
        """Read models of another program version: with a newer set of another fingerprint, or unknown here and ready."""
        found = []
        for name, of_it in sets.items():
            view = self._views.get(name)
            ready = [one for one in of_it if one.status == READY]
            if view is None:
                if ready:
                    found.append(name)
            elif name in self._built:
                newest = ready[-1] if ready else next((one for one in of_it if one.live), None)
                if newest is not None and not newest.of(view):
                    found.append(name)
        return found

    async def _adopted(self, sets: Mapping[str, Sequence[TableSet]]) -> list[TableSet]:
        """The live sets among these, after making ready ones live; drops retired sets."""
        live = {name: found for name, of_it in sets.items() if name in self._views for found in of_it if found.live}
        left = [found for name, of_it in sets.items() if name in self._views for found in of_it if found.status == RETIRED]
        ready: dict[str, TableSet] = {}
        for name in self._views:
            waiting = [found for found in sets.get(name, ()) if found.status == READY]
            if waiting and waiting[-1].of(self._views[name]):
                ready[name] = waiting[-1]
                left += [*waiting[:-1], *([live[name]] if name in live else [])]
        if ready:
            followers = [self._follower(self._views[name], found.version) for name, found in ready.items()]
            old = [(name, live[name].version) for name in ready if name in live]
            await adopt(followers, old, self._catalogue, (await self._log.head()).position, self._holder)
        await asyncio.gather(*(drop(self._catalogue, found) for found in left))
        found = {**live, **ready}
        return [found[name] for name in self._views if name in found]

    def _follower(self, view: View, version: str) -> Follower:
        return Follower(self._foldings[view.name], RowTables(view, version), self._catalogue, self._log, self._holder)

    async def _live_position(self, name: str) -> int:
        """The position of a view's live set, as stored."""
        live = await self._catalogue.live(name)
        return live.position if live is not None else 0
