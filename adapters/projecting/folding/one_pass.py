"""Fold the log into several new table sets in one pass.

Each event is read and decoded once, and most rows are written once. A stream's steps are kept until the stream is finished, then
folded for every read model at once, so that its rows are written by COPY in their last state. Memory is bounded: beyond
:data:`STEPS` kept steps, those of the streams untouched for the longest time are folded; the rows that they get later replace the
earlier ones. What is kept does not grow with the log.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from adapters.projecting.folding.follower import DATA_ERRORS, FoldedBatch, Follower, fold_all
from adapters.projecting.folding.streams import Run, Streams, of_taken_streams
from adapters.projecting.tables.catalogue import Catalogue
from adapters.store.database.database import Transaction
from domain.kernel.ports import EventLog, StoredEvent
from domain.ticket.state import TicketState

CHUNK = 2_000
"""Events read at once; also about how many are written in one transaction, which commands on SQLite wait for."""

STEPS = 20_000
"""Greatest number of steps kept between two writes (about 4 KB each)."""

STATES = 20_000
"""Greatest number of streams whose last state is remembered (about 3 KB each); another one is folded from the log again."""

WITHIN = 600.0
"""Seconds that a transaction of a build may take, such as indexing a large table."""


@dataclass(slots=True)
class Waiting:
    """A stream's steps that are not folded yet, and the table sets that take them."""

    run: Run
    takers: set[Follower]


class Kept:
    """Steps that are not folded yet, by stream; first the stream that was untouched for the longest time."""

    def __init__(self, most: int) -> None:
        self.steps = 0
        self._most = most
        self._streams: OrderedDict[UUID, Waiting] = OrderedDict()

    def add(self, stream: UUID, run: Run, takers: set[Follower]) -> None:
        """Append a stream's next steps."""
        known = self._streams.get(stream)
        if known is None:
            self._streams[stream] = Waiting(run, takers)
        else:
            known.run.steps.extend(run.steps)
            known.run.poison = run.poison
            known.takers |= takers
            self._streams.move_to_end(stream)
        self.steps += len(run.steps)

    def take(self, touched: Iterable[UUID]) -> dict[UUID, Waiting]:
        """Remove what is to be folded now: finished streams among those touched, and the oldest beyond the bound."""
        found = {stream: self._pop(stream) for stream in touched if finished(self._streams[stream].run)}
        while self.steps > self._most:
            stream = next(iter(self._streams))
            found[stream] = self._pop(stream)
        return found

    def take_all(self) -> dict[UUID, Waiting]:
        """Remove everything."""
        return {stream: self._pop(stream) for stream in list(self._streams)}

    def _pop(self, stream: UUID) -> Waiting:
        waiting = self._streams.pop(stream)
        self.steps -= len(waiting.run.steps)
        return waiting


def finished(run: Run) -> bool:
    """Whether no further event of a stream is expected (one may come: a note on a closed ticket)."""
    if run.poison is not None or not run.steps:
        return True
    state = run.steps[-1].after.state
    return isinstance(state, TicketState) and not state.is_open


class OnePass:
    """Moves new table sets, all at one position, to the end of the log.

    Until :meth:`run` has returned, the sets' position tells how far the log was read, which a status shows; their rows are
    behind. So a set of an interrupted build is of no use, and the next builder drops it.
    """

    def __init__(
        self, log: EventLog, streams: Streams, followers: Sequence[Follower], catalogue: Catalogue, holder: str,
        *, chunk: int | None = None, most_steps: int = STEPS,
    ) -> None:  # fmt: skip
        self.kept = Kept(most_steps)
        self._log = log
        self._streams = streams
        self._followers = followers
        self._catalogue = catalogue
        self._holder = holder
        self._chunk = CHUNK if chunk is None else chunk
        self._read = max(follower.position for follower in followers)
        self._taking = cache(self._takers)

    async def run(self, *, load: bool) -> None:
        """Fold everything up to the end of the log, into tables that have no indexes yet if ``load`` is set. Raises Fenced.

        While a chunk is written, the next one is read and folded; streams parked by the write are then left out.
        """
        writing: asyncio.Task[None] | None = None
        try:
            more = True
            while more:
                events = await self._log.read_log(self._read, self._chunk)
                more = len(events) == self._chunk
                if events:
                    self._read = events[-1].position
                folded = await self._fold(await self._next(events) if more else await self._last(events))
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._write(folded, self._read, load))
            if writing is not None:
                await writing
        finally:
            if writing is not None:
                writing.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await writing

    async def _next(self, events: Sequence[StoredEvent]) -> Mapping[UUID, Waiting]:
        taken = self.kept.take(await self._keep(events))
        for waiting in taken.values():
            if waiting.run.steps and finished(waiting.run):
                self._streams.forget(waiting.run.steps[-1].after)
        return taken

    async def _last(self, events: Sequence[StoredEvent]) -> Mapping[UUID, Waiting]:
        await self._keep(events)
        return self.kept.take_all()

    async def _keep(self, events: Sequence[StoredEvent]) -> Iterable[UUID]:
        """Apply events and keep their steps; returns the streams."""
        takers: dict[UUID, set[Follower]] = {}
        for event in events:
            own = [follower for follower in self._taking(event.topic) if event.stream_id not in follower.parked]
            if own:
                takers.setdefault(event.stream_id, set()).update(own)
        runs = await self._streams.runs(of_taken_streams(events, lambda event: event.stream_id in takers))
        for stream, run in runs.items():
            self.kept.add(stream, run, takers[stream])
        return runs

    def _takers(self, topic: str) -> tuple[Follower, ...]:
        return tuple(follower for follower in self._followers if topic.startswith(follower.folding.view.takes))

    async def _fold(self, taken: Mapping[UUID, Waiting]) -> dict[Follower, FoldedBatch]:
        parts = []
        for follower in self._followers:
            own = {stream: waiting.run for stream, waiting in taken.items() if follower in waiting.takers}
            parts.append((follower.folding, own))
        folded: dict[Follower, FoldedBatch] = {}
        for follower, outcome in zip(self._followers, await fold_all(parts, self._read), strict=True):
            if isinstance(outcome, Exception):
                raise outcome
            folded[follower] = outcome
        return folded

    async def _write(self, folded: Mapping[Follower, FoldedBatch], upto: int, load: bool) -> None:
        for follower, batch in folded.items():
            batch.leave_out(follower.parked)
        sets = [(follower.name, follower.tables.version) for follower in folded]
        before = self._followers[0].position

        async def work(tx: Transaction) -> None:
            await self._catalogue.moved(tx, sets, self._holder, before, upto)
            for follower, batch in folded.items():
                await (follower.load(tx, batch) if load else follower.save(tx, batch))

        try:
            await self._catalogue.database.write(work, within=WITHIN)
        except DATA_ERRORS:
            for follower, batch in folded.items():
                await follower.write(batch, within=WITHIN)
        else:
            for follower, batch in folded.items():
                follower.moved(batch)
