"""Move a table set along the log: read a batch, fold it in memory, write rows and position in one transaction.

An event that can't be projected (a poison event) parks its stream in this set; all other streams move on. One bad event must
not stop a whole read model.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import psycopg

from adapters.projecting.folding.streams import SLICE, Poison, Run, Streams, failure_text, of_taken_streams
from adapters.projecting.tables.catalogue import Catalogue
from adapters.projecting.tables.row_tables import Changes, Merged, RowTables
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
"""Errors by which a database refuses a value; a retry would fail too, so the stream is parked."""


MANY = 50
"""New streams in a batch from which on their rows are loaded by statements of their own, which is faster for many rows."""

WITHIN = 600.0
"""Seconds that a transaction of a build may take, such as indexing a large table."""


class Tokenizer(Protocol):
    """Makes blind tokens of texts."""

    async def tokens(self, wanted: Sequence[Words]) -> Sequence[frozenset[bytes]]:
        """The tokens of each text; no tokens where its subject was erased."""
        ...


Runs = Sequence[tuple[UUID, Run]]
"""Streams with their steps in a batch."""


@dataclass(slots=True)
class FoldedBatch:
    """Result of folding a batch up to position ``upto``: the changes of each stream, and the streams to park."""

    upto: int
    streams: dict[UUID, Changes] = field(default_factory=dict)
    poisoned: dict[UUID, Poison] = field(default_factory=dict)

    @property
    def words(self) -> list[Words]:
        """The texts whose tokens are wanted, in the order of the streams."""
        return [words for changes in self.streams.values() for words in changes.words.values()]

    def take_tokens(self, found: Iterator[frozenset[bytes]]) -> None:
        """Take the tokens of :attr:`words`, in their order."""
        for changes in self.streams.values():
            if changes.words:
                changes.tokens = [next(found) for _ in changes.words]

    def merged(self) -> Merged:
        """The changes of all streams together."""
        return Merged(self.streams.values())

    def parted(self, least: int) -> tuple[Merged, Merged]:
        """The changes of the streams that began in this batch where they are ``least`` at least, and those of the others."""
        streams = self.streams.values()
        begun = [one for one in streams if one.begun]
        if len(begun) < least:
            return Merged(()), self.merged()
        return Merged(begun), Merged(one for one in streams if not one.begun)

    def leave_out(self, streams: Collection[UUID]) -> None:
        """Take streams out that were parked after the batch was folded."""
        for stream in self.streams.keys() & streams:
            del self.streams[stream]
            self.poisoned.pop(stream, None)


class Rehearsal(Exception):
    """Raised to roll back a transaction that was only a trial."""


class Folding:
    """Applies a view's fold to events and isolates poison events. Touches no table."""

    def __init__(self, view: View, streams: Streams, tokens: Tokenizer) -> None:
        self.view = view
        self.streams = streams
        self.tokens = tokens

    def takes(self, event: StoredEvent) -> bool:
        """Whether the view takes this event (by its topic)."""
        return event.topic.startswith(self.view.takes)

    async def fold(self, events: Sequence[StoredEvent], upto: int) -> FoldedBatch:
        """Fold events of a batch that ends at position ``upto``."""
        return await self.fold_runs([*(await self.streams.runs(events)).items()], upto)

    async def fold_runs(self, runs: Runs, upto: int) -> FoldedBatch:
        """Fold runs of streams that are applied already."""
        folded = await self.without_tokens(runs, upto)
        await self.index(folded, runs)
        return folded

    async def without_tokens(self, runs: Runs, upto: int) -> FoldedBatch:
        """Fold runs; :meth:`index` makes the tokens."""
        folded = FoldedBatch(upto)
        for i, (stream, run) in enumerate(runs):
            if i % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            self._fold(folded, stream, run)
        return folded

    def _fold(self, folded: FoldedBatch, stream: UUID, run: Run) -> None:
        if run.poison is not None:
            folded.poisoned[stream] = run.poison
        changes = Changes()
        if run.steps:
            try:
                changes.add(self.view.fold(run.steps))
            except Exception:
                changes, folded.poisoned[stream] = self._longest(run.steps)
            before, after = run.steps[0]
            changes.first, changes.begun = after.position, before is None
        folded.streams[stream] = changes

    def _longest(self, steps: Sequence[Step]) -> tuple[Changes, Poison]:
        """The changes of the longest prefix of a stream that can be folded, and the poison event after it."""
        good = Changes()
        for count, step in enumerate(steps, start=1):
            tried = Changes()
            try:
                tried.add(self.view.fold(steps[:count]))
            except Exception as error:
                return good, Poison(step.after.position, failure_text(error))
            good = tried
        raise RuntimeError(f"the fold of {self.view.name} is not deterministic: it failed once and then succeeded")

    async def index(self, folded: FoldedBatch, runs: Runs) -> None:
        """Make the tokens of all texts at once; where a text does not open, stream by stream to find it."""
        try:
            found = iter(await self.tokens.tokens(folded.words))
        except Overloaded:
            raise
        except Exception:
            for stream, run in runs:
                await self._index_one(folded, stream, run)
        else:
            folded.take_tokens(found)

    async def _index_one(self, folded: FoldedBatch, stream: UUID, run: Run) -> None:
        steps = run.steps
        while True:
            changes = folded.streams[stream]
            made: list[frozenset[bytes]] = []
            for words in list(changes.words.values()):
                try:
                    made.extend(await self.tokens.tokens([words]))
                except Overloaded:
                    raise
                except Exception as error:
                    steps = [step for step in steps if step.after.position < words.position]
                    self._fold(folded, stream, Run(steps, Poison(words.position, failure_text(error))))
                    break
            else:
                changes.tokens = made
                return


