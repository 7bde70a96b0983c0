"""Ports: the protocols through which use cases reach the outside; adapters implement them.

All ports are async. Moments are aware UTC datetimes, positions are 1-based and gapless, versions start at 1.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.kernel.aggregate import Folded
from domain.kernel.privacy import Private


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append: clear columns and canonical bytes.

    ``book`` is set if the event takes a number in a book (``GD``, ``BX``, …); the number's day is the day of recording in
    ``timezone``. ``opens_list`` says that the event changes the community's list of unfinished tickets.
    """

    stream_id: UUID
    version: int
    topic: str
    community: str
    state: bytes
    book: str | None = None
    timezone: str = "UTC"
    opens_list: bool = False


class StoredEvent(NamedTuple):
    """An event in the log."""

    position: int
    stream_id: UUID
    version: int
    topic: str
    community: str
    recorded_at: datetime
    state: bytes
    book: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class CommandKey:
    """An idempotency key, unique per caller; ``body_hash`` is a keyed hash of the request's body.

    ``looked`` says that authentication looked for the key, and ``earlier`` is the record it found, if any.
    """

    caller: str
    key: str
    body_hash: bytes
    looked: bool = False
    earlier: "CommandRecord | None" = None


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """The effect of a request with an idempotency key; its answer is derived again from the stream at this version."""

    caller: str
    key: str
    body_hash: bytes
    stream_id: UUID
    version: int
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class OpenListUnchanged:
    """Append condition: nothing changed the community's list of unfinished tickets after ``position``."""

    community: str
    position: int


@dataclass(frozen=True, slots=True)
class ReserveName:
    """Append condition: ``name`` is free within ``scope``; the append takes it for ``stream_id``."""

    scope: str
    name: str
    stream_id: UUID


@dataclass(frozen=True, slots=True)
class StreamAt:
    """Append condition: a stream that the append does not write is still at ``version``; otherwise :class:`VersionConflict`."""

    stream_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class RegistryAt:
    """Append condition: communities, people, roles and erasures are as of this version of the registry."""

    version: int


Condition = OpenListUnchanged | ReserveName | StreamAt | RegistryAt
"""Conditions of an append besides the versions of the streams it writes."""


@dataclass(frozen=True, slots=True)
class Append:
    """Events to write all or not at all, with conditions.

    A stream's expected version is the one before its first event here. ``answers_with`` names the stream whose version the
    command record keeps (default: the first event's stream).
    """

    events: Sequence[NewEvent]
    command: CommandKey | None = None
    conditions: Sequence[Condition] = ()
    answers_with: UUID | None = None
    bumps_registry: bool = False


@dataclass(frozen=True, slots=True)
class Appended:
    """The events as stored, in the order given, with their positions and numbers."""

    events: Sequence[StoredEvent]

    @property
    def position(self) -> int:
        """The position of the last event."""
        return self.events[-1].position


class AppendRefused(Exception):
    """The append was refused and nothing of it was written. Other appends of the group commit are unaffected."""


@dataclass(eq=False)
class VersionConflict(AppendRefused):
    """Another writer was faster: ``stream_id`` is at version ``actual``, not ``expected``."""

    stream_id: UUID
    expected: int
    actual: int


@dataclass(eq=False)
class DuplicateCommand(AppendRefused):
    """This caller's key was written before."""

    record: CommandRecord


@dataclass(eq=False)
class ConditionFailed(AppendRefused):
    """A condition does not hold; ``position`` is where it was broken, or 0 if that has no meaning."""

    condition: OpenListUnchanged | ReserveName | RegistryAt
    position: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: its origin's name, the last position (0 if empty) and its recorded_at."""

    origin: str
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class NumberTaken:
    """A number and the event that took it. A later number of the ticket in another book makes it void."""

    number: str
    book: str
    community: str
    day: str
    sequence: int
    position: int
    stream_id: UUID


