"""Decode and apply each event once for all projections of this process.

Results are memoised per (stream, version); a missing one is folded from the log. States are pure functions of the log, so a memo
never becomes stale, and projections need not store states beside their rows.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from adapters.store.database.database import Database
from adapters.store.keys.sealing import SealBroken
from adapters.store.log.codec import CodecError
from adapters.store.log.rows import EVENT, stored_events
from domain.kernel.ports import Codec, EventLog, StoredEvent
from projections.engine.view import Seen, Step, advance

SLICE = 100
"""Events applied before yielding to the event loop."""

SHORT = 100
"""Longest stream, in events, whose steps are all remembered after it was read; of a longer one only the newest state is."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A poison event: its position, and why it can't be projected, without personal data."""

    position: int
    error: str


@dataclass(slots=True)
class Run:
    """Consecutive steps of one stream from ``start`` on, up to a poison event if there is one; the topics of its events."""

    steps: list[Step] = field(default_factory=list)
    poison: Poison | None = None
    start: Seen | None = None
    topics: set[str] = field(default_factory=set)


def failure_text(error: Exception) -> str:
    """Describe an error without personal data.

    Our own messages hold none and are given; another error gives its class and the place in the code, since its message may
    quote the value it failed on.
    """
    if isinstance(error, CodecError | SealBroken):
        return f"{type(error).__name__}: {error}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {trace.tb_frame.f_globals.get('__name__')}, line {trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{place}"


def of_taken_streams(events: Sequence[StoredEvent], takes: Callable[[StoredEvent], bool]) -> list[StoredEvent]:
    """The events of every stream that has an event which is taken.

    Those between that are not taken are needed too: an event is applied to the state before it.
    """
    taken = {event.stream_id for event in events if takes(event)}
    return [event for event in events if event.stream_id in taken]


NEWEST_OF = 10_000
"""Number of streams whose newest state a follower remembers (about 3 KB each): their next event needs no look at the log."""