async def fold_all(parts: Sequence[tuple[Folding, Runs]], upto: int) -> list[FoldedBatch | Exception]:
    """Fold runs for several views that share a tokenizer; the outcome of a view that fails as a whole is its exception.

    The tokens of all views are made in one call, since each call asks the key store; where that fails, view by view.
    """
    outcomes: list[FoldedBatch | Exception] = []
    for folding, runs in parts:
        await asyncio.sleep(0)
        try:
            outcomes.append(await folding.without_tokens(runs, upto))
        except Exception as error:
            outcomes.append(error)
    folded = [(place, one) for place, one in enumerate(outcomes) if isinstance(one, FoldedBatch) and one.words]
    if not folded:
        return outcomes
    try:
        found = iter(await parts[0][0].tokens.tokens([words for _, one in folded for words in one.words]))
    except Exception:
        for place, one in folded:
            folding, runs = parts[place]
            try:
                await folding.index(one, runs)
            except Exception as error:
                outcomes[place] = error
    else:
        for _, one in folded:
            one.take_tokens(found)
    return outcomes


class Follower:
    """A table set as its holder knows it: its position and its parked streams."""

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
        """Become the set's only writer and read its position. Raises Fenced where the set is gone."""
        self.position, parked = await self._catalogue.take(self.name, self.tables.version, self._holder)
        self.parked = {one.stream for one in parked}

    def takes(self, event: StoredEvent) -> bool:
        """Whether the set applies an event: the view takes it, and its stream is not parked."""
        return self.folding.takes(event) and not (self.parked and event.stream_id in self.parked)  # most often there is none

    async def advance(self, most: int, *, within: float = DEADLINE) -> bool:
        """Apply a batch of at most ``most`` events; False at the end of the log. Raises Fenced."""
        folded = await self.fold_next(self.position, most)
        if folded is None:
            return False
        await self.write(folded, within=within)
        return True

    async def fold_next(self, after: int, most: int) -> FoldedBatch | None:
        """Read and fold the batch after a position; None at the end of the log."""
        events = await self._log.read_log(after, most)
        if not events:
            return None
        return await self.folding.fold(of_taken_streams(events, self.takes), events[-1].position)

    async def write(self, folded: FoldedBatch, *, within: float = DEADLINE) -> None:
        """Write rows, parked streams and the position in one transaction, behind the fencing check. Raises Fenced."""
        try:
            await self._write(folded, within)
        except DATA_ERRORS:
            await self._without_culprits(folded, within)
            await self._write(folded, within)
        self.moved(folded)

    def moved(self, folded: FoldedBatch) -> None:
        """Note that a batch was written."""
        self.position = folded.upto
        self.parked.update(folded.poisoned)

    async def prepare(self, work: Callable[[Transaction], Coroutine[Any, Any, None]]) -> None:
        """Change the set's tables, such as to index them, in a transaction behind the fencing check. Raises Fenced."""

        async def fenced(tx: Transaction) -> None:
            await self._catalogue.moved(tx, [(self.name, self.tables.version)], self._holder, self.position, self.position)
            await work(tx)

        await self._catalogue.database.write(fenced, within=WITHIN)

    async def save(self, tx: Transaction, folded: FoldedBatch) -> None:
        """Write the rows and the parked streams of a batch; no statement where it has none."""
        if folded.streams:
            await self.tables.write(tx, *folded.parted(MANY))
        await self._park(tx, folded)

    async def load(self, tx: Transaction, folded: FoldedBatch) -> None:
        """Write a batch in a build (:meth:`RowTables.load`)."""
        if folded.streams:
            await self.tables.load(tx, *folded.parted(0))
        await self._park(tx, folded)

    async def _park(self, tx: Transaction, folded: FoldedBatch) -> None:
        for stream, poison in folded.poisoned.items():
            await self._catalogue.park(tx, self.name, self.tables.version, stream, poison.position, poison.error)

    async def _write(self, folded: FoldedBatch, within: float) -> None:
        old, this = self.position, [(self.name, self.tables.version)]

        async def work(tx: Transaction) -> None:
            await self._catalogue.moved(tx, this, self._holder, old, folded.upto)
            await self.save(tx, folded)

        await self._catalogue.database.write(work, within=within)

    async def _without_culprits(self, folded: FoldedBatch, within: float) -> None:
        """Park each stream whose rows the database refuses, at its first event of the batch.

        The streams are found by bisection: a trial write that is rolled back, then of each half.
        """
        for stream, error in await self._refused(list(folded.streams), folded, within):
            folded.poisoned[stream] = Poison(folded.streams[stream].first, failure_text(error))
            folded.streams[stream] = Changes()

    async def _refused(self, streams: Sequence[UUID], folded: FoldedBatch, within: float) -> list[tuple[UUID, Exception]]:
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
        changes = Merged(streams.values())

        async def work(tx: Transaction) -> None:
            await self.tables.write(tx, Merged(()), changes)
            raise Rehearsal

        try:
            await self._catalogue.database.write(work, within=within)
        except Rehearsal:
            return None
        except DATA_ERRORS as error:
            return error
        return None

    async def catch_up(self, most: int, *, within: float = DEADLINE) -> None:
        """Move to the end of the log, folding the next batch while one is written. Raises Fenced.

        A batch folded ahead is discarded where the write before it parked a stream: it may hold events of that stream.
        """
        folded = await self.fold_next(self.position, most)
        while folded is not None:
            self.parked.update(folded.poisoned)
            known = len(self.parked)
            _, following = await asyncio.gather(self.write(folded, within=within), self.fold_next(folded.upto, most))
            refused = len(self.parked) != known
            folded = await self.fold_next(self.position, most) if refused else following

    async def retry(self, stream: UUID) -> bool:
        """Replay a parked stream up to the set's position; True where it is no longer parked.

        Takes the set, which fences its runner: the runner then reads the parked streams again. The stream's rows are replaced
        in one transaction. Raises Fenced where another runner takes the set first.
        """
        await self.take()
        run = (await self.folding.streams.whole([stream], self.position))[stream]
        folded = await self.folding.fold_runs([(stream, run)], self.position)
        changes = folded.merged()

        async def work(tx: Transaction) -> None:
            this = [(self.name, self.tables.version)]
            await self._catalogue.moved(tx, this, self._holder, folded.upto, folded.upto)
            await self.tables.clear(tx, stream)
            await self.tables.write(tx, Merged(()), changes)
            await self._catalogue.unpark(tx, self.name, self.tables.version, stream)
            for parked, poison in folded.poisoned.items():
                await self._catalogue.park(tx, self.name, self.tables.version, parked, poison.position, poison.error)

        await self._catalogue.database.write(work)
        return stream not in folded.poisoned


def runs_of(followers: Sequence[Follower], runs: Mapping[UUID, Run]) -> dict[Follower, list[tuple[UUID, Run]]]:
    """The runs that each of several table sets takes: those with an event it takes, of streams that are not parked there."""
    takers: dict[str, tuple[Follower, ...]] = {}
    found: dict[Follower, list[tuple[UUID, Run]]] = {follower: [] for follower in followers}
    for stream, run in runs.items():
        own: set[Follower] = set()
        for topic in run.topics:
            if topic not in takers:
                takers[topic] = tuple(one for one in followers if topic.startswith(one.folding.view.takes))
            own.update(takers[topic])
        for follower in own:
            if not (follower.parked and stream in follower.parked):
                found[follower].append((stream, run))
    return found
