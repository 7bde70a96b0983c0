"""Searching the ticket directory (工单目录) with filters, newest first, in pages that do not shift while tickets arrive.

A search for words, a phone or the beginning of a number reads a bounded number of postings (:mod:`projections.ticket.postings`).
Where that ends before the last ticket, the answer says from which moment on it looked, and its cursor goes further.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from unicodedata import normalize
from uuid import UUID

from domain.kernel.errors import FieldError, InvalidInput, invalid
from domain.kernel.terms import Book, ClockStatus, Kind, State
from domain.people.assignee import Assignee
from projections.engine.bounds import carried, seen
from projections.engine.cursors import position_in, seal_cursor
from projections.engine.tables import NEVER, micros, moment
from projections.engine.view import Params, Reader
from projections.ticket.postings import NUMBER, Sought, communities, hits
from projections.ticket.ticket_directory import NUMBERS, TICKETS, TicketNumberRow, TicketRow

MOST = 200
"""Maximum size of a page."""


class QueryTokens(Protocol):
    """Makes the keyed tokens of search terms, equal to those of the texts to be found."""

    async def phone(self, phone: str) -> bytes:
        """The token of a phone number."""
        ...

    async def text(self, text: str) -> Collection[bytes]:
        """The tokens of a word's pairs of characters."""
        ...


