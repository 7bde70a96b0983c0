"""Running the service (运行): the lifecycle table, projections, liveness, readiness, measures."""

from typing import Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import JSONResponse, Response

from adapters.answers.documents import Answer, Moment
from adapters.api.openapi import responses
from adapters.api.openapi.description import PUBLIC
from adapters.processing.processes import ProcessStatus
from adapters.projecting.projections import ProjectionStatus
from adapters.web.authentication import TheCaller
from adapters.web.context import TheApi
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.ticket.lifecycle import as_data

router = resources("operation")
root = resources("operation", prefix="")

LAG_SECONDS = 10.0
"""A projection further behind makes the service degraded."""


class TransitionAnswer(Answer):
    """One row of the table; ``to`` is ``same`` where the state stays, ``outcome`` tells two rows of one trigger apart."""

    trigger: str
    from_: list[str] = Field(alias="from")
    to: str
    outcome: str | None
    events: list[str]
    kinds: list[str]


class LifecycleAnswer(Answer):
    """The table."""

    states: list[str]
    initial: str
    terminal: list[str]
    transitions: list[TransitionAnswer]


class ParkedAnswer(Answer):
    """A ticket (or what else has a stream) that a projection or a process could not take; the others go on."""

    stream: UUID
    position: int
    error: str
    since: Moment


class ProjectionAnswer(Answer):
    """How a projection is: its position, the log's, what lies between, and for how long the next event has waited."""

    name: str
    position: int
    head: int
    lag: int
    lag_seconds: float
    status: Literal["live", "rebuilding", "halted"]
    error: str | None
    parked: list[ParkedAnswer]


class ProjectionsAnswer(Answer):
    """Every projection."""

    items: list[ProjectionAnswer]


class ProcessAnswer(Answer):
    """How a process is: its position, the log's, for how long its next event has waited, and what waits for its moment.

    ``waiting`` subjects are looked at again at a moment, the next one at ``next_due``, passed since ``overdue_seconds``.
    """

    name: str
    position: int
    head: int
    lag: int
    lag_seconds: float
    waiting: int
    next_due: Moment | None
    overdue_seconds: float
    status: Literal["live", "halted"]
    error: str | None
    parked: list[ParkedAnswer]


class ProcessesAnswer(Answer):
    """Every process."""

    items: list[ProcessAnswer]


class HealthAnswer(Answer):
    """The process answers."""

    status: Literal["ok"]


class ReadyAnswer(Answer):
    """The store answers; ``degraded`` while a projection is halted or far behind: commands are taken all the same."""

    status: Literal["ready", "degraded"]
    head: int
    projections: list[ProjectionAnswer]


def projection_answer(status: ProjectionStatus) -> ProjectionAnswer:
    """How one projection is."""
    return ProjectionAnswer(
        name=status.name,
        position=status.position,
        head=status.head,
        lag=status.head - status.position,
        lag_seconds=status.lag_seconds,
        status=status.status,
        error=status.error,
        parked=[ParkedAnswer.model_validate(parked) for parked in status.parked],
    )


@router.get(
    "/lifecycle",
    summary="生命周期 · The lifecycle table",
    responses=responses.problems(422),
    response_model=LifecycleAnswer,
    openapi_extra=PUBLIC,
)
async def lifecycle() -> Response:
    """States, the initial and the terminal ones, and every transition: the law that everything else derives from."""
    return JSONResponse(as_data())


@router.get("/projections", summary="读模型 · Projections", response_model=ProjectionsAnswer, responses=responses.read())
async def projections(api: TheApi, caller: TheCaller) -> Response:
    """Where each stands, and what holds it up."""
    items = [projection_answer(status) for status in await api.gongdan.projections.status()]
    return json_answer(ProjectionsAnswer(items=items))


def process_answer(status: ProcessStatus) -> ProcessAnswer:
    """How one process is."""
    said = {name: getattr(status, name) for name in ProcessAnswer.model_fields if name not in ("lag", "parked")}
    parked = [ParkedAnswer.model_validate(parked) for parked in status.parked]
    return ProcessAnswer(**said, lag=status.head - status.position, parked=parked)


@router.get("/processes", summary="流程 · Processes", response_model=ProcessesAnswer, responses=responses.read())
async def processes(api: TheApi, caller: TheCaller) -> Response:
    """What the system does by itself: where each process stands, what it waits for, and what holds it up."""
    items = [process_answer(status) for status in await api.gongdan.processes.status()]
    return json_answer(ProcessesAnswer(items=items))


@root.get(
    "/healthz", summary="存活 · Liveness", response_model=HealthAnswer, responses=responses.problems(), openapi_extra=PUBLIC
)
async def healthz() -> Response:
    """Without a look at the store."""
    return json_answer(HealthAnswer(status="ok"))


@root.get(
    "/readyz", summary="就绪 · Readiness", response_model=ReadyAnswer, responses=responses.problems(503), openapi_extra=PUBLIC
)
async def readyz(api: TheApi) -> Response:
    """503 while the store can't be reached."""
    head = await api.gongdan.store.head()
    found = [projection_answer(status) for status in await api.gongdan.projections.status()]
    behind = any(one.status == "halted" or one.lag_seconds > LAG_SECONDS for one in found)
    return json_answer(ReadyAnswer(status="degraded" if behind else "ready", head=head.position, projections=found))


@root.get(
    "/metrics",
    summary="指标 · Measures for Prometheus",
    response_class=Response,
    responses={
        **responses.problems(503),
        200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
    openapi_extra=PUBLIC,
)
async def metrics(api: TheApi) -> Response:
    """Of this process; no label holds personal data."""
    return Response(await api.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
