"""Document of the tally (考评表). API, command line and the Excel file are made from it."""

from typing import Any

from pydantic import Field

from adapters.answers.documents import Answer, Moment
from domain.kernel import terms as t
from domain.rules.scorecard import Flag, Notice, Post


class AdjustmentAnswer(Answer):
    """Points of a finding whose own month is closed, charged to this one (补扣)."""

    month: str
    finding: str | None
    points: str


class TallyLine(Answer):
    """One item of the scorecard. ``points`` are signed and add up to the total.

    ``clause`` and ``charges`` explain the points; they are null unless the request asked for an explanation.
    """

    item: str
    count: int
    points: str
    findings: list[str]
    tickets: list[str]
    adjustments: list[AdjustmentAnswer] = Field(default_factory=list)
    clause: str | None = None
    charges: list[dict[str, Any]] | None = None


class TallyMonth(Answer):
    """One month of a quarter or a year; pay is settled month by month. ``status`` is open or closed."""

    month: str
    deductions: str
    bonuses: str
    total: str
    pay_share: str | None
    status: t.AppraisalStatus


class TallyEvaluation(Answer):
    """An evaluation of the period. ``by`` is null where the evaluated person reads a colleague's evaluation."""

    kind: t.EvaluationKind
    by: str | None
    score: int | None


class TallyProbation(Answer):
    """A probation that overlaps the period. It is passed by a passed examination and no deduction (D2 五.2)."""

    valid_from: str
    valid_to: str
    examined: str | None
    passed: bool | None
    score: int | None
    result: t.ProbationResult


class TallyPerson(Answer):
    """One person's tally. For a quarter or year ``pay_share`` is null; ``months`` has each month's, up to the current one."""

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
    """A figure whose period ends within the period of the tally."""

    name: str
    period: str
    area: str | None
    value: str


class ClosedMonthAnswer(Answer):
    """A closed month. ``hash`` is the SHA-256 of its tally's canonical form, ``position`` the log's last at the close."""

    month: str
    hash: str
    rule_book: str
    position: int
    closed_at: Moment
    closed_by: list[str]


class AppraisalAnswer(Answer):
    """The tally of a period as of ``position``, of those people whose tallies the caller may read.

    ``hash`` is set for a closed month only.
    """

    community: str
    period: str
    rule_book: str
    status: t.AppraisalStatus
    hash: str | None
    position: int
    closed: list[ClosedMonthAnswer]
    figures: list[TallyFigure]
    people: list[TallyPerson]
