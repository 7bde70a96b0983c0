"""The reminder (提醒): something runs late or is about to; raised by the system once for its cause, settled when that is gone.

It is a record of its own: neither a step of the ticket nor a line of the shift, so that nothing anybody is signing changes by it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.terms import ClockName, EscalationLevel, ReminderKind


def reminder_stream(about: UUID, kind: ReminderKind, key: str = "") -> UUID:
    """The stream of a reminder: the same cause can't be reminded of twice."""
    return uuid5(about, f"reminder:{kind.value}:{key}")


@dataclass(frozen=True)
class ReminderState(FoldedState):
    """A reminder: what it is about (a ticket, shift or desk), whom it concerns, how far up it went, and whether it stands."""

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
    def stands(self) -> bool:
        """Whether its cause is there."""
        return self.raised_at is not None and self.settled_at is None


@register
class Reminder(Folded[ReminderState]):
    """One cause."""

    TOPIC = "reminder"
    STATE = ReminderState

    class Event(Folded.Event[ReminderState]):
        """Base of a reminder's events; each happened when its cause came, lasted, or went, whenever it was written."""

        community: str

    class ReminderRaised(Event):
        """提醒: the cause is there. ``level`` is who is told beyond the desk; ``login`` carries the ticket or held the desk."""

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
        """升级提醒: the cause has lasted, and the next level is told."""

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
