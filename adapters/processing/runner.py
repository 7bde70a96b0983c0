"""Running a process: one runner at a time follows the log and the due moments; what it orders is written once.

What an order asks for is appended under the condition that the subject is unchanged since it was looked at, and with the version
of the target it was decided on. So it does not matter who looks how often: a runner that died between the order and its
checkpoint, one that slept and woke, or two at once can't write a thing twice, nor anything that is no longer wanted. The lease
and the fence only spare the work.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.processing.checkpoints import Advance, Checkpoints
from adapters.projecting.folding.streams import Run, Streams, told
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import Leases
from adapters.store.log.wakeups import Wakeups
from domain.kernel.errors import Overloaded
from domain.kernel.journal import Belonging, Journal
from domain.kernel.ports import Clock, StoredEvent, StreamAt, VersionConflict
from domain.people.directory import DirectoryKeeper
from domain.process.process import Moment, Outlook, Process, Subject

BATCH = 100
"""Events, or due subjects, a step; few enough that commands in the same operating-system process don't wait."""
TRIES = 100
"""How often a subject is looked at anew after losing a race; each loss is somebody else's success."""
NEWEST = 2**62
LONGEST_PAUSE = 10.0
"""Seconds between tries while something is wrong."""
MAKE_WAY = 0.05


@dataclass(frozen=True, slots=True)
class Looked:
    """A subject that was looked at; ``error`` says why it could not be, and ``position`` from where on."""

    again_at: datetime | None = None
    position: int = 0
    error: str | None = None


