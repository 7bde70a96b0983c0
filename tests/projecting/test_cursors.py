"""Cursors: a sealed cursor opens again, and nothing else is accepted as one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.errors import InvalidInput
from projections.engine.cursors import open_cursor, position_in, seal_cursor
from projections.engine.tables import NEVER

PARTS = st.one_of(st.integers(-NEVER, NEVER), st.text(max_size=40))


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_a_sealed_key_is_opened_again_and_is_safe_in_an_address(key: list[Any]) -> None:
    cursor = seal_cursor(*key)
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert open_cursor(cursor, *(type(part) for part in key)) == key


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "garbage",
        "WzFd" * 3,
        "\U0001f600",
        seal_cursor("a"),
        seal_cursor(1, 2),
        seal_cursor(NEVER + 1),
        seal_cursor(True),
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused_where_it_was_asked(cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_cursor(cursor, int)
    assert [error.pointer for error in refused.value.errors] == ["/query/cursor"]


def test_without_a_cursor_the_first_page_is_asked_for() -> None:
    assert position_in(None) is None
    assert position_in(seal_cursor(7)) == 7
