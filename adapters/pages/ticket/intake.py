"""Intake page (接单): turns a call into a numbered ticket, by keyboard, in one form whose fields follow the kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.answers.household.documents import HouseholdTicket, OccupancyAnswer, PhoneAnswer
from adapters.answers.household.reading import phone_answer, resident_answer
from adapters.pages.frame.forms import Form, filled, receive_form
from adapters.pages.frame.refusals import STEPPING, Explanation, explained
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.pages.ticket.steps import colleagues
from adapters.pages.ticket.tickets import shown
from adapters.web.bodies.household import LookUp
from domain.kernel import errors as e
from domain.kernel.ports import CommandKey
from domain.kernel.terms import Channel, Facility, Kind, State, Trigger
from domain.people.authority import Right, denied
from domain.service_desk.outcome import Done
from domain.service_desk.ticket_reading import TicketReading
from domain.ticket import commands as c

router = APIRouter(include_in_schema=False)

LAST = 3
"""Tickets of a caller that are shown, the latest ones."""
PLACE = ("area", "building", "entrance", "dwelling", "public_place")
Phone = Annotated[str, Query(max_length=30)]


@dataclass(frozen=True)
class Choice:
    """A person of the household register (住户名册) who may be calling, with one of their dwellings.

    ``value`` is the option's value: the person's id, with the occupancy's where they have several.
    """

    value: str
    name: str
    home: OccupancyAnswer | None


@dataclass(frozen=True)
class PhoneCaller:
    """Everybody who may be calling from a number, and their tickets.

    ``latest`` is the last ticket of a caller who is not in the household register, if nobody registered has the number.
    """

    found: PhoneAnswer
    latest: TicketReading | None

    @property
    def choices(self) -> list[Choice]:
        """Options of which the clerk picks one."""
        found = []
        for person in self.found.people:
            homes: list[OccupancyAnswer | None] = [home for home in person.occupancies if home.current]
            for home in homes or [None]:
                which = f".{home.id}" if home is not None and len(homes) > 1 else ""
                found.append(Choice(f"{person.id}{which}", person.name or "", home))
        return found

    @property
    def tickets(self) -> list[HouseholdTicket]:
        """Last tickets, the latest first."""
        tickets = [*(one for person in self.found.people for one in person.tickets), *self.found.callers]
        return sorted({one.id: one for one in tickets}.values(), key=lambda one: one.received_at, reverse=True)[:LAST]

    @property
    def unfinished(self) -> list[HouseholdTicket]:
        """Unfinished tickets, which the call may be about."""
        return [one for one in self.tickets if one.state not in (State.FOLLOWED_UP, State.CANCELLED)]

    @property
    def known(self) -> dict[str, str]:
        """First values of the form for a caller who is not in the household register."""
        if self.latest is None:
            return {}
        state, texts = self.latest.state, self.latest.texts
        place = {name: getattr(state.location, name, None) for name in PLACE if name != "dwelling"}
        said = {**place, "dwelling": texts.get("dwelling"), "name": texts.get("reporter_name")}
        return {name: value for name, value in said.items() if value}


@router.get("/intake")
async def intake(visitor: TheVisitor, phone: Phone = "", number: Annotated[str, Query(max_length=80)] = "") -> Response:
    """Show the form; with a telephone number, filled in with what is known of the caller."""
    _may_receive(visitor)
    written = await _written(visitor, number) if number else ""
    caller, refused = None, None
    try:
        caller = await _caller(visitor, phone)
    except LOOK_UP_REFUSED as refusal:
        refused = explained(refusal, visitor)
    values = {"phone": phone, **(caller.known if caller else {})}
    return _page(visitor, values, caller=caller, written=written, refused=refused)


@router.get("/intake/caller")
async def caller_panel(visitor: TheVisitor, phone: Phone = "") -> Response:
    """Show the part about the caller, for a form that is being filled in."""
    _may_receive(visitor)
    return visitor.page(
        "ticket/intake_caller.html", caller=await _caller_again(visitor, phone), phone=phone, values={}, aside=True
    )


@router.post("/intake")
async def receive(visitor: TheVisitor) -> Response:
    """Receive a ticket and, where the kind is known, classify it: two commands, each with an idempotency key.

    If the second is refused the call isn't lost: its ticket's page is shown with the refusal.
    """
    form = await receive_form(visitor)
    try:
        command = filled(c.Receive, await _received(form, visitor))
        done = await visitor.desk.receive(command, await form.request(visitor))
    except STEPPING as refusal:
        caller = await _caller_again(visitor, form.get("phone")) if form.has("resident") else None
        blamed = form.all("complained_of")
        return _page(visitor, form.values, caller=caller, refused=explained(refusal, visitor), chosen=blamed)
    if not isinstance(done, Done):
        return go("/intake")
    number = (await visitor.gongdan.inquiries.numbers(done.state)).number
    if form.has("kind"):
        try:
            classified = {name: form.get(name) for name in ("kind", "category", "facility") if form.has(name)}
            wanted = filled(c.Classify, {**classified, "complained_of": form.all("complained_of")})
            asked = await form.request(visitor)
            await visitor.desk.act(number, wanted, replace(asked, key=_second(asked.key)))
        except STEPPING as refusal:
            refused = explained(refusal, visitor)
            return await shown(visitor, number, refused=refused, trigger=Trigger.CLASSIFY, values=form.values)
    return go(f"/intake?number={number}")


def _second(key: CommandKey | None) -> CommandKey | None:
    """Derive the idempotency key of the form's second command."""
    return replace(key, key=f"{key.key}-classify") if key else None


