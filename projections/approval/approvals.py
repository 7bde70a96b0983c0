"""Approvals (第二人审批): commands that wait for a second person or were decided. Their content stays in the log, sealed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.approval.aggregate import ApprovalCase
from domain.kernel.terms import ApprovalState
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Params, Put, Reader, Step, View, Write


class ApprovalRow(NamedTuple):
    """An approval. One that nobody decided in time stays ``requested`` here; its time is ``expires_at``."""

    id: UUID
    first_position: int
    version: int
    community: str
    by_right: str
    command: str
    stream: UUID | None
    area: str | None
    requested_by: str
    requested_at: datetime
    occurred_at: datetime | None
    back_entered: bool
    expires_at: datetime
    status: ApprovalState
    decided_by: str | None
    decided_at: datetime | None
    outcome: str | None
    result: UUID | None

    def status_at(self, moment: datetime) -> ApprovalState:
        """Its status at a moment: a requested approval is expired after its time."""
        expired = self.status is ApprovalState.REQUESTED and moment >= self.expires_at
        return ApprovalState.EXPIRED if expired else self.status


TABLE = Table(
    "approvals",
    ApprovalRow,
    key=("id",),
    stream="id",
    indexes=(Index(("community", "first_position")), Index(("requested_by", "first_position")), Index(("stream",))),
)


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the approval's last state."""
    seen = steps[-1].after
    s: ApprovalCase = seen.state
    yield Put(
        TABLE,
        ApprovalRow(
            s.id,
            seen.first_position,
            s.version,
            s.community,
            s.right,
            s.command,
            s.stream,
            s.area,
            s.requested_by,
            s.requested_at or seen.first_recorded_at,
            s.occurred_at,
            s.back_entered,
            s.expires_at or seen.first_recorded_at,
            s.status,
            s.decided_by,
            s.decided_at,
            s.outcome,
            s.result,
        ),
    )


APPROVALS = View("approvals", 2, (TABLE,), ("approval.",), fold)


@dataclass(frozen=True, slots=True)
class Approvals:
    """Approvals, the latest first, as of ``position``."""

    position: int
    items: Sequence[ApprovalRow]


async def approvals(
    reader: Reader,
    login: str,
    communities: Sequence[str],
    *,
    now: datetime,
    status: ApprovalState | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Approvals:
    """Approvals requested by ``login`` or in these communities, the latest first. ``before`` is the position to continue from."""
    params: Params = {"login": login, "communities": list(communities), "limit": limit, "before": before, "now": micros(now)}
    where = ["(requested_by = :login OR community IN :communities)"]
    if before is not None:
        where.append("first_position < :before")
    if status is not None:
        params["status"] = status.value
        where.append(STATUS.get(status, "status = :status"))
    sql = f"SELECT {TABLE.listed} FROM {{approvals}} WHERE {' AND '.join(where)} ORDER BY first_position DESC LIMIT :limit"
    answer = await reader.read([(sql, params)])
    return Approvals(answer.position, [TABLE.decode(row) for row in answer.results[0]])


async def waiting(reader: Reader, stream: UUID, now: datetime) -> list[ApprovalRow]:
    """Approvals that wait at a moment and concern one ticket, finding or other stream."""
    where = f"stream = :stream AND {STATUS[ApprovalState.REQUESTED]}"
    sql = f"SELECT {TABLE.listed} FROM {{approvals}} WHERE {where} ORDER BY first_position"
    params: Params = {"stream": stream.bytes, "status": ApprovalState.REQUESTED.value, "now": micros(now)}
    answer = await reader.read([(sql, params)])
    return [TABLE.decode(row) for row in answer.results[0]]


STATUS = {
    ApprovalState.REQUESTED: "status = :status AND expires_at > :now",
    ApprovalState.EXPIRED: "(status = :status OR (status = 'requested' AND expires_at <= :now))",
}
