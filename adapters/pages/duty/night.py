"""Night duty page (夜间值班) for a phone: calls received, 能处理 or 次日安排 for each, the log, the substitute; works offline.

With scripts the forms go through the outbox (:mod:`adapters.pages.frame.drafts`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.labels.rule_words import rule_words
from adapters.pages.duty.shift_forms import carry_out, colleagues, offered
from adapters.pages.frame.drafts import Outcome, carried, request_of, step
from adapters.pages.frame.forms import Form, assignee_chosen, filled, receive_form
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.visitor import TheVisitor, Visitor
from adapters.web.parameters import Id
from domain.approval.waiting import Waiting
from domain.duty.duty_desk import ShiftDone
from domain.duty.rules import STAND_INS
from domain.kernel.errors import NotFound, Refusal, invalid
from domain.kernel.request import Request
from domain.kernel.terms import AssigneeType, Facility, Kind, ShiftTrigger, Trigger, Urgency
from domain.people.post import HeldShift
from domain.service_desk.openings import policy_in_force
from domain.service_desk.outcome import Done
from domain.service_desk.ticket_reading import TicketReading
from domain.ticket import commands as c
from domain.ticket.guards import RULES
from projections.duty.handover_list import HANDOVER_LIST, handover_list

router = APIRouter(include_in_schema=False)

SHOWN = 40
"""Most calls in the list; the latest are shown."""
READ = 200
"""Unfinished tickets that are read at once to find those calls."""
WAIT_SECONDS = 2.0
"""How long the list waits for the event just written."""
SETTLE = "settle"
"""Value of the form field ``how`` for a call that is settled at the desk (当班办结)."""
HANDLED = (Trigger.CLASSIFY, Trigger.DISPATCH)
OFFERED = (ShiftTrigger.LOG, ShiftTrigger.SUBSTITUTE, ShiftTrigger.CONFIRM_STAND_IN, ShiftTrigger.RETURN_TO_POST)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that waits for a decision, and which decisions are legal."""

    reading: TicketReading
    handle: bool
    defer: bool
    why_not_deferred: str


@router.get("/night")
async def night(visitor: TheVisitor, at: int | None = None) -> Response:
    """Show the page; it waits a little until the list has reached the position ``at``."""
    return await night_page(visitor, at)


async def night_page(
    visitor: Visitor, at: int | None = None, refusal: Refusal | None = None, form: Form | None = None
) -> Response:
    """Render the page, a refusal above it."""
    if visitor.community is None:
        raise NotFound("community")
    refused = explained(refusal, visitor) if refusal else None
    desk = await visitor.gongdan.duty.holder(visitor.community, visitor.login, directory=visitor.directory)
    held = desk.shift if desk else None
    on_duty = desk is not None and desk.on_duty(visitor.login)
    context: dict[str, Any] = {"held": held, "on_duty": on_duty, "refused": refused, "filled": form.values if form else {}}
    if on_duty and held is not None:
        if at is not None:
            await visitor.gongdan.projections.wait_for(HANDOVER_LIST.name, at, WAIT_SECONDS)
        reading = await visitor.gongdan.duty_records.shift(
            visitor.login, held.id, personal=False, directory=visitor.directory, on_duty=on_duty
        )
        context |= {
            "calls": await _calls(visitor, visitor.community),
            "offers": offered(visitor, reading.state, OFFERED),
            "colleagues": colleagues(visitor, *STAND_INS),
            "carriers": {urgent: await _carriers(visitor, held, emergency=urgent) for urgent in (False, True)},
            "areas": visitor.directory.community(visitor.community).areas,
            "kinds": Kind,
            "facilities": Facility,
        }
    return visitor.page("duty/night.html", refused.status if refused else 200, **context)


async def _calls(visitor: Visitor, community: str) -> list[Call]:
    """List calls without a work order, the latest first; the visitor holds the desk.

    Personal data is masked, since the phone keeps a copy of the page.
    """
    found = await handover_list(visitor.gongdan.projections.reader(HANDOVER_LIST.name), community)
    tickets = [row.ticket for row in reversed(found.items)]
    calls: list[Call] = []
    for first in range(0, len(tickets), READ):
        readings = await visitor.gongdan.inquiries.masked(
            visitor.login, tickets[first : first + READ], directory=visitor.directory, on_duty=True
        )
        for reading in readings:
            handle = bool(set(HANDLED) & set(reading.legal)) and reading.state.assignment is None
            defer = Trigger.DEFER in reading.legal
            if handle or defer:
                calls.append(Call(reading, handle, defer, "" if defer else _against_deferral(visitor, reading)))
        if len(calls) >= SHOWN:
            break
    return calls[:SHOWN]


