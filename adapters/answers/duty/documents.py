"""Documents of duty for the API and the command line: shifts, duty logs, handover sheets, coverage, reminders, the review.

Long because a shift, its sheet and what is read of them share these models.
"""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from adapters.answers.documents import Answer, Moment
from adapters.answers.ticket.documents import ClockAnswer
from domain.duty.handover_sheet import Sheet
from domain.duty.reading import ShiftReading
from domain.duty.shift import ShiftState
from domain.kernel import terms as t
from domain.kernel.terms import DaySource


class LineAnswer(Answer):
    """A line of a duty log (工作日志, 夜间值班记录表). A masked text reads ``***``."""

    at: Moment
    by: str
    log: t.DutyLog
    text: str
    ticket: UUID | None
    back_entered: bool
    offline_entered: bool


class SignatureAnswer(Answer):
    """A signature: who signed, when, and the SHA-256 of the sheet that was signed."""

    by: str
    at: Moment
    hash: str


class DisputeAnswer(Answer):
    """A dispute of a sheet: who, when, and why."""

    by: str
    at: Moment
    reason: str


class SheetSummary(Answer):
    """A handover sheet in short. ``status`` is prepared, signed_out, signed, disputed, or replaced (by a later sheet)."""

    number: int
    status: str
    hash: str
    position: int
    prepared_by: str
    prepared_at: Moment
    signed_out: SignatureAnswer | None
    signed_in: SignatureAnswer | None
    dispute: DisputeAnswer | None


class HandoverAnswer(SheetSummary):
    """A handover sheet (工作移交表) with the text that was signed.

    ``canonical`` is RFC 8785 JSON, ``document`` is ``canonical`` parsed. ``hash`` is the SHA-256 of its UTF-8 bytes, and both
    signatures cover it. ``canonical`` holds a digest of the encrypted remarks in place of the remarks, so that they can be
    erased and the signatures still verify.
    """

    shift: UUID
    community: str
    canonical: str
    document: dict[str, Any]
    remarks: str | None
    masked: bool


class ReviewAnswer(Answer):
    """A supervisor's review (主管查阅): who read the shift, when, up to which position, and which tickets were urged."""

    by: str
    at: Moment
    read_upto: int
    urged: list[UUID]
    remarks: str | None


class ArrivalAnswer(Answer):
    """到岗签到: who came when, entered by whom."""

    officer: str
    at: Moment
    by: str


class CoverAnswer(Answer):
    """顶班: a period that the officer held for another post or for too long, and who was due by the roster."""

    at: Moment
    period: t.DutyPeriod
    absent: str | None


class AbsenceAnswer(Answer):
    """代值: the officer was away for an emergency; the login of the stand-in, or their post or name, and the confirmation."""

    at: Moment
    stand_in: str | None
    named: str | None
    confirmed_at: Moment | None
    ended_at: Moment | None


class ShiftAnswer(Answer):
    """A shift (班次). ``answerable`` is the one person who answers for the desk; after the shift, the last who did."""

    id: UUID
    community: str
    state: t.ShiftStatus
    officer: str
    post: t.Role
    answerable: str
    stand_in: str | None
    phone_with: str | None
    periods: list[t.DutyPeriod]
    starts_at: Moment
    until: Moment
    opened_at: Moment
    arrived_at: Moment
    late_minutes: int
    follows: UUID | None
    next_shift: UUID | None
    lines: list[LineAnswer]
    arrivals: list[ArrivalAnswer]
    covers: list[CoverAnswer]
    absences: list[AbsenceAnswer]
    sheets: list[SheetSummary]
    ended_at: Moment | None
    ended_by: t.ShiftEnd | None
    taken_over_by: str | None
    takeover_reason: str | None
    review: ReviewAnswer | None
    masked: bool
    legal: list[t.ShiftTrigger]
    version: int


class HandoverItem(Answer):
    """An unfinished ticket. ``not_converted`` (未转单): deferred, and still without a record or work order at noon (D5 五)."""

    id: UUID
    number: str | None
    book_number: str | None
    state: t.State
    version: int
    kind: t.Kind | None
    facility: t.Facility | None
    urgency: t.Urgency
    area: str | None
    received_at: Moment
    deferred_until: Moment | None
    not_converted: bool
    clocks: list[ClockAnswer]


