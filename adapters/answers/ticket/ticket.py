"""Make the documents of a ticket and of its history, for the API, the pages and the command line."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from adapters.answers.ticket.documents import (
    AssigneeAnswer,
    AssignmentAnswer,
    AttachmentAnswer,
    ChargeAnswer,
    ChargeLineAnswer,
    ChecklistAnswer,
    ClockAnswer,
    EscalationAnswer,
    HistoryAnswer,
    JudgementAnswer,
    LinkAnswer,
    LocationAnswer,
    RectificationAnswer,
    ReporterAnswer,
    StepAnswer,
    SuspendedAnswer,
    TicketAnswer,
)
from domain.kernel import terms as t
from domain.kernel.aggregate import Folded, payload_fields
from domain.kernel.privacy import Private
from domain.people.assignee import Assignee
from domain.rules.clocks import Reading
from domain.service_desk.ticket_reading import HistoryStep, TicketReading
from domain.ticket.state import Attachment, Charge, TicketState
from domain.ticket.workflows import WORKFLOWS


def ticket_answer(reading: TicketReading) -> TicketAnswer:
    """Make the document of a ticket; texts are opened or masked as in ``reading``."""
    s, texts = reading.state, reading.texts
    place, suspended, order, given = s.location, s.suspended, s.rectification, s.assignment
    location = None
    if place is not None or s.dwelling is not None:
        clear = {name: getattr(place, name, None) for name in ("area", "building", "entrance", "public_place")}
        location = LocationAnswer(**clear, dwelling=texts.get("dwelling"))
    return TicketAnswer(
        id=s.id,
        number=reading.numbers.number,
        book_number=reading.numbers.book_number,
        community=s.community,
        state=s.state,
        version=s.version,
        kind=s.kind,
        category=s.category,
        facility=s.facility,
        channel=s.channel,
        urgency=s.urgency,
        location=location,
        description=texts.get("description"),
        reporter=ReporterAnswer(name=texts.get("reporter_name"), phone=texts.get("reporter_phone"), subject=s.subject),
        masked=reading.masked,
        complained_of=list(s.complained_of),
        received_by=s.received_by,
        received_at=s.received_at,
        assignee=assignee_answer(given.assignee) if given else None,
        assignment=AssignmentAnswer.model_validate(given) if given else None,
        suspended=SuspendedAnswer.model_validate(suspended) if suspended else None,
        appointment_at=s.appointment_at,
        deferred_until=s.deferred_until,
        replied=s.replied,
        clocks=clock_answers(reading.clocks),
        major_works_due_at=s.timeline.major_works_due_at,
        rework=s.rework,
        resolution=texts.get("resolution"),
        outcome=s.outcome,
        rating=s.rating,
        follow_up_attempts=list(s.follow_up_attempts),
        unreached=s.unreached,
        closed_at=s.closed_at,
        cancel_reason=s.cancel_reason,
        duplicate_of=s.duplicate_of,
        charge=_charge(s.charge) if s.charge else None,
        checklist=_checklist(s, texts),
        rectification=RectificationAnswer(
            what=texts["rectification"],
            due_at=order.due_at,
            scorecard_item=order.scorecard_item,
            confirmed_at=order.confirmed_at,
        )
        if order
        else None,
        escalation=EscalationAnswer(level=s.escalation_level, department=s.escalation_department)
        if s.escalation_level or s.escalation_department
        else None,
        urged=s.urged,
        judgement=JudgementAnswer.model_validate(s.judgement) if s.judgement else None,
        links=[LinkAnswer.model_validate(link) for link in s.links],
        attachments=[_attachment(file, texts) for file in s.attachments],
        occurred_at=s.occurred_at,
        recorded_at=reading.recorded_at,
        legal=list(reading.legal),
    )


def assignee_answer(assignee: Assignee) -> str | AssigneeAnswer:
    """Make the document of an assignee: a person's login, or the type and code of a team or contractor."""
    return assignee.id if assignee.type is t.AssigneeType.PERSON else AssigneeAnswer.model_validate(assignee)


def clock_answers(clocks: Sequence[Reading]) -> list[ClockAnswer]:
    """Make the documents of clock readings."""
    return [ClockAnswer.model_validate(reading) for reading in clocks]


def _charge(charge: Charge) -> ChargeAnswer:
    lines = [ChargeLineAnswer.model_validate(line) for line in charge.lines]
    return ChargeAnswer(
        lines=lines,
        total_fen=charge.total_fen,
        status=charge.status,
        price_list=charge.price_list,
        method=charge.method,
        receipt=charge.receipt,
    )


def _attachment(file: Attachment, texts: Mapping[str, str]) -> AttachmentAnswer:
    called = texts.get(f"attachments.{file.name}")
    return AttachmentAnswer(name=file.name, file_name=called, content_type=file.content_type, size=file.size, at=file.at)


def _checklist(s: TicketState, texts: Mapping[str, str]) -> list[ChecklistAnswer]:
    """List the items of the ticket's kind in order, checked or open, then items checked under an earlier kind."""
    checked = {done.item: done for done in s.checklist}
    items = dict.fromkeys((*(WORKFLOWS[s.kind].checklist if s.kind else ()), *checked))
    found = []
    for item in items:
        done = checked.get(item)
        found.append(
            ChecklistAnswer(
                item=item,
                checked_at=done.at if done else None,
                checked_by=done.by if done else None,
                evidence=texts.get(f"checklist.{item}"),
                defects=list(done.defects) if done else [],
            )
        )
    return found


def history_answer(ticket: UUID, steps: Sequence[HistoryStep]) -> HistoryAnswer:
    """Make the document of a ticket's history."""
    return HistoryAnswer(ticket=ticket, items=[step_answer(step) for step in steps])


def step_answer(step: HistoryStep) -> StepAnswer:
    """Make the document of one event; texts are opened or masked as in ``step``."""
    meta = step.event.meta
    return StepAnswer(
        version=step.stored.version,
        position=step.stored.position,
        type=step.stored.topic,
        by=meta.actor,
        on_behalf_of=meta.on_behalf_of,
        second_person=meta.second_person,
        occurred_at=step.event.timestamp,
        recorded_at=step.stored.recorded_at,
        back_entered=meta.back_entered,
        offline_entered=meta.offline_entered,
        number=step.stored.number,
        data=event_data(step.event, step.texts),
        state_before=step.before.state if step.before else None,
        state_after=step.after.state,
        clocks=clock_answers(step.clocks),
    )


def event_data(event: Folded.Event, texts: Mapping[str, str]) -> dict[str, Any]:
    """Make the payload of an event, without empty fields; private texts come from ``texts``."""
    data: dict[str, Any] = {}
    for name in payload_fields(type(event)):
        value = getattr(event, name)
        if value is not None and value != ():
            data[name] = texts[name] if isinstance(value, Private) else to_jsonable_python(value)
    return data
