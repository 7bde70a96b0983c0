"""Operations of API tokens (令牌) and page sessions (登录会话), one's own or, for administrators of everything, anybody's."""

from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.paging import Page, page_of
from adapters.answers.people import access
from adapters.answers.people.documents import MadeToken, SessionAnswer, TokenAnswer
from adapters.answers.people.people import session_answer, token_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.authentication import TheCaller
from adapters.web.bodies.fields import Empty
from adapters.web.bodies.people import NewToken
from adapters.web.commands import command
from adapters.web.context import TheApi
from adapters.web.parameters import Cursor, Id, Limit
from adapters.web.reading import json_answer
from adapters.web.routing import PREFIX, resources

router = resources("registry")


@router.get("/tokens", summary="令牌 · API tokens", response_model=Page[TokenAnswer], responses=responses.read())
async def tokens(api: TheApi, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """List one's own tokens; administrators of everything list all. Secrets are not stored and can't be shown."""
    rows = await access.tokens_of(api.gongdan, caller.directory, caller.login)
    items, more = page_of(((row.created_at.isoformat() + row.id.hex, token_answer(row)) for row in rows), limit, cursor)
    return json_answer(Page[TokenAnswer](items=items, next_cursor=more))


@router.post(
    "/tokens",
    summary="签发令牌 · Make a token",
    status_code=201,
    response_model=MadeToken,
    responses=responses.write(201),
    openapi_extra=command_extra(NewToken),
)
async def add_token(request: Request) -> Response:
    """Make a token; for administrators of everything. A repeat of the idempotency key shows its secret again."""
    async with command(request, NewToken) as (write, body):
        await write.repeated()
        row, clear = await access.make_token(write.api.gongdan, write.administrator(), body.login, body.days)
        made = MadeToken(**token_answer(row).model_dump(), token=clear)
        return Response(made.json_bytes(), 201, {"Location": f"{PREFIX}/tokens"}, "application/json")


@router.post(
    "/tokens/{id}/revoke",
    summary="吊销令牌 · Revoke a token",
    response_model=TokenAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Empty),
)
async def revoke(request: Request, id_: Id) -> Response:
    """Revoke a token of one's own or, for administrators of everything, anybody's. In force at once; idempotent."""
    async with command(request, Empty) as (write, _):
        await write.repeated()
        row = await access.revoke_token(write.api.gongdan, write.caller.directory, write.caller.login, id_)
        return json_answer(token_answer(row))


@router.get("/sessions", summary="登录会话 · Page sessions", response_model=Page[SessionAnswer], responses=responses.read())
async def sessions(api: TheApi, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """List one's own live sessions; administrators of everything list all."""
    rows = await access.sessions_of(api.gongdan, caller.directory, caller.login)
    items, more = page_of(((row.created_at.isoformat() + row.id.hex, session_answer(row)) for row in rows), limit, cursor)
    return json_answer(Page[SessionAnswer](items=items, next_cursor=more))


@router.post(
    "/sessions/{id}/end",
    summary="结束会话 · End a session",
    response_model=SessionAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Empty),
)
async def end_session(request: Request, id_: Id) -> Response:
    """End a session of one's own or, for administrators of everything, anybody's. Its next request is refused."""
    async with command(request, Empty) as (write, _):
        await write.repeated()
        row = await access.end_session(write.api.gongdan, write.caller.directory, write.caller.login, id_)
        return json_answer(session_answer(row))
