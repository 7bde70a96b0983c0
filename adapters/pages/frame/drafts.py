"""Forms that an outbox in the browser (``outbox.js``) sends: written without a network, carried out once, at their true times.

Each draft has an idempotency key of its own, the moment it was written, and the version of the ticket that its writer saw. It is
answered in JSON: what was done, or why not in words; the same form sent without scripts is answered by a page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from adapters.pages.frame.forms import Form
from adapters.pages.frame.moments import moment_in
from adapters.pages.frame.refusals import told
from adapters.pages.frame.site import HEADERS, site_of
from adapters.pages.frame.visitor import Visitor, go
from domain.kernel.errors import NotFound, Refusal
from domain.kernel.request import Request
from domain.service_desk.outcome import Done

router = APIRouter(include_in_schema=False)

WORKER = "outbox-worker.js"
DRAFT = "x-draft"
"""The header by which the outbox asks for JSON."""


class Outcome(Protocol):
    """What a use case answers."""

    @property
    def position(self) -> int: ...


async def request_of(visitor: Visitor, form: Form, key: Form | None = None) -> Request:
    """What travels beside the command of a draft; the ``key`` is taken over ``form`` unless another one is given."""
    more: dict[str, Any] = {
        "occurred_at": moment_in(form.get("occurred_at"), visitor),
        "offline": form.has("offline"),
        "if_match": int(form.get("if_match")) if form.get("if_match").isdecimal() else None,
    }
    return await (key or form).request(visitor, **more)


async def carried(
    http: HttpRequest,
    visitor: Visitor,
    deed: Callable[[], Awaitable[Outcome]],
    refused: Callable[[Refusal], Awaitable[Response]],
    page: str,
) -> Response:
    """Do it; in JSON where the outbox asks, else by ``page``, or by ``refused`` above the form as it was filled in.

    The JSON names the position that lists must have reached to show it, and the version that the ticket has now.
    """
    drafted = DRAFT in http.headers
    try:
        done = await deed()
    except Refusal as refusal:
        if drafted:
            found = told(refusal, visitor)
            return JSONResponse({"title": found.title, "said": list(found.said)}, found.status, headers=HEADERS)
        if isinstance(refusal, NotFound):
            raise
        return await refused(refusal)
    if not drafted:
        return go(f"{page}at={done.position}")
    version = done.state.version if isinstance(done, Done) else None
    return JSONResponse({"position": done.position, "version": version}, headers=HEADERS)


def step(visitor: Visitor, request: Request, number: int) -> Request:
    """The same form's next command: a key of its own, derived, so that a repeat repeats each step."""
    assert request.key is not None
    key = replace(request.key, key=f"{request.key.key}.{number}")
    return replace(request, command_id=visitor.gongdan.ids.new(), key=key, if_match=None)


@router.get(f"/{WORKER}")
async def worker(request: HttpRequest) -> Response:
    """The service worker of these pages: from the root, because it may only serve what lies below its own address."""
    answer = site_of(request).assets.answer(request, WORKER)
    answer.headers.update(HEADERS)  # a worker fetches under its own script's policy, not under the page's
    return answer
