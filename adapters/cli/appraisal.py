"""The appraisal (考评, D2) on the command line."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from adapters.cli.console import Failed, Json, emit, say, table
from adapters.composition import shipped
from domain.appraisal import Line, PersonTally, Tally, tally
from domain.appraisal_answer import amount, as_document
from domain.appraisal_request import read_facts
from domain.errors import InvalidInput
from domain.scorecard import RuleBook, parse_rule_book

appraisal = typer.Typer(no_args_is_help=True, help="The appraisal (考评): tallies and what they depend on.")
T = TypeVar("T")
FILE_LIMIT = 64 * 1024 * 1024
"""Bytes read at most: a hundred times a large community's year."""


def _accepted(file: Path, work: Callable[[], T]) -> T:
    """What is made of a file; everything that is wrong with it, a line each."""
    try:
        return work()
    except InvalidInput as error:
        lines = [f"  {one.pointer or 'the whole'}: {one.message}" for one in error.errors]
        raise Failed("\n".join((f"{file} is refused:", *lines))) from error


def _read(file: Path) -> str:
    """The whole text of a file, or of stdin for ``-``."""
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
    explain: Annotated[bool, typer.Option("--explain", help="Each line down to its findings, figures and clause.")] = False,
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


def _show(book: RuleBook, made: Tally, explain: bool) -> None:
    """The tally for people: first everybody's result, then what it is made of."""
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
    text = book.items[line.item].text if line.item in book.items else book.warnings.text
    brief = text if len(text) <= 40 else f"{text[:39]}…"
    return line.item, brief, str(line.count), amount(line.points), " ".join(line.findings), " ".join(line.tickets)


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
        parts = (charge.base, charge.severity_extra, charge.party_extra, charge.points)
        month = f"{charge.month}{'（补扣）' if charge.adjustment else ''}"
        shown = (amount(sign * part) for part in parts)
        yield (line.clause, month, " ".join(grounds), str(charge.count), str(charge.free_units), *shown)
