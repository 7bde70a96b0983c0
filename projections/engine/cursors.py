"""Cursors of lists: an encoded key, after which the next page begins."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from domain.kernel.errors import InvalidInput, invalid
from projections.engine.tables import NEVER


def seal_cursor(*key: str | int) -> str:
    """Encode a key as text that is safe in an address."""
    return urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def open_cursor(cursor: str, *types: type[str] | type[int]) -> list[str | int]:
    """Decode the key of a cursor, with parts of these types. Raises InvalidInput for text that is no cursor of the list."""
    try:
        key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise not_of_this_list() from None
    well_formed = isinstance(key, list) and [type(part) for part in key] == list(types)
    if not isinstance(key, list) or not well_formed or any(isinstance(part, int) and abs(part) > NEVER for part in key):
        raise not_of_this_list()
    return key


def position_in(cursor: str | None) -> int | None:
    """Decode the log position in a cursor; None without a cursor, for the first page."""
    if cursor is None:
        return None
    [position] = open_cursor(cursor, int)
    return int(position)


def not_of_this_list() -> InvalidInput:
    """The refusal of a cursor that belongs to another list or to none."""
    return invalid("/query/cursor", "not a cursor of this list; leave it out for the first page")
