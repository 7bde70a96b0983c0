"""Workbench (工作台): what is unfinished in a community now, most pressing first."""

from fastapi import APIRouter
from starlette.responses import Response

from adapters.pages.visitor import TheVisitor
from domain.authority import Right
from domain.terms import Kind, State

router = APIRouter(include_in_schema=False)

SHOWN = 50
"""Tickets in the list."""


@router.get("/")
async def workbench(visitor: TheVisitor) -> Response:
    """Totals and the most pressing tickets, as far as the visitor may read; others are told what they may do."""
    scope = await visitor.scope(Right.READ)
    if scope is None:
        return visitor.page("workbench.html", workload=None)
    areas, own = scope.limits
    projections = visitor.gongdan.projections
    found = await projections.workload(scope.community, now=visitor.now, limit=SHOWN, areas=areas, own=own)
    return visitor.page("workbench.html", workload=found, states=State, kinds=[*Kind, None])
