"""decide: the events that follow from a command on a ticket, as pure functions of state, command and circumstances.

Refusals are checked in this order: a moment before the ticket's last, the lifecycle table, the rules that hold whatever the
command's data (``domain.ticket.guards``), then the data. Clock, files and randomness are never read here; the circumstances carry
their values.

Long because each trigger has its decision here, and the table of decisions names them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from domain.kernel.aggregate import Meta, apply, fold
from domain.kernel.errors import FieldError, InvalidInput, TransitionRefused, invalid
from domain.kernel.ports import Ids
from domain.kernel.privacy import Personal
from domain.kernel.terms import (
    AssigneeType,
    CancelReason,
    Channel,
    ChargeOutcome,
    ChargeStatus,
    EscalationLevel,
    Facility,
    FollowUpMethod,
    Kind,
    LinkRelation,
    Trigger,
    Urgency,
)
from domain.kernel.values import Value
from domain.people.assignee import Assignee
from domain.people.person_rules import conflict
from domain.people.place import Location
from domain.rules.duty_calendar import period_at
from domain.rules.price_list import PriceList
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from domain.ticket.guards import PolicyInForce, forbidding, legal_now, missing_items, refuse, refuse_by, refuse_person
from domain.ticket.lifecycle import LIFECYCLE, step
from domain.ticket.persons import (
    FOLLOW_UP_BY_ANOTHER,
    ON_THE_SPOT_KINDS,
    WITH_STATE,
    did_the_work,
    settled_on_the_spot,
)
from domain.ticket.state import CORRECTABLE_CODES, CORRECTABLE_TEXTS, ChargeLine, TicketState, code_of
from domain.ticket.workflows import FLAT_INSPECTED, WORKFLOWS

Event = Ticket.Event


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything a decision may depend on besides state and command.

    ``in_force`` is the part that rules and lists of legal triggers depend on too. ``tickets`` maps the references to other
    tickets (ids or numbers) in the command to ids. ``ticket_id`` is the id of a new ticket, ``subject`` the subject of its texts.
    ``household`` has a move-in's opened texts (dwelling, reporter_name, reporter_phone) if the command opens tickets for its
    defects.
    """

    in_force: PolicyInForce
    meta: Meta
    ids: Ids
    prices: PriceList
    tickets: Mapping[str, UUID]
    ticket_id: UUID
    subject: UUID
    household: Mapping[str, str] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """The moment in the world."""
        return self.in_force.at


def decide(state: TicketState | None, command: c.Command, x: Circumstances) -> list[Event]:
    """The events that follow from a command; several only if it opens other tickets.

    Raises TransitionRefused, RuleRefused or InvalidInput, each with what was refused and what would be legal.
    """
    if isinstance(command, c.Receive):
        if state is not None:
            raise TransitionRefused(state.state.value, "receive", [t.value for t in legal_now(state, x.in_force)], state.id)
        return [_receive(command, x)]
    if state is None:
        raise TransitionRefused("none", command.trigger.value, ["receive"])
    if state.occurred_at is not None and x.at < state.occurred_at:
        moment = state.occurred_at.isoformat()
        raise invalid("/occurred_at", f"must not be before the ticket's previous event, which happened at {moment}")
    trigger = command.trigger
    try:
        step(state.state, trigger)
    except TransitionRefused as refused:
        refused.legal = [t.value for t in legal_now(state, x.in_force)]
        refused.ticket = state.id
        raise
    rule = forbidding(state, trigger, x.in_force)
    if rule is not None:
        raise refuse_by(state, trigger, x.in_force, rule)
    on_the_spot = isinstance(command, c.FollowUp) and command.method is FollowUpMethod.ON_THE_SPOT  # has a rule of its own
    for person in (x.meta.actor, x.meta.on_behalf_of):
        concerned = None if on_the_spot or person is None else conflict(WITH_STATE, state, trigger, person)
        if concerned is not None:
            raise refuse_person(state, trigger, x.in_force, concerned)
    return LIFECYCLE.agreed(state.state, trigger, state.id, DECIDERS[trigger](state, command, x))


