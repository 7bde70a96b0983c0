"""Operations on personal data (个人信息): erasure, disclosure to the police, the access log."""

from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.approval.approval import ApprovalAnswer
from adapters.answers.paging import Page
from adapters.answers.people.documents import AccessAnswer
from adapters.answers.people.people import access_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.authentication import TheCaller
from adapters.web.commands import command, waiting_response
from adapters.web.context import TheApi
from adapters.web.parameters import Cursor, Limit, OptionalCommunity
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.service_desk.disclosure import Disclose
from domain.service_desk.erasure import Erase
from projections.engine.cursors import position_in, seal_cursor

router = resources("privacy")


@router.post(
    "/subjects/erase",
    summary="删除个人信息 · Erase the person a ticket is about (two people)",
    status_code=202,
    response_model=ApprovalAnswer,
    responses=responses.write(202),
    openapi_extra=command_extra(Erase),
)
async def erase(request: Request) -> Response:
    """Request the erasure of a person. Once a second person approves, their key is destroyed and their fields read "erased"."""
    async with command(request, Erase) as (write, body):
        return waiting_response(await write.api.gongdan.erasure.ask(body, write.request()))


@router.post(
    "/subjects/disclose",
    summary="公安机关查案 · Disclose a ticket's personal data to the police (two people)",
    status_code=202,
    response_model=ApprovalAnswer,
    responses=responses.write(202),
    openapi_extra=command_extra(Disclose),
)
async def disclose(request: Request) -> Response:
    """Request disclosure under the police's reference number (D2 duty 21), carried out once a second person approves."""
    async with command(request, Disclose) as (write, body):
        return waiting_response(await write.api.gongdan.disclosure.ask(body, write.request()))


@router.get("/audit/access", summary="查阅记录 · The access log", response_model=Page[AccessAnswer], responses=responses.read())
async def accesses(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """List the access log, the oldest first: who opened whose data. For auditors and privacy officers."""
    after = position_in(cursor) or 0
    entries, more = await api.gongdan.oversight.accesses(caller.directory, caller.login, community, after, limit)
    items = [access_answer(position, access) for position, access in entries]
    return json_answer(Page[AccessAnswer](items=items, next_cursor=seal_cursor(items[-1].position) if more else None))
