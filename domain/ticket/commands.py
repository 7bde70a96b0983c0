"""Commands on a ticket, one for each trigger, named by the desk's own verbs.

They validate themselves (pydantic), so that API, command line, approvals and imports share one definition of well-formed input.
Texts have at most 4,000 characters, and no control characters except line breaks and tabs. The moment and the caller are passed
beside the command. Field names are those of the HTTP interface.
"""

from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from domain.kernel.terms import (
    AssigneeType,
    CancelReason,
    Channel,
    ChargeOutcome,
    ComplaintFault,
    ComplaintSeverity,
    CompletionOutcome,
    CorrectionReason,
    EscalationLevel,
    Facility,
    FollowUpMethod,
    Kind,
    LinkRelation,
    SuspendReason,
    Trigger,
    Urgency,
)
from domain.kernel.values import Code, FreeText, Login, Moment, Name, Phone, ShortText, TicketRef, Value


class Place(Value):
    """A dwelling (area, building, entrance, dwelling), or an area and a public place."""

    area: Code | None = None
    building: Code | None = None
    entrance: Code | None = None
    dwelling: Code | None = None
    public_place: ShortText | None = None


class Reporter(Value):
    """The reporter: a name, a phone, or both; or a person of the household register (住户名册), whose data are filled in."""

    name: Name | None = None
    phone: Phone | None = None
    resident_id: UUID | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.resident_id is not None and (self.name is not None or self.phone is not None):
            raise ValueError("give either name and phone, or resident_id")
        return self


class AssigneeRef(Value):
    """The assignee: a person's login, or the code of a team or contractor."""

    type: AssigneeType = AssigneeType.PERSON
    id: Code


class QuoteLine(Value):
    """A service of the price list, and the number of units."""

    code: Code
    quantity: int = Field(default=1, ge=1, le=10_000)


class Command(Value):
    """Base of the commands; ``trigger`` is the lifecycle's."""

    trigger: ClassVar[Trigger]


class Receive(Command):
    """接单: needs a description, and a location or a contact."""

    trigger = Trigger.RECEIVE
    community: Code
    channel: Channel
    description: FreeText
    location: Place | None = None
    reporter: Reporter | None = None
    urgency: Urgency = Urgency.NORMAL
    complained_of: tuple[Login, ...] = Field(default=(), max_length=20)


class Classify(Command):
    """分类: the kind determines the book; a repair needs ``facility``."""

    trigger = Trigger.CLASSIFY
    kind: Kind
    category: Code | None = None
    facility: Facility | None = None
    complained_of: tuple[Login, ...] = Field(default=(), max_length=20)


class Reclassify(Command):
    """改类: moves the ticket to the book of another kind."""

    trigger = Trigger.RECLASSIFY
    kind: Kind
    category: Code | None = None
    facility: Facility | None = None


class Dispatch(Command):
    """派单 to a person, team or contractor; a plain text as ``assignee`` is a person's login."""

    trigger = Trigger.DISPATCH
    assignee: AssigneeRef | Login
    appointment_at: Moment | None = None


class Reassign(Command):
    """转单."""

    trigger = Trigger.REASSIGN
    assignee: AssigneeRef | Login
    appointment_at: Moment | None = None


class Decline(Command):
    """退单 by the assignee before starting."""

    trigger = Trigger.DECLINE
    reason: FreeText


class Accept(Command):
    """接单 by the assignee."""

    trigger = Trigger.ACCEPT


class Start(Command):
    """到场."""

    trigger = Trigger.START


class Suspend(Command):
    """挂起."""

    trigger = Trigger.SUSPEND
    reason: SuspendReason


class Resume(Command):
    """恢复."""

    trigger = Trigger.RESUME


class Complete(Command):
    """完工."""

    trigger = Trigger.COMPLETE
    resolution: FreeText
    outcome: CompletionOutcome = CompletionOutcome.DONE
    parts: tuple[ShortText, ...] = Field(default=(), max_length=50)


class Settle(Command):
    """当班办结."""

    trigger = Trigger.SETTLE
    resolution: FreeText


