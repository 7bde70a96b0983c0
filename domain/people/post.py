"""The desk (值班岗位): the officer who answers for a community's customer centre now (D1 4.1, D5 六).

Each community has one such stream, so that there is one answerable officer at a time. A change of officer is written here and in
the shift's stream (``domain.duty.shift``) in one commit.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.terms import DutyPeriod


def desk_stream(community: str) -> UUID:
    """The id of a community's desk."""
    return uuid5(NAMESPACE_URL, f"gongdan:desk:{community}")


@dataclass(frozen=True, slots=True)
class HeldShift:
    """The shift that holds the desk: its officer, the stand-in, and the person in the control room who has the phone."""

    id: UUID
    officer: str
    period: DutyPeriod
    opened_at: datetime
    stand_in: str | None = None
    phone_with: str | None = None


@dataclass(frozen=True)
class DeskState(FoldedState):
    """The desk; ``last`` is the latest shift, whether it holds the desk or not, and ``changed_at`` when that changed."""

    id: UUID
    version: int
    community: str = ""
    shift: HeldShift | None = None
    last: UUID | None = None
    changed_at: datetime | None = None

    def on_duty(self, login: str) -> bool:
        """Whether a login is the officer, the stand-in, or has the phone in the control room."""
        return self.shift is not None and login in (self.shift.officer, self.shift.stand_in, self.shift.phone_with)


@register
class Desk(Folded[DeskState]):
    """The desk of one community."""

    TOPIC = "desk"
    STATE = DeskState

    class Event(Folded.Event[DeskState]):
        """Base of the desk's events."""

        community: str
        shift: UUID

    class ShiftOpened(Event):
        """上岗: an officer took the empty desk."""

        TOPIC = "desk.shift_opened"
        officer: str
        period: DutyPeriod

        def evolve(self, state: DeskState) -> DeskState:
            return _held(state, self, HeldShift(self.shift, self.officer, self.period, self.timestamp))

    class ShiftHandedOver(Event):
        """交接班: an officer took the desk from another; ``shift`` is the new one."""

        TOPIC = "desk.shift_handed_over"
        officer: str
        period: DutyPeriod
        follows: UUID

        def evolve(self, state: DeskState) -> DeskState:
            return _held(state, self, HeldShift(self.shift, self.officer, self.period, self.timestamp))

    class OfficerSubstituted(Event):
        """代值: another person stands in for the officer, who handles an emergency (D5 六)."""

        TOPIC = "desk.officer_substituted"
        class_version = 2
        stand_in: str | None = None

        @staticmethod
        def upcast_v1_v2(data: dict[str, Any]) -> None:
            """In version 2 the stand-in may have no login."""

        def evolve(self, state: DeskState) -> DeskState:
            return _marked(state, stand_in=self.stand_in)

    class OfficerReturned(Event):
        """The officer returned to the desk."""

        TOPIC = "desk.officer_returned"

        def evolve(self, state: DeskState) -> DeskState:
            return _marked(state, stand_in=None)

    class PhoneSwitched(Event):
        """电话切换: calls go to a person in the control room; None brings them back to the desk (D1 4.1.3)."""

        TOPIC = "desk.phone_switched"
        answered_by: str | None = None

        def evolve(self, state: DeskState) -> DeskState:
            return _marked(state, phone_with=self.answered_by)

    class OfficerArrived(Event):
        """到岗签到: somebody came to take the desk over; it is still held by the shift (D5 八)."""

        TOPIC = "desk.officer_arrived"
        officer: str
        arrived_at: datetime

        def evolve(self, state: DeskState) -> DeskState:
            return state

    class ShiftTakenOver(Event):
        """A supervisor or director ended the shift, whose stream has the sealed reason.

        The desk is empty until somebody opens. ``names_due`` as of a shift (``domain.duty.shift.Shift.ShiftOpened``).
        """

        TOPIC = "desk.shift_taken_over"
        class_version = 3
        names_due: bool = False

        @staticmethod
        def upcast_v1_v2(data: dict[str, Any]) -> None:
            """Version 2 has no reason: it moved to the shift's event."""
            del data["reason"]

        @staticmethod
        def upcast_v2_v3(data: dict[str, Any]) -> None:
            """Version 3 says by which reading people are named."""
            data["names_due"] = False

        def evolve(self, state: DeskState) -> DeskState:
            return _held(state, self, None)


def _held(state: DeskState, event: Desk.Event, held: HeldShift | None) -> DeskState:
    return state.with_(community=event.community, shift=held, last=event.shift, changed_at=event.timestamp)


def _marked(state: DeskState, **marks: Any) -> DeskState:
    return state.with_(shift=replace(state.shift, **marks) if state.shift else None)