class HandoverListAnswer(Answer):
    """The unfinished tickets that the next sheet would list, and the equipment and records to be stated on it."""

    community: str
    position: int
    items: list[HandoverItem]
    deferred: list[UUID]
    equipment: list[str]
    records: list[str]


class LogLineAnswer(LineAnswer):
    """A line of a log, and the shift in which it was written."""

    shift: UUID


class LogAnswer(Answer):
    """Lines of a log by moment. ``masked`` is true where their texts are hidden."""

    community: str
    position: int
    log: t.DutyLog
    masked: bool
    items: list[LogLineAnswer]
    next_cursor: str | None


class CoveredShift(Answer):
    """A shift. ``overdue_minutes`` counts from the deadline for both signatures until they were given, or until now."""

    id: UUID
    officer: str
    post: t.Role
    period: t.DutyPeriod
    state: t.ShiftStatus
    starts_at: Moment
    until: Moment
    opened_at: Moment
    arrived_at: Moment
    late_minutes: int
    ended_at: Moment | None
    ended_by: t.ShiftEnd | None
    next_shift: UUID | None
    reviewed_by: str | None
    overdue_minutes: int


class DueAnswer(Answer):
    """A duty of the roster, and who held the desk in its period. ``absent``: the period is over and the person never came."""

    date: date
    period: t.DutyPeriod
    login: str
    starts_at: Moment
    until: Moment
    held_by: list[str]
    late_minutes: int
    absent: bool


class Gap(Answer):
    """A time in which nobody held the desk. Without ``ended_at`` it still lasts."""

    after_shift: UUID
    began_at: Moment
    ended_at: Moment | None
    ended_by: str | None
    minutes: int


class CoverageAnswer(Answer):
    """Shifts by the moment they opened. The first page also has every gap and every duty of the roster."""

    community: str
    position: int
    shifts: list[CoveredShift]
    gaps: list[Gap]
    due: list[DueAnswer]
    late_arrivals: list[UUID]
    overdue_handovers: list[UUID]
    next_cursor: str | None


class ReminderAnswer(Answer):
    """A reminder (提醒) of a limit that has passed or is near.

    ``about`` is the ticket, shift or desk, ``number`` the ticket's number. ``login`` is who carries the ticket or held the
    desk, ``level`` who was notified beyond the desk. Without ``settled_at`` it is open.
    """

    id: UUID
    kind: t.ReminderKind
    about: UUID
    number: str | None
    level: t.EscalationLevel | None
    login: str | None
    clock: t.ClockName | None
    due_at: Moment | None
    raised_at: Moment
    settled_at: Moment | None


class RemindersAnswer(Answer):
    """Reminders by the moment they were raised."""

    community: str
    position: int
    items: list[ReminderAnswer]
    next_cursor: str | None


class ChangedTicket(Answer):
    """A ticket that changed since the last review."""

    id: UUID
    number: str | None
    state: t.State
    version: int
    change: Literal["new", "changed", "finished"]


class ReadingProof(Answer):
    """Proof of a review: who read a shift's record, when, up to which position of the log."""

    shift: UUID
    officer: str
    by: str
    at: Moment
    read_upto: int
    urged: int


class MorningReviewAnswer(Answer):
    """The supervisor's morning review (D1 4.1.4): last night, the unfinished tickets, changes since the last review."""

    community: str
    date: date
    position: int
    night_from: Moment
    night_to: Moment
    shifts: list[CoveredShift]
    gaps: list[Gap]
    due: list[DueAnswer]
    masked: bool
    night_log: list[LogLineAnswer]
    deferred: list[HandoverItem]
    unfinished: list[HandoverItem]
    by_clock: dict[str, dict[str, int]]
    reminders: list[ReminderAnswer]
    since: int
    changes: list[ChangedTicket]
    read: list[ReadingProof]
    unread: list[UUID]


