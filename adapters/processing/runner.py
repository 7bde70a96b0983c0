"""Run a process manager: one runner follows the log and the due moments, examines subjects and writes the effects that result.

An effect's events are appended under two conditions: the subject is unchanged since it was examined (StreamAt), and the target
has the version the effect was decided on. So examining a subject twice is harmless: a runner that died between an effect and its
checkpoint, one that was suspended, or two at once can neither write an effect twice nor write one that is no longer wanted. Lease
and fencing only spare needless work here.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.processing.checkpoints import Advance, Checkpoints
from adapters.projecting.folding.streams import Run, Streams, failure_text
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import Leases
from adapters.store.log.wakeups import Wakeups
from domain.kernel.errors import Overloaded
from domain.kernel.journal import Belonging, Journal
from domain.kernel.ports import Clock, StoredEvent, StreamAt, VersionConflict
from domain.people.directory import DirectoryKeeper
from domain.process.process import Moment, Outlook, Process, Subject

BATCH = 100
"""Events, or due subjects, in each step; few enough that commands in this operating-system process don't wait."""
TRIES = 100
"""How often a subject is examined again after a version conflict; each conflict means that another writer succeeded."""
NEWEST = 2**62
LONGEST_PAUSE = 10.0
"""Longest time in seconds between attempts while an error lasts."""
MAKE_WAY = 0.05


@dataclass(frozen=True, slots=True)
class Examined:
    """Outcome of examining a subject: when to examine it again, or the ``error`` that parks it from ``position`` on."""

    again_at: datetime | None = None
    position: int = 0
    error: str | None = None


class ProcessRunner:
    """Runs one process. ``idle``: seconds between reads of the clock while no event arrives."""

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
        self.wakeups = Wakeups(self._stored_position, poll=min(idle, 0.05))
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
        """Follow the log for ever; an error is recorded and the work retried."""
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
        """Run to the end of the log and the present moment; False where another runner holds the lease.

        Raises Fenced where another runner takes the process in the meantime.
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
        """Step until no event and no due moment is left."""
        while await self._step():
            if not await self._leases.acquire(self._lease):
                raise Fenced

    async def _step(self) -> bool:
        """Examine the subjects of the next events and of due moments; False where there are none."""
        events = await self._journal.log.read_log(self._position, BATCH)
        now = self._clock.now()
        subjects = dict.fromkeys(event.stream_id for event in events if self._takes(event))
        subjects.update(dict.fromkeys(await self.checkpoints.due(now, BATCH)))
        if not events and not subjects:
            return False
        examined = await self.examine(subjects)
        parked = {stream: (one.position, one.error) for stream, one in examined.items() if one.error is not None}
        dues = {stream: one.again_at for stream, one in examined.items()}
        position = events[-1].position if events else self._position
        await self.checkpoints.advance(self._holder, self._position, Advance(position, dues, parked))
        self._position = position
        self._parked |= set(parked)
        self.wakeups.announce(position)
        return True

    def _takes(self, event: StoredEvent) -> bool:
        return event.topic.startswith(self.process.takes) and event.stream_id not in self._parked

    async def examine(self, subjects: Iterable[UUID]) -> dict[UUID, Examined]:
        """Examine the present state of subjects and write the effects; of a subject that fails nothing is written.

        Raises errors.Overloaded after :data:`TRIES` version conflicts.
        """
        wanted = list(subjects)
        examined: dict[UUID, Examined] = {}
        for _ in range(TRIES):
            lost = []
            outlooks = await self._outlooks(wanted, examined)
            targets = await self._states([effect.target for _, outlook in outlooks.values() for effect in outlook.effects])
            for stream, (subject, outlook) in outlooks.items():
                try:
                    await self._carry_out(subject, outlook, targets)
                    examined[stream] = Examined(outlook.again_at)
                except VersionConflict:
                    lost.append(stream)
                except Overloaded:
                    raise
                except Exception as error:
                    examined[stream] = Examined(position=await self._last_position(stream), error=failure_text(error))
            if not lost:
                return examined
            wanted = lost
        raise Overloaded("other writers changed the subject each time")

    async def _outlooks(self, streams: Sequence[UUID], examined: dict[UUID, Examined]) -> dict[UUID, tuple[Subject, Outlook]]:
        directory = await self._directory.current()
        now = self._clock.now()
        found = {}
        for stream, run in (await self._streams.whole(streams, NEWEST)).items():
            if run.poison is not None:
                examined[stream] = Examined(position=run.poison.position, error=run.poison.error)
                continue
            try:
                subject = _subject(run)
                moment = max(now, subject.events[-1].timestamp)
                outlook = self.process.look(subject, Moment(moment, directory))
                if outlook.again_at is not None and outlook.again_at <= now:
                    raise ValueError("a process must name a later moment to examine a subject again")
            except Exception as error:
                position = run.steps[-1].after.position if run.steps else 0
                examined[stream] = Examined(position=position, error=failure_text(error))
            else:
                found[stream] = (subject, outlook)
        return found

    async def _states(self, streams: Sequence[UUID]) -> Mapping[UUID, Any]:
        """The newest states of streams, None for one without events. Omits a stream that can't be read, so its effect fails."""
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
        """Record an error that no single subject causes, such as an unreachable database, and wait longer each time."""
        self.trouble = str(error) if isinstance(error, Overloaded) else failure_text(error)
        with suppress(Exception):
            await self.checkpoints.note_error(self.trouble)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _stored_position(self) -> int:
        return (await self.checkpoints.read()).position


def _subject(run: Run) -> Subject:
    if not run.steps:
        raise ValueError("the stream has no events")
    return Subject([step.after.event for step in run.steps], run.steps[-1].after.state)