def _against_deferral(visitor: Visitor, reading: TicketReading) -> str:
    """Explain the rule that forbids deferring a call; empty where no rule but state or rights forbid it."""
    in_force = policy_in_force(visitor.directory, reading.state.community, visitor.now)
    for rule in RULES:
        if Trigger.DEFER in rule.triggers and rule.forbids(reading.state, in_force):
            return rule_words(rule.code, rule.with_limits(in_force.policy).detail, visitor.language)
    return ""


async def _carriers(visitor: Visitor, held: HeldShift, *, emergency: bool) -> list[tuple[str, str]]:
    """List to whom the visitor, who holds the desk, may dispatch a matter, the visitor first, then people, teams, contractors."""
    assert visitor.community is not None
    found = await visitor.desk.openings.carriers(
        visitor.directory,
        visitor.login,
        visitor.community,
        visitor.now,
        emergency=emergency,
        on_duty=True,
        stands_in=held.stand_in == visitor.login,
    )
    order = list(AssigneeType)
    found.sort(key=lambda one: (one.id != visitor.login, order.index(one.type), one.id))
    return [(visitor.carrier_code(one), visitor.carrier(one)) for one in found]


Deed = Callable[[Request], Awaitable[Outcome]]
"""Command of a form."""


async def _carried(http: HttpRequest, visitor: Visitor, form: Form, deed: Deed) -> Response:
    async def done() -> Outcome:
        return await deed(await request_of(visitor, form))

    async def refused(refusal: Refusal) -> Response:
        return await night_page(visitor, None, refusal, form)

    return await carried(http, visitor, done, refused, "/night?")


@router.post("/night/calls")
async def receive(http: HttpRequest, visitor: TheVisitor) -> Response:
    """Receive a call (接单), and carry out the decision on it if the form has one."""
    form = await receive_form(visitor)

    async def deed(request: Request) -> Done | Waiting:
        done = await visitor.desk.receive(_received(visitor, form), request)
        if not isinstance(done, Done) or form.get("decision") == "later":
            return done
        return await _decide(visitor, form, str(done.state.id), step(visitor, request, 2))

    return await _carried(http, visitor, form, deed)


@router.post("/night/tickets/{ref}/{decision}")
async def decide(http: HttpRequest, visitor: TheVisitor, ref: str, decision: str) -> Response:
    """Decide on a call that was received before: 能处理 or 次日安排."""
    form = await receive_form(visitor)
    if decision not in ("handle", "defer"):
        raise NotFound("decision")

    async def deed(request: Request) -> Done | Waiting:
        return await _decide(visitor, form, ref, request, decision)

    return await _carried(http, visitor, form, deed)


@router.post("/night/shifts/{id}/{command}")
async def on_shift(http: HttpRequest, visitor: TheVisitor, id_: Id, command: str) -> Response:
    """Write a line of the log, or name or release a substitute."""
    form = await receive_form(visitor)

    async def deed(request: Request) -> ShiftDone:
        return await carry_out(visitor, id_, command, form)

    return await _carried(http, visitor, form, deed)


def _received(visitor: Visitor, form: Form) -> c.Receive:
    place = {name: form.get(name) for name in ("area", "building", "entrance", "dwelling", "public_place") if form.has(name)}
    reporter = {name: form.get(name) for name in ("name", "phone") if form.has(name)}
    said = {
        "community": visitor.community,
        "channel": form.get("channel", "phone"),
        "description": form.get("description"),
        "location": place or None,
        "reporter": reporter or None,
        "urgency": Urgency.EMERGENCY if form.has("emergency") else Urgency.NORMAL,
    }
    return filled(c.Receive, said)


async def _decide(visitor: Visitor, form: Form, ref: str, request: Request, decision: str = "") -> Done | Waiting:
    """Handle a call now (能处理: classify, then dispatch or settle), or defer it to the next day (次日安排)."""
    if (decision or form.get("decision")) == "defer":
        return await visitor.desk.act(ref, filled(c.Defer, {"told_resident": form.has("told_resident")}), request)
    steps: list[c.Command] = []
    if form.has("kind"):
        classified = {name: form.get(name) for name in ("kind", "facility") if form.has(name)}
        if classified["kind"] != Kind.REPAIR.value:
            classified.pop("facility", None)
        steps.append(filled(c.Classify, classified))
    how = form.get("how")
    if how == SETTLE:
        steps.append(filled(c.Settle, {"resolution": form.get("resolution")}))
    elif how:
        steps.append(filled(c.Dispatch, {"assignee": assignee_chosen(how)}))
    if not steps:
        raise invalid("/how", "Field required")
    return await _one_by_one(visitor, ref, steps, request)


async def _one_by_one(visitor: Visitor, ref: str, steps: Sequence[c.Command], request: Request) -> Done | Waiting:
    """Carry out commands one after the other; if one is refused, the earlier ones stay in force."""
    done = await visitor.desk.act(ref, steps[0], request)
    for number, command in enumerate(steps[1:], start=3):
        done = await visitor.desk.act(ref, command, step(visitor, request, number))
    return done
