"""Queries of the open workload (在办工单) and its live stream, the technician's worklist, and the list of tickets."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

from fastapi import Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.freshness import reached
from adapters.answers.ticket.lists import TicketPage, WorklistAnswer, assignee_named, scope_of, ticket_page
from adapters.answers.ticket.rows import WorkloadAnswer, work_order_answer, workload_answer
from adapters.api.openapi import responses
from adapters.web.admission.streaming import PING, live
from adapters.web.authentication import TheCaller, identify
from adapters.web.context import Api, TheApi
from adapters.web.parameters import CommunityParam, Cursor, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.kernel.errors import Overloaded, Refusal
from domain.kernel.terms import Book, ClockStatus, Kind, State
from domain.kernel.values import Moment
from domain.people.authority import Right, denied
from domain.people.reading_scope import Scope, carried_by
from projections.ticket.open_workload import OPEN_WORKLOAD
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from projections.ticket.ticket_search import Filters

router = resources()

CARRIER = r"^[\w.\-:]{1,60}$"


async def _position_then(api: Api, at: datetime | None) -> int | None:
    return None if at is None else await api.gongdan.store.position_at(at)


@router.get(
    "/workload",
    tags=["workload"],
    summary="在办工单 · The open workload",
    response_model=WorkloadAnswer,
    responses=responses.read(),
)
async def workload(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    known_at: Annotated[Moment | None, Query(description="as known at this moment, by when events were recorded")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """Count and list unfinished tickets, the overdue ones first. Clocks are read as of now, or of `known_at`."""
    scope = await scope_of(api.gongdan, caller, community)
    await reached(api.gongdan, OPEN_WORKLOAD.name, min_position)
    position = await _position_then(api, known_at)
    if position is not None:
        await reached(api.gongdan, OPEN_WORKLOAD.name, position)
    answer = await _workload(api, scope, known_at or api.gongdan.clock.now(), position, limit, cursor)
    return json_answer(answer)


async def _workload(
    api: Api, scope: Scope, now: datetime, at: int | None = None, limit: int = 50, cursor: str | None = None
) -> WorkloadAnswer:
    areas, own = scope.limits
    found = await api.gongdan.projections.workload(
        scope.community, now=now, at=at, limit=limit, cursor=cursor, areas=areas, own=own
    )
    return workload_answer(scope.community, found, now)


@router.get(
    "/workload/stream",
    tags=["workload"],
    summary="在办工单实时推送 · The open workload, live (server-sent events)",
    response_class=EventSourceResponse,
    responses={**responses.read(), 200: {"description": "`snapshot`, then `change`", "content": {"text/event-stream": {}}}},
)
async def stream(request: Request, api: TheApi, caller: TheCaller, community: CommunityParam) -> Response:
    """Stream the workload: a `snapshot` on connecting, then a `change` with the whole workload whenever it differs.

    `id` is the position. Token and rights are checked again before every message, and the stream ends where they no longer
    suffice. Before the server stops it sends `closing`; then connect again. 503 while too many streams are open.
    """
    await scope_of(api.gongdan, caller, community)
    return live(api.admission, _changes(request, api, community))


async def _changes(request: Request, api: Api, community: str) -> AsyncIterator[ServerSentEvent]:
    event, shown, position = "snapshot", None, 0
    while True:
        try:
            caller = await identify(request)
            answer = await _workload(api, await scope_of(api.gongdan, caller, community), api.gongdan.clock.now())
        except Overloaded:
            answer = None
        except Refusal:
            return
        if answer is not None:
            position = max(position, answer.position)
            # The position moves with every event, also of other communities, so it is left out of the comparison.
            content = answer.model_copy(update={"position": 0})
            if content != shown:
                yield ServerSentEvent(answer.model_dump_json(), event=event, id=str(answer.position))
                event, shown = "change", content
        async with aclosing(api.gongdan.projections.changes(OPEN_WORKLOAD.name, position, PING)) as moves:  # type: ignore[type-var]
            position = max(position, await anext(moves, position))


@router.get(
    "/worklist",
    tags=["workload"],
    summary="我的工单 · Work orders to be done",
    response_model=WorklistAnswer,
    responses=responses.read(),
)
async def worklist(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    assignee: Annotated[str | None, Query(pattern=CARRIER, description="login; the caller's own if left out")] = None,
    limit: Limit = 200,
    min_position: MinPosition = None,
) -> Response:
    """List the work orders of the caller and their teams; another person's for those who may read all tickets."""
    gongdan = api.gongdan
    scope = await scope_of(api.gongdan, caller, community)
    login = assignee or caller.login
    if login != caller.login and not scope.everything:
        raise denied(Right.READ, "worklist", caller.directory.roles(caller.login, community, gongdan.clock.now()))
    await reached(api.gongdan, TECHNICIAN_WORKLIST.name, min_position)
    carriers = carried_by(caller.directory, login, community)
    found = await gongdan.projections.worklist(carriers, communities=[community], limit=limit)
    answer = WorklistAnswer(position=found.position, items=[work_order_answer(row) for row in found.items])
    return json_answer(answer)


@router.get(
    "/tickets",
    tags=["tickets"],
    summary="工单列表 · Tickets, newest first",
    response_model=TicketPage,
    responses=responses.read(),
)
async def tickets(
    api: TheApi,
    caller: TheCaller,
    community: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[list[State] | None, Query()] = None,
    kind: Annotated[list[Kind] | None, Query()] = None,
    assignee: Annotated[str | None, Query(pattern=CARRIER, description="a login, `team:CODE` or `contractor:CODE`")] = None,
    clock: Annotated[ClockStatus | None, Query(description="running, paused or breached now")] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=100,
            description="the beginning of a number; or words of two characters or more, all of which are held",
        ),
    ] = None,
    phone: Annotated[str | None, Query(max_length=30, description="a telephone number; the look-up is recorded")] = None,
    received_from: Annotated[Moment | None, Query()] = None,
    received_to: Annotated[Moment | None, Query()] = None,
    book: Annotated[Book | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """List tickets, masked for every caller. A search for texts or a phone needs the right to open personal data.

    A search by `q` or `phone` reads at most 20,000 entries of its index, the newest first. Where that was not enough to fill the
    page, `searched_from` says how far it looked, and `next_cursor` goes further back.
    """
    filters = Filters(
        states=state or (),
        kinds=kind or (),
        assignees=[assignee_named(assignee)] if assignee else (),
        clock=clock,
        q=q,
        phone=phone,
        received_from=received_from,
        received_to=received_to,
        book=book,
    )
    await reached(api.gongdan, TICKET_DIRECTORY.name, min_position)
    page = await ticket_page(api.gongdan, caller, filters, community, limit, cursor)
    return json_answer(page)
