"""What travels beside a command, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.ticket.state import TicketState


@dataclass(frozen=True, slots=True)
class Done:
    """A ticket command was carried out: the ticket at that version, and where the last event stands."""

    state: TicketState
    position: int
    recorded_at: datetime
    opened: Sequence[UUID] = ()
