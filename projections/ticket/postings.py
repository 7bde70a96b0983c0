"""Postings of the ticket directory: the tickets that hold some words, or whose number begins so, newest first and in bounds.

A posting is a token of a ticket's text, in the order of the tickets' receipt. A search walks along the postings of its rarest
token and looks each ticket up under the other tokens, which costs one look into an index. It reads at most :data:`READ` postings,
however large the store is; then it says how far it came. Each look-up is a subquery that gives one row, so that neither
database's planner can turn it into a scan of a common token's postings.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.kernel.terms import Book
from projections.engine.tables import NEVER
from projections.engine.view import Params, Reader

READ = 20_000
"""Postings that a search reads at most."""

SAMPLE = 4_000
"""Postings out of these that are read to find the rarest token."""

NUMBER = re.compile(rf"(?:{'|'.join(Book)})-[\w\-]*\Z")
DAY = 8
"""Digits of the day in a number; numbers of one book and community grow from day to day."""

LENGTH = " LIMIT :length"
"""End of the SQL of a list of postings that is walked along in part."""

BEHIND = "\U0010ffff"
"""Sorts behind every character of a number."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What to look for in texts and numbers: all of these tokens, and a number that begins with ``number``."""

    tokens: Sequence[bytes] = ()
    number: str | None = None


class Hits(NamedTuple):
    """First positions of tickets found, the newest first; more may be found below ``floor`` (None: there are none).

    ``position`` is that of the view.
    """

    position: int
    places: Sequence[int]
    floor: int | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """The numbers of a community and book from ``low`` up to, not including, ``high``.

    Numbers from ``next_day`` on were taken later.
    """

    book: str
    low: str
    high: str
    next_day: str


@dataclass(slots=True)
class Walk:
    """A walk along one list of postings in a community: the SQL of the list, its bounds, and conditions on each posting."""

    postings: str
    params: Params
    length: int | None
    where: list[str] = field(default_factory=list)


def prefix(number: str, community: str) -> Prefix | None:
    """Narrow the beginning of a number to a community; None where none of its numbers begins so."""
    book = number[:2].upper()
    head, sought = f"{book}-{community}-", book + number[2:]
    if not (sought.startswith(head) or head.startswith(sought)):
        return None
    low = sought if len(sought) > len(head) else head
    return Prefix(book, low, low + BEHIND, low[: len(head) + DAY] + BEHIND)


async def communities(reader: Reader) -> list[str]:
    """All communities with tickets, by looks into the index and not by a scan."""
    sql = (
        "WITH RECURSIVE found (code) AS (SELECT min(community) FROM {ticket_directory} UNION ALL"
        " SELECT (SELECT min(community) FROM {ticket_directory} WHERE community > code) FROM found WHERE code IS NOT NULL)"
        " SELECT code FROM found WHERE code IS NOT NULL"
    )
    [rows] = (await reader.read([(sql, {})])).results
    return [code for (code,) in rows]


