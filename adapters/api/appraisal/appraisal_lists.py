"""Queries of inputs of the appraisal (考评): lists of figures, warnings, probations, evaluations; one with its texts.

A list holds what the caller may report, and what is part of a tally that the caller may read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from starlette.responses import Response

from adapters.answers.appraisal.reported import (
    EvaluationAnswer,
    FigureAnswer,
    ProbationAnswer,
    ReprimandAnswer,
    evaluation_answer,
    figure_answer,
    probation_answer,
    reprimand_answer,
)
from adapters.answers.caller import Caller
from adapters.answers.documents import Answer
from adapters.answers.freshness import reached
from adapters.answers.paging import Page, readable_page
from adapters.api.openapi import responses
from adapters.web.authentication import TheCaller
from adapters.web.context import Api, TheApi
from adapters.web.parameters import CommunityParam, Cursor, Id, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.appraisal.evaluation import EvaluationState
from domain.appraisal.figure import FigureState
from domain.appraisal.probation import ProbationState
from domain.appraisal.reading_right import Reported, reads_reported, reads_tallies
from domain.appraisal.reprimand import ReprimandState
from domain.kernel.aggregate import S
from domain.kernel.errors import NotFound
from domain.kernel.periods import Month, Period
from domain.kernel.terms import EvaluationKind
from domain.people.authority import Right, denied
from projections.appraisal.appraisal_lists import reported
from projections.appraisal.appraisal_tally import (
    APPRAISAL_TALLY,
    EVALUATIONS,
    FIGURES,
    PROBATIONS,
    REPRIMANDS,
    EvaluationRow,
    FigureRow,
    ProbationRow,
    ReprimandRow,
)
from projections.engine.tables import Table

router = resources("appraisal")

R = TypeVar("R", FigureRow, ReprimandRow, ProbationRow, EvaluationRow)
A = TypeVar("A", bound=Answer)

OfMonth = Annotated[str | None, Query(pattern=r"^(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])$", description="only of this month")]
Login = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9._\-]{0,39}$", description="only about this person")]
Name = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,60}$", description="only of this metric")]


@dataclass(frozen=True)
class ListQuery:
    """Query parameters of all these lists."""

    community: CommunityParam
    month: OfMonth = None
    cursor: Cursor = None
    limit: Limit = 50
    min_position: MinPosition = None


TheQuery = Annotated[ListQuery, Depends()]


@dataclass(frozen=True)
class ReportedList(Generic[R, A, S]):
    """The list of one kind of input: its table, what each row is about, and the document that a reader gets of it."""

    table: Table[R]
    about: Callable[[R], Reported]
    state: type[S]
    answer: Callable[[S, str], A]
    page: type[Page[A]]

    async def response(self, api: Api, caller: Caller, query: ListQuery, **fields: str | None) -> Response:
        """List the inputs that the caller may read, the latest first.

        Raises NotFound for people without a role in the community, NotAllowed for those who may read no tally at all.
        """
        await reached(api.gongdan, APPRAISAL_TALLY.name, query.min_position)
        g, directory, community = api.gongdan, caller.directory, query.community
        roles = directory.roles(caller.login, community, g.clock.now())
        if not roles:
            raise NotFound("community")
        if not reads_tallies(roles, own=True, staff=True, closed=True):
            raise denied(Right.READ_TALLIES, "read_tallies", roles)
        book = await g.finding_records.book(community)
        reader = g.projections.reader(APPRAISAL_TALLY.name)
        month = None if query.month is None else _month(query.month)

        async def fetch(before: int | None, size: int) -> Sequence[R]:
            return await reported(reader, self.table, community, month=month, before=before, limit=size, **fields)

        def may_read(row: R) -> bool:
            return reads_reported(directory, community, caller.login, roles, book, self.about(row))

        rows, more = await readable_page(fetch, may_read, query.limit, query.cursor)
        items = [self.answer(await g.journal.existing(row[0], self.state), caller.login) for row in rows]
        return json_answer(self.page(items=items, next_cursor=more))


def _month(text: str) -> Month:
    return Period.parse(text[:7]).last


_FIGURES = ReportedList(
    FIGURES,
    lambda row: Reported(Right.METRICS, _month(row.month)),
    FigureState,
    lambda state, _: figure_answer(state),
    Page[FigureAnswer],
)
_WARNINGS = ReportedList(
    REPRIMANDS,
    lambda row: Reported(Right.WARNINGS, _month(row.day), row.login),
    ReprimandState,
    lambda state, _: reprimand_answer(state),
    Page[ReprimandAnswer],
)
_PROBATIONS = ReportedList(
    PROBATIONS,
    lambda row: Reported(Right.WARNINGS, _month(row.ends), row.login),
    ProbationState,
    lambda state, _: probation_answer(state),
    Page[ProbationAnswer],
)
_EVALUATIONS = ReportedList(
    EVALUATIONS,
    lambda row: Reported(Right.EVALUATIONS, _month(row.month), row.login, row.by_login),
    EvaluationState,
    lambda state, reader: evaluation_answer(state, nameless=state.kind is EvaluationKind.PEER and state.login == reader),
    Page[EvaluationAnswer],
)


@router.get("/metrics", summary="指标列表 · Figures", response_model=Page[FigureAnswer], responses=responses.read())
async def list_figures(api: TheApi, caller: TheCaller, query: TheQuery, name: Name = None) -> Response:
    """List figures of periods that end with the month, each with every report."""
    return await _FIGURES.response(api, caller, query, metric=name)


@router.get(
    "/warnings",
    summary="警告、通报批评列表 · Warnings in force",
    response_model=Page[ReprimandAnswer],
    responses=responses.read(),
)
async def list_warnings(api: TheApi, caller: TheCaller, query: TheQuery, login: Login = None) -> Response:
    """List warnings dated within the month, without those that were withdrawn."""
    return await _WARNINGS.response(api, caller, query, login=login)


@router.get("/probations", summary="试用期列表 · Probations", response_model=Page[ProbationAnswer], responses=responses.read())
async def list_probations(api: TheApi, caller: TheCaller, query: TheQuery, login: Login = None) -> Response:
    """List probations that overlap the month, with every examination."""
    return await _PROBATIONS.response(api, caller, query, login=login)


@router.get(
    "/evaluations",
    summary="自评、互评、评议、鉴定列表 · Evaluations",
    response_model=Page[EvaluationAnswer],
    responses=responses.read(),
)
async def list_evaluations(api: TheApi, caller: TheCaller, query: TheQuery, login: Login = None) -> Response:
    """List evaluations of periods that end with the month. The evaluated person reads colleagues' (互评) without the author."""
    return await _EVALUATIONS.response(api, caller, query, login=login)


@router.get("/warnings/{id}", summary="警告、通报批评 · A warning", response_model=ReprimandAnswer, responses=responses.read())
async def one_warning(api: TheApi, caller: TheCaller, id_: Id) -> Response:
    """Read a warning with its reasons, also one that was withdrawn. Opening the reasons is recorded in the access log."""
    reading = await api.gongdan.reported_records.reprimand(caller.login, id_)
    return json_answer(reprimand_answer(reading.state, reading.texts), {"ETag": f'"{reading.state.version}"'})


@router.get("/evaluations/{id}", summary="一份考评 · An evaluation", response_model=EvaluationAnswer, responses=responses.read())
async def one_evaluation(api: TheApi, caller: TheCaller, id_: Id) -> Response:
    """Read an evaluation with its remarks, which is recorded in the access log. Not for the person a colleague evaluated."""
    reading = await api.gongdan.reported_records.evaluation(caller.login, id_)
    return json_answer(evaluation_answer(reading.state, reading.texts), {"ETag": f'"{reading.state.version}"'})