class EventLog(Protocol):
    """The append-only log."""

    async def append(self, append: Append) -> Appended:
        """Write all events in one commit. Raises AppendRefused, or errors.Overloaded (queue full, deadline passed)."""
        ...

    async def read_stream(
        self,
        stream_id: UUID,
        *,
        after_version: int = 0,
        upto_version: int | None = None,
        upto_position: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events, in the order of versions."""
        ...

    async def read_streams(self, after: Mapping[UUID, int]) -> Mapping[UUID, Sequence[StoredEvent]]:
        """The events of several streams, of each those after its version, in order of version; one read for all of them."""
        ...

    async def read_numbered(self, number: str) -> Sequence[StoredEvent]:
        """All events of the stream that took a number, void numbers included, in the order of versions; empty if none did."""
        ...

    async def read_log(self, after_position: int, limit: int) -> Sequence[StoredEvent]:
        """At most ``limit`` events after a position, in order."""
        ...

    async def head(self) -> Head:
        """The end of the log."""
        ...

    async def position_at(self, recorded_at: datetime) -> int:
        """The last position recorded at or before a moment; 0 if none."""
        ...

    async def find_command(self, caller: str, key: str) -> CommandRecord | None:
        """The record of this caller's key within the last 7 days."""
        ...

    async def numbers_of(self, stream_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[NumberTaken]]:
        """The numbers that each stream took, in the order of the log."""
        ...

    async def stream_of_number(self, number: str) -> UUID | None:
        """The stream that took a number, void numbers included."""
        ...

    async def read_named(self, scopes: Sequence[str], after_position: int) -> Sequence[StoredEvent]:
        """Events after a position, in order, of every stream with a name reserved in one of the scopes."""
        ...

    async def registry_version(self) -> int:
        """The count of appends that changed communities, people, roles or tokens, for caches to compare."""
        ...

    def appended(self, after_position: int, timeout: float) -> AsyncIterator[int]:
        """Yield the head position whenever it exceeds ``after_position``, at least every ``timeout`` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class PlainField:
    """A text's place, to which the seal's associated data bind it: stream, version and field."""

    stream_id: UUID
    version: int
    name: str


class Sealer(Protocol):
    """Seals and opens personal texts. Keys are durable before :meth:`ensure_subjects` returns.

    ``as_of`` is a version of the registry that the request has read: erasures up to it are heeded, and keys in memory are used
    without another look at the key store. Without it every call looks there first.
    """

    async def ensure_subjects(self, subjects: Sequence[UUID], *, as_of: int | None = None) -> None:
        """Make a durable key for each subject without one. Raises errors.Conflict for an erased subject."""
        ...

    async def seal(self, items: Sequence[tuple[PlainField, Private]]) -> Sequence[Private]:
        """Seal each clear text under its subject's key; sealed texts are returned unchanged."""
        ...

    async def open(self, items: Sequence[tuple[PlainField, Private]], *, as_of: int | None = None) -> Sequence[str | None]:
        """Open each text; None if its subject was erased."""
        ...

    async def body_hash(self, body: bytes) -> bytes:
        """Keyed hash of a request's body (32 bytes)."""
        ...


class KeyDestroyer(Protocol):
    """Makes a subject's data unreadable for ever."""

    async def erase(self, subject: UUID) -> None:
        """Destroy a subject's key. Idempotent."""
        ...


class Codec(Protocol):
    """Encodes and decodes events."""

    def encode(self, event: Folded.Event) -> bytes:
        """Canonical bytes of an event whose personal texts are sealed."""
        ...

    def decode(self, stored: StoredEvent) -> Folded.Event:
        """Decode a stored event."""
        ...


class Clock(Protocol):
    """The only source of the present moment."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Ids(Protocol):
    """The only source of new ids (UUIDv7)."""

    def new(self) -> UUID:
        """A new id."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """An access to personal data: who, when, whose and why. The access log has positions of its own."""

    at: datetime
    who: str
    community: str
    what: str
    subjects: Sequence[UUID] = ()
    stream_id: UUID | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


class AccessLog(Protocol):
    """The append-only record of accesses to personal data."""

    async def record(self, access: Access) -> int:
        """Write an entry; returns its position. Raises errors.Overloaded if it cannot be written."""
        ...

    async def read(self, after_position: int, limit: int) -> Sequence[tuple[int, Access]]:
        """At most ``limit`` entries after a position."""
        ...
