"""What auditors read of a community, for the API and the pages: its events, and the lifecycle as it was lived."""

from datetime import date, datetime, time
from uuid import UUID

from pydantic import ConfigDict, Field

from adapters.answers.documents import Answer, Moment
from adapters.composition import Gongdan
from adapters.labels.diagram import Edge, ways
from domain.duty.shift import Shift
from domain.kernel.errors import NotFound, invalid
from domain.kernel.terms import State, Trigger
from domain.people.authority import Right, denied
from domain.people.directory import Directory
from domain.service_desk.desk import ServiceDesk
from domain.ticket.events import Ticket
from domain.ticket.lifecycle import TABLE
from projections.ticket.event_stream import Process

REWORK = next(edge for edge in ways() if edge.outcome == "dissatisfied")
"""Back to work after a dissatisfied follow-up."""
REOPENED = next(edge for edge in ways() if edge.source is State.FOLLOWED_UP)


async def check_audits(parts: Gongdan, directory: Directory, login: str, community: str, what: str) -> None:
    """Refuse whoever may not audit all of a community: NotFound for people outside, NotAllowed for others inside."""
    roles = directory.roles(login, community, parts.clock.now())
    if not roles:
        raise NotFound("community")
    scope = await parts.scopes.scope(directory, login, community, Right.AUDIT)
    if not scope.everything:
        raise denied(Right.AUDIT, what, roles)


async def stream_named(desk: ServiceDesk, ref: str) -> UUID | None:
    """The ticket that a number or an id names; one that is none names nothing that happened."""
    if not ref:
        return None
    try:
        return await desk.find(ref)
    except NotFound:
        return UUID(int=0)


def begin_of(directory: Directory, community: str, day: date, pointer: str) -> datetime:
    """When a day begins by the community's clock; raises InvalidInput for days out of reach."""
    if not 1970 <= day.year < 2200:
        raise invalid(pointer, "not a well-formed day")
    return datetime.combine(day, time(), directory.zone(community))


def walked(found: Process) -> dict[Edge, int]:
    """How often each way of the table was taken, those never taken too."""
    counts = dict.fromkeys(ways(), 0)
    for way, count in found.taken.items():
        trigger = next(row.trigger for row in TABLE if way.topic == row.event.TOPIC)
        [edge] = [one for one in counts if (one.source, one.target, one.trigger) == (way.source, way.target, trigger)]
        counts[edge] += count
    return counts


TYPES = (*Ticket.events(), *Shift.events())
"""The events that the stream holds, by the types that histories name."""


class EventAnswer(Answer):
    """An event of a ticket or of a shift; what it says stands in the ticket's history. ``number`` is the ticket's."""

    position: int
    type: str
    ticket: UUID | None
    number: str | None
    shift: UUID | None
    version: int
    by: str
    on_behalf_of: str | None
    second_person: str | None
    occurred_at: Moment
    recorded_at: Moment
    back_entered: bool
    offline_entered: bool
    state_before: State | None
    state_after: State | None


class WayAnswer(Answer):
    """A way of the lifecycle table and how often it was taken; ``from`` is null for new tickets."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    source: State | None = Field(alias="from")
    target: State = Field(alias="to")
    trigger: Trigger
    outcome: str | None
    count: int


class StateAnswer(Answer):
    """A state: how many tickets stand in it, how many stays in it have ended, and how long the middle one lasted."""

    state: State
    standing: int
    stays: int
    median_seconds: float | None


class LivedAnswer(Answer):
    """The process of a community at the end of a day, as of ``position``.

    ``rework`` and ``reopened`` count ways back to work, ``returned`` the tickets that went one.
    """

    community: str
    on: date
    position: int
    ways: list[WayAnswer]
    states: list[StateAnswer]
    rework: int
    reopened: int
    returned: int
