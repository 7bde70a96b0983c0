"""Read the facts of a tally from a JSON text (``gongdan appraisal calculate FILE.json``).

Nothing is guessed: every missing, unknown, repeated or contradictory value is refused, with a JSON pointer and the remedy.
Amounts are texts or whole numbers; binary fractions are refused because they are inexact.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, StringConstraints, ValidationError

from domain.kernel.errors import FieldError, InvalidInput, invalid
from domain.kernel.periods import Month, Period
from domain.rules.pay_bands import Exact, HalfPoints, Total
from domain.rules.rule_books import Law
from domain.rules.scorecard import Points, Post, RuleBook, Severity
from domain.tally.facts import (
    Appraisee,
    AreaAssigned,
    ConfirmedFinding,
    EarlierMonth,
    Facts,
    Metric,
    PostHeld,
    Warned,
    overlapping,
)
from domain.tally.figure_rules import wrong_figure
from domain.tally.finding_rules import refusals


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("write a date as 2026-03-04")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("there is no such day") from error


def _period(value: Any) -> Period:
    if not isinstance(value, str):
        raise ValueError("write a month as 2026-03, a quarter as 2026-Q1, a year as 2026")
    return Period.parse(value)


def _month(value: Any) -> Month:
    period = _period(value)
    if period.kind != "month":
        raise ValueError("write a month, such as 2026-03")
    return period.last


def _one_of(codes: Iterable[str]) -> Callable[[Any], str]:
    known = list(codes)

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"one of: {', '.join(known)}")
        return value

    return check


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("the list has an entry twice")
    return values


Day = Annotated[date, BeforeValidator(_day)]
MonthText = Annotated[InstanceOf[Month], BeforeValidator(_month)]
PeriodText = Annotated[InstanceOf[Period], BeforeValidator(_period)]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]
Texts = Annotated[tuple[Text, ...], AfterValidator(_distinct)]
Whole = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Fen = Annotated[int, Field(strict=True, ge=0, le=10**15)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Span(_Part):
    start: Day = Field(alias="from")
    end: Day | None = Field(default=None, alias="to")


class _Post(_Span):
    post: Annotated[str, BeforeValidator(_one_of(Post))]


class _Area(_Span):
    area: Text


class _Person(_Part):
    login: Text
    posts: tuple[_Post, ...]
    areas: tuple[_Area, ...] = ()


class SupposedFinding(_Part):
    """A finding in a calculation file or a "what if"; it counts as confirmed."""

    id: Text
    item: Text
    date: Day
    area: Text | None = None
    quantity: Whole = 1
    severity: Annotated[str, BeforeValidator(_one_of(Severity))] = Severity.NORMAL
    parties: Texts = ()
    doubled: Annotated[bool, Field(strict=True)] = False
    points: Points | None = None
    overdue_days: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None
    amount_fen: Fen | None = None
    tickets: tuple[Text, ...] = ()


class Supposition(_Part):
    """Findings to suppose confirmed, for a "what if" (假设)."""

    findings: Annotated[tuple[SupposedFinding, ...], Field(min_length=1, max_length=200)]


class _Finding(SupposedFinding):
    booked_month: MonthText | None = None


class _Metric(_Part):
    name: Text
    period: PeriodText
    value: Annotated[Exact, Field(ge=0)]
    area: Text | None = None


class _Warning(_Part):
    login: Text
    date: Day


class _Earlier(_Part):
    month: MonthText
    login: Text
    deductions: HalfPoints
    total: Total


class _Request(_Part):
    month: MonthText
    rule_book: Text
    people: tuple[_Person, ...]
    findings: tuple[_Finding, ...] = ()
    metrics: tuple[_Metric, ...] = ()
    warnings: tuple[_Warning, ...] = ()
    earlier_months: tuple[_Earlier, ...] = ()


def read_facts(text: str, book: RuleBook) -> Facts:
    """Read a tally's facts and check them against the rule book. Raises InvalidInput with every error."""
    try:
        request = _Request.model_validate(_json(text))
    except ValidationError as error:
        raise InvalidInput([FieldError(_pointer(e["loc"]), _message(e)) for e in error.errors()]) from error
    facts = _facts(request)
    wrong = [*_contradictions(request, book)]
    wrong += [error for n, one in enumerate(facts.metrics) for error in wrong_figure(book, one, f"/metrics/{n}")]
    wrong += [error for n, one in enumerate(facts.findings) for error in refusals(book, one, f"/findings/{n}")]
    if wrong:
        raise InvalidInput(wrong)
    return facts


