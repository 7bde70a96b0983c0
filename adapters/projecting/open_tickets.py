"""Tickets that may be open, read from the read model of the open workload."""

from collections.abc import Collection
from uuid import UUID

from adapters.projecting.projections import Projections
from domain.kernel.errors import Overloaded
from projections.ticket.open_workload import OPEN_WORKLOAD

HELD_BACK = f"SELECT stream_id FROM parked WHERE projection = '{OPEN_WORKLOAD.name}'"
OPEN = "SELECT ticket FROM {open_workload} WHERE community = :community AND to_position IS NULL"


class WorkloadOpenTickets:
    """The port ``domain.duty.open_list.KnownOpen`` over the live tables; parked tickets count as open."""

    def __init__(self, projections: Projections) -> None:
        self._projections = projections

    async def known_open(self, community: str) -> tuple[int, Collection[UUID]]:
        """The view's position, and every ticket that may be open there; position 0 and nothing before the view is built."""
        try:
            reader = self._projections.reader(OPEN_WORKLOAD.name)
            answer = await reader.read([(OPEN, {"community": community}), (HELD_BACK, {})])
        except Overloaded:
            return 0, ()
        return answer.position, {UUID(bytes=row[0]) for rows in answer.results for row in rows}
