"""What a projection (读模型) is: tables, and a pure fold from the events of one stream to rows.

Every row hangs on one stream and follows from that stream's events alone. So streams fold on their own, in batches of any
size, again after a failure, and one at a time for a check, always to the same rows.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.kernel.aggregate import apply
from domain.kernel.ports import StoredEvent
from domain.kernel.privacy import Text
from projections.engine.tables import Table


class Number(NamedTuple):
    """A number a stream took; one taken later in another book makes an earlier one of a book void."""

    number: str
    book: str
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A stream as it stands after an event: its state, and what the log says of it beside the state."""

    event: Any
    state: Any
    position: int
    recorded_at: datetime
    first_position: int
    first_recorded_at: datetime
    back_entered: bool
    numbers: tuple[Number, ...]


def advance(before: Seen | None, stored: StoredEvent, event: Any) -> Seen:
    """The stream after one more event; the only place where projections apply events."""
    taken = (Number(stored.number, stored.book, stored.position, stored.recorded_at),) if stored.number and stored.book else ()
    return Seen(
        event,
        apply(before.state if before else None, event),
        stored.position,
        stored.recorded_at,
        before.first_position if before else stored.position,
        before.first_recorded_at if before else stored.recorded_at,
        event.meta.back_entered or (before is not None and before.back_entered),
        before.numbers + taken if before else taken,
    )


class Step(NamedTuple):
    """One event of a stream: the stream before and after it."""

    before: Seen | None
    after: Seen


class Put(NamedTuple):
    """This row stands in the table, instead of one with the same key."""

    table: Table[Any]
    row: Any


class Drop(NamedTuple):
    """No row with this key stands in the table; values as they are on disk."""

    table: Table[Any]
    key: tuple[Any, ...]


class Words(NamedTuple):
    """A text is found by its keyed tokens, instead of what stood in this field before.

    ``text`` None leaves nothing to be found; ``fresh`` says that nothing stood there; ``position`` is the event's. It is found by
    pairs of characters, as a ``phone``, or only as a ``whole``.
    """

    table: Table["TokenRow"]
    stream: UUID
    community: str
    field: str
    text: Text | None
    position: int
    phone: bool = False
    fresh: bool = False
    whole: bool = False


Write = Put | Drop | Words


class TokenRow(NamedTuple):
    """A keyed token of a personal text; dies with its subject."""

    stream: UUID
    field: str
    token: bytes
    subject: UUID
    community: str


class ErasedRow(NamedTuple):
    """A subject whose data were ordered destroyed."""

    subject: UUID
    position: int


Fold = Callable[[Sequence[Step]], Iterable[Write]]


@dataclass(frozen=True, eq=False)
class View:
    """A projection. ``takes`` are the beginnings of the topics it looks at; every other event is ignored on purpose.

    ``fold`` gets consecutive steps of one stream and says what becomes of the rows. Raise ``fold_version`` when the rows of
    the same events become others.
    """

    name: str
    fold_version: int
    tables: tuple[Table[Any], ...]
    takes: tuple[str, ...]
    fold: Fold

    @property
    def fingerprint(self) -> str:
        """Short hash of schema and fold version: tables of another fingerprint are not this view's."""
        schema = "\n".join([self.name, str(self.fold_version), *(table.schema for table in self.tables)])
        return sha256(schema.encode()).hexdigest()[:8]


Row = tuple[Any, ...]
Params = dict[str, Any]


class Answer(NamedTuple):
    """Rows of each statement, all of one moment: the view as of ``position``."""

    position: int
    results: Sequence[Sequence[Row]]


class Reader(Protocol):
    """Asks the live tables of a view. Statements name a table as ``{table}``; parameters are values as they are on disk."""

    async def read(self, statements: Sequence[tuple[str, Params]]) -> Answer:
        """Run the statements over one moment of the view; raises errors.Overloaded while there is nothing to read yet."""
        ...
