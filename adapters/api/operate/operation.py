"""Operations for those who run the service (运行): lifecycle table, projections, processes, liveness, readiness, metrics."""

from starlette.responses import JSONResponse, Response

from adapters.answers.operate.documents import (
    HealthAnswer,
    LifecycleAnswer,
    ProcessesAnswer,
    ProjectionsAnswer,
    ReadyAnswer,
    process_answer,
    projection_answer,
)
from adapters.api.openapi import responses
from adapters.api.openapi.description import PUBLIC
from adapters.projecting.projections import ProjectionStatus
from adapters.web.admission.lanes import Stopping
from adapters.web.authentication import TheCaller
from adapters.web.context import TheApi
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.ticket.lifecycle import as_data

router = resources("operation")
root = resources("operation", prefix="")

LAG_SECONDS = 10.0
"""Lag of a projection, in seconds, beyond which the service is degraded."""

SEEN_SECONDS = 30.0
"""Time since the last sign of life of the read models' follower, in whichever process, beyond which the service is degraded."""


@router.get(
    "/lifecycle",
    summary="生命周期 · The lifecycle table",
    responses=responses.problems(422),
    response_model=LifecycleAnswer,
    openapi_extra=PUBLIC,
)
async def lifecycle() -> Response:
    """Read the ticket's lifecycle table: states, initial and terminal ones, and every legal transition."""
    return JSONResponse(as_data())


@router.get("/projections", summary="读模型 · Projections", response_model=ProjectionsAnswer, responses=responses.read())
async def projections(api: TheApi, caller: TheCaller) -> Response:
    """List projections with position, lag, errors and parked streams."""
    items = [projection_answer(status) for status in await api.gongdan.projections.status()]
    return json_answer(ProjectionsAnswer(items=items))


@router.get("/processes", summary="流程 · Processes", response_model=ProcessesAnswer, responses=responses.read())
async def processes(api: TheApi, caller: TheCaller) -> Response:
    """List the processes by which the system acts on its own, with position, lag, scheduled moments, errors, parked streams."""
    items = [process_answer(status) for status in await api.gongdan.processes.status()]
    return json_answer(ProcessesAnswer(items=items))


@root.get(
    "/healthz", summary="存活 · Liveness", response_model=HealthAnswer, responses=responses.problems(), openapi_extra=PUBLIC
)
async def healthz() -> Response:
    """Say that the server process answers. The store is not asked."""
    return json_answer(HealthAnswer(status="ok"))


@root.get(
    "/readyz", summary="就绪 · Readiness", response_model=ReadyAnswer, responses=responses.problems(503), openapi_extra=PUBLIC
)
async def readyz(api: TheApi) -> Response:
    """Say whether the store and the projections work; 503 while the store can't be reached, and while the server stops.

    The projections' status is the store's, also where another process moves them.
    """
    if api.admission.stopping:
        raise Stopping
    head = await api.gongdan.store.head()
    found = await api.gongdan.projections.status()
    degraded = any(_behind(one) for one in found)
    items = [projection_answer(status) for status in found]
    return json_answer(ReadyAnswer(status="degraded" if degraded else "ready", head=head.position, projections=items))


def _behind(one: ProjectionStatus) -> bool:
    """Whether a projection is halted, far behind, or has no follower, in this process or another."""
    return one.status == "halted" or one.lag_seconds > LAG_SECONDS or (one.seen_seconds or 0.0) > SEEN_SECONDS


@root.get(
    "/metrics",
    summary="指标 · Metrics for Prometheus",
    response_class=Response,
    responses={
        **responses.problems(503),
        200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
    openapi_extra=PUBLIC,
)
async def metrics(api: TheApi) -> Response:
    """Read metrics of this process in Prometheus' text format. No label holds personal data."""
    return Response(await api.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
