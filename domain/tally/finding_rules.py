"""Check a finding against the rule book (D2). Nothing is guessed: what is missing is refused."""

from collections.abc import Iterator

from domain.kernel.errors import FieldError, InvalidInput
from domain.kernel.terms import WaiveReason
from domain.rules.scorecard import Charged, Counting, Item, RuleBook, Severity
from domain.tally.facts import ConfirmedFinding


def refusals(book: RuleBook, finding: ConfirmedFinding, pointer: str = "", *, undecided: bool = False) -> Iterator[FieldError]:
    """Yield every error of a finding, with its field below ``pointer`` and the remedy.

    ``undecided``: the finding is not confirmed yet, so points decided by hand may be missing.
    """
    item = book.items.get(finding.item)
    if item is None:
        known = f"{', '.join(book.deductions)}; {', '.join(book.bonuses)}"
        yield FieldError(f"{pointer}/item", f"no such item in rule book '{book.version}'; known: {known}")
        return
    for name, message in (*_kind(item), *_severity(item, finding), *_facts(item, finding, undecided)):
        yield FieldError(f"{pointer}/{name}", f"item {item.code}: {message}")
    if finding.booked and finding.booked < finding.month:
        yield FieldError(f"{pointer}/booked_month", f"an adjustment is booked in a month after that of its date, {finding.month}")


def checked(book: RuleBook, finding: ConfirmedFinding, *, undecided: bool = False) -> None:
    """Refuse a finding that the rule book does not allow. Raises InvalidInput with every error."""
    wrong = list(refusals(book, finding, undecided=undecided))
    if wrong:
        raise InvalidInput(wrong)


def decided_by_hand(item: Item) -> bool:
    """Whether the points of an item are decided for each finding (46, B1–B7)."""
    return item.counting is Counting.DECIDED


def stands_alone(item: Item) -> bool:
    """Whether an item has findings of its own. Items charged from metrics, or that only double another item, have none."""
    return not list(_kind(item))


def takes(item: Item) -> frozenset[str]:
    """The optional fields that a finding of this item may have."""
    knows = {
        "severity": bool(item.severities),
        "doubled": not item.is_bonus,
        "overdue_days": item.counting is Counting.OVERDUE,
        "amount_fen": item.takes_amount,
        "points": decided_by_hand(item),
    }
    return frozenset(name for name, known in knows.items() if known)


def waive_reasons(item: Item | None) -> tuple[WaiveReason, ...]:
    """The reasons for which a finding may be waived. ``self_handled`` applies only to items that except it (自行处理除外)."""
    handled = item is not None and item.self_handled
    return tuple(reason for reason in WaiveReason if handled or reason is not WaiveReason.SELF_HANDLED)


def parties_needed(item: Item, severity: Severity) -> bool:
    """Whether a finding must name the people directly involved (当事人)."""
    return item.charged is Charged.PARTIES or item.severity(severity).party_required


def _kind(item: Item) -> Iterator[tuple[str, str]]:
    if item.counting is Counting.DOUBLING:
        yield "item", "this item has no findings; set doubled = true on the finding of the item inspected"
    elif item.counting is Counting.METRIC:
        names = ", ".join(test.metric for test in (*item.any, *item.all))
        yield "item", f"this is charged from the metrics ({names}), not from a finding"


def _severity(item: Item, finding: ConfirmedFinding) -> Iterator[tuple[str, str]]:
    if finding.severity is not Severity.NORMAL and finding.severity not in item.severities:
        known = ", ".join(severity.value for severity in (Severity.NORMAL, *item.severities))
        yield "severity", f"'{finding.severity.value}' is not a severity of this item; known: {known}"
    elif parties_needed(item, finding.severity) and not finding.parties:
        yield "parties", "name the parties directly involved; they alone are charged or flagged"


def _facts(item: Item, finding: ConfirmedFinding, undecided: bool) -> Iterator[tuple[str, str]]:
    known = takes(item)
    if "overdue_days" in known and finding.overdue_days is None:
        yield "overdue_days", "give the days overdue"
    if "overdue_days" not in known and finding.overdue_days is not None:
        yield "overdue_days", "this item takes no days overdue"
    if "amount_fen" not in known and finding.amount_fen is not None:
        yield "amount_fen", "this item takes no amount"
    decided = "points" in known
    commission = item.commission is not None and finding.amount_fen is not None
    if decided and finding.points is None and not commission and not undecided:
        yield "points", "the points of this item are decided by hand; give them for director and administrator"
    if decided and finding.points is not None and commission:
        yield "points", "with an amount this item earns a commission and no points; give one of the two"
    if not decided and finding.points is not None:
        yield "points", "the rule book fixes the points of this item"
    if "doubled" not in known and finding.doubled:
        yield "doubled", "only deductions can be doubled"
