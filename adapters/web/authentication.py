"""Who calls: a bearer token, looked up by its hash together with the registry's version in one query."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from adapters.accounts.tokens import token_hash
from adapters.answers.caller import Caller
from adapters.web.context import api_of
from domain.kernel.errors import Unauthenticated


async def authenticate(request: Request) -> Caller:
    """The caller, counted against the token's rate; raises Unauthenticated or TooManyRequests."""
    return await identify(request, counted=True)


async def identify(request: Request, *, counted: bool = False) -> Caller:
    """The caller. No token, an unknown, expired or revoked one, and a disabled person are refused alike."""
    api = api_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    row, version = await api.gongdan.store.tokens.token_by_hash(token_hash(token))
    directory = await api.gongdan.directory.current(version)
    now = api.gongdan.clock.now()
    person = directory.people.get(row.login) if row else None
    if row is None or row.ended(now) or person is None or not person.enabled:
        await api.per_stranger.hit(request.client.host if request.client else "")
        raise Unauthenticated
    if counted:
        await api.per_token.hit(row.id.hex)
    request.state.login = row.login
    return Caller(row.login, directory, version)


TheCaller = Annotated[Caller, Depends(authenticate)]