def shift_answer(reading: ShiftReading) -> ShiftAnswer:
    """Make the document of a shift."""
    s = reading.state
    assert s.starts_at is not None
    assert s.until is not None
    assert s.opened_at is not None
    assert s.arrived_at is not None
    review = s.review
    return ShiftAnswer(
        id=s.id,
        community=s.community,
        state=s.status,
        officer=s.officer,
        post=s.post,
        answerable=s.answerable,
        stand_in=s.stand_in,
        phone_with=s.phone_with,
        periods=list(s.periods),
        starts_at=s.starts_at,
        until=s.until,
        opened_at=s.opened_at,
        arrived_at=s.arrived_at,
        late_minutes=s.late_minutes,
        follows=s.follows,
        next_shift=s.next_shift,
        lines=[
            LineAnswer(
                at=line.at,
                by=line.by,
                log=line.log,
                text=reading.text(line.text) or "",
                ticket=line.ticket,
                back_entered=line.back_entered,
                offline_entered=line.offline_entered,
            )
            for line in s.lines
        ],
        absences=[
            AbsenceAnswer(
                at=one.at,
                stand_in=one.stand_in,
                named=reading.text(one.named),
                confirmed_at=one.confirmed_at,
                ended_at=one.ended_at,
            )
            for one in s.absences
        ],
        covers=[CoverAnswer(at=one.at, period=one.period, absent=one.absent) for one in s.covers],
        arrivals=[ArrivalAnswer(officer=one.officer, at=one.at, by=one.by) for one in s.arrivals],
        sheets=[SheetSummary(**_summary(reading, sheet)) for sheet in s.sheets],
        ended_at=s.ended_at,
        ended_by=s.ended_by,
        taken_over_by=s.taken_over_by,
        takeover_reason=reading.text(s.takeover_reason),
        review=ReviewAnswer(
            by=review.by,
            at=review.at,
            read_upto=review.read_upto,
            urged=list(review.urged),
            remarks=reading.text(review.remarks),
        )
        if review
        else None,
        masked=reading.masked,
        legal=list(reading.legal),
        version=s.version,
    )


def handover_answer(reading: ShiftReading, sheet: Sheet) -> HandoverAnswer:
    """Make the document of a handover sheet, with the canonical text that the signatures cover."""
    return HandoverAnswer(
        **_summary(reading, sheet),
        shift=sheet.shift,
        community=sheet.community,
        canonical=sheet.canonical.decode(),
        document=sheet.document(),
        remarks=reading.text(sheet.remarks),
        masked=reading.masked,
    )


def _summary(reading: ShiftReading, sheet: Sheet) -> dict[str, Any]:
    dispute = sheet.dispute
    return {
        "number": sheet.number,
        "status": sheet_status(reading.state, sheet),
        "hash": sheet.hash,
        "position": sheet.position,
        "prepared_by": sheet.prepared_by,
        "prepared_at": sheet.prepared_at,
        "signed_out": SignatureAnswer.model_validate(sheet.signed_out) if sheet.signed_out else None,
        "signed_in": SignatureAnswer.model_validate(sheet.signed_in) if sheet.signed_in else None,
        "dispute": DisputeAnswer(by=dispute.by, at=dispute.at, reason=reading.text(dispute.reason) or "") if dispute else None,
    }


def sheet_status(shift: ShiftState, sheet: Sheet) -> str:
    """Name a sheet's status. Of several sheets of a shift only the last can be signed; earlier ones are disputed or replaced."""
    if sheet.signed_in is not None:
        return "signed"
    if sheet.dispute is not None:
        return "disputed"
    if sheet.number < len(shift.sheets):
        return "replaced"
    return "prepared" if sheet.signed_out is None else "signed_out"


class DayAnswer(Answer):
    """A calendar day. ``provisional`` until the year's make-up working days (调休) are published."""

    date: date
    works: bool
    source: DaySource
    name: str | None


class CalendarAnswer(Answer):
    """Calendar days in order. ``provisional_years`` are years whose make-up working days (调休) are not published yet."""

    community: str
    days: list[DayAnswer]
    provisional_years: list[int]