class FollowUp(Command):
    """回访: the resident's verdict; a satisfied one needs a rating of 1 to 5."""

    trigger = Trigger.FOLLOW_UP
    satisfied: bool
    method: FollowUpMethod
    rating: int | None = Field(default=None, ge=1, le=5)
    comment: FreeText | None = None


class AttemptFollowUp(Command):
    """回访未遇."""

    trigger = Trigger.ATTEMPT_FOLLOW_UP
    method: FollowUpMethod = FollowUpMethod.PHONE


class CloseUnreached(Command):
    """未回访关闭."""

    trigger = Trigger.CLOSE_UNREACHED


class Reopen(Command):
    """重开."""

    trigger = Trigger.REOPEN
    reason: FreeText


class Cancel(Command):
    """取消; a duplicate names the other ticket by id or number."""

    trigger = Trigger.CANCEL
    reason: CancelReason
    duplicate_of: TicketRef | None = None


class Reply(Command):
    """答复."""

    trigger = Trigger.REPLY
    message: FreeText


class Schedule(Command):
    """预约上门."""

    trigger = Trigger.SCHEDULE
    appointment_at: Moment


class Defer(Command):
    """次日安排."""

    trigger = Trigger.DEFER
    told_resident: bool


class Escalate(Command):
    """上报 to a level or a department."""

    trigger = Trigger.ESCALATE
    reason: FreeText
    level: EscalationLevel | None = None
    department: Code | None = None


class Urge(Command):
    """督促."""

    trigger = Trigger.URGE
    message: FreeText | None = None


class Quote(Command):
    """报价 by the price list."""

    trigger = Trigger.QUOTE
    lines: tuple[QuoteLine, ...] = Field(min_length=1, max_length=50)


class AcceptQuote(Command):
    """The resident agrees to the quotation."""

    trigger = Trigger.ACCEPT_QUOTE


class DeclineQuote(Command):
    """The resident declines the quotation."""

    trigger = Trigger.DECLINE_QUOTE


class SettleCharge(Command):
    """收费 or 减免; paid needs the method."""

    trigger = Trigger.SETTLE_CHARGE
    outcome: ChargeOutcome
    method: Code | None = None
    receipt: Code | None = None


class CheckItem(Command):
    """Check a checklist item, with its evidence. Defects found when a flat is inspected open repair tickets."""

    trigger = Trigger.CHECK_ITEM
    item: Code
    evidence: FreeText | None = None
    defects: tuple[FreeText, ...] = Field(default=(), max_length=50)


class OrderRectification(Command):
    """限期整改; an inspection may name the scorecard item concerned."""

    trigger = Trigger.ORDER_RECTIFICATION
    what: FreeText
    due_at: Moment
    scorecard_item: Code | None = None


class ConfirmRectification(Command):
    """整改合格."""

    trigger = Trigger.CONFIRM_RECTIFICATION


class ApproveMajorWorks(Command):
    """大工程, with an agreed date; always two people."""

    trigger = Trigger.APPROVE_MAJOR_WORKS
    agreed_due_at: Moment
    reason: FreeText


class JudgeComplaint(Command):
    """投诉定性; a reasonable complaint needs severity and fault."""

    trigger = Trigger.JUDGE_COMPLAINT
    reasonable: bool
    severity: ComplaintSeverity | None = None
    fault: ComplaintFault | None = None
    complained_of: tuple[Login, ...] = Field(default=(), max_length=20)


class LinkTicket(Command):
    """Link another ticket of the community, by id or number."""

    trigger = Trigger.LINK
    ticket: TicketRef
    relation: LinkRelation


class Attach(Command):
    """Attach a file that is already stored sealed, by the hash of its ciphertext."""

    trigger = Trigger.ATTACH
    name: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    content_type: Annotated[str, StringConstraints(max_length=100)]
    size: int = Field(ge=0)
    file_name: ShortText | None = None


class Correct(Command):
    """更正 of one field; null clears it."""

    trigger = Trigger.CORRECT
    field: str
    value: FreeText | None
    reason: CorrectionReason


class Note(Command):
    """备注."""

    trigger = Trigger.NOTE
    text: FreeText


COMMANDS: dict[Trigger, type[Command]] = {c.trigger: c for c in Command.__subclasses__()}
"""Every command by its trigger; a test checks that no trigger of the lifecycle is missing."""
