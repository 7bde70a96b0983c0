"""Pages of findings (考评事项): the list, one finding with history and evidence, recording, deciding.

The address holds the list's filters, so a list can be linked. Rights, and the reasons of refusals, come from the use cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.answers.appraisal.finding import FindingAnswer
from adapters.answers.appraisal.finding_lists import page_of_findings
from adapters.labels.vocabulary import member
from adapters.pages.appraisal.finding_forms import appraised_people, changed, deciding, items, read, recording
from adapters.pages.frame.forms import Form, filled, receive_form
from adapters.pages.frame.refusals import STEPPING, Explanation, explained
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.pages.sentences.approval_words import waiting
from adapters.pages.sentences.event_words import doers
from adapters.pages.sentences.finding_sentences import finding_sentence, points
from adapters.web.parameters import Id
from domain.approval.waiting import Waiting
from domain.finding.commands import COMMANDS, RecordFinding
from domain.finding.events import FindingState
from domain.finding.reading import FindingReading
from domain.kernel import errors as e
from domain.kernel.periods import Month, Period
from domain.kernel.privacy import ERASED, MASKED
from domain.kernel.terms import FindingStatus, FindingTrigger
from domain.people.authority import Right, denied
from domain.rules.scorecard import Item, RuleBook
from domain.ticket.state import Attachment
from projections.appraisal.findings import FindingFilters

router = APIRouter(include_in_schema=False)

LISTED = 50


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A finding in the list, and its item's text."""

    finding: FindingAnswer
    text: str


