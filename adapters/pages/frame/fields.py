"""Fields of forms: kinds, options, and the conversion of their texts to the values that commands take."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from adapters.pages.frame.forms import Form
from adapters.pages.frame.moments import moment_in
from adapters.pages.frame.visitor import Visitor
from domain.kernel.errors import invalid

Options = Sequence[tuple[str, str]]

ROWS, MORE_ROWS = "rows", "more_rows"
"""Names of a rows form's own fields: the number of rows, and the button that adds rows without carrying the form out."""
FEW_ROWS, MOST_ROWS = 3, 50
"""Rows shown at first and added at a time, and the most that a quotation may have."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``kind`` is text, long, lines, words, choice, yes_no, tick, moment, day, several, number, yuan or rows.

    ``choices`` makes the options, from the visitor and the ticket or finding of the form. Each of ``rows`` is a choice and a
    quantity: ``code-1``, ``quantity-1``, ``code-2`` …
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    codes: type[StrEnum] | None = None
    choices: Callable[[Visitor, Any], Options] | None = None
    first: str = ""

    def options(self, visitor: Visitor, thing: Any) -> Options:
        """List the options as (value, words)."""
        if self.codes is not None:
            return [(code.value, visitor.label(code)) for code in self.codes]
        return self.choices(visitor, thing) if self.choices else ()


def values_in(fields: Iterable[Field], form: Form, visitor: Visitor) -> dict[str, Any]:
    """Convert a form's texts to values, by field. Empty fields are left out, except lists and ticks."""
    found: dict[str, Any] = {}
    for field in fields:
        text = form.get(field.name)
        if field.kind == "several":
            found[field.name] = form.all(field.name)
        elif field.kind == "tick":
            found[field.name] = bool(text)
        elif field.kind == "rows":
            found[field.name] = _rows(form)
        elif text:
            found[field.name] = _value(field, text, visitor)
    return found


def _value(field: Field, text: str, visitor: Visitor) -> Any:
    match field.kind:
        case "yes_no":
            return text == "yes"
        case "moment":
            moment = moment_in(text, visitor, f"/{field.name}")
            return moment.isoformat() if moment else None
        case "number":
            return _number(text)
        case "yuan":
            return fen(text, f"/{field.name}")
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "words":
            return text.replace(",", " ").replace("，", " ").replace("、", " ").split()
    return text


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def rows_of(values: Mapping[str, str]) -> int:
    """Count the rows to show: those the form had, more if its button asked for more, at most :data:`MOST_ROWS`."""
    had = values.get(ROWS, "")
    rows = int(had) if had.isascii() and had.isdigit() and len(had) < 4 else FEW_ROWS
    return max(FEW_ROWS, min(rows + (FEW_ROWS if MORE_ROWS in values else 0), MOST_ROWS))


def _rows(form: Form) -> list[dict[str, Any]]:
    """Read the rows filled in. The command takes a row without a quantity as one unit."""
    found = []
    for n in range(1, rows_of(form.values) + 1):
        row: dict[str, Any] = {"code": form.get(f"code-{n}")} if form.has(f"code-{n}") else {}
        if form.has(f"quantity-{n}"):
            row["quantity"] = _number(form.get(f"quantity-{n}"))
        found += [row] if row else []
    return found


NOT_AN_AMOUNT = "not a well-formed amount; write yuan and fen as 66.50"


def fen(text: str, pointer: str) -> int:
    """Convert an amount in yuan, as people write it, to fen; raises InvalidInput."""
    try:
        amount = Decimal(text.strip().removeprefix("¥").replace(",", "")) * 100
    except InvalidOperation:
        raise invalid(pointer, NOT_AN_AMOUNT) from None
    if not amount.is_finite() or amount % 1 or abs(amount) >= 10**15:
        raise invalid(pointer, NOT_AN_AMOUNT)
    return int(amount)
