"""Documents of the appraisal's other inputs (考评): figures, reprimands, probations, evaluations.

Values, points and rates are decimal strings.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from uuid import UUID

from pydantic import ConfigDict, Field

from adapters.answers.documents import Answer, Moment
from domain.appraisal.evaluation import EvaluationState
from domain.appraisal.figure import FigureState
from domain.appraisal.probation import ProbationState
from domain.appraisal.reprimand import ReprimandState
from domain.kernel import terms as t
from domain.kernel.privacy import MASKED
from domain.tally.document import amount


class FigureReport(Answer):
    """One report of a figure: its value, who reported it, when."""

    value: str
    by: str
    at: Moment


class FigureAnswer(Answer):
    """A figure. ``value`` is the last report's, which counts; ``reports`` are all of them in order."""

    id: UUID
    community: str
    name: str
    period: str
    area: str | None
    value: str
    reports: list[FigureReport]
    version: int


class ReprimandAnswer(Answer):
    """A warning or public criticism. It counts until it is withdrawn."""

    id: UUID
    community: str
    login: str
    kind: t.ReprimandKind
    date: date
    by: str
    reason: str
    withdrawn_by: str | None
    why_withdrawn: str | None
    version: int


class ExaminationAnswer(Answer):
    """An examination. A probation's last examination counts."""

    date: date
    passed: bool
    score: int | None
    by: str


class ProbationAnswer(Answer):
    """A probation with its examinations. Its result is part of the tally."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: UUID
    community: str
    login: str
    from_: date = Field(alias="from")
    to: date
    examinations: list[ExaminationAnswer]
    version: int


class EvaluationAnswer(Answer):
    """An evaluation of a person for a period, by themselves or another. Its last opinion counts.

    ``id`` and ``by`` are null where the evaluated person reads a colleague's evaluation, which stays anonymous. The id is
    computed from the author's login among others, so it would betray the author.
    """

    id: UUID | None
    community: str
    login: str
    kind: t.EvaluationKind
    period: str
    by: str | None
    score: int | None
    remarks: str | None
    opinions: int
    version: int


def figure_answer(s: FigureState) -> FigureAnswer:
    """Make the document of a figure, with every report."""
    reports = [FigureReport(value=amount(one.value), by=one.by, at=one.at) for one in s.reports]
    return FigureAnswer(
        id=s.id,
        community=s.community,
        name=s.metric,
        period=s.period,
        area=s.area,
        value=reports[-1].value,
        reports=reports,
        version=s.version,
    )


def reprimand_answer(s: ReprimandState, texts: Mapping[str, str] = MappingProxyType({})) -> ReprimandAnswer:
    """Make the document of a warning. Reasons are masked unless ``texts`` has them opened."""
    assert s.day is not None
    return ReprimandAnswer(
        id=s.id,
        community=s.community,
        login=s.login,
        kind=s.kind,
        date=s.day,
        by=s.by,
        reason=texts.get("reason", MASKED),
        withdrawn_by=s.withdrawn_by,
        why_withdrawn=None if s.why_withdrawn is None else texts.get("why_withdrawn", MASKED),
        version=s.version,
    )


def probation_answer(s: ProbationState) -> ProbationAnswer:
    """Make the document of a probation."""
    assert s.start is not None
    assert s.end is not None
    taken = [ExaminationAnswer(date=one.day, passed=one.passed, score=one.score, by=one.by) for one in s.examinations]
    dates = {"from": s.start, "to": s.end}
    return ProbationAnswer(id=s.id, community=s.community, login=s.login, examinations=taken, version=s.version, **dates)


def evaluation_answer(
    s: EvaluationState, texts: Mapping[str, str] = MappingProxyType({}), *, nameless: bool = False
) -> EvaluationAnswer:
    """Make the document of an evaluation. Remarks are masked unless ``texts`` has them; ``nameless`` hides the author."""
    last = s.opinions[-1]
    return EvaluationAnswer(
        id=None if nameless else s.id,
        community=s.community,
        login=s.login,
        kind=s.kind,
        period=s.period,
        by=None if nameless else s.by,
        score=last.score,
        remarks=None if last.remarks is None else texts.get("remarks", MASKED),
        opinions=len(s.opinions),
        version=s.version,
    )
