"""Duty coverage (值班覆盖): who was due, who held the desk, late arrivals, late handovers, gaps (D5 一, 六, 八)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.duty.roster import Roster, RosterState
from domain.duty.shift import Shift, ShiftState
from domain.kernel.terms import DutyPeriod, Role, ShiftEnd, ShiftStatus
from domain.people.post import Desk
from domain.rules.duty_calendar import minutes_late
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Params, Put, Reader, Seen, Step, View, Write


class ShiftRow(NamedTuple):
    """A shift; ``first_period`` is the period it began with, ``until`` the end of the last period held."""

    shift: UUID
    first_position: int
    community: str
    officer: str
    post: Role
    first_period: DutyPeriod
    status: ShiftStatus
    starts_at: datetime
    until: datetime
    opened_at: datetime
    arrived_at: datetime
    late_minutes: int
    ended_at: datetime | None
    ended_by: ShiftEnd | None
    next_shift: UUID | None
    reviewed_by: str | None


class DueRow(NamedTuple):
    """A person due for a period by the roster (值班表); ``changed_at`` is when the roster was published or the duty passed on."""

    roster: UUID
    day: str
    period: DutyPeriod
    community: str
    login: str
    starts_at: datetime
    until: datetime
    version: int
    changed_at: datetime


class GapRow(NamedTuple):
    """A time during which nobody held the desk, from a take-over to the next opening; without ``ended_at`` it lasts."""

    desk: UUID
    from_position: int
    community: str
    after_shift: UUID
    began_at: datetime
    ended_at: datetime | None
    ended_by: str | None


SHIFTS = Table(
    "duty_shifts",
    ShiftRow,
    key=("shift",),
    stream="shift",
    indexes=(Index(("community", "opened_at", "first_position")),),
)
GAPS = Table("duty_gaps", GapRow, key=("desk", "from_position"), stream="desk", indexes=(Index(("community", "began_at")),))
DUTIES = Table(
    "duty_roster",
    DueRow,
    key=("roster", "day", "period"),
    stream="roster",
    indexes=(Index(("community", "starts_at")), Index(("login", "starts_at"))),
)


def _shift(seen: Seen) -> ShiftRow:
    s: ShiftState = seen.state
    first = seen.first_recorded_at
    return ShiftRow(
        s.id,
        seen.first_position,
        s.community,
        s.officer,
        s.post,
        s.periods[0],
        s.status,
        s.starts_at or first,
        s.until or first,
        s.opened_at or first,
        s.arrived_at or first,
        s.late_minutes,
        s.ended_at,
        s.ended_by,
        s.next_shift,
        s.review.by if s.review else None,
    )


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the last state of a shift, every gap of a desk, and every duty of a roster."""
    last = steps[-1].after
    if isinstance(last.event, Roster.Event):
        yield from _duties(steps)
        return
    if isinstance(last.event, Shift.Event):
        yield Put(SHIFTS, _shift(last))
        return
    for before, after in steps:
        event, desk = after.event, after.state
        if isinstance(event, Desk.ShiftTakenOver):
            gap = GapRow(desk.id, after.position, desk.community, event.shift, event.timestamp, None, None)
            yield Put(GAPS, gap)
        elif isinstance(event, Desk.ShiftOpened) and before is not None:
            emptied: Desk.ShiftTakenOver = before.event
            gap = GapRow(
                desk.id, before.position, desk.community, emptied.shift, emptied.timestamp, event.timestamp, event.officer
            )
            yield Put(GAPS, gap)


def _duties(steps: Sequence[Step]) -> Iterable[Write]:
    for _, after in steps:
        roster: RosterState = after.state
        touched = {(one.date, one.period) for one in after.event.duties}
        for duty in (duty for duty in roster.duties if (duty.date, duty.period) in touched):
            yield Put(
                DUTIES,
                DueRow(
                    roster.id,
                    duty.date.isoformat(),
                    duty.period,
                    roster.community,
                    duty.login,
                    duty.starts_at,
                    duty.until,
                    roster.version,
                    after.event.timestamp,
                ),
            )


