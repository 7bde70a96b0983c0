"""All processes of a store: their runners, their status, and the operator's tools."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.processing.checkpoints import Checkpoints
from adapters.processing.runner import ProcessRunner
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


class Processes(Background[ProcessRunner]):
    """The processes of an open store. Made by :meth:`open`; :meth:`start` makes this operating-system process run them."""

    def __init__(
        self, store: Store, database: Database, journal: Journal, directory: DirectoryKeeper, clock: Clock,
        processes: Sequence[Process], lease_seconds: float, idle: float, owns_database: bool = False,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        leases = leases_for(database, f"{os.getpid()}-{secrets.token_hex(4)}", lease_seconds)
        streams = Streams(store, journal.codec, store.database)
        runners = {
            process.name: ProcessRunner(
                process, journal, streams, directory, clock, Checkpoints(process.name, database, clock), leases,
                f"{os.getpid()}-{secrets.token_hex(4)}", idle=idle,
            )
            for process in processes
        }  # fmt: skip
        super().__init__("process", runners, leases, database if owns_database else None)

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

        For programs that write and then exit.
        """
        for runner in self._runners.values():
            await runner.catch_up()

    async def status(self) -> list[ProcessStatus]:
        """The status of each process."""
        head = (await self._store.head()).position
        return [await self._status(runner, head) for runner in self._runners.values()]

    async def retry(self, name: str, stream: UUID) -> bool:
        """Examine a parked subject again; True where it is no longer parked. Raises NotFound.

        The subject is made due, so that the runner also sees events that arrived during the retry.
        """
        runner = self._runners[self._known(name)]
        if not any(parked.stream == stream for parked in await runner.checkpoints.parked()):
            raise NotFound("parked subject")
        [examined] = (await runner.examine([stream])).values()
        if examined.error is not None:
            return False
        await runner.checkpoints.unpark(stream)
        return True

    async def _status(self, runner: ProcessRunner, head: int) -> ProcessStatus:
        found = await runner.checkpoints.read()
        trouble = found.error or runner.trouble
        now = self._clock.now()
        lag = 0.0
        if found.position < head:
            [following] = await self._store.read_log(found.position, 1)
            lag = max(0.0, (now - following.recorded_at).total_seconds())
        return ProcessStatus(
            runner.process.name,
            found.position,
            max(head, found.position),
            lag,
            found.waiting,
            found.next_due,
            max(0.0, (now - found.next_due).total_seconds()) if found.next_due else 0.0,
            "live" if trouble is None else "halted",
            trouble,
            await runner.checkpoints.parked(),
            found.holder,
        )
