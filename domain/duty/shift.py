"""The shift (班次): the desk held by one answerable officer; its log, handover sheets and review (D1 4.1, D5).

Who answers for the desk now is in the desk's stream (``domain.people.post``), appended to in the commits that change it.

Long because each event of a shift, with what it changes, is one class of this stream.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.duty.handover_sheet import Dispute, Equipment, Sheet, SheetTicket, Signature
from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import DutyLog, DutyPeriod, Role, ShiftEnd, ShiftStatus


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the duty log, possibly about a ticket."""

    version: int
    at: datetime
    by: str
    log: DutyLog
    text: Text
    ticket: UUID | None = None
    back_entered: bool = False
    offline_entered: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """到岗签到: an incoming officer came at ``at``; entered ``by`` themselves, or by the outgoing officer on their word."""

    officer: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Absence:
    """代值: the officer left for an emergency at ``at``; the stand-in has a login or is ``named``, a post or a name.

    ``awaits``: the stand-in's confirmation is expected; it was not before December 2026.
    """

    version: int
    at: datetime
    stand_in: str | None
    named: Text | None = None
    awaits: bool = False
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """顶班: the officer extended into another post's period or for too long; ``absent`` was due by the roster."""

    version: int
    at: datetime
    period: DutyPeriod
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A supervisor's daily reading (D1 4.1.4): up to which log position, and the tickets urged."""

    by: str
    at: datetime
    read_upto: int
    urged: tuple[UUID, ...] = ()
    remarks: Text | None = None