class ProcessRunner:
    """Runs one process. ``idle`` is how often, in seconds, it looks at the clock while nothing happens."""

    def __init__(
        self,
        process: Process,
        journal: Journal,
        streams: Streams,
        directory: DirectoryKeeper,
        clock: Clock,
        checkpoints: Checkpoints,
        leases: Leases,
        holder: str,
        *,
        idle: float,
    ) -> None:
        self.process = process
        self.checkpoints = checkpoints
        self.trouble: str | None = None
        self.wakeups = Wakeups(self._stands_at, poll=min(idle, 0.05))
        self._journal = journal
        self._streams = streams
        self._directory = directory
        self._clock = clock
        self._leases = leases
        self._holder = holder
        self._idle = idle
        self._position = 0
        self._parked: set[UUID] = set()
        self._pause = MAKE_WAY

    @property
    def _lease(self) -> str:
        return f"process/{self.process.name}"

    async def run(self) -> None:
        """Follow as long as this process lives; trouble is shown and tried again."""
        try:
            while True:
                try:
                    if await self._leases.acquire(self._lease):
                        await self._lead()
                    else:
                        await asyncio.sleep(self._idle)
                except Fenced:
                    await asyncio.sleep(MAKE_WAY)
                except Exception as error:
                    await self._troubled(error)
        finally:
            with suppress(Overloaded):
                await self._leases.release(self._lease)

    async def catch_up(self) -> bool:
        """Come to the end of the log, and to now; False where another runner does that.

        Raises Fenced where somebody takes the process meanwhile.
        """
        if not await self._leases.acquire(self._lease):
            return False
        try:
            await self._take()
            await self._settle()
        finally:
            await self._leases.release(self._lease)
        return True

    async def _lead(self) -> None:
        await self._take()
        self.trouble = None
        async with aclosing(self._journal.log.appended(self._position, self._idle)) as heads:  # type: ignore[type-var]
            async for _ in heads:
                if not await self._leases.acquire(self._lease) or not await self.checkpoints.is_held(self._holder):
                    raise Fenced
                await self._settle()
                self._pause = MAKE_WAY

    async def _take(self) -> None:
        self._position, self._parked = await self.checkpoints.take(self._holder)

    async def _settle(self) -> None:
        """Step until there is neither an event nor a due moment left."""
        while await self._step():
            if not await self._leases.acquire(self._lease):
                raise Fenced

    async def _step(self) -> bool:
        """One batch: look at every subject that something happened to, or whose moment has come; False where there is none."""
        events = await self._journal.log.read_log(self._position, BATCH)
        now = self._clock.now()
        subjects = dict.fromkeys(event.stream_id for event in events if self._takes(event))
        subjects.update(dict.fromkeys(await self.checkpoints.due(now, BATCH)))
        if not events and not subjects:
            return False
        looked = await self.look_at(subjects)
        parked = {stream: (seen.position, seen.error) for stream, seen in looked.items() if seen.error is not None}
        dues = {stream: seen.again_at for stream, seen in looked.items()}
        position = events[-1].position if events else self._position
        await self.checkpoints.advance(self._holder, self._position, Advance(position, dues, parked))
        self._position = position
        self._parked |= set(parked)
        self.wakeups.announce(position)
        return True

    def _takes(self, event: StoredEvent) -> bool:
        return event.topic.startswith(self.process.takes) and event.stream_id not in self._parked

    async def look_at(self, subjects: Iterable[UUID]) -> dict[UUID, Looked]:
        """Look at subjects as they are now, and write what is ordered; nothing is written of one that fails."""
        wanted = list(subjects)
        looked: dict[UUID, Looked] = {}
        for _ in range(TRIES):
            lost = []
            outlooks = await self._outlooks(wanted, looked)
            targets = await self._states([effect.target for _, outlook in outlooks.values() for effect in outlook.effects])
            for stream, (subject, outlook) in outlooks.items():
                try:
                    await self._carry_out(subject, outlook, targets)
                    looked[stream] = Looked(outlook.again_at)
                except VersionConflict:
                    lost.append(stream)
                except Overloaded:
                    raise
                except Exception as error:
                    looked[stream] = Looked(position=await self._last_position(stream), error=told(error))
            if not lost:
                return looked
            wanted = lost
        raise Overloaded("others were faster each time")

    async def _outlooks(self, streams: Sequence[UUID], looked: dict[UUID, Looked]) -> dict[UUID, tuple[Subject, Outlook]]:
        directory = await self._directory.current()
        now = self._clock.now()
        found = {}
        for stream, run in (await self._streams.whole(streams, NEWEST)).items():
            if run.poison is not None:
                looked[stream] = Looked(position=run.poison.position, error=run.poison.error)
                continue
            try:
                subject = _subject(run)
                moment = max(now, subject.events[-1].timestamp)
                outlook = self.process.look(subject, Moment(moment, directory))
                if outlook.again_at is not None and outlook.again_at <= now:
                    raise ValueError("a process looks again later, not before")
            except Exception as error:
                position = run.steps[-1].after.position if run.steps else 0
                looked[stream] = Looked(position=position, error=told(error))
            else:
                found[stream] = (subject, outlook)
        return found

    async def _states(self, streams: Sequence[UUID]) -> Mapping[UUID, Any]:
        """The newest states of streams; None where one has not begun. A target that can't be read fails its order."""
        if not streams:
            return {}
        runs = await self._streams.whole(list(dict.fromkeys(streams)), NEWEST)
        return {stream: run.steps[-1].after.state if run.steps else None for stream, run in runs.items() if not run.poison}

    async def _carry_out(self, subject: Subject, outlook: Outlook, targets: Mapping[UUID, Any]) -> None:
        events = [event for effect in outlook.effects for event in effect.events(targets[effect.target])]
        if not events:
            return
        directory = await self._directory.current()
        belonging = Belonging(outlook.community, directory.community(outlook.community).timezone)
        unchanged = StreamAt(subject.id, subject.state.version)
        await self._journal.write(events, belonging, conditions=[unchanged])

    async def _last_position(self, stream: UUID) -> int:
        stored = await self._journal.log.read_stream(stream)
        return stored[-1].position if stored else 0

    async def _troubled(self, error: Exception) -> None:
        """The database is away, or something is wrong that is no single subject's fault: say so, wait longer each time."""
        self.trouble = str(error) if isinstance(error, Overloaded) else told(error)
        with suppress(Exception):
            await self.checkpoints.note_error(self.trouble)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _stands_at(self) -> int:
        return (await self.checkpoints.read()).position


def _subject(run: Run) -> Subject:
    if not run.steps:
        raise ValueError("there is no such stream")
    return Subject([step.after.event for step in run.steps], run.steps[-1].after.state)
