"""The tally (考评表) as it is answered: the same document for the API, the command line and Excel."""

from typing import Any

from pydantic import Field

from adapters.answers.documents import Answer, Moment
from domain.kernel import terms as t
from domain.rules.scorecard import Flag, Notice, Post


class AdjustmentAnswer(Answer):
    """What was charged for a closed month: the month it belongs to, the finding, its points."""

    month: str
    finding: str | None
    points: str


class TallyLine(Answer):
    """One item; ``points`` are signed and add up to the total. ``clause`` and ``charges`` say why, where that was asked."""

    item: str
    count: int
    points: str
    findings: list[str]
    tickets: list[str]
    adjustments: list[AdjustmentAnswer] = Field(default_factory=list)
    clause: str | None = None
    charges: list[dict[str, Any]] | None = None


class TallyMonth(Answer):
    """One of the months of a quarter or a year, as it is paid by; ``status`` is open or closed."""

    month: str
    deductions: str
    bonuses: str
    total: str
    pay_share: str | None
    status: t.AppraisalStatus


class TallyEvaluation(Answer):
    """An evaluation of the period; ``by`` is left out where a colleague said it and the person it is about reads it."""

    kind: t.EvaluationKind
    by: str | None
    score: int | None


class TallyProbation(Answer):
    """A probation that touches the period: passed where nothing was deducted in it and the examination is passed (D2 五.2)."""

    valid_from: str
    valid_to: str
    examined: str | None
    passed: bool | None
    score: int | None
    result: t.ProbationResult


class TallyPerson(Answer):
    """Somebody's period; ``pay_share`` is null for a quarter or year, whose ``months`` up to today's tell it one by one."""

    login: str
    name: str | None
    post: Post | None
    lines: list[TallyLine]
    deductions: str
    bonuses: str
    total: str
    pay_share: str | None
    flags: list[Flag]
    notices: list[Notice]
    months: list[TallyMonth]
    evaluations: list[TallyEvaluation]
    probation: TallyProbation | None


class TallyFigure(Answer):
    """A figure whose period ends in the period asked."""

    name: str
    period: str
    area: str | None
    value: str


class ClosedMonthAnswer(Answer):
    """A month that was closed: the SHA-256 of its tally's canonical form, and where the log stood."""

    month: str
    hash: str
    rule_book: str
    position: int
    closed_at: Moment
    closed_by: list[str]


class AppraisalAnswer(Answer):
    """A period's tally as of ``position``, of the people whose tallies the reader may see; ``hash`` is a closed month's."""

    community: str
    period: str
    rule_book: str
    status: t.AppraisalStatus
    hash: str | None
    position: int
    closed: list[ClosedMonthAnswer]
    figures: list[TallyFigure]
    people: list[TallyPerson]
