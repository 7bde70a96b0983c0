"""Technician's page (我的工单) for a phone: today's work orders, each with its steps; live, and usable offline.

With scripts the forms go through the outbox (:mod:`adapters.pages.frame.drafts`): first a photo and the resident's signature, as
attachments, then the step they belong to, each carried out once. The copy of the page for use offline has personal data masked,
since it stays on the phone.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from sse_starlette import ServerSentEvent
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.pages.duty.shift_forms import why_not
from adapters.pages.frame.drafts import Outcome, carried, request_of
from adapters.pages.frame.fields import MORE_ROWS, rows_of
from adapters.pages.frame.forms import Form, receive_form
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.site import HEADERS
from adapters.pages.frame.visitor import TheVisitor, Visitor, identify
from adapters.pages.ticket.steps import FIELDS
from adapters.pages.ticket.tickets import attached, done_words, step_named, take_step
from adapters.web.admission.streaming import PING
from adapters.web.admission.streaming import live as live_stream
from domain.kernel.errors import NotFound, Overloaded, Refusal
from domain.kernel.terms import ClockStatus, State, Trigger, Urgency
from domain.people.authority import Right, denied
from domain.people.reading_scope import carried_by
from domain.service_desk.ticket_reading import TicketReading
from domain.ticket.commands import COMMANDS
from domain.ticket.lifecycle import TABLE
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST, WorkOrderRow

router = APIRouter(include_in_schema=False)

MOST = 100
"""Most orders on the page; the most urgent are shown."""
WAIT_SECONDS = 2.0
"""How long the list waits for the event just written."""
NEXT = (Trigger.ACCEPT, Trigger.START, Trigger.RESUME, Trigger.ACCEPT_QUOTE, Trigger.COMPLETE)
"""Steps that move the work on, in their usual order."""
OFFERED = (
    *NEXT,
    Trigger.SUSPEND,
    Trigger.QUOTE,
    Trigger.DECLINE_QUOTE,
    Trigger.SCHEDULE,
    Trigger.REPLY,
    Trigger.DECLINE,
    Trigger.NOTE,
)
"""Steps on this page. The ticket's page has the others."""
ADDING = (Trigger.REPLY, Trigger.NOTE)
"""Steps that only add something. Their drafts need no version, since they can't overwrite a change."""
LAST = {row.trigger for row in TABLE if State.DISPATCHED in row.sources and row.target not in (None, State.DISPATCHED)}
"""Steps that end the work on an order."""


@dataclass(frozen=True, slots=True)
class Order:
    """A work order with its legal steps, and why others are refused. ``later``: its appointment is after today.

    ``following`` maps steps that are not legal yet to the steps that make them legal. Offline both can wait in the outbox.
    """

    reading: TicketReading
    steps: Sequence[Trigger]
    following: Mapping[Trigger, Sequence[Trigger]]
    why_not: Sequence[tuple[Trigger, Sequence[str]]]
    attachable: bool
    later: bool


@router.get("/work")
async def work(visitor: TheVisitor, at: int | None = None, done: str = "", masked: bool = False) -> Response:
    """Show the page; it waits a little until the list has reached the position ``at``."""
    return await _page(visitor, at, said=done_words(done, visitor), personal=not masked)


@router.get("/work-orders/live")
async def live(http: HttpRequest, visitor: TheVisitor) -> Response:
    """Send the list's digest as ``orders``, on connecting and whenever it changes; the page then loads the list."""
    _may_work(visitor)
    return live_stream(visitor.site.api.admission, _changes(http, visitor.community or ""), HEADERS)


async def _changes(http: HttpRequest, community: str) -> AsyncIterator[ServerSentEvent]:
    seen, position = "", 0
    while True:
        try:
            visitor = await identify(http)
            if visitor.community != community or not visitor.might(Right.WORK):
                return
            position, rows = await _rows(visitor)
        except Overloaded:
            rows = None
        except Refusal:
            return
        if rows is not None and (digest := looks(rows, visitor.now)) != seen:
            seen = digest
            yield ServerSentEvent(digest, event="orders", id=str(position))
        moves: Any = visitor.gongdan.projections.changes(TECHNICIAN_WORKLIST.name, position, PING)
        async with aclosing(moves):
            position = max(position, await anext(moves, position))


def looks(rows: Sequence[WorkOrderRow], now: datetime) -> str:
    """Digest of the list, which changes when an order is new, gone, changed or overdue."""
    breached = ClockStatus.BREACHED
    seen = [(row.ticket.hex, row.version, [clock.status is breached for clock in row.clocks(now)]) for row in rows]
    return sha256(repr(seen).encode()).hexdigest()[:16]


