"""Checkpoints of the processes: the position of each, the due moments of its subjects, and the parked subjects.

``holder`` and ``position`` together are a fencing token, as for projections: a position moves only while both are as the writer
read them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.projecting.tables.fences import Fenced, Parked
from adapters.store.database.database import Database, Transaction, from_micros, to_micros
from domain.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A process' stored state. ``waiting``: number of subjects with a due moment; ``next_due``: the earliest of these."""

    position: int
    holder: str
    error: str | None
    waiting: int
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class Advance:
    """Outcome of a batch: the new position, the due moment of each examined subject (None: none), and newly parked subjects
    as (position, error)."""

    position: int
    dues: Mapping[UUID, datetime | None]
    parked: Mapping[UUID, tuple[int, str]]


class Checkpoints:
    """Repository of one process' checkpoint."""

    def __init__(self, name: str, database: Database, clock: Clock) -> None:
        self.name = name
        self._database = database
        self._clock = clock

    async def read(self) -> Checkpoint:
        """Read the checkpoint; position 0 where the process has not begun."""

        async def look(tx: Transaction) -> Checkpoint:
            rows = await tx.query("SELECT position, holder, error FROM processes WHERE name = :name", {"name": self.name})
            [(waiting, due)] = await tx.query(
                "SELECT count(*), min(due_at) FROM process_dues WHERE process = :name", {"name": self.name}
            )
            position, holder, error = rows[0] if rows else (0, "", None)
            return Checkpoint(position, holder, error, waiting, None if due is None else from_micros(due))

        return await self._database.snapshot(look)

    async def take(self, holder: str) -> tuple[int, set[UUID]]:
        """Become the only runner of the process; returns its position and its parked subjects."""

        async def work(tx: Transaction) -> tuple[int, set[UUID]]:
            await tx.execute(
                "INSERT INTO processes (name, position, holder, error, updated_at) VALUES (:name, 0, :holder, NULL, :now)"
                " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, error = NULL",
                {"name": self.name, "holder": holder, "now": self._now()},
            )
            [(position,)] = await tx.query("SELECT position FROM processes WHERE name = :name", {"name": self.name})
            return position, {parked.stream for parked in await self._parked(tx)}

        return await self._database.write(work)

    async def is_held(self, holder: str) -> bool:
        """Whether ``holder`` is still the runner of the process."""
        rows = await self._database.read("SELECT holder FROM processes WHERE name = :name", {"name": self.name})
        return bool(rows) and rows[0][0] == holder

    async def due(self, now: datetime, limit: int) -> list[UUID]:
        """Subjects whose due moment has come, earliest first."""
        rows = await self._database.read(
            "SELECT stream_id FROM process_dues WHERE process = :name AND due_at <= :now ORDER BY due_at LIMIT :limit",
            {"name": self.name, "now": to_micros(now), "limit": limit},
        )
        return [UUID(bytes=row[0]) for row in rows]

    async def advance(self, holder: str, old: int, done: Advance) -> None:
        """Write a batch's outcome in one transaction; raises Fenced where another runner took the process."""

        async def work(tx: Transaction) -> None:
            # Compare-and-set of the position (fencing), before anything else is written.
            touched = await tx.execute(
                "UPDATE processes SET position = :new, error = NULL, updated_at = :now"
                " WHERE name = :name AND holder = :holder AND position = :old",
                {"new": done.position, "now": self._now(), "name": self.name, "holder": holder, "old": old},
            )
            if touched != 1:
                raise Fenced
            await self._set_dues(tx, {**done.dues, **dict.fromkeys(done.parked)})
            for stream, (position, error) in done.parked.items():
                await tx.insert(
                    "process_parked",
                    ("process", "stream_id", "position", "error", "since"),
                    [(self.name, stream.bytes, position, error, self._now())],
                    key=("process", "stream_id"),
                )

        await self._database.write(work)

    async def unpark(self, stream: UUID) -> None:
        """Unpark a subject and make it due now. Fences the runner, which then reads the parked subjects again."""

        async def work(tx: Transaction) -> None:
            await tx.execute("UPDATE processes SET holder = '' WHERE name = :name", {"name": self.name})
            await tx.execute(
                "DELETE FROM process_parked WHERE process = :name AND stream_id = :stream",
                {"name": self.name, "stream": stream.bytes},
            )
            await self._set_dues(tx, {stream: self._clock.now()})

        await self._database.write(work)

    async def parked(self) -> Sequence[Parked]:
        """Parked subjects, by position."""
        return await self._database.snapshot(self._parked)

    async def note_error(self, error: str) -> None:
        """Record an error of the runner; its next write clears it."""

        async def work(tx: Transaction) -> None:
            await tx.execute("UPDATE processes SET error = :error WHERE name = :name", {"error": error, "name": self.name})

        await self._database.write(work)

    async def _set_dues(self, tx: Transaction, dues: Mapping[UUID, datetime | None]) -> None:
        rows = [(self.name, stream.bytes, to_micros(due)) for stream, due in dues.items() if due is not None]
        gone = [stream.bytes for stream, due in dues.items() if due is None]
        if gone:
            await tx.execute(
                "DELETE FROM process_dues WHERE process = :name AND stream_id IN :gone", {"name": self.name, "gone": gone}
            )
        if rows:
            await tx.insert("process_dues", ("process", "stream_id", "due_at"), rows, key=("process", "stream_id"))

    async def _parked(self, tx: Transaction) -> Sequence[Parked]:
        rows = await tx.query(
            "SELECT stream_id, position, error, since FROM process_parked WHERE process = :name ORDER BY position",
            {"name": self.name},
        )
        return [Parked(self.name, UUID(bytes=s), position, error, from_micros(since)) for s, position, error, since in rows]

    def _now(self) -> int:
        return to_micros(self._clock.now())
