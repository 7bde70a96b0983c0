"""Steps of a simulated course: who does what, when.

A course is a generator: it yields a step and receives the step's outcome before it yields the next.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from adapters.composition import Gongdan
from domain.kernel.request import Request
from domain.kernel.terms import Condition
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry


@dataclass(frozen=True, slots=True)
class Receive:
    """Receive a ticket; ``occurred_at``: where it happened earlier."""

    command: c.Receive | BackEntry
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Carry out a command on a ticket; ``offline``: drafted at ``occurred_at`` without a connection, sent now."""

    ticket: UUID
    command: c.Command
    occurred_at: datetime | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """Attach a text file to a ticket."""

    ticket: UUID
    file_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve as the second person."""

    approval: UUID


@dataclass(frozen=True, slots=True)
class Ask:
    """Call any other use case."""

    of: Callable[[Gongdan, Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin another course."""

    course: "Course"


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until the step's moment."""


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """Open a shift (上岗) while nobody holds the desk."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Extend the shift into the next period (连班)."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """Write a line of the duty log."""

    text: str
    ticket: UUID | None = None


@dataclass(frozen=True, slots=True)
class Substitute:
    """Put a stand-in at the desk (代值)."""

    stand_in: str


@dataclass(frozen=True, slots=True)
class ReturnToPost:
    """Return to the post (返岗)."""


@dataclass(frozen=True, slots=True)
class SwitchPhone:
    """Switch the telephone (电话切换); None: back to the desk."""

    answered_by: str | None


@dataclass(frozen=True, slots=True)
class Arrive:
    """Sign in on arrival as the incoming officer (到岗签到)."""


@dataclass(frozen=True, slots=True)
class PrepareSheet:
    """Prepare a handover sheet (工作移交表)."""

    equipment: Mapping[str, Condition] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class SignOut:
    """Sign as the outgoing officer (交班签名); the outcome is :data:`STALE` where a ticket changed since the sheet was made."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Sign as the incoming officer (接班签名); the outcome is :data:`STALE` where a ticket changed since the sheet was made."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Dispute the sheet (移交异议)."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Take the shift over as the supervisor (主管接管)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """Review a shift that has ended (主管查阅)."""

    shift: UUID
    remarks: str | None = None
    urge: tuple[UUID, ...] = ()
    message: str | None = None


STALE = "stale"
"""Outcome of signing a sheet that is no longer current and must be prepared again (D1 4.1.3)."""

OnDuty: TypeAlias = OpenDesk | Extend | LogLine | Substitute | ReturnToPost | SwitchPhone
HandingOver: TypeAlias = Arrive | PrepareSheet | SignOut | SignIn | Dispute | TakeOver | Review
Deed: TypeAlias = Receive | Act | Keep | Approve | Ask | Begin | Wait | OnDuty | HandingOver
Who: TypeAlias = str | Callable[[], str]


@dataclass(frozen=True, slots=True)
class Step:
    """A step at a moment; ``who`` and ``do`` may be functions, called when the moment has come."""

    at: datetime
    who: Who
    do: Deed | Callable[[], Deed]


Course: TypeAlias = Generator[Step, Any, None]
"""Yields steps in the order of time; receives Done, Waiting, ShiftDone, :data:`STALE` or None for each."""
