"""A request: the caller, its idempotency key, and the moment of the step."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.ports import CommandKey


@dataclass(frozen=True, slots=True)
class Request:
    """A caller's request.

    ``occurred_at`` None means now; ``offline`` marks a draft written offline; ``if_match`` is the version the caller saw; ``key``
    is the idempotency key: a repeat with it writes nothing and gets the first answer (``Journal.once``). ``registry_version`` is
    set if authentication has just read it, which saves a query.
    """

    login: str
    command_id: UUID
    occurred_at: datetime | None = None
    offline: bool = False
    if_match: int | None = None
    key: CommandKey | None = None
    registry_version: int | None = None
