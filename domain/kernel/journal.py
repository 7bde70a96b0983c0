"""The journal: seals, encodes and appends decided events; loads streams and folds them, with a bounded memory of states.

A command decides on memory first (:class:`Recall`). Its append carries the versions that it decided on, and the log compares them
under its lock; what was decided on an old version is decided again on states that were read.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, S, apply, fold
from domain.kernel.errors import KeyReused, Overloaded, Refusal, StaleVersion
from domain.kernel.ports import (
    Append,
    Appended,
    Codec,
    CommandKey,
    CommandRecord,
    Condition,
    ConditionFailed,
    DuplicateCommand,
    EventLog,
    NewEvent,
    PlainField,
    RegistryAt,
    Sealer,
    StoredEvent,
    StreamAt,
    VersionConflict,
)
from domain.kernel.privacy import Personal
from domain.kernel.sealing import seal_fields, with_sealed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Belonging:
    """The community that events belong to, and its time zone, which fixes the day of numbers."""

    community: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Written:
    """Appended events: the sealed events, and their places in the log."""

    events: Sequence[Folded.Event]
    appended: Appended


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """An event of a stream, with its place in the log and the states before (None: the first) and after it."""

    stored: StoredEvent
    event: Folded.Event[S]
    before: S | None
    after: S


class Number(NamedTuple):
    """A number that a stream took: its place in the log, its book, and the number."""

    position: int
    book: str
    number: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """A stream in memory: its state (None: it has no event), the numbers it took, and about how many bytes this takes."""

    state: FoldedState | None = None
    numbers: tuple[Number, ...] = ()
    size: int = 4096

    @property
    def version(self) -> int:
        """The version of the state; 0 without events."""
        return self.state.version if self.state is not None else 0


ABSENT = Remembered()
MEMORY = 64 * 2**20
"""Bytes of states that a journal remembers at most, by the size of their events."""
NUMBERS = 20_000
"""Numbers that a journal remembers at most, with their streams."""


class Journal:
    """Loads and writes aggregates. It remembers the states used last, and reads only the events after them.

    ``remembered``: how many streams at most; ``memory``: of how many bytes at most.
    """

    def __init__(self, log: EventLog, codec: Codec, sealer: Sealer, remembered: int = 20_000, memory: int = MEMORY) -> None:
        self.log = log
        self.codec = codec
        self.sealer = sealer
        self._streams: OrderedDict[UUID, Remembered] = OrderedDict()
        self._remembered = remembered
        self._memory = memory
        self._size = 0
        self._numbered: OrderedDict[str, UUID] = OrderedDict()

    async def load(self, stream: UUID, of: type[S]) -> S | None:
        """The newest state of a stream; None if it has no event or belongs to another aggregate.

        ``of`` is the state's class; FoldedState accepts any.
        """
        known = self._streams.get(stream, ABSENT)
        known = self._advanced(stream, known, await self.log.read_stream(stream, after_version=known.version))
        return known.state if isinstance(known.state, of) else None

    async def load_all(self, streams: Iterable[UUID], of: type[S]) -> dict[UUID, S]:
        """The newest states of several streams by id, in one read; left out where :meth:`load` gives None."""
        known = {stream: self._streams.get(stream, ABSENT) for stream in streams}
        stored = await self.log.read_streams({stream: one.version for stream, one in known.items()})
        found: dict[UUID, S] = {}
        for stream, before in known.items():
            state = self._advanced(stream, before, stored[stream]).state
            if isinstance(state, of):
                found[stream] = state
        return found

    def remembered(self, stream: UUID) -> Remembered | None:
        """A stream as this process knew it last, read from memory alone; None if it is not remembered."""
        return self._streams.get(stream)

    def numbers(self, stream: UUID, version: int) -> Sequence[Number] | None:
        """The numbers that a stream took, in log order, up to this version and perhaps later; None if that is not remembered."""
        known = self._streams.get(stream)
        return known.numbers if known is not None and known.version >= version else None

    async def stream_of_number(self, number: str) -> UUID | None:
        """The stream that took this number (void numbers included). A number stays with its stream for ever."""
        stream = self._numbered.get(number) or await self.log.stream_of_number(number)
        if stream is not None:
            self._remember_number(number, stream)
        return stream

    async def existing(self, stream: UUID, of: type[S]) -> S:
        """The newest state of a stream that must exist. Raises LookupError."""
        return _found(stream, of, await self.load(stream, of))

    def newest(self, stored: Sequence[StoredEvent], of: type[S]) -> S | None:
        """The newest state of a stream that was read whole; decodes only the events after the cached state.

        None if it has no event or belongs to another aggregate.
        """
        if not stored:
            return None
        stream, version = stored[0].stream_id, stored[-1].version
        known = self._streams.get(stream, ABSENT)
        if known.version <= version:
            state = self._advanced(stream, known, stored[known.version :]).state
        else:
            # Another request has remembered a later state, and a state cannot be rolled back: fold from the beginning.
            state = fold(self.codec.decode(one) for one in stored)
        return state if isinstance(state, of) else None

    def steps(self, stored: Sequence[StoredEvent], of: type[S]) -> list[Step[S]]:
        """The events of a stream that was read whole, with the state before and after each."""
        found: list[Step[S]] = []
        state: S | None = None
        for one in stored:
            event: Folded.Event[S] = self.codec.decode(one)
            before, state = state, apply(state, event)
            found.append(Step(one, event, before, state))
        return found

    async def load_at(self, stream: UUID, version: int, of: type[S]) -> S:
        """The state of a stream at a version. Raises LookupError."""
        stored = await self.log.read_stream(stream, upto_version=version)
        return _found(stream, of, fold(self.codec.decode(s) for s in stored) if stored else None)

    async def stale(self, stream: UUID, expected: int, actual: int) -> StaleVersion:
        """The refusal that lists the events after the version that the caller saw."""
        stored = await self.log.read_stream(stream, after_version=min(expected, actual))
        decoded = [(s, self.codec.decode(s)) for s in stored]
        return StaleVersion(expected, actual, [(s.version, s.topic, event.meta.actor, event.timestamp) for s, event in decoded])

    async def earlier(self, key: CommandKey) -> CommandRecord | None:
        """The record of an earlier request with this key: as authentication found it, where it looked; else as it is now."""
        return key.earlier if key.looked else await self.log.find_command(key.caller, key.key)

    async def once(
        self,
        key: CommandKey | None,
        carry_out: Callable[[], Awaitable[T]],
        answer: Callable[[CommandRecord], Awaitable[T]],
    ) -> T:
        """Carry a command out once per idempotency key; a repeat gets the first answer again. Raises KeyReused.

        A repeat that runs beside the first request, in another process, can miss the record and then be refused because of what
        the first one wrote: by the state it left, or by a name it took. So a refusal is final only after a second look for the
        record.
        """
        if key is None:
            return await carry_out()
        record = await self.earlier(key)
        if record is None:
            try:
                return await carry_out()
            except DuplicateCommand as duplicate:
                record = duplicate.record
            except Overloaded:
                raise
            except Refusal:
                record = await self.log.find_command(key.caller, key.key)
                if record is None:
                    raise
        if record.body_hash != key.body_hash:
            raise KeyReused(key.key)
        return await answer(record)

    async def write(
        self,
        events: Sequence[Folded.Event],
        belonging: Belonging,
        *,
        command: CommandKey | None = None,
        conditions: Sequence[Condition] = (),
        answers_with: UUID | None = None,
        bumps_registry: bool = False,
        as_of: int | None = None,
    ) -> Written:
        """Seal, encode and append events in one commit. Raises what :meth:`EventLog.append` raises.

        ``as_of`` is the registry's version that the request has read (see :class:`~domain.kernel.ports.Sealer`).
        """
        sealed = await self._sealed(events, as_of)
        new = []
        for event in sealed:
            new.append(
                NewEvent(
                    event.originator_id,
                    event.originator_version,
                    event.TOPIC,
                    belonging.community,
                    self.codec.encode(event),
                    event.book,
                    belonging.timezone,
                    event.changes_open_list,
                )
            )
        bumps = bumps_registry or any(event.changes_registry for event in sealed)
        appended = await self.log.append(Append(new, command, conditions, answers_with, bumps))
        # Remember the new states, but only on top of the version just before: a stream that is not remembered, or that another
        # request has remembered further, would get a state that lacks events.
        for event, stored in zip(sealed, appended.events, strict=True):
            known = self._streams.get(event.originator_id, ABSENT)
            if known.version == event.originator_version - 1:
                self._remember(event.originator_id, known, apply(known.state, event), (stored,))
        return Written(sealed, appended)

    async def _sealed(self, events: Sequence[Folded.Event], as_of: int | None) -> list[Folded.Event]:
        fields = [(event, name, text) for event in events for name, text in seal_fields(event)]
        subjects = dict.fromkeys(text.subject for _, _, text in fields if isinstance(text, Personal))
        if subjects:
            await self.sealer.ensure_subjects(list(subjects), as_of=as_of)
        items = [(PlainField(e.originator_id, e.originator_version, name), text) for e, name, text in fields]
        sealed = await self.sealer.seal(items)
        by_event: dict[int, dict[str, Any]] = {}
        for (event, name, _), text in zip(fields, sealed, strict=True):
            by_event.setdefault(id(event), {})[name] = text
        return [with_sealed(event, by_event[id(event)]) if id(event) in by_event else event for event in events]

    def _advanced(self, stream: UUID, known: Remembered, stored: Sequence[StoredEvent]) -> Remembered:
        """What is known of a stream after the events that follow it; remembered from now on."""
        state = fold((self.codec.decode(one) for one in stored), known.state) if stored else known.state
        return self._remember(stream, known, state, stored)

    def _remember(self, stream: UUID, known: Remembered, state: FoldedState | None, stored: Sequence[StoredEvent]) -> Remembered:
        """Remember a state and the numbers its events took; forget what was not used for longest beyond the bounds."""
        if stored:
            taken = tuple(Number(one.position, one.book, one.number) for one in stored if one.book and one.number)
            known = Remembered(state, known.numbers + taken, known.size + sum(len(one.state) for one in stored))
            for one in taken:
                self._remember_number(one.number, stream)
        before = self._streams.pop(stream, None)
        self._size += known.size - (before.size if before is not None else 0)
        self._streams[stream] = known
        while self._streams and (len(self._streams) > self._remembered or self._size > self._memory):
            self._size -= self._streams.popitem(last=False)[1].size
        return known

    def _remember_number(self, number: str, stream: UUID) -> None:
        self._numbered[number] = stream
        self._numbered.move_to_end(number)
        while len(self._numbered) > NUMBERS:
            self._numbered.popitem(last=False)


class Recall:
    """Loads the states of one attempt at a command, from memory unless ``fresh``, and collects the conditions of its append."""

    def __init__(self, journal: Journal, *, fresh: bool) -> None:
        self.fresh = fresh
        self.recalled = False
        self.conditions: list[Condition] = []
        self._journal = journal

    async def load(self, stream: UUID, of: type[S]) -> S | None:
        """The state of a stream that the command will write; its append expects the version anyway."""
        known = None if self.fresh else self._journal.remembered(stream)
        if known is None:
            return await self._journal.load(stream, of)
        self.recalled = True
        return known.state if isinstance(known.state, of) else None

    async def consult(self, stream: UUID, of: type[S]) -> S | None:
        """The state of a stream that the command only reads; its append fails if the stream changes meanwhile."""
        state = await self.load(stream, of)
        self.conditions.append(StreamAt(stream, state.version if state is not None else 0))
        return state

    def rely_on_registry(self, version: int) -> None:
        """Make the append fail if communities, people, roles or erasures changed after this version."""
        self.conditions.append(RegistryAt(version))


def _found(stream: UUID, of: type[S], state: object) -> S:
    if not isinstance(state, of):
        raise LookupError(f"{stream} has no {of.__name__}")
    return state


TRIES = 100
"""Number of attempts at a command before it is refused as Overloaded."""


class LostRace(Exception):
    """An attempt lost a race that no stream's version shows, such as a failed condition of its append; try again."""


