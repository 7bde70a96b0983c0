"""The input of the tally (考评表) as rows. Rows must each belong to one stream, so the tally itself is computed on reading.

Rows are findings that count, figures, warnings, dated roles, published rule books and closed months, and also probations and
evaluations, which change no points. :func:`record` collects them into the record of :mod:`domain.tally.record`.

Long because a tally needs these eight tables at one position: they are one view, written and read together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from domain.appraisal.evaluation import Evaluation, EvaluationState
from domain.appraisal.figure import Figure, FigureState
from domain.appraisal.probation import Probation, ProbationState
from domain.appraisal.reprimand import Reprimand, ReprimandState
from domain.finding.events import Finding, FindingState
from domain.kernel.periods import Month, Period
from domain.kernel.privacy import Text
from domain.kernel.terms import EvaluationKind, ReprimandKind, Role
from domain.people.community import Community, CommunityState
from domain.people.staff import Grant, Person, PersonState
from domain.rules.rule_books import RuleBooks
from domain.rules.scorecard import Points, RuleBook, Severity, rule_book
from domain.tally.dated_posts import appraised
from domain.tally.facts import Appraisee, ConfirmedFinding, Metric, Warned
from domain.tally.months_closed import AppraisalBook
from domain.tally.record import Frozen, Record, earliest_year
from projections.engine.tables import Index, Table
from projections.engine.view import Drop, Params, Put, Reader, Step, View, Write


class PostRow(NamedTuple):
    """A person's dated role in a community; days as ``2026-03-04``."""

    person: UUID
    given: UUID
    login: str
    community: str
    role: Role
    area: str | None
    valid_from: str
    valid_to: str | None


class CountedRow(NamedTuple):
    """A finding that counts; ``month`` is that of its day, ``charged`` the month whose tally it is on.

    ``first_position`` is the position of its first event; it orders the findings of one day.
    """

    finding: UUID
    first_position: int
    community: str
    month: str
    charged: str
    day: str
    item: str
    area: str | None
    quantity: int
    severity: Severity
    parties: str
    doubled: bool
    director: str | None
    administrator: str | None
    overdue_days: int | None
    amount_fen: int | None
    booked: str | None
    tickets: str


class FigureRow(NamedTuple):
    """The value of a figure that counts; ``month`` is the last of its period."""

    figure: UUID
    first_position: int
    community: str
    metric: str
    period: str
    month: str
    area: str | None
    value: str
    by_login: str
    at: datetime


class ReprimandRow(NamedTuple):
    """A warning that was not withdrawn."""

    reprimand: UUID
    first_position: int
    community: str
    login: str
    kind: ReprimandKind
    day: str
    by_login: str
    reason: Text | None


class RuleBookRow(NamedTuple):
    """A published rule book, in force from ``from_month``."""

    stream: UUID
    from_month: str
    community: str
    text: str


class ClosedRow(NamedTuple):
    """A closed month with its frozen tally."""

    book: UUID
    month: str
    community: str
    rule_book: str
    hash: str
    position: int
    tally: str
    closed_at: datetime
    closed_by: str


class ProbationRow(NamedTuple):
    """A probation with its last examination."""

    probation: UUID
    first_position: int
    community: str
    login: str
    begins: str
    ends: str
    examined: str | None
    passed: bool | None
    score: int | None
    examined_by: str | None

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return date.fromisoformat(self.begins), date.fromisoformat(self.ends)


class EvaluationRow(NamedTuple):
    """The last opinion of one person on another; ``month`` is the last of its period."""

    evaluation: UUID
    first_position: int
    community: str
    login: str
    kind: EvaluationKind
    period: str
    month: str
    by_login: str
    at: datetime
    score: int | None
    remarks: Text | None


def _in(*columns: str) -> tuple[Index, ...]:
    return (Index(("community", *columns)),)


_LISTED = _in("first_position")
"""Lists are in the order of first events. An order by login or id would hint at the author of a peer evaluation."""

