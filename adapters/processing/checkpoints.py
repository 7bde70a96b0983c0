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

SERVER = "server"
"""Name of the row whose ``updated_at`` is the last sign of life of a server; it is no process."""


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
    """Outcome of a batch: the due moment of each examined subject (None: none), newly parked subjects as (position, error), and
    the earliest due moment of all other subjects."""

    dues: Mapping[UUID, datetime | None]
    parked: Mapping[UUID, tuple[int, str]]
    next_due: datetime | None = None


class Checkpoints:
    """Repository of the processes' checkpoints."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def read(self, name: str) -> Checkpoint:
        """Read a process' checkpoint; position 0 where it has not begun."""

        async def look(tx: Transaction) -> Checkpoint:
            rows = await tx.query("SELECT position, holder, error FROM processes WHERE name = :name", {"name": name})
            [(waiting, due)] = await tx.query(
                "SELECT count(*), min(due_at) FROM process_dues WHERE process = :name", {"name": name}
            )
            position, holder, error = rows[0] if rows else (0, "", None)
            return Checkpoint(position, holder, error, waiting, None if due is None else from_micros(due))

        return await self._database.snapshot(look)

    async def take(self, names: Sequence[str], holder: str) -> dict[str, tuple[int, set[UUID]]]:
        """Become the only runner of these processes; returns the position and the parked subjects of each."""

        async def work(tx: Transaction) -> dict[str, tuple[int, set[UUID]]]:
            await tx.execute_many(
                "INSERT INTO processes (name, position, holder, error, updated_at) VALUES (:name, 0, :holder, NULL, :now)"
                " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, error = NULL",
                [{"name": name, "holder": holder, "now": self._now()} for name in names],
            )
            rows = await tx.query("SELECT name, position FROM processes WHERE name IN :names", {"names": list(names)})
            return {name: (position, {parked.stream for parked in await _parked(tx, name)}) for name, position in rows}

        return await self._database.write(work)

    async def are_held(self, names: Sequence[str], holder: str) -> bool:
        """Whether ``holder`` is still the runner of all these processes."""
        [(held,)] = await self._database.read(
            "SELECT count(*) FROM processes WHERE name IN :names AND holder = :holder", {"names": list(names), "holder": holder}
        )
        return bool(held == len(names))

    async def due(self, name: str, now: datetime, limit: int) -> tuple[list[UUID], datetime | None]:
        """At most ``limit`` subjects whose due moment has come, earliest first, and the earliest due moment of all others."""
        rows = await self._database.read(
            "SELECT stream_id, due_at FROM process_dues WHERE process = :name ORDER BY due_at LIMIT :limit",
            {"name": name, "limit": limit + 1},
        )
        come = [UUID(bytes=stream) for stream, due_at in rows[:limit] if due_at <= to_micros(now)]
        return come, from_micros(rows[len(come)][1]) if len(rows) > len(come) else None

    async def advance(self, tx: Transaction, holder: str, old: int, new: int, done: Mapping[str, Advance]) -> None:
        """Write a batch's outcome for several processes; raises Fenced where another runner took one of them."""
        # Compare-and-set of the positions (fencing), before anything else is written.
        touched = await tx.execute(
            "UPDATE processes SET position = :new, error = NULL, updated_at = :now"
            " WHERE name IN :names AND holder = :holder AND position = :old",
            {"new": new, "now": self._now(), "names": list(done), "holder": holder, "old": old},
        )
        if touched != len(done):
            raise Fenced
        await _set_dues(tx, {name: {**one.dues, **dict.fromkeys(one.parked)} for name, one in done.items()})
        await tx.insert(
            "process_parked",
            ("process", "stream_id", "position", "error", "since"),
            [
                (name, stream.bytes, position, error, self._now())
                for name, one in done.items()
                for stream, (position, error) in one.parked.items()
            ],
            key=("process", "stream_id"),
        )

    async def sign(self) -> datetime | None:
        """Give the sign of life of a server now; returns the last one, None where there was none."""

        async def work(tx: Transaction) -> datetime | None:
            rows = await tx.query("SELECT updated_at FROM processes WHERE name = :name", {"name": SERVER})
            row = (SERVER, 0, "", None, self._now())
            await tx.insert("processes", ("name", "position", "holder", "error", "updated_at"), [row], key=("name",))
            return from_micros(rows[0][0]) if rows else None

        return await self._database.write(work)

    async def unpark(self, name: str, stream: UUID) -> None:
        """Unpark a subject and make it due now. Fences the runner, which then reads the parked subjects again."""

        async def work(tx: Transaction) -> None:
            await tx.execute("UPDATE processes SET holder = '' WHERE name = :name", {"name": name})
            await tx.execute(
                "DELETE FROM process_parked WHERE process = :name AND stream_id = :stream",
                {"name": name, "stream": stream.bytes},
            )
            await _set_dues(tx, {name: {stream: self._clock.now()}})

        await self._database.write(work)

    async def parked(self, name: str) -> Sequence[Parked]:
        """Parked subjects, by position."""
        return await self._database.snapshot(lambda tx: _parked(tx, name))

    async def note_error(self, names: Sequence[str], error: str) -> None:
        """Record an error of the runner of these processes; its next write clears it."""

        async def work(tx: Transaction) -> None:
            await tx.execute("UPDATE processes SET error = :error WHERE name IN :names", {"error": error, "names": list(names)})

        await self._database.write(work)

    def _now(self) -> int:
        return to_micros(self._clock.now())


async def _set_dues(tx: Transaction, dues: Mapping[str, Mapping[UUID, datetime | None]]) -> None:
    """Store due moments: one statement deletes, one writes, for any number of subjects and processes."""
    rows = [
        (name, stream.bytes, to_micros(due)) for name, of_it in dues.items() for stream, due in of_it.items() if due is not None
    ]
    gone = {name: [stream.bytes for stream, due in of_it.items() if due is None] for name, of_it in dues.items()}
    where, params = [], {}
    for i, (name, streams) in enumerate(gone.items()):
        if streams:
            where.append(f"(process = :name_{i} AND stream_id IN :gone_{i})")
            params.update({f"name_{i}": name, f"gone_{i}": streams})
    if where:
        await tx.execute(f"DELETE FROM process_dues WHERE {' OR '.join(where)}", params)
    if rows:
        await tx.insert("process_dues", ("process", "stream_id", "due_at"), rows, key=("process", "stream_id"))


async def _parked(tx: Transaction, name: str) -> Sequence[Parked]:
    rows = await tx.query(
        "SELECT stream_id, position, error, since FROM process_parked WHERE process = :name ORDER BY position", {"name": name}
    )
    return [Parked(name, UUID(bytes=s), position, error, from_micros(since)) for s, position, error, since in rows]