@dataclass(frozen=True, slots=True)
class Filters:
    """Search filters. None or an empty sequence disables a filter; several values mean any of them.

    ``communities`` None means all. ``clock`` is running, paused or breached at the asker's now. ``q`` is the beginning of a
    number or book number, or words parted by white space: each word's pairs of characters must all occur in the description, the
    reporter's name or the dwelling. A word of one character is found only where it is a whole text. ``areas`` and ``own`` limit
    the search to what the asker may see: tickets of these areas, or carried by one of these. Tickets were received at
    ``received_from`` or later and before ``received_to``.
    """

    communities: Sequence[str] | None = None
    states: Sequence[State] = ()
    kinds: Sequence[Kind] = ()
    assignees: Sequence[Assignee] = ()
    clock: ClockStatus | None = None
    q: str | None = None
    phone: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    book: Book | None = None
    areas: Sequence[str] | None = None
    own: Sequence[Assignee] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of tickets, the latest recorded first, at ``position``; ``cursor`` is None on the last page.

    ``searched_from``: the search stopped at tickets first recorded at this moment; ``cursor`` goes on from there (None: the page
    is full, or all tickets were looked at).
    """

    position: int
    items: Sequence[TicketRow]
    cursor: str | None
    searched_from: datetime | None = None


async def search(
    reader: Reader, tokens: QueryTokens, filters: Filters, *, now: datetime, limit: int = 50, cursor: str | None = None
) -> Found:
    """Search tickets. Raises InvalidInput for an invalid limit, cursor or clock."""
    if not 1 <= limit <= MOST:
        raise InvalidInput([FieldError("/limit", f"must be from 1 to {MOST}")])
    params: Params = {"now": micros(now)}
    where = [*_plain(filters, params), *_bounds(filters, params)]
    sought = await _sought(filters, tokens)
    before = position_in(cursor)
    if sought is None:
        return await _listed(reader, filters.communities, where, params, before, limit)
    here = await communities(reader) if filters.communities is None else sorted(set(filters.communities))
    before = NEVER if before is None else before
    found = await hits(reader, sought, where, params, here, before=before, limit=limit + 1)
    in_order = f"SELECT {TICKETS.listed} FROM {{ticket_directory}} WHERE first_position IN :places ORDER BY first_position DESC"
    recorded = "SELECT first_recorded_at FROM {ticket_directory} WHERE first_position = :floor"
    answer = await reader.read([(in_order, {"places": found.places[:limit]}), (recorded, {"floor": found.floor})])
    rows, [*floor] = answer.results
    items = [TICKETS.decode(row) for row in rows]
    if found.floor is not None and floor:
        return Found(found.position, items, seal_cursor(found.floor), moment(floor[0][0]))
    more = seal_cursor(found.places[limit - 1]) if len(found.places) > limit else None
    return Found(found.position, items, more)


async def _listed(
    reader: Reader, here: Sequence[str] | None, where: Sequence[str], params: Params, before: int | None, limit: int
) -> Found:
    """A page of the tickets with these properties, without a search."""
    params["limit"] = limit + 1
    if before is not None:
        params["before"] = before
        where = [*where, "first_position < :before"]
    # One statement per community: each reads an index in the list's order and stops at the limit, which a condition on
    # several communities would prevent.
    if here is None:
        statements = [(_page(where), params)]
    else:
        mine = ["community = :community", *where]
        statements = [(_page(mine), {**params, "community": code}) for code in set(here)]
    answer = await reader.read(statements)
    rows = [TICKETS.decode(found) for results in answer.results for found in results]
    rows.sort(key=lambda row: -row.first_position)
    cursor = seal_cursor(rows[limit - 1].first_position) if len(rows) > limit else None
    return Found(answer.position, rows[:limit], cursor)


def _page(where: Sequence[str]) -> str:
    said = " AND ".join(where) or "1 = 1"
    return f"SELECT {TICKETS.listed} FROM {{ticket_directory}} WHERE {said} ORDER BY first_position DESC LIMIT :limit"


async def find(reader: Reader, ticket: UUID) -> TicketRow | None:
    """A ticket by id; None if there is none."""
    sql = f"SELECT {TICKETS.listed} FROM {{ticket_directory}} WHERE ticket = :ticket"
    [rows] = (await reader.read([(sql, {"ticket": ticket.bytes})])).results
    return TICKETS.decode(rows[0]) if rows else None


async def numbers_of(reader: Reader, ticket: UUID) -> Sequence[TicketNumberRow]:
    """The numbers that a ticket took, void ones included, in the order of the log."""
    sql = f"SELECT {NUMBERS.listed} FROM {{ticket_numbers}} WHERE ticket = :ticket ORDER BY position"
    [rows] = (await reader.read([(sql, {"ticket": ticket.bytes})])).results
    return [NUMBERS.decode(found) for found in rows]


def _plain(f: Filters, params: Params) -> list[str]:
    where = []
    if f.states:
        params["states"] = [state.value for state in f.states]
        where.append("state IN :states")
    if f.kinds:
        params["kinds"] = [kind.value for kind in f.kinds]
        where.append("kind IN :kinds")
    if f.book is not None:
        params["book"] = f.book.value
        where.append("book = :book")
    if f.received_from is not None:
        params["received_from"] = micros(f.received_from)
        where.append("received_at >= :received_from")
    if f.received_to is not None:
        params["received_to"] = micros(f.received_to)
        where.append("received_at < :received_to")
    if f.clock is not None:
        where.append(_clock(f.clock))
    return where


def _clock(status: ClockStatus) -> str:
    if status is ClockStatus.BREACHED:
        return "breach_at < :now"
    if status is ClockStatus.RUNNING:
        return "runs_until >= :now"
    if status is ClockStatus.PAUSED:
        return "paused = 1"
    raise invalid("/clock", "must be running, paused or breached")


def _bounds(f: Filters, params: Params) -> list[str]:
    where = [carried(f.assignees, "assignee", params)] if f.assignees else []
    return where + seen(f.areas, f.own, params)


async def _sought(f: Filters, tokens: QueryTokens) -> Sought | None:
    """The tokens of phone and words, and the number sought; None where neither is."""
    found = [await tokens.phone(f.phone)] if f.phone is not None else []
    q = normalize("NFKC", f.q or "").strip()
    if NUMBER.match(q.upper()):
        return Sought(found, q)
    for word in q.split():
        found += await tokens.text(word)
    return Sought(list(dict.fromkeys(found))) if found else None
