"""Routes of all pages and of the static files."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from adapters.pages.appraisal import appraisal, findings, what_if
from adapters.pages.approval import approvals
from adapters.pages.duty import handover, night, review, shift
from adapters.pages.frame import drafts, sign_in
from adapters.pages.frame.site import site_of
from adapters.pages.people import administration
from adapters.pages.ticket import books, happenings, intake, replay, reports, tickets, work, work_order, workbench
from adapters.rendering.assets import PREFIX

PAGES = (
    sign_in,
    workbench,
    intake,
    work,
    replay,
    happenings,
    tickets,
    work_order,
    shift,
    handover,
    night,
    drafts,
    review,
    books,
    reports,
    appraisal,
    findings,
    what_if,
    approvals,
    administration,
)
ROUTERS = tuple(page.router for page in PAGES)
static = APIRouter(include_in_schema=False)


@static.get(PREFIX + "{name:path}")
async def file(request: Request, name: str) -> Response:
    """Serve a static file."""
    return site_of(request).assets.answer(request, name)


def routes() -> list[BaseRoute]:
    """Collect the routes of all pages."""
    return [route for router in (*ROUTERS, static) for route in router.routes]
