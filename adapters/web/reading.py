"""Requests that read: the answer, and waiting until a view has reached what the caller wrote."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from adapters.answers.documents import Answer
from adapters.web.context import Api
from domain.kernel.errors import Overloaded

WAIT_SECONDS = 2.0
"""How long an answer waits for ``min_position``."""

MinPosition = Annotated[
    int | None,
    Query(ge=0, le=2**62, description="读到自己所写 · only from a view that has reached this `Gongdan-Position`, else 503"),
]


async def reached(api: Api, view: str, position: int | None) -> None:
    """Wait for a view; raises Overloaded where it doesn't get there in time."""
    if position is not None and not await api.gongdan.projections.wait_for(view, position, WAIT_SECONDS):
        raise Overloaded(f"{view} has not reached position {position} yet")


def json_answer(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    """A document."""
    return Response(answer.json_bytes(), headers=headers, media_type="application/json")
