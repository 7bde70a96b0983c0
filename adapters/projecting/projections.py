"""All projections of a store: their runners, their queries, and the operator's tools."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from adapters.projecting.building_progress import Builds, Progress
from adapters.projecting.folding.background import Background
from adapters.projecting.folding.builder import Builder
from adapters.projecting.folding.checking import Checked, check, check_numbers
from adapters.projecting.folding.follower import Folding, Follower, Tokenizer
from adapters.projecting.folding.following import MAKE_WAY
from adapters.projecting.folding.live_sets import LiveSets
from adapters.projecting.folding.one_pass import STATES
from adapters.projecting.folding.streams import Streams
from adapters.projecting.live_reader import LiveReader
from adapters.projecting.tables.catalogue import BUILDING, READY, Catalogue, TableSet
from adapters.projecting.tables.fences import Fenced, Parked
from adapters.projecting.tables.leases import leases_for
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.database import schema
from adapters.store.database.database import Database
from adapters.store.database.memory_database import MemoryDatabase
from adapters.store.log.opening import Store
from domain.kernel.errors import NotFound, Overloaded
from domain.kernel.ports import Clock, Codec
from domain.people.assignee import Assignee
from projections.engine.view import Reader, View
from projections.read_models import VIEWS
from projections.ticket import ticket_search
from projections.ticket.open_workload import OPEN_WORKLOAD, Workload, workload
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST, Worklist, worklist
from projections.ticket.ticket_directory import TICKET_DIRECTORY, TicketNumberRow, TicketRow
from projections.ticket.ticket_search import Filters, Found, QueryTokens


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """Status of a projection. ``status``: live, rebuilding or halted; ``lag_seconds``: age of its next event.

    ``holder``: the runner that moves it; ``parked``: its parked streams; ``seen_seconds``: time since the runner's last write or
    sign of life (None before there is a live set), which tells an idle runner from a stopped one. ``building``: of new tables.
    """

    name: str
    position: int
    head: int
    lag_seconds: float
    status: str
    error: str | None
    parked: Sequence[Parked]
    holder: str
    seen_seconds: float | None = None
    building: Progress | None = None


class Index(Tokenizer, QueryTokens, Protocol):
    """Blind tokens of texts in rows and in queries (adapters.projecting.blind_index.BlindIndex)."""


class Projections(Background[LiveSets]):
    """The projections of an open store. Made by :meth:`open`; :meth:`start` makes this process move them.

    Queries and the operator's tools work without :meth:`start`; other processes, or none, move the views then.
    """

    def __init__(
        self, store: Store, database: Database, codec: Codec, index: Index, clock: Clock, views: Sequence[View],
        lease_seconds: float, idle: float, owns_database: bool = False,
    ) -> None:  # fmt: skip
        self._store = store
        self._codec = codec
        self._index = index
        self._clock = clock
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._catalogue = Catalogue(database, clock)
        leases = leases_for(database, self._holder, lease_seconds)
        streams = Streams(store, codec, store.database)
        self._builds = Builds()
        self._views = {view.name: view for view in views}
        self._readers = {view.name: LiveReader(view, self._catalogue) for view in views}
        self._searcher = LiveReader(TICKET_DIRECTORY, self._catalogue, "searches")
        self._builder = Builder(
            self._views, self._catalogue, store, leases, self._holder, self._fresh_foldings, min(idle, lease_seconds / 3)
        )
        foldings = {view.name: Folding(view, streams, index) for view in views}
        kind = LiveSets(self._views, self._catalogue, store, leases, self._holder, foldings, self._builder, idle=idle)
        super().__init__(kind, store, streams, idle, database if owns_database else None)

    @classmethod
    async def open(
        cls,
        store: Store,
        codec: Codec,
        index: Index,
        clock: Clock,
        *,
        views: Sequence[View] = VIEWS,
        lease_seconds: float = 5.0,
        idle: float = 1.0,
    ) -> "Projections":
        """Open the projections of a store; those of a store in memory are in memory too.

        ``lease_seconds``: how long until another process takes over from one that died (SQLite; on PostgreSQL at once).
        """
        if store.database is not None:
            return cls(store, store.database, codec, index, clock, views, lease_seconds, idle)
        database = MemoryDatabase()
        await schema.create(database, store.origin)
        return cls(store, database, codec, index, clock, views, lease_seconds, idle, owns_database=True)

    # Status

    async def status(self) -> list[ProjectionStatus]:
        """The status of each projection."""
        head = (await self._store.head()).position
        return [await self._status(name, head) for name in self._views]

    # The operator's tools

    async def rebuild(self, *names: str) -> None:
        """Rebuild views beside the live ones, all in one pass over the log, and exchange them (no names: all).

        Raises NotFound, NotVerified once the others are exchanged (the old one stays live), and Overloaded where another process
        rebuilds them because this one did not answer for a while.
        """
        try:
            built = await self._builder.rebuild([self._known(name) for name in names or self._views])
        except Fenced:
            raise Overloaded(
                "another process has begun to rebuild these read models, and this one stopped; ask again when that is done"
            ) from None
        while True:
            if self._task is None:
                with suppress(Fenced):
                    await self.kind.adopt_once(built.versions)
            ready = {one.version for sets in (await self._catalogue.every()).values() for one in sets if one.status == READY}
            if ready.isdisjoint(built.versions.values()):  # live, or retired since for still newer ones
                break
            await asyncio.sleep(MAKE_WAY)
        for error in built.failed.values():
            raise error

    async def catch_up(self) -> None:
        """Build what is missing and bring every view to the end of the log, unless a runner is active.

        For programs that write and then exit. Raises Fenced where another runner takes the views in the meantime.
        """
        for error in (await self._builder.ensure(self._views)).values():
            raise error
        await self._runner().catch_up()

    async def check(self, *names: str) -> list[Checked]:
        """Compare views with the log, row by row (no names: all); the name ``numbers`` compares the numbers drawn."""
        found = []
        for name in names or (*self._views, NUMBERS):
            if name == NUMBERS:
                found.append(await check_numbers(self._store, self._codec, self._store.database))
            else:
                found.append(await self._check(self._views[self._known(name)]))
        return found

    async def retry(self, name: str, stream: UUID) -> bool:
        """Replay a parked stream in a view from the log; True where it is no longer parked. Raises NotFound."""
        view = self._views[self._known(name)]
        while True:
            live = await self._live(view)
            if not any(parked.stream == stream for parked in await self._catalogue.parked(name, live.version)):
                raise NotFound("parked ticket")
            tables = RowTables(view, live.version)
            [folding] = self._fresh_foldings([view])
            follower = Follower(folding, tables, self._catalogue, self._store, f"{self._holder}/retry")
            with suppress(Fenced):
                return await follower.retry(stream)

    # The read models

    async def workload(
        self,
        community: str,
        *,
        now: datetime,
        at: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
        areas: Sequence[str] | None = None,
        own: Sequence[Assignee] | None = None,
    ) -> Workload:
        """The open workload of a community at a log position ``at`` (None: the newest)."""
        reader = self._readers[OPEN_WORKLOAD.name]
        return await workload(reader, community, now=now, at=at, limit=limit, cursor=cursor, areas=areas, own=own)

    async def search(self, filters: Filters, *, now: datetime, limit: int = 50, cursor: str | None = None) -> Found:
        """Find tickets by filters, newest first. Searches by words, number or phone run in a lane of their own."""
        reader = self._searcher if filters.q or filters.phone else self._readers[TICKET_DIRECTORY.name]
        return await ticket_search.search(reader, self._index, filters, now=now, limit=limit, cursor=cursor)

    async def ticket(self, ticket: UUID) -> TicketRow | None:
        """One ticket of the directory."""
        return await ticket_search.find(self._readers[TICKET_DIRECTORY.name], ticket)

    async def numbers_of(self, ticket: UUID) -> Sequence[TicketNumberRow]:
        """The numbers a ticket took, void ones included."""
        return await ticket_search.numbers_of(self._readers[TICKET_DIRECTORY.name], ticket)

    async def worklist(
        self, assignees: Sequence[Assignee], *, communities: Sequence[str] | None = None, limit: int = 200
    ) -> Worklist:
        """The work orders of these assignees, in working order."""
        return await worklist(self._readers[TECHNICIAN_WORKLIST.name], assignees, communities=communities, limit=limit)

    def reader(self, name: str) -> Reader:
        """The reader of a view's live tables, for the queries of ``projections``."""
        return self._readers[self._known(name)]

    # Private

    def _fresh_foldings(self, views: Sequence[View]) -> Sequence[Folding]:
        """Folds of several views that share what they remember."""
        streams = Streams(self._store, self._codec, self._store.database, capacity=STATES, forward=True)
        return [Folding(view, streams, self._index) for view in views]

    async def _live(self, view: View) -> TableSet:
        live = await self._catalogue.live(view.name)
        if live is None or not live.of(view):
            raise Overloaded(f"{view.name} is being built")
        return live

    async def _check(self, view: View) -> Checked:
        tables = RowTables(view, (await self._live(view)).version)
        [folding] = self._fresh_foldings([view])
        return await check(view.name, self._catalogue, self._store, tables, folding)

    async def _status(self, name: str, head: int) -> ProjectionStatus:
        sets = await self._catalogue.sets(name)
        live = next((found for found in sets if found.live), None)
        building = any(found.status in (BUILDING, READY) for found in sets)
        progress = self._builds.observe(name, sets, head)
        if live is None:
            trouble = self.kind.troubles.get(name)
            status = "rebuilding" if trouble is None else "halted"
            return ProjectionStatus(name, 0, head, await self._lag(0, head), status, trouble, [], "", building=progress)
        status = "halted" if live.error is not None else "rebuilding" if building else "live"
        lag = await self._lag(live.position, head)
        parked = await self._catalogue.parked(name, live.version)
        seen = max(0.0, (self._clock.now() - live.updated_at).total_seconds())
        head = max(head, live.position)
        return ProjectionStatus(name, live.position, head, lag, status, live.error, parked, live.holder, seen, progress)

    async def _lag(self, position: int, head: int) -> float:
        if position >= head:
            return 0.0
        [waiting] = await self._store.read_log(position, 1)
        return max(0.0, (self._clock.now() - waiting.recorded_at).total_seconds())


NUMBERS = "numbers"