POSTS = Table("appraisal_posts", PostRow, key=("person", "given"), stream="person", indexes=_in())
COUNTED = Table("appraisal_findings", CountedRow, key=("finding",), stream="finding", indexes=(*_in("charged"), *_in("month")))
FIGURES = Table("appraisal_figures", FigureRow, key=("figure",), stream="figure", indexes=(*_in("month"), *_LISTED))
REPRIMANDS = Table("appraisal_reprimands", ReprimandRow, key=("reprimand",), stream="reprimand", indexes=(*_in("day"), *_LISTED))
RULE_BOOKS = Table("appraisal_rule_books", RuleBookRow, key=("stream", "from_month"), stream="stream", indexes=_in())
CLOSED = Table("appraisal_closed", ClosedRow, key=("book", "month"), stream="book", indexes=_in("month"))
PROBATIONS = Table("appraisal_probations", ProbationRow, key=("probation",), stream="probation", indexes=_LISTED)
EVALUATIONS = Table(
    "appraisal_evaluations", EvaluationRow, key=("evaluation",), stream="evaluation", indexes=(*_in("month"), *_LISTED)
)
TABLES: tuple[Table[Any], ...] = (POSTS, COUNTED, FIGURES, REPRIMANDS, RULE_BOOKS, CLOSED, PROBATIONS, EVALUATIONS)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the last state of most streams; of an appraisal book every closed month."""
    after = steps[-1].after
    state: Any = after.state
    match after.event:
        case Person.Event():
            yield from _posts(state)
        case Finding.Event():
            yield _finding(state, after.first_position)
        case Figure.Event():
            yield _figure(state, after.first_position)
        case Reprimand.Event():
            yield _reprimand(state, after.first_position)
        case Probation.Event():
            yield _probation(state, after.first_position)
        case Evaluation.Event():
            yield _evaluation(state, after.first_position)
        case Community.Event():
            yield from _rule_books(state)
        case AppraisalBook.Event():
            for step in steps:
                yield from _closed(step)


def _posts(s: PersonState) -> Iterable[Write]:
    for grant in s.grants:
        ends = grant.valid_to.isoformat() if grant.valid_to else None
        yield Put(
            POSTS,
            PostRow(s.id, grant.id, s.login, grant.community, grant.role, grant.area, grant.valid_from.isoformat(), ends),
        )


def _finding(s: FindingState, first_position: int) -> Write:
    if not s.counts or s.day is None:
        return Drop(COUNTED, (s.id.bytes,))
    return Put(
        COUNTED,
        CountedRow(
            s.id,
            first_position,
            s.community,
            s.month,
            s.charged_month,
            s.day.isoformat(),
            s.item,
            s.area,
            s.quantity,
            s.severity,
            " ".join(s.parties),
            s.doubled,
            str(s.points.director) if s.points else None,
            str(s.points.administrator) if s.points else None,
            s.overdue_days,
            s.amount_fen,
            s.booked_month,
            " ".join(str(ticket) for ticket in s.tickets),
        ),
    )


def _figure(s: FigureState, first_position: int) -> Write:
    last = s.reports[-1]
    month = str(Period.parse(s.period).last)
    return Put(
        FIGURES,
        FigureRow(s.id, first_position, s.community, s.metric, s.period, month, s.area, str(last.value), last.by, last.at),
    )


def _reprimand(s: ReprimandState, first_position: int) -> Write:
    if not s.counts or s.day is None:
        return Drop(REPRIMANDS, (s.id.bytes,))
    return Put(REPRIMANDS, ReprimandRow(s.id, first_position, s.community, s.login, s.kind, s.day.isoformat(), s.by, s.reason))


def _probation(s: ProbationState, first_position: int) -> Write:
    last = s.examinations[-1] if s.examinations else None
    return Put(
        PROBATIONS,
        ProbationRow(
            s.id,
            first_position,
            s.community,
            s.login,
            s.start.isoformat() if s.start else "",
            s.end.isoformat() if s.end else "",
            last.day.isoformat() if last else None,
            last.passed if last else None,
            last.score if last else None,
            last.by if last else None,
        ),
    )


def _evaluation(s: EvaluationState, first_position: int) -> Write:
    last, month = s.opinions[-1], str(Period.parse(s.period).last)
    return Put(
        EVALUATIONS,
        EvaluationRow(
            s.id, first_position, s.community, s.login, s.kind, s.period, month, s.by, last.at, last.score, last.remarks
        ),
    )


def _rule_books(s: CommunityState) -> Iterable[Write]:
    for start, text in s.rule_books.items():
        yield Put(RULE_BOOKS, RuleBookRow(s.id, start, s.code, text))


def _closed(step: Step) -> Iterable[Write]:
    event = step.after.event
    if isinstance(event, AppraisalBook.MonthClosed):
        people = " ".join(login for login in (event.meta.actor, event.meta.second_person) if login)
        yield Put(
            CLOSED,
            ClosedRow(
                event.originator_id,
                event.month,
                event.community,
                event.rule_book,
                event.hash,
                event.position,
                event.tally,
                event.timestamp,
                people,
            ),
        )


TAKES = ("person.", "community.", "finding.", "figure.", "reprimand.", "probation.", "evaluation.", "appraisal_book.")
APPRAISAL_TALLY = View("appraisal_tally", 3, TABLES, TAKES, fold)


@dataclass(frozen=True, slots=True)
class Known:
    """A community's record at a log position."""

    position: int
    record: Record


