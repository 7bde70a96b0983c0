"""Queries of the books (记录册) and the service report (服务月报)."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.answers.freshness import reached
from adapters.api.openapi import responses
from adapters.exchange.exporting.books import (
    RegisterAnswer,
    ServiceReportAnswer,
    register_answer,
    register_month,
    service_report_answer,
)
from adapters.rendering.environment import templates_of
from adapters.rendering.printed_book import POLICY, printed_book
from adapters.web.authentication import TheCaller
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam, Cursor, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from projections.engine.cursors import position_in, seal_cursor
from projections.ticket.register_books import REGISTER_BOOKS
from projections.ticket.service_report import SERVICE_REPORT

router = resources("books")

Book = Literal["repair", "complaint", "daily", "renovation", "move_in", "inspection", "visit"]


@router.get(
    "/registers/{book}",
    summary="记录册 · A book, number by number",
    response_model=RegisterAnswer,
    responses=responses.read(),
)
async def registers(
    api: TheApi,
    caller: TheCaller,
    book: Annotated[Book, Path(description="which of the seven books")],
    community: CommunityParam,
    from_: Annotated[date | None, Query(alias="from", description="登记日 · first day of recording, the community's")] = None,
    to: Annotated[date | None, Query(description="last day of recording, included")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """List the entries of a book. Numbers are gapless per day, void ones shown. Masked for every caller."""
    await reached(api.gongdan, REGISTER_BOOKS.name, min_position)
    after = position_in(cursor) or 0
    answer, more = await register_answer(
        api.gongdan, caller.directory, caller.login, community, book, from_day=from_, to_day=to, after=after, limit=limit
    )
    return json_answer(answer.model_copy(update={"next_cursor": None if more is None else seal_cursor(more)}))


@router.get(
    "/registers/{book}/print",
    summary="打印记录册 · A month of a book, to be printed on A4",
    response_class=HTMLResponse,
    responses={**responses.read(), 200: {"description": "the page", "content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def printed(
    request: Request,
    api: TheApi,
    caller: TheCaller,
    book: Annotated[Book, Path(description="which of the seven books")],
    community: CommunityParam,
    month: Annotated[str, Query(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM, in the community's time")],
    min_position: MinPosition = None,
) -> Response:
    """Print a month of a book, with those entries that the caller may read. Masked, with void numbers shown."""
    await reached(api.gongdan, REGISTER_BOOKS.name, min_position)
    g, directory = api.gongdan, caller.directory
    found = await register_month(g, directory, caller.login, community, book, month)
    name, zone = directory.community(community).name, directory.zone(community)
    page = printed_book(templates_of(request), book, name, month, zone, found.items, g.clock.now())
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


@router.get(
    "/reports/service",
    summary="服务月报 · A month in figures",
    response_model=ServiceReportAnswer,
    responses=responses.read(),
)
async def service_report(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    month: Annotated[str, Query(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM, in the community's time")],
    min_position: MinPosition = None,
) -> Response:
    """Read a month's volumes, clocks (as of now), first-time fix, rework, verdicts, people.

    For those who may read all tickets of the community.
    """
    await reached(api.gongdan, SERVICE_REPORT.name, min_position)
    return json_answer(await service_report_answer(api.gongdan, caller.directory, caller.login, community, month))
