"""Appraisal page (考评): a period's tally by post, each point explained by finding and clause; the close; an Excel file.

Rights and figures come from the use case that the API calls too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from adapters.answers.appraisal.reading import appraisal_answer, period_of
from adapters.answers.appraisal.tally import AppraisalAnswer, TallyLine
from adapters.exchange.exporting.appraisal_workbook import MEDIA_TYPE, in_columns, write_appraisal
from adapters.pages.frame.forms import filled, receive_form
from adapters.pages.frame.refusals import Explanation, explained
from adapters.pages.frame.site import HEADERS
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.rendering.environment import yuan
from domain.appraisal.month_close import CloseMonth
from domain.kernel.errors import NotAllowed, NotFound, RuleRefused
from domain.kernel.periods import Month, Period
from domain.rules.scorecard import Flag, RuleBook
from domain.tally.tally import WARNINGS

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Why:
    """Explanation of some of a line's points: a sentence, the points, the numbers of the tickets, and the finding."""

    said: str
    points: str
    tickets: list[str]
    finding: str | None


@dataclass(frozen=True, slots=True)
class Charged:
    """A line of a person's tally with the item's text and the explanation of its points."""

    line: TallyLine
    text: str
    why: list[Why]


@router.get("/appraisal")
async def show(visitor: TheVisitor, period: str = "") -> Response:
    """Show the tallies that the visitor may read, by default of the current month."""
    return await _shown(visitor, period)


@router.post("/appraisal/close")
async def close(visitor: TheVisitor) -> Response:
    """Request a month's close, on which a second person decides."""
    form = await receive_form(visitor)
    month = form.get("month")
    try:
        asked = filled(CloseMonth, {"community": visitor.community or "", "month": month})
        waiting = await visitor.gongdan.month_close.ask(asked, await form.request(visitor))
    except (RuleRefused, NotAllowed) as refusal:
        return await _shown(visitor, month, explained(refusal, visitor))
    return go(f"/approvals/{waiting.case.id}")


async def _shown(visitor: Visitor, period: str, refused: Explanation | None = None) -> Response:
    answer, span, book = await _read(visitor, period)
    numbers = await _numbers(visitor, answer)
    people = in_columns(answer.people)
    lines = {one.login: [_charged(visitor, line, book, numbers) for line in one.lines] for one in people}
    return visitor.page(
        "appraisal/appraisal.html",
        refused.status if refused else 200,
        refused=refused,
        closing=await _closing(visitor, span),
        answer=answer,
        people=people,
        others=len(answer.people) - len(people),
        lines=lines,
        book=book,
        months=sorted({month.month for one in people for month in one.months}),
        words_of={flag: getattr(book.dismissal, flag.value) for flag in Flag},
        period=str(span),
        wider=_wider(span),
        earlier=_of_kind(span.kind, span.first.before),
        later=_of_kind(span.kind, span.last.after),
        share=lambda text: f"{float(text) * 100:g}%",
    )


async def _closing(visitor: Visitor, span: Period) -> Sequence[str] | None:
    """List what prevents the close of the month shown: empty where it may be requested, None for visitors without the right."""
    if span.kind != "month" or visitor.community is None:
        return None
    against = await visitor.gongdan.month_close.refused(visitor.directory, visitor.community, str(span), visitor.login)
    if isinstance(against, NotAllowed):
        return None
    return explained(against, visitor).said if against is not None else ()


@router.get("/appraisal/workbook")
async def workbook(visitor: TheVisitor, period: str = "") -> Response:
    """Download the tally and the pay list as Excel."""
    answer, span, book = await _read(visitor, period)
    content = BytesIO()
    write_appraisal(content, answer, book)
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="appraisal-{span}.xlsx"'}
    return Response(content.getvalue(), headers=headers, media_type=MEDIA_TYPE)


async def _read(visitor: Visitor, text: str) -> tuple[AppraisalAnswer, Period, RuleBook]:
    if visitor.community is None:
        raise NotFound("community")
    span = period_of(text or visitor.directory.day(visitor.community, visitor.now).strftime("%Y-%m"))
    answer = await appraisal_answer(visitor.gongdan, visitor.directory, visitor.login, visitor.community, span, explained=True)
    return answer, span, visitor.directory.law_of(visitor.community).of(span.last)


async def _numbers(visitor: Visitor, answer: AppraisalAnswer) -> Mapping[str, str]:
    """Find the numbers of the tickets named in a tally, by id."""
    named = {UUID(ticket) for one in answer.people for line in one.lines for ticket in line.tickets}
    return {str(id_): number for id_, number in (await visitor.numbers(named)).items()}


def _charged(visitor: Visitor, line: TallyLine, book: RuleBook, numbers: Mapping[str, str]) -> Charged:
    text = book.warnings.text if line.item == WARNINGS else book.items[line.item].text if line.item in book.items else ""
    return Charged(line, text, [_why(visitor, charge, book, numbers) for charge in line.charges or ()])


def _why(visitor: Visitor, charge: dict[str, Any], book: RuleBook, numbers: Mapping[str, str]) -> Why:
    """Explain a charge: when, where, how many, and what raised or lowered it."""
    say, said = visitor.say, []
    if "date" in charge:
        said.append(charge["date"])
    if charge.get("area") and visitor.community:
        said.append(visitor.directory.community(visitor.community).areas.get(charge["area"], charge["area"]))
    if charge.get("parties"):
        said.append(say("当事人 {people}", people=visitor.people(charge["parties"])))
    if charge["count"] > 1:
        said.append(say("数量 {n}", n=charge["count"]))
    if charge["free_units"]:
        said.append(say("其中 {n} 次未到起扣数", n=charge["free_units"]))
    if charge.get("doubled"):
        said.append(say("公司检查逾期，加倍"))
    if charge.get("overdue_days"):
        said.append(say("逾期 {n} 天", n=charge["overdue_days"]))
    if charge["severity_extra"] not in ("0", "-0"):
        said.append(say("情节另计 {points}", points=charge["severity_extra"]))
    if charge["party_extra"] not in ("0", "-0"):
        said.append(say("当事人另计 {points}", points=charge["party_extra"]))
    for metric in charge.get("metrics", ()):
        said.append(f"{book.metrics[metric['name']].title} {metric['period']}：{metric['value']}")
    if charge.get("warnings"):
        said.append(say("警告或通报：{days}", days=visitor.words.many([str(day) for day in charge["warnings"]])))
    if charge.get("commission_fen"):
        said.append(say("提成 {amount}", amount=yuan(charge["commission_fen"])))
    if charge["adjustment"]:
        said.append(say("补记 {month}", month=charge["month"]))
    tickets = [numbers[ticket] for ticket in charge.get("tickets", ()) if ticket in numbers]
    return Why(visitor.words.many(said), charge["points"], tickets, charge.get("finding"))


def _wider(span: Period) -> list[str]:
    """Name the month, quarter and year with which a period begins."""
    return [_of_kind(kind, span.first) for kind in ("month", "quarter", "year")]


def _of_kind(kind: str, month: Month) -> str:
    quarter = f"{month.year:04}-Q{(month.number + 2) // 3}"
    return {"month": str(month), "quarter": quarter, "year": f"{month.year:04}"}[kind]
