"""How the service runs: the lifecycle table, projections and processes as documents."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from adapters.answers.documents import Answer, Moment
from adapters.processing.processes import ProcessStatus
from adapters.projecting.projections import ProjectionStatus


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


def process_answer(status: ProcessStatus) -> ProcessAnswer:
    """How one process is."""
    said = {name: getattr(status, name) for name in ProcessAnswer.model_fields if name not in ("lag", "parked")}
    parked = [ParkedAnswer.model_validate(parked) for parked in status.parked]
    return ProcessAnswer(**said, lag=status.head - status.position, parked=parked)
