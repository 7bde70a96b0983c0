"""Operations of the tally (考评表): reading a month, quarter or year, what-if, the month's close (月结), Excel."""

from io import BytesIO
from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.appraisal.reading import appraisal_answer, period_of
from adapters.answers.appraisal.tally import AppraisalAnswer
from adapters.answers.approval.approval import ApprovalAnswer
from adapters.answers.freshness import reached
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.exchange.exporting.appraisal_workbook import MEDIA_TYPE, write_appraisal
from adapters.web.authentication import TheCaller
from adapters.web.bodies.appraisal import Close
from adapters.web.commands import command, waiting_response
from adapters.web.context import TheApi
from adapters.web.parameters import MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.appraisal.month_close import CloseMonth
from domain.kernel.errors import NotFound, invalid
from domain.tally.calculation_file import Supposition, supposed
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY

router = resources("appraisal")

Community = Annotated[str, Path(max_length=40, description="小区编码 · the community's code")]
PeriodText = Annotated[str, Path(max_length=7, description="`YYYY-MM`, `YYYY-Qn` or `YYYY`")]
Explain = Annotated[bool, Query(description="为何扣分 · each line down to its findings, figures and clause")]


@router.get(
    "/appraisals/{community}/{period}",
    summary="考评表 · The tally of a month, a quarter or a year",
    response_model=AppraisalAnswer,
    responses=responses.read(),
)
async def tally(
    api: TheApi,
    caller: TheCaller,
    community: Community,
    period: PeriodText,
    explain: Explain = False,
    min_position: MinPosition = None,
) -> Response:
    """Read the tally, of the people whose tallies the caller may read.

    Depending on the role these are one's own, one's staff's, everybody's, or everybody's of closed months.
    """
    span = period_of(period)
    await reached(api.gongdan, APPRAISAL_TALLY.name, min_position)
    return json_answer(await appraisal_answer(api.gongdan, caller.directory, caller.login, community, span, explained=explain))


@router.post(
    "/appraisals/{community}/{period}/what-if",
    summary="假设 · What if more findings were confirmed",
    response_model=AppraisalAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Supposition),
)
async def what_if(request: Request, community: Community, period: PeriodText) -> Response:
    """Compute the explained tally as it would be with more findings. Nothing is written.

    A finding supposed for a closed month is charged in the open one.
    """
    async with command(request, Supposition) as (write, body):
        api, caller = write.api, write.caller
        if community not in caller.directory.communities_of(caller.login, api.gongdan.clock.now()):
            raise NotFound("community")
        findings = supposed(body, caller.directory.law_of(community))
        answer = await appraisal_answer(
            api.gongdan, caller.directory, caller.login, community, period_of(period), explained=True, supposed=findings
        )
        return json_answer(answer, {"ETag": '"0"', "Gongdan-Position": str(answer.position)})


@router.post(
    "/appraisals/{community}/{period}/close",
    summary="月结 · Close a month (two people)",
    status_code=202,
    response_model=ApprovalAnswer,
    responses=responses.write(202),
    openapi_extra=command_extra(Close),
)
async def close(request: Request, community: Community, period: PeriodText) -> Response:
    """Request a month's close. The tally is frozen with its hash once a second person approves exactly this tally.

    Findings confirmed later are charged in an open month.
    """
    async with command(request, Close) as (write, body):
        span = period_of(period)
        if span.kind != "month":
            raise invalid("/path/period", "a month is closed, such as 2026-03")
        asked = CloseMonth(community=community, month=str(span), hash=body.hash)
        return waiting_response(await write.api.gongdan.month_close.ask(asked, write.request()))


@router.get(
    "/appraisals/{community}/{period}/workbook",
    summary="考评表、效益工资表 · The tally and the pay list as Excel",
    response_class=Response,
    responses={
        **responses.read(),
        200: {"description": "an Excel workbook", "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def workbook(
    api: TheApi, caller: TheCaller, community: Community, period: PeriodText, min_position: MinPosition = None
) -> Response:
    """Download the scorecard's two columns (主责任人、付责任人) person by person, and the shares of performance pay."""
    span = period_of(period)
    await reached(api.gongdan, APPRAISAL_TALLY.name, min_position)
    gongdan = api.gongdan
    answer = await appraisal_answer(gongdan, caller.directory, caller.login, community, span)
    content = BytesIO()
    write_appraisal(content, answer, caller.directory.law_of(community).of(span.last))
    headers = {"Content-Disposition": f'attachment; filename="appraisal-{span}.xlsx"'}
    return Response(content.getvalue(), headers=headers, media_type=MEDIA_TYPE)
