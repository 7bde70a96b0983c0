"""The list of a community's unfinished tickets at a log position; it is complete even if the read model is behind.

The read model gives the tickets that were unfinished at its position, the log those that changed since, and each ticket's own
events its present state. So the list misses no ticket, however far the read model is behind or if it is stuck at one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.duty.handover_sheet import SheetTicket, sheet_ticket
from domain.kernel.journal import Journal
from domain.kernel.terms import Book
from domain.ticket.state import TicketState

PAGE = 1000
TICKETS = "ticket."
"""Prefix of the topics of tickets' events."""


class KnownOpen(Protocol):
    """Knows which tickets of a community may be unfinished."""

    async def known_open(self, community: str) -> tuple[int, Collection[UUID]]:
        """A position, and the tickets unfinished there; it may include others but must not miss any."""
        ...


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The list, and the position it was read at."""

    position: int
    tickets: tuple[SheetTicket, ...]


class OpenList:
    """Reads lists of unfinished tickets."""

    def __init__(self, journal: Journal, known: KnownOpen) -> None:
        self._journal = journal
        self._known = known
        self._read: dict[str, tuple[int, tuple[UUID, ...]]] = {}

    async def read(self, community: str, at: datetime) -> Unfinished:
        """The present list in the order of receipt, with the clocks' readings at a moment.

        A ticket that changes during the read may be listed in its later state. Callers who rely on the list must append on the
        condition that it has not changed after its position.
        """
        position, known = max(
            await self._known.known_open(community), self._read.get(community, (0, ())), key=lambda read: read[0]
        )
        streams = set(known)
        while True:
            page = await self._journal.log.read_log(position, PAGE)
            streams.update(s.stream_id for s in page if s.community == community and s.topic.startswith(TICKETS))
            position = page[-1].position if page else position
            if len(page) < PAGE:
                break
        tickets = await self._journal.load_all(streams, TicketState)
        states = [state for state in tickets.values() if state.is_open]
        numbers = await self._journal.log.numbers_of([state.id for state in states])
        listed = []
        for state in states:
            taken = numbers.get(state.id, ())
            intake = next(n for n in taken if n.book == Book.INTAKE)
            book = next((n.number for n in reversed(taken) if n.book == state.book), None)
            listed.append((intake.position, sheet_ticket(state, intake.number, book, at)))
        self._read[community] = position, tuple(state.id for state in states)  # what changes later is read in the log again
        return Unfinished(position, tuple(ticket for _, ticket in sorted(listed, key=lambda pair: pair[0])))
