"""All processes of a store: their runners, their status, and the operator's tools."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.processing.checkpoints import Checkpoints
from adapters.processing.managers import ProcessManagers
from adapters.projecting.folding.background import Background
from adapters.projecting.folding.streams import Streams
from adapters.projecting.tables.fences import Parked
from adapters.projecting.tables.leases import leases_for
from adapters.store.database import schema
from adapters.store.database.database import Database
from adapters.store.database.memory_database import MemoryDatabase
from adapters.store.log.opening import Store
from domain.kernel.errors import NotFound
from domain.kernel.journal import Journal
from domain.kernel.ports import Clock
from domain.people.directory import DirectoryKeeper
from domain.process.process import Process


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """Status of a process. ``head``: the log's position; ``lag_seconds``: age of the process' next event.

    ``waiting``: number of subjects with a due moment, the earliest of them at ``next_due``, passed ``overdue_seconds`` ago.
    ``status``: live or halted; ``holder``: the runner that moves it; ``parked``: its parked subjects.
    """

    name: str
    position: int
    head: int
    lag_seconds: float
    waiting: int
    next_due: datetime | None
    overdue_seconds: float
    status: str
    error: str | None
    parked: Sequence[Parked]
    holder: str


class Processes(Background[ProcessManagers]):
    """The processes of an open store. Made by :meth:`open`; :meth:`start` makes this operating-system process run them."""

    def __init__(
        self, store: Store, database: Database, journal: Journal, directory: DirectoryKeeper, clock: Clock,
        processes: Sequence[Process], lease_seconds: float, idle: float, owns_database: bool = False,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        streams = Streams(store, journal.codec, store.database)
        self._checkpoints = Checkpoints(database, clock)
        kind = ProcessManagers(
            processes, journal, streams, directory, clock, self._checkpoints, database,
            leases_for(database, holder, lease_seconds), holder, idle=idle,
        )  # fmt: skip
        super().__init__(kind, journal.log, streams, idle, database if owns_database else None)

    @classmethod
    async def open(
        cls,
        store: Store,
        journal: Journal,
        directory: DirectoryKeeper,
        clock: Clock,
        processes: Sequence[Process],
        *,
        lease_seconds: float = 5.0,
        idle: float = 1.0,
    ) -> "Processes":
        """Open the processes of a store; the checkpoints of a store in memory are in memory too.

        ``lease_seconds``: how long until another runner takes over from one that died (SQLite; on PostgreSQL at once).
        """
        if store.database is not None:
            return cls(store, store.database, journal, directory, clock, processes, lease_seconds, idle)
        database = MemoryDatabase()
        await schema.create(database, store.origin)
        return cls(store, database, journal, directory, clock, processes, lease_seconds, idle, owns_database=True)

    async def catch_up(self) -> None:
        """Run every process to the end of the log and the present moment, unless a runner is active.

        For programs that write and then exit. Raises Fenced where another runner takes the processes in the meantime.
        """
        await self._runner().catch_up()

    async def status(self) -> list[ProcessStatus]:
        """The status of each process."""
        head = (await self._store.head()).position
        return [await self._status(name, head) for name in self.kind.processes]

    async def retry(self, name: str, stream: UUID) -> bool:
        """Examine a parked subject again; True where it is no longer parked. Raises NotFound.

        The subject is made due, so that the runner also sees events that arrived during the retry.
        """
        process = self.kind.processes[self._known(name)]
        if not any(parked.stream == stream for parked in await self._checkpoints.parked(name)):
            raise NotFound("parked subject")
        [examined] = (await self.kind.examine(process, [stream])).values()
        if examined.error is not None:
            return False
        await self._checkpoints.unpark(name, stream)
        return True

    async def _status(self, name: str, head: int) -> ProcessStatus:
        found = await self._checkpoints.read(name)
        trouble = found.error or self.kind.troubles.get(name)
        now = self._clock.now()
        lag = 0.0
        if found.position < head:
            [following] = await self._store.read_log(found.position, 1)
            lag = max(0.0, (now - following.recorded_at).total_seconds())
        return ProcessStatus(
            name,
            found.position,
            max(head, found.position),
            lag,
            found.waiting,
            found.next_due,
            max(0.0, (now - found.next_due).total_seconds()) if found.next_due else 0.0,
            "live" if trouble is None else "halted",
            trouble,
            await self._checkpoints.parked(name),
            found.holder,
        )
