"""The lifecycle of a ticket (工单生命周期): one table, from which all else about it derives.

Decisions, the API's ``legal[]``, the documentation and the diagram read the rows; replay does not (``domain.kernel.lifecycle``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.kernel.lifecycle import Lifecycle, Row
from domain.kernel.terms import Kind, State, Trigger
from domain.ticket.events import Ticket

INITIAL = State.RECEIVED
TERMINAL = (State.CANCELLED,)

_ALL = tuple(State)
_LIVE = tuple(s for s in State if s is not State.CANCELLED)
_RECEIVED, _CLASSIFIED, _DISPATCHED = State.RECEIVED, State.CLASSIFIED, State.DISPATCHED
_REPAIRED, _FOLLOWED_UP, _CANCELLED = State.REPAIRED, State.FOLLOWED_UP, State.CANCELLED


@dataclass(frozen=True, slots=True)
class Transition(Row[State, Trigger]):
    """A row; ``kinds`` are the kinds of ticket that may take it (empty: all)."""

    kinds: tuple[Kind, ...] = ()

    def as_data(self) -> dict[str, object]:
        """The row as plain data, with outcome and kinds."""
        row = Row.as_data(self)
        events = row.pop("events")
        kinds = [kind.value for kind in self.kinds or tuple(Kind)]
        return {**row, "outcome": self.outcome or None, "events": events, "kinds": kinds}


SETTLED_AT_DESK = (Kind.ASSISTANCE, Kind.ENQUIRY, Kind.COMPLAINT, Kind.VISIT, Kind.OTHER)
WITH_CHECKLIST = (Kind.RENOVATION, Kind.MOVE_IN)
WITH_RECTIFICATION = (Kind.RENOVATION, Kind.INSPECTION)

TABLE: tuple[Transition, ...] = (
    Transition(Trigger.RECEIVE, (None,), _RECEIVED, Ticket.TicketReceived),
    Transition(Trigger.CLASSIFY, (_RECEIVED,), _CLASSIFIED, Ticket.TicketClassified),
    Transition(Trigger.RECLASSIFY, (_CLASSIFIED, _DISPATCHED), None, Ticket.TicketReclassified),
    Transition(Trigger.DISPATCH, (_CLASSIFIED,), _DISPATCHED, Ticket.WorkOrderDispatched),
    Transition(Trigger.REASSIGN, (_DISPATCHED,), None, Ticket.WorkOrderReassigned),
    Transition(Trigger.DECLINE, (_DISPATCHED,), _CLASSIFIED, Ticket.WorkOrderDeclined),
    Transition(Trigger.ACCEPT, (_DISPATCHED,), None, Ticket.WorkOrderAccepted),
    Transition(Trigger.START, (_DISPATCHED,), None, Ticket.WorkStarted),
    Transition(Trigger.SUSPEND, (_DISPATCHED,), None, Ticket.WorkSuspended),
    Transition(Trigger.RESUME, (_DISPATCHED,), None, Ticket.WorkResumed),
    Transition(Trigger.COMPLETE, (_DISPATCHED,), _REPAIRED, Ticket.RepairCompleted),
    Transition(Trigger.SETTLE, (_CLASSIFIED,), _REPAIRED, Ticket.SettledAtDesk, kinds=SETTLED_AT_DESK),
    Transition(Trigger.FOLLOW_UP, (_REPAIRED,), _FOLLOWED_UP, Ticket.FollowUpRecorded, outcome="satisfied"),
    Transition(Trigger.FOLLOW_UP, (_REPAIRED,), _CLASSIFIED, Ticket.FollowUpRecorded, outcome="dissatisfied"),
    Transition(Trigger.ATTEMPT_FOLLOW_UP, (_REPAIRED,), None, Ticket.FollowUpAttempted),
    Transition(Trigger.CLOSE_UNREACHED, (_REPAIRED,), _FOLLOWED_UP, Ticket.ClosedUnreached),
    Transition(Trigger.REOPEN, (_FOLLOWED_UP,), _CLASSIFIED, Ticket.TicketReopened),
    Transition(Trigger.CANCEL, (_RECEIVED, _CLASSIFIED, _DISPATCHED), _CANCELLED, Ticket.TicketCancelled),
    Transition(Trigger.REPLY, (_RECEIVED, _CLASSIFIED, _DISPATCHED), None, Ticket.ResidentReplied),
    Transition(Trigger.SCHEDULE, (_CLASSIFIED, _DISPATCHED), None, Ticket.AppointmentMade),
    Transition(Trigger.DEFER, (_RECEIVED, _CLASSIFIED), None, Ticket.TicketDeferred),
    Transition(Trigger.ESCALATE, (_RECEIVED, _CLASSIFIED, _DISPATCHED, _REPAIRED), None, Ticket.TicketEscalated),
    Transition(Trigger.URGE, (_RECEIVED, _CLASSIFIED, _DISPATCHED, _REPAIRED), None, Ticket.TicketUrged),
    Transition(Trigger.QUOTE, (_DISPATCHED,), None, Ticket.ChargeQuoted),
    Transition(Trigger.ACCEPT_QUOTE, (_DISPATCHED,), None, Ticket.ChargeAccepted),
    Transition(Trigger.DECLINE_QUOTE, (_DISPATCHED,), None, Ticket.ChargeDeclined),
    Transition(Trigger.SETTLE_CHARGE, (_REPAIRED, _FOLLOWED_UP), None, Ticket.ChargeSettled),
    Transition(Trigger.CHECK_ITEM, (_CLASSIFIED, _DISPATCHED), None, Ticket.ChecklistItemChecked, kinds=WITH_CHECKLIST),
    Transition(
        Trigger.ORDER_RECTIFICATION,
        (_CLASSIFIED, _DISPATCHED, _REPAIRED),
        None,
        Ticket.RectificationOrdered,
        kinds=WITH_RECTIFICATION,
    ),
    Transition(
        Trigger.CONFIRM_RECTIFICATION,
        (_CLASSIFIED, _DISPATCHED, _REPAIRED),
        None,
        Ticket.RectificationConfirmed,
        kinds=WITH_RECTIFICATION,
    ),
    Transition(Trigger.APPROVE_MAJOR_WORKS, (_CLASSIFIED, _DISPATCHED), None, Ticket.MajorWorksApproved),
    Transition(
        Trigger.JUDGE_COMPLAINT,
        (_CLASSIFIED, _DISPATCHED, _REPAIRED),
        None,
        Ticket.ComplaintJudged,
        kinds=(Kind.COMPLAINT,),
    ),
    Transition(Trigger.LINK, _LIVE, None, Ticket.TicketLinked),
    Transition(Trigger.ATTACH, _LIVE, None, Ticket.AttachmentAdded),
    Transition(Trigger.CORRECT, _LIVE, None, Ticket.TicketCorrected),
    Transition(Trigger.NOTE, _ALL, None, Ticket.NoteAdded),
)

LIFECYCLE = Lifecycle(State, Trigger, TABLE, TERMINAL)
legal, step, as_data = LIFECYCLE.legal, LIFECYCLE.step, LIFECYCLE.as_data

KINDS: Mapping[Trigger, frozenset[Kind]] = MappingProxyType(
    {row.trigger: frozenset(row.kinds) or frozenset(Kind) for row in TABLE}
)
"""The kinds of ticket that may take each trigger."""
