"""The scorecard (岗位目标责任书, D2) as versioned data: items, points, counting rules, metrics, pay bands, dismissal rules.

Adapters read the file; this module only parses its text. :func:`parse_rule_book` refuses a book that contradicts itself; its
errors name the item and the remedy.

Long because the settings of a rule book and the checks of their combinations must be read together.
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
    """The scorecard's columns, 主责任人 and 付责任人, and ``staff`` for posts that have none."""

    DIRECTOR = "director"
    ADMINISTRATOR = "administrator"
    STAFF = "staff"


class Severity(StrEnum):
    """How grave a finding is (情节). The rule book says which severities besides ``normal`` an item has."""

    NORMAL = "normal"
    EGREGIOUS = "egregious"  # 情节恶劣, 严重失职
    SERIOUS_COMPLAINT = "serious_complaint"  # 引起住户严重投诉
    SERIOUS = "serious"  # 严重失误


class Counting(StrEnum):
    """The rule that turns a month's findings of an item into points."""

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
    """The people who answer for a finding."""

    AREA = "area"  # director and the area's administrators; a bonus that names parties goes to them alone
    PARTIES = "parties"  # 当事人 alone


class Flag(StrEnum):
    """A reason to flag dismissal (辞退; D2 五.3)."""

    TWO_CONSECUTIVE_MONTHS = "two_consecutive_months"
    HALF_YEAR = "half_year"
    YEAR = "year"
    THREE_CONSECUTIVE_FINDINGS = "three_consecutive_findings"
    FINDING = "finding"


class Notice(StrEnum):
    """A remark on a tally that changes no points."""

    TEMPORARY_CARD_RATE = "temporary_card_rate"
    REFERRED = "referred"
    COMMISSION = "commission"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


E = TypeVar("E", bound=StrEnum)


def _one_of(codes: type[E], value: str) -> E:
    """Convert a mapping's key to an enum value, or list the values there are."""
    try:
        return codes(value)
    except ValueError as error:
        raise ValueError(f"'{value}' is not one of: {', '.join(codes)}") from error


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Whole = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
DeductionCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")]
BonusCode = Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]{0,2}$")]


class Points(_Part):
    """Points for one unit, in the scorecard's two columns."""

    director: HalfPoints
    administrator: HalfPoints

    def of(self, post: Post) -> Decimal:
        """The column that applies to a post; staff are charged by the administrator's."""
        return self.director if post is Post.DIRECTOR else self.administrator


class SeverityRule(_Part):
    """The effect of a severity: it dismisses the parties, adds ``extra`` points, or takes the finding out of the count."""

    dismiss: bool = False
    charged: bool = True
    party_required: bool = False
    extra: HalfPoints = Decimal(0)


class Conversion(_Part):
    """The limit (days overdue, or an amount in fen) beyond which a finding is charged as another item."""

    to: DeductionCode
    over_days: Whole | None = None
    from_fen: Whole | None = None


class MetricTest(_Part):
    """A comparison of a metric's value with a limit. ``below`` excludes the limit itself; the others include it."""

    metric: Name
    below: Exact | None = None
    at_least: Exact | None = None
    at_most: Exact | None = None

    def met(self, value: Decimal) -> bool:
        """Whether the value satisfies the comparison."""
        if self.below is not None:
            return value < self.below
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most


class MetricRule(_Part):
    """A reported figure (指标): its period, and whether it is a rate or a count."""

    title: Words
    period: Literal["month", "quarter", "year"]
    kind: Literal["rate", "count"]


class Item(_Part):
    """One item (考评项目).

    ``text`` is the regulation's wording; where a typing error was corrected in it, ``source`` is the original. ``self_handled``:
    findings that the office dealt with itself may be waived (自行处理除外).
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
        """Whether this is a bonus item (加分项目) rather than a deduction (扣罚项目)."""
        return self.code.startswith("B")

    @property
    def clause(self) -> str:
        """The item's place in D2."""
        return f"D2 {'加分项目' if self.is_bonus else '扣罚项目'} {self.code.removeprefix('B')}"

    def severity(self, severity: Severity) -> SeverityRule:
        """The effect of a severity on this item."""
        return self.severities.get(severity, _PLAIN)


