"""Request bodies of duty: one for each command of a shift, with its use case, and those of the roster."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from adapters.web.bodies.fields import OCCURRED, OFFLINE
from domain.duty.duty_desk import DutyDesk, ShiftDone
from domain.duty.roster import Slot
from domain.kernel.errors import invalid
from domain.kernel.request import Request
from domain.kernel.terms import Condition, DutyPeriod, ShiftTrigger
from domain.kernel.values import Code, FreeText, Login, Moment, TicketRef, Value

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="所见移交表的散列 · SHA-256 of the sheet the signer saw")]


ArrivedAt = Annotated[Moment, Field(description="到岗时间，缺省为现在 · when the officer arrived; now if left out")]


class Timed(Value):
    """Base of bodies that say when it happened."""

    occurred_at: Moment | None = OCCURRED[1]


class OpenShift(Timed):
    """The community whose desk the caller takes."""

    community: Code


class LogLine(Timed):
    """A line of the duty log. It may refer to a ticket, be entered late, or be drafted offline."""

    text: FreeText
    ticket: TicketRef | None = None
    offline: bool = OFFLINE[1]


class StandIn(Timed):
    """Who stands in for the officer who leaves for an emergency: a login, or a post or name without one (D5 六)."""

    stand_in: Login | None = None
    named: FreeText | None = None


class SwitchPhone(Timed):
    """Who answers the phone in the control room; null switches it back to the desk."""

    answered_by: Login | None = None


class Arrive(Timed):
    """An incoming officer's arrival. The outgoing officer may enter it for another, and an earlier moment than the server's."""

    officer: Login | None = None
    arrived_at: ArrivedAt | None = None


class EquipmentItem(Value):
    """An item on the post's equipment list, and its condition."""

    item: Code
    condition: Condition


class PrepareHandover(Timed):
    """The officer's statement for the handover sheet. Equipment not stated is ``not_checked``, or good with ``rest_good``.

    The unfinished tickets of the sheet are read from the log.
    """

    equipment: list[EquipmentItem] = Field(default=[], max_length=40)
    rest_good: bool = Field(default=False, description="其余逐项核对无异常 · everything else was checked and is good")
    records: list[Code] = Field(default=[], max_length=40)
    remarks: FreeText | None = None


class SignOut(Timed):
    """The outgoing officer's signature."""

    hash: Hash | None = None


class SignIn(Timed):
    """The incoming officer's signature. It opens their shift."""

    hash: Hash | None = None


class DisputeSheet(Timed):
    """The incoming officer's dispute of the sheet, with the reason."""

    reason: FreeText
    hash: Hash | None = None


class TakeOver(Timed):
    """The reason why a supervisor ends a shift in place of its officer."""

    reason: FreeText


class ReviewShift(Timed):
    """The supervisor's review: up to which position of the log (its end if left out), and the tickets urged with it."""

    read_upto: int | None = Field(default=None, ge=0, le=2**53)
    remarks: FreeText | None = None
    urge: list[TicketRef] = Field(default=[], max_length=200)
    message: FreeText | None = None


Operation = Callable[[DutyDesk, UUID, Request, Any], Awaitable[ShiftDone]]


def _equipment(body: PrepareHandover) -> dict[str, Condition]:
    stated: dict[str, Condition] = {}
    for i, thing in enumerate(body.equipment):
        if thing.item in stated:
            raise invalid(f"/equipment/{i}/item", "named twice")
        stated[thing.item] = thing.condition
    return stated


SHIFT_COMMANDS: dict[ShiftTrigger, tuple[type[Timed], Operation]] = {
    ShiftTrigger.EXTEND: (Timed, lambda d, s, r, b: d.extend(s, r)),
    ShiftTrigger.LOG: (LogLine, lambda d, s, r, b: d.log(s, b.text, b.ticket, r)),
    ShiftTrigger.SUBSTITUTE: (StandIn, lambda d, s, r, b: d.substitute(s, b.stand_in, r, b.named)),
    ShiftTrigger.CONFIRM_STAND_IN: (Timed, lambda d, s, r, b: d.confirm_stand_in(s, r)),
    ShiftTrigger.RETURN_TO_POST: (Timed, lambda d, s, r, b: d.return_to_post(s, r)),
    ShiftTrigger.SWITCH_PHONE: (SwitchPhone, lambda d, s, r, b: d.switch_phone(s, b.answered_by, r)),
    ShiftTrigger.ARRIVE: (Arrive, lambda d, s, r, b: d.arrive(s, r, b.officer, b.arrived_at)),
    ShiftTrigger.PREPARE_HANDOVER: (
        PrepareHandover,
        lambda d, s, r, b: d.prepare_handover(
            s, r, equipment=_equipment(b), rest_good=b.rest_good, records=b.records, remarks=b.remarks
        ),
    ),
    ShiftTrigger.SIGN_OUT: (SignOut, lambda d, s, r, b: d.sign_out(s, r, b.hash)),
    ShiftTrigger.SIGN_IN: (SignIn, lambda d, s, r, b: d.sign_in(s, r, b.hash)),
    ShiftTrigger.DISPUTE: (DisputeSheet, lambda d, s, r, b: d.dispute(s, b.reason, r, b.hash)),
    ShiftTrigger.TAKE_OVER: (TakeOver, lambda d, s, r, b: d.take_over(s, b.reason, r)),
    ShiftTrigger.REVIEW: (
        ReviewShift,
        lambda d, s, r, b: d.review(s, r, read_upto=b.read_upto, remarks=b.remarks, urge=b.urge, message=b.message),
    ),
}
"""Body and use case of every command on an existing shift."""


class SlotBody(Value):
    """A period of a day. A night belongs to the day on which it begins."""

    date: date
    period: DutyPeriod

    def slot(self) -> Slot:
        """Make the domain's slot."""
        return Slot(self.date, self.period)


class WantedDuty(SlotBody):
    """A duty to publish: who is due for a period of a day."""

    login: Login


class PublishRoster(Value):
    """Duties of one month, for periods that have none yet."""

    community: Code
    duties: list[WantedDuty] = Field(min_length=1, max_length=124)


class SwapDuties(Value):
    """Two duties that exchange their people, and why."""

    community: Code
    first: SlotBody
    second: SlotBody
    reason: FreeText


class CoverLeave(Value):
    """A leave: who is away, from which day to which, both included, who covers, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)

    community: Code
    login: Login
    from_day: date = Field(alias="from")
    to_day: date = Field(alias="to")
    cover: Login
    reason: FreeText
