"""Process managers as one kind of follower of the log: subjects are examined while a batch is prepared, effects are written once.

An effect's events are appended under two conditions: the subject, and what was read beside it, are unchanged since they were
examined (StreamAt), and the target has the version the effect was decided on. So examining a subject twice is harmless: a runner
that died between an effect and its checkpoint, one that was suspended, or two at once can neither write an effect twice nor write
one that is no longer wanted. Lease and fencing only spare needless work here.

Effects can't be part of the follower's commit: an effect must be in the log, under its conditions, before the position passes its
cause, and the log has a writer of its own. They are appended while a batch is prepared, and only where there are any; reading,
decoding, positions and due moments share the follower's statements.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.processing.checkpoints import Advance, Checkpoints
from adapters.projecting.folding.following import NEWEST, Batch, Outcome
from adapters.projecting.folding.led import Led
from adapters.projecting.folding.streams import Run, Streams, failure_text
from adapters.projecting.tables.leases import Leases
from adapters.store.database.database import EPOCH, Database, Transaction
from domain.kernel.aggregate import occurred
from domain.kernel.errors import Overloaded
from domain.kernel.journal import TRIES, Belonging, Journal
from domain.kernel.ports import Clock, StoredEvent, StreamAt, VersionConflict
from domain.people.directory import Directory, DirectoryKeeper
from domain.process.process import Moment, Outlook, Process, Subject, system_meta
from domain.process.service import SERVICE, SILENCE, Service, ServiceState

SIGN = 30.0
"""Seconds between signs of life of a server that runs the processes, from which a later one knows how long none ran."""
DUE_AT_ONCE = 100
"""Due subjects in each step; few enough that commands in this operating-system process don't wait."""


@dataclass(frozen=True, slots=True)
class Examined:
    """Outcome of examining a subject: when to examine it again, or the ``error`` that parks it from ``position`` on."""

    again_at: datetime | None = None
    position: int = 0
    error: str | None = None


@dataclass(eq=False)
class Running:
    """State of a process at its holder: position, parked subjects, and the earliest due moment (None: none)."""

    process: Process
    position: int
    parked: set[UUID]
    next_due: datetime | None = field(default=EPOCH)

    @property
    def name(self) -> str:
        """The process's name."""
        return self.process.name

    def takes(self, event: StoredEvent) -> bool:
        """Whether the process examines the event's stream."""
        return event.topic.startswith(self.process.takes) and event.stream_id not in self.parked


