"""Columns of rows as PostgreSQL's arrays in binary form; psycopg's own dumper of lists asks each value for its type."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import Struct, error
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = Struct(">5i")
_LENGTH = Struct(">i").pack
_INT8, _FLOAT8 = Struct(">iq").pack, Struct(">id").pack
_NULL = _LENGTH(-1)


def _integers(values: Iterable[int | None]) -> list[bytes]:
    return [_NULL if value is None else _INT8(8, value) for value in values]


def _floats(values: Iterable[float | None]) -> list[bytes]:
    return [_NULL if value is None else _FLOAT8(8, value) for value in values]


def _bytes(values: Iterable[bytes | None]) -> list[bytes]:
    return [_NULL if value is None else _LENGTH(len(value)) + value for value in values]


def _texts(values: Iterable[str | None]) -> list[bytes]:
    return _bytes([None if value is None else value.encode() for value in values])


_KNOWN: Mapping[str, tuple[int, Callable[[Sequence[Any]], list[bytes]]]] = {
    "bigint": (20, _integers),
    "text": (25, _texts),
    "bytea": (17, _bytes),
    "double precision": (701, _floats),
}
"""The id of a type, and how its values are written: each after its length."""


class Array:
    """The values of a column of a type of the database port. Raises psycopg.DataError for a value that does not fit."""

    def __init__(self, type_: str, values: Sequence[Any]) -> None:
        oid, write = _KNOWN[type_]
        try:
            self.data = _HEAD.pack(1, 1, oid, len(values), 1) + b"".join(write(values))
        except (error, AttributeError, TypeError) as refused:
            raise psycopg.DataError(f"a value is no {type_}") from refused


class ArrayDumper(Dumper):
    """Sends an :class:`Array` as it is; the statement names its type."""

    format = Format.BINARY

    def dump(self, obj: Array) -> bytes:
        """The array in binary form."""
        return obj.data
