"""A closed month's tally (月结): its canonical form, the form's hash, and the tally parsed from it.

The canonical form is RFC 8785 JSON of the explained tally (amounts as texts, codes, ids and dates): equal tallies give equal
bytes, hence an equal hash. A closed month is read from this form and never computed again, so later rule books, roles and
programs cannot change it.
"""

import json
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import rfc8785

from domain.kernel.periods import Month, Period
from domain.rules.rule_books import Law
from domain.rules.scorecard import Counting, Flag, Item, Notice, Post, Severity
from domain.tally.charging import Charge
from domain.tally.document import as_document
from domain.tally.facts import ConfirmedFinding, Metric
from domain.tally.tally import WARNINGS, Line, PersonTally, Tally

FORM = 1
"""Version of the canonical form; it is part of the hashed bytes."""


def canonical(community: str, tally: Tally) -> bytes:
    """The canonical form of a community's month, in UTF-8."""
    return rfc8785.dumps({"form": FORM, "community": community, **as_document(tally, explained=True)})


def digest(form: bytes) -> str:
    """SHA-256 of a canonical form, in hex."""
    return sha256(form).hexdigest()


def shown(document: str, *, explained: bool = False) -> dict[str, Any]:
    """A closed tally as a document; explanations are removed unless ``explained``."""
    data: dict[str, Any] = json.loads(document)
    if not explained:
        for person in data["people"]:
            for line in person["lines"]:
                line.pop("clause")
                line.pop("charges")
    return data


def thaw(document: str, law: Law) -> Tally:
    """Parse a canonical form into the tally it was made from."""
    data = json.loads(document)
    period = Period.parse(data["month"])
    return Tally(period, data["rule_book"], tuple(_person(one, law) for one in data["people"]))


def _person(data: dict[str, Any], law: Law) -> PersonTally:
    return PersonTally(
        login=data["login"],
        post=Post(data["post"]) if data["post"] else None,
        lines=tuple(_line(line, law) for line in data["lines"]),
        deductions=Decimal(data["deductions"]),
        bonuses=Decimal(data["bonuses"]),
        total=Decimal(data["total"]),
        pay_share=Decimal(data["pay_share"]),
        flags=tuple(Flag(flag) for flag in data["flags"]),
        notices=tuple(Notice(notice) for notice in data["notices"]),
    )


def _line(data: dict[str, Any], law: Law) -> Line:
    code = data["item"]
    charges = tuple(_charge(one, code, law) for one in data["charges"])
    found, tickets = tuple(data["findings"]), tuple(data["tickets"])
    return Line(code, data["clause"], data["count"], Decimal(data["points"]), found, tickets, charges)


def _charge(data: dict[str, Any], code: str, law: Law) -> Charge:
    sign = 1 if code.startswith("B") else -1
    month = Period.parse(data["month"]).last
    return Charge(
        item=_item(code, month, law),
        month=month,
        finding=_finding(data) if "finding" in data else None,
        post=Post(data["column"]) if data["column"] else None,
        answers=data["answers"],
        party=data["party"],
        count=data["count"],
        free_units=data["free_units"],
        base=sign * Decimal(data["base"]),
        severity_extra=sign * Decimal(data["severity_extra"]),
        party_extra=sign * Decimal(data["party_extra"]),
        metrics=tuple(
            Metric(one["name"], Period.parse(one["period"]), Decimal(one["value"]), one["area"])
            for one in data.get("metrics", ())
        ),
        warned=tuple(data.get("warnings", ())),
        commission_fen=data.get("commission_fen", 0),
        adjustment=data["adjustment"],
    )


def _finding(data: dict[str, Any]) -> ConfirmedFinding:
    return ConfirmedFinding(
        id=data["finding"],
        item=data["recorded_as"],
        day=date.fromisoformat(data["date"]),
        area=data["area"],
        quantity=data["quantity"],
        severity=Severity(data["severity"]),
        parties=tuple(data["parties"]),
        doubled=data["doubled"],
        overdue_days=data["overdue_days"],
        amount_fen=data["amount_fen"],
        tickets=tuple(data["tickets"]),
    )


def _item(code: str, month: Month, law: Law) -> Item | None:
    """The item of a line. An item that the book no longer has keeps its code; warnings are no item (D2 五.5)."""
    if code == WARNINGS:
        return None
    return law.of(month).items.get(code) or Item(code=code, text=code, counting=Counting.DECIDED)
