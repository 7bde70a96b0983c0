"""Intake (接单): a call becomes a ticket with a number, by keyboard, in one form that follows the kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.api.rows import ListedTicket
from adapters.api.workload import ticket_page
from adapters.pages.forms import Form, filled, receive_form
from adapters.pages.refusals import Told, told
from adapters.pages.steps import colleagues
from adapters.pages.tickets import REFUSED, shown
from adapters.pages.visitor import TheVisitor, Visitor, go
from domain import errors as e
from domain import ticket_commands as c
from domain.authority import Right, denied
from domain.inquiries import TicketReading
from domain.ports import CommandKey
from domain.requests import Done
from domain.terms import Channel, Facility, Kind, State, Trigger
from projections.ticket_search import Filters

router = APIRouter(include_in_schema=False)

LAST = 3
"""Tickets of a caller that are shown."""
PLACE = ("area", "building", "entrance", "dwelling", "public_place")
Phone = Annotated[str, Query(max_length=30)]


@dataclass(frozen=True)
class Caller:
    """Who rang before from a number: their last tickets, the latest opened with its name and place."""

    tickets: Sequence[ListedTicket]
    latest: TicketReading | None

    @property
    def unfinished(self) -> list[ListedTicket]:
        """Tickets that this call may be about."""
        return [one for one in self.tickets if one.state not in (State.FOLLOWED_UP, State.CANCELLED)]

    @property
    def known(self) -> dict[str, str]:
        """What the form is filled in with."""
        if self.latest is None:
            return {}
        state, texts = self.latest.state, self.latest.texts
        place = {name: getattr(state.location, name, None) for name in PLACE if name != "dwelling"}
        said = {**place, "dwelling": texts.get("dwelling"), "name": texts.get("reporter_name")}
        return {name: value for name, value in said.items() if value}


@router.get("/intake")
async def intake(visitor: TheVisitor, phone: Phone = "", number: Annotated[str, Query(max_length=80)] = "") -> Response:
    """The form; with a telephone number, filled in with what is known of the caller."""
    _may_receive(visitor)
    written = await visitor.gongdan.inquiries.numbers(await visitor.desk.load(await _own(visitor, number))) if number else None
    caller, refused = None, None
    try:
        caller = await _caller(visitor, phone) if phone else None
    except (e.InvalidInput, e.NotAllowed) as refusal:
        refused = told(refusal, visitor)
    values = {"phone": phone, **(caller.known if caller else {})}
    return _page(visitor, values, caller=caller, written=written.number if written else "", refused=refused)


@router.get("/intake/caller")
async def caller_panel(visitor: TheVisitor, phone: Phone = "") -> Response:
    """The same of the caller alone, for a form that is being filled in."""
    _may_receive(visitor)
    try:
        caller = await _caller(visitor, phone) if phone.strip() else None
    except (e.InvalidInput, e.NotAllowed):
        caller = None
    return visitor.page("intake_caller.html", caller=caller, phone=phone)


@router.post("/intake")
async def receive(visitor: TheVisitor) -> Response:
    """Receive and, where the kind is known, classify: two steps, each of which counts once.

    Where the second is refused the call isn't lost: its ticket is shown with what was refused.
    """
    form = await receive_form(visitor)
    try:
        done = await visitor.desk.receive(filled(c.Receive, _received(form, visitor)), await form.request(visitor))
    except REFUSED as refusal:
        return _page(visitor, form.values, refused=told(refusal, visitor), chosen=form.all("complained_of"))
    if not isinstance(done, Done):
        return go("/intake")
    number = (await visitor.gongdan.inquiries.numbers(done.state)).number
    if form.has("kind"):
        try:
            classified = {name: form.get(name) for name in ("kind", "category", "facility") if form.has(name)}
            wanted = filled(c.Classify, {**classified, "complained_of": form.all("complained_of")})
            asked = await form.request(visitor)
            await visitor.desk.act(number, wanted, replace(asked, key=_second(asked.key)))
        except REFUSED as refusal:
            refused = told(refusal, visitor)
            return await shown(visitor, number, refused=refused, trigger=Trigger.CLASSIFY, values=form.values)
    return go(f"/intake?number={number}")


def _second(key: CommandKey | None) -> CommandKey | None:
    """The key of the form's second step."""
    return replace(key, key=f"{key.key}-classify") if key else None


def _received(form: Form, visitor: Visitor) -> dict[str, Any]:
    place = {name: form.get(name) for name in PLACE if form.has(name)}
    reporter = {name: form.get(name) for name in ("name", "phone") if form.has(name)}
    found: dict[str, Any] = {
        "community": visitor.community or "",
        "channel": form.get("channel", Channel.PHONE.value),
        "description": form.get("description"),
        "urgency": "emergency" if form.has("emergency") else "normal",
    }
    return found | ({"location": place} if place else {}) | ({"reporter": reporter} if reporter else {})


def _may_receive(visitor: Visitor) -> None:
    if not visitor.might(Right.RECEIVE):
        raise denied(Right.RECEIVE, Trigger.RECEIVE.value, visitor.roles)


async def _own(visitor: Visitor, number: str) -> Any:
    """The ticket of a number that the visitor may read."""
    return (await visitor.gongdan.inquiries.ticket(visitor.login, number, personal=False)).state.id


async def _caller(visitor: Visitor, phone: str) -> Caller:
    """Looking a number up is recorded, and so is opening the latest ticket."""
    page = await ticket_page(visitor.site.api, visitor.caller, Filters(phone=phone.strip()), visitor.community, LAST, None)
    latest = await visitor.gongdan.inquiries.ticket(visitor.login, str(page.items[0].id)) if page.items else None
    return Caller(page.items, None if latest is None or latest.masked else latest)


def _page(
    visitor: Visitor,
    values: dict[str, str],
    *,
    caller: Caller | None = None,
    written: str = "",
    refused: Told | None = None,
    chosen: Sequence[str] = (),
) -> Response:
    areas = visitor.directory.community(visitor.community).areas if visitor.community else {}
    return visitor.page(
        "intake.html",
        refused.status if refused else 200,
        values=values,
        caller=caller,
        phone=values.get("phone", ""),
        written=written,
        refused=refused,
        areas=areas,
        kinds=Kind,
        channels=Channel,
        facilities=Facility,
        colleagues=colleagues(visitor, visitor.community or ""),
        chosen=list(chosen),
    )