async def _rows(visitor: Visitor) -> tuple[int, list[WorkOrderRow]]:
    """List the orders of the visitor and their teams: emergencies first, then by due moment, then by appointment."""
    assert visitor.community is not None
    carriers = carried_by(visitor.directory, visitor.login, visitor.community)
    found = await visitor.gongdan.projections.worklist(carriers, communities=[visitor.community], limit=MOST)
    return found.position, sorted(found.items, key=lambda row: (row.order_urgency, row.order_due, row.order_appointment))


async def _page(
    visitor: Visitor,
    at: int | None = None,
    *,
    said: str = "",
    personal: bool = True,
    refusal: Refusal | None = None,
    tried: tuple[str, Trigger] | None = None,
    form: Form | None = None,
) -> Response:
    """Render the page, with the step taken or the refusal above it; after a refusal the form keeps its values."""
    _may_work(visitor)
    projections = visitor.gongdan.projections
    if at is not None:
        await projections.wait_for(TECHNICIAN_WORKLIST.name, at, WAIT_SECONDS)
    _, rows = await _rows(visitor)
    readings = await visitor.gongdan.inquiries.carried(
        visitor.login, [row.ticket for row in rows], personal=personal, directory=visitor.directory
    )
    orders = [await _order(visitor, reading) for reading in readings]
    orders.sort(key=lambda order: order.later)
    refused = explained(refusal, visitor) if refusal else None
    return visitor.page(
        "ticket/work.html",
        refused.status if refused else 200,
        orders=orders,
        copy=not personal,
        looks=looks(rows, visitor.now),
        fields=FIELDS,
        rows_of=rows_of,
        last=LAST,
        next=NEXT,
        adding=ADDING,
        most_bytes=visitor.gongdan.attachments.most_bytes,
        said=said,
        refused=refused,
        tried=tried,
        values=form.values if form else {},
        emergency=Urgency.EMERGENCY,
    )


async def _order(visitor: Visitor, reading: TicketReading) -> Order:
    refused = visitor.gongdan.inquiries.refused(visitor.directory, visitor.login, reading)
    against = [(one, why_not(refused[one], visitor)) for one in OFFERED if one in refused]
    day, appointment = visitor.now.astimezone(visitor.zone).date(), reading.state.appointment_at
    return Order(
        reading,
        [one for one in OFFERED if one in reading.legal],
        await _following(visitor, reading),
        against,
        Trigger.ATTACH in reading.legal,
        appointment is not None and appointment.astimezone(visitor.zone).date() > day,
    )


async def _following(visitor: Visitor, reading: TicketReading) -> dict[Trigger, list[Trigger]]:
    found: dict[Trigger, list[Trigger]] = {}
    for first in (one for one in OFFERED if one in reading.legal and not FIELDS[one]):
        after = await visitor.desk.legal_after(
            visitor.directory, visitor.login, reading.state, COMMANDS[first](), visitor.now, on_duty=reading.on_duty
        )
        for then in (one for one in OFFERED if one in after and one not in reading.legal):
            found.setdefault(then, []).append(first)
    return found


def _may_work(visitor: Visitor) -> None:
    if visitor.community is None:
        raise NotFound("community")
    if not visitor.might(Right.WORK):
        raise denied(Right.WORK, Trigger.ACCEPT.value, visitor.roles)


@router.post("/work-orders/{ref}/attach")
async def attach(http: HttpRequest, visitor: TheVisitor, ref: str) -> Response:
    """Attach a photo, or the resident's signature."""

    async def deed() -> Outcome:
        return await attached(http, visitor, ref)

    async def refused(refusal: Refusal) -> Response:
        return await _page(visitor, refusal=refusal)

    return await carried(http, visitor, deed, refused, f"/work?done={Trigger.ATTACH.value}&")


@router.post("/work-orders/{ref}/{step}")
async def act(http: HttpRequest, visitor: TheVisitor, ref: str, step: str) -> Response:
    """Take a step on the version that the technician saw. The button that adds rows only shows more rows."""
    trigger, form = step_named(step), await receive_form(visitor)
    if form.has(MORE_ROWS):
        return await _page(visitor, tried=(ref, trigger), form=form)

    async def deed() -> Outcome:
        return await take_step(visitor, ref, trigger, form, await request_of(visitor, form))

    async def refused(refusal: Refusal) -> Response:
        return await _page(visitor, refusal=refusal, tried=(ref, trigger), form=form)

    return await carried(http, visitor, deed, refused, f"/work?done={trigger.value}&")
