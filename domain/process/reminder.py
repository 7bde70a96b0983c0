"""The reminder (提醒): raised by the system once per cause when something is late or about to be, settled when the cause is gone.

A reminder has a stream of its own. It is no event of the ticket or shift, because a handover sheet that is being signed must not
change when the system reminds of something.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.terms import ClockName, EscalationLevel, ReminderKind


def reminder_stream(about: UUID, kind: ReminderKind, key: str = "") -> UUID:
    """The id of a reminder's stream, derived from its cause so that one cause has one reminder."""
    return uuid5(about, f"reminder:{kind.value}:{key}")


@dataclass(frozen=True)
class ReminderState(FoldedState):
    """A reminder: the ticket, shift or desk it is about, the person concerned, the level reached, and since when it is raised."""

    id: UUID
    version: int
    community: str = ""
    kind: ReminderKind = ReminderKind.CLOCK_NEAR
    about: UUID | None = None
    level: EscalationLevel | None = None
    login: str | None = None
    clock: ClockName | None = None
    due_at: datetime | None = None
    raised_at: datetime | None = None
    settled_at: datetime | None = None

    @property
    def is_raised(self) -> bool:
        """Whether the reminder is raised and not settled."""
        return self.raised_at is not None and self.settled_at is None


@register
class Reminder(Folded[ReminderState]):
    """One reminder."""

    TOPIC = "reminder"
    STATE = ReminderState

    class Event(Folded.Event[ReminderState]):
        """Base of a reminder's events. ``timestamp`` is when the cause came, lasted or went, however late that was written."""

        community: str

    class ReminderRaised(Event):
        """提醒: the cause came. ``level`` is notified beyond the desk; ``login`` carries the ticket or held the desk."""

        TOPIC = "reminder.raised"
        kind: ReminderKind
        about: UUID
        level: EscalationLevel | None = None
        login: str | None = None
        clock: ClockName | None = None
        due_at: datetime | None = None

        def evolve(self, state: ReminderState) -> ReminderState:
            raised: ReminderState = state.with_(
                community=self.community,
                kind=self.kind,
                about=self.about,
                level=self.level,
                login=self.login,
                clock=self.clock,
                due_at=self.due_at,
                raised_at=self.timestamp,
                settled_at=None,
            )
            return raised

    class ReminderEscalated(Event):
        """升级提醒: the cause has lasted too long, and the next level is notified."""

        TOPIC = "reminder.escalated"
        level: EscalationLevel

        def evolve(self, state: ReminderState) -> ReminderState:
            escalated: ReminderState = state.with_(level=self.level)
            return escalated

    class ReminderSettled(Event):
        """提醒解除: the cause is gone."""

        TOPIC = "reminder.settled"

        def evolve(self, state: ReminderState) -> ReminderState:
            settled: ReminderState = state.with_(settled_at=self.timestamp)
            return settled
