"""Write a period's tally as an Excel workbook: a sheet of items by people, and the pay list (效益工资表)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import xlsxwriter

from adapters.answers.appraisal.tally import AppraisalAnswer, TallyPerson
from adapters.exchange.exporting.workbooks import SAFE, Sheet
from adapters.labels.labels import label
from domain.rules.scorecard import Post, RuleBook
from domain.tally.tally import WARNINGS

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UTC = ZoneInfo("UTC")
"""These sheets hold no moments, so any time zone will do."""
COLUMN_TITLES = {Post.DIRECTOR: "主责任人", Post.ADMINISTRATOR: "付责任人", Post.STAFF: "其他人员"}
"""The columns of the scorecard (D2): director, administrator; others are charged as parties alone."""
ORDER: Sequence[Post | None] = (Post.DIRECTOR, Post.ADMINISTRATOR, Post.STAFF, None)
PAY_COLUMNS: Sequence[tuple[str, int]] = (
    ("登录名", 14),
    ("姓名", 12),
    ("岗位", 12),
    ("扣分", 8),
    ("加分", 8),
    ("合计", 8),
    ("效益工资", 10),
    ("辞退提示", 30),
    ("其他提示", 30),
)


def write_appraisal(target: Path | IO[bytes], answer: AppraisalAnswer, book: RuleBook) -> None:
    """Write the tally and the pay list; codes of people, items and rules are text cells, points numbers."""
    with xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, SAFE) as workbook:
        title = f"{answer.community} {answer.period}（{answer.rule_book}，{label(answer.status)}）"
        _columns(workbook, answer, book, f"考评表 {title}")
        _pay_list(workbook, answer, book, f"效益工资表 {title}")


def in_columns(people: Iterable[TallyPerson]) -> list[TallyPerson]:
    """People in the order of the columns: directors, administrators, then others who have points."""
    shown = [one for one in people if one.post in (Post.DIRECTOR, Post.ADMINISTRATOR) or one.lines]
    return sorted(shown, key=lambda one: (ORDER.index(one.post), one.login))


def _columns(workbook: xlsxwriter.Workbook, answer: AppraisalAnswer, book: RuleBook, title: str) -> None:
    people = in_columns(answer.people)
    heads = [(f"{COLUMN_TITLES.get(one.post, '') if one.post else ''} {one.name or one.login}".strip(), 12) for one in people]
    sheet = Sheet(workbook, "考评表", UTC, (("序号", 8), ("考评项目", 60), *heads, ("考评事项", 40)), title)
    codes = {line.item for one in people for line in one.lines}
    for code in [*book.deductions, WARNINGS, *book.bonuses, *sorted(codes - {*book.items, WARNINGS})]:
        if code in codes:
            sheet.add(_item(code, people, book))
    for name in ("deductions", "bonuses", "total"):
        sheet.add(["", SUMS[name], *(Decimal(getattr(one, name)) for one in people)])
    sheet.add(["", "效益工资", *(_share(one) for one in people)])


SUMS = {"deductions": "扣分合计", "bonuses": "加分合计", "total": "总计"}


def _item(code: str, people: Sequence[TallyPerson], book: RuleBook) -> list[object]:
    lines = [next((line for line in one.lines if line.item == code), None) for one in people]
    text = book.warnings.text if code == WARNINGS else book.items[code].text if code in book.items else code
    found = dict.fromkeys(finding for line in lines if line for finding in line.findings)
    points = [Decimal(line.points) if line else None for line in lines]
    return ["" if code == WARNINGS else code, text, *points, " ".join(found)]


def _pay_list(workbook: xlsxwriter.Workbook, answer: AppraisalAnswer, book: RuleBook, title: str) -> None:
    sheet = Sheet(workbook, "效益工资表", UTC, PAY_COLUMNS, title)
    for one in sorted(answer.people, key=lambda one: one.login):
        sheet.add(pay_line(one, book))


def pay_line(one: TallyPerson, book: RuleBook) -> list[object]:
    """A person's line of the pay list."""
    return [
        one.login,
        one.name,
        book.posts[one.post] if one.post else "",
        Decimal(one.deductions),
        Decimal(one.bonuses),
        Decimal(one.total),
        _share(one),
        "；".join(getattr(book.dismissal, flag.value).text for flag in one.flags),
        "；".join(book.notices[notice].text for notice in one.notices),
    ]


def _share(one: TallyPerson) -> str:
    return f"{(Decimal(one.pay_share) * 100).normalize():f}%" if one.pay_share is not None else ""
