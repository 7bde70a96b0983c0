"""The desk (值班岗位): who answers for a community's customer centre now (D1 4.1, D5 六).

One stream a community, so that there is one answerable officer at a time. An officer leaving for an emergency is stood in for.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.aggregate import Folded, FoldedState, register
from domain.terms import DutyPeriod


def desk_stream(community: str) -> UUID:
    """The stream of a community's desk."""
    return uuid5(NAMESPACE_URL, f"gongdan:desk:{community}")


@dataclass(frozen=True, slots=True)
class HeldShift:
    """The shift being held: its officer, and who stands in."""

    id: UUID
    officer: str
    period: DutyPeriod
    opened_at: datetime
    stand_in: str | None = None


@dataclass(frozen=True)
class DeskState(FoldedState):
    """Who holds the desk."""

    id: UUID
    version: int
    community: str = ""
    shift: HeldShift | None = None

    def on_duty(self, login: str) -> bool:
        """The officer, or who stands in for them."""
        return self.shift is not None and login in (self.shift.officer, self.shift.stand_in)


@register
class Desk(Folded):
    """The desk of one community."""

    TOPIC = "desk"
    STATE = DeskState
    state: DeskState

    class Event(Folded.Event):
        """Base of the desk's events."""

        community: str
        shift: UUID

    class ShiftOpened(Event):
        """上岗: an officer took the desk where nobody held it."""

        TOPIC = "desk.shift_opened"
        officer: str
        period: DutyPeriod

        def evolve(self, state: DeskState) -> DeskState:
            held = HeldShift(self.shift, self.officer, self.period, self.timestamp)
            return state.with_(community=self.community, shift=held)

    class OfficerSubstituted(Event):
        """代值: somebody stands in while the officer handles an emergency (D5 六)."""

        TOPIC = "desk.officer_substituted"
        stand_in: str

        def evolve(self, state: DeskState) -> DeskState:
            return state.with_(shift=_stood_in(state, self.stand_in))

    class OfficerReturned(Event):
        """The officer is back at the post."""

        TOPIC = "desk.officer_returned"

        def evolve(self, state: DeskState) -> DeskState:
            return state.with_(shift=_stood_in(state, None))

    class ShiftTakenOver(Event):
        """A supervisor or director ended a shift."""

        TOPIC = "desk.shift_taken_over"
        reason: str

        def evolve(self, state: DeskState) -> DeskState:
            return state.with_(shift=None)


def _stood_in(state: DeskState, stand_in: str | None) -> HeldShift | None:
    held = state.shift
    return held and HeldShift(held.id, held.officer, held.period, held.opened_at, stand_in)
