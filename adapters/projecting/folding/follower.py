"""Moving one set of tables along the log: read a batch, fold it in memory, write rows and position in one transaction.

An event that can't be projected parks its own stream in this set; everything else goes on.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import psycopg

from adapters.projecting.folding.streams import Poison, Run, Streams, told
from adapters.projecting.tables.catalogue import Catalogue
from adapters.projecting.tables.row_tables import Changes, RowTables
from adapters.store.database.database import DEADLINE, Transaction
from domain.kernel.errors import Overloaded
from domain.kernel.ports import EventLog, StoredEvent
from projections.engine.view import Step, View, Words

DATA_ERRORS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    OverflowError,
    UnicodeError,
)
"""What a database raises for a value it does not take, whoever sends it and whenever."""


class Tokens(Protocol):
    """Makes the keyed tokens of texts."""

    async def tokens(self, wanted: Sequence[Words]) -> Sequence[frozenset[bytes]]:
        """The tokens of each text; none where its subject was erased."""
        ...


@dataclass(slots=True)
class Folded:
    """What a batch came to: the rows of each stream, and the streams it parks."""

    upto: int
    streams: dict[UUID, Changes] = field(default_factory=dict)
    poisoned: dict[UUID, Poison] = field(default_factory=dict)

    def merged(self) -> Changes:
        """The rows of all streams."""
        whole = Changes()
        tokens: list[frozenset[bytes]] = []
        for changes in self.streams.values():
            whole.merge(changes)
            tokens.extend(changes.tokens)
        whole.tokens = tokens
        return whole


class Rehearsal(Exception):
    """Rolls a transaction back that was only tried."""


class Folding:
    """The fold of a view: streams in, rows out, poison isolated. Touches no table."""

    def __init__(self, view: View, streams: Streams, tokens: Tokens) -> None:
        self.view = view
        self.streams = streams
        self._tokens = tokens

    def takes(self, event: StoredEvent) -> bool:
        """Whether the view looks at this event."""
        return event.topic.startswith(self.view.takes)

    async def fold(self, events: Sequence[StoredEvent], upto: int) -> Folded:
        """The rows that these events make."""
        return await self.fold_runs(await self.streams.runs(events), upto)

    async def fold_runs(self, runs: Mapping[UUID, Run], upto: int) -> Folded:
        """The rows that these steps make."""
        folded = Folded(upto)
        for stream, run in runs.items():
            self._fold(folded, stream, run)
        await self._index(folded, runs)
        return folded

    def _fold(self, folded: Folded, stream: UUID, run: Run) -> None:
        if run.poison is not None:
            folded.poisoned[stream] = run.poison
        changes = Changes()
        try:
            if run.steps:
                changes.add(self.view.fold(run.steps))
        except Exception:
            changes, folded.poisoned[stream] = self._longest(run.steps)
        folded.streams[stream] = changes

    def _longest(self, steps: Sequence[Step]) -> tuple[Changes, Poison]:
        """What can be folded of a stream, and the event at which it ends."""
        good = Changes()
        for count, step in enumerate(steps, start=1):
            tried = Changes()
            try:
                tried.add(self.view.fold(steps[:count]))
            except Exception as error:
                return good, Poison(step.after.position, told(error))
            good = tried
        raise RuntimeError(f"the fold of {self.view.name} fails now and then")

    async def _index(self, folded: Folded, runs: Mapping[UUID, Run]) -> None:
        """Tokens of all texts at once; where one does not open, stream by stream."""
        wanted = [words for changes in folded.streams.values() for words in changes.words.values()]
        try:
            found = iter(await self._tokens.tokens(wanted))
        except Overloaded:
            raise
        except Exception:
            for stream, run in runs.items():
                await self._index_one(folded, stream, run)
        else:
            for changes in folded.streams.values():
                changes.tokens = [next(found) for _ in changes.words]

    async def _index_one(self, folded: Folded, stream: UUID, run: Run) -> None:
        steps = run.steps
        while True:
            changes = folded.streams[stream]
            made: list[frozenset[bytes]] = []
            for words in list(changes.words.values()):
                try:
                    made.extend(await self._tokens.tokens([words]))
                except Overloaded:
                    raise
                except Exception as error:
                    steps = [step for step in steps if step.after.position < words.position]
                    self._fold(folded, stream, Run(steps, Poison(words.position, told(error))))
                    break
            else:
                changes.tokens = made
                return


class Follower:
    """One set of tables, as its holder knows it: where it stands, and what is parked."""

    def __init__(self, folding: Folding, tables: RowTables, catalogue: Catalogue, log: EventLog, holder: str) -> None:
        self.folding = folding
        self.tables = tables
        self.position = 0
        self.parked: set[UUID] = set()
        self._catalogue = catalogue
        self._log = log
        self._holder = holder

    @property
    def name(self) -> str:
        """The projection's name."""
        return self.tables.view.name

    async def take(self) -> None:
        """Become the set's only writer and read where it stands. Raises Fenced where the set is gone."""
        self.position, parked = await self._catalogue.take(self.name, self.tables.version, self._holder)
        self.parked = {one.stream for one in parked}

    async def advance(self, most: int, *, within: float = DEADLINE) -> bool:
        """One batch of at most ``most`` events; False where there was nothing to do. Raises Fenced."""
        folded = await self.fold_next(self.position, most)
        if folded is None:
            return False
        await self.write(folded, within=within)
        return True

    async def fold_next(self, after: int, most: int) -> Folded | None:
        """Read and fold the batch after a position; None at the end of the log."""
        events = await self._log.read_log(after, most)
        if not events:
            return None
        taken = [e for e in events if self.folding.takes(e) and e.stream_id not in self.parked]
        return await self.folding.fold(taken, events[-1].position)

    async def write(self, folded: Folded, *, within: float = DEADLINE) -> None:
        """Rows, parked streams and the position in one transaction, through the fence."""
        try:
            await self._write(folded, within)
        except DATA_ERRORS:
            await self._without_culprits(folded, within)
            await self._write(folded, within)
        self.position = folded.upto
        self.parked.update(folded.poisoned)

    async def _write(self, folded: Folded, within: float) -> None:
        changes, old = folded.merged(), self.position

        async def work(tx: Transaction) -> None:
            await self._catalogue.moved(tx, self.name, self.tables.version, self._holder, old, folded.upto)
            await self.tables.write(tx, changes)
            for stream, poison in folded.poisoned.items():
                await self._catalogue.park(tx, self.name, self.tables.version, stream, poison.position, poison.error)

        await self._catalogue.database.write(work, within=within)

    async def _without_culprits(self, folded: Folded, within: float) -> None:
        """Find the streams whose rows the database refuses, by halves, and park each before its first event of the batch."""
        for stream, error in await self._refused(list(folded.streams), folded, within):
            first = await self._first_after(stream)
            folded.streams[stream] = Changes()
            folded.poisoned[stream] = Poison(first, told(error))

    async def _first_after(self, stream: UUID) -> int:
        known = await self._log.read_stream(stream, upto_position=self.position)
        [first, *_] = await self._log.read_stream(stream, after_version=len(known), upto_version=len(known) + 1)
        return first.position

    async def _refused(self, streams: Sequence[UUID], folded: Folded, within: float) -> list[tuple[UUID, Exception]]:
        error = await self._rehearse({stream: folded.streams[stream] for stream in streams}, within)
        if error is None:
            return []
        if len(streams) == 1:
            return [(streams[0], error)]
        half = len(streams) // 2
        return [
            *await self._refused(streams[:half], folded, within),
            *await self._refused(streams[half:], folded, within),
        ]

    async def _rehearse(self, streams: Mapping[UUID, Changes], within: float) -> Exception | None:
        changes = Folded(0, dict(streams)).merged()

        async def work(tx: Transaction) -> None:
            await self.tables.write(tx, changes)
            raise Rehearsal

        try:
            await self._catalogue.database.write(work, within=within)
        except Rehearsal:
            return None
        except DATA_ERRORS as error:
            return error
        return None

    async def catch_up(self, most: int, *, within: float = DEADLINE) -> None:
        """Go to the end of the log at full speed: the next batch is read and folded while one is written. Raises Fenced."""
        folded = await self.fold_next(self.position, most)
        while folded is not None:
            self.parked.update(folded.poisoned)
            known = len(self.parked)
            _, following = await asyncio.gather(self.write(folded, within=within), self.fold_next(folded.upto, most))
            refused = len(self.parked) != known
            folded = await self.fold_next(self.position, most) if refused else following

    async def retry(self, stream: UUID) -> bool:
        """Replay a parked stream up to where the set stands; True where it is parked no longer.

        The set is taken, so whoever holds it is fenced and learns of it; the stream's rows are made anew in one transaction.
        Raises Fenced where somebody takes the set meanwhile.
        """
        await self.take()
        run = (await self.folding.streams.whole([stream], self.position))[stream]
        folded = await self.folding.fold_runs({stream: run}, self.position)
        changes = folded.merged()

        async def work(tx: Transaction) -> None:
            await self._catalogue.moved(tx, self.name, self.tables.version, self._holder, folded.upto, folded.upto)
            await self.tables.clear(tx, stream)
            await self.tables.write(tx, changes)
            await self._catalogue.unpark(tx, self.name, self.tables.version, stream)
            for parked, poison in folded.poisoned.items():
                await self._catalogue.park(tx, self.name, self.tables.version, parked, poison.position, poison.error)

        await self._catalogue.database.write(work)
        return stream not in folded.poisoned
