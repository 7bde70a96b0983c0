"""What a simulated course is made of: who does what, when. A course is told what came of each step before it says the next."""

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
    """A new ticket; ``occurred_at`` where it happened earlier."""

    command: c.Receive | BackEntry
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """A trigger on a ticket; ``offline``: noted then, written now."""

    ticket: UUID
    command: c.Command
    occurred_at: datetime | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """A text file is kept with a ticket."""

    ticket: UUID
    file_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Approve:
    """A second person approves."""

    approval: UUID


@dataclass(frozen=True, slots=True)
class Ask:
    """Anything else that is asked of the use cases."""

    of: Callable[[Gongdan, Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Begin:
    """Another course begins."""

    course: "Course"


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing but time passes."""


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """上岗 where nobody holds the desk."""

    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Extend:
    """连班."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the duty log."""

    text: str
    ticket: UUID | None = None


@dataclass(frozen=True, slots=True)
class Substitute:
    """代值."""

    stand_in: str


@dataclass(frozen=True, slots=True)
class ReturnToPost:
    """返岗."""


@dataclass(frozen=True, slots=True)
class SwitchPhone:
    """电话切换; None: back to the desk."""

    answered_by: str | None


@dataclass(frozen=True, slots=True)
class PrepareSheet:
    """工作移交表."""

    equipment: Mapping[str, Condition] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class SignOut:
    """交班签名; the outcome is :data:`STALE` where a ticket changed since the sheet was prepared."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """接班签名; the outcome is :data:`STALE` where a ticket changed since the sheet was prepared."""

    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """移交异议."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakeOver:
    """主管接管."""

    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """主管查阅 of a shift that has ended."""

    shift: UUID
    remarks: str | None = None
    urge: tuple[UUID, ...] = ()
    message: str | None = None


STALE = "stale"
"""What comes of signing a sheet that is not current any more: it is prepared again (D1 4.1.3)."""

OnDuty: TypeAlias = OpenDesk | Extend | LogLine | Substitute | ReturnToPost | SwitchPhone
HandingOver: TypeAlias = PrepareSheet | SignOut | SignIn | Dispute | TakeOver | Review
Deed: TypeAlias = Receive | Act | Keep | Approve | Ask | Begin | Wait | OnDuty | HandingOver
Who: TypeAlias = str | Callable[[], str]


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody does something at a moment; who and what may be told only when the moment has come."""

    at: datetime
    who: Who
    do: Deed | Callable[[], Deed]


Course: TypeAlias = Generator[Step, Any, None]
"""Yields steps in the order of time; gets Done, Waiting, ShiftDone, :data:`STALE` or None for each."""
