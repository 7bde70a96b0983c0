"""The catalogue of projections: the table sets of each, their positions and holders, and the parked streams.

A table set is a row: ``version`` is the view's fingerprint and a count. ``holder`` and ``position`` together are a fencing token.
A runner takes a set before it writes, and each write compares both: a runner that was suspended and lost its lease without
knowing finds another holder or position, and its write is rolled back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.projecting.tables.fences import Fenced, Parked
from adapters.store.database.database import Database, Row, Transaction, from_micros, to_micros
from domain.kernel.ports import Clock
from projections.engine.view import View

BUILDING, READY, LIVE, RETIRED = "building", "ready", "live", "retired"


@dataclass(frozen=True, slots=True)
class TableSet:
    """One version of a projection's tables. ``status``: building, ready, live or retired."""

    name: str
    version: str
    live: bool
    status: str
    position: int
    holder: str
    error: str | None
    updated_at: datetime

    def of(self, view: View) -> bool:
        """Whether the set has the fingerprint (schema and fold version) of this program's view."""
        return self.version.rpartition("_")[0] == view.fingerprint

    @property
    def count(self) -> int:
        """Number of the set within its projection, from 1."""
        return int(self.version.rpartition("_")[2])


SET = "SELECT name, version, live, status, position, holder, error, updated_at FROM projections"

SETS = "name IN :names AND version IN :versions"
"""Condition for several table sets. A version belongs to one projection, since its fingerprint covers the name."""


class Catalogue:
    """Repository of table sets and parked streams."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    async def sets(self, name: str) -> list[TableSet]:
        """All sets of a projection, oldest first."""
        rows = await self.database.read(f"{SET} WHERE name = :name", {"name": name})
        return sorted(map(_table_set, rows), key=lambda found: found.count)

    async def every(self) -> dict[str, list[TableSet]]:
        """All sets of all projections, by the projection's name, oldest first."""
        found: dict[str, list[TableSet]] = {}
        for one in sorted(map(_table_set, await self.database.read(SET)), key=lambda one: one.count):
            found.setdefault(one.name, []).append(one)
        return found

    async def live(self, name: str) -> TableSet | None:
        """The set that queries read."""
        return next((found for found in await self.sets(name) if found.live), None)

    async def parked(self, name: str, version: str) -> Sequence[Parked]:
        """Parked streams of a set, by position."""
        return await self.database.snapshot(lambda tx: read_parked(tx, name, version))

    async def make(self, tx: Transaction, name: str, version: str, holder: str = "") -> None:
        """Insert a new set at position 0 with status building; ``holder`` is its only writer."""
        await tx.insert(
            "projections",
            ("name", "version", "live", "status", "position", "holder", "error", "updated_at"),
            [(name, version, 0, BUILDING, 0, holder, None, self._now())],
        )

    async def take(self, name: str, version: str, holder: str) -> tuple[int, Sequence[Parked]]:
        """Become the only writer of a set; returns its position and parked streams. Raises Fenced where the set is gone."""

        async def work(tx: Transaction) -> tuple[int, Sequence[Parked]]:
            rows = await tx.query(
                "UPDATE projections SET holder = :holder, error = NULL WHERE name = :name AND version = :version"
                " RETURNING position",
                {"holder": holder, "name": name, "version": version},
            )
            if not rows:
                raise Fenced
            return rows[0][0], await read_parked(tx, name, version)

        return await self.database.write(work)

    async def take_all(self, sets: Sequence[tuple[str, str]], holder: str) -> dict[str, tuple[int, set[UUID]]]:
        """Become the only writer of sets, given as (name, version), one a name; returns position and parked streams by name.

        Raises Fenced where one is gone.
        """

        async def work(tx: Transaction) -> dict[str, tuple[int, set[UUID]]]:
            rows = await tx.query(
                f"UPDATE projections SET holder = :holder, error = NULL WHERE {SETS} RETURNING name, position",
                {"holder": holder, **_named(sets)},
            )
            if len(rows) != len(sets):
                raise Fenced
            parked: dict[str, set[UUID]] = {}
            versions = {version for _, version in sets}
            for name, version, stream in await tx.query("SELECT projection, version, stream_id FROM parked"):
                if version in versions:
                    parked.setdefault(name, set()).add(UUID(bytes=stream))
            return {name: (position, parked.get(name, set())) for name, position in rows}

        return await self.database.write(work) if sets else {}

    async def moved(self, tx: Transaction, sets: Sequence[tuple[str, str]], holder: str, old: int, new: int) -> None:
        """Compare-and-set of the positions of sets, given as (name, version), for fencing; the transaction's first statement.

        First, because the update locks the rows: others written before it could be those of a runner that was superseded.
        Raises Fenced.
        """
        touched = await tx.execute(
            "UPDATE projections SET position = :new, error = NULL, updated_at = :now"
            f" WHERE {SETS} AND holder = :holder AND position = :old",
            {"new": new, "now": self._now(), "holder": holder, "old": old, **_named(sets)},
        )
        if touched != len(sets):
            raise Fenced

    async def park(self, tx: Transaction, name: str, version: str, stream: UUID, position: int, error: str) -> None:
        """Park a stream: its events from ``position`` on are not applied."""
        await tx.insert(
            "parked",
            ("projection", "version", "stream_id", "position", "error", "since"),
            [(name, version, stream.bytes, position, error, self._now())],
            key=("projection", "version", "stream_id"),
        )

    async def unpark(self, tx: Transaction, name: str, version: str, stream: UUID) -> None:
        """Remove a stream from the parked ones."""
        await tx.execute(
            "DELETE FROM parked WHERE projection = :name AND version = :version AND stream_id = :stream",
            {"name": name, "version": version, "stream": stream.bytes},
        )

    async def are_held(self, sets: Sequence[tuple[str, str]], holder: str, *, sign: bool) -> bool:
        """Whether ``holder`` may still write all these sets, given as (name, version); ``sign`` also stamps ``updated_at``."""
        params = {"holder": holder, "now": self._now(), **_named(sets)}
        if sign:
            stamp = f"UPDATE projections SET updated_at = :now WHERE {SETS} AND holder = :holder"
            return await self.database.write(lambda tx: tx.execute(stamp, params)) == len(sets)
        [(held,)] = await self.database.read(f"SELECT count(*) FROM projections WHERE {SETS} AND holder = :holder", params)
        return bool(held == len(sets))

    async def set_ready(self, sets: Sequence[tuple[str, str]], holder: str) -> None:
        """Mark sets, given as (name, version), as built and verified, so that the runner may make them the live ones.

        Raises Fenced. Only their builder may: one that was suspended while its lease expired may find, under the name of its own
        set, that of another builder, which may be live by now. Every live set is taken from its holder, whose runner then reads
        the catalogue again and finds the ready sets.
        """

        async def work(tx: Transaction) -> None:
            touched = await tx.execute(
                f"UPDATE projections SET status = '{READY}', holder = '', updated_at = :now"
                f" WHERE {SETS} AND status = '{BUILDING}' AND holder = :holder",
                {"now": self._now(), "holder": holder, **_named(sets)},
            )
            if touched != len(sets):
                raise Fenced
            await tx.execute("UPDATE projections SET holder = '' WHERE live = 1")

        await self.database.write(work)

    async def swap(self, sets: Sequence[tuple[str, str]], holder: str) -> bool:
        """Make sets, given as (name, version), the live ones and retire the old ones, all or none.

        False where an old one is further on. Raises Fenced.
        """

        async def work(tx: Transaction) -> bool:
            mine = {"holder": holder, "now": self._now(), **_named(sets)}
            old = "name IN :names AND live = 1"
            # Lock the live rows first, so that their positions can't move before they are compared.
            live = await tx.query(f"UPDATE projections SET holder = '' WHERE {old} RETURNING name, position", mine)
            held = await tx.query(
                f"UPDATE projections SET updated_at = :now WHERE {SETS} AND holder = :holder RETURNING name, position", mine
            )
            if len(held) != len(sets):
                raise Fenced
            reached: dict[str, int] = dict(held)
            if any(position > reached[name] for name, position in live):
                return False
            await tx.execute(f"UPDATE projections SET live = 0, status = '{RETIRED}', updated_at = :now WHERE {old}", mine)
            await tx.execute(f"UPDATE projections SET live = 1, status = '{LIVE}' WHERE {SETS}", mine)
            return True

        return await self.database.write(work)

    async def note_error(self, names: Sequence[str], error: str) -> None:
        """Record an error of the runner of these live sets; its next write clears it."""

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE projections SET error = :error, updated_at = :now WHERE name IN :names AND live = 1",
                {"error": error, "now": self._now(), "names": list(names)},
            )

        await self.database.write(work)

    async def remove(self, name: str, version: str) -> None:
        """Drop a set's tables (found by name, since another program version may have made them) and its row.

        Raises Unavailable.
        """
        await self.database.write(lambda tx: _remove(tx, name, version))

    def _now(self) -> int:
        return to_micros(self._clock.now())


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()",
}


