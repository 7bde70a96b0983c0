"""What travels beside a command, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.approval.aggregate import ApprovalCase
from domain.kernel.ports import CommandKey
from domain.ticket.state import TicketState


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, as what request, and when it happened.

    ``occurred_at`` None means now; ``offline`` marks a draft written offline; ``if_match`` is the version the caller saw;
    ``key`` makes a repeat harmless; ``registry_version`` is the registry's, where authentication has read it just now.
    """

    login: str
    command_id: UUID
    occurred_at: datetime | None = None
    offline: bool = False
    if_match: int | None = None
    key: CommandKey | None = None
    registry_version: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A ticket command was carried out: the ticket at that version, and where the last event stands."""

    state: TicketState
    position: int
    recorded_at: datetime
    opened: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """The command waits for a second person, or was decided on by one."""

    case: ApprovalCase
    position: int
    recorded_at: datetime
