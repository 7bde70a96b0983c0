"""Authentication by bearer token. One query looks up the token by its hash and reads the registry's version."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from adapters.accounts.tokens import token_hash
from adapters.answers.caller import Caller
from adapters.web.context import api_of
from domain.kernel.errors import Unauthenticated


async def authenticate(request: Request) -> Caller:
    """Identify the caller and count the request against the token's rate; raises Unauthenticated or TooManyRequests."""
    return await identify(request, counted=True)


async def identify(request: Request, *, counted: bool = False) -> Caller:
    """Identify the caller; raises Unauthenticated.

    A missing, unknown, expired or revoked token and a disabled person are refused alike, so that a stranger learns nothing.
    Invalid tokens are counted by address; beyond the rate TooManyRequests is raised, which slows down guessing.
    """
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
