"""Rows of read models as stored values, and the streams that a new table set is verified by."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random
from types import UnionType
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.projecting.folding.checking import LAST, Sample
from domain.kernel.privacy import Sealed, Text
from projections.engine.tables import Table
from projections.read_models import VIEWS

TABLES = [table for view in VIEWS for table in view.tables]


def some(hint: Any, random: Random) -> Any:
    """A value of a field's type; of an optional one nothing as often as not."""
    if isinstance(hint, UnionType):
        [bare] = [part for part in get_args(hint) if part is not type(None)]
        return some(bare, random) if random.random() < 0.5 else None
    if hasattr(hint, "_fields"):
        return hint(*(some(part, random) for part in get_type_hints(hint).values()))
    if issubclass(hint, StrEnum):
        return random.choice(list(hint))
    values: dict[type, Any] = {
        UUID: UUID(int=random.getrandbits(128)),
        datetime: datetime(2026, 3, 4, tzinfo=UTC) + timedelta(microseconds=random.getrandbits(50)),
        date: date(2026, 3, 4) + timedelta(days=random.randrange(9_000)),
        bool: random.random() < 0.5,
        int: random.getrandbits(60) - 2**59,
        str: random.choice(["", "garden", "水管"]),
        bytes: random.randbytes(16),
        Text: Text(Sealed(UUID(int=random.getrandbits(128)), 1, random.randbytes(12), random.randbytes(20)), 3, "description"),
    }
    return values[hint]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@given(st.integers(0, 2**32).map(Random))
def test_a_row_is_what_its_stored_values_say(table: Table[Any], random: Random) -> None:
    row = some(table.row, random)
    stored = table.encode(row)
    assert len(stored) == len(table.columns)
    assert {type(value) for value in stored} <= {int, str, bytes, type(None)}
    assert table.decode(stored) == row
    assert table.key_of(stored) == tuple(dict(zip(table.names, stored, strict=True))[name] for name in table.key)


@given(st.lists(st.integers(0, 60)), st.integers(1, 20))
def test_a_sample_is_every_stream_up_to_an_id(ids: list[int], most: int) -> None:
    sample = Sample(most)
    for at in range(0, len(ids), 7):
        sample.add([UUID(int=id_) for id_ in ids[at : at + 7]])
    ordered = [UUID(int=id_) for id_ in sorted(set(ids))]
    upto, streams = sample.page
    assert streams == ordered[:most]
    assert upto == (LAST if len(ordered) <= most else streams[-1].bytes)
