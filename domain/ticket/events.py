"""The ticket (工单): its events, and their effects on the state.

Commands are in ``domain.ticket.commands``, decisions in ``domain.ticket.decisions``. Events are past facts. They hold codes,
sealed personal texts and what was true at their moment (clock policy, prices), so that no later rule can reject an old history.

Long because the eventsourcing library reads an event back only if it is nested in its aggregate.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.kernel.aggregate import Folded, register
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import (
    Book,
    CancelReason,
    Channel,
    ChargeOutcome,
    ChargeStatus,
    ComplaintFault,
    ComplaintSeverity,
    CompletionOutcome,
    CorrectionReason,
    EscalationLevel,
    Facility,
    FollowUpMethod,
    Kind,
    LinkRelation,
    State,
    SuspendReason,
    Urgency,
)
from domain.people.assignee import Assignee
from domain.people.place import Location
from domain.rules.clocks import ClockPolicy, Timeline
from domain.ticket.state import (
    CORRECTABLE_TEXTS,
    Assignment,
    Attachment,
    Charge,
    ChargeLine,
    Checked,
    Judgement,
    Link,
    Rectification,
    Suspended,
    TicketState,
)
from domain.ticket.workflows import WORKFLOWS


def _corrected(s: TicketState, name: str, text: Text | None, code: str | None) -> dict[str, Any]:
    if name in CORRECTABLE_TEXTS:
        return {CORRECTABLE_TEXTS[name]: text}
    if name.startswith("location."):
        return {"location": replace(s.location or Location(), **{name.removeprefix("location."): code})}
    convert = {"channel": Channel, "urgency": Urgency}.get(name, str)
    return {name: None if code is None else convert(code)}


def _marked(assignment: Assignment | None, **marks: Any) -> Assignment | None:
    return replace(assignment, **marks) if assignment else None


def _charge(charge: Charge | None, status: ChargeStatus, method: str | None = None, receipt: str | None = None) -> Charge | None:
    return replace(charge, status=status, method=method, receipt=receipt) if charge else None


def _work_ends(s: TicketState, at: datetime, worker: str) -> dict[str, Any]:
    return {
        "timeline": s.timeline.end_work(at),
        "workers": tuple(dict.fromkeys((*s.workers, worker))),
        "follow_up_attempts": (),
        "deferred_until": None,
    }


def _anew(s: TicketState, at: datetime, policy: ClockPolicy) -> dict[str, Any]:
    """The changes of rework and reopening: the work clocks start again and nobody is assigned."""
    return {
        "timeline": s.timeline.begin(at, policy),
        "assignment": None,
        "suspended": None,
        "appointment_at": None,
        "workers": (),
        "settled_on_the_spot_by": None,
        "outcome": None,
        "closed_at": None,
        "unreached": False,
        "rating": None,
    }


@register
class Ticket(Folded[TicketState]):
    """One request, from intake to follow-up."""

    TOPIC = "ticket"
    STATE = TicketState

    class Event(Folded.Event[TicketState]):
        """Base of the ticket's events; each changes the ticket's version on the handover sheet (工作移交表)."""

        changes_open_list = True
        TARGET: ClassVar[State | None] = None
        """Target state; None keeps the state."""

        @property
        def target(self) -> State | None:
            """Target state of this event; overridden where it depends on the event's data."""
            return self.TARGET

        def changes(self, s: TicketState) -> dict[str, Any]:
            """The state's fields that this event replaces, besides state, occurred_at and last_actor."""
            return {}

        def evolve(self, state: TicketState) -> TicketState:
            """The state after this event."""
            return state.with_(
                state=self.target or state.state,
                occurred_at=self.timestamp,
                last_actor=self.meta.actor,
                **self.changes(state),
            )

        def sealed_text(self, value: Private | None, name: str) -> Text | None:
            """A personal text of this event, with the references needed to open it."""
            return None if value is None else Text(value, self.originator_version, name)

    class TicketReceived(Event):
        """接单: a request was received."""

        TOPIC = "ticket.received"
        TARGET = State.RECEIVED
        community: str
        subject: UUID
        channel: Channel
        clock_policy: ClockPolicy
        description: Private
        urgency: Urgency = Urgency.NORMAL
        location: Location | None = None
        dwelling: Private | None = None
        reporter_name: Private | None = None
        reporter_phone: Private | None = None
        complained_of: tuple[str, ...] = ()

        @property
        def book(self) -> Book:
            return Book.INTAKE

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                "community": self.community,
                "subject": self.subject,
                "channel": self.channel,
                "urgency": self.urgency,
                "location": self.location,
                "dwelling": self.sealed_text(self.dwelling, "dwelling"),
                "description": self.sealed_text(self.description, "description"),
                "reporter_name": self.sealed_text(self.reporter_name, "reporter_name"),
                "reporter_phone": self.sealed_text(self.reporter_phone, "reporter_phone"),
                "complained_of": self.complained_of,
                "received_by": self.meta.actor,
                "received_at": self.timestamp,
                "timeline": Timeline().begin(self.timestamp, self.clock_policy),
            }

    class TicketClassified(Event):
        """分类: the kind, hence the book, and for a repair the facility."""

        TOPIC = "ticket.classified"
        TARGET = State.CLASSIFIED
        kind: Kind
        category: str | None = None
        facility: Facility | None = None
        complained_of: tuple[str, ...] = ()

        @property
        def book(self) -> Book:
            return WORKFLOWS[self.kind].book

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                "kind": self.kind,
                "category": self.category,
                "facility": self.facility,
                "complained_of": tuple(dict.fromkeys((*s.complained_of, *self.complained_of))),
            }

    class TicketReclassified(Event):
        """改类: ``moved`` says that the ticket moved to another book and took a number there."""

        TOPIC = "ticket.reclassified"
        kind: Kind
        moved: bool
        category: str | None = None
        facility: Facility | None = None

        @property
        def book(self) -> Book | None:
            return WORKFLOWS[self.kind].book if self.moved else None

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"kind": self.kind, "category": self.category, "facility": self.facility}

    class WorkOrderDispatched(Event):
        """派单: a work order (维修工作单) was made for an assignee."""

        TOPIC = "ticket.dispatched"
        TARGET: ClassVar[State | None] = State.DISPATCHED
        class_version = 2
        assignee: Assignee
        appointment_at: datetime | None = None

        @staticmethod
        def upcast_v1_v2(data: dict[str, Any]) -> None:
            """Version 1 had a person's login; version 2 distinguishes persons, teams and contractors."""
            data["assignee"] = {"type": "person", "id": data["assignee"]}

        def changes(self, s: TicketState) -> dict[str, Any]:
            at = self.timestamp
            return {
                "assignment": Assignment(self.assignee, self.meta.actor, at),
                "suspended": None,
                "appointment_at": self.appointment_at or s.appointment_at,
                "deferred_until": None,
                "timeline": s.timeline.resume(at).replied(at) if self.appointment_at else s.timeline.resume(at),
            }

    class WorkOrderReassigned(WorkOrderDispatched):
        """转单: the work order went to another assignee."""

        TOPIC = "ticket.reassigned"
        TARGET = None
        class_version = 1
        assignee: Assignee
        appointment_at: datetime | None = None

    class WorkOrderDeclined(Event):
        """退单: the assignee declined the work order before starting."""

        TOPIC = "ticket.declined"
        TARGET = State.CLASSIFIED
        reason: Private

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"assignment": None, "suspended": None, "timeline": s.timeline.resume(self.timestamp)}

    class WorkOrderAccepted(Event):
        """接单: the assignee accepted the work order."""

        TOPIC = "ticket.accepted"

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"assignment": _marked(s.assignment, accepted=True)}

    class WorkStarted(Event):
        """到场: work began."""

        TOPIC = "ticket.started"

        def changes(self, s: TicketState) -> dict[str, Any]:
            worker = self.meta.on_behalf_of or self.meta.actor
            return {
                "assignment": _marked(s.assignment, started=True),
                "workers": tuple(dict.fromkeys((*s.workers, worker))),
            }

    class WorkSuspended(Event):
        """挂起: work was suspended."""

        TOPIC = "ticket.suspended"
        reason: SuspendReason

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                "suspended": Suspended(self.reason, self.timestamp),
                "timeline": s.timeline.suspend(self.timestamp, self.reason),
            }

    class WorkResumed(Event):
        """恢复: work was resumed."""

        TOPIC = "ticket.resumed"

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"suspended": None, "timeline": s.timeline.resume(self.timestamp)}

    class RepairCompleted(Event):
        """完工: the work order was done, or could not be carried out."""

        TOPIC = "ticket.completed"
        TARGET = State.REPAIRED
        resolution: Private
        outcome: CompletionOutcome
        parts: tuple[str, ...] = ()

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                **_work_ends(s, self.timestamp, self.meta.on_behalf_of or self.meta.actor),
                "resolution": self.sealed_text(self.resolution, "resolution"),
                "outcome": self.outcome,
            }

    class SettledAtDesk(Event):
        """当班办结: settled at the desk (D5 七)."""

        TOPIC = "ticket.settled"
        TARGET = State.REPAIRED
        resolution: Private

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                **_work_ends(s, self.timestamp, self.meta.actor),
                "resolution": self.sealed_text(self.resolution, "resolution"),
                "outcome": CompletionOutcome.DONE,
                "settled_on_the_spot_by": self.meta.actor,
            }

    class FollowUpRecorded(Event):
        """回访: the resident's verdict; ``clock_policy`` is set if the work starts again (返修)."""

        TOPIC = "ticket.follow_up_recorded"
        satisfied: bool
        method: FollowUpMethod
        rating: int | None = None
        comment: Private | None = None
        clock_policy: ClockPolicy | None = None

        @property
        def target(self) -> State:
            return State.FOLLOWED_UP if self.satisfied else State.CLASSIFIED

        def changes(self, s: TicketState) -> dict[str, Any]:
            if self.clock_policy is not None:
                return {**_anew(s, self.timestamp, self.clock_policy), "rework": s.rework + 1}
            return {"rating": self.rating, "closed_at": self.timestamp}

    class FollowUpAttempted(Event):
        """回访未遇: the resident was not reached."""

        TOPIC = "ticket.follow_up_attempted"
        method: FollowUpMethod

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"follow_up_attempts": (*s.follow_up_attempts, self.timestamp)}

    class ClosedUnreached(Event):
        """未回访关闭: closed without a verdict; reports show it apart."""

        TOPIC = "ticket.closed_unreached"
        TARGET = State.FOLLOWED_UP

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"unreached": True, "closed_at": self.timestamp}

    class TicketReopened(Event):
        """重开: the problem came back."""

        TOPIC = "ticket.reopened"
        TARGET = State.CLASSIFIED
        reason: Private
        clock_policy: ClockPolicy

        def changes(self, s: TicketState) -> dict[str, Any]:
            return _anew(s, self.timestamp, self.clock_policy)

    class TicketCancelled(Event):
        """取消: the ticket ended without work."""

        TOPIC = "ticket.cancelled"
        TARGET = State.CANCELLED
        reason: CancelReason
        duplicate_of: UUID | None = None

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                "timeline": s.timeline.stop(self.timestamp),
                "suspended": None,
                "deferred_until": None,
                "cancel_reason": self.reason,
                "duplicate_of": self.duplicate_of,
                "closed_at": self.timestamp,
            }

    class ResidentReplied(Event):
        """答复: the resident got a reply."""

        TOPIC = "ticket.replied"
        message: Private

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"replied": True, "timeline": s.timeline.replied(self.timestamp)}

    class AppointmentMade(Event):
        """预约上门: an appointment was made with the resident; it replaces an earlier one."""

        TOPIC = "ticket.scheduled"
        appointment_at: datetime

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"appointment_at": self.appointment_at, "timeline": s.timeline.replied(self.timestamp)}

    class TicketDeferred(Event):
        """次日安排: the night officer deferred the ticket to the morning (D5 四, 五)."""

        TOPIC = "ticket.deferred"
        told_resident: bool
        until: datetime

        def changes(self, s: TicketState) -> dict[str, Any]:
            timeline = s.timeline.replied(self.timestamp) if self.told_resident else s.timeline
            return {"deferred_until": self.until, "timeline": timeline}

    class TicketEscalated(Event):
        """上报, to a level or a department (D1 4.1.2)."""

        TOPIC = "ticket.escalated"
        reason: Private
        level: EscalationLevel | None = None
        department: str | None = None

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                "escalation_level": self.level or s.escalation_level,
                "escalation_department": self.department or s.escalation_department,
            }

    class TicketUrged(Event):
        """督促 by a supervisor (D1 4.1.4)."""

        TOPIC = "ticket.urged"
        message: Private | None = None

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"urged": s.urged + 1}

    class ChargeQuoted(Event):
        """报价 for paid services (有偿服务, D1 4.2.1)."""

        TOPIC = "ticket.charge_quoted"
        lines: tuple[ChargeLine, ...]
        total_fen: int
        price_list: str

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"charge": Charge(self.lines, self.total_fen, self.price_list, ChargeStatus.QUOTED)}

    class ChargeAccepted(Event):
        """The resident agreed to the quotation."""

        TOPIC = "ticket.charge_accepted"

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"charge": _charge(s.charge, ChargeStatus.ACCEPTED)}

    class ChargeDeclined(Event):
        """The resident declined the quotation."""

        TOPIC = "ticket.charge_declined"

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"charge": _charge(s.charge, ChargeStatus.DECLINED)}

    class ChargeSettled(Event):
        """收费 or 减免."""

        TOPIC = "ticket.charge_settled"
        outcome: ChargeOutcome
        method: str | None = None
        receipt: str | None = None

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"charge": _charge(s.charge, ChargeStatus(self.outcome.value), self.method, self.receipt)}

    class ChecklistItemChecked(Event):
        """A checklist item of a renovation or move-in was checked; ``defects`` are the repair tickets opened for it.

        Checking an item again replaces its evidence and adds to its defects.
        """

        TOPIC = "ticket.item_checked"
        item: str
        evidence: Private | None = None
        defects: tuple[UUID, ...] = ()

        def changes(self, s: TicketState) -> dict[str, Any]:
            evidence = self.sealed_text(self.evidence, "evidence")
            before = [c for c in s.checklist if c.item == self.item]
            defects = (*(defect for c in before for defect in c.defects), *self.defects)
            checked = Checked(self.item, self.timestamp, self.meta.actor, evidence, defects)
            return {"checklist": (*(c for c in s.checklist if c.item != self.item), checked)}

    class RectificationOrdered(Event):
        """限期整改: what must be put right, and by when."""

        TOPIC = "ticket.rectification_ordered"
        what: Private
        due_at: datetime
        scorecard_item: str | None = None

        def changes(self, s: TicketState) -> dict[str, Any]:
            what = Text(self.what, self.originator_version, "what")
            return {
                "rectification": Rectification(what, self.due_at, self.scorecard_item),
                "timeline": s.timeline.order(self.timestamp, self.due_at),
            }

    class RectificationConfirmed(Event):
        """整改合格."""

        TOPIC = "ticket.rectification_confirmed"

        def changes(self, s: TicketState) -> dict[str, Any]:
            order = s.rectification
            return {
                "rectification": replace(order, confirmed_at=self.timestamp) if order else None,
                "timeline": s.timeline.confirm(self.timestamp),
            }

    class MajorWorksApproved(Event):
        """大工程: the three-day clock no longer applies; there is an agreed date instead (D2 item 8)."""

        TOPIC = "ticket.major_works_approved"
        agreed_due_at: datetime
        reason: Private

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"timeline": replace(s.timeline, major_works_due_at=self.agreed_due_at)}

    class ComplaintJudged(Event):
        """投诉定性: reasonable or not, minor or serious, whose fault."""

        TOPIC = "ticket.complaint_judged"
        reasonable: bool
        severity: ComplaintSeverity | None = None
        fault: ComplaintFault | None = None
        complained_of: tuple[str, ...] = ()

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {
                "judgement": Judgement(self.reasonable, self.severity, self.fault, self.timestamp),
                "complained_of": tuple(dict.fromkeys((*s.complained_of, *self.complained_of))),
            }

    class TicketLinked(Event):
        """A link to another ticket was added."""

        TOPIC = "ticket.linked"
        ticket: UUID
        relation: LinkRelation

        def changes(self, s: TicketState) -> dict[str, Any]:
            return {"links": (*s.links, Link(self.ticket, self.relation))}

    class AttachmentAdded(Event):
        """A file was attached; its bytes are stored sealed beside the log."""

        TOPIC = "ticket.attached"
        name: str
        content_type: str
        size: int
        file_name: Private | None = None

        def changes(self, s: TicketState) -> dict[str, Any]:
            file_name = self.sealed_text(self.file_name, "file_name")
            added = Attachment(self.name, self.content_type, self.size, self.timestamp, file_name)
            return {"attachments": (*s.attachments, added)}

    class TicketCorrected(Event):
        """更正: field, old value, new value, reason.

        Codes are in ``old_code`` and ``new_code``. A personal text is sealed in ``new_text``; its old value is referred to by the
        version and field of the event that has it.
        """

        TOPIC = "ticket.corrected"
        field: str
        reason: CorrectionReason
        new_text: Private | None = None
        old_version: int | None = None
        old_field: str | None = None
        old_code: str | None = None
        new_code: str | None = None

        def changes(self, s: TicketState) -> dict[str, Any]:
            return _corrected(s, self.field, self.sealed_text(self.new_text, "new_text"), self.new_code)

    class NoteAdded(Event):
        """备注."""

        TOPIC = "ticket.noted"
        text: Private
