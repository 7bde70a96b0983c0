"""Pages of tickets (工单): the list with its filters in the address, one ticket with history and steps, attachments."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.ticket.lists import assignee_named, ticket_page
from adapters.labels.item_words import item_words
from adapters.labels.vocabulary import member
from adapters.pages.frame.drafts import request_of
from adapters.pages.frame.fields import MORE_ROWS, rows_of
from adapters.pages.frame.forms import KEY, Form, checked, filled, receive_form, refuse_foreign
from adapters.pages.frame.moments import day_in
from adapters.pages.frame.refusals import STEPPING, Explanation, explained
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.pages.sentences.approval_words import waiting
from adapters.pages.sentences.ticket_sentences import sentence
from adapters.pages.ticket.state_diagram import BOX, HEIGHT, WIDTH, diagram, taken
from adapters.pages.ticket.steps import FIELDS, FIRST, assignees, values_of
from adapters.web import attaching
from domain.approval.waiting import Waiting
from domain.kernel import errors as e
from domain.kernel.privacy import ERASED, MASKED
from domain.kernel.request import Request as CommandRequest
from domain.kernel.terms import Book, ClockStatus, Kind, State, Trigger
from domain.service_desk.outcome import Done
from domain.service_desk.ticket_reading import TicketReading
from domain.ticket.commands import COMMANDS
from domain.ticket.state import TicketState
from domain.ticket.workflows import WORKFLOWS
from projections.ticket.ticket_search import Filters

router = APIRouter(include_in_schema=False)

LISTED = 50
CLOCKS = (ClockStatus.RUNNING, ClockStatus.PAUSED, ClockStatus.BREACHED)


@router.get("/tickets")
async def tickets(
    visitor: TheVisitor,
    state: Annotated[list[State] | None, Query()] = None,
    kind: Annotated[list[Kind] | None, Query()] = None,
    assignee: Annotated[str, Query(pattern=r"^[\w.\-:]{0,60}$")] = "",
    clock: ClockStatus | None = None,
    q: Annotated[str, Query(max_length=100)] = "",
    phone: Annotated[str, Query(max_length=30)] = "",
    since: str = "",
    until: str = "",
    book: str = "",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """List tickets by number, words, phone, state, kind, assignee, clock, book and days; the latest received first."""
    filters = Filters(
        states=state or (),
        kinds=kind or (),
        assignees=[assignee_named(assignee)] if assignee else (),
        clock=clock,
        q=q or None,
        phone=phone or None,
        received_from=_day(since, visitor, "/from"),
        received_to=_day(until, visitor, "/to", after=True),
        book=member(Book, book),
    )
    refused, page, status = None, None, 200
    try:
        page = await ticket_page(visitor.gongdan, visitor.caller, filters, visitor.community, LISTED, cursor)
    except (e.InvalidInput, e.NotAllowed) as refusal:
        refused = explained(refusal, visitor)
        status = refused.status
    asked = [(name, value) for name, value in visitor.request.query_params.multi_items() if value and name != "cursor"]
    more = urlencode([*asked, ("cursor", page.next_cursor)]) if page and page.next_cursor else ""
    return visitor.page(
        "ticket/tickets.html",
        status,
        page=page,
        refused=refused,
        asked=dict(asked),
        chosen={name: visitor.request.query_params.getlist(name) for name in ("state", "kind")},
        more=more,
        terms={"states": State, "kinds": Kind, "clocks": CLOCKS, "books": [b for b in Book if b is not Book.INTAKE]},
        carriers=assignees(visitor, visitor.community) if visitor.community else [],
    )


def _day(text: str, visitor: Visitor, pointer: str, *, after: bool = False) -> datetime | None:
    day = day_in(text, pointer)
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1) if after else day, datetime.min.time(), visitor.zone)


@router.get("/tickets/{ref}")
async def ticket(visitor: TheVisitor, ref: str, done: str = "", masked: bool = False) -> Response:
    """Show a ticket with its history, the legal steps, and why others are refused."""
    return await shown(visitor, ref, said=done_words(done, visitor), personal=not masked)


@dataclass(frozen=True)
class TicketHistoryLine:
    """An event in a ticket's history, in words, with the state after it and the transition it took."""

    version: int
    at: datetime
    recorded_at: datetime
    who: str
    said: str
    late: bool
    state: State
    way: str | None


async def shown(
    visitor: Visitor,
    ref: str,
    *,
    said: str = "",
    personal: bool = True,
    refused: Explanation | None = None,
    trigger: Trigger | None = None,
    values: dict[str, str] | None = None,
) -> Response:
    """Render the page of a ticket; after a refusal the form keeps its values."""
    inquiries = visitor.gongdan.inquiries
    reading = await inquiries.ticket(visitor.login, ref, personal=personal, quoted=True, directory=visitor.directory)
    visitor.community = reading.state.community
    happened = _history(visitor, reading)
    state = reading.state
    why_not = inquiries.refused(visitor.directory, visitor.login, reading)
    order = [*(one for one in FIRST if one in reading.legal), *(one for one in reading.legal if one not in FIRST)]
    by_state = [one for one, why in why_not.items() if isinstance(why, e.TransitionRefused)]
    others = [(one, explained(why, visitor)) for one, why in why_not.items() if one not in by_state]
    return visitor.page(
        "ticket/ticket.html",
        refused.status if refused else 200,
        reading=reading,
        ticket=state,
        linked=await _linked(visitor, state),
        happened=happened,
        picture=diagram(visitor),
        size=(WIDTH, HEIGHT, *BOX),
        been=[one.state for one in happened],
        ways=[one.way for one in happened],
        steps=[one for one in order if one in FIELDS],
        fields=FIELDS,
        rows_of=rows_of,
        first=FIRST,
        called=_called(reading),
        waiting=await waiting(visitor, state.id),
        attachable=Trigger.ATTACH in reading.legal,
        by_state=by_state,
        why_not=others,
        said=said,
        refused=refused,
        tried=trigger,
        values=values or {},
        items=_checklist(reading, visitor),
    )


