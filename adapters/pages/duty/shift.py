"""Page of the current shift (当班): who holds the desk, its log, its commands; opening a shift where nobody does."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from adapters.pages.duty.handover import handover_page
from adapters.pages.duty.shift_forms import body_of, carry_out, colleagues, offered
from adapters.pages.frame.forms import Form, receive_form
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.web.bodies.duty import OpenShift
from adapters.web.parameters import Id
from domain.duty.rules import HOLDERS, STAND_INS, may, may_open
from domain.duty.shift import ShiftState
from domain.kernel.errors import NotAllowed, NotFound, Refusal
from domain.kernel.terms import Role, ShiftTrigger

router = APIRouter(include_in_schema=False)

AT_THE_DESK = (
    ShiftTrigger.LOG,
    ShiftTrigger.EXTEND,
    ShiftTrigger.SUBSTITUTE,
    ShiftTrigger.CONFIRM_STAND_IN,
    ShiftTrigger.RETURN_TO_POST,
    ShiftTrigger.SWITCH_PHONE,
    ShiftTrigger.ARRIVE,
    ShiftTrigger.TAKE_OVER,
)
"""Commands on this page. The handover sheet and its signatures have their own page."""


@router.get("/shift")
async def shift(visitor: TheVisitor) -> Response:
    """Show the current shift of the visitor's community."""
    return await shift_page(visitor)


async def shift_page(visitor: Visitor, refusal: Refusal | None = None, form: Form | None = None) -> Response:
    """Render the current shift, a refusal above it."""
    refused = explained(refusal, visitor) if refusal else None
    status = refused.status if refused else 200
    context: dict[str, Any] = {"refused": refused, "filled": form.values if form else {}, "sent": form.path if form else ""}
    if visitor.community is None:
        raise NotFound("community")
    desk = await visitor.gongdan.duty.holder(visitor.community, visitor.login, directory=visitor.directory)
    if desk is None or desk.shift is None:
        return visitor.page("duty/shift.html", status, desk=None, reading=None, may_open=may_open(visitor.roles), **context)
    try:
        reading = await visitor.gongdan.duty_records.shift(
            visitor.login, desk.shift.id, directory=visitor.directory, on_duty=desk.on_duty(visitor.login)
        )
    except NotAllowed:
        held = await visitor.gongdan.journal.existing(desk.shift.id, ShiftState)
        known = held.arrival(visitor.login)
        may_arrive = known is None and may(held, ShiftTrigger.ARRIVE, visitor.login, visitor.roles)
        context |= {"may_arrive": may_arrive, "arrived": known.at if known else None}
        return visitor.page("duty/shift.html", status, desk=desk.shift, reading=None, may_open=False, **context)
    return visitor.page(
        "duty/shift.html",
        status,
        desk=desk.shift,
        reading=reading,
        shift=reading.state,
        offers=offered(visitor, reading.state, AT_THE_DESK),
        colleagues=colleagues(visitor, *STAND_INS),
        control_room=colleagues(visitor, Role.CONTROL_ROOM),
        officers=colleagues(visitor, *HOLDERS),
        **context,
    )


@router.post("/shift/open")
async def open_shift(visitor: TheVisitor) -> Response:
    """Open a shift (上岗)."""
    form = await receive_form(visitor)
    try:
        body = body_of(OpenShift, form, visitor)
        await visitor.gongdan.duty.open(body.community, await form.request(visitor))
    except NotFound:
        raise
    except Refusal as refusal:
        return await shift_page(visitor, refusal, form)
    return go("/shift")


@router.post("/shift/{id}/{command}")
async def command(visitor: TheVisitor, id_: Id, command: str) -> Response:
    """Carry out any other command, and show the page it came from again, with the refusal if there is one."""
    form = await receive_form(visitor)
    on_sheet = form.get("page") == "handover"
    try:
        done = await carry_out(visitor, id_, command, form)
    except NotFound:
        raise
    except Refusal as refusal:
        return await (handover_page(visitor, id_, None, refusal, form) if on_sheet else shift_page(visitor, refusal, form))
    return go(f"/handover/{id_}" if on_sheet and done.state.sheets else "/shift")
