"""Tables of counts, kept up to date with the rows counted, so that a query reads a few counts instead of every row."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

from projections.engine.tables import Column, Table


@dataclass(frozen=True, eq=False)
class Tally:
    """How many rows of a table have each combination of the columns ``by``; its own columns are these and ``n``.

    ``by`` is the primary key, so none of these columns may be null. The rows counted never change: they are added, or deleted
    together with all rows of their stream. ``length``: a column of lengths; rows in which it is negative are not counted.
    """

    name: str
    of: Table[Any]
    by: tuple[str, ...]
    length: str | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns counted by, in the order of ``by``."""
        known = {column.name: column for column in self.of.columns}
        return tuple(known[name] for name in self.by)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Where the columns are in a row counted."""
        return tuple(self.of.names.index(name) for name in self.by)

    def counts(self, rows: Iterable[Sequence[Any]]) -> Counter[tuple[Any, ...]]:
        """How many of these rows, as stored, have each combination."""
        length = None if self.length is None else self.of.names.index(self.length)
        return Counter(map(itemgetter(*self.places), rows if length is None else (row for row in rows if row[length] >= 0)))

    @property
    def schema(self) -> str:
        """Description of the schema."""
        return f"{self.name} COUNTS {self.of.name} BY {', '.join(self.by)} LENGTH {self.length}"
