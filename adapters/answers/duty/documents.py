"""The documents of duty: shifts, their logs, handover sheets, and what is read of them; the same for API and command line."""

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
    """A line of the duty log (工作日志, 夜间值班记录表); the text is masked as ``***``."""

    at: Moment
    by: str
    log: t.DutyLog
    text: str
    ticket: UUID | None
    back_entered: bool
    offline_entered: bool


class SignatureAnswer(Answer):
    """Who signed, when, over which SHA-256."""

    by: str
    at: Moment
    hash: str


class DisputeAnswer(Answer):
    """Who disputed a sheet, when, and why."""

    by: str
    at: Moment
    reason: str


class SheetSummary(Answer):
    """A handover sheet in short; ``status`` is prepared, signed_out, signed, disputed, or replaced by a later one."""

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
    """工作移交表: ``hash`` is the SHA-256 of the UTF-8 of ``canonical``, RFC 8785 JSON; ``document`` is the same, parsed.

    Both signatures cover the hash. The remarks stand in ``canonical`` by the digest of their ciphertext only.
    """

    shift: UUID
    community: str
    canonical: str
    document: dict[str, Any]
    remarks: str | None
    masked: bool


class ReviewAnswer(Answer):
    """主管查阅: who read it, when, up to which position, and which tickets were urged."""

    by: str
    at: Moment
    read_upto: int
    urged: list[UUID]
    remarks: str | None


class ShiftAnswer(Answer):
    """A shift (班次); ``answerable`` is the one person who answers for the desk, or did last."""

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
    """An unfinished ticket; ``not_converted`` (未转单): deferred, and at noon still without a record or work order (D5 五)."""

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
    """What the next sheet would list, and what its other lists are about: the equipment of the post, the records."""

    community: str
    position: int
    items: list[HandoverItem]
    deferred: list[UUID]
    equipment: list[str]
    records: list[str]


class LogLineAnswer(LineAnswer):
    """A line, and the shift it was written in."""

    shift: UUID


class LogAnswer(Answer):
    """Lines of a log in the order of their moments; ``masked``: the texts are."""

    community: str
    position: int
    log: t.DutyLog
    masked: bool
    items: list[LogLineAnswer]
    next_cursor: str | None


class CoveredShift(Answer):
    """A shift; ``overdue_minutes`` is how long after the time to sign both signatures came, or are being waited for."""

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
    """Who was due by the roster, and who held the desk then; ``absent`` once the period is over and they never came."""

    date: date
    period: t.DutyPeriod
    login: str
    starts_at: Moment
    until: Moment
    held_by: list[str]
    late_minutes: int
    absent: bool


class Gap(Answer):
    """A time in which nobody held the desk; without ``ended_at`` it lasts."""

    after_shift: UUID
    began_at: Moment
    ended_at: Moment | None
    ended_by: str | None
    minutes: int


class CoverageAnswer(Answer):
    """Shifts in the order of their opening, every gap, and who was due; the gaps and duties stand on the first page."""

    community: str
    position: int
    shifts: list[CoveredShift]
    gaps: list[Gap]
    due: list[DueAnswer]
    late_arrivals: list[UUID]
    overdue_handovers: list[UUID]
    next_cursor: str | None


class ReminderAnswer(Answer):
    """提醒: what runs late or is about to, since when; ``about`` is the ticket, shift or desk, ``number`` the ticket's.

    ``level`` is who was told beyond the desk; ``login`` carries the ticket or held the desk. Without ``settled_at`` it stands.
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
    """Reminders in the order they were raised."""

    community: str
    position: int
    items: list[ReminderAnswer]
    next_cursor: str | None


class ChangedTicket(Answer):
    """A ticket that changed since the last reading."""

    id: UUID
    number: str | None
    state: t.State
    version: int
    change: Literal["new", "changed", "finished"]


class ReadingProof(Answer):
    """Who read a shift's record, when, up to which position of the log."""

    shift: UUID
    officer: str
    by: str
    at: Moment
    read_upto: int
    urged: int


class MorningReviewAnswer(Answer):
    """What the supervisor reads first (D1 4.1.4): last night, what is unfinished by clock, what changed since."""

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
    """A shift as it was read."""
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
    """A sheet as it was read, with what the signatures cover."""
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
    """How far a sheet got."""
    if sheet.signed_in is not None:
        return "signed"
    if sheet.dispute is not None:
        return "disputed"
    if sheet.number < len(shift.sheets):
        return "replaced"
    return "prepared" if sheet.signed_out is None else "signed_out"


class DayAnswer(Answer):
    """A day; ``provisional`` while the year's make-up days are not known."""

    date: date
    works: bool
    source: DaySource
    name: str | None


class CalendarAnswer(Answer):
    """Days in order; ``provisional_years`` are those whose make-up days are not known yet."""

    community: str
    days: list[DayAnswer]
    provisional_years: list[int]
