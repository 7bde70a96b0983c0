"""The tally as a document, for ``gongdan appraisal calculate`` and the API. Amounts are texts, so that they stay exact."""

from decimal import Decimal
from typing import Any

from domain.rules.scorecard import Post
from domain.tally.charging import Charge
from domain.tally.tally import PersonTally, Tally


def amount(value: Decimal) -> str:
    """Write an exact amount without trailing zeros: ``-3.5``, ``0.95``, ``5``."""
    return format(value.normalize(), "f") if value else "0"


def as_document(tally: Tally, *, explained: bool = False) -> dict[str, Any]:
    """Convert a tally to ``{"month", "rule_book", "people"}``.

    ``explained`` adds each line's ``charges`` down to finding and clause.
    """
    return {
        tally.period.kind: str(tally.period),
        "rule_book": tally.rule_book,
        "people": [_person(person, explained) for person in tally.people],
    }


def _person(person: PersonTally, explained: bool) -> dict[str, Any]:
    lines = []
    for line in person.lines:
        shown: dict[str, Any] = {
            "item": line.item,
            "count": line.count,
            "points": amount(line.points),
            "findings": list(line.findings),
            "tickets": list(line.tickets),
        }
        if line.adjustments:
            shown["adjustments"] = [_adjustment(charge, line.item) for charge in line.adjustments]
        if explained:
            shown["clause"] = line.clause
            shown["charges"] = [_charge(charge, line.item) for charge in line.charges]
        lines.append(shown)
    return {
        "login": person.login,
        "post": person.post,
        "lines": lines,
        "deductions": amount(person.deductions),
        "bonuses": amount(person.bonuses),
        "total": amount(person.total),
        "pay_share": None if person.pay_share is None else amount(person.pay_share),
        "flags": [flag.value for flag in person.flags],
        "notices": [notice.value for notice in person.notices],
    }


def _signed(value: Decimal, item: str) -> str:
    return amount(value if item.startswith("B") else -value)


def _adjustment(charge: Charge, item: str) -> dict[str, Any]:
    """A finding of a closed month: the month, the finding and its signed points."""
    finding = charge.finding.id if charge.finding else None
    return {"month": str(charge.month), "finding": finding, "points": _signed(charge.points, item)}


def _charge(charge: Charge, item: str) -> dict[str, Any]:
    """The explanation of a charge: finding or figures, the column, the free units, and the parts of the points."""
    finding = charge.finding
    answer: dict[str, Any] = {
        "month": str(charge.month),
        "adjustment": charge.adjustment,
        "column": None if charge.post is None else ("director" if charge.post is Post.DIRECTOR else "administrator"),
        "answers": charge.answers,
        "party": charge.party,
        "count": charge.count,
        "free_units": charge.free_units,
        "base": _signed(charge.base, item),
        "severity_extra": _signed(charge.severity_extra, item),
        "party_extra": _signed(charge.party_extra, item),
        "points": _signed(charge.points, item),
    }
    if finding:
        answer |= {
            "finding": finding.id,
            "recorded_as": finding.item,
            "date": finding.day.isoformat(),
            "area": finding.area,
            "quantity": finding.quantity,
            "severity": finding.severity.value,
            "parties": list(finding.parties),
            "tickets": list(finding.tickets),
            "doubled": finding.doubled,
            "overdue_days": finding.overdue_days,
            "amount_fen": finding.amount_fen,
        }
    if charge.metrics:
        answer["metrics"] = [
            {"name": one.name, "period": str(one.period), "value": amount(one.value), "area": one.area} for one in charge.metrics
        ]
    if charge.warned:
        answer["warnings"] = list(charge.warned)
    if charge.commission_fen:
        answer["commission_fen"] = charge.commission_fen
    return answer
