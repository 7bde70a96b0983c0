"""Every page's routes, and the static files."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from adapters.pages import happenings, intake, replay, sign_in, tickets, workbench
from adapters.pages.assets import PREFIX
from adapters.pages.site import site_of

ROUTERS = (sign_in.router, workbench.router, intake.router, replay.router, happenings.router, tickets.router)
static = APIRouter(include_in_schema=False)


@static.get(PREFIX + "{name:path}")
async def file(request: Request, name: str) -> Response:
    """A static file."""
    return site_of(request).assets.answer(request, name)


def routes() -> list[BaseRoute]:
    """All of them."""
    return [route for router in (*ROUTERS, static) for route in router.routes]
