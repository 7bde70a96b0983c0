"""What the rule book asks of a finding, whoever records it (D2). Nothing is guessed: what is missing is refused."""

from collections.abc import Iterator

from domain.kernel.errors import FieldError, InvalidInput
from domain.kernel.terms import WaiveReason
from domain.rules.scorecard import Charged, Counting, Item, RuleBook, Severity
from domain.tally.facts import ConfirmedFinding


def refusals(book: RuleBook, finding: ConfirmedFinding, pointer: str = "", *, undecided: bool = False) -> Iterator[FieldError]:
    """Everything wrong with a finding, each by its field below ``pointer`` and with what would be right.

    ``undecided``: it is not confirmed yet, so points decided by hand may still be missing.
    """
    item = book.items.get(finding.item)
    if item is None:
        known = f"{', '.join(book.deductions)}; {', '.join(book.bonuses)}"
        yield FieldError(f"{pointer}/item", f"no such item in rule book '{book.version}'; known: {known}")
        return
    for name, message in (*_kind(item), *_severity(item, finding), *_facts(item, finding, undecided)):
        yield FieldError(f"{pointer}/{name}", f"item {item.code}: {message}")
    if finding.booked and finding.booked < finding.month:
        yield FieldError(f"{pointer}/booked_month", f"an adjustment is booked after the month of its date, {finding.month}")


def checked(book: RuleBook, finding: ConfirmedFinding, *, undecided: bool = False) -> None:
    """Raises InvalidInput with everything that is wrong with a finding."""
    wrong = list(refusals(book, finding, undecided=undecided))
    if wrong:
        raise InvalidInput(wrong)


def decided_by_hand(item: Item) -> bool:
    """Whether an item's points are entered finding by finding (46, B1–B7)."""
    return item.counting is Counting.DECIDED


def stands_alone(item: Item) -> bool:
    """Whether there are findings of an item: what metrics charge, or what only doubles another item, has none."""
    return not list(_kind(item))


def takes(item: Item) -> frozenset[str]:
    """Which of the facts that not every item knows a finding of this one may state."""
    knows = {
        "severity": bool(item.severities),
        "doubled": not item.is_bonus,
        "overdue_days": item.counting is Counting.OVERDUE,
        "amount_fen": item.takes_amount,
        "points": decided_by_hand(item),
    }
    return frozenset(name for name, known in knows.items() if known)


def waive_reasons(item: Item | None) -> tuple[WaiveReason, ...]:
    """Why a finding may be waived: what the office handled itself is excepted for some items alone (自行处理除外)."""
    handled = item is not None and item.self_handled
    return tuple(reason for reason in WaiveReason if handled or reason is not WaiveReason.SELF_HANDLED)


def parties_needed(item: Item, severity: Severity) -> bool:
    """Whether a finding must name who was directly involved (当事人)."""
    return item.charged is Charged.PARTIES or item.severity(severity).party_required


def _kind(item: Item) -> Iterator[tuple[str, str]]:
    if item.counting is Counting.DOUBLING:
        yield "item", "this is no finding of its own; say doubled = true on the finding of the item inspected"
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
        yield "overdue_days", "say how many days it is overdue"
    if "overdue_days" not in known and finding.overdue_days is not None:
        yield "overdue_days", "this item knows no days overdue"
    if "amount_fen" not in known and finding.amount_fen is not None:
        yield "amount_fen", "this item knows no amount"
    decided = "points" in known
    commission = item.commission is not None and finding.amount_fen is not None
    if decided and finding.points is None and not commission and not undecided:
        yield "points", "the points of this item are decided by hand; give them for director and administrator"
    if decided and finding.points is not None and commission:
        yield "points", "with an amount this item earns a commission and no points; give one of the two"
    if not decided and finding.points is not None:
        yield "points", "the points of this item stand in the rule book"
    if "doubled" not in known and finding.doubled:
        yield "doubled", "only deductions are doubled"
