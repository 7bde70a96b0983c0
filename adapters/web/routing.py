"""Routes that are told apart quickly, most by their last, fixed part, and that refuse queries they don't know."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from domain.kernel.errors import FieldError, InvalidInput

PREFIX = "/api/v1"
"""Below which every resource stands; health and measures stand at the root."""


class Operation(APIRoute):
    """A route that looks at the path's ending before its pattern.

    A query parameter it doesn't have is refused by name: a misspelt filter would show more than was asked for.
    """

    def __init__(self, path: str, endpoint: Any, **more: Any) -> None:
        self._ending = path.rpartition("}")[2]
        super().__init__(path, endpoint, **more)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the pattern has it, where the ending fits."""
        if not scope["path"].endswith(self._ending):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind a look at the names in the query."""
        handle, known = super().get_route_handler(), frozenset(_queries(self.dependant))

        async def guarded(request: Request) -> Response:
            unknown = [name for name in request.query_params if name not in known]
            if unknown:
                legal = ", ".join(sorted(known)) or "none"
                raise InvalidInput([FieldError(f"/query/{name}", f"no such parameter; parameters: {legal}") for name in unknown])
            return await handle(request)

        return guarded


def _queries(dependant: Dependant) -> Iterator[str]:
    yield from (param.alias for param in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _queries(inner)


def resources(*tags: str, prefix: str = PREFIX) -> APIRouter:
    """A router of operations; at the root those for probes, which may send any query."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=Operation if prefix else APIRoute)
