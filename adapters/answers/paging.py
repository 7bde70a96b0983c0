"""Lists in pages: at most ``limit`` items (up to 200), and an opaque ``cursor`` that leads to the next page."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from adapters.answers.documents import Answer
from projections.engine.cursors import open_cursor, position_in, seal_cursor

T = TypeVar("T")


class Positioned(Protocol):
    """A row with its position in the log."""

    @property
    def first_position(self) -> int:
        """Position of the first event about it."""
        ...


P = TypeVar("P", bound=Positioned)


class Page(Answer, Generic[T]):
    """One page of a list. Without ``next_cursor`` it is the last."""

    items: list[T]
    next_cursor: str | None


def page_of(items: Iterable[tuple[str, T]], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """Cut one page from items with unique keys, sorted by key; returns it with the next cursor. The cursor holds a key."""
    after = str(open_cursor(cursor, str)[0]) if cursor is not None else None
    rest = sorted((pair for pair in items if after is None or pair[0] > after), key=lambda pair: pair[0])
    more = seal_cursor(rest[limit - 1][0]) if len(rest) > limit else None
    return [item for _, item in rest[:limit]], more


async def readable_page(
    fetch: Callable[[int | None, int], Awaitable[Sequence[P]]], may_read: Callable[[P], bool], limit: int, cursor: str | None
) -> tuple[list[P], str | None]:
    """Gather a page of the rows that ``may_read`` accepts, the latest first, and the next cursor.

    ``fetch`` takes a position and a size, and gives rows before the position. Rights are checked on rows, not in SQL, so
    rows are fetched until a page is full or none is left.
    """
    before = position_in(cursor)
    found: list[P] = []
    while len(found) <= limit:
        rows = await fetch(before, limit + 1)
        found += [row for row in rows if may_read(row)]
        if len(rows) <= limit:
            break
        before = rows[-1].first_position
    more = seal_cursor(found[limit - 1].first_position) if len(found) > limit else None
    return found[:limit], more