DUTY_COVERAGE = View("duty_coverage", 2, (SHIFTS, GAPS, DUTIES), ("shift.", "desk.", "roster."), fold)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The shifts of a time in the order of their opening, the gaps in it, and who was due, at ``position``."""

    position: int
    shifts: Sequence[ShiftRow]
    gaps: Sequence[GapRow]
    due: Sequence[DueRow]


_HELD = (
    f"SELECT {SHIFTS.listed} FROM {{duty_shifts}} WHERE community = :community AND opened_at < :to"
    " AND (ended_at IS NULL OR ended_at > :from)"
    # One officer at a time: of what began before, only the last shift can reach into the time.
    " AND opened_at >= COALESCE("
    "(SELECT MAX(opened_at) FROM {duty_shifts} WHERE community = :community AND opened_at <= :from), 0)"
    " ORDER BY opened_at, first_position"
)
_EMPTY = (
    f"SELECT {GAPS.listed} FROM {{duty_gaps}} WHERE community = :community AND began_at < :to"
    " AND (ended_at IS NULL OR (ended_at > :from AND ended_at > began_at)) ORDER BY began_at, from_position"
)
_DUE = (
    f"SELECT {DUTIES.listed} FROM {{duty_roster}} WHERE community = :community AND starts_at < :to AND until > :from"
    " AND starts_at >= :earliest ORDER BY starts_at"
)
LONGEST_PERIOD = timedelta(days=2)
"""Longer than any period: a night ends on the day after it began. It bounds how far back the query must look."""


async def coverage(reader: Reader, community: str, from_: datetime, to: datetime) -> Coverage:
    """Coverage from one moment up to, not including, another. A gap of no length is none."""
    params: Params = {
        "community": community, "from": micros(from_), "to": micros(to), "earliest": micros(from_ - LONGEST_PERIOD),
    }  # fmt: skip
    answer = await reader.read([(_HELD, params), (_EMPTY, params), (_DUE, params)])
    held, empty, due = answer.results
    return Coverage(
        answer.position,
        [SHIFTS.decode(row) for row in held],
        [GAPS.decode(row) for row in empty],
        [DUTIES.decode(row) for row in due],
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """How a duty of the roster was kept: the officers in order, minutes late, or absence."""

    duty: DueRow
    held_by: Sequence[str]
    late_minutes: int
    absent: bool


def kept(due: Iterable[DueRow], shifts: Sequence[ShiftRow], now: datetime, ahead: timedelta) -> list[Kept]:
    """Compare duties of one community with its shifts. Lateness counts from ``ahead`` before the start (D5 八).

    An officer who took the desk in an earlier period and kept it was in time. A duty that has not begun is neither late nor
    absent.
    """
    found = []
    for duty in due:
        held = [one for one in shifts if one.opened_at < duty.until and (one.ended_at is None or one.ended_at > duty.starts_at)]
        own = [one.arrived_at for one in held if one.officer == duty.login and one.opened_at <= now]
        over = now >= duty.until
        late = minutes_late(min(own) if own else min(now, duty.until), duty.starts_at, ahead)
        begun = now > duty.starts_at - ahead
        found.append(Kept(duty, list(dict.fromkeys(one.officer for one in held)), late if begun else 0, over and not own))
    return found


async def duties_of(reader: Reader, login: str, from_: datetime) -> tuple[int, Sequence[DueRow]]:
    """A person's duties from a moment on, in all communities, in order; with the position."""
    sql = f"SELECT {DUTIES.listed} FROM {{duty_roster}} WHERE login = :login AND starts_at >= :from ORDER BY starts_at, community"
    answer = await reader.read([(sql, {"login": login, "from": micros(from_)})])
    return answer.position, [DUTIES.decode(row) for row in answer.results[0]]
