"""The one follower of the log: reads a batch once, decodes each event once, and writes all members in one commit.

A member is a table set of a read model, or a process. Members of one kind (:class:`Kind`) share a lease, so one runner moves all;
kinds of one database move together. A member that fails alone is set aside: it retries at its own pace and rejoins when it has
reached the others, which go on in the meantime.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from adapters.projecting.folding.rare_collections import RARE_COLLECTIONS
from adapters.projecting.folding.streams import Run, Streams, failure_text, of_taken_streams
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.leases import Leases
from adapters.store.database.database import Database, Transaction
from adapters.store.log.wakeups import Wakeups
from domain.kernel.errors import Overloaded
from domain.kernel.ports import EventLog, StoredEvent

BATCH = 500
"""Events in each transaction while following; few enough that commands in this process don't wait."""

FAR = 2_000
"""Events in each transaction while the follower is at least so far behind; a row that many of them change is written once."""

MAKE_WAY = 0.05
"""Seconds that a fenced runner waits before it takes its members back, so that a retry or a rebuild can finish."""

NEWEST = 2**62
"""Greater than every position."""

LONGEST_PAUSE = 10.0
"""Longest time in seconds between attempts while an error lasts."""


class Pauses:
    """Waits between attempts while an error lasts, each twice as long as the one before."""

    def __init__(self) -> None:
        self._next = MAKE_WAY

    async def wait(self) -> None:
        """Wait until the next attempt."""
        await asyncio.sleep(self._next)
        self._next = min(self._next * 2, LONGEST_PAUSE)

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next = MAKE_WAY


@dataclass(frozen=True)
class Batch:
    """Consecutive events of the log after a position; ``runs``: the steps of the streams that any member takes."""

    after: int
    events: Sequence[StoredEvent]
    runs: Mapping[UUID, Run]

    @property
    def upto(self) -> int:
        """The position of the last event."""
        return self.events[-1].position if self.events else self.after

    @cached_property
    def streams(self) -> Mapping[str, Collection[UUID]]:
        """Streams with events in this batch, by topic."""
        found: dict[str, set[UUID]] = {}
        for event in self.events:
            found.setdefault(event.topic, set()).add(event.stream_id)
        return found

    def taken(self, takes: tuple[str, ...]) -> set[UUID]:
        """Streams with events whose topic begins with one of ``takes``."""
        return {stream for topic, streams in self.streams.items() if topic.startswith(takes) for stream in streams}


class Member(Protocol):
    """A table set or a process that follows the log; ``position``: its last event."""

    position: int

    @property
    def name(self) -> str:
        """Name of the projection or process."""
        ...

    def takes(self, event: StoredEvent) -> bool:
        """Whether the member applies an event (its topic is taken, its stream is not parked)."""
        ...


Outcome = Any
"""Prepared changes of a member, as its kind writes them, or the exception that prevented them."""


