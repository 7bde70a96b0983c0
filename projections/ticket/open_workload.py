"""Open workload (在办工单): the unfinished tickets of a community, now or at any past log position.

A row is a span of positions during which an unfinished ticket did not change; an open span has no end. So the workload of a past
position is a query over spans instead of a replay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.privacy import Text
from domain.kernel.terms import (
    AssigneeType,
    Book,
    ClockName,
    ClockStatus,
    EscalationLevel,
    Facility,
    Kind,
    State,
    SuspendReason,
    Urgency,
)
from domain.people.assignee import Assignee
from domain.rules.clocks import Reading
from domain.ticket.state import TicketState
from projections.engine.bounds import seen
from projections.engine.cursors import not_of_this_list, open_cursor, seal_cursor
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Params, Put, Reader, Row, Seen, Step, View, Write
from projections.ticket.clock_columns import ClockColumns, clocks_of, next_due, readings_at


class WorkloadRow(NamedTuple):
    """An unfinished ticket from ``from_position`` up to, not including, ``to_position``.

    ``order_due`` is the first due moment of a running clock (microseconds; NEVER if none runs).
    """

    ticket: UUID
    from_position: int
    to_position: int | None
    community: str
    number: str | None
    book_number: str | None
    state: State
    version: int
    kind: Kind | None
    category: str | None
    facility: Facility | None
    urgency: Urgency
    assignee_type: AssigneeType | None
    assignee_id: str | None
    area: str | None
    building: str | None
    entrance: str | None
    public_place: str | None
    dwelling: Text | None
    received_at: datetime
    occurred_at: datetime
    appointment_at: datetime | None
    deferred_until: datetime | None
    suspended_reason: SuspendReason | None
    suspended_since: datetime | None
    rework: int
    escalation_level: EscalationLevel | None
    urged: int
    order_due: int
    reply: ClockColumns | None
    work: ClockColumns | None
    rectify: ClockColumns | None

    def clocks(self, moment: datetime) -> list[Reading]:
        """The clocks' readings at a moment."""
        return readings_at((self.reply, self.work, self.rectify), moment)

    @property
    def next_due(self) -> datetime | None:
        """The first due moment of a running clock."""
        return min((c.due_at for c in (self.reply, self.work, self.rectify) if c is not None and c.runs), default=None)

    @property
    def assignee(self) -> Assignee | None:
        """The assignee of the work order."""
        return Assignee(self.assignee_type, self.assignee_id) if self.assignee_type and self.assignee_id else None


SPANS = Table(
    "open_workload",
    WorkloadRow,
    key=("ticket", "from_position"),
    stream="ticket",
    indexes=(
        Index(("community", "order_due", "ticket"), "to_position IS NULL"),
        Index(("community", "to_position"), "to_position IS NOT NULL"),
    ),
)


def current_numbers(seen: Seen) -> tuple[str | None, str | None]:
    """The ticket's own number, and its number in its present book."""
    book = seen.state.book
    own = present = None
    for taken in seen.numbers:
        if own is None and taken.book == Book.INTAKE:
            own = taken.number
        if book is not None and taken.book == book:
            present = taken.number
    return own, present


def span(seen: Seen, to_position: int | None) -> WorkloadRow:
    """The row of a ticket, up to a position."""
    s: TicketState = seen.state
    assignee = s.assignment.assignee if s.assignment else None
    number, book_number = current_numbers(seen)
    place, clocks = s.location, seen.once(clocks_of)
    return WorkloadRow(
        s.id,
        seen.position,
        to_position,
        s.community,
        number,
        book_number,
        s.state,
        s.version,
        s.kind,
        s.category,
        s.facility,
        s.urgency,
        assignee.type if assignee else None,
        assignee.id if assignee else None,
        place.area if place else None,
        place.building if place else None,
        place.entrance if place else None,
        place.public_place if place else None,
        s.dwelling,
        s.received_at or seen.recorded_at,
        s.occurred_at or seen.recorded_at,
        s.appointment_at,
        s.deferred_until,
        s.suspended.reason if s.suspended else None,
        s.suspended.since if s.suspended else None,
        s.rework,
        s.escalation_level,
        s.urged,
        next_due(clocks),
        *clocks,
    )


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """End the span before each event and, while the ticket is unfinished, begin the next."""
    for before, after in steps:
        if before is not None and before.state.is_open:
            yield Put(SPANS, span(before, after.position))
    last = steps[-1].after
    if last.state.is_open:
        yield Put(SPANS, span(last, None))


OPEN_WORKLOAD = View("open_workload", 1, (SPANS,), ("ticket.",), fold)


