"""Duty coverage (值班覆盖): who held the desk when, late arrivals, handovers not signed in time, and gaps (D5 一, 六, 八)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.desk import Desk
from domain.shift import Shift, ShiftState
from domain.terms import DutyPeriod, Role, ShiftEnd, ShiftStatus
from projections.tables import Index, Table, micros
from projections.view import Params, Put, Reader, Seen, Step, View, Write


class ShiftRow(NamedTuple):
    """A shift as it stands; ``first_period`` is the one it began with, ``until`` the end of the last one held."""

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


class GapRow(NamedTuple):
    """A time in which nobody held the desk, from a take-over until somebody opened; without ``ended_at`` it lasts."""

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
    """Of a shift only how it stands in the end matters; of a desk every change from held to empty and back."""
    last = steps[-1].after
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


DUTY_COVERAGE = View("duty_coverage", 1, (SHIFTS, GAPS), ("shift.", "desk."), fold)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shifts that lie in a time, in the order of their opening, and the gaps in it, as of ``position``."""

    position: int
    shifts: Sequence[ShiftRow]
    gaps: Sequence[GapRow]


async def coverage(
    reader: Reader,
    community: str,
    from_: datetime,
    to: datetime,
    *,
    after: tuple[int, int] = (-1, -1),
    limit: int = 200,
) -> Coverage:
    """What was held, and what was not, from one moment up to another; a gap without length is none.

    Later pages have the shifts after (opening in µs, position) of the page before.
    """
    params: Params = {
        "community": community, "from": micros(from_), "to": micros(to),
        "after_at": after[0], "after_position": after[1], "limit": limit,
    }  # fmt: skip
    shifts = (
        f"SELECT {SHIFTS.listed} FROM {{duty_shifts}} WHERE community = :community AND opened_at < :to"
        " AND (ended_at IS NULL OR ended_at > :from) AND opened_at >= :after_at"
        " AND (opened_at > :after_at OR first_position > :after_position) ORDER BY opened_at, first_position LIMIT :limit"
    )
    gaps = (
        f"SELECT {GAPS.listed} FROM {{duty_gaps}} WHERE community = :community AND began_at < :to"
        " AND (ended_at IS NULL OR (ended_at > :from AND ended_at > began_at)) ORDER BY began_at, from_position"
    )
    answer = await reader.read([(shifts, params), (gaps, params)])
    held, empty = answer.results
    return Coverage(answer.position, [SHIFTS.decode(row) for row in held], [GAPS.decode(row) for row in empty])
