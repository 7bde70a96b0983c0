"""The lifecycle of a ticket (工单生命周期): one table, from which everything else derives.

:data:`TABLE` is the law. :data:`MACHINE` is a ``transitions`` Machine made from it once; :data:`FAST` is a plain mapping made
from the Machine for the hot path; the API's ``legal[]``, the documentation and the diagram derive from the same rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from transitions import EventData, Machine

from domain.kernel.errors import TransitionRefused
from domain.kernel.terms import Kind, State, Trigger

INITIAL = State.RECEIVED
TERMINAL = (State.CANCELLED,)
NOT_YET = "none"  # the Machine's name for "no ticket yet"

_ALL = tuple(State)
_LIVE = tuple(s for s in State if s is not State.CANCELLED)
_RECEIVED, _CLASSIFIED, _DISPATCHED = State.RECEIVED, State.CLASSIFIED, State.DISPATCHED
_REPAIRED, _FOLLOWED_UP, _CANCELLED = State.REPAIRED, State.FOLLOWED_UP, State.CANCELLED


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: from ``sources`` by ``trigger`` to ``target`` (None keeps the state), yielding ``event``.

    ``outcome`` tells two rows of one trigger apart; ``kinds`` are the kinds of ticket that may take it (empty: all).
    """

    trigger: Trigger
    sources: tuple[State, ...]
    target: State | None
    event: str
    outcome: str = ""
    kinds: tuple[Kind, ...] = ()


SETTLED_AT_DESK = (Kind.ASSISTANCE, Kind.ENQUIRY, Kind.COMPLAINT, Kind.VISIT, Kind.OTHER)
WITH_CHECKLIST = (Kind.RENOVATION, Kind.MOVE_IN)
WITH_RECTIFICATION = (Kind.RENOVATION, Kind.INSPECTION)

_T = Transition
TABLE: tuple[Transition, ...] = (
    _T(Trigger.RECEIVE, (), _RECEIVED, "TicketReceived"),
    _T(Trigger.CLASSIFY, (_RECEIVED,), _CLASSIFIED, "TicketClassified"),
    _T(Trigger.RECLASSIFY, (_CLASSIFIED, _DISPATCHED), None, "TicketReclassified"),
    _T(Trigger.DISPATCH, (_CLASSIFIED,), _DISPATCHED, "WorkOrderDispatched"),
    _T(Trigger.REASSIGN, (_DISPATCHED,), None, "WorkOrderReassigned"),
    _T(Trigger.DECLINE, (_DISPATCHED,), _CLASSIFIED, "WorkOrderDeclined"),
    _T(Trigger.ACCEPT, (_DISPATCHED,), None, "WorkOrderAccepted"),
    _T(Trigger.START, (_DISPATCHED,), None, "WorkStarted"),
    _T(Trigger.SUSPEND, (_DISPATCHED,), None, "WorkSuspended"),
    _T(Trigger.RESUME, (_DISPATCHED,), None, "WorkResumed"),
    _T(Trigger.COMPLETE, (_DISPATCHED,), _REPAIRED, "RepairCompleted"),
    _T(Trigger.SETTLE, (_CLASSIFIED,), _REPAIRED, "SettledAtDesk", kinds=SETTLED_AT_DESK),
    _T(Trigger.FOLLOW_UP, (_REPAIRED,), _FOLLOWED_UP, "FollowUpRecorded", outcome="satisfied"),
    _T(Trigger.FOLLOW_UP, (_REPAIRED,), _CLASSIFIED, "FollowUpRecorded", outcome="dissatisfied"),
    _T(Trigger.ATTEMPT_FOLLOW_UP, (_REPAIRED,), None, "FollowUpAttempted"),
    _T(Trigger.CLOSE_UNREACHED, (_REPAIRED,), _FOLLOWED_UP, "ClosedUnreached"),
    _T(Trigger.REOPEN, (_FOLLOWED_UP,), _CLASSIFIED, "TicketReopened"),
    _T(Trigger.CANCEL, (_RECEIVED, _CLASSIFIED, _DISPATCHED), _CANCELLED, "TicketCancelled"),
    _T(Trigger.REPLY, (_RECEIVED, _CLASSIFIED, _DISPATCHED), None, "ResidentReplied"),
    _T(Trigger.SCHEDULE, (_CLASSIFIED, _DISPATCHED), None, "AppointmentMade"),
    _T(Trigger.DEFER, (_RECEIVED, _CLASSIFIED), None, "TicketDeferred"),
    _T(Trigger.ESCALATE, (_RECEIVED, _CLASSIFIED, _DISPATCHED, _REPAIRED), None, "TicketEscalated"),
    _T(Trigger.URGE, (_RECEIVED, _CLASSIFIED, _DISPATCHED, _REPAIRED), None, "TicketUrged"),
    _T(Trigger.QUOTE, (_DISPATCHED,), None, "ChargeQuoted"),
    _T(Trigger.ACCEPT_QUOTE, (_DISPATCHED,), None, "ChargeAccepted"),
    _T(Trigger.DECLINE_QUOTE, (_DISPATCHED,), None, "ChargeDeclined"),
    _T(Trigger.SETTLE_CHARGE, (_REPAIRED, _FOLLOWED_UP), None, "ChargeSettled"),
    _T(Trigger.CHECK_ITEM, (_CLASSIFIED, _DISPATCHED), None, "ChecklistItemChecked", kinds=WITH_CHECKLIST),
    _T(
        Trigger.ORDER_RECTIFICATION,
        (_CLASSIFIED, _DISPATCHED, _REPAIRED),
        None,
        "RectificationOrdered",
        kinds=WITH_RECTIFICATION,
    ),
    _T(
        Trigger.CONFIRM_RECTIFICATION,
        (_CLASSIFIED, _DISPATCHED, _REPAIRED),
        None,
        "RectificationConfirmed",
        kinds=WITH_RECTIFICATION,
    ),
    _T(Trigger.APPROVE_MAJOR_WORKS, (_CLASSIFIED, _DISPATCHED), None, "MajorWorksApproved"),
    _T(
        Trigger.JUDGE_COMPLAINT,
        (_CLASSIFIED, _DISPATCHED, _REPAIRED),
        None,
        "ComplaintJudged",
        kinds=(Kind.COMPLAINT,),
    ),
    _T(Trigger.LINK, _LIVE, None, "TicketLinked"),
    _T(Trigger.ATTACH, _LIVE, None, "AttachmentAdded"),
    _T(Trigger.CORRECT, _LIVE, None, "TicketCorrected"),
    _T(Trigger.NOTE, _ALL, None, "NoteAdded"),
)