@dataclass(frozen=True, slots=True)
class Workload:
    """The open workload of a community at ``position``; ``clocks`` counts tickets by clock and status.

    The key None of ``by_assignee`` counts tickets without an assignee, that of ``by_kind`` tickets not classified yet.
    """

    position: int
    total: int
    by_state: Mapping[State, int]
    by_kind: Mapping[Kind | None, int]
    by_assignee: Mapping[Assignee | None, int]
    clocks: Mapping[ClockName, Mapping[ClockStatus, int]]
    items: Sequence[WorkloadRow]
    cursor: str | None


NOW = "community = :community AND to_position IS NULL"
THEN = "community = :community AND from_position <= :at AND (to_position IS NULL OR to_position > :at)"
COUNTED = (ClockStatus.RUNNING, ClockStatus.PAUSED, ClockStatus.BREACHED)


async def workload(
    reader: Reader,
    community: str,
    *,
    now: datetime,
    at: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
    areas: Sequence[str] | None = None,
    own: Sequence[Assignee] | None = None,
) -> Workload:
    """The workload at log position ``at`` (None: the newest), clocks read at ``now``; overdue first, then by due moment.

    ``now`` must not be before the last event concerned. A page has at most ``limit`` items. Later pages begin after ``cursor``
    and keep the position of the first page, so that nothing is skipped or repeated. ``areas`` and ``own`` limit it to what the
    asker may see.
    """
    params: Params = {"community": community, "now": micros(now), "limit": limit + 1, "after_due": -1, "after_ticket": b""}
    if cursor is not None:
        at, params["after_due"], params["after_ticket"] = _opened(cursor)
    where = " AND ".join((NOW if at is None else THEN, *seen(areas, own, params)))
    params["at"] = at
    page = (
        f"SELECT {SPANS.listed} FROM {{open_workload}} WHERE {where} AND order_due >= :after_due"
        " AND (order_due > :after_due OR ticket > :after_ticket) ORDER BY order_due, ticket LIMIT :limit"
    )
    groups = (
        "SELECT state, kind, assignee_type, assignee_id, CAST(count(*) AS BIGINT) FROM {open_workload}"
        f" WHERE {where} GROUP BY state, kind, assignee_type, assignee_id"
    )
    answer = await reader.read([(page, params), (groups, params), *((_count(slot, where), params) for slot in CLOCK_SLOTS)])
    rows, counts, *clocks = answer.results
    by_state: dict[State, int] = {}
    by_kind: dict[Kind | None, int] = {}
    by_assignee: dict[Assignee | None, int] = {}
    for state, kind, type_, id_, count in counts:
        carried = Assignee(AssigneeType(type_), id_) if type_ else None
        _add(by_state, State(state), count)
        _add(by_kind, Kind(kind) if kind else None, count)
        _add(by_assignee, carried, count)
    items = [SPANS.decode(row) for row in rows[:limit]]
    position = answer.position if at is None else at
    more = _sealed(position, items[-1]) if len(rows) > limit else None
    return Workload(position, sum(by_state.values()), by_state, by_kind, by_assignee, _counted(clocks), items, more)


CLOCK_SLOTS = ("reply", "work", "rectify")


def _count(slot: str, where: str) -> str:
    runs = f"{slot}_stopped_at IS NULL AND {slot}_paused_at IS NULL"
    breached = f"({runs} AND {slot}_due_at < :now) OR {slot}_stopped_at > {slot}_due_at"
    return (
        f"SELECT {slot}_clock,"
        f" CAST(sum(CASE WHEN {runs} AND {slot}_due_at >= :now THEN 1 ELSE 0 END) AS BIGINT),"
        f" CAST(sum(CASE WHEN {slot}_stopped_at IS NULL AND {slot}_paused_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),"
        f" CAST(sum(CASE WHEN {breached} THEN 1 ELSE 0 END) AS BIGINT)"
        f" FROM {{open_workload}} WHERE {where} AND {slot}_clock IS NOT NULL GROUP BY {slot}_clock"
    )


def _counted(slots: Iterable[Sequence[Row]]) -> Mapping[ClockName, Mapping[ClockStatus, int]]:
    found = {clock: dict.fromkeys(COUNTED, 0) for clock in ClockName}
    for rows in slots:
        for clock, *counts in rows:
            found[ClockName(clock)] = dict(zip(COUNTED, counts, strict=True))
    return found


def _add(counts: dict[State, int] | dict[Kind | None, int] | dict[Assignee | None, int], key: object, count: int) -> None:
    counts[key] = counts.get(key, 0) + count  # type: ignore[index, call-overload]


def _sealed(position: int, last: WorkloadRow) -> str:
    return seal_cursor(position, last.order_due, last.ticket.hex)


def _opened(cursor: str) -> tuple[int, int, bytes]:
    position, due, ticket = open_cursor(cursor, int, int, str)
    try:
        return int(position), int(due), UUID(str(ticket)).bytes
    except ValueError:
        raise not_of_this_list() from None
