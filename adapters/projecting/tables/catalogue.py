"""The catalogue of projections: which set of tables is live, how far each is, who may write it, and what is parked.

A set of tables is a row: ``version`` is the view's fingerprint and a count. ``holder`` is a fence: whoever wants to write a set
takes it first, and a write goes through only while holder and position are still what the writer believes.
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
    """One set of tables of a projection."""

    name: str
    version: str
    live: bool
    status: str
    position: int
    holder: str
    error: str | None
    updated_at: datetime

    def of(self, view: View) -> bool:
        """Whether this program made it: the same schema and fold version."""
        return self.version.rpartition("_")[0] == view.fingerprint

    @property
    def count(self) -> int:
        """Which set of the projection it is, counted from 1."""
        return int(self.version.rpartition("_")[2])


SET = "SELECT name, version, live, status, position, holder, error, updated_at FROM projections"


class Catalogue:
    """The catalogue's rows."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    async def sets(self, name: str) -> list[TableSet]:
        """Every set of a projection, the newest last."""
        rows = await self.database.read(f"{SET} WHERE name = :name", {"name": name})
        return sorted(map(_table_set, rows), key=lambda found: found.count)

    async def live(self, name: str) -> TableSet | None:
        """The set that readers look at."""
        return next((found for found in await self.sets(name) if found.live), None)

    async def parked(self, name: str, version: str) -> Sequence[Parked]:
        """What is parked in a set, the earliest first."""
        return await self.database.snapshot(lambda tx: read_parked(tx, name, version))

    async def make(self, tx: Transaction, name: str, version: str) -> None:
        """Enter a new set, empty, being built."""
        await tx.insert(
            "projections",
            ("name", "version", "live", "status", "position", "holder", "error", "updated_at"),
            [(name, version, 0, BUILDING, 0, "", None, self._now())],
        )

    async def take(self, name: str, version: str, holder: str) -> tuple[int, Sequence[Parked]]:
        """Become the one who may write a set; returns its position and what is parked. Raises Fenced where it is gone."""

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

    async def moved(self, tx: Transaction, name: str, version: str, holder: str, old: int, new: int) -> None:
        """Move a set's position, if it still is where ``holder`` left it; else raises Fenced. The first statement of a write."""
        touched = await tx.execute(
            "UPDATE projections SET position = :new, error = NULL, updated_at = :now"
            " WHERE name = :name AND version = :version AND holder = :holder AND position = :old",
            {"new": new, "now": self._now(), "name": name, "version": version, "holder": holder, "old": old},
        )
        if touched != 1:
            raise Fenced

    async def park(self, tx: Transaction, name: str, version: str, stream: UUID, position: int, error: str) -> None:
        """Hold a stream back from ``position`` on."""
        await tx.insert(
            "parked",
            ("projection", "version", "stream_id", "position", "error", "since"),
            [(name, version, stream.bytes, position, error, self._now())],
            key=("projection", "version", "stream_id"),
        )

    async def unpark(self, tx: Transaction, name: str, version: str, stream: UUID) -> None:
        """Hold it back no longer."""
        await tx.execute(
            "DELETE FROM parked WHERE projection = :name AND version = :version AND stream_id = :stream",
            {"name": name, "version": version, "stream": stream.bytes},
        )

    async def is_held(self, name: str, version: str, holder: str) -> bool:
        """Whether ``holder`` may still write the set."""
        rows = await self.database.read(
            "SELECT holder FROM projections WHERE name = :name AND version = :version", {"name": name, "version": version}
        )
        return bool(rows) and rows[0][0] == holder

    async def fence(self, name: str) -> None:
        """Whoever writes the live set has to look at the catalogue again first."""

        async def work(tx: Transaction) -> None:
            await tx.execute("UPDATE projections SET holder = '' WHERE name = :name AND live = 1", {"name": name})

        await self.database.write(work)

    async def set_ready(self, name: str, version: str) -> None:
        """A set is built and verified; the runner may exchange the live one for it."""

        async def work(tx: Transaction) -> None:
            await tx.execute(
                f"UPDATE projections SET status = '{READY}', holder = '', updated_at = :now"
                " WHERE name = :name AND version = :version",
                {"now": self._now(), "name": name, "version": version},
            )

        await self.database.write(work)

    async def swap(self, name: str, version: str, holder: str) -> bool:
        """Make a set the live one and retire the one before; False where that one is further on. Raises Fenced."""

        async def work(tx: Transaction) -> bool:
            # The row that is live now is locked first, so that its position stands still.
            rows = await tx.query(
                "UPDATE projections SET holder = '' WHERE name = :name AND live = 1 RETURNING position", {"name": name}
            )
            mine = {"name": name, "version": version, "holder": holder, "now": self._now()}
            held = await tx.query(
                "UPDATE projections SET updated_at = :now WHERE name = :name AND version = :version AND holder = :holder"
                " RETURNING position",
                mine,
            )
            if not held:
                raise Fenced
            if rows and rows[0][0] > held[0][0]:
                return False
            await tx.execute(
                f"UPDATE projections SET live = 0, status = '{RETIRED}', updated_at = :now WHERE name = :name AND live = 1", mine
            )
            await tx.execute(
                f"UPDATE projections SET live = 1, status = '{LIVE}' WHERE name = :name AND version = :version", mine
            )
            return True

        return await self.database.write(work)

    async def note_error(self, name: str, error: str) -> None:
        """The live set's runner is in trouble, until its next write."""

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE projections SET error = :error, updated_at = :now WHERE name = :name AND live = 1",
                {"error": error, "now": self._now(), "name": name},
            )

        await self.database.write(work)

    async def remove(self, name: str, version: str) -> None:
        """Drop a set's tables, whichever program made them, and take it out of the catalogue. Raises Unavailable."""
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
    """Drop every set of every projection; the next start builds them anew.

    For a database that was put back to an earlier moment: its rows may still hold tokens of subjects erased since.
    """

    async def work(tx: Transaction) -> None:
        for name, version in await tx.query("SELECT name, version FROM projections"):
            await _remove(tx, name, version)

    await database.write(work, within=60.0)


async def read_parked(tx: Transaction, name: str, version: str) -> Sequence[Parked]:
    """What is parked in a set, the earliest first."""
    rows = await tx.query(
        "SELECT stream_id, position, error, since FROM parked WHERE projection = :name AND version = :version ORDER BY position",
        {"name": name, "version": version},
    )
    return [Parked(name, UUID(bytes=s), position, error, from_micros(since)) for s, position, error, since in rows]


def _table_set(row: Row) -> TableSet:
    name, version, live, status, position, holder, error, updated_at = row
    return TableSet(name, version, bool(live), status, position, holder, error, from_micros(updated_at))
