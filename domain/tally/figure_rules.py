"""Check a reported figure (指标) against the rule book."""

from collections.abc import Iterator

from domain.kernel.errors import FieldError
from domain.rules.scorecard import RuleBook
from domain.tally.facts import Metric


def wrong_figure(book: RuleBook, metric: Metric, pointer: str = "") -> Iterator[FieldError]:
    """Yield every error of a figure, with its field below ``pointer`` and the remedy."""
    rule = book.metrics.get(metric.name)
    if rule is None:
        yield FieldError(f"{pointer}/name", f"no such metric; known: {', '.join(book.metrics)}")
        return
    if metric.period.kind != rule.period:
        yield FieldError(f"{pointer}/period", f"{metric.name} is reported per {rule.period}")
    if rule.kind == "count" and metric.value % 1:
        yield FieldError(f"{pointer}/value", f"{metric.name} is a count; write a whole number")
    if rule.kind == "rate" and not 0 <= metric.value <= 1:
        yield FieldError(f"{pointer}/value", "a rate is a share from 0 to 1; write 95 % as 0.95")