_PLAIN = SeverityRule()


class Warnings(_Part):
    """Every ``per`` warnings (警告、通报批评) of a year cost ``points`` once (D2 五.5)."""

    text: Words
    reading: Words
    per: Whole
    points: HalfPoints


class SumRule(_Part):
    """Flag dismissal when deductions reach ``at_least``."""

    text: Words
    source: Words | None = None
    reading: Words
    at_least: HalfPoints


class RepeatRule(_Part):
    """Flag dismissal when a person's latest findings as a party all have the same item."""

    text: Words
    reading: Words
    findings: Annotated[int, Field(strict=True, ge=2, le=100)]


class FindingRule(_Part):
    """Flag dismissal for a single finding."""

    text: Words


class Dismissal(_Part):
    """The rules that flag a dismissal. A flag is advice: nothing carries it out (D2 五.3)."""

    two_consecutive_months: SumRule
    half_year: SumRule
    year: SumRule
    three_consecutive_findings: RepeatRule
    finding: FindingRule


class NoticeRule(_Part):
    """A remark on the tally. With a ``test``, it is made when a metric satisfies the test."""

    text: Words
    test: MetricTest | None = None


class GeneralReading(_Part):
    """A reading of the regulations that concerns no single item."""

    about: Name
    reading: Words


class RuleBook(_Part):
    """A versioned scorecard. Every tally names the ``version`` it was made by."""

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
    readings: tuple[GeneralReading, ...] = ()

    @cached_property
    def items(self) -> dict[str, Item]:
        """All items by code, in the book's order."""
        return {**self.deductions, **self.bonuses}

    @cached_property
    def measured(self) -> tuple[Item, ...]:
        """The items that are charged from metrics, in the book's order."""
        return tuple(item for item in self.items.values() if item.counting is Counting.METRIC)

    def of(self, month: tuple[int, int]) -> "RuleBook":
        """Return this book for any month, so that a single book can serve as a :class:`Law`."""
        return self


def parse_rule_book(text: str) -> RuleBook:
    """Parse and validate a rule book (TOML). Raises InvalidInput; its errors name the item and the remedy."""
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
"""Parse a published rule book, cached by its text: every tally asks for it, and a published book never changes."""


def _named(place: tuple[int | str, ...], message: str, kind: str = "") -> FieldError:
    """Give an error its JSON pointer, and name the item in the message."""
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
    # counting: (required settings, further settings allowed)
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
            yield place, "its metrics must all have one period"
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
    """Check that every cause is proposed as a deduction that needs no decision by hand."""
    for cause, code in book.proposals.items():
        item = book.deductions.get(code)
        if cause is FindingCause.INSPECTION_LATE:
            yield ("proposals", cause), "an inspection's rectification order names its own item"
        elif item is None:
            yield ("proposals", cause), f"there is no item {code}"
        elif item.counting in (Counting.METRIC, Counting.DOUBLING, Counting.DECIDED):
            yield ("proposals", cause), f"item {code} is counted '{item.counting.value}', which cannot be proposed"


def _settings(item: Item) -> Iterator[tuple[Place, str]]:
    """Check that an item has the settings its counting rule requires, and none that the rule ignores."""
    needed, allowed = _SETTINGS[item.counting]
    given = {name for name in type(item).model_fields if getattr(item, name) not in (None, False, (), {}, Decimal(0))} - _FREE
    for name in sorted(needed - given):
        yield (name,), f"counting '{item.counting.value}' needs '{name}'"
    for name in sorted(given - needed - allowed):
        fitting = ", ".join(f"'{counting.value}'" for counting, (one, other) in _SETTINGS.items() if name in one | other)
        yield (name,), f"'{name}' has no effect with counting '{item.counting.value}', only with {fitting}"
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
            yield ("severities", severity), "'normal' cannot be listed: the item's own settings apply to it"
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
        yield (
            ("conversion", "to"),
            f"item {target.code} must be counted 'each', have the same 'charged', and not be converted itself",
        )
    elif not set(item.severities) <= set(target.severities):
        yield ("conversion", "to"), f"item {target.code} must have the same severities"
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
