"""The repository of tickets, by id or number."""

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from domain.kernel.errors import NotFound
from domain.kernel.journal import Journal
from domain.kernel.ports import StoredEvent
from domain.ticket.state import TicketState

NUMBER = re.compile(r"[\w\-]{1,80}")


class Tickets:
    """Finds and loads tickets."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def find(self, ref: str) -> UUID:
        """The id of a ticket, given its id or number. Raises NotFound, whether the reference is malformed or unknown."""
        try:
            return UUID(ref)
        except ValueError:
            if not NUMBER.fullmatch(ref):
                raise NotFound("ticket") from None
            stream = await self._journal.stream_of_number(ref)
            if stream is None:
                raise NotFound("ticket") from None
            return stream

    async def read(self, ref: str) -> tuple[Sequence[StoredEvent], TicketState]:
        """A ticket's stream, by id or number, in one read, and its newest state. Raises NotFound."""
        try:
            stored = await self._journal.log.read_stream(UUID(ref))
        except ValueError:
            stored = await self._journal.log.read_numbered(ref) if NUMBER.fullmatch(ref) else ()
        state = self._journal.newest(stored, TicketState)
        if state is None:
            raise NotFound("ticket")
        return stored, state

    async def read_all(self, streams: Iterable[UUID]) -> list[tuple[Sequence[StoredEvent], TicketState]]:
        """The streams of several tickets in one read, each with its newest state; what is no ticket is left out."""
        stored = await self._journal.log.read_streams(dict.fromkeys(streams, 0))
        found = [(events, self._journal.newest(events, TicketState)) for events in stored.values()]
        return [(events, state) for events, state in found if state is not None]

    async def load(self, stream: UUID) -> TicketState:
        """The newest state of a ticket. Raises NotFound."""
        state = await self._journal.load(stream, TicketState)
        if state is None:
            raise NotFound("ticket")
        return state

    async def of_community(self, ref: str, community: str) -> TicketState | None:
        """The ticket of a community, by id or number; None whether it belongs to another community or does not exist."""
        try:
            ticket = await self.load(await self.find(ref))
        except NotFound:
            return None
        return ticket if ticket.community == community else None
