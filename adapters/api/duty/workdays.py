"""Operations of the duty calendar (工作日历): published workdays and days off, and a community's own, decided by two people."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.approval.approval import ApprovalAnswer
from adapters.answers.duty.documents import CalendarAnswer, DayAnswer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.authentication import TheCaller
from adapters.web.commands import command, waiting_response
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.kernel.errors import NotFound, invalid
from domain.kernel.terms import DaySource
from domain.publication.commands import OverrideCalendar
from domain.rules.workdays import day_of

router = resources("duty")

LONGEST = 400
"""Most days in one answer."""


@router.get("/calendar", summary="工作日历 · Workdays and days off", response_model=CalendarAnswer, responses=responses.read())
async def calendar(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    from_: Annotated[date, Query(alias="from", description="起 · from this day")],
    to: Annotated[date, Query(description="止 · up to and with this day")],
) -> Response:
    """Read the days of a community. Its own decisions override published days; days not published yet are provisional."""
    gongdan = api.gongdan
    if community not in caller.directory.communities_of(caller.login, gongdan.clock.now()):
        raise NotFound("community")
    if not (0 <= (to - from_).days < LONGEST and from_.year >= 2001 and to.year < 2200):
        raise invalid("/query/to", f"at most {LONGEST} days, in order, in the years 2001 to 2199")
    own = caller.directory.community(community).calendar
    days = [day_of(from_ + timedelta(days=n), own, gongdan.holidays) for n in range((to - from_).days + 1)]
    provisional = sorted({day.date.year for day in days if day.source is DaySource.PROVISIONAL})
    answers = [DayAnswer.model_validate(day) for day in days]
    return json_answer(CalendarAnswer(community=community, days=answers, provisional_years=provisional))


@router.post(
    "/calendar/overrides",
    summary="工作日历调整 · Override a published day (two people)",
    status_code=202,
    response_model=ApprovalAnswer,
    responses=responses.write(202),
    openapi_extra=command_extra(OverrideCalendar),
)
async def override(request: Request) -> Response:
    """Request an override of a day, in force once a second person approves. Null withdraws an override."""
    async with command(request, OverrideCalendar) as (write, body):
        return waiting_response(await write.api.gongdan.publication.ask(body, write.request()))
