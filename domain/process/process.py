"""Process managers (流程): events and time in, events out; pure, so that what they do can be told for any history and moment.

A process looks at one stream at a time, whole, at a moment, and says what should stand in other streams because of it
(:class:`Order`), and when to look again although nothing happened. It is asked anew after every event of the stream and whenever
its due moment has come; it says the same of the same history and moment, so it may be asked once too often without harm. Whoever
runs it writes what an order asks for only while the stream it looked at is unchanged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

from domain.kernel.aggregate import Folded, Meta
from domain.people.directory import Directory


@dataclass(frozen=True, slots=True)
class Subject:
    """What a process looks at: a stream's events, in order, and the state they fold to."""

    events: Sequence[Any]
    state: Any

    @property
    def id(self) -> UUID:
        """The stream."""
        found: UUID = self.state.id
        return found


@dataclass(frozen=True, slots=True)
class Moment:
    """When a process looks, not before the subject's last event, and what the communities had configured then."""

    now: datetime
    directory: Directory


class Order(Protocol):
    """What a process wants of one stream, whose id follows from the cause (UUIDv5), so that no cause is served twice."""

    @property
    def target(self) -> UUID:
        """The stream."""
        ...

    def events(self, state: Any) -> Sequence[Folded.Event]:
        """What is to be written to it, given its newest state (None: it has not begun); nothing where all is as it should be.

        The versions follow ``state``'s. Once these are written it asks for nothing more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a process says of a subject: the community, its orders, and the next moment to look again (after now)."""

    community: str
    orders: tuple[Order, ...] = ()
    again_at: datetime | None = None


NOTHING = Outlook("")
"""Nothing is wanted, whatever time it gets, until something happens."""


@dataclass(frozen=True, eq=False)
class Process:
    """A process manager. ``takes`` are the beginnings of the topics of the streams it looks at."""

    name: str
    takes: tuple[str, ...]
    look: Callable[[Subject, Moment], Outlook]


def system_meta(process: str, target: UUID, version: int, cause: UUID) -> Meta:
    """What an event of a process says of its making: the same for the same cause, whoever runs the process."""
    return Meta(f"system:{process}", uuid5(target, f"{process}:{version}"), causation_id=cause)
