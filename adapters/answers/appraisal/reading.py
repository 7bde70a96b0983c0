"""Read tallies (考评表) from the read model, limited to the people whose tallies the caller may read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.answers.appraisal.tally import (
    AppraisalAnswer,
    ClosedMonthAnswer,
    TallyEvaluation,
    TallyFigure,
    TallyMonth,
    TallyPerson,
    TallyProbation,
)
from adapters.composition import Gongdan
from domain.appraisal.reading_right import reads_tallies
from domain.kernel.errors import NotFound, invalid
from domain.kernel.periods import Month, Period
from domain.kernel.terms import AppraisalStatus, EvaluationKind
from domain.people.authority import Held, Right, denied
from domain.people.directory import Directory
from domain.rules.scorecard import Post
from domain.tally.document import amount, as_document
from domain.tally.facts import ConfirmedFinding
from domain.tally.frozen import shown
from domain.tally.record import Record, months, probation_result, tally_by_months
from domain.tally.tally import Tally
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY, EvaluationsAndProbations, evaluations_and_probations, record


def period_of(text: str) -> Period:
    """Parse a month ``2026-03``, a quarter ``2026-Q1`` or a year ``2026``; raises InvalidInput."""
    try:
        period = Period.parse(text)
    except ValueError as error:
        raise invalid("/path/period", str(error)) from None
    if not 1970 <= period.first.year < 2200:
        raise invalid("/path/period", "lies outside the years 1970 to 2199")
    return period


@dataclass(frozen=True, slots=True)
class Readable:
    """The tallies of one community and period that a caller may read, by the authority row ``read_tallies``.

    ``closed``: whether every month of the period is closed; some roles read closed months only.
    """

    login: str
    roles: Sequence[Held]
    closed: bool

    def includes(self, login: str, post: str | None) -> bool:
        """Whether the caller may read a person's tally; the row distinguishes one's own and those of directors."""
        return reads_tallies(self.roles, own=login == self.login, staff=post != Post.DIRECTOR, closed=self.closed)


def readable_by(login: str, roles: Sequence[Held], status: AppraisalStatus) -> Readable:
    """The tallies that a caller may read in a period of this status. Raises NotAllowed if not even their own."""
    readable = Readable(login, roles, status is AppraisalStatus.CLOSED)
    if not readable.includes(login, Post.STAFF):
        raise denied(Right.READ_TALLIES, "read_tallies", roles)
    return readable


async def appraisal_answer(
    gongdan: Gongdan,
    directory: Directory,
    login: str,
    community: str,
    period: Period,
    *,
    explained: bool = False,
    supposed: Sequence[ConfirmedFinding] = (),
) -> AppraisalAnswer:
    """A period's tally as the reader may see it. ``supposed``: findings counted as if confirmed now; nothing is written.

    Raises NotFound for a reader without a role in the community, NotAllowed for one who may see no tally.
    """
    now = gongdan.clock.now()
    roles = directory.roles(login, community, now)
    if not roles:
        raise NotFound("community")
    reader = gongdan.projections.reader(APPRAISAL_TALLY.name)
    judged = await evaluations_and_probations(reader, community, period)
    year = min([period.first.year, *(row.days[0].year for row in judged.probations)])
    known = await record(reader, community, year, directory.book)
    made = known.record.what_if(supposed) if supposed else known.record
    readable = readable_by(login, roles, made.status(period))
    today = directory.day(community, now)
    data, by_months = _document(made, period, explained)
    people = [
        TallyPerson(
            **person,
            name=directory.people[person["login"]].name if person["login"] in directory.people else None,
            months=_months(by_months, made, person["login"], Month.of(today)),
            evaluations=_evaluations(judged, person["login"], login),
            probation=_probation(known.record, judged, person["login"], today),
        )
        for person in data["people"]
        if readable.includes(person["login"], person["post"])
    ]
    closed = [
        ClosedMonthAnswer(
            month=str(one.month),
            hash=one.hash,
            rule_book=one.rule_book,
            position=one.position,
            closed_at=one.closed_at,
            closed_by=list(one.closed_by),
        )
        for month in months(period.first, period.last)
        if (one := made.frozen(month))
    ]
    return AppraisalAnswer(
        community=community,
        period=str(period),
        rule_book=data["rule_book"],
        status=made.status(period),
        hash=closed[0].hash if closed and period.kind == "month" else None,
        position=known.position,
        closed=closed,
        figures=[
            TallyFigure(name=one.name, period=str(one.period), area=one.area, value=amount(one.value))
            for one in sorted(made.metrics, key=lambda one: (one.name, str(one.period), one.area or ""))
            if period.holds(one.period.last)
        ],
        people=people,
    )


def _document(made: Record, period: Period, explained: bool) -> tuple[dict[str, Any], Mapping[Month, Tally]]:
    """The tally's document, and the monthly tallies of a longer period. A closed month is shown as it was frozen."""
    frozen = made.frozen(period.first) if period.kind == "month" else None
    if frozen:
        return shown(frozen.document, explained=explained), {}
    tally, by_months = tally_by_months(made, period)
    return as_document(tally, explained=explained), by_months if period.kind != "month" else {}


def _months(by_months: Mapping[Month, Tally], made: Record, login: str, upto: Month) -> list[TallyMonth]:
    """A person's monthly totals, up to the present month."""
    return [
        TallyMonth(
            month=str(month),
            deductions=amount(one.deductions),
            bonuses=amount(one.bonuses),
            total=amount(one.total),
            pay_share=None if one.pay_share is None else amount(one.pay_share),
            status=AppraisalStatus.CLOSED if made.frozen(month) else AppraisalStatus.OPEN,
        )
        for month, tally in by_months.items()
        for one in tally.people
        if one.login == login and month <= upto
    ]


def _evaluations(judged: EvaluationsAndProbations, login: str, reader: str) -> list[TallyEvaluation]:
    """A person's evaluations. Colleagues evaluate anonymously: their logins are hidden from the evaluated person."""
    return [
        TallyEvaluation(
            kind=one.kind,
            by=None if one.kind is EvaluationKind.PEER and login == reader else one.by_login,
            score=one.score,
        )
        for one in judged.evaluations
        if one.login == login
    ]


def _probation(record: Record, judged: EvaluationsAndProbations, login: str, today: date) -> TallyProbation | None:
    """A person's probation that overlaps the period, with its result as of today."""
    row = next((row for row in judged.probations if row.login == login), None)
    if row is None:
        return None
    return TallyProbation(
        valid_from=row.begins,
        valid_to=row.ends,
        examined=row.examined,
        passed=row.passed,
        score=row.score,
        result=probation_result(record, login, *row.days, row.passed, today),
    )
