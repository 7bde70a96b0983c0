"""Operations of findings (考评事项): record, decide, contest, read."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.appraisal.finding import FindingAnswer, finding_answer
from adapters.answers.appraisal.finding_lists import page_of_findings
from adapters.answers.freshness import reached
from adapters.answers.paging import Page
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.labels.labels import label
from adapters.web.authentication import TheCaller
from adapters.web.commands import Writing, command, done_response, waiting_response
from adapters.web.context import TheApi
from adapters.web.parameters import Cursor, Id, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.approval.waiting import Waiting
from domain.finding import commands as c
from domain.finding.desk import FindingDone
from domain.kernel.terms import FindingStatus, FindingTrigger
from projections.appraisal.findings import FINDINGS, FindingFilters

router = resources("appraisal")


async def _answer(write: Writing, done: FindingDone | Waiting, status: int = 200) -> Response:
    if isinstance(done, Waiting):
        return waiting_response(done)
    reading = await write.api.gongdan.finding_records.after_command(
        write.caller.login, done.state, directory=write.caller.directory
    )
    location = f"/findings/{done.state.id}" if status == 201 else None
    return done_response(finding_answer(reading), done, location)


@router.post(
    "/findings",
    summary="记录考评事项 · Record a finding",
    status_code=201,
    response_model=FindingAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(c.RecordFinding),
)
async def record(request: Request) -> Response:
    """Record a finding with its evidence. It counts once somebody confirms it who neither recorded it nor is a party to it."""
    async with command(request, c.RecordFinding) as (write, body):
        return await _answer(write, await write.api.gongdan.findings.record(body, write.request()), 201)


def _operation(model: type[c.FindingCommand]) -> Callable[[Request, UUID], Awaitable[Response]]:
    async def operation(request: Request, id_: Id) -> Response:
        async with command(request, model) as (write, body):
            return await _answer(write, await write.api.gongdan.findings.act(id_, body, write.request()))

    return operation


for _trigger, _model in c.COMMANDS.items():
    if _trigger is not FindingTrigger.RECORD:
        router.add_api_route(
            f"/findings/{{id}}/{_trigger.value}",
            _operation(_model),
            methods=["POST"],
            name=f"finding_{_trigger.value}",
            operation_id=f"finding_{_trigger.value}",
            summary=f"{label(_trigger)} · {label(_trigger, 'en')} a finding",
            description=_model.__doc__,
            response_model=FindingAnswer,
            responses=responses.write(200, waits=True),
            openapi_extra=command_extra(_model),
        )


@router.get("/findings", summary="考评事项列表 · Findings", response_model=Page[FindingAnswer], responses=responses.read())
async def list_findings(
    api: TheApi,
    caller: TheCaller,
    community: Annotated[str | None, Query(max_length=40, description="only of this community")] = None,
    status: Annotated[FindingStatus | None, Query(description="only in this status")] = None,
    item: Annotated[str | None, Query(max_length=5, description="only of this item of the scorecard")] = None,
    month: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}$", description="only on the tally of this month")] = None,
    party: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9._\-]{0,39}$", description="only naming this party")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """List findings, the latest first: those about the caller, and those on tallies that the caller may read."""
    await reached(api.gongdan, FINDINGS.name, min_position)
    filters = FindingFilters(community, status, item, month, party)
    return json_answer(await page_of_findings(api.gongdan, caller, filters, cursor, limit))


@router.get("/findings/{id}", summary="考评事项 · A finding", response_model=FindingAnswer, responses=responses.read())
async def one_finding(api: TheApi, caller: TheCaller, id_: Id) -> Response:
    """Read a finding with its texts. Opening them is recorded in the access log."""
    reading = await api.gongdan.finding_records.finding(caller.login, id_, directory=caller.directory)
    return json_answer(finding_answer(reading), {"ETag": f'"{reading.state.version}"'})
