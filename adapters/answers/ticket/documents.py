"""Documents of a ticket and of its history."""

from typing import Any
from uuid import UUID

from adapters.answers.documents import Answer, Moment
from domain.kernel import terms as t


class AssigneeAnswer(Answer):
    """A team (班组) or contractor (外包单位) by its code."""

    type: t.AssigneeType
    id: str


class ClockAnswer(Answer):
    """A clock (时限). ``due_at`` of a paused clock is the due moment if it resumed now."""

    clock: t.ClockName
    status: t.ClockStatus
    started_at: Moment
    due_at: Moment
    stopped_at: Moment | None
    breached_at: Moment | None


class LocationAnswer(Answer):
    """A location. The dwelling (户) is personal data; masked, it reads ``***``."""

    area: str | None
    building: str | None
    entrance: str | None
    dwelling: str | None
    public_place: str | None


class ReporterAnswer(Answer):
    """The reporter. ``subject`` is the id of the data subject (个人信息主体)."""

    name: str | None
    phone: str | None
    subject: UUID | None


class SuspendedAnswer(Answer):
    """A suspension of work: why, and since when."""

    reason: t.SuspendReason
    since: Moment


class AssignmentAnswer(Answer):
    """The current assignment and how far it has got."""

    dispatched_by: str
    dispatched_at: Moment
    accepted: bool
    started: bool


class ChargeLineAnswer(Answer):
    """A quoted service at the unit price of its day, in fen."""

    code: str
    name: str
    quantity: int
    unit_price_fen: int


class ChargeAnswer(Answer):
    """A quotation (报价) and its status; amounts in fen."""

    lines: list[ChargeLineAnswer]
    total_fen: int
    status: t.ChargeStatus
    price_list: str
    method: str | None
    receipt: str | None


class ChecklistAnswer(Answer):
    """One item of the checklist of the ticket's kind. ``checked_at`` is null while it is open."""

    item: str
    checked_at: Moment | None
    checked_by: str | None
    evidence: str | None
    defects: list[UUID]


class RectificationAnswer(Answer):
    """The latest rectification order (限期整改)."""

    what: str
    due_at: Moment
    scorecard_item: str | None
    confirmed_at: Moment | None


class EscalationAnswer(Answer):
    """An escalation (上报): to which level, or to which department."""

    level: t.EscalationLevel | None
    department: str | None


class JudgementAnswer(Answer):
    """The last judgement of a complaint (投诉定性)."""

    reasonable: bool
    severity: t.ComplaintSeverity | None
    fault: t.ComplaintFault | None
    at: Moment


class LinkAnswer(Answer):
    """A link to another ticket."""

    ticket: UUID
    relation: t.LinkRelation


class AttachmentAnswer(Answer):
    """An encrypted file, fetched from ``/tickets/{id}/attachments/{name}``; ``size`` in bytes.

    ``file_name`` is personal data; masked, it reads ``***``.
    """

    name: str
    file_name: str | None
    content_type: str
    size: int
    at: Moment


class TicketAnswer(Answer):
    """A ticket (工单) as the caller may see it.

    ``masked`` is true where personal data is hidden. ``legal`` lists the triggers that are legal for the caller now.
    """

    id: UUID
    number: str
    book_number: str | None
    community: str
    state: t.State
    version: int
    kind: t.Kind | None
    category: str | None
    facility: t.Facility | None
    channel: t.Channel
    urgency: t.Urgency
    location: LocationAnswer | None
    description: str | None
    reporter: ReporterAnswer
    masked: bool
    complained_of: list[str]
    received_by: str
    received_at: Moment
    assignee: str | AssigneeAnswer | None
    assignment: AssignmentAnswer | None
    suspended: SuspendedAnswer | None
    appointment_at: Moment | None
    deferred_until: Moment | None
    replied: bool
    clocks: list[ClockAnswer]
    major_works_due_at: Moment | None
    rework: int
    resolution: str | None
    outcome: t.CompletionOutcome | None
    rating: int | None
    follow_up_attempts: list[Moment]
    unreached: bool
    closed_at: Moment | None
    cancel_reason: t.CancelReason | None
    duplicate_of: UUID | None
    charge: ChargeAnswer | None
    checklist: list[ChecklistAnswer]
    rectification: RectificationAnswer | None
    escalation: EscalationAnswer | None
    urged: int
    judgement: JudgementAnswer | None
    links: list[LinkAnswer]
    attachments: list[AttachmentAnswer]
    occurred_at: Moment
    recorded_at: Moment
    legal: list[t.Trigger]


class StepAnswer(Answer):
    """One event of a ticket's history, with the state before and after it and the clocks after it."""

    version: int
    position: int
    type: str
    by: str
    on_behalf_of: str | None
    second_person: str | None
    occurred_at: Moment
    recorded_at: Moment
    back_entered: bool
    offline_entered: bool
    number: str | None
    data: dict[str, Any]
    state_before: t.State | None
    state_after: t.State
    clocks: list[ClockAnswer]


class HistoryAnswer(Answer):
    """A ticket's events in order."""

    ticket: UUID
    items: list[StepAnswer]