class Streams:
    """Applies events, with a memo of up to ``capacity`` states, and of the newest state of up to ``newest`` streams.

    ``forward``: for a reader that goes through the log once; only the newest version of each stream is remembered.
    """

    def __init__(
        self,
        log: EventLog,
        codec: Codec,
        database: Database | None,
        *,
        capacity: int = 3_000,
        newest: int = NEWEST_OF,
        forward: bool = False,
    ) -> None:
        self._log = log
        self._codec = codec
        self.database = database
        self._capacity = capacity
        self._most_newest = newest
        self._forward = forward
        self._seen: OrderedDict[tuple[int, int], Seen] = OrderedDict()
        self._newest: OrderedDict[int, Seen] = OrderedDict()

    async def runs(self, events: Sequence[StoredEvent]) -> dict[UUID, Run]:
        """The steps of each stream in a batch of events, which are in order and without gaps within a stream."""
        by_stream: dict[UUID, list[StoredEvent]] = {}
        for stored in events:
            by_stream.setdefault(stored.stream_id, []).append(stored)
        runs = await self._begun(by_stream, events[0].position - 1 if events else 0)
        applied = 0
        for run, own in zip(runs.values(), by_stream.values(), strict=True):
            applied += len(own)
            if applied >= SLICE:
                applied = 0
                await asyncio.sleep(0)
            run.topics = {stored.topic for stored in own}
            if run.poison is None:
                self._apply(own, run)
        return runs

    def remembered(self, stream: UUID, version: int) -> Run | None:
        """A stream's steps from 1 to a version, if all of them are remembered."""
        seen = [self._seen.get((stream.int, v)) for v in range(1, version + 1)]
        known = [one for one in seen if one is not None]
        if len(known) != version:
            return None
        return Run([Step(before, after) for before, after in zip([None, *known], known, strict=False)])

    def forget(self, seen: Seen) -> None:
        """Forget a state that is not expected to be needed again."""
        self._seen.pop((seen.state.id.int, seen.state.version), None)

    @property
    def remembered_states(self) -> int:
        """How many states are kept in memory."""
        return len(self._seen)

    async def whole(self, streams: Sequence[UUID], upto_position: int) -> dict[UUID, Run]:
        """Each stream from its beginning up to a position, folded without the memo."""
        runs: dict[UUID, Run] = {stream: Run() for stream in streams}
        for stream, events in (await self._read(streams, upto_position)).items():
            before: Seen | None = None
            for stored in events:
                try:
                    after = advance(before, stored, self._codec.decode(stored))
                except Exception as error:
                    runs[stream].poison = Poison(stored.position, failure_text(error))
                    break
                runs[stream].steps.append(Step(before, after))
                before = after
        return runs

    def _apply(self, events: Sequence[StoredEvent], run: Run) -> None:
        """Apply the next events of a stream."""
        stream, before = events[0].stream_id.int, run.start  # an int is hashed faster than the UUID
        version = before.state.version if before else 0
        for stored in events:
            if version != stored.version - 1:
                raise RuntimeError(f"the state before version {stored.version} of {stored.stream_id} is not known")
            version = stored.version
            after = None if self._forward else self._seen.get((stream, version))
            if after is None:
                try:
                    after = advance(before, stored, self._codec.decode(stored))
                except Exception as error:
                    run.poison = Poison(stored.position, failure_text(error))
                    break
                if not self._forward:
                    self._remember(stream, version, after)
            run.steps.append(Step(before, after))
            before = after
        if self._forward and before is not None and before is not run.start:
            if run.start is not None:
                self._seen.pop((stream, run.start.state.version), None)
            self._remember(stream, before.state.version, before)

    def _remember(self, stream: int, version: int, seen: Seen) -> None:
        if not self._forward:
            self._newest.pop(stream, None)
            self._newest[stream] = seen
            if len(self._newest) > self._most_newest:
                self._newest.popitem(last=False)
        while len(self._seen) >= self._capacity:
            self._seen.popitem(last=False)
        self._seen[stream, version] = seen

    async def _begun(self, events: Mapping[UUID, Sequence[StoredEvent]], upto_position: int) -> dict[UUID, Run]:
        """A run for each stream, starting with the state before its first event here: from the memo, or folded from the log."""
        runs = {stream: Run(start=self._before(stream.int, own[0].version)) for stream, own in events.items()}
        unknown = [stream for stream, own in events.items() if own[0].version > 1 and runs[stream].start is None]
        if unknown:
            for stream, run in (await self.whole(unknown, upto_position)).items():
                if run.poison is not None:
                    runs[stream].poison = Poison(events[stream][0].position, run.poison.error)
                else:
                    runs[stream].start = run.steps[-1].after
                    if not self._forward and len(run.steps) <= SHORT:
                        for step in run.steps:
                            self._remember(stream.int, step.after.state.version, step.after)
        return runs

    def _before(self, stream: int, version: int) -> Seen | None:
        """The remembered state before a version of a stream."""
        newest = self._newest.get(stream)
        if newest is not None and newest.state.version == version - 1:
            return newest
        return self._seen.get((stream, version - 1))

    async def _read(self, streams: Sequence[UUID], upto_position: int) -> Mapping[UUID, Sequence[StoredEvent]]:
        if self.database is None:
            return {s: await self._log.read_stream(s, upto_position=upto_position) for s in streams}
        found: dict[UUID, list[StoredEvent]] = {}
        for at in range(0, len(streams), 500):
            rows = await self.database.read(
                f"{EVENT} WHERE e.stream_id IN :streams AND e.position <= :upto ORDER BY e.stream_id, e.version",
                {"streams": [s.bytes for s in streams[at : at + 500]], "upto": upto_position},
            )
            for stored in stored_events(rows):
                found.setdefault(stored.stream_id, []).append(stored)
        return found
