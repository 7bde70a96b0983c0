"""The answer to a ticket command that was carried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.ticket.state import TicketState


@dataclass(frozen=True, slots=True)
class Done:
    """The ticket after a command, with the position and recording time of its last event, and the tickets it ``opened``."""

    state: TicketState
    position: int
    recorded_at: datetime
    opened: Sequence[UUID] = ()
