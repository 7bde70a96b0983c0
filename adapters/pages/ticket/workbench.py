"""Workbench (工作台): what is unfinished in a community, now or at a past moment; live, and as a wall (``?kiosk=1``)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.ticket.lists import PING, SEND
from adapters.pages.frame.moments import moment_in
from adapters.pages.frame.site import HEADERS
from adapters.pages.frame.visitor import TheVisitor, Visitor, identify
from adapters.pages.sentences.ticket_sentences import sentence
from domain.kernel.errors import NotFound, Overloaded, Refusal
from domain.people.authority import Right
from domain.people.reading_scope import Scope
from domain.ticket.state import TicketState
from projections.engine.tables import micros
from projections.ticket.inflow import inflow
from projections.ticket.open_workload import OPEN_WORKLOAD, Workload, WorkloadRow
from projections.ticket.ticket_directory import TICKET_DIRECTORY

router = APIRouter(include_in_schema=False)

SOON = timedelta(hours=2)
"""A clock that breaches within this time is about to."""
LISTED = 8
"""Tickets in each list of the board; the whole list is one link away."""
PAGE, MOST = 200, 2000
"""Rows read at once, and at most; a community with more open tickets sees the most pressing ones."""
TOLD, LOOKED_BACK = 8, 400
"""Events of the ticker, and how far back in the log they are looked for."""


@dataclass(frozen=True)
class Told:
    """An event of the ticker."""

    at: datetime
    who: str
    ticket: str
    said: str


@dataclass(frozen=True)
class Board:
    """Everything the board shows, as of ``position``; ``moment`` is when the clocks were read."""

    moment: datetime
    position: int
    workload: Workload
    rows: Sequence[WorkloadRow]
    overdue: Sequence[WorkloadRow]
    soon: Sequence[WorkloadRow]
    unassigned: Sequence[WorkloadRow]
    carried: Sequence[WorkloadRow]
    inflow: Sequence[int]
    ticker: Sequence[Told]
    lag: int


At = Annotated[str, Query(max_length=40)]


@router.get("/")
async def workbench(visitor: TheVisitor, at: At = "", kiosk: bool = False) -> Response:
    """The board; of a past moment it doesn't move."""
    moment = moment_in(at, visitor)
    scope = await visitor.scope(Right.READ)
    found = await board(visitor, scope, moment) if scope else None
    return visitor.page("ticket/workbench.html", board=found, at=at if moment else "", kiosk=kiosk, listed=LISTED)


@router.get("/workbench/live")
async def live(request: Request, visitor: TheVisitor) -> Response:
    """The board again whenever it is another: the whole of it on every connection, each with the position as its id."""
    if await visitor.scope(Right.READ) is None:
        raise NotFound("page")
    return EventSourceResponse(_changes(request, visitor.community or ""), headers=HEADERS, ping=PING, send_timeout=SEND)


async def _changes(request: Request, community: str) -> AsyncIterator[ServerSentEvent]:
    shown, position = "", 0
    while True:
        try:
            visitor = await identify(request)
            scope = await visitor.scope(Right.READ)
            if scope is None or scope.community != community:
                return
            found = await board(visitor, scope)
        except Overloaded:
            found = None
        except Refusal:
            return
        if found is not None:
            position = max(position, found.position)
            text = visitor.part("ticket/workbench_board.html", board=found, listed=LISTED)
            if text != shown:
                shown = text
                yield ServerSentEvent(text, id=str(position))
        moves: Any = visitor.gongdan.projections.changes(OPEN_WORKLOAD.name, position, PING)
        async with aclosing(moves):
            position = max(position, await anext(moves, position))


async def board(visitor: Visitor, scope: Scope, at: datetime | None = None) -> Board:
    """What the board shows, as far as the visitor may read; ``at`` None is now."""
    projections, moment = visitor.gongdan.projections, at or visitor.gongdan.clock.now()
    position = await visitor.gongdan.store.position_at(at) if at else None
    areas, own = scope.limits
    first = await projections.workload(scope.community, now=moment, at=position, limit=PAGE, areas=areas, own=own)
    rows, cursor = list(first.items), first.cursor
    while cursor is not None and len(rows) < MOST:
        more = await projections.workload(scope.community, now=moment, limit=PAGE, cursor=cursor, areas=areas, own=own)
        rows, cursor = [*rows, *more.items], more.cursor
    now, soon = micros(moment), micros(moment + SOON)
    reader = projections.reader(TICKET_DIRECTORY.name)
    received = await inflow(reader, scope.community, until=moment, at=position, areas=areas, own=own)
    return Board(
        moment,
        first.position,
        first,
        rows,
        [row for row in rows if row.order_due < now],
        [row for row in rows if now <= row.order_due < soon],
        [row for row in rows if row.assignee is None and row.state in ("received", "classified")],
        [row for row in rows if row.deferred_until is not None and row.assignee is None],
        received,
        await _ticker(visitor, scope, first.position if position is None else position),
        max(0, (await visitor.gongdan.store.head()).position - first.position) if at is None else 0,
    )


async def _ticker(visitor: Visitor, scope: Scope, position: int) -> list[Told]:
    """The latest events of tickets that the visitor may read, the newest first, without personal data."""
    journal = visitor.gongdan.journal
    stored = await journal.log.read_log(max(0, position - LOOKED_BACK), LOOKED_BACK)
    found = []
    for one in reversed(stored):
        if one.position > position or one.community != scope.community or not one.topic.startswith("ticket."):
            continue
        state = await visitor.desk.load(one.stream_id)
        if _within(scope, state):
            found.append((one, state))
        if len(found) == TOLD:
            break
    numbers = await journal.log.numbers_of([state.id for _, state in found])
    told = []
    for one, state in found:
        event = journal.codec.decode(one)
        number = next((taken.number for taken in numbers.get(state.id, ())), "")
        told.append(Told(event.timestamp, visitor.person(event.meta.actor), number, sentence(event, visitor)))
    return told


def _within(scope: Scope, state: TicketState) -> bool:
    if scope.everything:
        return True
    area = state.location.area if state.location else None
    return area in scope.areas or (state.assignment is not None and state.assignment.assignee in scope.own)
