"""Routes that are told apart quickly: most differ in their last, fixed part only."""

from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from adapters.api import PREFIX


class Operation(APIRoute):
    """A route that looks at the path's ending before its pattern."""

    def __init__(self, path: str, endpoint: Any, **more: Any) -> None:
        self._ending = path.rpartition("}")[2]
        super().__init__(path, endpoint, **more)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the pattern has it, where the ending fits."""
        if not scope["path"].endswith(self._ending):
            return Match.NONE, {}
        return super().matches(scope)


def resources(*tags: str, prefix: str = PREFIX) -> APIRouter:
    """A router of operations."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=Operation)
