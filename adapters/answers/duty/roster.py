"""Documents of the duty roster: duties, swaps and leave, and the month's attendance."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from adapters.answers.documents import Answer, Moment
from adapters.answers.duty.documents import CoveredShift, DueAnswer
from domain.duty.rostering import RosterReading
from domain.kernel import terms as t
from domain.people.directory import Directory
from domain.rules.duty_calendar import utc
from projections.duty.duty_coverage import DueRow, Kept, ShiftRow


class DutyAnswer(Answer):
    """A duty (值班): who is due for which period."""

    date: date
    period: t.DutyPeriod
    login: str
    starts_at: Moment
    until: Moment


class PassedAnswer(Answer):
    """A duty that passed from one person to another."""

    date: date
    period: t.DutyPeriod
    was: str
    now: str


class ChangeAnswer(Answer):
    """A swap (换班) or leave (请假). The reason reads ``***`` for those who may not change the roster."""

    kind: t.RosterChange
    by: str
    at: Moment
    reason: str
    duties: list[PassedAnswer]


class RosterAnswer(Answer):
    """A month's roster (值班表) with all changes applied, and those changes. Version 0: none is published."""

    community: str
    month: str
    duties: list[DutyAnswer]
    changes: list[ChangeAnswer]
    masked: bool
    version: int


class FeedAnswer(Answer):
    """State of the caller's calendar feed of their duties (日历订阅)."""

    login: str
    active: bool


class MadeFeed(FeedAnswer):
    """A new feed with its address, a path on this server. Only this answer shows it: the address is the secret."""

    address: str


class AttendedPerson(Answer):
    """A person's month: how the duties of the roster were kept, and the shifts held.

    ``due`` counts duties that have begun, ``absent`` those missed, ``covered`` duties of others that this person held.
    ``minutes`` is the time on duty.
    """

    login: str
    name: str
    due: int
    absent: int
    covered: int
    shifts: int
    minutes: int
    late: int
    late_minutes: int
    overdue_handovers: int


class AttendanceAnswer(Answer):
    """A month's attendance at the desk (考勤表). ``complete`` once the month is over."""

    community: str
    month: str
    position: int
    complete: bool
    people: list[AttendedPerson]
    shifts: list[CoveredShift]
    due: list[DueAnswer]


def roster_answer(reading: RosterReading) -> RosterAnswer:
    """Make the document of a roster."""
    s = reading.state
    return RosterAnswer(
        community=s.community,
        month=s.month,
        duties=[DutyAnswer.model_validate(duty) for duty in s.duties],
        changes=[
            ChangeAnswer(
                kind=change.kind,
                by=change.by,
                at=change.at,
                reason=reading.reasons[change.version],
                duties=[PassedAnswer.model_validate(one) for one in change.duties],
            )
            for change in s.changes
        ],
        masked=reading.masked,
        version=s.version,
    )


def covered(directory: Directory, row: ShiftRow, now: datetime) -> CoveredShift:
    """Make the document of a shift. Both signatures are due ``handover.sign_within_minutes`` after its end."""
    within = timedelta(minutes=directory.policy_of(row.community).handover.sign_within_minutes)
    overdue = (row.ended_at or now) - (row.until + within)
    return CoveredShift(
        id=row.shift,
        officer=row.officer,
        post=row.post,
        period=row.first_period,
        state=row.status,
        starts_at=row.starts_at,
        until=row.until,
        opened_at=row.opened_at,
        arrived_at=row.arrived_at,
        late_minutes=row.late_minutes,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        next_shift=row.next_shift,
        reviewed_by=row.reviewed_by,
        overdue_minutes=max(0, overdue // timedelta(minutes=1)),
    )


def due_answer(one: Kept) -> DueAnswer:
    """Make the document of a duty and how it was kept."""
    row: DueRow = one.duty
    return DueAnswer(
        date=date.fromisoformat(row.day),
        period=row.period,
        login=row.login,
        starts_at=row.starts_at,
        until=row.until,
        held_by=list(one.held_by),
        late_minutes=one.late_minutes,
        absent=one.absent,
    )


def attended(
    directory: Directory, shifts: Sequence[CoveredShift], due: Sequence[DueAnswer], now: datetime
) -> list[AttendedPerson]:
    """Sum up the month of each person who was due or held the desk, by login."""
    logins = sorted({one.login for one in due} | {one.officer for one in shifts})
    return [_sums(directory, login, shifts, due, now) for login in logins]


def _sums(
    directory: Directory, login: str, shifts: Iterable[CoveredShift], due: Iterable[DueAnswer], now: datetime
) -> AttendedPerson:
    own = [one for one in shifts if one.officer == login]
    begun = [one for one in due if one.starts_at <= now]
    held = timedelta(0)
    for one in own:
        held += (one.ended_at or max(utc(now), one.opened_at)) - one.opened_at
    return AttendedPerson(
        login=login,
        name=directory.person(login).name,
        due=sum(one.login == login for one in begun),
        absent=sum(one.login == login and one.absent for one in begun),
        covered=sum(one.login != login and login in one.held_by for one in begun),
        shifts=len(own),
        minutes=held // timedelta(minutes=1),
        late=sum(one.late_minutes > 0 for one in own),
        late_minutes=sum(one.late_minutes for one in own),
        overdue_handovers=sum(one.overdue_minutes > 0 for one in own),
    )