async def _remove(tx: Transaction, name: str, version: str) -> None:
    for (table,) in await tx.query(TABLES[tx.dialect]):
        if table.endswith(f"_v{version}"):
            await tx.ddl(f"DROP TABLE {table}")
    params = {"name": name, "version": version}
    await tx.execute("DELETE FROM parked WHERE projection = :name AND version = :version", params)
    await tx.execute("DELETE FROM projections WHERE name = :name AND version = :version", params)


async def forget_views(database: Database) -> None:
    """Drop every table set of every projection; the next start builds them again.

    For a restored database: its rows may hold blind tokens of subjects erased after the backup.
    """

    async def work(tx: Transaction) -> None:
        for name, version in await tx.query("SELECT name, version FROM projections"):
            await _remove(tx, name, version)

    await database.write(work, within=60.0)


def _named(sets: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {"names": [name for name, _ in sets], "versions": [version for _, version in sets]}


async def read_parked(tx: Transaction, name: str, version: str) -> Sequence[Parked]:
    """Parked streams of a set, by position."""
    rows = await tx.query(
        "SELECT stream_id, position, error, since FROM parked WHERE projection = :name AND version = :version ORDER BY position",
        {"name": name, "version": version},
    )
    return [Parked(name, UUID(bytes=s), position, error, from_micros(since)) for s, position, error, since in rows]


def _table_set(row: Row) -> TableSet:
    name, version, live, status, position, holder, error, updated_at = row
    return TableSet(name, version, bool(live), status, position, holder, error, from_micros(updated_at))
