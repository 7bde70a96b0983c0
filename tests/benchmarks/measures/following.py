"""The follower and the rebuild, with all read models, over the log of a simulated estate.

Following: empty tables are brought to the end of the log, on PostgreSQL, against the library's ``ProjectionRunner`` with one
projection that counts events. A further read model: its share of the time, by leaving an ordinary one out. The rebuild, with
indexes and verification, against a paged SELECT of the whole log: on a store whose events cost more than the making of tables,
which a rebuild of the simulated estate shows alone.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from adapters.composition import Gongdan, opened
from adapters.projecting.folding.follower import Folding
from adapters.projecting.folding.following import Following
from adapters.projecting.folding.live_sets import LiveSets
from adapters.projecting.folding.streams import Streams
from adapters.projecting.tables.catalogue import Catalogue, forget_views
from adapters.projecting.tables.leases import leases_for
from adapters.projecting.tables.row_tables import RowTables
from adapters.simulation.load import Load, simulate
from adapters.store.database.database import Transaction
from adapters.store.log.codec import EventCodec
from adapters.system.settings import Settings
from projections.duty.handover_list import HANDOVER_LIST
from projections.engine.view import View
from projections.read_models import VIEWS
from tests.benchmarks.frame import Bench, Row, ratio
from tests.benchmarks.measures.appending import library_on
from tests.benchmarks.rounds import Measured, alternating_figures
from tests.benchmarks.stores.stores_of_run import Where, store

DAYS = int(os.environ.get("BENCH_DAYS", "30"))
"""Days of the simulated estate: about 120 events a day."""
COUNTED = 2_000
"""Events that the library's runner follows in a round."""
PAGE = 5_000
REBUILT = 5_000
"""Tickets of the store that is rebuilt, about eight events each."""


async def rows(bench: Bench) -> list[Row]:
    """Following on PostgreSQL, then rebuilds on both databases."""
    postgres, other = bench.postgres.create_database(), bench.postgres.create_database()
    found = []
    for name, url in (("PostgreSQL", postgres), ("SQLite", f"sqlite:///{bench.folder}/following.db")):
        settings = _settings(bench, name, url)
        await simulate(settings, Load(1, DAYS, 7, date(2026, 1, 5)), datetime.now(UTC))
        async with opened(settings) as g:
            if name == "PostgreSQL":
                found += await _following(bench, g, other)
            found.append(await _small_rebuild(bench, g, name))
    for where, name in SHOWN.items():
        made = await store(bench, min(bench.few, REBUILT), where)
        async with opened(made.settings) as g:
            found.append(await _rebuilding(bench, g, name))
    return found


SHOWN: dict[Where, str] = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def _settings(bench: Bench, name: str, url: str) -> Settings:
    keys = Path(bench.folder) / f"following-{name}"
    keys.mkdir(parents=True, exist_ok=True)
    # The key store of a store in PostgreSQL is a file here: the keys are not what is measured.
    return Settings(_env_file=None, store=url, keys=f"sqlite:///{keys}/keys.db", master_key_file=keys / "master.key")  # type: ignore[call-arg]


async def _following(bench: Bench, g: Gongdan, other: str) -> list[Row]:
    library = Library(other)

    async def theirs() -> float:
        return await asyncio.to_thread(library.follow)

    async def all_views() -> float:
        return await followed(g, VIEWS)

    async def but_one() -> float:
        return await followed(g, [view for view in VIEWS if view is not HANDOVER_LIST])

    pair = await alternating_figures({"all": all_views, "library": theirs}, bench.rounds)
    name = f"{len(VIEWS)} read models following, PostgreSQL"
    # A few per cent are sought: each comes first as often as last, since what ran before leaves the server work.
    sides = {"all": all_views, "but one": but_one, "but one again": but_one, "all again": all_views}
    whole = await alternating_figures(sides, 2 * bench.rounds)
    rates = zip(*(whole[side].rounds for side in sides), strict=True)
    share = [100 * (1 - (one + other) / (fewer + again)) for one, fewer, again, other in rates]
    return [
        ratio(name, pair["all"], pair["library"], "ProjectionRunner with one", 10, 40),
        Row(
            "a further read model's share of the follower's time",
            Measured(share).median,
            "%",
            HANDOVER_LIST.name,
            3,
            at_most=True,
        ),
    ]


