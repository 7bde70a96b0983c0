"""Tables of read models. A row type is the schema.

A row is a NamedTuple whose fields are columns. A field that is itself a NamedTuple of plain values becomes several columns, with
the field's name as prefix. Stored values are integers (microseconds since 1970 UTC; 0 or 1), texts and bytes: codes, never
labels. Sealed texts stay sealed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from operator import attrgetter, itemgetter
from struct import Struct
from types import UnionType
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.kernel.privacy import Sealed, Text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NEVER = 2**62
"""Sorts after every moment, for rows that have none."""

_TEXT = Struct(">QI16s12sB")


@lru_cache(maxsize=8192)
def micros(moment: datetime) -> int:
    """Whole microseconds since 1970 UTC.

    Cached, because a ticket's moments go into several rows after each of its events.
    """
    return (moment - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """The moment of a number of microseconds since 1970 UTC."""
    return EPOCH + value * MICROSECOND


def pack(text: Text) -> bytes:
    """Encode a sealed text with the references needed to open it. Raises TypeError for a text in the clear."""
    value = text.value
    if not isinstance(value, Sealed):
        raise TypeError("personal data must be sealed before it is kept in a row")
    name = text.name.encode()
    return _TEXT.pack(text.version, value.key_version, value.subject.bytes, value.nonce, len(name)) + name + value.ciphertext


def unpack(data: bytes) -> Text:
    """Decode the bytes of :func:`pack`."""
    version, key_version, subject, nonce, length = _TEXT.unpack_from(data)
    start = _TEXT.size + length
    sealed = Sealed(UUID(bytes=subject), key_version, nonce, data[start:])
    return Text(sealed, version, data[_TEXT.size : start].decode())


def _uuid(value: bytes) -> UUID:
    return UUID(bytes=value)


_code: Callable[[StrEnum], str] = attrgetter("_value_")
_bytes: Callable[[UUID], bytes] = attrgetter("bytes")

Convert = Callable[[Any], Any]

_KNOWN: dict[type, tuple[str, Convert | None, Convert | None]] = {
    UUID: ("BYTEA", _bytes, _uuid),
    datetime: ("BIGINT", micros, moment),
    date: ("TEXT", date.isoformat, date.fromisoformat),
    bool: ("BIGINT", int, bool),
    int: ("BIGINT", None, None),
    str: ("TEXT", None, None),
    bytes: ("BYTEA", None, None),
    Text: ("BYTEA", pack, unpack),
}


class Column(NamedTuple):
    """A column: its PostgreSQL type, and the conversions to and from stored values."""

    name: str
    type: str
    null: bool
    encode: Convert | None
    decode: Convert | None


class Index(NamedTuple):
    """An index; partial if ``where`` is given."""

    columns: tuple[str, ...]
    where: str = ""


R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Table(Generic[R]):
    """A table of a view. ``stream`` names the column with the id of the row's stream.

    ``erased`` names the view's table of erased subjects: their rows are deleted from this table and never written again.
    """

    name: str
    row: type[R]
    key: tuple[str, ...]
    stream: str
    indexes: tuple[Index, ...] = ()
    erased: str = ""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in the order of the row's fields."""
        return tuple(_columns(self.row))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def schema(self) -> str:
        """Description of the schema. Tables of one name with different descriptions are incompatible."""
        columns = ", ".join(f"{c.name} {c.type}{'' if c.null else ' NOT NULL'}" for c in self.columns)
        indexes = "; ".join(f"{', '.join(index.columns)} WHERE {index.where}" for index in self.indexes)
        return f"{self.name} ({columns}) KEY ({', '.join(self.key)}) ON {self.stream} UNLESS {self.erased} BY {indexes}"

    @cached_property
    def listed(self) -> str:
        """The columns' names for a SELECT."""
        return ", ".join(self.names)

    @cached_property
    def _parts(self) -> tuple[tuple[type[Any] | None, int], ...]:
        return tuple((_nested(hint), len(list(_spread("", hint)))) for hint in get_type_hints(self.row).values())

    @cached_property
    def encode(self) -> Callable[[R], tuple[Any, ...]]:
        """Convert a row to stored values, in the order of the columns."""
        # Touches only the columns that need a conversion: encoding rows is among the most frequent work of a follower.
        conversions = [(place, column.encode) for place, column in enumerate(self.columns) if column.encode is not None]
        nested = [(place, (None,) * width) for place, (kind, width) in enumerate(self._parts) if kind is not None]
        nested.reverse()  # from the end, so that earlier places stay where they are

        def encode(row: Any) -> tuple[Any, ...]:
            flat = list(row)
            for place, nothing in nested:
                flat[place : place + 1] = nothing if flat[place] is None else flat[place]
            for place, convert in conversions:
                value = flat[place]
                if value is not None:
                    flat[place] = convert(value)
            return tuple(flat)

        return encode

    @cached_property
    def key_of(self) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """The key among stored values."""
        places = tuple(self.names.index(name) for name in self.key)
        return itemgetter(*places) if len(places) > 1 else lambda values: (values[places[0]],)

    def decode(self, values: Sequence[Any]) -> R:
        """Convert stored values, in the order of the columns, to a row."""
        clear = [v if c.decode is None or v is None else c.decode(v) for c, v in zip(self.columns, values, strict=True)]
        fields: list[Any] = []
        at = 0
        for nested, width in self._parts:
            part = clear[at : at + width]
            at += width
            fields.append(part[0] if nested is None or part[0] is None else nested(*part))
        return self.row(*fields)


RESERVED = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "authorization",
        "between",
        "binary",
        "both",
        "by",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "commit",
        "constraint",
        "create",
        "cross",
        "current",
        "default",
        "deferrable",
        "delete",
        "desc",
        "distinct",
        "do",
        "drop",
        "else",
        "end",
        "escape",
        "except",
        "exists",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "group",
        "having",
        "in",
        "index",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "join",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "natural",
        "not",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "over",
        "overlaps",
        "placing",
        "primary",
        "references",
        "returning",
        "right",
        "rollback",
        "select",
        "set",
        "similar",
        "some",
        "symmetric",
        "table",
        "then",
        "to",
        "trailing",
        "transaction",
        "true",
        "union",
        "unique",
        "update",
        "user",
        "using",
        "values",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
    ]
)
"""Words reserved by SQLite or PostgreSQL. The column of such a field gets an underscore at its end."""


def _columns(row: type[Any]) -> Iterator[Column]:
    for name, hint in get_type_hints(row).items():
        yield from _spread(f"{name}_" if name in RESERVED else name, hint)


def _spread(name: str, hint: Any, null: bool = False) -> Iterator[Column]:
    bare, optional = _bare(hint)
    nested = _nested(hint)
    if nested is not None:
        for part, inner in get_type_hints(nested).items():
            yield from _spread(f"{name}_{part}", inner, optional or null)
        return
    if issubclass(bare, StrEnum):
        yield Column(name, "TEXT", optional or null, _code, bare)
    else:
        type_, encode, decode = _KNOWN[bare]
        yield Column(name, type_, optional or null, encode, decode)


def _bare(hint: Any) -> tuple[type[Any], bool]:
    if get_origin(hint) is UnionType:
        [bare] = [part for part in get_args(hint) if part is not type(None)]
        return bare, True
    return hint, False


def _nested(hint: Any) -> type[Any] | None:
    bare, _ = _bare(hint)
    return bare if hasattr(bare, "_fields") else None