async def _received(form: Form, visitor: Visitor) -> dict[str, Any]:
    """Read the command's values. A person of the household register is named by id, without name and phone.

    Unless a location is given it is that of their dwelling.
    """
    place: dict[str, str | None] = {name: form.get(name) for name in PLACE if form.has(name)}
    reporter = {name: form.get(name) for name in ("name", "phone") if form.has(name)}
    resident, _, home = form.get("resident").partition(".")
    if resident:
        reporter = {"resident_id": resident}
        place = place or await _home(visitor, resident, home)
    found: dict[str, Any] = {
        "community": visitor.community or "",
        "channel": form.get("channel", Channel.PHONE.value),
        "description": form.get("description"),
        "urgency": "emergency" if form.has("emergency") else "normal",
    }
    return found | ({"location": place} if place else {}) | ({"reporter": reporter} if reporter else {})


async def _home(visitor: Visitor, resident: str, home: str) -> dict[str, str | None]:
    """Find the location of the chosen one of a resident's dwellings, which the access log records.

    Empty for a resident with a single dwelling, which the use case finds itself.
    """
    if not home:
        return {}
    try:
        person = UUID(resident)
    except ValueError:
        raise e.invalid("/reporter/resident_id", "not a well-formed id") from None
    found = await resident_answer(visitor.gongdan, visitor.directory, visitor.login, person)
    chosen = (one.location for one in found.occupancies if str(one.id) == home and not found.masked)
    return next((one.model_dump(exclude_none=True) for one in chosen), {})


def _may_receive(visitor: Visitor) -> None:
    if not visitor.might(Right.RECEIVE):
        raise denied(Right.RECEIVE, Trigger.RECEIVE.value, visitor.roles)


async def _written(visitor: Visitor, number: str) -> str:
    """Find the number of the ticket just received, if the visitor may read it."""
    reading = await visitor.gongdan.inquiries.ticket(visitor.login, number, personal=False, directory=visitor.directory)
    return reading.numbers.number


LOOK_UP_REFUSED = (e.InvalidInput, e.NotAllowed)


async def _caller(visitor: Visitor, phone: str) -> PhoneCaller | None:
    """Look up a number. The access log records this, and the opening of an unregistered caller's last ticket."""
    if not phone.strip():
        return None
    asked = filled(LookUp, {"community": visitor.community or "", "phone": phone.strip()})
    on_duty = await visitor.gongdan.office.holds_desk(visitor.login, asked.community)
    found = await phone_answer(visitor.gongdan, visitor.directory, visitor.login, asked.community, asked.phone, on_duty=on_duty)
    stranger = found.callers[0] if found.callers and not found.people else None
    latest = None
    if stranger is not None:
        latest = await visitor.gongdan.inquiries.ticket(
            visitor.login, str(stranger.id), directory=visitor.directory, on_duty=on_duty
        )
    return PhoneCaller(found, None if latest is None or latest.masked else latest)


async def _caller_again(visitor: Visitor, phone: str) -> PhoneCaller | None:
    """Look up a number beside a form that is being filled in, where a refusal only leaves the part about the caller empty."""
    try:
        return await _caller(visitor, phone)
    except LOOK_UP_REFUSED:
        return None


def _page(
    visitor: Visitor,
    values: dict[str, str],
    *,
    caller: PhoneCaller | None = None,
    written: str = "",
    refused: Explanation | None = None,
    chosen: Sequence[str] = (),
) -> Response:
    areas = visitor.directory.community(visitor.community).areas if visitor.community else {}
    return visitor.page(
        "ticket/intake.html",
        refused.status if refused else 200,
        values=values,
        caller=caller,
        aside=False,
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
