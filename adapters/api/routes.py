"""Routes of all operations."""

from starlette.routing import BaseRoute

from adapters.api.appraisal import appraisal_inputs, appraisal_lists, appraisals, findings, rule_books
from adapters.api.approval import approvals
from adapters.api.duty import duty, rosters, shifts, workdays
from adapters.api.household import households, privacy
from adapters.api.operate import operation
from adapters.api.people import access, communities, people
from adapters.api.ticket import attachments, happenings, registers, tickets, workload

ROUTERS = (
    workload.router,
    tickets.router,
    attachments.router,
    approvals.router,
    shifts.router,
    duty.router,
    workdays.router,
    rosters.router,
    registers.router,
    communities.router,
    households.router,
    rule_books.router,
    findings.router,
    appraisal_inputs.router,
    appraisal_lists.router,
    appraisals.router,
    people.router,
    access.router,
    privacy.router,
    happenings.router,
    operation.router,
    operation.root,
)
"""Routers in the order of the OpenAPI description. Routing tries them in order, so frequent ones come first."""


def routes() -> list[BaseRoute]:
    """Collect the routes of all routers."""
    return [route for router in ROUTERS for route in router.routes]
