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
from functools import partial
from uuid import UUID

from adapters.projecting.folding.checking import Sample
from adapters.projecting.folding.follower import DATA_ERRORS, WITHIN, FoldedBatch, Follower, fold_all, runs_of
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


class Kept:
    """Steps that are not folded yet, by stream; first the stream that was untouched for the longest time."""

    def __init__(self, most: int) -> None:
        self.steps = 0
        self._most = most
        self._streams: OrderedDict[UUID, Run] = OrderedDict()

    def add(self, stream: UUID, run: Run) -> None:
        """Append a stream's next steps."""
        known = self._streams.setdefault(stream, run)
        if known is not run:
            known.steps.extend(run.steps)
            known.poison = run.poison
            known.topics |= run.topics
            self._streams.move_to_end(stream)
        self.steps += len(run.steps)

    def take(self, touched: Iterable[UUID]) -> dict[UUID, Run]:
        """Remove what is to be folded now: finished streams among those touched, and the oldest beyond the bound."""
        found = {stream: self._pop(stream) for stream in touched if finished(self._streams[stream])}
        while self.steps > self._most:
            stream = next(iter(self._streams))
            found[stream] = self._pop(stream)
        return found

    def take_all(self) -> dict[UUID, Run]:
        """Remove everything."""
        return {stream: self._pop(stream) for stream in list(self._streams)}

    def _pop(self, stream: UUID) -> Run:
        run = self._streams.pop(stream)
        self.steps -= len(run.steps)
        return run


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
        samples: Mapping[Follower, Sample] | None = None, *, chunk: int | None = None, most_steps: int = STEPS,
    ) -> None:  # fmt: skip
        self.kept = Kept(most_steps)
        self._log = log
        self._streams = streams
        self._followers = followers
        self._catalogue = catalogue
        self._holder = holder
        self._samples = samples or {}
        self._chunk = CHUNK if chunk is None else chunk
        self._read = max(follower.position for follower in followers)

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

    async def _next(self, events: Sequence[StoredEvent]) -> Mapping[UUID, Run]:
        taken = self.kept.take(await self._keep(events))
        for run in taken.values():
            if run.steps and finished(run):
                self._streams.forget(run.steps[-1].after)
        return taken

    async def _last(self, events: Sequence[StoredEvent]) -> Mapping[UUID, Run]:
        await self._keep(events)
        return self.kept.take_all()

    async def _keep(self, events: Sequence[StoredEvent]) -> Iterable[UUID]:
        """Apply events and keep their steps; returns the streams."""
        taken = of_taken_streams(events, lambda event: any(follower.takes(event) for follower in self._followers))
        runs = await self._streams.runs(taken)
        for stream, run in runs.items():
            self.kept.add(stream, run)
        return runs

    async def _fold(self, taken: Mapping[UUID, Run]) -> dict[Follower, FoldedBatch]:
        own = runs_of(self._followers, taken)
        for follower, sample in self._samples.items():
            sample.add(stream for stream, _ in own[follower])
        parts = [(follower.folding, own[follower]) for follower in self._followers]
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
                await follower.prepare(partial(follower.tables.key, tables=follower.tables.view.tables))
                await follower.write(batch, within=WITHIN)
        else:
            for follower, batch in folded.items():
                follower.moved(batch)
