"""Reminders (提醒): what the system reminded of, whom, and since when; raised or settled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.terms import ClockName, EscalationLevel, ReminderKind
from domain.process.reminder import ReminderState
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Params, Put, Reader, Step, View, Write


class ReminderRow(NamedTuple):
    """A reminder; ``about`` is the ticket, shift or desk."""

    reminder: UUID
    first_position: int
    community: str
    kind: ReminderKind
    about: UUID
    reminder_level: EscalationLevel | None
    login: str | None
    clock: ClockName | None
    due_at: datetime | None
    raised_at: datetime
    settled_at: datetime | None


ROWS = Table(
    "reminders",
    ReminderRow,
    key=("reminder",),
    stream="reminder",
    indexes=(
        Index(("community", "raised_at", "first_position")),
        Index(("community", "raised_at", "first_position"), where="settled_at IS NULL"),
    ),
)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the reminder's last state."""
    last = steps[-1].after
    s: ReminderState = last.state
    if s.about is not None and s.raised_at is not None:
        facts = (s.login, s.clock, s.due_at, s.raised_at, s.settled_at)
        yield Put(ROWS, ReminderRow(s.id, last.first_position, s.community, s.kind, s.about, s.level, *facts))


REMINDERS = View("reminders", 1, (ROWS,), ("reminder.",), fold)


@dataclass(frozen=True, slots=True)
class Reminded:
    """Reminders in the order they were raised, as of ``position``."""

    position: int
    items: Sequence[ReminderRow]


async def reminders(
    reader: Reader,
    community: str,
    *,
    standing: bool = True,
    login: str | None = None,
    after: tuple[int, int] = (-1, -1),
    limit: int = 200,
) -> Reminded:
    """Raised reminders, or also settled ones; ``login`` limits them to one person's.

    ``after`` is the (moment raised in µs, position) of the last reminder before.
    """
    params: Params = {"community": community, "after_at": after[0], "after_position": after[1], "limit": limit}
    sql = (
        f"SELECT {ROWS.listed} FROM {{reminders}} WHERE community = :community"
        " AND raised_at >= :after_at AND (raised_at > :after_at OR first_position > :after_position)"
    )
    if standing:
        sql += " AND settled_at IS NULL"
    if login is not None:
        sql, params = sql + " AND login = :login", {**params, "login": login}
    answer = await reader.read([(f"{sql} ORDER BY raised_at, first_position LIMIT :limit", params)])
    return Reminded(answer.position, [ROWS.decode(row) for row in answer.results[0]])


def place(row: ReminderRow) -> tuple[int, int]:
    """The reminder's place in the order of the list."""
    return micros(row.raised_at), row.first_position
