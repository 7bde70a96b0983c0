"""The scorecard (岗位目标责任书, D2) as versioned data: items, points, counting rules, metrics, pay bands, dismissal rules.

The text comes from an adapter; nothing here reads a file. :func:`parse_rule_book` refuses a book that contradicts itself and
names the item and what would be right.
"""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from domain.kernel.errors import FieldError, InvalidInput
from domain.kernel.terms import FindingCause
from domain.rules.pay_bands import Exact, HalfPoints, PayBand, Share, Words, misplaced


class Post(StrEnum):
    """Whose column of the scorecard: 主责任人, 付责任人, or neither."""

    DIRECTOR = "director"
    ADMINISTRATOR = "administrator"
    STAFF = "staff"


class Severity(StrEnum):
    """How grave (情节); which ones an item knows beside ``normal`` is said by the rule book."""

    NORMAL = "normal"
    EGREGIOUS = "egregious"  # 情节恶劣, 严重失职
    SERIOUS_COMPLAINT = "serious_complaint"  # 引起住户严重投诉
    SERIOUS = "serious"  # 严重失误


class Counting(StrEnum):
    """How a month's findings of an item turn into points."""

    EACH = "each"  # points × quantity
    FROM = "from"  # the units of the month before the threshold cost nothing (满n次扣分)
    MIN = "min"  # a finding below the threshold costs nothing, else all its units do (n辆或以上开始)
    OVERDUE = "overdue"  # points × quantity for every full number of days
    DECIDED = "decided"  # points entered by hand × quantity
    METRIC = "metric"  # from a reported figure
    DISMISS = "dismiss"  # dismissal is flagged, no points
    REFERRED = "referred"  # recorded for another procedure, no points
    DOUBLING = "doubling"  # no item of its own: a flag on another item's finding


class Charged(StrEnum):
    """Who answers for a finding."""

    AREA = "area"  # director and the area's administrators; a bonus that names parties goes to them alone
    PARTIES = "parties"  # 当事人 alone


class Flag(StrEnum):
    """Why dismissal (辞退) is flagged (D2 五.3)."""

    TWO_CONSECUTIVE_MONTHS = "two_consecutive_months"
    HALF_YEAR = "half_year"
    YEAR = "year"
    THREE_CONSECUTIVE_FINDINGS = "three_consecutive_findings"
    FINDING = "finding"


class Notice(StrEnum):
    """What stands on a tally without changing it."""

    TEMPORARY_CARD_RATE = "temporary_card_rate"
    REFERRED = "referred"
    COMMISSION = "commission"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


E = TypeVar("E", bound=StrEnum)


def _one_of(codes: type[E], value: str) -> E:
    """A key that is one of some codes; says which there are."""
    try:
        return codes(value)
    except ValueError as error:
        raise ValueError(f"'{value}' is not one of: {', '.join(codes)}") from error


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Whole = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
DeductionCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")]
BonusCode = Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]{0,2}$")]


class Points(_Part):
    """Points of the two columns, for one unit."""

    director: HalfPoints
    administrator: HalfPoints

    def of(self, post: Post) -> Decimal:
        """The column of a post; staff go by the administrator's."""
        return self.director if post is Post.DIRECTOR else self.administrator


class SeverityRule(_Part):
    """What a severity adds: dismissal of the parties, points for those who answer, or that it isn't counted at all."""

    dismiss: bool = False
    charged: bool = True
    party_required: bool = False
    extra: HalfPoints = Decimal(0)


class Conversion(_Part):
    """A finding beyond a limit is charged as another item."""

    to: DeductionCode
    over_days: Whole | None = None
    from_fen: Whole | None = None


class MetricTest(_Part):
    """A comparison with a metric's value; ``below`` is strict."""

    metric: Name
    below: Exact | None = None
    at_least: Exact | None = None
    at_most: Exact | None = None

    def met(self, value: Decimal) -> bool:
        """Whether the value is what the test asks for."""
        if self.below is not None:
            return value < self.below
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most


