"""Documents of operation: the lifecycle table, projections and processes, health."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from adapters.answers.documents import Answer, Moment, document
from adapters.processing.processes import ProcessStatus
from adapters.projecting.projections import ProjectionStatus


class TransitionAnswer(Answer):
    """One row of the lifecycle table. ``to`` is ``same`` where the state is kept.

    ``outcome`` distinguishes rows of one trigger that lead to different states.
    """

    trigger: str
    from_: list[str] = Field(alias="from")
    to: str
    outcome: str | None
    events: list[str]
    kinds: list[str]


class LifecycleAnswer(Answer):
    """The ticket's lifecycle table: states and legal transitions."""

    states: list[str]
    initial: str
    terminal: list[str]
    transitions: list[TransitionAnswer]


class ParkedAnswer(Answer):
    """A stream (a ticket or another) at whose event a projection or process failed. It is parked; other streams go on."""

    stream: UUID
    position: int
    error: str
    since: Moment


class BuildingAnswer(Answer):
    """Progress of a build, which has read the log up to ``position``.

    ``rate`` is in events a second. It and ``seconds_left`` are null until the build has moved since its status was first read.
    """

    position: int
    rate: float | None
    seconds_left: float | None


class ProjectionAnswer(Answer):
    """Status of a projection. ``head`` is the log's last position, ``lag`` the distance to it in positions.

    ``lag_seconds`` is how long its next event has waited. ``building`` is the progress of new tables beside those in use.
    """

    name: str
    position: int
    head: int
    lag: int
    lag_seconds: float
    status: Literal["live", "rebuilding", "halted"]
    error: str | None
    parked: list[ParkedAnswer]
    building: BuildingAnswer | None


class ProjectionsAnswer(Answer):
    """Every projection."""

    items: list[ProjectionAnswer]


class ProcessAnswer(Answer):
    """Status of a process. ``lag`` is the distance to the log's last position ``head``, ``lag_seconds`` the wait so far.

    ``waiting`` counts subjects with a scheduled moment; the next is ``next_due``, past for ``overdue_seconds``.
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
    """Liveness: the server process answers."""

    status: Literal["ok"]


class ReadyAnswer(Answer):
    """Readiness: the store answers. ``degraded``: a projection is halted, far behind or not followed; commands still work."""

    status: Literal["ready", "degraded"]
    head: int
    projections: list[ProjectionAnswer]


def projection_answer(status: ProjectionStatus) -> ProjectionAnswer:
    """Make the document of a projection's status."""
    return ProjectionAnswer(
        name=status.name,
        position=status.position,
        head=status.head,
        lag=status.head - status.position,
        lag_seconds=status.lag_seconds,
        status=status.status,
        error=status.error,
        parked=[ParkedAnswer.model_validate(parked) for parked in status.parked],
        building=BuildingAnswer.model_validate(status.building) if status.building else None,
    )


def process_answer(status: ProcessStatus) -> ProcessAnswer:
    """Make the document of a process's status."""
    parked = [ParkedAnswer.model_validate(parked) for parked in status.parked]
    return document(ProcessAnswer, status, lag=status.head - status.position, parked=parked)
