"""What the use cases need from the outside, as protocols; adapters fulfil them.

Every port is async. Moments are aware UTC datetimes, positions are 1-based and gapless, versions start at 1.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.aggregate import Folded
from domain.kernel.privacy import Private


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event ready to be appended: clear columns and the canonical bytes.

    ``book`` is set where the event takes a number in a numbered book (``GD``, ``BX``, …); the day of the number is the day
    of recording in ``timezone``. ``opens_list`` says that the event changes the community's list of unfinished tickets.
    """

    stream_id: UUID
    version: int
    topic: str
    community: str
    state: bytes
    book: str | None = None
    timezone: str = "UTC"
    opens_list: bool = False


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the log holds it."""

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
    """The identity of one request: unique per caller and key; ``body_hash`` is a keyed hash of what was asked."""

    caller: str
    key: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """What a request with an idempotency key did; the answer is derived again from the stream at that version."""

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
    """Append condition: ``name`` is free within ``scope``; it is taken by this append, for ``stream_id``."""

    scope: str
    name: str
    stream_id: UUID


@dataclass(frozen=True, slots=True)
class StreamAt:
    """Append condition: a stream that is not written still stands at ``version``; else :class:`VersionConflict`."""

    stream_id: UUID
    version: int


Condition = OpenListUnchanged | ReserveName | StreamAt
"""What an append may ask for beyond the versions of the streams it writes."""


@dataclass(frozen=True, slots=True)
class Append:
    """Events that are written all or not at all, with the conditions under which they may be.

    The version before the first event of each stream is the expected version of that stream. ``answers_with`` names the
    stream whose version the command record keeps (default: the first event's).
    """

    events: Sequence[NewEvent]
    command: CommandKey | None = None
    conditions: Sequence[Condition] = ()
    answers_with: UUID | None = None
    bumps_registry: bool = False


@dataclass(frozen=True, slots=True)
class Appended:
    """Where the events now stand, in the order given. ``numbers`` holds the number each event took, or None."""

    events: Sequence[StoredEvent]

    @property
    def position(self) -> int:
        """Position of the last event written."""
        return self.events[-1].position


class AppendRefused(Exception):
    """The append was refused; nothing of it was written. Neighbours in the same group commit are unaffected."""


@dataclass(eq=False)
class VersionConflict(AppendRefused):
    """Another writer was faster: ``stream_id`` stands at ``actual``, not at ``expected``."""

    stream_id: UUID
    expected: int
    actual: int


@dataclass(eq=False)
class DuplicateCommand(AppendRefused):
    """This caller and key were written before."""

    record: CommandRecord


@dataclass(eq=False)
class ConditionFailed(AppendRefused):
    """An append condition does not hold; ``position`` is where it was broken (0 where that has no meaning)."""

    condition: OpenListUnchanged | ReserveName
    position: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: its origin name, the last position (0 when empty) and that event's recorded_at."""

    origin: str
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class NumberTaken:
    """A number and what took it; a later number of the same ticket in another book makes the earlier one void."""

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
        """Write all events in one commit, or raise AppendRefused or errors.Overloaded (full queue, deadline passed)."""
        ...

    async def read_stream(
        self,
        stream_id: UUID,
        *,
        after_version: int = 0,
        upto_version: int | None = None,
        upto_position: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events in order of version."""
        ...

    async def read_numbered(self, number: str) -> Sequence[StoredEvent]:
        """All events, in order of version, of the stream that took a number (void numbers included); none where none did."""
        ...

    async def read_log(self, after_position: int, limit: int) -> Sequence[StoredEvent]:
        """Events after a position, in order, at most ``limit``."""
        ...

    async def head(self) -> Head:
        """The end of the log."""
        ...

    async def position_at(self, recorded_at: datetime) -> int:
        """The last position recorded at or before a moment (0 if none)."""
        ...

    async def find_command(self, caller: str, key: str) -> CommandRecord | None:
        """What this caller's key did within the last 7 days."""
        ...

    async def numbers_of(self, stream_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[NumberTaken]]:
        """The numbers a stream took, in log order."""
        ...

    async def stream_of_number(self, number: str) -> UUID | None:
        """The stream that took this number (void numbers included)."""
        ...

    async def read_named(self, scopes: Sequence[str], after_position: int) -> Sequence[StoredEvent]:
        """Events after a position, in order, of every stream that holds a name reserved in one of the scopes."""
        ...

    async def registry_version(self) -> int:
        """Counts appends that changed communities, people, roles or tokens; caches compare it."""
        ...

    def appended(self, after_position: int, timeout: float) -> AsyncIterator[int]:
        """Yields the head position whenever it has moved past ``after_position``, at the latest every ``timeout`` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class PlainField:
    """Clear text on its way into an event: what it is bound to by the seal's associated data."""

    stream_id: UUID
    version: int
    name: str


class Sealer(Protocol):
    """Seals and opens personal texts; keys are durable before :meth:`ensure_subjects` returns."""

    async def ensure_subjects(self, subjects: Sequence[UUID]) -> None:
        """Make (durably) a key for each subject that has none; an erased subject is refused with errors.Conflict."""
        ...

    async def seal(self, items: Sequence[tuple[PlainField, Private]]) -> Sequence[Private]:
        """Seal each clear text under its subject's key; what is sealed already is given back as it is."""
        ...

    async def open(self, items: Sequence[tuple[PlainField, Private]]) -> Sequence[str | None]:
        """Open each text; None where the subject was erased."""
        ...

    async def body_hash(self, body: bytes) -> bytes:
        """Keyed hash of a request's body (32 bytes)."""
        ...


class KeyDestroyer(Protocol):
    """Makes a subject's data unreadable for ever."""

    async def erase(self, subject: UUID) -> None:
        """Destroy the subject's key; doing it twice is no error."""
        ...


class Codec(Protocol):
    """Events as bytes and back."""

    def encode(self, event: Folded.Event) -> bytes:
        """Canonical bytes of an event whose personal texts are sealed."""
        ...

    def decode(self, stored: StoredEvent) -> Folded.Event:
        """The event that was stored."""
        ...


class Clock(Protocol):
    """The only source of now."""

    def now(self) -> datetime:
        """An aware UTC moment."""
        ...


class Ids(Protocol):
    """The only source of new identifiers (UUIDv7)."""

    def new(self) -> UUID:
        """A new identifier."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """One look at personal data: who, when, what, why. Kept in the access log, which has positions of its own."""

    at: datetime
    who: str
    community: str
    what: str
    subjects: Sequence[UUID] = ()
    stream_id: UUID | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


class AccessLog(Protocol):
    """Append-only record of who opened whose data."""

    async def record(self, access: Access) -> int:
        """Write and return the position; raises errors.Overloaded where it can't be written."""
        ...

    async def read(self, after_position: int, limit: int) -> Sequence[tuple[int, Access]]:
        """Entries after a position."""
        ...