class ProcessManagers(Led):
    """The processes of a store, a :class:`~adapters.projecting.folding.following.Kind`."""

    what = "process"
    lease = "processes"

    def __init__(
        self, processes: Sequence[Process], journal: Journal, streams: Streams, directory: DirectoryKeeper, clock: Clock,
        checkpoints: Checkpoints, database: Database, leases: Leases, holder: str, *, idle: float,
    ) -> None:  # fmt: skip
        super().__init__((process.name for process in processes), self._stored_position, checkpoints.note_error, idle=idle)
        self.leases = leases
        self.database = database
        self.processes = {process.name: process for process in processes}
        self._journal = journal
        self._streams = streams
        self._directory = directory
        self._clock = clock
        self._checkpoints = checkpoints
        self._holder = holder
        self._serving = False
        self._signed = 0.0

    def beside(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """No work beside following, which is what a server does; it gives signs of life."""
        self._serving = True
        return ()

    async def take(self) -> Sequence[Running]:
        """Become the only runner of all processes."""
        if self._serving:
            await self._note_outage()
        taken = await self._checkpoints.take(list(self.processes), self._holder)
        return [Running(process, *taken[name]) for name, process in self.processes.items()]

    async def is_held(self, members: Sequence[Running]) -> bool:
        """Whether these processes are still held; gives a sign of life every :data:`SIGN` seconds."""
        now = asyncio.get_running_loop().time()
        if self._serving and now >= self._signed + SIGN:
            self._signed = now
            await self._checkpoints.sign()
        return await self._checkpoints.are_held([member.name for member in members], self._holder)

    async def prepare(self, members: Sequence[Running], batch: Batch) -> Mapping[Running, Outcome]:
        """Examine the subjects of a batch's events and of due moments, and append the effects."""
        now = self._clock.now()
        next_dues: dict[Running, datetime | None] = {}
        subjects: dict[Running, dict[UUID, None]] = {}
        for member in members:
            taken = batch.taken(member.process.takes) - member.parked
            subjects[member] = {stream: None for stream in batch.runs if stream in taken}
            next_dues[member] = member.next_due
            if member.next_due is not None and member.next_due <= now:
                due, next_dues[member] = await self._checkpoints.due(member.name, now, DUE_AT_ONCE)
                subjects[member].update(dict.fromkeys(due))
        known = self._known(batch)
        outcomes: dict[Running, Outcome] = {}
        for member in members:
            if not batch.events and not subjects[member]:
                member.next_due = next_dues[member]
                continue
            try:
                examined = await self.examine(member.process, subjects[member], known) if subjects[member] else {}
            except Exception as error:
                outcomes[member] = error
            else:
                parked = {stream: (seen.position, seen.error) for stream, seen in examined.items() if seen.error is not None}
                dues = {stream: seen.again_at for stream, seen in examined.items()}
                outcomes[member] = Advance(dues, parked, next_dues[member])
        return outcomes

    async def save(self, tx: Transaction, coming: Mapping[Running, Advance], batch: Batch) -> None:
        """Write all positions in one statement, then due moments and parked subjects. Raises Fenced."""
        done = {member.name: advance for member, advance in coming.items()}
        await self._checkpoints.advance(tx, self._holder, batch.after, batch.upto, done)

    async def save_alone(self, member: Running, outcome: Advance, batch: Batch) -> None:
        """Write one process' outcome in its own transaction. Raises Fenced."""
        await self.database.write(lambda tx: self.save(tx, {member: outcome}, batch))

    def moved(self, member: Running, outcome: Advance, position: int) -> None:
        """Note a written batch and announce the position."""
        member.position = position
        member.parked |= set(outcome.parked)
        member.next_due = min((due for due in (outcome.next_due, *outcome.dues.values()) if due is not None), default=None)
        self.announce(member)

    async def _note_outage(self) -> None:
        """Write down for how long no server ran, before anything that fell due meanwhile is examined."""
        now, last = self._clock.now(), await self._checkpoints.sign()
        if last is None or now - last <= SILENCE:
            return
        state = await self._journal.load(SERVICE, ServiceState)
        version = (state.version if state else 0) + 1
        meta = system_meta("processes", SERVICE, version, SERVICE)
        outage = occurred(Service.ServiceInterrupted, SERVICE, version, now, meta, began_at=last)
        with suppress(VersionConflict):  # another server wrote it
            await self._journal.write([outage], Belonging(""))

    # Examining

    def _known(self, batch: Batch) -> Mapping[UUID, Run]:
        """Whole streams from memory, as of the batch. An effect of a stream that has grown since meets a version conflict."""
        found = {}
        for stream, run in batch.runs.items():
            if run.steps and run.poison is None:
                whole = self._streams.remembered(stream, run.steps[-1].after.state.version)
                if whole is not None:
                    found[stream] = whole
        return found

    async def examine(
        self, process: Process, subjects: Iterable[UUID], known: Mapping[UUID, Run] | None = None
    ) -> dict[UUID, Examined]:
        """Examine subjects, as ``known`` or else in their present state, and write the effects; of one that fails nothing.

        Raises errors.Overloaded after :data:`~domain.kernel.journal.TRIES` version conflicts.
        """
        wanted = list(subjects)
        examined: dict[UUID, Examined] = {}
        for _ in range(TRIES):
            lost = []
            directory = await self._directory.current()
            outlooks = await self._outlooks(process, wanted, known or {}, directory, examined)
            targets = await self._states([effect.target for _, outlook in outlooks.values() for effect in outlook.effects])
            for stream, (seen, outlook) in outlooks.items():
                try:
                    await self._carry_out(seen, outlook, targets)
                    examined[stream] = Examined(outlook.again_at)
                except VersionConflict:
                    lost.append(stream)
                except Overloaded:
                    raise
                except Exception as error:
                    examined[stream] = Examined(position=await self._last_position(stream), error=failure_text(error))
            if not lost:
                return examined
            wanted, known = lost, None
        raise Overloaded("other writers changed the subject each time")

    async def _outlooks(
        self,
        process: Process,
        streams: Sequence[UUID],
        known: Mapping[UUID, Run],
        directory: Directory,
        examined: dict[UUID, Examined],
    ) -> dict[UUID, tuple[Sequence[StreamAt], Outlook]]:
        """What the process wants for each stream, and the streams as it saw them."""
        now = self._clock.now()
        unknown = [stream for stream in streams if stream not in known]
        runs = {**known, **(await self._streams.whole(unknown, NEWEST) if unknown else {})}
        beside: dict[UUID, Run] = {}
        found: dict[UUID, tuple[Sequence[StreamAt], Outlook]] = {}
        for stream in streams:
            run = runs[stream]
            if run.poison is not None:
                examined[stream] = Examined(position=run.poison.position, error=run.poison.error)
                continue
            try:
                subject = _subject(run)
                moment = Moment(max(now, subject.events[-1].timestamp), directory)
                wanted = [other for other in process.beside(subject, moment) if other != stream]
                missing = [other for other in wanted if other not in beside]
                beside |= await self._streams.whole(missing, NEWEST) if missing else {}
                others = {other: beside[other] for other in wanted}
                moment = replace(moment, beside={other: _subject(read) for other, read in others.items() if read.steps})
                outlook = process.look(subject, moment)
                if outlook.again_at is not None and outlook.again_at <= now:
                    raise ValueError("a process must name a later moment to examine a subject again")
            except Exception as error:
                position = run.steps[-1].after.position if run.steps else 0
                examined[stream] = Examined(position=position, error=failure_text(error))
            else:
                seen = {stream: run, **others}
                found[stream] = ([StreamAt(one, _version(read)) for one, read in seen.items()], outlook)
        return found

    async def _states(self, streams: Sequence[UUID]) -> Mapping[UUID, Any]:
        """The newest states of streams, None for one without events. Omits a stream that can't be read, so its effect fails."""
        if not streams:
            return {}
        runs = await self._streams.whole(list(dict.fromkeys(streams)), NEWEST)
        return {stream: run.steps[-1].after.state if run.steps else None for stream, run in runs.items() if not run.poison}

    async def _carry_out(self, seen: Sequence[StreamAt], outlook: Outlook, targets: Mapping[UUID, Any]) -> None:
        events = [event for effect in outlook.effects for event in effect.events(targets[effect.target])]
        if not events:
            return
        directory = await self._directory.current()
        belonging = Belonging(outlook.community, directory.community(outlook.community).timezone)
        await self._journal.write(events, belonging, conditions=seen)

    async def _last_position(self, stream: UUID) -> int:
        stored = await self._journal.log.read_stream(stream)
        return stored[-1].position if stored else 0

    async def _stored_position(self, name: str) -> int:
        """Position of a process, as stored in its checkpoint."""
        return (await self._checkpoints.read(name)).position


def _subject(run: Run) -> Subject:
    if run.poison is not None:
        raise ValueError(run.poison.error)
    if not run.steps:
        raise ValueError("the stream has no events")
    return Subject([step.after.event for step in run.steps], run.steps[-1].after.state)


def _version(run: Run) -> int:
    return run.steps[-1].after.state.version if run.steps else 0
