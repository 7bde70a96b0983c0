"""Drafts: forms filled in without a network, kept by the browser's outbox (``outbox.js``) and sent later.

A draft has an idempotency key and the moment it was written, so it is carried out once and at its true time. A draft that could
overwrite something also has the version that its writer saw, and is refused if the ticket has changed since. Drafts are answered
in JSON; without scripts the form is answered by a page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from adapters.pages.frame.forms import Form
from adapters.pages.frame.moments import moment_in
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.site import HEADERS, site_of
from adapters.pages.frame.visitor import Visitor, go
from domain.kernel.errors import NotFound, Refusal
from domain.kernel.request import Request
from domain.service_desk.outcome import Done

router = APIRouter(include_in_schema=False)

WORKER = "outbox-worker.js"
DRAFT = "x-draft"
"""Request header by which the outbox asks for JSON."""


class Outcome(Protocol):
    """Outcome of a use case: at least the position of its last event."""

    @property
    def position(self) -> int: ...


async def request_of(visitor: Visitor, form: Form, key: Form | None = None) -> Request:
    """Make the domain's request of a draft. Its idempotency key covers ``form``, or ``key`` if that is given."""
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
    """Carry out a form's command, and answer the outbox in JSON, a browser by redirecting to ``page``.

    ``refused`` renders the page of a refusal. The JSON has the position that a list must reach to show the change, and the
    ticket's new version, on which later drafts of the outbox build.
    """
    drafted = DRAFT in http.headers
    try:
        done = await deed()
    except Refusal as refusal:
        if drafted:
            found = explained(refusal, visitor)
            return JSONResponse({"title": found.title, "said": list(found.said)}, found.status, headers=HEADERS)
        if isinstance(refusal, NotFound):
            raise
        return await refused(refusal)
    if not drafted:
        return go(f"{page}at={done.position}")
    version = done.state.version if isinstance(done, Done) else None
    return JSONResponse({"position": done.position, "version": version}, headers=HEADERS)


def step(visitor: Visitor, request: Request, number: int) -> Request:
    """Make the request of a form's second or later command, with a derived key, so that a repeat finds each step done."""
    assert request.key is not None
    key = replace(request.key, key=f"{request.key.key}.{number}")
    return replace(request, command_id=visitor.gongdan.ids.new(), key=key, if_match=None)


@router.get(f"/{WORKER}")
async def worker(request: HttpRequest) -> Response:
    """Serve the service worker. It must be at the root, since a worker may serve only addresses below its own."""
    answer = site_of(request).assets.answer(request, WORKER)
    answer.headers.update(HEADERS)  # a worker fetches under its own script's policy, not under the page's
    return answer
