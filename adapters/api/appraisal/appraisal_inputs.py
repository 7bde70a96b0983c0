"""Commands that report inputs of the appraisal (考评) besides findings: figures, warnings, probations, evaluations."""

from starlette.requests import Request
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
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.commands import command, done_response
from adapters.web.parameters import Id
from adapters.web.routing import resources
from domain.appraisal.commands import Evaluate, GiveReprimand, ReportFigure, SetProbation, WithdrawReprimand

router = resources("appraisal")


@router.post(
    "/metrics",
    summary="上报指标 · Report a figure of a period",
    response_model=FigureAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(ReportFigure),
)
async def report(request: Request) -> Response:
    """Report a figure. The last report counts, but a closed month keeps the value it was closed with."""
    async with command(request, ReportFigure) as (write, body):
        done = await write.api.gongdan.appraisal.report(body, write.request())
        return done_response(figure_answer(done.state), done)


@router.post(
    "/warnings",
    summary="警告、通报批评 · Warn or criticise a member of staff",
    status_code=201,
    response_model=ReprimandAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(GiveReprimand),
)
async def warn(request: Request) -> Response:
    """Warn or criticise a person. Every second one in a calendar year costs points in its month (D2 五.5)."""
    async with command(request, GiveReprimand) as (write, body):
        done = await write.api.gongdan.appraisal.reprimand(body, write.request())
        return done_response(reprimand_answer(done.state), done, f"/warnings/{done.state.id}")


@router.post(
    "/warnings/{id}/withdraw",
    summary="撤销警告 · Withdraw a warning of an open month",
    response_model=ReprimandAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(WithdrawReprimand),
)
async def withdraw(request: Request, id_: Id) -> Response:
    """Withdraw a warning that was given wrongly. It no longer counts."""
    async with command(request, WithdrawReprimand) as (write, body):
        done = await write.api.gongdan.appraisal.withdraw(id_, body, write.request())
        return done_response(reprimand_answer(done.state), done)


@router.post(
    "/probations",
    summary="试用期 · Set a probation, enter its examination",
    response_model=ProbationAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(SetProbation),
)
async def probation(request: Request) -> Response:
    """Set a probation's dates, enter its examination, or both. The last dates and the last examination count."""
    async with command(request, SetProbation) as (write, body):
        done = await write.api.gongdan.appraisal.probation(body, write.request())
        return done_response(probation_answer(done.state), done)


@router.post(
    "/evaluations",
    summary="考评 · Evaluate: oneself, a colleague, somebody below, for the residents",
    response_model=EvaluationAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Evaluate),
)
async def evaluate(request: Request) -> Response:
    """Evaluate a person for a period. The last opinion counts. Evaluations change no points."""
    async with command(request, Evaluate) as (write, body):
        done = await write.api.gongdan.appraisal.evaluate(body, write.request())
        return done_response(evaluation_answer(done.state), done)
