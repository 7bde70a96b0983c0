"""``gongdan appraisal``: tallies (考评表, D2) and the month's close."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from adapters.answers.appraisal.reading import appraisal_answer, period_of
from adapters.answers.appraisal.tally import AppraisalAnswer
from adapters.answers.approval.approval import ApprovalAnswer, approval_answer
from adapters.cli.terminal.console import Failed, Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.reading import As, caught_up, reader
from adapters.cli.ticket.reports import Xlsx
from adapters.composition import shipped
from adapters.exchange.exporting.appraisal_workbook import PAY_COLUMNS, pay_line, write_appraisal
from adapters.labels.labels import label
from domain.appraisal.month_close import CloseMonth
from domain.kernel.errors import InvalidInput
from domain.kernel.request import Request
from domain.kernel.terms import ApprovalState
from domain.rules.scorecard import RuleBook, parse_rule_book
from domain.tally.calculation_file import read_facts, supposed, supposition
from domain.tally.document import amount, as_document
from domain.tally.tally import Line, PersonTally, Tally, tally
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY

appraisal = typer.Typer(no_args_is_help=True, help="The appraisal (考评): calculate, show and close tallies.")
T = TypeVar("T")
FILE_LIMIT = 64 * 1024 * 1024
"""Largest file in bytes: a hundred times a large community's year."""


def _accepted(file: Path, work: Callable[[], T]) -> T:
    """Parse a file; raises Failed with all its errors, a line each."""
    try:
        return work()
    except InvalidInput as error:
        lines = [f"  {one.pointer or 'the whole file'}: {one.message}" for one in error.errors]
        raise Failed("\n".join((f"{file} is refused:", *lines))) from error


def _read(file: Path) -> str:
    """The text of a file, or of stdin for ``-``; raises Failed."""
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(FILE_LIMIT + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(FILE_LIMIT + 1)
        if len(content) > FILE_LIMIT:
            raise Failed(f"{file} is larger than {FILE_LIMIT} bytes")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failed(f"{file} is not UTF-8 text") from error


@appraisal.command()
def calculate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The facts as JSON, - for stdin.")],
    rule_book: Annotated[
        Path | None, typer.Option("--rule-book", help="The company's scorecard (TOML) instead of the one shipped.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the findings, figures and clause behind each line.")] = False,
    json: Json = False,
) -> None:
    """Calculate a month's tally (考评表) from the facts in a file.

    Reads no store and writes nothing: for a "what if", change the facts.
    """
    text = _read(rule_book) if rule_book else shipped("scorecards/default.toml")
    book = _accepted(rule_book or file, lambda: parse_rule_book(text))
    facts = _read(file)
    made = _accepted(file, lambda: tally(book, read_facts(facts, book)))
    if json:
        emit(as_document(made, explained=explain))
        return
    _show(book, made, explain)


Community = Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show the findings, figures and clause behind each line.")]


@appraisal.command("tally")
def show_tally(
    community: Community,
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="A month YYYY-MM, a quarter YYYY-Qn or a year YYYY.")],
    login: As = None,
    explain: Explain = False,
    what_if: Annotated[
        Path | None,
        typer.Option("--what-if", metavar="FILE", help="Findings as JSON to count as confirmed; - for stdin.", dir_okay=False),
    ] = None,
    xlsx: Xlsx = None,
    json: Json = False,
) -> None:
    """Show a period's tally (考评表), of the people whose tallies the reader may see.

    With --what-if, further findings are counted as confirmed: {"findings": […]} as in the file of `calculate`. Writes nothing.
    """
    supposition_ = _accepted(what_if, lambda: supposition(_read(what_if))) if what_if else None

    async def read() -> tuple[AppraisalAnswer, RuleBook]:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            await caught_up(gongdan, APPRAISAL_TALLY.name)
            directory = await gongdan.directory.current()
            law, span = directory.law_of(community), period_of(period)
            findings = supposed(supposition_, law) if supposition_ else ()
            found = await appraisal_answer(gongdan, directory, who, community, span, explained=explain, supposed=findings)
            return found, law.of(span.last)

    found, book = run(read())
    if xlsx is not None:
        write_appraisal(xlsx, found, book)
    if json:
        emit(answered(found))
    elif xlsx is not None:
        say(f"{found.period} in {xlsx}")
    else:
        _show_answer(book, found)


@appraisal.command("close")
def close_month(
    community: Community,
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month, which must be over.")],
    login: Annotated[str, typer.Option("--as", metavar="LOGIN", help="The person who requests it: a director or the appraiser.")],
    second: Annotated[
        str | None, typer.Option(metavar="LOGIN", help="Who approves it: another of them; left out, it waits for 24 hours.")
    ] = None,
    json: Json = False,
) -> None:
    """Close a month (月结): two people freeze its tally and hash; findings confirmed later count in an open month."""
    asked = _well_formed(community, month)

    async def close() -> ApprovalAnswer:
        async with open_gongdan() as gongdan:
            for person in filter(None, (login, second)):
                (await gongdan.directory.current()).person(person)
            await caught_up(gongdan, APPRAISAL_TALLY.name)
            waiting = await gongdan.month_close.ask(asked, Request(login, gongdan.ids.new()))
            if second is not None:
                await caught_up(gongdan, APPRAISAL_TALLY.name)
                waiting = await gongdan.approvals.approve(waiting.case.id, Request(second, gongdan.ids.new()))
            return approval_answer(waiting.case, gongdan.clock.now())

    found = run(close())
    if json:
        emit(answered(found))
    elif found.status is ApprovalState.APPROVED:
        say(f"{month} 已月结 closed by {login} and {second}")
    elif found.status is ApprovalState.REQUESTED:
        say(f"{month} 待第二人审批 waits for a second person: approval {found.id}, until {found.expires_at.isoformat()}")
    if found.status is ApprovalState.FAILED:
        raise Failed(f"{month} was not closed: {found.outcome}")