async def decide_again(attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat an attempt (read the newest state, decide, write) until it loses no race (VersionConflict, LostRace).

    Writing is optimistic: nobody holds a lock while deciding, the log refuses what was decided on an old version, and a decision
    on an old version must not be written, so the whole attempt is repeated and not the append alone. Each loss is another
    writer's success: writers together always advance, and losing a hundred races in a row means that the stream is written
    faster than it can be decided on. The tries are bounded so that the caller then hears of it: raises Overloaded.
    """
    for _ in range(TRIES):
        try:
            return await attempt()
        except (VersionConflict, LostRace):
            continue
        except ConditionFailed as failed:
            if not isinstance(failed.condition, RegistryAt):
                raise
    raise Overloaded("others changed it first each time; read it again and repeat the command")


async def decide_on_memory(journal: Journal, attempt: Callable[[Recall], Awaitable[T]]) -> T:
    """Try a command on the states in memory, and only if that fails on states that are read.

    A success needs no reading: its append compared every version that it was decided on. A refusal may be due to an old state,
    so it is final only on states that were read.
    """
    recall = Recall(journal, fresh=False)
    try:
        return await attempt(recall)
    except Overloaded:
        raise
    except (VersionConflict, LostRace):
        pass
    except ConditionFailed as failed:
        if not isinstance(failed.condition, RegistryAt):
            raise
    except Refusal:
        if not recall.recalled:
            raise
    return await decide_again(lambda: attempt(Recall(journal, fresh=True)))
