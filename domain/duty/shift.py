"""The shift (班次): one post at the desk held by one answerable officer; its log, sheets and review (D1 4.1, D5).

Who answers for the desk now is told by the desk's own stream (``domain.people.post``), written in the same commits.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.duty.handover_sheet import Dispute, Equipment, Sheet, SheetTicket, Signature
from domain.duty.lifecycle import TARGETS
from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import DutyLog, DutyPeriod, Role, ShiftEnd, ShiftStatus


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the duty log, and the ticket it points at."""

    version: int
    at: datetime
    by: str
    log: DutyLog
    text: Text
    ticket: UUID | None = None
    back_entered: bool = False
    offline_entered: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """The supervisor's daily reading (D1 4.1.4): who, when, up to which position of the log, and what was urged."""

    by: str
    at: datetime
    read_upto: int
    urged: tuple[UUID, ...] = ()
    remarks: Text | None = None


@dataclass(frozen=True)
class ShiftState(FoldedState):
    """A shift as it stands. ``periods`` are those held in a row, up to ``until``."""

    id: UUID
    version: int
    community: str = ""
    status: ShiftStatus = ShiftStatus.ON_DUTY
    officer: str = ""
    post: Role = Role.ASSISTANT
    periods: tuple[DutyPeriod, ...] = ()
    starts_at: datetime | None = None
    until: datetime | None = None
    opened_at: datetime | None = None
    arrived_at: datetime | None = None
    late_minutes: int = 0
    follows: UUID | None = None
    stand_in: str | None = None
    phone_with: str | None = None
    lines: tuple[Line, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    ended_at: datetime | None = None
    ended_by: ShiftEnd | None = None
    taken_over_by: str | None = None
    takeover_reason: Text | None = None
    next_shift: UUID | None = None
    review: Review | None = None
    occurred_at: datetime | None = None

    @property
    def acting(self) -> str:
        """Whose commands the shift takes: the control room's while the phone is there, it is the officer (D1 4.1.3)."""
        return self.phone_with or self.officer

    @property
    def answerable(self) -> str:
        """The one person who answers for the desk."""
        return self.phone_with or self.stand_in or self.officer

    @property
    def sheet(self) -> Sheet | None:
        """The sheet being signed, or the one that was; None where none was prepared or the last was disputed."""
        return self.sheets[-1] if self.sheets and self.sheets[-1].dispute is None else None


@register
class Shift(Folded[ShiftState]):
    """One shift."""

    TOPIC = "shift"
    STATE = ShiftState

    class Event(Folded.Event[ShiftState]):
        """Base of the shift's events."""

        def changes(self, s: ShiftState) -> dict[str, Any]:
            """The fields this event replaces beyond status and occurred_at."""
            return {}

        def evolve(self, state: ShiftState) -> ShiftState:
            """The shift after this event; where it leads is the table's."""
            status = TARGETS[type(self).__name__] or state.status
            latest = self.timestamp if state.occurred_at is None else max(state.occurred_at, self.timestamp)
            changed: ShiftState = state.with_(status=status, occurred_at=latest, **self.changes(state))
            return changed

        def sealed_text(self, value: Private | None, name: str) -> Text | None:
            """A personal text of this event, with what is needed to open it."""
            return None if value is None else Text(value, self.originator_version, name)

    class ShiftOpened(Event):
        """上岗: an officer took the desk, where nobody held it or by signing in after ``follows``.

        ``late_minutes`` counts from 15 minutes before ``starts_at`` (D5 八).
        """

        TOPIC = "shift.opened"
        community: str
        officer: str
        post: Role
        period: DutyPeriod
        starts_at: datetime
        until: datetime
        arrived_at: datetime
        late_minutes: int
        follows: UUID | None = None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {
                "community": self.community,
                "officer": self.officer,
                "post": self.post,
                "periods": (self.period,),
                "starts_at": self.starts_at,
                "until": self.until,
                "opened_at": self.timestamp,
                "arrived_at": self.arrived_at,
                "late_minutes": self.late_minutes,
                "follows": self.follows,
            }

    class ShiftExtended(Event):
        """连班: the officer goes on through the adjoining period, without a sheet."""

        TOPIC = "shift.extended"
        period: DutyPeriod
        until: datetime

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"periods": (*s.periods, self.period), "until": self.until}

    class LineLogged(Event):
        """A line of the work journal (工作日志) or the night log (夜间值班记录表)."""

        TOPIC = "shift.logged"
        log: DutyLog
        text: Private
        ticket: UUID | None = None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            meta, text = self.meta, Text(self.text, self.originator_version, "text")
            line = Line(
                self.originator_version,
                self.timestamp,
                meta.actor,
                self.log,
                text,
                self.ticket,
                meta.back_entered,
                meta.offline_entered,
            )
            return {"lines": (*s.lines, line)}

    class OfficerSubstituted(Event):
        """代值: somebody stands in while the officer handles an emergency (D5 六)."""

        TOPIC = "shift.substituted"
        stand_in: str

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"stand_in": self.stand_in}

    class OfficerReturned(Event):
        """返岗: the officer is back."""

        TOPIC = "shift.returned"

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"stand_in": None}

    class PhoneSwitched(Event):
        """电话切换: calls go to somebody in the control room, who is the officer meanwhile; None: back to the desk."""

        TOPIC = "shift.phone_switched"
        answered_by: str | None = None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"phone_with": self.answered_by}

    class HandoverPrepared(Event):
        """工作移交表: the sheet, frozen; ``position`` is where the list of unfinished tickets was read."""

        TOPIC = "shift.handover_prepared"
        position: int
        tickets: tuple[SheetTicket, ...]
        equipment: tuple[Equipment, ...]
        records: tuple[str, ...]
        remarks: Private | None = None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            sheet = Sheet(
                len(s.sheets) + 1,
                s.community,
                s.id,
                s.officer,
                self.position,
                self.meta.actor,
                self.timestamp,
                self.tickets,
                self.equipment,
                self.records,
                self.sealed_text(self.remarks, "remarks"),
            )
            return {"sheets": (*s.sheets, sheet)}

    class SignedOut(Event):
        """交班签名 of the outgoing officer, over the hash of the sheet."""

        TOPIC = "shift.signed_out"
        hash: str

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return _sheet(s, signed_out=Signature(self.meta.actor, self.timestamp, self.hash))

    class SignedIn(Event):
        """接班签名 of the incoming officer, over the same hash; their shift was opened in the same commit."""

        TOPIC = "shift.signed_in"
        hash: str
        next_shift: UUID

        def changes(self, s: ShiftState) -> dict[str, Any]:
            signed = _sheet(s, signed_in=Signature(self.meta.actor, self.timestamp, self.hash))
            return {**signed, **_ended(self.timestamp, ShiftEnd.SIGNED), "next_shift": self.next_shift}

    class HandoverDisputed(Event):
        """移交异议: the incoming officer doesn't agree with the sheet."""

        TOPIC = "shift.disputed"
        hash: str
        reason: Private

        def changes(self, s: ShiftState) -> dict[str, Any]:
            reason = Text(self.reason, self.originator_version, "reason")
            return _sheet(s, dispute=Dispute(self.meta.actor, self.timestamp, reason))

    class ShiftTakenOver(Event):
        """主管接管: a supervisor or director ended a shift whose handover doesn't come about."""

        TOPIC = "shift.taken_over"
        reason: Private

        def changes(self, s: ShiftState) -> dict[str, Any]:
            ended = _ended(self.timestamp, ShiftEnd.TAKEN_OVER)
            return {
                **ended,
                "taken_over_by": self.meta.actor,
                "takeover_reason": self.sealed_text(self.reason, "reason"),
            }

    class ShiftReviewed(Event):
        """主管查阅: the record of the shift was read, up to a position of the log (D1 4.1.4)."""

        TOPIC = "shift.reviewed"
        read_upto: int
        urged: tuple[UUID, ...] = ()
        remarks: Private | None = None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            remarks = self.sealed_text(self.remarks, "remarks")
            return {"review": Review(self.meta.actor, self.timestamp, self.read_upto, self.urged, remarks)}


def _sheet(s: ShiftState, **marks: Any) -> dict[str, Any]:
    return {"sheets": (*s.sheets[:-1], replace(s.sheets[-1], **marks))}


def _ended(at: datetime, by: ShiftEnd) -> dict[str, Any]:
    return {"ended_at": at, "ended_by": by, "stand_in": None, "phone_with": None}
