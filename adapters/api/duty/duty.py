"""Queries of duty (值班): handover list, duty logs, coverage with gaps, morning review, reminders."""

from datetime import date
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from adapters.answers.duty.documents import CoverageAnswer, HandoverListAnswer, LogAnswer, MorningReviewAnswer, RemindersAnswer
from adapters.answers.duty.reading import (
    coverage_answer,
    handover_list_answer,
    log_answer,
    morning_review_answer,
    reminders_answer,
)
from adapters.api.openapi import responses
from adapters.web.authentication import TheCaller
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam, Cursor, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.kernel import terms as t
from domain.kernel.values import Moment

router = resources("duty")

From = Annotated[Moment | None, Query(alias="from", description="起 · from this moment; a day ago if left out")]
To = Annotated[Moment | None, Query(description="止 · up to, not including, this moment; now if left out")]


@router.get(
    "/handover-list",
    summary="移交清单 · What the next handover sheet would list",
    response_model=HandoverListAnswer,
    responses=responses.read(),
)
async def get_handover_list(
    api: TheApi, caller: TheCaller, community: CommunityParam, min_position: MinPosition = None
) -> Response:
    """List all unfinished tickets by receipt. Deferred tickets that were not converted by noon are marked."""
    return json_answer(await handover_list_answer(api.gongdan, caller, community, min_position))


@router.get(
    "/night-log",
    summary="夜间值班记录表、工作日志 · The night log, or the work journal",
    response_model=LogAnswer,
    responses=responses.read(),
)
async def get_night_log(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    log: Annotated[t.DutyLog, Query(description="which of the two")] = t.DutyLog.NIGHT_LOG,
    from_: From = None,
    to: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """List lines of the night log or the work journal.

    Opening the texts is recorded in the access log; where that fails they are masked.
    """
    return json_answer(await log_answer(api.gongdan, caller, community, log, from_, to, limit, cursor, min_position))


@router.get(
    "/duty-coverage",
    summary="值班覆盖 · Who held the desk, late arrivals, handovers not signed in time, gaps",
    response_model=CoverageAnswer,
    responses=responses.read(),
)
async def get_duty_coverage(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    from_: From = None,
    to: To = None,
    limit: Limit = 200,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """List who held the desk, which is never to be without a person (D5 六), with late arrivals and overdue signatures.

    Both signatures are due within `handover.sign_within_minutes` of the period's end.
    """
    return json_answer(await coverage_answer(api.gongdan, caller, community, from_, to, limit, cursor, min_position))


@router.get(
    "/morning-review",
    summary="晨间查阅 · The supervisor's morning review",
    response_model=MorningReviewAnswer,
    responses=responses.read(),
)
async def get_morning_review(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    day: Annotated[date | None, Query(alias="date", description="哪一天 · of which day; today's if left out")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Read the morning review; for those who may review. Only the command `review` proves that a shift was read."""
    return json_answer(await morning_review_answer(api.gongdan, caller, community, day, min_position))


@router.get(
    "/reminders",
    summary="提醒 · What runs late, or is about to",
    response_model=RemindersAnswer,
    responses=responses.read(),
)
async def get_reminders(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    standing: Annotated[bool, Query(description="只看未解除的 · only open ones, whose cause lasts")] = True,
    limit: Limit = 50,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """List reminders: all of the community for those who may read all its tickets, else those about oneself."""
    return json_answer(await reminders_answer(api.gongdan, caller, community, standing, limit, cursor, min_position))