def decide_back_entry(steps: Sequence[tuple[datetime, c.Command, str | None]], x: Circumstances) -> list[Event]:
    """补单: decide steps that were taken before the ticket was written, in order, each at its true moment (D1 4.1.3).

    ``steps`` are (occurred_at, command, on behalf of whom), beginning with Receive.
    """
    events: list[Event] = []
    state: TicketState | None = None
    for at, command, behalf in steps:
        meta = replace(x.meta, on_behalf_of=behalf or x.meta.on_behalf_of)
        here = replace(x, in_force=replace(x.in_force, at=at), meta=meta)
        for event in decide(state, command, here):
            events.append(event)
            if event.originator_id == x.ticket_id:
                state = apply(state, event)
    return events


def _event(event: type[Any], stream: UUID, version: int, x: Circumstances, **data: Any) -> Event:
    """Make an event with its moments in UTC, as they are stored, so that it equals the one read back."""
    data = {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in data.items()}
    at = x.at.astimezone(UTC)
    made = event(originator_id=stream, originator_version=version, timestamp=at, meta=x.meta, **data)
    return cast(Event, made)


def _made(s: TicketState, event: type[Any], x: Circumstances, **data: Any) -> Event:
    return _event(event, s.id, s.version + 1, x, **data)


def _private(s: TicketState, text: str | None) -> Personal | None:
    return None if text is None else Personal(cast(UUID, s.subject), text)


def _receive(command: c.Receive, x: Circumstances) -> Event:
    place, reporter = command.location, command.reporter or c.Reporter()
    if reporter.resident_id is not None:
        raise invalid("/reporter/resident_id", "must be looked up by the service desk in the household register")
    if not (place and place.model_dump(exclude_none=True)) and not (reporter.name or reporter.phone):
        raise InvalidInput(
            [FieldError("/location", "give a location or a contact"), FieldError("/reporter", "give a name or a phone")]
        )
    if place and place.public_place and place.dwelling:
        raise invalid("/location", "give either a dwelling or a public place, not both")

    def private(text: str | None) -> Personal | None:
        return None if text is None else Personal(x.subject, text)

    return _event(
        Ticket.TicketReceived,
        x.ticket_id,
        1,
        x,
        community=command.community,
        subject=x.subject,
        channel=command.channel,
        clock_policy=x.in_force.clock_policy,
        description=Personal(x.subject, command.description),
        urgency=command.urgency,
        location=Location(place.area, place.building, place.entrance, place.public_place) if place else None,
        dwelling=private(place.dwelling) if place else None,
        reporter_name=private(reporter.name),
        reporter_phone=private(reporter.phone),
        complained_of=command.complained_of,
    )


def _facility(kind: Kind, facility: Facility | None) -> None:
    if kind is Kind.REPAIR and facility is None:
        raise invalid("/facility", f"a repair needs one of {', '.join(Facility)}")
    if kind is not Kind.REPAIR and facility is not None:
        raise invalid("/facility", f"only a repair has a facility, not {kind.value}")


def _classify(s: TicketState, command: c.Classify, x: Circumstances) -> list[Event]:
    _facility(command.kind, command.facility)
    return [
        _made(
            s,
            Ticket.TicketClassified,
            x,
            kind=command.kind,
            category=command.category,
            facility=command.facility,
            complained_of=command.complained_of,
        )
    ]


def _reclassify(s: TicketState, command: c.Reclassify, x: Circumstances) -> list[Event]:
    _facility(command.kind, command.facility)
    moved = WORKFLOWS[command.kind].book is not s.book
    if not moved and (command.kind, command.category, command.facility) == (s.kind, s.category, s.facility):
        raise invalid("/kind", "the ticket is already classified this way")
    missing = missing_items(s, WORKFLOWS[command.kind].before_dispatch)
    if s.assignment is not None and missing:
        detail = f"check {', '.join(missing)} before a dispatched ticket becomes a {command.kind.value}, or decline the order"
        raise refuse(s, command.trigger, x.in_force, "checklist_before_dispatch", "D3 一, D2 duty 8", detail)
    return [
        _made(
            s,
            Ticket.TicketReclassified,
            x,
            kind=command.kind,
            moved=moved,
            category=command.category,
            facility=command.facility,
        )
    ]


