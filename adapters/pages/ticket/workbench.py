"""Workbench (工作台): unfinished tickets of a community, now or at a past moment; live, also for a wall (``?kiosk=1``)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from adapters.pages.frame.moments import moment_in
from adapters.pages.frame.site import HEADERS
from adapters.pages.frame.visitor import TheVisitor, Visitor, identify
from adapters.pages.sentences.ticket_sentences import sentence
from adapters.web.admission.streaming import PING
from adapters.web.admission.streaming import live as live_stream
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
"""Time before its due moment within which a clock counts as about to breach."""
LISTED = 8
"""Most tickets in each list of the board, which links to the whole list."""
PAGE, MOST = 200, 2000
"""Rows read at once, and rows read at most. Of more unfinished tickets the most urgent are listed."""
TOLD, LOOKED_BACK = 8, 400
"""Events in the ticker, and the positions of the log that are searched for them."""


@dataclass(frozen=True)
class TickerLine:
    """An event in the ticker, in words."""

    at: datetime
    who: str
    ticket: str
    said: str


@dataclass(frozen=True)
class Board:
    """Contents of the board, as of ``position``. Clocks are read at ``moment``; ``lag`` counts positions not read yet."""

    moment: datetime
    position: int
    workload: Workload
    rows: Sequence[WorkloadRow]
    overdue: Sequence[WorkloadRow]
    soon: Sequence[WorkloadRow]
    unassigned: Sequence[WorkloadRow]
    carried: Sequence[WorkloadRow]
    inflow: Sequence[int]
    ticker: Sequence[TickerLine]
    lag: int


At = Annotated[str, Query(max_length=40)]


@router.get("/")
async def workbench(visitor: TheVisitor, at: At = "", kiosk: bool = False) -> Response:
    """Show the board, live; of a past moment it is fixed."""
    moment = moment_in(at, visitor)
    scope = await visitor.scope(Right.READ)
    found = await board(visitor, scope, moment) if scope else None
    return visitor.page("ticket/workbench.html", board=found, at=at if moment else "", kiosk=kiosk, listed=LISTED)


@router.get("/workbench/live")
async def live(request: Request, visitor: TheVisitor) -> Response:
    """Send the whole board on connecting and whenever it changes; the position is the message's id.

    The browser drops messages while the tab is hidden, so each message must suffice alone.
    """
    if await visitor.scope(Right.READ) is None:
        raise NotFound("page")
    return live_stream(visitor.site.api.admission, _changes(request, visitor.community or ""), HEADERS)


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
    """Gather the board of the tickets within the visitor's scope; ``at`` None is now."""
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


async def _ticker(visitor: Visitor, scope: Scope, position: int) -> list[TickerLine]:
    """List the latest events of tickets within the visitor's scope, the newest first, without personal data."""
    journal = visitor.gongdan.journal
    stored = await journal.log.read_log(max(0, position - LOOKED_BACK), LOOKED_BACK)
    of_tickets = [
        one
        for one in reversed(stored)
        if one.position <= position and one.community == scope.community and one.topic.startswith("ticket.")
    ]
    if not scope.everything:
        tickets = await journal.load_all({one.stream_id for one in of_tickets}, TicketState)
        of_tickets = [one for one in of_tickets if _within(scope, tickets[one.stream_id])]
    shown = of_tickets[:TOLD]
    numbers = await journal.log.numbers_of(list({one.stream_id for one in shown}))
    lines = []
    for one in shown:
        event = journal.codec.decode(one)
        number = next((taken.number for taken in numbers[one.stream_id]), "")
        lines.append(TickerLine(event.timestamp, visitor.person(event.meta.actor), number, sentence(event, visitor)))
    return lines


def _within(scope: Scope, state: TicketState) -> bool:
    area = state.location.area if state.location else None
    return area in scope.areas or (state.assignment is not None and state.assignment.assignee in scope.own)