def _well_formed(community: str, month: str) -> CloseMonth:
    try:
        return CloseMonth(community=community, month=month)
    except ValidationError as error:
        raise Failed("a month is written YYYY-MM, such as 2026-03") from error


def _show_answer(book: RuleBook, found: AppraisalAnswer) -> None:
    """Print a period's tally."""
    title = f"{book.title} {found.period}（{found.rule_book}，{label(found.status)}）"
    table([head for head, _ in PAY_COLUMNS], [pay_line(one, book) for one in found.people], title=title)
    rows = [(one.login, line) for one in found.people for line in one.lines]
    if rows:
        say("")
        table(
            ("人员", "项目", "内容", "次数", "分", "考评事项", "工单"),
            [
                (
                    login,
                    line.item,
                    _brief(book, line.item),
                    line.count,
                    line.points,
                    " ".join(line.findings),
                    " ".join(line.tickets),
                )
                for login, line in rows
            ],
        )
    charges = [(login, line.clause, charge) for login, line in rows for charge in line.charges or ()]
    if charges:
        say("")
        table(
            ("人员", "条款", "月份", "依据", "次数", "免扣", "基本分", "情节加扣", "当事人加扣", "分"),
            [(login, clause, *_why(charge)) for login, clause, charge in charges],
        )
    for closed in found.closed:
        say(f"{closed.month} 已月结 {closed.closed_at:%Y-%m-%d} {' '.join(closed.closed_by)} SHA-256 {closed.hash}")


def _why(charge: Mapping[str, Any]) -> Iterator[str]:
    """The cells of a charge: month, grounds, count and parts."""
    yield charge["month"] + ("（补扣）" if charge["adjustment"] else "")
    grounds = [charge["finding"]] if "finding" in charge else []
    grounds += [f"{one['name']} {one['value']}" for one in charge.get("metrics", ())]
    grounds += charge.get("warnings", ())
    yield " ".join(grounds)
    for name in ("count", "free_units", "base", "severity_extra", "party_extra", "points"):
        yield str(charge[name])


def _show(book: RuleBook, made: Tally, explain: bool) -> None:
    """Print a calculated tally: each person's result, then the lines behind it."""
    heads = ("人员", "岗位", "扣分", "加分", "合计", "效益工资", "辞退提示", "其他提示")
    table(heads, [_result(book, person) for person in made.people], title=f"{book.title} {made.period}（{made.rule_book}）")
    if any(person.lines for person in made.people):
        say("")
        made_of = ("人员", "项目", "内容", "次数", "分", "考评事项", "工单")
        table(made_of, [(person.login, *_line(book, line)) for person in made.people for line in person.lines])
    if explain and any(person.lines for person in made.people):
        say("")
        why = ("人员", "条款", "月份", "依据", "次数", "免扣", "基本分", "情节加扣", "当事人加扣", "分")
        table(why, [(person.login, *row) for person in made.people for line in person.lines for row in _charges(line)])


def _result(book: RuleBook, person: PersonTally) -> tuple[str, ...]:
    rules = {flag: getattr(book.dismissal, flag.value).text for flag in person.flags}
    return (
        person.login,
        book.posts[person.post] if person.post else "",
        amount(person.deductions),
        amount(person.bonuses),
        amount(person.total),
        "" if person.pay_share is None else f"{amount(person.pay_share * 100)}%",
        "；".join(rules.values()),
        "；".join(book.notices[notice].text for notice in person.notices),
    )


def _line(book: RuleBook, line: Line) -> tuple[str, ...]:
    return (
        line.item,
        _brief(book, line.item),
        str(line.count),
        amount(line.points),
        " ".join(line.findings),
        " ".join(line.tickets),
    )


def _brief(book: RuleBook, code: str) -> str:
    """An item's text, cut to 40 characters."""
    text = book.items[code].text if code in book.items else book.warnings.text
    return text if len(text) <= 40 else f"{text[:39]}…"


def _charges(line: Line) -> Iterator[tuple[str, ...]]:
    sign = 1 if line.item.startswith("B") else -1
    for charge in line.charges:
        grounds = [charge.finding.id] if charge.finding else []
        grounds += [f"{metric.name} {metric.area or ''} {amount(metric.value)}".replace("  ", " ") for metric in charge.metrics]
        grounds += charge.warned
        if charge.finding and charge.finding.doubled:
            grounds.append("加倍")
        if charge.commission_fen:
            grounds.append(f"提成 {charge.commission_fen // 100}.{charge.commission_fen % 100:02} 元")
        gongdan = (charge.base, charge.severity_extra, charge.party_extra, charge.points)
        month = f"{charge.month}{'（补扣）' if charge.adjustment else ''}"
        shown = (amount(sign * part) for part in gongdan)
        yield (line.clause, month, " ".join(grounds), str(charge.count), str(charge.free_units), *shown)