@router.get("/appraisal/findings")
async def findings(
    visitor: TheVisitor,
    status: str = "",
    item: Annotated[str, Query(max_length=5)] = "",
    month: str = "",
    party: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """List the findings that match the filters and that the visitor may read, the latest first."""
    community = _community(visitor)
    if not visitor.might(Right.READ_TALLIES):
        raise denied(Right.READ_TALLIES, "read_tallies", visitor.roles)
    wanted = member(FindingStatus, status)
    if status and wanted is None:
        raise e.invalid("/query/status", f"not a well-formed state; states: {', '.join(FindingStatus)}")
    filters = FindingFilters(
        community,
        wanted,
        item or None,
        str(_month(month, "/query/month")) if month else None,
        party or None,
    )
    page = await page_of_findings(visitor.gongdan, visitor.caller, filters, cursor, LISTED)
    asked = {"status": status, "item": item, "month": month, "party": party}
    more = urlencode({**{k: v for k, v in asked.items() if v}, "cursor": page.next_cursor}) if page.next_cursor else ""
    return visitor.page(
        "appraisal/findings.html",
        listed=[ListedFinding(one, _text(_book(visitor, Month.of(one.date)), one.item)) for one in page.items],
        more=more,
        asked=asked,
        filtered=any(asked.values()),
        statuses=FindingStatus,
        items=items(_book(visitor, _today(visitor))),
        people=appraised_people(visitor, None),
        may_record=visitor.might(Right.RECORD_FINDING),
    )


@router.get("/appraisal/findings/new")
async def new(visitor: TheVisitor, item: str = "", ticket: str = "", shift: str = "") -> Response:
    """Show the choice of an item, then its form. ``ticket`` and ``shift`` are evidence, from whose page the visitor came."""
    return await _recording(visitor, item, ticket, shift)


@router.post("/appraisal/findings/new")
async def record(visitor: TheVisitor) -> Response:
    """Record a finding; a refusal is explained above the form, which keeps its values."""
    form = await receive_form(visitor)
    code, community = form.get("item"), _community(visitor)
    try:
        found = _item(_book(visitor, _month_of(form)), code)
        said = read(recording(found), form, visitor)
        evidence = {"tickets": form.get("tickets").split(), "shifts": form.all("shifts"), "attachments": form.all("attachments")}
        command = filled(RecordFinding, {"community": community, "item": code, **said, **evidence})
        done = await visitor.gongdan.findings.record(command, await form.request(visitor))
    except STEPPING as refusal:
        return await _recording(visitor, code, form.get("tickets"), form.get("shifts"), explained(refusal, visitor), form)
    return go(f"/appraisal/findings/{done.state.id}?done=record")


@router.get("/appraisal/findings/{id}")
async def finding(visitor: TheVisitor, id_: Id, done: str = "") -> Response:
    """Show a finding with its evidence and history, the legal decisions, and why others are refused."""
    return await shown(visitor, id_, said=_done(done, visitor))


@router.post("/appraisal/findings/{id}/{step}")
async def act(visitor: TheVisitor, id_: Id, step: str) -> Response:
    """Decide on a finding, contest it, or request a decision that takes two people."""
    trigger = member(FindingTrigger, step)
    if trigger is None or trigger not in _STEPS:
        raise e.NotFound("page")
    form = await receive_form(visitor)
    try:
        state = await visitor.gongdan.journal.load(id_, FindingState)
        if state is None:
            raise e.NotFound("finding")
        said = read(deciding(trigger, state, _law(visitor, state).items.get(state.item)), form, visitor)
        command = filled(COMMANDS[trigger], changed(said, state))
        done = await visitor.gongdan.findings.act(id_, command, await form.request(visitor))
    except STEPPING as refusal:
        return await shown(visitor, id_, refused=explained(refusal, visitor), tried=trigger, form=form)
    return go(f"/appraisal/findings/{id_}?done={'waiting' if isinstance(done, Waiting) else step}")


_STEPS = tuple(trigger for trigger in COMMANDS if trigger is not FindingTrigger.RECORD)


@dataclass(frozen=True, slots=True)
class FindingHistoryLine:
    """An event in a finding's history, in words."""

    at: datetime
    who: str
    said: str


async def shown(
    visitor: Visitor,
    finding: UUID,
    *,
    said: str = "",
    refused: Explanation | None = None,
    tried: FindingTrigger | None = None,
    form: Form | None = None,
) -> Response:
    """Render the page of a finding; after a refusal the form keeps its values."""
    reading = await visitor.gongdan.finding_records.finding(visitor.login, finding, steps=True, directory=visitor.directory)
    state = reading.state
    visitor.community = state.community
    law = _law(visitor, state)
    item = law.items.get(state.item)
    by_state = [one for one, why in reading.refused.items() if isinstance(why, e.TransitionRefused)]
    numbers = await visitor.numbers(state.tickets)
    return visitor.page(
        "appraisal/finding.html",
        refused.status if refused else 200,
        reading=reading,
        finding=state,
        item=item,
        law=law,
        points=points(state.points, visitor) if state.points else "",
        happened=_history(visitor, reading),
        tickets=[numbers[ticket] for ticket in state.tickets if ticket in numbers],
        files=await _files(visitor, state, numbers),
        waiting=await waiting(visitor, state.id),
        steps=[(trigger, deciding(trigger, state, item)) for trigger in reading.legal],
        why_not=[(one, explained(why, visitor)) for one, why in reading.refused.items() if one not in by_state],
        by_state=by_state,
        supposed=supposition_of(state) if FindingTrigger.CONFIRM in reading.legal else "",
        said=said,
        refused=refused,
        tried=tried,
        values=form.values if form else {},
        chosen=form.fields if form else {},
    )


def _history(visitor: Visitor, reading: FindingReading) -> list[FindingHistoryLine]:
    """Put every event into words, the latest first, with the texts that the visitor may read."""
    hidden = {MASKED: visitor.say("（已隐去）"), ERASED: visitor.say("（已删除）")}
    texts = {}
    for name, clear in reading.texts.items():
        text = getattr(reading.state, name)
        texts[text.version] = hidden.get(clear, clear)
    found = []
    for step in reading.steps:
        event: Any = step.event
        said = finding_sentence(event, visitor, texts.get(step.stored.version, ""))
        found.append(FindingHistoryLine(event.timestamp, doers(visitor, event.meta), said))
    return found[::-1]


async def _files(visitor: Visitor, state: FindingState, numbers: Mapping[UUID, str]) -> list[tuple[str, str]]:
    """List the attachments named as evidence: the number of the ticket that has each, and its name."""
    found = []
    for ticket in state.tickets if state.attachments else ():
        held = {one.name for one in (await visitor.desk.load(ticket)).attachments}
        found += [(numbers[ticket], name) for name in state.attachments if name in held and ticket in numbers]
    return found


async def _recording(
    visitor: Visitor, code: str, ticket: str, shift: str, refused: Explanation | None = None, form: Form | None = None
) -> Response:
    community = _community(visitor)
    if not visitor.might(Right.RECORD_FINDING):
        raise denied(Right.RECORD_FINDING, "record_finding", visitor.roles)
    book = _book(visitor, _month_of(form) if form else _today(visitor))
    item = _item(book, code) if code and (form is None or code in book.items) else None
    files: Sequence[Attachment] = ()
    if ticket and len(ticket.split()) == 1 and refused is None:
        reading = await visitor.gongdan.inquiries.ticket(visitor.login, ticket, personal=False, directory=visitor.directory)
        if reading.state.community != community:
            raise e.NotFound("ticket")
        files = reading.state.attachments
    return visitor.page(
        "appraisal/finding_new.html",
        refused.status if refused else 200,
        item=item,
        items=items(book),
        fields=recording(item) if item else (),
        ticket=ticket,
        shift=shift,
        files=files,
        refused=refused,
        record=FindingTrigger.RECORD,
        values=form.values if form else {"date": visitor.directory.day(community, visitor.now).isoformat()},
        chosen=form.fields if form else {},
    )


def supposition_of(state: FindingState) -> str:
    """Make the address of the what-if page for confirming a finding without changes."""
    said: dict[str, Any] = {
        "item": state.item,
        "date": state.day,
        "area": state.area,
        "quantity": state.quantity,
        "severity": state.severity.value,
        "parties": state.parties,
        "doubled": "1" if state.doubled else None,
        "overdue_days": state.overdue_days,
        "amount_fen": None if state.amount_fen is None else f"{state.amount_fen // 100}.{state.amount_fen % 100:02}",
        "director": state.points.director if state.points else None,
        "administrator": state.points.administrator if state.points else None,
        "show": "1",
    }
    return "/appraisal/what-if?" + urlencode({name: value for name, value in said.items() if value not in (None, ())}, doseq=True)


def _community(visitor: Visitor) -> str:
    if visitor.community is None:
        raise e.NotFound("community")
    return visitor.community


def _today(visitor: Visitor) -> Month:
    return Month.of(visitor.directory.day(_community(visitor), visitor.now))


NOT_A_MONTH = "not a well-formed month; write it as 2026-03"


def _month(text: str, pointer: str) -> Month:
    try:
        period = Period.parse(text)
    except ValueError:
        raise e.invalid(pointer, NOT_A_MONTH) from None
    if period.kind != "month" or not 1970 <= period.first.year < 2200:
        raise e.invalid(pointer, NOT_A_MONTH)
    return period.first


def _month_of(form: Form) -> Month:
    """Read the month of a form's date, which decides on the rule book; raises InvalidInput."""
    text = form.get("date")
    if not text:
        raise e.invalid("/date", "Field required")
    return _month(text[:7], "/date")


def _book(visitor: Visitor, month: Month) -> RuleBook:
    return visitor.directory.law_of(_community(visitor)).of(month)


def _law(visitor: Visitor, state: FindingState) -> RuleBook:
    assert state.day is not None
    return visitor.directory.law_of(state.community).of(Month.of(state.day))


def _item(book: RuleBook, code: str) -> Item:
    item = book.items.get(code)
    if item is None:
        raise e.invalid("/item", f"no such item in rule book {book.version}; items: {', '.join(book.items)}")
    return item


def _text(book: RuleBook, code: str) -> str:
    return book.items[code].text if code in book.items else ""


def _done(done: str, visitor: Visitor) -> str:
    if done == "waiting":
        return visitor.say("已提交，等待第二人审批。")
    if (step := member(FindingTrigger, done)) is not None:
        return visitor.say("{step}已记下。", step=visitor.label(step))
    return ""
