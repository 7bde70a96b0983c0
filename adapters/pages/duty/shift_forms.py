"""Forms of a shift: every command of the interface as a form, carried out by the same use case, and what is offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.pages.frame.forms import Form, filled
from adapters.pages.frame.moments import moment_in
from adapters.pages.frame.refusals import told
from adapters.pages.frame.visitor import Visitor
from adapters.web.bodies.duty import SHIFT_COMMANDS, Timed
from domain.duty.duty_desk import ShiftDone
from domain.duty.handover_sheet import StaleSheet
from domain.duty.shift import ShiftState
from domain.kernel.errors import NotFound, Refusal
from domain.kernel.terms import Role, ShiftTrigger
from domain.people.authority import Held

MOMENTS = ("occurred_at", "arrived_at")
LISTS = ("records", "urge")
SIGNATURES = (ShiftTrigger.SIGN_OUT, ShiftTrigger.SIGN_IN)
_BY_PATH = {trigger.value.replace("_", "-"): taken for trigger, taken in SHIFT_COMMANDS.items()}


def body_of(model: type[Timed], form: Form, visitor: Visitor) -> Any:
    """The command's body as the form was filled in; raises InvalidInput.

    The condition of a thing stands in a field ``equipment.THING``.
    """
    values: dict[str, Any] = {name: form.get(name) for name in model.model_fields if form.has(name)}
    for name in MOMENTS:
        if name in values and (moment := moment_in(values[name], visitor, f"/{name}")) is not None:
            values[name] = moment.isoformat()
    values |= {name: form.all(name) for name in LISTS if name in values}
    if "offline" in values:
        values["offline"] = True
    if "read_upto" in values and values["read_upto"].isdecimal():
        values["read_upto"] = int(values["read_upto"])
    if "equipment" in model.model_fields:
        stated = [(name.partition(".")[2], form.get(name)) for name in form.fields if name.startswith("equipment.")]
        values["equipment"] = [{"item": item, "condition": condition} for item, condition in stated]
    return filled(model, values)


async def carry_out(visitor: Visitor, shift: UUID, command: str, form: Form) -> ShiftDone:
    """A command on a shift, by its path in the interface; raises what the use case refuses with."""
    if command not in _BY_PATH:
        raise NotFound("command")
    model, operate = _BY_PATH[command]
    body = body_of(model, form, visitor)
    request = await form.request(visitor, occurred_at=body.occurred_at, offline=getattr(body, "offline", False))
    return await operate(visitor.gongdan.duty, shift, request, body)


@dataclass(frozen=True, slots=True)
class Offered:
    """A command in words: what is offered, or why not."""

    trigger: ShiftTrigger
    path: str
    why_not: Sequence[str]

    @property
    def free(self) -> bool:
        """Whether it may be taken now."""
        return not self.why_not


async def offered(visitor: Visitor, shift: ShiftState, triggers: Sequence[ShiftTrigger]) -> dict[ShiftTrigger, Offered]:
    """These commands of a shift; a signature over a sheet that has become stale isn't offered."""
    duty = visitor.gongdan.duty
    found: dict[ShiftTrigger, Offered] = {}
    for offer in await visitor.gongdan.duty_records.offers(visitor.login, shift):
        if offer.trigger in triggers:
            refusal: Refusal | None = offer.refusal
            if refusal is None and offer.trigger in SIGNATURES:
                refusal = await duty.stale(shift, offer.trigger)
            found[offer.trigger] = Offered(offer.trigger, offer.trigger.value.replace("_", "-"), why_not(refusal, visitor))
    return found


def why_not(refusal: Refusal | None, visitor: Visitor) -> Sequence[str]:
    """What stands against a command, in words: one line."""
    if refusal is None:
        return ()
    found = told(refusal, visitor)
    return (found.said or [found.title])[:2]


def since_of(refusal: Refusal | None) -> Any:
    """What changed since a stale sheet was prepared."""
    return refusal.since if isinstance(refusal, StaleSheet) else None


def colleagues(visitor: Visitor, *roles: Role) -> list[tuple[str, str]]:
    """Others who work in the community, of these roles (any, without), as (login, name)."""
    assert visitor.community is not None
    found = []
    for login, person in visitor.directory.people.items():
        held: tuple[Held, ...] = visitor.directory.roles(login, visitor.community, visitor.now)
        if login != visitor.login and held and (not roles or any(one.role in roles for one in held)):
            found.append((login, person.name))
    return sorted(found)