def _history(visitor: Visitor, reading: TicketReading) -> list[TicketHistoryLine]:
    """Put every event into words, the latest first, with personal texts for those who may audit."""
    happened: list[TicketHistoryLine] = []
    for step in reversed(reading.steps):
        event: Any = step.event
        happened.append(
            TicketHistoryLine(
                step.stored.version,
                event.timestamp,
                step.stored.recorded_at,
                visitor.person(event.meta.actor),
                sentence(event, visitor, reading.quoted.get(step.stored.version)),
                event.meta.back_entered or event.meta.offline_entered,
                step.after.state,
                taken(event, step.before, step.after),
            )
        )
    return happened


async def _linked(visitor: Visitor, state: TicketState) -> list[tuple[str, str]]:
    """List linked tickets: the relation in words, and the number."""
    numbers = await visitor.numbers([link.ticket for link in state.links]) if state.links else {}
    return [(visitor.label(link.relation), numbers[link.ticket]) for link in state.links if link.ticket in numbers]


def _called(reading: TicketReading) -> dict[str, str | None]:
    """Find the file name of each attachment; None without one, and for visitors who may not see it."""
    said = {file.name: reading.texts.get(f"attachments.{file.name}") for file in reading.state.attachments}
    return {name: None if text in (MASKED, ERASED) else text for name, text in said.items()}


def _checklist(reading: TicketReading, visitor: Visitor) -> list[tuple[str, bool]]:
    state = reading.state
    items = WORKFLOWS[state.kind].checklist if state.kind else ()
    checked = {one.item for one in state.checklist}
    return [(item_words(item, visitor.language), item in checked) for item in items]


@router.post("/tickets/{ref}/attach")
async def attach(request: Request, visitor: TheVisitor, ref: str) -> Response:
    """Attach a picture, film, recording, PDF or plain text. Its type is detected from its content."""
    done = await attached(request, visitor, ref)
    return go(f"/tickets/{ref}?done={'waiting' if isinstance(done, Waiting) else Trigger.ATTACH.value}")


async def attached(request: Request, visitor: Visitor, ref: str) -> Done | Waiting:
    """Store a form's file and attach it to a ticket; on a refusal, which is raised, the file is deleted."""
    gongdan = visitor.gongdan
    refuse_foreign(request)
    state = await attaching.attachable(gongdan, visitor.caller, ref)
    upload = await attaching.begun(request, gongdan)
    form = checked(visitor, upload.fields.items())
    stored = await gongdan.attachments.store(state.subject, state.id, upload.content(), upload.declared_type)
    async with attaching.kept_if_named(gongdan, stored):
        named = Form({KEY: [form.get(KEY)], "file": [upload.digest]}, form.path)
        asked = await request_of(visitor, form, named)
        repeated = asked.key is not None and await gongdan.store.find_command(asked.key.caller, asked.key.key) is not None
        done = await visitor.desk.act(ref, attaching.attach_command(stored, upload), asked)
        await attaching.drop_repeated(gongdan, stored, done, repeated)
    return done


@router.get("/tickets/{ref}/attachments/{name}")
async def download(visitor: TheVisitor, ref: str, name: str) -> Response:
    """Download a file; the access log is written first."""
    return await attaching.downloaded(visitor.gongdan, visitor.caller, ref, name)


@router.post("/tickets/{ref}/{step}")
async def act(visitor: TheVisitor, ref: str, step: str) -> Response:
    """Take a step; a refusal is explained above the form, which keeps its values.

    The button that adds rows only shows the form with more rows.
    """
    trigger, form = step_named(step), await receive_form(visitor)
    if form.has(MORE_ROWS):
        return await shown(visitor, ref, trigger=trigger, values=form.values)
    try:
        done = await take_step(visitor, ref, trigger, form, await form.request(visitor))
    except STEPPING as refusal:
        return await shown(visitor, ref, refused=explained(refusal, visitor), trigger=trigger, values=form.values)
    return go(f"/tickets/{ref}?done={'waiting' if isinstance(done, Waiting) else trigger.value}")


def step_named(path: str) -> Trigger:
    """Find the step of a form's address; raises NotFound."""
    trigger = member(Trigger, path.replace("-", "_"))
    if trigger is None or trigger not in FIELDS:
        raise e.NotFound("page")
    return trigger


async def take_step(visitor: Visitor, ref: str, trigger: Trigger, form: Form, asked: CommandRequest) -> Done | Waiting:
    """Take a step with the values of its form."""
    return await visitor.desk.act(ref, filled(COMMANDS[trigger], values_of(trigger, form, visitor)), asked)


def done_words(done: str, visitor: Visitor) -> str:
    """Name the step just taken, which the address holds, in words."""
    if done == "waiting":
        return visitor.say("已提交，等待第二人审批。")
    if (trigger := member(Trigger, done)) is not None:
        return visitor.say("已办：{trigger}", trigger=visitor.label(trigger))
    return ""
