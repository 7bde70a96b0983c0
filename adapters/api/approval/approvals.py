"""Operations of approvals (第二人审批): commands that wait for a second person, and the decision."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.approval.approval import ApprovalAnswer, approval_answer
from adapters.answers.approval.lists import ApprovalDetail, page_of_approvals
from adapters.answers.freshness import reached
from adapters.answers.paging import Page
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.authentication import TheCaller
from adapters.web.bodies.fields import Empty, Reason
from adapters.web.commands import command, waiting_response
from adapters.web.context import TheApi
from adapters.web.parameters import Cursor, Id, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.approval.aggregate import ApprovalCase
from domain.kernel.terms import ApprovalState
from projections.approval.approvals import APPROVALS, ApprovalRow

router = resources("approvals")


@router.get(
    "/approvals",
    summary="审批列表 · Approvals that one asked for or might decide",
    response_model=Page[ApprovalAnswer],
    responses=responses.read(),
)
async def list_approvals(
    api: TheApi,
    caller: TheCaller,
    status: Annotated[ApprovalState | None, Query(description="only in this status now")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """List the approvals that the caller requested or may decide on, the latest first."""
    await reached(api.gongdan, APPROVALS.name, min_position)
    found, more = await page_of_approvals(api.gongdan, caller, status, cursor, limit)
    items = [approval_answer(case_of(row), api.gongdan.clock.now()) for row in found]
    return json_answer(Page[ApprovalAnswer](items=items, next_cursor=more))


def case_of(row: ApprovalRow) -> ApprovalCase:
    """Make the approval of a row of the read model, which has no arguments."""
    fields = {name: value for name, value in row._asdict().items() if name not in ("first_position", "by_right")}
    return ApprovalCase(right=row.by_right, **fields)


@router.get(
    "/approvals/{id}",
    summary="审批 · An approval and what was asked",
    response_model=ApprovalDetail,
    responses=responses.read(),
)
async def approval(api: TheApi, caller: TheCaller, id_: Id) -> Response:
    """Read an approval and the command's arguments; for its requester and those who may decide on it.

    Opening the arguments is recorded in the access log.
    """
    reading = await api.gongdan.oversight.approval(caller.login, id_, directory=caller.directory)
    answer = approval_answer(reading.case, api.gongdan.clock.now())
    detail = ApprovalDetail(**answer.model_dump(), arguments=reading.arguments)
    return json_answer(detail, {"ETag": f'"{reading.case.version}"'})


@router.post(
    "/approvals/{id}/approve",
    summary="同意 · Approve, and carry the command out",
    response_model=ApprovalAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Empty),
)
async def approve(request: Request, id_: Id) -> Response:
    """Approve as a second, different person, and carry the command out.

    If the command is no longer legal, the approval fails and `outcome` has the reason.
    """
    async with command(request, Empty) as (write, _):
        return waiting_response(await write.api.gongdan.approvals.approve(id_, write.request()), 200)


@router.post(
    "/approvals/{id}/reject",
    summary="不同意 · Reject",
    response_model=ApprovalAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Reason),
)
async def reject(request: Request, id_: Id) -> Response:
    """Reject as a second, different person, with a reason."""
    async with command(request, Reason) as (write, body):
        return waiting_response(await write.api.gongdan.approvals.reject(id_, body.reason, write.request()), 200)