def _machine() -> Machine:
    machine = Machine(
        model=None, states=[NOT_YET, *(s.value for s in _ALL)], initial=NOT_YET, auto_transitions=False, send_event=True
    )
    for row in TABLE:
        for source in [s.value for s in row.sources] or [NOT_YET]:
            said = _says(row.outcome) if row.outcome else None
            machine.add_transition(row.trigger.value, source, row.target.value if row.target else source, conditions=said)
    return machine


def _says(outcome: str) -> Callable[[EventData], bool]:
    """Of two rows of one trigger the Machine takes the one whose outcome is said: ``follow_up(outcome="dissatisfied")``."""
    return lambda event: event.kwargs.get("outcome") == outcome


MACHINE = _machine()


def _fast() -> Mapping[tuple[State, Trigger], tuple[State, ...]]:
    fast: dict[tuple[State, Trigger], tuple[State, ...]] = {}
    for name, event in MACHINE.events.items():
        for source, ways in event.transitions.items():
            if source != NOT_YET:
                fast[State(source), Trigger(name)] = tuple(State(str(way.dest)) for way in ways)
    return MappingProxyType(fast)


FAST = _fast()
"""(state, trigger) → the states it may lead to, first the usual one; derived from the Machine."""

_LEGAL: Mapping[State, tuple[Trigger, ...]] = MappingProxyType(
    {state: tuple(trigger for trigger in Trigger if (state, trigger) in FAST) for state in State}
)

KINDS: Mapping[Trigger, frozenset[Kind]] = MappingProxyType(
    {row.trigger: frozenset(row.kinds) or frozenset(Kind) for row in TABLE}
)
"""Which kinds of ticket may take a trigger."""


def legal(state: State) -> tuple[Trigger, ...]:
    """The triggers that the table has for a state, in the table's order, whatever the kind."""
    return _LEGAL[state]


def step(state: State, trigger: Trigger) -> tuple[State, ...]:
    """Where ``trigger`` may lead from ``state``.

    Raises TransitionRefused, naming the state, the trigger and what is legal now.
    """
    try:
        return FAST[state, trigger]
    except KeyError:
        raise TransitionRefused(state.value, trigger.value, [t.value for t in legal(state)]) from None


def as_data() -> dict[str, object]:
    """The table as plain data, for ``GET /lifecycle`` and ``gongdan lifecycle``; ``to`` is "same" where the state stays."""
    return {
        "states": [s.value for s in State],
        "initial": INITIAL.value,
        "terminal": [s.value for s in TERMINAL],
        "transitions": [
            {
                "trigger": row.trigger.value,
                "from": [s.value for s in row.sources],
                "to": row.target.value if row.target else "same",
                "outcome": row.outcome or None,
                "events": [row.event],
                "kinds": [k.value for k in (row.kinds or tuple(Kind))],
            }
            for row in TABLE
        ],
    }
