"""Routes that compare the path's fixed ending before its pattern, and that refuse unknown query parameters."""

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
"""Path prefix of every resource. Health and metrics are at the root."""


class Operation(APIRoute):
    """A route that compares the path's ending before its pattern, and that refuses unknown query parameters.

    There are more than a hundred routes and routing tries them in order; comparing a fixed ending costs less than the
    pattern. A misspelt filter that were ignored would show more than was asked for, so it is refused by name.
    """

    def __init__(self, path: str, endpoint: Any, **more: Any) -> None:
        self._ending = path.rpartition("}")[2]
        super().__init__(path, endpoint, **more)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the pattern if the path has the route's ending."""
        if not scope["path"].endswith(self._ending):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler in a check of the query's names."""
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
    """Make a router of operations. At the root (empty prefix) queries are not checked, for probes may add any."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=Operation if prefix else APIRoute)