async def followed(g: Gongdan, views: Sequence[View]) -> float:
    """Events a second of a follower with these read models, from empty tables to the end of the log."""
    database = g.store.database
    assert database is not None
    await forget_views(database)
    catalogue = Catalogue(database, g.clock)

    async def create(tx: Transaction) -> None:
        for view in views:
            tables = RowTables(view, f"{view.fingerprint}_1")
            await catalogue.make(tx, view.name, tables.version)
            await tables.create(tx)
            await tables.index(tx)
        await tx.execute("UPDATE projections SET live = 1, status = 'live'")

    await database.write(create, within=60)
    streams = Streams(g.store, EventCodec(), database)
    foldings = {view.name: Folding(view, streams, g.index) for view in views}
    leases = leases_for(database, "bench", 5.0)
    by_name = {view.name: view for view in views}
    no_builder: Any = None
    kind = LiveSets(by_name, catalogue, g.store, leases, "bench", foldings, no_builder, idle=1.0)
    follower = Following(g.store, streams, [(kind, member) for member in await kind.take() or ()], patient=False)
    head = (await g.store.head()).position
    begun = perf_counter()
    while await follower.advance(head):
        pass
    took = perf_counter() - begun
    assert follower.position == head
    await leases.close()
    return head / took


async def _small_rebuild(bench: Bench, g: Gongdan, name: str) -> Row:
    """Milliseconds of a rebuild of few events: most of it is the making of tables, their exchange and the verification."""
    head = (await g.store.head()).position
    await forget_views(g.projections.kind.database)
    took = []
    for _ in range(bench.rounds):
        begun = perf_counter()
        await g.projections.rebuild()
        took.append(1000 * (perf_counter() - begun))
    return Row(f"rebuild of a small store, {name}", Measured(took).median, "ms", f"{head:,} events", at_most=True)


async def _rebuilding(bench: Bench, g: Gongdan, name: str) -> Row:
    head = (await g.store.head()).position

    async def rebuilt() -> float:
        begun = perf_counter()
        await g.projections.rebuild()
        return head / (perf_counter() - begun)

    async def scanned() -> float:
        begun, position = perf_counter(), 0
        while page := await g.store.read_log(position, PAGE):
            position = page[-1].position
        return head / (perf_counter() - begun)

    pair = await alternating_figures({"rebuilt": rebuilt, "scanned": scanned}, bench.rounds)
    # Stated in per cent of the scan, as the goal is.
    share = 100 * pair["rebuilt"].median / pair["scanned"].median
    figures = [f"{pair[one].median:,.0f}/s" for one in ("rebuilt", "scanned")]
    return Row(f"rebuild of the {len(VIEWS)}, {name}", share, "%", f"paged SELECT of {head:,} events", 10, 25, False, *figures)


class Thing(Aggregate):
    """An aggregate of the library."""

    @event("Touched")
    def touch(self) -> None:
        """One more event."""


class Things(Application[UUID]):
    """An application of the library."""


class Counts(PostgresTrackingRecorder):
    """A table with a counter, written with the position in one transaction an event."""

    def __init__(self, datastore: Any, **options: Any) -> None:
        super().__init__(datastore, **options)
        statement = "CREATE TABLE IF NOT EXISTS counted (name text PRIMARY KEY, count bigint)"
        self.sql_create_statements.append(SQL(statement))  # type: ignore[arg-type]

    def count_one(self, tracking: Tracking) -> None:
        """Count an event."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("INSERT INTO counted VALUES ('all', 1) ON CONFLICT (name) DO UPDATE SET count = counted.count + 1")


class Library:
    """The library's application with :data:`COUNTED` events, followed anew in each round."""

    def __init__(self, url: str) -> None:
        self._env = library_on(url)
        self._rounds = count(1)
        app = Things(env=self._env)
        for _ in range(COUNTED // 100):
            thing = Thing()
            for _ in range(99):
                thing.touch()
            app.save(thing)
        app.close()

    def follow(self) -> float:
        """Events a second of a runner with a new projection."""

        class Counting(Projection[Counts]):
            name = f"counting{next(self._rounds)}"

            def process_event(self, domain_event: Any, tracking: Tracking) -> None:
                self.view.count_one(tracking)

        begun = perf_counter()
        with ProjectionRunner(application_class=Things, projection_class=Counting, view_class=Counts, env=self._env) as runner:
            runner.wait(COUNTED, timeout=120)
        return COUNTED / (perf_counter() - begun)


if __name__ == "__main__":
    with Bench(rounds=1) as alone:
        for row in asyncio.run(rows(alone)):
            print(row.name, f"{row.value:.3g}", row.unit, row.ours, row.theirs)