def assignee_of(command: c.Dispatch | c.Reassign) -> Assignee:
    """The assignee in a command; a plain text is a person's login."""
    given = command.assignee
    return Assignee(AssigneeType.PERSON, given) if isinstance(given, str) else Assignee(given.type, given.id)


def _dispatch(s: TicketState, command: c.Dispatch | c.Reassign, x: Circumstances) -> list[Event]:
    _not_before(command.appointment_at, x, "/appointment_at")
    assignee = assignee_of(command)
    if command.trigger is Trigger.REASSIGN and s.assignment and s.assignment.assignee == assignee:
        raise invalid("/assignee", "this assignee already has the work order")
    event = Ticket.WorkOrderDispatched if command.trigger is Trigger.DISPATCH else Ticket.WorkOrderReassigned
    return [_made(s, event, x, assignee=assignee, appointment_at=command.appointment_at)]


def _not_before(moment: datetime | None, x: Circumstances, pointer: str) -> None:
    if moment is not None and moment < x.at:
        raise invalid(pointer, f"must not be before it was agreed, at {x.at.isoformat()}")


def _decline(s: TicketState, command: c.Decline, x: Circumstances) -> list[Event]:
    return [_made(s, Ticket.WorkOrderDeclined, x, reason=_private(s, command.reason))]


def _plain(event: type[Event]) -> Callable[[TicketState, Any, Circumstances], list[Event]]:
    return lambda s, _, x: [_made(s, event, x)]


def _suspend(s: TicketState, command: c.Suspend, x: Circumstances) -> list[Event]:
    return [_made(s, Ticket.WorkSuspended, x, reason=command.reason)]


def _complete(s: TicketState, command: c.Complete, x: Circumstances) -> list[Event]:
    resolution = _private(s, command.resolution)
    return [_made(s, Ticket.RepairCompleted, x, resolution=resolution, outcome=command.outcome, parts=command.parts)]


def _settle(s: TicketState, command: c.Settle, x: Circumstances) -> list[Event]:
    return [_made(s, Ticket.SettledAtDesk, x, resolution=_private(s, command.resolution))]


def _follow_up(s: TicketState, command: c.FollowUp, x: Circumstances) -> list[Event]:
    if command.method is FollowUpMethod.ON_THE_SPOT:
        if not settled_on_the_spot(s, x.meta.actor):
            detail = f"only the person who settled it at the desk follows up on the spot, for {', '.join(ON_THE_SPOT_KINDS)}"
            raise refuse(s, command.trigger, x.in_force, "on_the_spot", "D5 七", detail)
    elif did_the_work(s, x.meta.actor) or did_the_work(s, x.meta.on_behalf_of):
        raise refuse_person(s, command.trigger, x.in_force, FOLLOW_UP_BY_ANOTHER)
    if command.satisfied and command.rating is None:
        raise invalid("/rating", "a satisfied resident's verdict needs a rating of 1 to 5")
    return [
        _made(
            s,
            Ticket.FollowUpRecorded,
            x,
            satisfied=command.satisfied,
            method=command.method,
            rating=command.rating,
            comment=_private(s, command.comment),
            clock_policy=None if command.satisfied else x.in_force.clock_policy,
        )
    ]


def _attempt(s: TicketState, command: c.AttemptFollowUp, x: Circumstances) -> list[Event]:
    if command.method is FollowUpMethod.ON_THE_SPOT:
        raise invalid("/method", "must be phone or visit for an attempt")
    return [_made(s, Ticket.FollowUpAttempted, x, method=command.method)]


def _close_unreached(s: TicketState, command: c.CloseUnreached, x: Circumstances) -> list[Event]:
    return [_made(s, Ticket.ClosedUnreached, x)]


def _reopen(s: TicketState, command: c.Reopen, x: Circumstances) -> list[Event]:
    policy = x.in_force.clock_policy
    return [_made(s, Ticket.TicketReopened, x, reason=_private(s, command.reason), clock_policy=policy)]


