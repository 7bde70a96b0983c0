"""Forms of a shift's commands: reading them, carrying them out by the API's use cases, and which are offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.pages.frame.forms import Form, filled
from adapters.pages.frame.moments import moment_in
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.visitor import Visitor
from adapters.web.bodies.duty import SHIFT_COMMANDS, Timed
from domain.duty.duty_desk import ShiftDone
from domain.duty.handover_sheet import Difference, StaleSheet
from domain.duty.rules import stale
from domain.duty.shift import ShiftState
from domain.kernel.errors import NotFound, Refusal
from domain.kernel.terms import Role, ShiftTrigger
from domain.people.authority import Held

MOMENTS = ("occurred_at", "arrived_at")
LISTS = ("records", "urge")
FLAGS = ("offline", "rest_good")
SIGNATURES = (ShiftTrigger.SIGN_OUT, ShiftTrigger.SIGN_IN)
_BY_PATH = {trigger.value.replace("_", "-"): taken for trigger, taken in SHIFT_COMMANDS.items()}


def body_of(model: type[Timed], form: Form, visitor: Visitor) -> Any:
    """Read a command's body from a form; raises InvalidInput.

    The field ``equipment.ITEM`` holds the condition of an item.
    """
    values: dict[str, Any] = {name: form.get(name) for name in model.model_fields if form.has(name)}
    for name in MOMENTS:
        if name in values and (moment := moment_in(values[name], visitor, f"/{name}")) is not None:
            values[name] = moment.isoformat()
    values |= {name: form.all(name) for name in LISTS if name in values}
    values |= {name: True for name in FLAGS if name in values}
    if "read_upto" in values and values["read_upto"].isdecimal():
        values["read_upto"] = int(values["read_upto"])
    if "equipment" in model.model_fields:
        stated = [
            (name.partition(".")[2], form.get(name)) for name in form.fields if name.startswith("equipment.") and form.has(name)
        ]
        values["equipment"] = [{"item": item, "condition": condition} for item, condition in stated]
    return filled(model, values)


async def carry_out(visitor: Visitor, shift: UUID, command: str, form: Form) -> ShiftDone:
    """Carry out a command on a shift, named by its path in the API; raises the use case's refusals."""
    if command not in _BY_PATH:
        raise NotFound("command")
    model, operate = _BY_PATH[command]
    body = body_of(model, form, visitor)
    request = await form.request(visitor, occurred_at=body.occurred_at, offline=getattr(body, "offline", False))
    return await operate(visitor.gongdan.duty, shift, request, body)


@dataclass(frozen=True, slots=True)
class Offered:
    """A command on a shift, and why it is not offered; empty where it is."""

    trigger: ShiftTrigger
    path: str
    why_not: Sequence[str]

    @property
    def free(self) -> bool:
        """Whether the command is legal now."""
        return not self.why_not


def offered(
    visitor: Visitor, shift: ShiftState, triggers: Sequence[ShiftTrigger], since: Difference | None = None
) -> dict[ShiftTrigger, Offered]:
    """Weigh commands on a shift. A signature over a stale sheet isn't offered, since it would be refused.

    ``since``: how the unfinished tickets changed after the sheet was prepared; None where it is current.
    """
    found: dict[ShiftTrigger, Offered] = {}
    for offer in visitor.gongdan.duty_records.offers(visitor.directory, visitor.login, shift):
        if offer.trigger in triggers:
            refusal: Refusal | None = offer.refusal
            if refusal is None and since is not None and shift.sheet is not None and offer.trigger in SIGNATURES:
                refusal = stale(shift, shift.sheet, since, offer.trigger)
            found[offer.trigger] = Offered(offer.trigger, offer.trigger.value.replace("_", "-"), why_not(refusal, visitor))
    return found


def why_not(refusal: Refusal | None, visitor: Visitor) -> Sequence[str]:
    """Explain why a command is refused, in at most two sentences; empty where it isn't."""
    if refusal is None:
        return ()
    found = explained(refusal, visitor)
    return (found.said or [found.title])[:2]


def since_of(refusal: Refusal | None) -> Difference | None:
    """Changes since a stale sheet was prepared; None for other refusals."""
    return refusal.since if isinstance(refusal, StaleSheet) else None


def colleagues(visitor: Visitor, *roles: Role) -> list[tuple[str, str]]:
    """List others who work in the community with one of these roles (without ``roles``, any), as (login, name)."""
    assert visitor.community is not None
    found = []
    for login, person in visitor.directory.people.items():
        held: tuple[Held, ...] = visitor.directory.roles(login, visitor.community, visitor.now)
        if login != visitor.login and held and (not roles or any(one.role in roles for one in held)):
            found.append((login, person.name))
    return sorted(found)