def _json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = [key for key, often in Counter(key for key, _ in pairs).items() if often > 1]
        if twice:
            raise invalid("", f"the key '{twice[0]}' occurs twice in one object")
        return dict(pairs)

    def constant(name: str) -> Any:
        raise invalid("", f"{name} is not JSON")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise invalid("", f"not JSON: {error}") from error
    except (RecursionError, ValueError) as error:
        raise invalid("", "this JSON cannot be read: it is nested too deep, or a number is too long") from error


def _pointer(place: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


def _message(error: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind == "missing":
        return "this is missing"
    if kind == "extra_forbidden":
        return "there is no such field"
    return str(error["msg"]).removeprefix("Value error, ")


def _facts(request: _Request) -> Facts:
    return Facts(
        month=request.month,
        people=tuple(
            Appraisee(
                one.login,
                tuple(PostHeld(held.start, held.end, Post(held.post)) for held in one.posts),
                tuple(AreaAssigned(assigned.start, assigned.end, assigned.area) for assigned in one.areas),
            )
            for one in request.people
        ),
        findings=tuple(_fact(one, one.booked_month) for one in request.findings),
        metrics=tuple(Metric(one.name, one.period, one.value, one.area) for one in request.metrics),
        warnings=tuple(Warned(one.login, one.date) for one in request.warnings),
        earlier_months=tuple(EarlierMonth(one.month, one.login, one.deductions, one.total) for one in request.earlier_months),
    )


def _fact(one: SupposedFinding, booked: Month | None = None) -> ConfirmedFinding:
    return ConfirmedFinding(
        id=one.id,
        item=one.item,
        day=one.date,
        area=one.area,
        quantity=one.quantity,
        severity=Severity(one.severity),
        parties=one.parties,
        doubled=one.doubled,
        points=one.points,
        overdue_days=one.overdue_days,
        amount_fen=one.amount_fen,
        booked=booked,
        tickets=one.tickets,
    )


def supposed(asked: Supposition, law: Law) -> tuple[ConfirmedFinding, ...]:
    """The findings of a "what if", each checked by the rule book of its month. Raises InvalidInput."""
    facts = tuple(_fact(one) for one in asked.findings)
    wrong = list(_twice("/findings", "id", ((one.id,) for one in facts)))
    wrong += [error for n, one in enumerate(facts) for error in refusals(law.of(one.month), one, f"/findings/{n}")]
    if wrong:
        raise InvalidInput(wrong)
    return facts


def supposition(text: str) -> Supposition:
    """Read a "what if" from a JSON text: ``{"findings": […]}``. Raises InvalidInput."""
    try:
        return Supposition.model_validate(_json(text))
    except ValidationError as error:
        raise InvalidInput([FieldError(_pointer(e["loc"]), _message(e)) for e in error.errors()]) from error


def _contradictions(request: _Request, book: RuleBook) -> Iterator[FieldError]:
    """Errors that show only when fields are compared."""
    if request.rule_book != book.version:
        yield FieldError("/rule_book", f"no such rule book; known: {book.version}")
    yield from _twice("/people", "login", ((one.login,) for one in request.people))
    yield from _twice("/findings", "id", ((one.id,) for one in request.findings))
    yield from _twice("/metrics", "name, period and area", ((one.name, one.period, one.area) for one in request.metrics))
    yield from _twice("/earlier_months", "month and login", ((one.month, one.login) for one in request.earlier_months))
    for number, person in enumerate(request.people):
        for name, spans in (("posts", person.posts), ("areas", person.areas)):
            for place, span in enumerate(spans):
                if span.end is not None and span.end < span.start:
                    yield FieldError(f"/people/{number}/{name}/{place}/to", "this is before 'from'")
        if overlapping(PostHeld(held.start, held.end, Post(held.post)) for held in person.posts):
            yield FieldError(f"/people/{number}/posts", "posts overlap; end each one the day before the next begins")
    yield from _unknown_people(request)
    for number, earlier in enumerate(request.earlier_months):
        if earlier.month >= request.month:
            yield FieldError(f"/earlier_months/{number}/month", f"this is not before {request.month}")


def _twice(pointer: str, what: str, keys: Iterable[object]) -> Iterator[FieldError]:
    seen = set()
    for number, key in enumerate(keys):
        if key in seen:
            yield FieldError(f"{pointer}/{number}", f"an earlier entry has this {what}")
        seen.add(key)


def _unknown_people(request: _Request) -> Iterator[FieldError]:
    logins = {person.login for person in request.people}
    named = [
        (f"/findings/{n}/parties/{i}", login) for n, one in enumerate(request.findings) for i, login in enumerate(one.parties)
    ]
    named += [(f"/warnings/{n}/login", one.login) for n, one in enumerate(request.warnings)]
    named += [(f"/earlier_months/{n}/login", one.login) for n, one in enumerate(request.earlier_months)]
    yield from (FieldError(pointer, f"'{login}' is not among the people") for pointer, login in named if login not in logins)
