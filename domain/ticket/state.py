"""The state of a ticket (工单), as decisions and read models need it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel.aggregate import FoldedState
from domain.kernel.privacy import Text
from domain.kernel.terms import (
    Book,
    CancelReason,
    Channel,
    ChargeStatus,
    ComplaintFault,
    ComplaintSeverity,
    CompletionOutcome,
    EscalationLevel,
    Facility,
    Kind,
    LinkRelation,
    State,
    SuspendReason,
    Urgency,
)
from domain.people.assignee import Assignee
from domain.people.place import Location
from domain.rules.clocks import Timeline
from domain.ticket.workflows import WORKFLOWS


@dataclass(frozen=True, slots=True)
class Assignment:
    """The current assignment, since the last dispatch or reassignment."""

    assignee: Assignee
    dispatched_by: str
    dispatched_at: datetime
    accepted: bool = False
    started: bool = False


@dataclass(frozen=True, slots=True)
class Suspended:
    """The reason for the current suspension, and its beginning."""

    reason: SuspendReason
    since: datetime


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """A quoted service at the unit price of that moment, in fen."""

    code: str
    name: str
    quantity: int
    unit_price_fen: int


@dataclass(frozen=True, slots=True)
class Charge:
    """A quotation and its status."""

    lines: tuple[ChargeLine, ...]
    total_fen: int
    price_list: str
    status: ChargeStatus
    method: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A checklist item that was checked, with its evidence and the tickets opened for its defects."""

    item: str
    at: datetime
    by: str
    evidence: Text | None = None
    defects: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Rectification:
    """The latest rectification order (限期整改)."""

    what: Text
    due_at: datetime
    scorecard_item: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The last judgement of a complaint (D2 items 9 and 10)."""

    reasonable: bool
    severity: ComplaintSeverity | None
    fault: ComplaintFault | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another ticket."""

    ticket: UUID
    relation: LinkRelation


@dataclass(frozen=True, slots=True)
class Attachment:
    """A sealed file, named by the hash of its ciphertext; ``file_name`` is its original name."""

    name: str
    content_type: str
    size: int
    at: datetime
    file_name: Text | None = None


@dataclass(frozen=True)
class TicketState(FoldedState):
    """A ticket's state."""

    id: UUID
    version: int
    community: str = ""
    subject: UUID | None = None
    state: State = State.RECEIVED
    channel: Channel = Channel.PHONE
    urgency: Urgency = Urgency.NORMAL
    kind: Kind | None = None
    category: str | None = None
    facility: Facility | None = None
    location: Location | None = None
    description: Text | None = None
    reporter_name: Text | None = None
    reporter_phone: Text | None = None
    dwelling: Text | None = None
    complained_of: tuple[str, ...] = ()
    received_by: str = ""
    received_at: datetime | None = None
    occurred_at: datetime | None = None
    timeline: Timeline = field(default_factory=Timeline)
    assignment: Assignment | None = None
    suspended: Suspended | None = None
    appointment_at: datetime | None = None
    deferred_until: datetime | None = None
    replied: bool = False
    workers: tuple[str, ...] = ()
    settled_on_the_spot_by: str | None = None
    resolution: Text | None = None
    outcome: CompletionOutcome | None = None
    rework: int = 0
    follow_up_attempts: tuple[datetime, ...] = ()
    rating: int | None = None
    closed_at: datetime | None = None
    unreached: bool = False
    cancel_reason: CancelReason | None = None
    duplicate_of: UUID | None = None
    charge: Charge | None = None
    checklist: tuple[Checked, ...] = ()
    rectification: Rectification | None = None
    escalation_level: EscalationLevel | None = None
    escalation_department: str | None = None
    urged: int = 0
    judgement: Judgement | None = None
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    last_actor: str = ""

    @property
    def book(self) -> Book | None:
        """The book of the ticket's kind, once it is classified."""
        return WORKFLOWS[self.kind].book if self.kind else None

    @property
    def is_open(self) -> bool:
        """Whether the ticket is unfinished: neither followed up nor cancelled."""
        return self.state not in FINISHED


FINISHED = (State.FOLLOWED_UP, State.CANCELLED)

CORRECTABLE_TEXTS = {
    "description": "description",
    "reporter.name": "reporter_name",
    "reporter.phone": "reporter_phone",
    "location.dwelling": "dwelling",
    "resolution": "resolution",
}
"""Personal texts that may be corrected → the state's field."""

CORRECTABLE_CODES = (
    "channel",
    "urgency",
    "category",
    "location.area",
    "location.building",
    "location.entrance",
    "location.public_place",
)
"""Codes that may be corrected. Kind and facility are changed by reclassifying instead."""


def code_of(s: TicketState, name: str) -> str | None:
    """The present value of a correctable code."""
    if name.startswith("location."):
        return getattr(s.location, name.removeprefix("location."), None)
    value: str | None = getattr(s, name)
    return None if value is None else str(value)
