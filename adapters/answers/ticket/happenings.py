"""Documents for auditors of a community: its events, and how often its tickets took each transition."""

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
from projections.ticket.lived_process import LivedProcess

REWORK = next(edge for edge in ways() if edge.outcome == "dissatisfied")
"""Transition back to work after a dissatisfied follow-up (返修)."""
REOPENED = next(edge for edge in ways() if edge.source is State.FOLLOWED_UP)
"""Transition back to work after a satisfied follow-up."""


async def check_audits(gongdan: Gongdan, directory: Directory, login: str, community: str, what: str) -> None:
    """Require the right to audit all of a community: raises NotFound outside it, NotAllowed inside."""
    roles = directory.roles(login, community, gongdan.clock.now())
    if not roles:
        raise NotFound("community")
    scope = await gongdan.scopes.scope(directory, login, community, Right.AUDIT)
    if not scope.everything:
        raise denied(Right.AUDIT, what, roles)


async def stream_named(desk: ServiceDesk, ref: str) -> UUID | None:
    """Find the ticket with a number or an id, to filter by; None for no filter.

    An unknown number gives an id that no ticket has, so that the list is empty and not unfiltered.
    """
    if not ref:
        return None
    try:
        return await desk.find(ref)
    except NotFound:
        return UUID(int=0)


def begin_of(directory: Directory, community: str, day: date, pointer: str) -> datetime:
    """Moment at which a day begins in the community's time zone; raises InvalidInput outside 1970 to 2199."""
    if not 1970 <= day.year < 2200:
        raise invalid(pointer, "lies outside the years 1970 to 2199")
    return datetime.combine(day, time(), directory.zone(community))


def walked(found: LivedProcess) -> dict[Edge, int]:
    """Count how often each transition of the lifecycle table was taken, zero included."""
    counts = dict.fromkeys(ways(), 0)
    for way, count in found.taken.items():
        trigger = next(row.trigger for row in TABLE if way.topic == row.event.TOPIC)
        [edge] = [one for one in counts if (one.source, one.target, one.trigger) == (way.source, way.target, trigger)]
        counts[edge] += count
    return counts


TYPES = (*Ticket.events(), *Shift.events())
"""Topics of the events that the stream holds; histories call them ``type``."""


class EventAnswer(Answer):
    """An event of a ticket or of a shift, without its data, which the ticket's history has. ``number`` is the ticket's."""

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
    """A transition of the lifecycle table and how often it was taken. ``from`` is null for new tickets."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    source: State | None = Field(alias="from")
    target: State = Field(alias="to")
    trigger: Trigger
    outcome: str | None
    count: int


class StateAnswer(Answer):
    """A state: ``standing`` tickets are in it, ``stays`` in it have ended, and ``median_seconds`` is their median length."""

    state: State
    standing: int
    stays: int
    median_seconds: float | None


class LivedAnswer(Answer):
    """Transitions and states of a community's tickets at the end of a day, as of ``position``.

    ``rework`` and ``reopened`` count transitions back to work, ``returned`` the tickets that took one.
    """

    community: str
    on: date
    position: int
    ways: list[WayAnswer]
    states: list[StateAnswer]
    rework: int
    reopened: int
    returned: int
