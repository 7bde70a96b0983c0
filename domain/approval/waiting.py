"""The answer to a command that waits for a second person."""

from dataclasses import dataclass
from datetime import datetime

from domain.approval.aggregate import ApprovalCase


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command that waits for a second person, or was decided by one."""

    case: ApprovalCase
    position: int
    recorded_at: datetime
