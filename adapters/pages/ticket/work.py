"""我的工单: the technician's page on a phone: what is to be done today, each order with its steps; live, and offline too.

With scripts the forms go through the outbox (:mod:`adapters.pages.frame.drafts`): a photo and the resident's signature first, as
attachments, then the step they belong to, each once. The page's copy for the time without a network has personal data masked.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.answers.ticket.lists import PING, SEND
from adapters.pages.duty.shift_forms import why_not
from adapters.pages.frame.drafts import Outcome, carried, request_of
from adapters.pages.frame.fields import MORE_ROWS, rows_of
from adapters.pages.frame.forms import Form, receive_form
from adapters.pages.frame.refusals import told
from adapters.pages.frame.site import HEADERS
from adapters.pages.frame.visitor import TheVisitor, Visitor, identify
from adapters.pages.ticket.steps import FIELDS
from adapters.pages.ticket.tickets import attached, done_words, step_named, take_step
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
"""Orders on the page, the most pressing ones."""
WAIT_SECONDS = 2.0
"""How long the list waits for what was just written."""
NEXT = (Trigger.ACCEPT, Trigger.START, Trigger.RESUME, Trigger.ACCEPT_QUOTE, Trigger.COMPLETE)
"""Steps that bring the work on, in the order in which they are usually taken."""
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
"""What is done on this page; the rest on the ticket's own."""
ADDING = (Trigger.REPLY, Trigger.NOTE)
"""Steps that overwrite nothing, whatever happened since the page was seen."""
LAST = {row.trigger for row in TABLE if State.DISPATCHED in row.sources and row.target not in (None, State.DISPATCHED)}
"""Steps after which the order is nobody's to work on."""


@dataclass(frozen=True, slots=True)
class Order:
    """A work order with what may be done about it now, and why not the rest; ``later``: its appointment is after today.

    ``following`` are steps that become legal by others, which may wait in the outbox: each with those.
    """

    reading: TicketReading
    steps: Sequence[Trigger]
    following: Mapping[Trigger, Sequence[Trigger]]
    why_not: Sequence[tuple[Trigger, Sequence[str]]]
    attachable: bool
    later: bool


@router.get("/work")
async def work(visitor: TheVisitor, at: int | None = None, done: str = "", masked: bool = False) -> Response:
    """The page; ``at`` is a position that the list is to have reached, as far as it can be waited for."""
    return await _page(visitor, at, said=done_words(done, visitor), personal=not masked)


@router.get("/work-orders/live")
async def live(http: HttpRequest, visitor: TheVisitor) -> Response:
    """``orders`` with what the list looks like, on every connection and whenever it is another; the page then asks for it."""
    _may_work(visitor)
    return EventSourceResponse(_changes(http, visitor.community or ""), headers=HEADERS, ping=PING, send_timeout=SEND)


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
        if rows is not None and (look := looks(rows, visitor.now)) != seen:
            seen = look
            yield ServerSentEvent(look, event="orders", id=str(position))
        moves: Any = visitor.gongdan.projections.changes(TECHNICIAN_WORKLIST.name, position, PING)
        async with aclosing(moves):
            position = max(position, await anext(moves, position))


def looks(rows: Sequence[WorkOrderRow], now: datetime) -> str:
    """What a list looks like: another digest where an order is new, gone, changed or past its time."""
    breached = ClockStatus.BREACHED
    seen = [(row.ticket.hex, row.version, [clock.status is breached for clock in row.clocks(now)]) for row in rows]
    return sha256(repr(seen).encode()).hexdigest()[:16]


async def _rows(visitor: Visitor) -> tuple[int, list[WorkOrderRow]]:
    """What the visitor and their teams carry here: emergencies first, then what is due first, then by appointment."""
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
    """The page; above it what was done or refused, in its card the form as it was filled in."""
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
    refused = told(refusal, visitor) if refusal else None
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
    """A photo, or the resident's signature."""

    async def deed() -> Outcome:
        return await attached(http, visitor, ref)

    async def refused(refusal: Refusal) -> Response:
        return await _page(visitor, refusal=refusal)

    return await carried(http, visitor, deed, refused, f"/work?done={Trigger.ATTACH.value}&")


@router.post("/work-orders/{ref}/{step}")
async def act(http: HttpRequest, visitor: TheVisitor, ref: str, step: str) -> Response:
    """Take a step on the version that was seen. More rows are shown, and nothing is done."""
    trigger, form = step_named(step), await receive_form(visitor)
    if form.has(MORE_ROWS):
        return await _page(visitor, tried=(ref, trigger), form=form)

    async def deed() -> Outcome:
        return await take_step(visitor, ref, trigger, form, await request_of(visitor, form))

    async def refused(refusal: Refusal) -> Response:
        return await _page(visitor, refusal=refusal, tried=(ref, trigger), form=form)

    return await carried(http, visitor, deed, refused, f"/work?done={trigger.value}&")