@dataclass(frozen=True)
class ShiftState(FoldedState):
    """A shift. ``periods`` were held in a row, up to ``until``."""

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
    absences: tuple[Absence, ...] = ()
    phone_with: str | None = None
    lines: tuple[Line, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    covers: tuple[Cover, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    ended_at: datetime | None = None
    ended_by: ShiftEnd | None = None
    taken_over_by: str | None = None
    takeover_reason: Text | None = None
    next_shift: UUID | None = None
    names_due: bool = False
    review: Review | None = None
    occurred_at: datetime | None = None

    @property
    def acting(self) -> str:
        """The person whose commands count as the officer's: the one in the control room while the phone is there (D1 4.1.3)."""
        return self.phone_with or self.officer

    @property
    def answerable(self) -> str:
        """The one person who answers for the desk."""
        return self.phone_with or self.stand_in or self.officer

    @property
    def absence(self) -> Absence | None:
        """The officer's present absence; None while they are at the post."""
        return self.absences[-1] if self.absences and self.absences[-1].ended_at is None else None

    def arrival(self, login: str) -> Arrival | None:
        """A person's arrival for the next shift as entered last; None if there is none."""
        return next((one for one in reversed(self.arrivals) if one.officer == login), None)

    @property
    def sheet(self) -> Sheet | None:
        """The current sheet; None if none was prepared or the last was disputed."""
        return self.sheets[-1] if self.sheets and self.sheets[-1].dispute is None else None


@register
class Shift(Folded[ShiftState]):
    """One shift."""

    TOPIC = "shift"
    STATE = ShiftState

    class Event(Folded.Event[ShiftState]):
        """Base of the shift's events."""

        TARGET: ClassVar[ShiftStatus | None] = None
        """The status it leads to; None keeps the status."""

        @property
        def target(self) -> ShiftStatus | None:
            """The status it leads to; None keeps the status."""
            return self.TARGET

        def changes(self, s: ShiftState) -> dict[str, Any]:
            """The state's fields that this event replaces, besides status and occurred_at."""
            return {}

        def evolve(self, state: ShiftState) -> ShiftState:
            """The shift after this event."""
            status = self.TARGET or state.status
            latest = self.timestamp if state.occurred_at is None else max(state.occurred_at, self.timestamp)
            return state.with_(status=status, occurred_at=latest, **self.changes(state))

        def sealed_text(self, value: Private | None, name: str) -> Text | None:
            """A personal text of this event, with the references needed to open it."""
            return None if value is None else Text(value, self.originator_version, name)

    class ShiftOpened(Event):
        """上岗: an officer took the empty desk, or signed in after the shift ``follows``.

        ``late_minutes`` counts from the configured lead before ``starts_at``, 15 minutes by D5 八. ``names_due``: a finding about
        the end of the shift names who was due by the roster. Shifts from before lack it; their findings name the officer.
        """

        TOPIC = "shift.opened"
        TARGET = ShiftStatus.ON_DUTY
        class_version = 2
        community: str
        officer: str
        post: Role
        period: DutyPeriod
        starts_at: datetime
        until: datetime
        arrived_at: datetime
        late_minutes: int
        follows: UUID | None = None
        names_due: bool = False

        @staticmethod
        def upcast_v1_v2(data: dict[str, Any]) -> None:
            """Version 2 says by which reading people are named."""
            data["names_due"] = False

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
                "names_due": self.names_due,
            }

    class ShiftExtended(Event):
        """连班: the officer keeps the desk for the adjoining period, without a sheet.

        ``cover`` (顶班): the period is another post's, or the officer has been there too long; ``absent`` was due by the roster.
        """

        TOPIC = "shift.extended"
        class_version = 2
        period: DutyPeriod
        until: datetime
        cover: bool = False
        absent: str | None = None

        @staticmethod
        def upcast_v1_v2(data: dict[str, Any]) -> None:
            """Version 2 says whether the period was covered for another."""
            data["cover"], data["absent"] = False, None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            cover = (Cover(self.originator_version, self.timestamp, self.period, self.absent),) if self.cover else ()
            return {"periods": (*s.periods, self.period), "until": self.until, "covers": (*s.covers, *cover)}

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
        """代值: the officer leaves for an emergency, and another keeps the desk; ``named`` if without a login (D5 六)."""

        TOPIC = "shift.substituted"
        class_version = 2
        stand_in: str | None = None
        named: Private | None = None
        awaits: bool = False

        @staticmethod
        def upcast_v1_v2(data: dict[str, Any]) -> None:
            """Version 2 records a stand-in without a login, or none, and awaits the confirmation."""
            data["named"], data["awaits"] = None, False

        def changes(self, s: ShiftState) -> dict[str, Any]:
            named = self.sealed_text(self.named, "named")
            absence = Absence(self.originator_version, self.timestamp, self.stand_in, named, self.awaits)
            return {"stand_in": self.stand_in, "absences": (*_back(s, self.timestamp), absence)}

    class StandInConfirmed(Event):
        """确认代值: the stand-in is at the desk."""

        TOPIC = "shift.stand_in_confirmed"

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"absences": (*s.absences[:-1], replace(s.absences[-1], confirmed_at=self.timestamp))}

    class OfficerReturned(Event):
        """返岗: the officer returned to the desk."""

        TOPIC = "shift.returned"

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"stand_in": None, "absences": _back(s, self.timestamp)}

    class PhoneSwitched(Event):
        """电话切换: calls go to a person in the control room, who acts as officer; None: back to the desk."""

        TOPIC = "shift.phone_switched"
        answered_by: str | None = None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"phone_with": self.answered_by}

    class OfficerArrived(Event):
        """到岗签到: an incoming officer came (D5 八)."""

        TOPIC = "shift.officer_arrived"
        officer: str
        arrived_at: datetime

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return {"arrivals": (*s.arrivals, Arrival(self.officer, self.arrived_at, self.meta.actor))}

    class HandoverPrepared(Event):
        """工作移交表: a frozen sheet; ``position`` is where its list of unfinished tickets was read."""

        TOPIC = "shift.handover_prepared"
        TARGET = ShiftStatus.HANDING_OVER
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
        """交班签名: the outgoing officer signed the sheet's hash."""

        TOPIC = "shift.signed_out"
        hash: str

        def changes(self, s: ShiftState) -> dict[str, Any]:
            return _sheet(s, signed_out=Signature(self.meta.actor, self.timestamp, self.hash))

    class SignedIn(Event):
        """接班签名: the incoming officer signed this hash too; their shift opened in the commit."""

        TOPIC = "shift.signed_in"
        TARGET = ShiftStatus.HANDED_OVER
        hash: str
        next_shift: UUID

        def changes(self, s: ShiftState) -> dict[str, Any]:
            signed = _sheet(s, signed_in=Signature(self.meta.actor, self.timestamp, self.hash))
            return {**signed, **_ended(s, self.timestamp, ShiftEnd.SIGNED), "next_shift": self.next_shift}

    class HandoverDisputed(Event):
        """移交异议: the incoming officer rejected the sheet."""

        TOPIC = "shift.disputed"
        TARGET = ShiftStatus.ON_DUTY
        hash: str
        reason: Private

        def changes(self, s: ShiftState) -> dict[str, Any]:
            reason = Text(self.reason, self.originator_version, "reason")
            return _sheet(s, dispute=Dispute(self.meta.actor, self.timestamp, reason))

    class ShiftTakenOver(Event):
        """主管接管: a supervisor or director ended the shift because its handover failed."""

        TOPIC = "shift.taken_over"
        TARGET = ShiftStatus.HANDED_OVER
        reason: Private

        def changes(self, s: ShiftState) -> dict[str, Any]:
            ended = _ended(s, self.timestamp, ShiftEnd.TAKEN_OVER)
            return {
                **ended,
                "taken_over_by": self.meta.actor,
                "takeover_reason": self.sealed_text(self.reason, "reason"),
            }

    class ShiftReviewed(Event):
        """主管查阅: the record of the shift was read, up to a position of the log (D1 4.1.4)."""

        TOPIC = "shift.reviewed"
        TARGET = ShiftStatus.REVIEWED
        read_upto: int
        urged: tuple[UUID, ...] = ()
        remarks: Private | None = None

        def changes(self, s: ShiftState) -> dict[str, Any]:
            remarks = self.sealed_text(self.remarks, "remarks")
            return {"review": Review(self.meta.actor, self.timestamp, self.read_upto, self.urged, remarks)}


def _sheet(s: ShiftState, **marks: Any) -> dict[str, Any]:
    return {"sheets": (*s.sheets[:-1], replace(s.sheets[-1], **marks))}


def _back(s: ShiftState, at: datetime) -> tuple[Absence, ...]:
    return (*s.absences[:-1], replace(s.absences[-1], ended_at=at)) if s.absence is not None else s.absences


def _ended(s: ShiftState, at: datetime, by: ShiftEnd) -> dict[str, Any]:
    return {"ended_at": at, "ended_by": by, "stand_in": None, "phone_with": None, "absences": _back(s, at)}
