"""Every finding (考评事项) with its present state, in the order of the log. Its texts stay in the log, sealed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from domain.finding.events import DecidedPoints, FindingState
from domain.kernel.terms import FindingCause, FindingStatus, WaiveReason
from domain.rules.scorecard import Severity
from projections.engine.tables import Index, Table
from projections.engine.view import Params, Put, Reader, Step, View, Write


class FindingRow(NamedTuple):
    """A finding; lists are joined by spaces, days are ``2026-03-04``, ``charged`` is the month whose tally it is on."""

    finding: UUID
    first_position: int
    version: int
    community: str
    status: FindingStatus
    item: str
    day: str
    charged: str
    area: str | None
    quantity: int
    severity: Severity
    parties: str
    doubled: bool
    overdue_days: int | None
    amount_fen: int | None
    director: str | None
    administrator: str | None
    tickets: str
    shifts: str
    attachments: str
    cause: FindingCause | None
    rule_book: str
    recorded_by: str | None
    recorded_at: datetime | None
    decided_by: str
    decided_at: datetime | None
    waive_reason: WaiveReason | None
    booked: str | None
    contested_by: str | None
    occurred_at: datetime

    def state(self) -> FindingState:
        """The finding's state, without its texts and its clock."""
        points = None
        if self.director is not None and self.administrator is not None:
            points = DecidedPoints(Decimal(self.director), Decimal(self.administrator))
        return FindingState(
            self.finding,
            self.version,
            self.community,
            self.status,
            self.item,
            date.fromisoformat(self.day),
            self.area,
            self.quantity,
            self.severity,
            tuple(self.parties.split()),
            self.doubled,
            self.overdue_days,
            self.amount_fen,
            points,
            tuple(map(UUID, self.tickets.split())),
            tuple(map(UUID, self.shifts.split())),
            tuple(self.attachments.split()),
            self.cause,
            rule_book=self.rule_book,
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
            decided_by=tuple(self.decided_by.split()),
            decided_at=self.decided_at,
            waive_reason=self.waive_reason,
            booked_month=self.booked,
            contested_by=self.contested_by,
            occurred_at=self.occurred_at,
        )


TABLE = Table(
    "findings",
    FindingRow,
    key=("finding",),
    stream="finding",
    indexes=(Index(("community", "first_position")), Index(("community", "charged", "first_position"))),
)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the finding's last state."""
    seen = steps[-1].after
    s: FindingState = seen.state
    yield Put(
        TABLE,
        FindingRow(
            s.id,
            seen.first_position,
            s.version,
            s.community,
            s.status,
            s.item,
            s.day.isoformat() if s.day else "",
            s.charged_month,
            s.area,
            s.quantity,
            s.severity,
            " ".join(s.parties),
            s.doubled,
            s.overdue_days,
            s.amount_fen,
            str(s.points.director) if s.points else None,
            str(s.points.administrator) if s.points else None,
            " ".join(map(str, s.tickets)),
            " ".join(map(str, s.shifts)),
            " ".join(s.attachments),
            s.cause,
            s.rule_book,
            s.recorded_by,
            s.recorded_at,
            " ".join(s.decided_by),
            s.decided_at,
            s.waive_reason,
            s.booked_month,
            s.contested_by,
            s.occurred_at or seen.recorded_at,
        ),
    )


FINDINGS = View("findings", 1, (TABLE,), ("finding.",), fold)


@dataclass(frozen=True, slots=True)
class FindingFilters:
    """Filters; None admits all. ``month`` is the month whose tally the finding is on."""

    community: str | None = None
    status: FindingStatus | None = None
    item: str | None = None
    month: str | None = None
    party: str | None = None


async def findings(
    reader: Reader, communities: Sequence[str], filters: FindingFilters, *, before: int | None = None, limit: int = 50
) -> Sequence[FindingRow]:
    """Findings of these communities, the latest first. ``before`` is the position to continue from."""
    params: Params = {"communities": list(communities), "before": before, "limit": limit}
    where = ["community IN :communities"]
    if before is not None:
        where.append("first_position < :before")
    for column, value in (("status", filters.status), ("item", filters.item), ("charged", filters.month)):
        if value is not None:
            where.append(f"{column} = :{column}")
            params[column] = str(value)
    if filters.party is not None:
        where.append("' ' || parties || ' ' LIKE :party")
        params["party"] = f"% {filters.party} %"
    sql = f"SELECT {TABLE.listed} FROM {{findings}} WHERE {' AND '.join(where)} ORDER BY first_position DESC LIMIT :limit"
    answer = await reader.read([(sql, params)])
    return [TABLE.decode(row) for row in answer.results[0]]