class Kind(Protocol):
    """Members under one lease: how they are taken, prepared and written. ``what``: their name in a NotFound."""

    what: str
    lease: str
    leases: Leases
    database: Database
    wakeups: Mapping[str, Wakeups]

    def beside(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Work to do in the background while following, such as first builds."""
        ...

    async def take(self) -> Sequence[Member] | None:
        """Become the only writer of the members; None to leave them to another program version. Raises Fenced."""
        ...

    async def is_held(self, members: Sequence[Any]) -> bool:
        """Whether the members are still held; also leaves the sign of life of an idle follower."""
        ...

    async def prepare(self, members: Sequence[Any], batch: Batch) -> Mapping[Any, Outcome]:
        """Prepare a batch; a member whose position moves has an outcome, even an empty one."""
        ...

    async def save(self, tx: Transaction, coming: Mapping[Any, Outcome], batch: Batch) -> None:
        """Write positions and rows of several members. Raises Fenced."""
        ...

    async def save_alone(self, member: Any, outcome: Outcome, batch: Batch) -> None:
        """Write one member in its own transaction, parking streams whose rows the database refuses. Raises Fenced."""
        ...

    def moved(self, member: Any, outcome: Outcome, position: int) -> None:
        """Note a written batch and announce the position."""
        ...

    def lead(self, members: Sequence[Any]) -> None:
        """Set which members this operating-system process moves from now on, and clear their errors."""
        ...

    async def trouble(self, names: Sequence[str], error: str) -> None:
        """Record an error of these members (no names: all); their next write clears it."""
        ...


class Following:
    """Moves members of several kinds, all taken, along the log.

    ``patient``: a member that is far behind or fails is set aside; otherwise the others wait for it, and its error is raised.
    """

    def __init__(self, log: EventLog, streams: Streams, members: Sequence[tuple[Kind, Member]], *, patient: bool = True) -> None:
        self.members = [member for _, member in members]
        self._kinds = {member: kind for kind, member in members}
        self._log = log
        self._streams = streams
        self._patient = patient
        self._aside: dict[Member, asyncio.Task[None]] = {}
        self._ahead: Batch | None = None
        self._far = ExitStack()  # open from when it is far behind until it has caught up

    @property
    def position(self) -> int:
        """Position of the members that move together."""
        return self.members[0].position

    async def gather(self) -> None:
        """Bring all members to the foremost position, those more than a batch behind in the background."""
        foremost = max(member.position for member in self.members)
        behind = [member for member in self.members if member.position < foremost]
        self.members = [member for member in self.members if member not in behind]
        for member in behind:
            if self._patient and foremost - member.position > BATCH:
                self._put_aside(member)
            else:
                await self._bring(member)

    async def advance(self, head: int, most: int | None = None) -> bool:
        """Move by one batch towards ``head``, the known end of the log; False if there was nothing to do. Raises Fenced.

        While the batch is written, the next one is read, decoded and applied.
        """
        await self._rejoin()
        behind = max(0, head - self.position)
        far = behind >= FAR
        most = most or (FAR if far else BATCH)
        if far:
            self._far.enter_context(RARE_COLLECTIONS)
        elif not behind:
            self._far.close()
        batch, self._ahead = self._ahead, None
        if batch is None or batch.after != self.position or not 0 < len(batch.events) <= min(most, behind):
            batch = await self._batch(self.members, self.position, min(most, behind))
        return await self._round(self.members, batch, ahead=min(most, behind - len(batch.events)))

    async def are_held(self) -> bool:
        """Whether every member is still held."""
        kinds = self._by_kind([*self.members, *self._aside])
        return all([await kind.is_held(members) for kind, members in kinds.items()])

    async def stop(self) -> None:
        """Stop the members that were set aside."""
        self._far.close()
        for task in self._aside.values():
            task.cancel()
        await asyncio.gather(*self._aside.values(), return_exceptions=True)
        self._aside = {}

    # One batch

    async def _round(self, members: Sequence[Member], batch: Batch, *, ahead: int = 0) -> bool:
        """Move these members by a batch; meanwhile read ``ahead`` events of the next one."""
        coming, failed = await self._prepare(members, batch)
        if len(failed) == len(members):
            raise next(iter(failed.values()))
        if coming:
            reading = asyncio.create_task(self._batch(members, batch.upto, ahead)) if ahead and batch.events else None
            wrote = False
            try:
                failed.update(await self._write(coming, batch))
                wrote = True
            finally:
                if reading is not None:
                    if not wrote:
                        reading.cancel()
                    await asyncio.wait([reading])
                    # Where reading failed, reading again will show the error.
                    self._ahead = None if reading.cancelled() or reading.exception() else reading.result()
        for member, error in failed.items():
            if member in self.members:
                self.members.remove(member)
                self._put_aside(member, error)
        return bool(coming)

    async def _batch(self, members: Sequence[Member], after: int, most: int) -> Batch:
        events = await self._log.read_log(after, most) if most else []
        taken = of_taken_streams(events, lambda event: any(member.takes(event) for member in members))
        return Batch(after, events, await self._streams.runs(taken))

    async def _prepare(self, members: Sequence[Member], batch: Batch) -> tuple[dict[Member, Outcome], dict[Member, Exception]]:
        coming: dict[Member, Outcome] = {}
        failed: dict[Member, Exception] = {}
        for kind, own in self._by_kind(members).items():
            try:
                outcomes = await kind.prepare(own, batch)
            except Fenced:
                raise
            except Exception as error:
                outcomes = dict.fromkeys(own, error)
            for member, outcome in outcomes.items():
                if isinstance(outcome, Exception):
                    failed[member] = outcome
                else:
                    coming[member] = outcome
        return coming, failed

    async def _write(self, coming: Mapping[Member, Outcome], batch: Batch) -> dict[Member, Exception]:
        """Write all in one transaction; where that fails, each in its own, so that only the failing members stay behind."""
        failed: dict[Member, Exception] = {}
        try:
            await self._write_together(coming, batch)
        except (Fenced, Overloaded):
            raise
        except Exception:
            for member, outcome in coming.items():
                try:
                    await self._kinds[member].save_alone(member, outcome, batch)
                except (Fenced, Overloaded):
                    raise
                except Exception as error:
                    failed[member] = error
            if len(failed) == len(coming):
                raise
        for member, outcome in coming.items():
            if member not in failed:
                self._kinds[member].moved(member, outcome, batch.upto)
        return failed

    async def _write_together(self, coming: Mapping[Member, Outcome], batch: Batch) -> None:
        parts = [(kind, {m: coming[m] for m in own}) for kind, own in self._by_kind(list(coming)).items()]

        async def work(tx: Transaction) -> None:
            for kind, own in parts:
                await kind.save(tx, own, batch)

        await parts[0][0].database.write(work)

    def _by_kind(self, members: Sequence[Member]) -> dict[Kind, list[Member]]:
        found: dict[Kind, list[Member]] = {}
        for member in members:
            found.setdefault(self._kinds[member], []).append(member)
        return found

    # Set aside

    async def _alone(self, member: Member) -> None:
        """Move a member by a batch towards the position of the others."""
        most = min(BATCH, self.position - member.position)
        await self._round([member], await self._batch([member], member.position, most))

    def _put_aside(self, member: Member, error: Exception | None = None) -> None:
        if error is not None and not self._patient:
            raise error
        self._aside[member] = asyncio.create_task(self._follow_aside(member, error), name=f"projection {member.name} aside")

    async def _follow_aside(self, member: Member, error: Exception | None) -> None:
        """Follow alone until at most a batch behind the others. Raises Fenced."""
        pauses = Pauses()
        while True:
            try:
                if error is not None:
                    with suppress(Overloaded):
                        await self._kinds[member].trouble([member.name], error_text(error))
                    await pauses.wait()
                error = None
                await self._alone(member)
                if self.position - member.position <= BATCH:
                    return
            except Fenced:
                raise
            except Exception as failure:
                error = failure

    async def _rejoin(self) -> None:
        """Take back the members that have come close. Raises Fenced."""
        for member in [member for member, task in self._aside.items() if task.done()]:
            self._aside.pop(member).result()
            await self._bring(member)

    async def _bring(self, member: Member) -> None:
        """Bring a member to the position of the others and let it move with them."""
        try:
            while member.position < self.position:
                await self._alone(member)
        except Fenced:
            raise
        except Exception as error:
            self._put_aside(member, error)
        else:
            self.members.append(member)
            self._ahead = None  # its events may be missing there


def error_text(error: Exception) -> str:
    """Text of an error, without personal data."""
    return str(error) if isinstance(error, Overloaded) else failure_text(error)
