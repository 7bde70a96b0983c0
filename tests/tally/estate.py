"""A small estate as a calculation file: posts, and builders for findings."""

import json
from collections.abc import Sequence
from typing import Any

from adapters.composition import shipped
from domain.kernel.errors import FieldError, InvalidInput
from domain.rules.scorecard import RuleBook, parse_rule_book
from domain.tally.calculation_file import read_facts
from domain.tally.document import as_document
from domain.tally.tally import tally

BOOK_TEXT = shipped("scorecards/default.toml")
BOOK = parse_rule_book(BOOK_TEXT)

Document = dict[str, Any]


def held(post: str, start: str = "2025-01-01", end: str | None = None) -> Document:
    return {"post": post, "from": start, "to": end}


def assigned(area: str, start: str = "2025-01-01", end: str | None = None) -> Document:
    return {"area": area, "from": start, "to": end}


PEOPLE: list[Document] = [
    {"login": "li", "posts": [held("director")], "areas": []},
    {"login": "wang", "posts": [held("administrator")], "areas": [assigned("A1")]},
    {"login": "zhao", "posts": [held("administrator")], "areas": [assigned("A2")]},
    {"login": "sun", "posts": [held("staff")], "areas": []},
]
"""A director; an administrator of A1 and one of A2; a member of staff who is neither."""


def finding(id: str, item: str, date: str = "2026-03-04", area: str | None = "A1", **more: Any) -> Document:
    return {"id": id, "item": item, "date": date, "area": area, **more}


def decided(director: str, administrator: str) -> Document:
    return {"director": director, "administrator": administrator}


def metric(name: str, period: str, value: str, area: str | None = None) -> Document:
    return {"name": name, "period": period, "value": value, "area": area}


def request(findings: Sequence[Document] = (), month: str = "2026-03", **more: Any) -> Document:
    return {"month": month, "rule_book": "default", "people": PEOPLE, "findings": list(findings), **more}


def answered(document: Document, *, explained: bool = False, book: RuleBook = BOOK) -> Document:
    """Calculate a file and return the answer."""
    facts = read_facts(json.dumps(document), book)
    return as_document(tally(book, facts), explained=explained)


def people(document: Document, **more: Any) -> dict[str, Document]:
    """The answer's people, by login."""
    return {person["login"]: person for person in answered(document, **more)["people"]}


def of(findings: Sequence[Document], month: str = "2026-03", **more: Any) -> dict[str, Document]:
    """People by login, for findings in the small estate."""
    return people(request(findings, month, **more))


def totals(findings: Sequence[Document], month: str = "2026-03", **more: Any) -> dict[str, str]:
    """Totals by login, zeros omitted."""
    return {login: one["total"] for login, one in of(findings, month, **more).items() if one["total"] != "0"}


def lines(person: Document) -> dict[str, tuple[int, str]]:
    """A person's lines: item, count, points."""
    return {line["item"]: (line["count"], line["points"]) for line in person["lines"]}


def refused(document: Any, book: RuleBook = BOOK) -> dict[str, str]:
    """Pointers and messages of the refusal; fails if the file is accepted."""
    text = document if isinstance(document, str) else json.dumps(document)
    try:
        tally(book, read_facts(text, book))
    except InvalidInput as error:
        return messages(error.errors)
    raise AssertionError("nothing was refused")


def messages(errors: Sequence[FieldError]) -> dict[str, str]:
    return {error.pointer: error.message for error in errors}