_HERE = "community = :community"
_ROWS = (
    f"SELECT {POSTS.listed} FROM {{appraisal_posts}} WHERE {_HERE} ORDER BY login, valid_from, given",
    f"SELECT {COUNTED.listed} FROM {{appraisal_findings}} WHERE {_HERE} AND (charged >= :since OR month >= :since)"
    " ORDER BY day, first_position",
    f"SELECT {FIGURES.listed} FROM {{appraisal_figures}} WHERE {_HERE} AND month >= :since",
    f"SELECT {REPRIMANDS.listed} FROM {{appraisal_reprimands}} WHERE {_HERE} AND day >= :since",
    f"SELECT {RULE_BOOKS.listed} FROM {{appraisal_rule_books}} WHERE {_HERE}",
    f"SELECT {CLOSED.listed} FROM {{appraisal_closed}} WHERE {_HERE} AND month >= :since",
)


async def record(reader: Reader, community: str, year: int, first: RuleBook) -> Known:
    """Collect everything on which the tallies of a year and later ones depend.

    ``first`` is the rule book before any published one. A finding of an earlier year that is charged in this year needs the
    tallies of its own year, so the query is repeated from there.
    """
    since = year
    while True:
        params: Params = {"community": community, "since": f"{since:04}-01"}
        answer = await reader.read([(sql, params) for sql in _ROWS])
        posts, counted, figures, reprimands, books, closed = answer.results
        findings = [_fact(COUNTED.decode(row)) for row in counted]
        earliest = earliest_year(findings, year)
        if earliest >= since:
            break
        since = earliest
    held = [POSTS.decode(row) for row in posts]
    published = [RULE_BOOKS.decode(row) for row in books]
    found = Record(
        law=RuleBooks(first, {_month(row.from_month): rule_book(row.text) for row in published}),
        people=tuple(person for login in dict.fromkeys(row.login for row in held) if (person := _person(login, held))),
        findings=tuple(findings),
        metrics=tuple(_metric(FIGURES.decode(row)) for row in figures),
        warnings=tuple(Warned(row.login, date.fromisoformat(row.day)) for row in map(REPRIMANDS.decode, reprimands)),
        closed={_month(row.month): _frozen(row) for row in map(CLOSED.decode, closed)},
    )
    return Known(answer.position, found)


@dataclass(frozen=True, slots=True)
class EvaluationsAndProbations:
    """A period's evaluations and the probations that overlap it. The tally's document shows them beside the points."""

    evaluations: Sequence[EvaluationRow]
    probations: Sequence[ProbationRow]


async def evaluations_and_probations(reader: Reader, community: str, period: Period) -> EvaluationsAndProbations:
    """Read a period's evaluations, ordered by person, kind and author, and its probations."""
    params: Params = {
        "community": community,
        "period": str(period),
        "first": f"{period.first}-01",
        "last": period.last.last_day.isoformat(),
    }
    evaluations = (
        f"SELECT {EVALUATIONS.listed} FROM {{appraisal_evaluations}} WHERE {_HERE} AND period = :period"
        " ORDER BY login, kind, by_login"
    )
    probations = (
        f"SELECT {PROBATIONS.listed} FROM {{appraisal_probations}} WHERE {_HERE} AND begins <= :last AND ends >= :first"
        " ORDER BY login"
    )
    evaluated, tried = (await reader.read([(evaluations, params), (probations, params)])).results
    return EvaluationsAndProbations([EVALUATIONS.decode(row) for row in evaluated], [PROBATIONS.decode(row) for row in tried])


def _month(text: str) -> Month:
    return Period.parse(text).last


def _person(login: str, held: Sequence[PostRow]) -> Appraisee | None:
    grants = [
        Grant(
            row.given,
            row.role,
            row.community,
            row.area,
            date.fromisoformat(row.valid_from),
            date.fromisoformat(row.valid_to) if row.valid_to else None,
        )
        for row in held
        if row.login == login
    ]
    return appraised(login, grants)


def _fact(row: CountedRow) -> ConfirmedFinding:
    points = None
    if row.director is not None and row.administrator is not None:
        points = Points(director=Decimal(row.director), administrator=Decimal(row.administrator))
    return ConfirmedFinding(
        id=str(row.finding),
        item=row.item,
        day=date.fromisoformat(row.day),
        area=row.area,
        quantity=row.quantity,
        severity=row.severity,
        parties=tuple(row.parties.split()),
        doubled=row.doubled,
        points=points,
        overdue_days=row.overdue_days,
        amount_fen=row.amount_fen,
        booked=_month(row.booked) if row.booked else None,
        tickets=tuple(row.tickets.split()),
    )


def _metric(row: FigureRow) -> Metric:
    return Metric(row.metric, Period.parse(row.period), Decimal(row.value), row.area)


def _frozen(row: ClosedRow) -> Frozen:
    return Frozen(
        _month(row.month), row.rule_book, row.hash, row.position, row.tally, row.closed_at, tuple(row.closed_by.split())
    )
