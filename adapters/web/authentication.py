"""Authentication by bearer token: the one look of a request.

One statement finds the token by its hash, reads the registry's version, and finds the record of the request's idempotency key.
The version tells whether communities, people, roles or erasures changed since this process read them last.
"""

import re
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from adapters.accounts.tokens import token_hash
from adapters.answers.caller import Caller
from adapters.web.context import api_of
from domain.kernel.errors import Unauthenticated

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


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
    key = well_formed_key(request) if request.method == "POST" else None
    look = await api.gongdan.store.look(token_hash(token), key)
    row = look.token
    directory = await api.gongdan.directory.current(look.registry)
    now = api.gongdan.clock.now()
    person = directory.people.get(row.login) if row else None
    if row is None or row.ended(now) or person is None or not person.enabled:
        await api.per_stranger.hit(request.client.host if request.client else "")
        raise Unauthenticated
    if counted:
        await api.per_token.hit(row.id.hex)
    request.state.login = row.login
    return Caller(row.login, directory, look.registry, key, look.earlier)


def well_formed_key(request: Request) -> str | None:
    """Read ``Idempotency-Key``; None unless it has 1 to 200 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    return key if key is not None and _KEY.fullmatch(key) else None


TheCaller = Annotated[Caller, Depends(authenticate)]