class MetricRule(_Part):
    """A reported figure: the period it is about, and whether it is a rate or a count."""

    title: Words
    period: Literal["month", "quarter", "year"]
    kind: Literal["rate", "count"]


class Item(_Part):
    """One item (考评项目). ``text`` is the regulation's wording, ``source`` its words where a typing error was corrected.

    ``self_handled``: what the office dealt with itself is waived (自行处理除外).
    """

    code: str
    text: Words
    source: Words | None = None
    reading: Words | None = None
    unit: Words | None = None
    counting: Counting
    charged: Charged = Charged.AREA
    points: Points | None = None
    threshold: Whole | None = None
    days: Whole | None = None
    party_extra: HalfPoints = Decimal(0)
    severities: Mapping[Annotated[Severity, BeforeValidator(partial(_one_of, Severity))], SeverityRule] = {}
    conversion: Conversion | None = None
    takes_amount: bool = False
    commission: Share | None = None
    referred: bool = False
    self_handled: bool = False
    any: tuple[MetricTest, ...] = ()
    all: tuple[MetricTest, ...] = ()

    @property
    def is_bonus(self) -> bool:
        """加分项目, as opposed to 扣罚项目."""
        return self.code.startswith("B")

    @property
    def clause(self) -> str:
        """Where the item stands in D2."""
        return f"D2 {'加分项目' if self.is_bonus else '扣罚项目'} {self.code.removeprefix('B')}"

    def severity(self, severity: Severity) -> SeverityRule:
        """What a severity adds to this item."""
        return self.severities.get(severity, _PLAIN)


_PLAIN = SeverityRule()


class Warnings(_Part):
    """Every ``per`` warnings (警告、通报批评) of a year cost ``points`` once (D2 五.5)."""

    text: Words
    reading: Words
    per: Whole
    points: HalfPoints


class SumRule(_Part):
    """Dismissal is flagged where deductions reach a sum."""

    text: Words
    source: Words | None = None
    reading: Words
    at_least: HalfPoints


class RepeatRule(_Part):
    """Dismissal is flagged where a party's latest findings are all of one item."""

    text: Words
    reading: Words
    findings: Annotated[int, Field(strict=True, ge=2, le=100)]


class FindingRule(_Part):
    """Dismissal is flagged by the finding itself."""

    text: Words


class Dismissal(_Part):
    """When dismissal is flagged, never executed (D2 五.3)."""

    two_consecutive_months: SumRule
    half_year: SumRule
    year: SumRule
    three_consecutive_findings: RepeatRule
    finding: FindingRule


class NoticeRule(_Part):
    """A remark on the tally; with a test it is made where a metric meets it."""

    text: Words
    test: MetricTest | None = None


class Reading(_Part):
    """How something is read that no single item is about."""

    about: Name
    reading: Words


class RuleBook(_Part):
    """A scorecard in force; a tally names its ``version``."""

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
    title: Words
    posts: Mapping[Annotated[Post, BeforeValidator(partial(_one_of, Post))], Words]
    deductions: Mapping[DeductionCode, Item]
    bonuses: Mapping[BonusCode, Item]
    metrics: Mapping[Name, MetricRule]
    notices: Mapping[Annotated[Notice, BeforeValidator(partial(_one_of, Notice))], NoticeRule]
    proposals: Mapping[Annotated[FindingCause, BeforeValidator(partial(_one_of, FindingCause))], DeductionCode] = {}
    pay_bands: Annotated[tuple[PayBand, ...], Field(min_length=2)]
    warnings: Warnings
    dismissal: Dismissal
    readings: tuple[Reading, ...] = ()

    @cached_property
    def items(self) -> dict[str, Item]:
        """Every item by its code, in the order of the book."""
        return {**self.deductions, **self.bonuses}

    @cached_property
    def measured(self) -> tuple[Item, ...]:
        """The items that figures decide, in the order of the book."""
        return tuple(item for item in self.items.values() if item.counting is Counting.METRIC)

    def of(self, month: tuple[int, int]) -> "RuleBook":
        """The book of a month: this one, where there is no other (see :class:`Law`)."""
        return self


