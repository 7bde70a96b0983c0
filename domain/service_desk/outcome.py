"""The answer to a ticket command that was carried out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.ticket.state import TicketState


@dataclass(frozen=True, slots=True)
class Done:
    """The ticket after a command, with the position and recording time of its last event, and the tickets it ``opened``.

    ``on_duty``: whether the caller held the desk when it was decided; None for the answer to a repeat.
    """

    state: TicketState
    position: int
    recorded_at: datetime
    opened: Sequence[UUID] = ()
    on_duty: bool | None = field(default=None, compare=False)
