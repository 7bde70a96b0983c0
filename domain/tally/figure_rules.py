"""What the rule book asks of a reported figure (指标), whoever reports it."""

from collections.abc import Iterator

from domain.kernel.errors import FieldError
from domain.rules.scorecard import RuleBook
from domain.tally.facts import Metric

HIGHEST_RATE = 2
"""Rates are shares; 95 meant as per cent is above this. What was paid in advance may bring one above 1."""


def wrong_figure(book: RuleBook, metric: Metric, pointer: str = "") -> Iterator[FieldError]:
    """Everything wrong with a figure, each by its field below ``pointer`` and with what would be right."""
    rule = book.metrics.get(metric.name)
    if rule is None:
        yield FieldError(f"{pointer}/name", f"no such metric; known: {', '.join(book.metrics)}")
        return
    if metric.period.kind != rule.period:
        yield FieldError(f"{pointer}/period", f"{metric.name} is reported per {rule.period}")
    if rule.kind == "count" and metric.value % 1:
        yield FieldError(f"{pointer}/value", "this is a count, a whole number")
    if rule.kind == "rate" and metric.value >= HIGHEST_RATE:
        yield FieldError(f"{pointer}/value", "a rate is a share; write 95 % as 0.95")
