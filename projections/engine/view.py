"""Projections (读模型): tables, and a pure fold from the events of one stream to rows.

Every row belongs to one stream and follows from that stream's events alone. Therefore streams can be folded separately, in
batches of any size, again after a failure, or one by one for a check, and the rows are always equal.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.kernel.aggregate import apply
from domain.kernel.ports import StoredEvent
from domain.kernel.privacy import Text
from projections.engine.tables import Table
from projections.engine.tallies import Tally


class Number(NamedTuple):
    """A number that a stream took. A later number in another book voids the earlier one, unless that is the intake's."""

    number: str
    book: str
    position: int
    recorded_at: datetime


T = TypeVar("T")


@dataclass(slots=True)
class Seen:
    """A stream after an event: its state, and what only the log knows about it. Never changed, though not frozen: that is slow.

    ``entered_at``: when the event happened after which its state is named so (``state.state``).
    """

    event: Any
    state: Any
    position: int
    recorded_at: datetime
    first_position: int
    first_recorded_at: datetime
    back_entered: bool
    numbers: tuple[Number, ...]
    entered_at: datetime
    _made: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, make: Callable[[Any], T]) -> T:
        """What ``make`` derives from the state, computed once for all read models that need it."""
        found: T | None = self._made.get(make)
        if found is None:
            found = self._made[make] = make(self.state)
        return found


def advance(before: Seen | None, stored: StoredEvent, event: Any) -> Seen:
    """Add an event to a stream. This is the only place where projections apply events."""
    after = apply(before.state if before else None, event)
    at, recorded_at, back_entered = stored.position, stored.recorded_at, event.meta.back_entered
    taken = (Number(stored.number, stored.book, at, recorded_at),) if stored.number and stored.book else ()
    if before is None:
        return Seen(event, after, at, recorded_at, at, recorded_at, back_entered, taken, event.timestamp)
    entered_at = before.entered_at if _named(after) == _named(before.state) else event.timestamp
    numbers = before.numbers + taken if taken else before.numbers
    first = (before.first_position, before.first_recorded_at)
    return Seen(event, after, at, recorded_at, *first, back_entered or before.back_entered, numbers, entered_at)


def _named(state: Any) -> Any:
    return getattr(state, "state", None)


class Step(NamedTuple):
    """An event of a stream, and the stream before (None: the first) and after it.

    The journal's step (``domain.kernel.journal``) has an event between two states; this one has numbers and positions too.
    """

    before: Seen | None
    after: Seen


class Put(NamedTuple):
    """Insert a row, or replace the one with this key."""

    table: Table[Any]
    row: Any


class Drop(NamedTuple):
    """Delete the row with this key, given as stored values."""

    table: Table[Any]
    key: tuple[Any, ...]


class Words(NamedTuple):
    """Index a text by its keyed tokens, replacing the tokens of this field.

    ``text`` None removes them. ``fresh`` promises that there are none yet, which saves a delete. ``position`` is the event's,
    ``first_position`` that of the stream's first event. A text is indexed by its pairs of characters, as a ``phone``, or only as
    a ``whole``.
    """

    table: Table["TokenRow"]
    stream: UUID
    community: str
    field: str
    text: Text | None
    position: int
    first_position: int
    phone: bool = False
    fresh: bool = False
    whole: bool = False


Write = Put | Drop | Words


class TokenRow(NamedTuple):
    """A posting: a keyed token of a personal text, deleted when its subject is erased. ``first_position`` is the stream's."""

    stream: UUID
    field: str
    token: bytes
    subject: UUID
    community: str
    first_position: int


class ErasedRow(NamedTuple):
    """A subject whose data were erased."""

    subject: UUID
    position: int


Fold = Callable[[Sequence[Step]], Iterable[Write]]


@dataclass(frozen=True, eq=False)
class View:
    """A projection. ``takes`` lists prefixes of the topics it needs; all other events are skipped on purpose.

    ``fold`` converts consecutive steps of one stream to changes of rows. Raise ``fold_version`` whenever it would make different
    rows from old events; the view is then rebuilt. ``tallies`` count rows of the tables; the engine keeps them.
    """

    name: str
    fold_version: int
    tables: tuple[Table[Any], ...]
    takes: tuple[str, ...]
    fold: Fold
    tallies: tuple[Tally, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Short hash of schema and fold version. Tables with another fingerprint belong to another version of this view."""
        schemas = [*(table.schema for table in self.tables), *(tally.schema for tally in self.tallies)]
        schema = "\n".join([self.name, str(self.fold_version), *schemas])
        return sha256(schema.encode()).hexdigest()[:8]


Row = tuple[Any, ...]
Params = dict[str, Any]


class Answer(NamedTuple):
    """The rows of each statement, all read at ``position`` of the log."""

    position: int
    results: Sequence[Sequence[Row]]


Statements = Sequence[tuple[str, Params]]
Ask = Callable[[Statements], Awaitable[Sequence[Sequence[Row]]]]
"""Runs statements, and gives the rows of each."""


class Reader(Protocol):
    """Queries the tables of a view. Statements name a table as ``{table}``; parameters are stored values."""

    async def consult(self, question: Callable[[Ask], Coroutine[Any, Any, T]]) -> tuple[int, T]:
        """Run a function that asks several times, one answer leading to the next question, on one snapshot of the view.

        It may await nothing but its ``Ask``, and may be run again. Returns the view's position and the function's value. Raises
        errors.Overloaded while the view is not built yet.
        """
        ...

    async def read(self, statements: Statements) -> Answer:
        """Run the statements on one snapshot of the view. Raises errors.Overloaded while the view is not built yet."""
        ...
