"""Commands for what is reported for the appraisal (考评) besides findings: figures, warnings, probations, evaluations."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_serializer, model_validator

from domain.kernel.periods import Period
from domain.kernel.terms import EvaluationKind, ReprimandKind
from domain.kernel.values import Code, FreeText, Login, Value
from domain.rules.pay_bands import Exact

PeriodText = Annotated[str, StringConstraints(pattern=r"^(19[7-9]\d|20\d\d|21\d\d)(-(0[1-9]|1[0-2])|-Q[1-4])?$")]
"""A month ``2026-03``, a quarter ``2026-Q1`` or a year ``2026``."""
MetricName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Day = date
Score = Annotated[int, Field(strict=True, ge=0, le=100)]


class ReportFigure(Value):
    """上报指标: report a metric of a period, for the community or an area. A rate is a share: ``"0.95"`` for 95 %."""

    community: Code
    name: MetricName
    period: PeriodText
    value: Annotated[Exact, Field(ge=0)]
    area: Code | None = None

    @field_serializer("value")
    def _text(self, value: Decimal) -> str:
        return str(value)

    @property
    def span(self) -> Period:
        """``period`` as a value."""
        return Period.parse(self.period)


class GiveReprimand(Value):
    """Give a member of staff a warning or public criticism (警告、通报批评), dated today unless a ``date`` is given."""

    community: Code
    login: Login
    kind: ReprimandKind
    reason: FreeText
    date: Day | None = None


class WithdrawReprimand(Value):
    """Withdraw a warning or public criticism that was given wrongly."""

    reason: FreeText


class TakeExamination(Value):
    """An examination (考试考核) on the rules, the work and the estate; ``score`` of 100."""

    date: Day
    passed: Annotated[bool, Field(strict=True)]
    score: Score | None = None


class SetProbation(Value):
    """Set the first and last day of a probation (试用期), record its examination, or both."""

    community: Code
    login: Login
    start: Day | None = Field(default=None, alias="from")
    end: Day | None = Field(default=None, alias="to")
    examination: TakeExamination | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        """Refuse one day without the other, days out of order, and an empty command."""
        if (self.start is None) is not (self.end is None):
            raise ValueError("give both days of the probation, 'from' and 'to'")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("'to' lies before 'from'")
        if self.start is None and self.examination is None:
            raise ValueError("give the days of the probation, an examination, or both")
        return self


class Evaluate(Value):
    """Evaluate a person for a period (自评、互评、住户评议、上级鉴定): a score of 100, remarks, or both. Changes no points."""

    community: Code
    login: Login
    kind: EvaluationKind
    period: PeriodText
    score: Score | None = None
    remarks: FreeText | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        """Refuse an evaluation without score and remarks."""
        if self.score is None and self.remarks is None:
            raise ValueError("give a score, remarks, or both")
        return self

    @property
    def span(self) -> Period:
        """``period`` as a value."""
        return Period.parse(self.period)
