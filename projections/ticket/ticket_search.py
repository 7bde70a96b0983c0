"""Searching the ticket directory (工单目录) with filters, newest first, in pages that do not shift while tickets arrive."""

import re
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
from projections.engine.tables import micros
from projections.engine.view import Params, Reader
from projections.ticket.ticket_directory import NUMBERS, PHONE, SEARCHED, TICKETS, TicketNumberRow, TicketRow

MOST = 200
"""Maximum size of a page."""

FEW = 500
"""Maximum number of tickets listed by id in a statement (see ``_narrowed``)."""

HERE = "/*here*/"
"""Placeholder for the condition on the community."""

NUMBER = re.compile(rf"(?:{'|'.join(Book)})-[\w\-]*\Z")


class QueryTokens(Protocol):
    """Makes the keyed tokens of search terms, equal to those of the texts to be found."""

    async def phone(self, phone: str) -> bytes:
        """The token of a phone number."""
        ...

    async def text(self, text: str) -> Collection[bytes]:
        """The tokens of a text's pairs of characters."""
        ...


@dataclass(frozen=True, slots=True)
class Filters:
    """Search filters. None or an empty sequence disables a filter; several values mean any of them.

    ``communities`` None means all. ``clock`` is running, paused or breached at the asker's now. ``q`` is the beginning of a
    number or book number, or a text whose pairs of characters must all occur in the description, the reporter's name or the
    dwelling. ``areas`` and ``own`` limit the search to what the asker may see: tickets of these areas, or carried by one of
    these. Tickets were received at ``received_from`` or later and before ``received_to``.
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
    """A page of tickets, the latest recorded first, at ``position``; ``cursor`` is None on the last page."""

    position: int
    items: Sequence[TicketRow]
    cursor: str | None


async def search(
    reader: Reader, tokens: QueryTokens, filters: Filters, *, now: datetime, limit: int = 50, cursor: str | None = None
) -> Found:
    """Search tickets. Raises InvalidInput for an invalid limit, cursor or clock."""
    if not 1 <= limit <= MOST:
        raise InvalidInput([FieldError("/limit", f"must be from 1 to {MOST}")])
    params: Params = {"now": micros(now), "limit": limit + 1}
    where = [*_plain(filters, params), *_bounds(filters, params)]
    texts = await _texts(filters, tokens, params)
    position = None
    if texts:
        position, conditions = await _narrowed(reader, texts, filters, params)
        where += conditions
    if cursor is not None:
        params["before"] = position_in(cursor)
        where.append("first_position < :before")
    # One statement per community: each reads an index in the list's order and stops at the limit, which a condition on
    # several communities would prevent.
    if filters.communities is None:
        statements = [(_page(where), params)]
    else:
        mine = ["community = :community", *where]
        statements = [(_page(mine), {**params, "community": code}) for code in set(filters.communities)]
    answer = await reader.read(statements)
    rows = [TICKETS.decode(found) for results in answer.results for found in results]
    rows.sort(key=lambda row: -row.first_position)
    cursor = seal_cursor(rows[limit - 1].first_position) if len(rows) > limit else None
    return Found(answer.position if position is None else position, rows[:limit], cursor)


def _page(where: Sequence[str]) -> str:
    said = " AND ".join(where) or "1 = 1"
    return f"SELECT {TICKETS.listed} FROM {{ticket_directory}} WHERE {said} ORDER BY first_position DESC LIMIT :limit"


async def _narrowed(reader: Reader, texts: Sequence[str], f: Filters, params: Params) -> tuple[int, list[str]]:
    """Turn the subqueries for texts and numbers into conditions: a list of ids if they find few tickets, else the subquery.

    Neither database knows in advance how few there are; given the subquery, it would scan the whole directory for them.
    """
    here, somewhere = ("", "") if f.communities is None else (" AND community = :community", " AND community IN :communities")
    asked = {**params, "communities": list(f.communities or ()), "many": FEW + 1}
    answer = await reader.read([(f"{text.replace(HERE, somewhere)} LIMIT :many", asked) for text in texts])
    where = []
    for i, (text, found) in enumerate(zip(texts, answer.results, strict=True)):
        if len(found) <= FEW:
            params[f"few_{i}"] = [ticket for (ticket,) in found]
            where.append(f"ticket IN :few_{i}")
        else:
            where.append(f"ticket IN ({text.replace(HERE, here)})")
    return answer.position, where


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


async def _texts(f: Filters, tokens: QueryTokens, params: Params) -> list[str]:
    """Subqueries for the tickets with the phone, number and text sought."""
    texts = []
    if f.phone is not None:
        params["phone"], params["phone_field"] = await tokens.phone(f.phone), PHONE
        texts.append(f"SELECT stream FROM {{ticket_tokens}} WHERE token = :phone AND field = :phone_field{HERE}")
    q = normalize("NFKC", f.q or "").strip()
    if NUMBER.match(q.upper()):
        # a community's code may be written in either case, so only the book's letters are folded
        params["number"] = q[:2].upper() + q[2:]
        params["after"] = params["number"] + "\U0010ffff"
        texts.append(f"SELECT DISTINCT ticket FROM {{ticket_numbers}} WHERE number >= :number AND number < :after{HERE}")
    elif q:
        params["words"], params["searched"] = list(await tokens.text(q)), list(SEARCHED)
        params["how_many"] = len(params["words"])
        texts.append(
            f"SELECT stream FROM {{ticket_tokens}} WHERE token IN :words AND field IN :searched{HERE}"
            " GROUP BY stream HAVING count(DISTINCT token) = :how_many"
        )
    return texts