async def hits(
    reader: Reader,
    sought: Sought,
    where: Sequence[str],
    params: Params,
    here: Collection[str],
    *,
    before: int,
    limit: int,
) -> Hits:
    """Find up to ``limit`` tickets of the communities ``here``, first recorded before a position.

    ``where`` are conditions on the ticket's row, with their parameters. A page that is full has no floor.
    """
    read = max(READ // max(len(here), 1), 1)
    walks = []
    if sought.tokens:
        rarest = await _rarest_first(reader, sought.tokens, here, before, min(SAMPLE, read // 4))
        for community, tokens in rarest.items():
            walks.append(_along_tokens(tokens, sought.number, community, read, looks=len(tokens) + bool(where)))
    elif sought.number is not None:
        walks = await _along_numbers(reader, sought.number, here, max(read // (1 + bool(where)), 1))
    asked: list[Params] = []
    statements: list[tuple[str, Params]] = []
    for walk in walks:
        upto = min(before, walk.params.get("before", before))
        asked.append({**params, **walk.params, "before": upto, "limit": limit})
        on_ticket = [_one("{ticket_directory}", ["first_position = posting.place", *where])] if where else []
        said = " AND ".join([*walk.where, *on_ticket]) or "1 = 1"
        found = f"SELECT DISTINCT place FROM ({walk.postings}) AS posting WHERE {said} ORDER BY place DESC LIMIT :limit"
        statements.append((found, asked[-1]))
    answer = await reader.read(statements)
    # A walk that found a whole page stopped there; of the others, some read to the end of their lists.
    last: list[tuple[str, Params]] = []
    for walk, walked, rows in zip(walks, asked, answer.results, strict=True):
        if walk.length is not None and len(rows) < limit:
            last.append((f"{walk.postings.removesuffix(LENGTH)} LIMIT 1 OFFSET :length", {**walked, "length": walk.length - 1}))
    results = (await reader.read(last)).results if last else []
    floor = max((place for [(place, *_)] in filter(None, results)), default=0)
    places = sorted({place for rows in answer.results for (place,) in rows if place >= floor}, reverse=True)[:limit]
    return Hits(answer.position, places, floor if floor and len(places) < limit else None)


def _one(table: str, where: Sequence[str]) -> str:
    """A condition that a row with these properties exists, evaluated posting by posting."""
    return f"(SELECT 1 FROM {table} WHERE {' AND '.join(where)} LIMIT 1) = 1"


async def _rarest_first(
    reader: Reader, tokens: Sequence[bytes], here: Collection[str], before: int, sample: int
) -> dict[str, list[bytes]]:
    """The tokens by community, the rarest first: that whose some newest postings reach farthest back."""
    order = {community: list(tokens) for community in here}
    if len(tokens) == 1:
        return order
    step = max(sample // len(tokens), 1)
    sql = (
        "SELECT first_position FROM {ticket_tokens} WHERE community = :community AND token = :token"
        " AND first_position < :before ORDER BY first_position DESC LIMIT 1 OFFSET :step"
    )
    asked = [(community, token) for community in here for token in tokens]
    answer = await reader.read(
        [(sql, {"community": community, "token": token, "before": before, "step": step}) for community, token in asked]
    )
    reach = {pair: found[0][0] if found else -1 for pair, found in zip(asked, answer.results, strict=True)}
    for community, some in order.items():
        some.sort(key=lambda token: reach[community, token])
    return order


def _along_tokens(tokens: Sequence[bytes], number: str | None, community: str, read: int, looks: int) -> Walk:
    first, *others = tokens
    length = max((read - (min(SAMPLE, read // 4) if others else 0)) // looks, 1)
    postings = (
        "SELECT first_position AS place FROM {ticket_tokens} WHERE community = :community AND token = :token"
        f" AND first_position < :before ORDER BY first_position DESC{LENGTH}"
    )
    walk = Walk(postings, {"community": community, "token": first, "length": length}, length)
    for i, other in enumerate(others):
        walk.params[f"other_{i}"] = other
        same = ["community = :community", f"token = :other_{i}", "first_position = posting.place"]
        walk.where.append(_one("{ticket_tokens}", same))
    if number is not None:
        within = prefix(number, community)
        walk.params.update(_bounds_of(within))
        numbered = ["community = :community", "book = :number_book", "first_position = posting.place"]
        walk.where.append(_one("{ticket_numbers}", [*numbered, "number >= :low", "number < :high"]))
    return walk


def _bounds_of(within: Prefix | None) -> Params:
    """The parameters of a prefix; where no number can begin so, a range that is empty."""
    if within is None:
        return {"number_book": "", "low": "", "high": ""}
    return {"number_book": within.book, "low": within.low, "high": within.high}


async def _along_numbers(reader: Reader, number: str, here: Collection[str], read: int) -> list[Walk]:
    """Walks over the numbers that begin so: all of them where they are few, else along the book from where they end."""
    ranges = {community: found for community in here if (found := prefix(number, community)) is not None}
    of_book = "FROM {ticket_numbers} WHERE community = :community AND book = :number_book"
    between = f"{of_book} AND number >= :low AND number < :high ORDER BY number LIMIT :read"
    statements: list[tuple[str, Params]] = []
    for community, within in ranges.items():
        asked = {"community": community, **_bounds_of(within), "next_day": within.next_day, "read": read}
        statements.append((f"SELECT CAST(count(*) AS BIGINT) FROM (SELECT number {between}) AS ranged", asked))
        statements.append((f"SELECT position {of_book} AND number >= :next_day ORDER BY number LIMIT 1", asked))
    results = (await reader.read(statements)).results
    walks = []
    for (community, within), [(count,)], later in zip(ranges.items(), results[::2], results[1::2], strict=True):
        params: Params = {"community": community, **_bounds_of(within), "read": read}
        if count < read:
            postings = (
                f"SELECT first_position AS place FROM (SELECT first_position {between}) AS ranged"
                " WHERE first_position < :before ORDER BY first_position DESC"
            )
            walks.append(Walk(postings, params, None))
            continue
        # A ticket is received before it takes a number in a book: no ticket sought is newer than the next day's first number.
        params |= {"before": later[0][0] if later else NEVER, "length": read}
        postings = (
            f"SELECT first_position AS place, number {of_book} AND first_position < :before ORDER BY first_position DESC{LENGTH}"
        )
        walks.append(Walk(postings, params, read, ["number >= :low", "number < :high"]))
    return walks
