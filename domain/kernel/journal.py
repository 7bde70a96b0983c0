"""The journal: seals, encodes and appends decided events; loads streams and folds them, with a small cache of states."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
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
    DuplicateCommand,
    EventLog,
    NewEvent,
    PlainField,
    Sealer,
    StoredEvent,
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


class Journal:
    """Loads and writes aggregates. It caches the latest states and reads only the events after them."""

    def __init__(self, log: EventLog, codec: Codec, sealer: Sealer, remembered: int = 5000) -> None:
        self.log = log
        self.codec = codec
        self.sealer = sealer
        self._states: OrderedDict[UUID, FoldedState] = OrderedDict()
        self._remembered = remembered

    async def load(self, stream: UUID, of: type[S]) -> S | None:
        """The newest state of a stream; None if it has no event or belongs to another aggregate.

        ``of`` is the state's class; FoldedState accepts any.
        """
        known = self._states.get(stream)
        stored = await self.log.read_stream(stream, after_version=known.version if known else 0)
        if stored:
            known = fold((self.codec.decode(s) for s in stored), known)
        if known is not None:
            self._remember(stream, known)
        return known if isinstance(known, of) else None

    async def load_all(self, streams: Iterable[UUID], of: type[S]) -> dict[UUID, S]:
        """The newest states of several streams by id, in one read; left out where :meth:`load` gives None."""
        known = {stream: self._states.get(stream) for stream in streams}
        stored = await self.log.read_streams({stream: state.version if state else 0 for stream, state in known.items()})
        found: dict[UUID, S] = {}
        for stream, before in known.items():
            state = fold((self.codec.decode(one) for one in stored[stream]), before) if stored[stream] else before
            if state is not None:
                self._remember(stream, state)
            if isinstance(state, of):
                found[stream] = state
        return found

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
        known = self._states.get(stream)
        if known is None or known.version < version:
            unseen = stored[known.version if known is not None else 0 :]
            known = fold((self.codec.decode(one) for one in unseen), known)
            self._remember(stream, known)
        elif known.version > version:
            # Another request has cached a later state, and a state cannot be rolled back: fold from the beginning.
            known = fold(self.codec.decode(one) for one in stored)
        return known if isinstance(known, of) else None

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
        record = await self.log.find_command(key.caller, key.key)
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
    ) -> Written:
        """Seal, encode and append events in one commit. Raises what :meth:`EventLog.append` raises."""
        sealed = await self._sealed(events)
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
        appended = await self.log.append(Append(new, command, conditions, answers_with, bumps_registry))
        # Cache the new states, but only on top of the version just before: a stream that is not cached, or that another
        # request has cached further, would get a state that lacks events.
        for event in sealed:
            known = self._states.get(event.originator_id)
            if (known.version if known else 0) == event.originator_version - 1:
                self._remember(event.originator_id, apply(known, event))
        return Written(sealed, appended)

    async def _sealed(self, events: Sequence[Folded.Event]) -> list[Folded.Event]:
        fields = [(event, name, text) for event in events for name, text in seal_fields(event)]
        subjects = dict.fromkeys(text.subject for _, _, text in fields if isinstance(text, Personal))
        if subjects:
            await self.sealer.ensure_subjects(list(subjects))
        items = [(PlainField(e.originator_id, e.originator_version, name), text) for e, name, text in fields]
        sealed = await self.sealer.seal(items)
        by_event: dict[int, dict[str, Any]] = {}
        for (event, name, _), text in zip(fields, sealed, strict=True):
            by_event.setdefault(id(event), {})[name] = text
        return [with_sealed(event, by_event[id(event)]) if id(event) in by_event else event for event in events]

    def _remember(self, stream: UUID, state: FoldedState) -> None:
        self._states[stream] = state
        self._states.move_to_end(stream)
        while len(self._states) > self._remembered:
            self._states.popitem(last=False)


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
    raise Overloaded("others changed it first each time; read it again and repeat the command")
