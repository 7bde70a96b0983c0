"""The duty roster (值班表): who is due at the desk and when; one stream for each community and month (D5 二).

After publication a duty changes hands only by a swap (换班) or a covered leave (请假顶班), each with a reason. A duty keeps the
moments that its period had at publication.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import DutyPeriod, RosterChange


def roster_stream(community: str, month: str) -> UUID:
    """The id of a community's roster of a month (``2026-03``)."""
    return uuid5(NAMESPACE_URL, f"gongdan:roster:{community}:{month}")


def month_of(day: date) -> str:
    """The month of a day, as ``2026-03``. A night belongs to the day on which it begins."""
    return f"{day:%Y-%m}"


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A period of a day, in the community's time zone."""

    date: date
    period: DutyPeriod


@dataclass(frozen=True, slots=True)
class Duty:
    """A person's duty for a period, from ``starts_at`` to ``until``.

    ``is_ground``: who does not come for it is proposed for a finding. Duties published before there were such findings lack it.
    """

    date: date
    period: DutyPeriod
    login: str
    starts_at: datetime
    until: datetime
    is_ground: bool = False

    @property
    def slot(self) -> Slot:
        """The duty's day and period."""
        return Slot(self.date, self.period)


@dataclass(frozen=True, slots=True)
class Passed:
    """A duty that passed from one person to another."""

    date: date
    period: DutyPeriod
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """A swap or leave: who entered it, when and why, and the duties that passed."""

    version: int
    kind: RosterChange
    by: str
    at: datetime
    duties: tuple[Passed, ...]
    reason: Text


@dataclass(frozen=True)
class RosterState(FoldedState):
    """A month's roster."""

    id: UUID
    version: int
    community: str = ""
    month: str = ""
    duties: tuple[Duty, ...] = ()  # in the order in which they begin
    changes: tuple[Amendment, ...] = ()

    def duty(self, slot: Slot) -> Duty | None:
        """The duty of a period; None if nobody was rostered."""
        return next((duty for duty in self.duties if duty.slot == slot), None)

    def due(self, slot: Slot) -> str | None:
        """The login due for a period; None if nobody was rostered."""
        duty = self.duty(slot)
        return duty.login if duty else None


@register
class Roster(Folded[RosterState]):
    """The roster of one community and month."""

    TOPIC = "roster"
    STATE = RosterState

    class Event(Folded.Event[RosterState]):
        """Base of a roster's events."""

        community: str
        month: str

        def replaced(self, state: Any, duties: Iterable[Duty], **more: Any) -> RosterState:
            """The roster after replacing the duties of some periods."""
            merged = {duty.slot: duty for duty in (*state.duties, *duties)}
            in_order = tuple(sorted(merged.values(), key=lambda duty: duty.starts_at))
            changed: RosterState = state.with_(community=self.community, month=self.month, duties=in_order, **more)
            return changed

    class RosterPublished(Event):
        """公布值班表: people are due for periods for which nobody was due before."""

        TOPIC = "roster.published"
        class_version = 2
        duties: tuple[Duty, ...]

        @staticmethod
        def upcast_v1_v2(data: dict[str, Any]) -> None:
            """Version 2 says of each duty whether it is ground for a finding."""
            for duty in data["duties"]:
                duty["is_ground"] = False

        def evolve(self, state: RosterState) -> RosterState:
            return self.replaced(state, self.duties)

    class RosterChanged(Event):
        """换班、请假: duties passed to other people, with the reason."""

        TOPIC = "roster.changed"
        kind: RosterChange
        duties: tuple[Passed, ...]
        reason: Private

        def evolve(self, state: RosterState) -> RosterState:
            reason = Text(self.reason, self.originator_version, "reason")
            change = Amendment(self.originator_version, self.kind, self.meta.actor, self.timestamp, self.duties, reason)
            now = {Slot(one.date, one.period): one.now for one in self.duties}
            passed = (replace(duty, login=now[duty.slot]) for duty in state.duties if duty.slot in now)
            return self.replaced(state, passed, changes=(*state.changes, change))