def _cancel(s: TicketState, command: c.Cancel, x: Circumstances) -> list[Event]:
    late = (CancelReason.WITHDRAWN, CancelReason.QUOTE_DECLINED)
    if s.assignment is not None and s.assignment.started and command.reason not in late:
        detail = f"once work has started, a ticket can be cancelled only as {' or '.join(late)}"
        raise refuse(s, command.trigger, x.in_force, "cancel_after_start", "D1 4.2.1", detail)
    if command.reason is CancelReason.QUOTE_DECLINED and (not s.charge or s.charge.status is not ChargeStatus.DECLINED):
        detail = "the resident has not declined a quotation; record that first, or give another reason"
        raise refuse(s, command.trigger, x.in_force, "quotation_declined", "D1 4.2.1", detail)
    if (command.reason is CancelReason.DUPLICATE) != (command.duplicate_of is not None):
        raise invalid("/duplicate_of", "give the other ticket if the reason is duplicate, and only then")
    other = _other(s, command.duplicate_of, x, "/duplicate_of") if command.duplicate_of else None
    return [_made(s, Ticket.TicketCancelled, x, reason=command.reason, duplicate_of=other)]


def _other(s: TicketState, ref: str, x: Circumstances, pointer: str) -> UUID:
    other = x.tickets.get(ref)
    if other is None:
        raise invalid(pointer, "no such ticket in this community")
    if other == s.id:
        raise invalid(pointer, "must be another ticket")
    return other


def _reply(s: TicketState, command: c.Reply, x: Circumstances) -> list[Event]:
    return [_made(s, Ticket.ResidentReplied, x, message=_private(s, command.message))]


def _schedule(s: TicketState, command: c.Schedule, x: Circumstances) -> list[Event]:
    _not_before(command.appointment_at, x, "/appointment_at")
    return [_made(s, Ticket.AppointmentMade, x, appointment_at=command.appointment_at)]


def _defer(s: TicketState, command: c.Defer, x: Circumstances) -> list[Event]:
    until = period_at(x.at, x.in_force.zone, x.in_force.policy.duty).end
    return [_made(s, Ticket.TicketDeferred, x, told_resident=command.told_resident, until=until)]


def _escalate(s: TicketState, command: c.Escalate, x: Circumstances) -> list[Event]:
    if (command.level is None) == (command.department is None):
        raise invalid("/level", "give either a level or a department")
    levels = list(EscalationLevel)
    if command.level and s.escalation_level and levels.index(command.level) < levels.index(s.escalation_level):
        detail = f"the ticket is already with the {s.escalation_level.value}; it cannot be escalated downward"
        raise refuse(s, command.trigger, x.in_force, "escalation_upward", "D1 4.1.2", detail)
    reason = _private(s, command.reason)
    return [_made(s, Ticket.TicketEscalated, x, reason=reason, level=command.level, department=command.department)]


def _urge(s: TicketState, command: c.Urge, x: Circumstances) -> list[Event]:
    return [_made(s, Ticket.TicketUrged, x, message=_private(s, command.message))]


def _quote(s: TicketState, command: c.Quote, x: Circumstances) -> list[Event]:
    lines = []
    for i, line in enumerate(command.lines):
        service = x.prices.price(line.code, f"/lines/{i}/code")
        lines.append(ChargeLine(service.code, service.name, line.quantity, service.unit_price_fen))
    total = sum(line.quantity * line.unit_price_fen for line in lines)
    return [_made(s, Ticket.ChargeQuoted, x, lines=tuple(lines), total_fen=total, price_list=x.prices.version)]


def _settle_charge(s: TicketState, command: c.SettleCharge, x: Circumstances) -> list[Event]:
    if command.outcome is ChargeOutcome.PAID and command.method is None:
        raise invalid("/method", "give the method of payment, such as cash, wechat, alipay or bank_transfer")
    if command.outcome is ChargeOutcome.WAIVED and (command.method or command.receipt):
        raise invalid("/method", "a waived charge has neither method nor receipt")
    return [_made(s, Ticket.ChargeSettled, x, outcome=command.outcome, method=command.method, receipt=command.receipt)]