def parse_rule_book(text: str) -> RuleBook:
    """Parse and validate a rule book (TOML). Raises InvalidInput; its errors name the item and what would be right."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput([FieldError("/rule_book", f"not TOML: {error}")]) from error
    for group in ("deductions", "bonuses"):
        items = data.get(group)
        if isinstance(items, dict):
            data[group] = {code: {**item, "code": code} if isinstance(item, dict) else item for code, item in items.items()}
    try:
        book = RuleBook.model_validate(data)
    except ValidationError as error:
        raise InvalidInput([_named(e["loc"], e["msg"], e["type"]) for e in error.errors()]) from error
    wrong = [_named(place, message) for place, message in _contradictions(book)]
    if wrong:
        raise InvalidInput(wrong)
    return book


rule_book = lru_cache(maxsize=64)(parse_rule_book)
"""The rule book of a text that was published: parsed once, however often tallies ask for it. A book never changes."""


def _named(place: tuple[int | str, ...], message: str, kind: str = "") -> FieldError:
    """An error at its place; where that is an item, in words too."""
    parts = [str(part) for part in place if part != "[key]"]
    message = message.removeprefix("Value error, ")
    if len(place) == 3 and place[2] == "[key]":
        numbers = {"deductions": "deductions are numbered 1, 2, 3, …", "bonuses": "bonuses are numbered B1, B2, B3, …"}
        message = numbers.get(parts[0], message)
    elif kind == "missing":
        message = f"'{parts[-1]}' is missing"
    elif kind == "extra_forbidden":
        message = f"there is no setting '{parts[-1]}' here"
    if parts[0] in ("deductions", "bonuses") and len(parts) > 1:
        message = f"item {parts[1]}: {message}"
    return FieldError("/rule_book/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts), message)


_SETTINGS: dict[Counting, tuple[frozenset[str], frozenset[str]]] = {
    # counting: (needed, also allowed)
    Counting.EACH: (frozenset({"points"}), frozenset({"party_extra", "severities", "conversion", "takes_amount"})),
    Counting.FROM: (frozenset({"points", "threshold"}), frozenset({"party_extra", "severities"})),
    Counting.MIN: (frozenset({"points", "threshold"}), frozenset({"party_extra", "severities"})),
    Counting.OVERDUE: (frozenset({"points", "days"}), frozenset({"conversion"})),
    Counting.DECIDED: (frozenset(), frozenset({"takes_amount", "commission"})),
    Counting.METRIC: (frozenset({"points"}), frozenset({"any", "all"})),
    Counting.DISMISS: (frozenset(), frozenset({"referred"})),
    Counting.REFERRED: (frozenset({"referred"}), frozenset()),
    Counting.DOUBLING: (frozenset(), frozenset()),
}
_FREE = frozenset({"code", "text", "source", "reading", "unit", "counting", "charged", "self_handled"})
Place = tuple[int | str, ...]


def _contradictions(book: RuleBook) -> Iterator[tuple[Place, str]]:
    for code, item in book.items.items():
        place: Place = ("bonuses" if item.is_bonus else "deductions", code)
        for further, message in (*_settings(item), *_conversions(book, item)):
            yield (*place, *further), message
        for name, tests in (("any", item.any), ("all", item.all)):
            for number, test in enumerate(tests):
                yield from (((*place, name, number, *further), message) for further, message in _tests(book, test))
        if len({book.metrics[t.metric].period for t in (*item.any, *item.all) if t.metric in book.metrics}) > 1:
            yield place, "its metrics must be of the same period"
    for post in Post:
        if post not in book.posts:
            yield ("posts",), f"the post '{post.value}' needs a name"
    for notice in Notice:
        if notice not in book.notices:
            yield ("notices",), f"the notice '{notice.value}' needs a text"
    for notice, rule in book.notices.items():
        if rule.test:
            yield from ((("notices", notice, "test", *further), message) for further, message in _tests(book, rule.test))
    yield from _proposals(book)
    for number, message in misplaced(book.pay_bands):
        yield ("pay_bands", number), message


def _proposals(book: RuleBook) -> Iterator[tuple[Place, str]]:
    """A cause is proposed as a deduction that needs no decision; one that names no item is not proposed."""
    for cause, code in book.proposals.items():
        item = book.deductions.get(code)
        if cause is FindingCause.INSPECTION_LATE:
            yield ("proposals", cause), "an inspection's order names its item itself"
        elif item is None:
            yield ("proposals", cause), f"there is no item {code}"
        elif item.counting in (Counting.METRIC, Counting.DOUBLING, Counting.DECIDED):
            yield ("proposals", cause), f"item {code} is counted '{item.counting.value}', which nobody can propose"


def _settings(item: Item) -> Iterator[tuple[Place, str]]:
    """Settings that the counting rule needs, and those that mean nothing with it."""
    needed, allowed = _SETTINGS[item.counting]
    given = {name for name in type(item).model_fields if getattr(item, name) not in (None, False, (), {}, Decimal(0))} - _FREE
    for name in sorted(needed - given):
        yield (name,), f"counting '{item.counting.value}' needs '{name}'"
    for name in sorted(given - needed - allowed):
        fitting = ", ".join(f"'{counting.value}'" for counting, (one, other) in _SETTINGS.items() if name in one | other)
        yield (name,), f"'{name}' means nothing with counting '{item.counting.value}', only with {fitting}"
    if item.counting in (Counting.FROM, Counting.MIN) and item.threshold == 1:
        yield ("threshold",), "a threshold of 1 is counting 'each'"
    if item.counting is Counting.METRIC and bool(item.any) is bool(item.all):
        yield ("any",), "a metric item has either 'any' or 'all' tests"
    if item.counting in (Counting.DISMISS, Counting.REFERRED) and item.charged is not Charged.PARTIES:
        yield ("charged",), f"counting '{item.counting.value}' needs charged = 'parties'"
    if item.commission is not None and not item.takes_amount:
        yield ("commission",), "a commission needs takes_amount = true"
    for severity, rule in item.severities.items():
        if severity is Severity.NORMAL:
            yield ("severities", severity), "'normal' is what the item itself says"
        elif not rule.dismiss and rule.charged and not rule.extra:
            yield ("severities", severity), "a severity needs 'dismiss', 'extra' or charged = false"
        elif rule.extra and not rule.charged:
            yield ("severities", severity), "a severity that isn't charged can't cost 'extra'"
    if item.is_bonus and item.counting not in (Counting.DECIDED, Counting.METRIC):
        yield ("counting",), "a bonus is counted 'decided' or 'metric'"


def _conversions(book: RuleBook, item: Item) -> Iterator[tuple[Place, str]]:
    if item.conversion is None:
        return
    target = book.deductions.get(item.conversion.to)
    if target is None:
        yield ("conversion", "to"), f"there is no item {item.conversion.to}"
    elif target.counting is not Counting.EACH or target.conversion or target.charged is not item.charged:
        yield ("conversion", "to"), f"item {target.code} must be counted 'each', charged alike and converted no further"
    elif not set(item.severities) <= set(target.severities):
        yield ("conversion", "to"), f"item {target.code} must know the same severities"
    if item.counting is Counting.OVERDUE:
        if item.conversion.over_days is None or item.conversion.from_fen is not None:
            yield ("conversion",), "counting 'overdue' is converted by 'over_days'"
    elif item.conversion.from_fen is None or item.conversion.over_days is not None or not item.takes_amount:
        yield ("conversion",), "counting 'each' is converted by 'from_fen', with takes_amount = true"


def _tests(book: RuleBook, test: MetricTest) -> Iterator[tuple[Place, str]]:
    if test.metric not in book.metrics:
        yield ("metric",), f"no such metric; known: {', '.join(book.metrics)}"
    if sum(limit is not None for limit in (test.below, test.at_least, test.at_most)) != 1:
        yield (), "a test has exactly one of 'below', 'at_least', 'at_most'"
