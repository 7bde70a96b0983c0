"""Fields of a form: what a person fills in, and how it becomes the value that a command takes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from adapters.pages.forms import Form
from adapters.pages.moments import moment_in
from adapters.pages.visitor import Visitor
from domain.errors import invalid

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``kind`` is text, long, lines, words, choice, yes_no, tick, moment, day, several, number or yuan.

    ``choices`` gives the options from the visitor and the thing that the form is about.
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    codes: type[StrEnum] | None = None
    choices: Callable[[Visitor, Any], Options] | None = None
    first: str = ""

    def options(self, visitor: Visitor, thing: Any) -> Options:
        """What may be chosen."""
        if self.codes is not None:
            return [(code.value, visitor.label(code)) for code in self.codes]
        return self.choices(visitor, thing) if self.choices else ()


def values_in(fields: Iterable[Field], form: Form, visitor: Visitor) -> dict[str, Any]:
    """What was filled in, by field; what was left empty is left out, but for lists and ticks."""
    found: dict[str, Any] = {}
    for field in fields:
        text = form.get(field.name)
        if field.kind == "several":
            found[field.name] = form.all(field.name)
        elif field.kind == "tick":
            found[field.name] = bool(text)
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
            return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
        case "yuan":
            return fen(text, f"/{field.name}")
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "words":
            return text.replace(",", " ").replace("，", " ").replace("、", " ").split()
    return text


def fen(text: str, pointer: str) -> int:
    """An amount in yuan, as people write it, in fen; raises InvalidInput."""
    try:
        amount = Decimal(text.strip().removeprefix("¥").replace(",", "")) * 100
    except InvalidOperation:
        raise invalid(pointer, "not a well-formed amount") from None
    if not amount.is_finite() or amount % 1 or abs(amount) >= 10**15:
        raise invalid(pointer, "not a well-formed amount")
    return int(amount)