def _check_item(s: TicketState, command: c.CheckItem, x: Circumstances) -> list[Event]:
    known = WORKFLOWS[cast(Kind, s.kind)].checklist
    if command.item not in known:
        raise invalid("/item", f"the checklist of {s.kind} has no such item; items: {', '.join(known)}")
    if command.defects and not (s.kind is Kind.MOVE_IN and command.item == FLAT_INSPECTED):
        raise invalid("/defects", "only the item flat_inspected of a move_in takes defects")
    opened: list[Event] = []
    children: list[UUID] = []
    for defect in command.defects:
        child = x.ids.new()
        children.append(child)
        opened.extend(_defect(s, child, defect, x))
    evidence = _private(s, command.evidence)
    checked = _made(s, Ticket.ChecklistItemChecked, x, item=command.item, evidence=evidence, defects=tuple(children))
    return [checked, *opened]


def _defect(s: TicketState, child: UUID, text: str, x: Circumstances) -> list[Event]:
    """Open a repair ticket for a defect found at a move-in, for the household, linked to the move-in."""
    x = replace(x, meta=replace(x.meta, correlation_id=s.id))
    received = _event(
        Ticket.TicketReceived,
        child,
        1,
        x,
        community=s.community,
        subject=cast(UUID, s.subject),
        channel=Channel.INSPECTION,
        clock_policy=x.in_force.clock_policy,
        description=_private(s, text),
        urgency=Urgency.NORMAL,
        location=s.location,
        **{name: _private(s, opened) for name, opened in x.household.items()},
    )
    state = fold([received])
    classified = _made(state, Ticket.TicketClassified, x, kind=Kind.REPAIR, facility=Facility.PRIVATE)
    linked = _made(apply(state, classified), Ticket.TicketLinked, x, ticket=s.id, relation=LinkRelation.DEFECT_OF)
    return [received, classified, linked]


def _order(s: TicketState, command: c.OrderRectification, x: Circumstances) -> list[Event]:
    if command.due_at <= x.at:
        raise invalid("/due_at", "must be after the order")
    if command.scorecard_item is not None and s.kind is not Kind.INSPECTION:
        raise invalid("/scorecard_item", "only an inspection takes a scorecard item")
    what = _private(s, command.what)
    return [_made(s, Ticket.RectificationOrdered, x, what=what, due_at=command.due_at, scorecard_item=command.scorecard_item)]


def _approve_major_works(s: TicketState, command: c.ApproveMajorWorks, x: Circumstances) -> list[Event]:
    if command.agreed_due_at <= x.at:
        raise invalid("/agreed_due_at", "the agreed date must be in the future")
    reason = _private(s, command.reason)
    return [_made(s, Ticket.MajorWorksApproved, x, agreed_due_at=command.agreed_due_at, reason=reason)]


def _judge(s: TicketState, command: c.JudgeComplaint, x: Circumstances) -> list[Event]:
    missing = [name for name in ("severity", "fault") if command.reasonable and getattr(command, name) is None]
    if missing:
        raise InvalidInput([FieldError(f"/{name}", "required if the complaint is reasonable") for name in missing])
    return [
        _made(
            s,
            Ticket.ComplaintJudged,
            x,
            reasonable=command.reasonable,
            severity=command.severity,
            fault=command.fault,
            complained_of=command.complained_of,
        )
    ]


def _link(s: TicketState, command: c.LinkTicket, x: Circumstances) -> list[Event]:
    other = _other(s, command.ticket, x, "/ticket")
    if any(link.ticket == other and link.relation is command.relation for link in s.links):
        raise invalid("/ticket", "already linked this way")
    return [_made(s, Ticket.TicketLinked, x, ticket=other, relation=command.relation)]


def _attach(s: TicketState, command: c.Attach, x: Circumstances) -> list[Event]:
    return [
        _made(
            s,
            Ticket.AttachmentAdded,
            x,
            name=command.name,
            content_type=command.content_type,
            size=command.size,
            file_name=_private(s, command.file_name),
        )
    ]


