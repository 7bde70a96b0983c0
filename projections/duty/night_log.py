"""The duty log, line by line: the night log (夜间值班记录表) and the work journal (工作日志) (D5 三, 四)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.duty.shift import Shift
from domain.kernel.privacy import Text
from domain.kernel.terms import DutyLog
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Params, Put, Reader, Step, View, Write


class LineRow(NamedTuple):
    """A line. Its text is stored sealed and opened on reading."""

    shift: UUID
    version: int
    position: int
    community: str
    log: DutyLog
    at: datetime
    by_login: str
    text: Text
    ticket: UUID | None
    back_entered: bool
    offline_entered: bool


LINES = Table(
    "night_log",
    LineRow,
    key=("shift", "version"),
    stream="shift",
    indexes=(Index(("community", "log", "at", "position")),),
)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write each line; a line never changes."""
    for _, after in steps:
        if isinstance(after.event, Shift.LineLogged):
            line = after.state.lines[-1]
            yield Put(
                LINES,
                LineRow(
                    after.state.id,
                    line.version,
                    after.position,
                    after.state.community,
                    line.log,
                    line.at,
                    line.by,
                    line.text,
                    line.ticket,
                    line.back_entered,
                    line.offline_entered,
                ),
            )


NIGHT_LOG = View("night_log", 1, (LINES,), ("shift.",), fold)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines in the order of their moments, at ``position``."""

    position: int
    items: Sequence[LineRow]


async def lines(
    reader: Reader,
    community: str,
    log: DutyLog,
    from_: datetime,
    to: datetime,
    *,
    after: tuple[int, int] = (-1, -1),
    limit: int = 200,
) -> Lines:
    """Lines from one moment up to, not including, another. ``after`` is the (moment in µs, position) of the last line before."""
    params: Params = {
        "community": community, "log": log.value, "from": micros(from_), "to": micros(to),
        "after_at": after[0], "after_position": after[1], "limit": limit,
    }  # fmt: skip
    sql = (
        f"SELECT {LINES.listed} FROM {{night_log}} WHERE community = :community AND log = :log AND at >= :from AND at < :to"
        " AND at >= :after_at AND (at > :after_at OR position > :after_position) ORDER BY at, position LIMIT :limit"
    )
    answer = await reader.read([(sql, params)])
    return Lines(answer.position, [LINES.decode(row) for row in answer.results[0]])
