"""A request: who asks, under which idempotency key, and when the step happened."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.ports import CommandKey


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
