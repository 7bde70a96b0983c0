"""Decide a batch of appends against the log: the one place that checks append conditions.

Pure: a store reads the :class:`Facts` while it holds the lock on the log's head, calls :func:`decide`, and writes the
:class:`Decision` in that transaction. The appends of a batch are decided in order, and each sees the effects of those
before it. Two appends of one batch that touch one stream, one idempotency key or one name therefore get the outcomes that
two separate transactions would have given them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.kernel.ports import (
    Append,
    Appended,
    AppendRefused,
    CommandRecord,
    ConditionFailed,
    DuplicateCommand,
    NewEvent,
    NumberTaken,
    OpenListUnchanged,
    RegistryAt,
    ReserveName,
    StoredEvent,
    StreamAt,
    VersionConflict,
)

COMMANDS_KEPT = timedelta(days=7)
"""How long an idempotency key is honoured; an older command record counts as absent and is pruned."""

Outcome = Appended | AppendRefused


def check_form(append: Append) -> None:
    """Raise ValueError for an append without events, with a gap in a stream's versions, or with an unknown time zone."""
    if not append.events:
        raise ValueError("an append needs at least one event")
    versions: dict[UUID, int] = {}
    for event in append.events:
        if event.version != versions.get(event.stream_id, event.version - 1) + 1 or event.version < 1:
            raise ValueError(f"the versions of stream {event.stream_id} are not consecutive from 1 up")
        versions[event.stream_id] = event.version
        if event.book is not None:
            ZoneInfo(event.timezone)


REGISTRY = "registry"
"""Name of the counter of appends that changed communities, people, roles or erasures, and of changes of tokens."""


def number_prefix(event: NewEvent, recorded_at: datetime) -> tuple[str, str]:
    """A number's prefix (book, community, day) and its day, YYYYMMDD: the day of recording in the community's time zone."""
    day = f"{recorded_at.astimezone(ZoneInfo(event.timezone)):%Y%m%d}"
    return f"{event.book}-{event.community}-{day}", day


def number_counter(prefix: str) -> str:
    """Name of the counter that holds the last sequence number drawn under a prefix."""
    return f"number:{prefix}"


def open_list_counter(community: str) -> str:
    """Name of the counter that holds the position of the last event that changed a community's open list."""
    return f"open_list:{community}"


@dataclass(slots=True)
class Wanted:
    """Keys of the facts that a batch needs, collected so that each table is read once a batch."""

    streams: set[UUID] = field(default_factory=set)
    commands: set[tuple[str, str]] = field(default_factory=set)
    counters: set[str] = field(default_factory=set)
    names: set[tuple[str, str]] = field(default_factory=set)


def wanted(batch: Iterable[Append], recorded_at: datetime) -> Wanted:
    """Collect the keys of the facts that :func:`decide` reads."""
    needs = Wanted()
    for append in batch:
        for event in append.events:
            needs.streams.add(event.stream_id)
            if event.book is not None:
                needs.counters.add(number_counter(number_prefix(event, recorded_at)[0]))
        if append.answers_with is not None:
            needs.streams.add(append.answers_with)
        if append.command is not None:
            needs.commands.add((append.command.caller, append.command.key))
        for condition in append.conditions:
            if isinstance(condition, OpenListUnchanged):
                needs.counters.add(open_list_counter(condition.community))
            elif isinstance(condition, StreamAt):
                needs.streams.add(condition.stream_id)
            elif isinstance(condition, RegistryAt):
                needs.counters.add(REGISTRY)
            else:
                needs.names.add((condition.scope, condition.name))
    return needs


