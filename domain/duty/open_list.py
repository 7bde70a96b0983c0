"""The list of unfinished tickets of a community at a position of the log, complete by construction.

A read model says which tickets may be on it as of some position; the log says which changed since; what each of them is now is
folded from its own events. So the list lacks nothing, however far behind the read model stands, or if it holds a ticket back.
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
"""How the topics of tickets' events begin."""


class KnownOpen(Protocol):
    """Which tickets of a community may be unfinished."""

    async def known_open(self, community: str) -> tuple[int, Collection[UUID]]:
        """A position, and every ticket that was unfinished there; perhaps others too, never one too few."""
        ...


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The list, and the position it was read at: it holds as long as nothing changed it after that."""

    position: int
    tickets: tuple[SheetTicket, ...]


class OpenList:
    """Reads the list."""

    def __init__(self, journal: Journal, known: KnownOpen) -> None:
        self._journal = journal
        self._known = known
        self._read: dict[str, tuple[int, tuple[UUID, ...]]] = {}

    async def read(self, community: str, at: datetime) -> Unfinished:
        """The list now, in the order of receipt, with the clocks as they read at a moment.

        A ticket that changes while it is read may stand here in its later state; whoever relies on the list appends under the
        condition that it is unchanged after the position.
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
        states = [state for stream in streams if (state := await self._open(stream)) is not None]
        numbers = await self._journal.log.numbers_of([state.id for state in states])
        listed = []
        for state in states:
            taken = numbers.get(state.id, ())
            intake = next(n for n in taken if n.book == Book.INTAKE)
            book = next((n.number for n in reversed(taken) if n.book == state.book), None)
            listed.append((intake.position, sheet_ticket(state, intake.number, book, at)))
        self._read[community] = position, tuple(state.id for state in states)  # what changes later is read in the log again
        return Unfinished(position, tuple(ticket for _, ticket in sorted(listed, key=lambda pair: pair[0])))

    async def _open(self, stream: UUID) -> TicketState | None:
        state = await self._journal.load(stream, TicketState)
        return state if state is not None and state.is_open else None