def _correct(s: TicketState, command: c.Correct, x: Circumstances) -> list[Event]:
    if command.field in CORRECTABLE_TEXTS:
        old = getattr(s, CORRECTABLE_TEXTS[command.field])
        if command.field == "resolution" and old is None:
            raise invalid("/field", "there is no resolution yet; complete or settle the ticket first")
        if command.field in ("description", "resolution") and command.value is None:
            raise invalid("/value", f"the {command.field} can't be cleared; give another text")
        if old is None and command.value is None:
            raise invalid("/value", "already has this value")
        if command.field == "location.dwelling" and command.value is not None and s.location and s.location.public_place:
            raise invalid("/value", "give either a dwelling or a public place, not both; clear location.public_place first")
        return [
            _made(
                s,
                Ticket.TicketCorrected,
                x,
                field=command.field,
                reason=command.reason,
                new_text=_private(s, _well_formed(command)),
                old_version=old.version if old else None,
                old_field=old.name if old else None,
            )
        ]
    if command.field not in CORRECTABLE_CODES:
        raise invalid("/field", f"must be one of: {', '.join((*CORRECTABLE_TEXTS, *CORRECTABLE_CODES))}")
    value, present = _well_formed(command), code_of(s, command.field)
    if value == present:
        raise invalid("/value", "already has this value")
    if command.field == "location.public_place" and value is not None and s.dwelling is not None:
        raise invalid("/value", "give either a dwelling or a public place, not both; clear location.dwelling first")
    return [
        _made(
            s,
            Ticket.TicketCorrected,
            x,
            field=command.field,
            reason=command.reason,
            old_code=present,
            new_code=value,
        )
    ]


def _well_formed(command: c.Correct) -> str | None:
    """The corrected value, checked like the one given at receipt."""
    value = command.value
    if value is None:
        if command.field in ("channel", "urgency"):
            raise invalid("/value", f"the {command.field} can't be cleared; give another value")
        return None
    head, _, name = command.field.partition(".")
    models: dict[str, type[Value]] = {"reporter": c.Reporter, "location": c.Place}
    try:
        if head in models:
            models[head].model_validate({name: value})
        elif head == "channel":
            Channel(value)
        elif head == "urgency":
            Urgency(value)
        elif head == "category":
            c.Classify.model_validate({"kind": Kind.OTHER, "category": value})
    except ValueError as error:
        raise invalid("/value", f"not a well-formed {command.field}") from error
    return value


def _note(s: TicketState, command: c.Note, x: Circumstances) -> list[Event]:
    return [_made(s, Ticket.NoteAdded, x, text=_private(s, command.text))]


_T = Trigger
DECIDERS: dict[Trigger, Callable[[TicketState, Any, Circumstances], list[Event]]] = {
    _T.CLASSIFY: _classify,
    _T.RECLASSIFY: _reclassify,
    _T.DISPATCH: _dispatch,
    _T.REASSIGN: _dispatch,
    _T.DECLINE: _decline,
    _T.ACCEPT: _plain(Ticket.WorkOrderAccepted),
    _T.START: _plain(Ticket.WorkStarted),
    _T.SUSPEND: _suspend,
    _T.RESUME: _plain(Ticket.WorkResumed),
    _T.COMPLETE: _complete,
    _T.SETTLE: _settle,
    _T.FOLLOW_UP: _follow_up,
    _T.ATTEMPT_FOLLOW_UP: _attempt,
    _T.CLOSE_UNREACHED: _close_unreached,
    _T.REOPEN: _reopen,
    _T.CANCEL: _cancel,
    _T.REPLY: _reply,
    _T.SCHEDULE: _schedule,
    _T.DEFER: _defer,
    _T.ESCALATE: _escalate,
    _T.URGE: _urge,
    _T.QUOTE: _quote,
    _T.ACCEPT_QUOTE: _plain(Ticket.ChargeAccepted),
    _T.DECLINE_QUOTE: _plain(Ticket.ChargeDeclined),
    _T.SETTLE_CHARGE: _settle_charge,
    _T.CHECK_ITEM: _check_item,
    _T.ORDER_RECTIFICATION: _order,
    _T.CONFIRM_RECTIFICATION: _plain(Ticket.RectificationConfirmed),
    _T.APPROVE_MAJOR_WORKS: _approve_major_works,
    _T.JUDGE_COMPLAINT: _judge,
    _T.LINK: _link,
    _T.ATTACH: _attach,
    _T.CORRECT: _correct,
    _T.NOTE: _note,
}