@dataclass(slots=True)
class Facts:
    """The log's present values, read under the head's lock. An absent stream has version 0, an absent counter value 0.

    ``names`` maps (scope, name) to the position at which the name was reserved.
    """

    position: int
    versions: dict[UUID, int] = field(default_factory=dict)
    commands: dict[tuple[str, str], CommandRecord] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    names: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class Decision:
    """The rows to write, and the outcome of each append of the batch, in order."""

    outcomes: list[Outcome] = field(default_factory=list)
    events: list[StoredEvent] = field(default_factory=list)
    commands: list[CommandRecord] = field(default_factory=list)
    numbers: list[NumberTaken] = field(default_factory=list)
    names: list[tuple[ReserveName, int]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    registry_bumps: int = 0


def decide(batch: Sequence[Append], facts: Facts, recorded_at: datetime) -> Decision:
    """Accept or refuse each append, in order. Updates ``facts`` as it goes, so that each append sees those before it."""
    decision = Decision()
    for append in batch:
        refusal = refused(append, facts, recorded_at)
        decision.outcomes.append(refusal or accept(append, facts, recorded_at, decision))
    return decision


def refused(append: Append, facts: Facts, recorded_at: datetime) -> AppendRefused | None:
    """Return the refusal by the first condition that fails: idempotency key, then stream versions, then the others in order.

    The key comes first: a repeated command must be answered with its first result, not with a conflict with itself.
    """
    if append.command is not None:
        record = facts.commands.get((append.command.caller, append.command.key))
        if record is not None and record.recorded_at >= recorded_at - COMMANDS_KEPT:
            return DuplicateCommand(record)
    seen: set[UUID] = set()
    for event in append.events:
        if event.stream_id not in seen:
            seen.add(event.stream_id)
            actual = facts.versions.get(event.stream_id, 0)
            if actual != event.version - 1:
                return VersionConflict(event.stream_id, event.version - 1, actual)
    taken: set[tuple[str, str]] = set()
    for condition in append.conditions:
        if isinstance(condition, OpenListUnchanged):
            changed = facts.counters.get(open_list_counter(condition.community), 0)
            if changed > condition.position:
                return ConditionFailed(condition, changed)
        elif isinstance(condition, StreamAt):
            actual = facts.versions.get(condition.stream_id, 0)
            if actual != condition.version:
                return VersionConflict(condition.stream_id, condition.version, actual)
        elif isinstance(condition, RegistryAt):
            if facts.counters.get(REGISTRY, 0) != condition.version:
                return ConditionFailed(condition)
        else:
            name = (condition.scope, condition.name)
            if name in facts.names or name in taken:
                return ConditionFailed(condition, facts.names.get(name, 0))
            taken.add(name)
    return None


def accept(append: Append, facts: Facts, recorded_at: datetime, decision: Decision) -> Appended:
    """Assign positions and numbers to the events, and record the command and the reserved names."""
    stored = []
    for event in append.events:
        facts.position += 1
        facts.versions[event.stream_id] = event.version
        number = None
        if event.book is not None:
            number = draw(event, event.book, facts, recorded_at, decision)
        if event.opens_list:
            count(open_list_counter(event.community), facts.position, facts, decision)
        stored.append(
            StoredEvent(
                facts.position,
                event.stream_id,
                event.version,
                event.topic,
                event.community,
                recorded_at,
                event.state,
                event.book,
                number,
            )
        )
    decision.events.extend(stored)
    if append.command is not None:
        stream_id = append.answers_with or append.events[0].stream_id
        command = append.command
        record = CommandRecord(
            command.caller,
            command.key,
            command.body_hash,
            stream_id,
            facts.versions.get(stream_id, 0),
            facts.position,
            recorded_at,
        )
        facts.commands[command.caller, command.key] = record
        decision.commands.append(record)
    for condition in append.conditions:
        if isinstance(condition, ReserveName):
            facts.names[condition.scope, condition.name] = facts.position
            decision.names.append((condition, facts.position))
    if append.bumps_registry:
        decision.registry_bumps += 1
        if REGISTRY in facts.counters:
            facts.counters[REGISTRY] += 1
    return Appended(stored)


def draw(event: NewEvent, book: str, facts: Facts, recorded_at: datetime, decision: Decision) -> str:
    """Draw the next number of the event's book, community and day: four digits, five after 9999.

    Drawn in the transaction that writes the event, so numbers have no gaps.
    """
    prefix, day = number_prefix(event, recorded_at)
    sequence = facts.counters.get(number_counter(prefix), 0) + 1
    count(number_counter(prefix), sequence, facts, decision)
    number = f"{prefix}-{sequence:04d}"
    decision.numbers.append(NumberTaken(number, book, event.community, day, sequence, facts.position, event.stream_id))
    return number


def count(name: str, value: int, facts: Facts, decision: Decision) -> None:
    """Set a counter for the rest of the batch and in the rows to write."""
    facts.counters[name] = decision.counters[name] = value
