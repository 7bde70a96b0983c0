"""Approvals (第二人审批): what waits for a second person, and the decision."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.documents import ApprovalAnswer
from adapters.answers.paging import Cursor, Limit, Page, open_cursor, seal_cursor
from adapters.answers.ticket import approval_answer
from adapters.api import responses
from adapters.api.description import command_extra
from adapters.web.authentication import Caller, TheCaller
from adapters.web.command_bodies import Empty, Reason
from adapters.web.commands import command, waiting_response
from adapters.web.context import Api, TheApi
from adapters.web.reading import MinPosition, json_answer, reached
from adapters.web.routing import resources
from domain.approval.aggregate import ApprovalCase
from domain.kernel.terms import ApprovalState
from projections.approval.approvals import APPROVALS, ApprovalRow, approvals, waiting

router = resources("approvals")

Id = Annotated[UUID, Path(alias="id")]


class ApprovalDetail(ApprovalAnswer):
    """An approval with what was asked: null where the reader may not open it, or it was erased."""

    arguments: dict[str, Any] | None


async def page_of_approvals(
    api: Api, caller: Caller, status: ApprovalState | None, cursor: str | None, limit: int
) -> tuple[list[ApprovalRow], str | None]:
    """Approvals that the caller asked for or might decide on, the latest first, and the cursor of what follows."""
    g, now = api.gongdan, api.gongdan.clock.now()
    communities = caller.directory.communities_of(caller.login, now)
    before = int(open_cursor(cursor, int)[0]) if cursor is not None else None
    found: list[ApprovalRow] = []
    while len(found) <= limit:
        page = await approvals(
            g.projections.reader(APPROVALS.name),
            caller.login,
            communities,
            now=now,
            status=status,
            before=before,
            limit=limit + 1,
        )
        found += [row for row in page.items if _concerns(api, caller, row)]
        if len(page.items) <= limit:
            break
        before = page.items[-1].first_position
    return found[:limit], seal_cursor(found[limit - 1].first_position) if len(found) > limit else None


async def waiting_on(api: Api, caller: Caller, stream: UUID) -> list[ApprovalRow]:
    """What waits for a second person about a ticket or a finding, as far as the caller asked for it or might decide on it."""
    rows = await waiting(api.gongdan.projections.reader(APPROVALS.name), stream, api.gongdan.clock.now())
    return [row for row in rows if _concerns(api, caller, row)]


def _concerns(api: Api, caller: Caller, row: ApprovalRow) -> bool:
    return row.requested_by == caller.login or api.gongdan.oversight.may_decide(
        caller.directory, caller.login, row.community, row.by_right, row.area
    )


@router.get(
    "/approvals",
    summary="审批列表 · Approvals that one asked for or might decide",
    response_model=Page[ApprovalAnswer],
    responses=responses.read(),
)
async def list_approvals(
    api: TheApi,
    caller: TheCaller,
    status: Annotated[ApprovalState | None, Query(description="only those that stand so now")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """The latest first."""
    await reached(api, APPROVALS.name, min_position)
    found, more = await page_of_approvals(api, caller, status, cursor, limit)
    items = [approval_answer(case_of(row), api.gongdan.clock.now()) for row in found]
    return json_answer(Page[ApprovalAnswer](items=items, next_cursor=more))


def case_of(row: ApprovalRow) -> ApprovalCase:
    """The approval that a row of the read model tells of, without what was asked."""
    fields = {name: value for name, value in row._asdict().items() if name not in ("first_position", "by_right")}
    return ApprovalCase(right=row.by_right, **fields)


@router.get(
    "/approvals/{id}",
    summary="审批 · An approval and what was asked",
    response_model=ApprovalDetail,
    responses=responses.read(),
)
async def approval(api: TheApi, caller: TheCaller, id_: Id) -> Response:
    """For its requester and whoever might decide on it; opening what was asked is recorded in the access log."""
    reading = await api.gongdan.oversight.approval(caller.login, id_)
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
    """By a second, different person. Where the command is no longer legal the approval has failed, with the reason."""
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
    """With a reason."""
    async with command(request, Reason) as (write, body):
        return waiting_response(await write.api.gongdan.approvals.reject(id_, body.reason, write.request()), 200)
