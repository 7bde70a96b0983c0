"""Process managers (流程): pure functions from one stream's events and a moment to events in other streams.

A process manager looks at one whole stream at a moment. It returns the effects that the stream should have had by then
(:class:`Effect`), and the next moment to look although nothing happens. It runs after every event of the stream and when that
moment has come.

Because it reads neither clock nor store, its effects can be computed for any history and moment, and running it once too often
does no harm. The runner (``adapters.processing``) writes an effect only if the stream is still as the process manager saw it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

from domain.kernel.aggregate import Folded, Meta
from domain.people.directory import Directory


@dataclass(frozen=True, slots=True)
class Subject:
    """The stream that a process manager looks at: its events in order, and the state they fold to."""

    events: Sequence[Any]
    state: Any

    @property
    def id(self) -> UUID:
        """The stream's id."""
        found: UUID = self.state.id
        return found


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment of looking, not before the subject's last event, with the communities' configuration of that moment.

    ``beside`` holds the streams that the process manager asked to read beside the subject; those without events are left out.
    """

    now: datetime
    directory: Directory
    beside: Mapping[UUID, Subject] = field(default_factory=dict)


class Effect(Protocol):
    """A change that a process manager wants in one stream.

    The stream's id is a UUIDv5 of the cause, so two runs for one cause meet in one stream and the second finds it done.
    """

    @property
    def target(self) -> UUID:
        """The id of the stream to change."""
        ...

    def events(self, state: Any) -> Sequence[Folded.Event]:
        """The events to append, with versions after ``state``'s (None: an empty stream); none if the effect is there already.

        Must be idempotent: once its events are written, it returns none.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outlook:
    """A process manager's answer: the subject's community, the effects, and when to look again (None: after its next event)."""

    community: str
    effects: tuple[Effect, ...] = ()
    again_at: datetime | None = None


NOTHING = Outlook("")
"""No effects, now or later, until the subject's next event."""


@dataclass(frozen=True, eq=False)
class Process:
    """A process manager. ``takes`` lists prefixes of the topics whose streams it looks at.

    ``beside`` names other streams on which a look at the subject depends. Their events alone cause no look, and an effect is
    written only if they too are still as the process manager saw them.
    """

    name: str
    takes: tuple[str, ...]
    look: Callable[[Subject, Moment], Outlook]
    beside: Callable[[Subject, Moment], Collection[UUID]] = lambda subject, moment: ()


def system_meta(process: str, target: UUID, version: int, cause: UUID) -> Meta:
    """Metadata of an event by a process manager.

    The command id is derived from cause and version, so every run derives one id.
    """
    return Meta(f"system:{process}", uuid5(target, f"{process}:{version}"), causation_id=cause)
