"""Technician's worklist (维修工作单): the work orders that a person carries now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.privacy import Text
from domain.kernel.terms import AssigneeType, Facility, Kind, State, SuspendReason, Urgency
from domain.people.assignee import Assignee
from domain.rules.clocks import Reading
from domain.ticket.state import TicketState
from projections.engine.tables import NEVER, Index, Table, micros
from projections.engine.view import Drop, Params, Put, Reader, Seen, Step, View, Write
from projections.ticket.clock_columns import ClockColumns, clocks_of, next_due, readings_at
from projections.ticket.open_workload import current_numbers


class WorkOrderRow(NamedTuple):
    """A dispatched ticket's work order, ordered by emergency, appointment and due moment.

    ``order_urgency`` is 0 for an emergency; ``order_appointment`` and ``order_due`` are microseconds, NEVER if there is none.
    """

    ticket: UUID
    version: int
    community: str
    number: str | None
    book_number: str | None
    assignee_type: AssigneeType
    assignee_id: str
    dispatched_at: datetime
    accepted: bool
    started: bool
    suspended_reason: SuspendReason | None
    suspended_since: datetime | None
    kind: Kind | None
    category: str | None
    facility: Facility | None
    urgency: Urgency
    appointment_at: datetime | None
    area: str | None
    building: str | None
    entrance: str | None
    public_place: str | None
    dwelling: Text | None
    order_urgency: int
    order_appointment: int
    order_due: int
    reply: ClockColumns | None
    work: ClockColumns | None
    rectify: ClockColumns | None

    def clocks(self, moment: datetime) -> list[Reading]:
        """The clocks' readings at a moment."""
        return readings_at((self.reply, self.work, self.rectify), moment)

    @property
    def due_at(self) -> datetime | None:
        """The first due moment of a running clock."""
        return min((c.due_at for c in (self.reply, self.work, self.rectify) if c is not None and c.runs), default=None)

    @property
    def assignee(self) -> Assignee:
        """The assignee."""
        return Assignee(self.assignee_type, self.assignee_id)


ORDERS = Table(
    "technician_worklist",
    WorkOrderRow,
    key=("ticket",),
    stream="ticket",
    indexes=(Index(("assignee_type", "assignee_id", "order_urgency", "order_appointment", "order_due", "ticket")),),
)


def order(seen: Seen) -> WorkOrderRow | None:
    """The work order of a ticket; None unless it is dispatched."""
    s: TicketState = seen.state
    carried = s.assignment
    if s.state is not State.DISPATCHED or carried is None:
        return None
    number, book_number = current_numbers(seen)
    place, clocks = s.location, seen.once(clocks_of)
    return WorkOrderRow(
        s.id,
        s.version,
        s.community,
        number,
        book_number,
        carried.assignee.type,
        carried.assignee.id,
        carried.dispatched_at,
        carried.accepted,
        carried.started,
        s.suspended.reason if s.suspended else None,
        s.suspended.since if s.suspended else None,
        s.kind,
        s.category,
        s.facility,
        s.urgency,
        s.appointment_at,
        place.area if place else None,
        place.building if place else None,
        place.entrance if place else None,
        place.public_place if place else None,
        s.dwelling,
        0 if s.urgency is Urgency.EMERGENCY else 1,
        micros(s.appointment_at) if s.appointment_at else NEVER,
        next_due(clocks),
        *clocks,
    )


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the work order of the ticket's last state, or delete it."""
    before, after = steps[0].before, steps[-1].after
    row = order(after)
    if row is not None:
        yield Put(ORDERS, row)
    elif before is not None and order(before) is not None:
        yield Drop(ORDERS, (after.state.id.bytes,))


TECHNICIAN_WORKLIST = View("technician_worklist", 1, (ORDERS,), ("ticket.",), fold)


@dataclass(frozen=True, slots=True)
class Worklist:
    """Work orders as of ``position``, in the order in which to do them."""

    position: int
    items: Sequence[WorkOrderRow]


async def worklist(
    reader: Reader, assignees: Sequence[Assignee], *, communities: Sequence[str] | None = None, limit: int = 200
) -> Worklist:
    """The work orders of these assignees (a person and their teams), in these communities (None: all)."""
    params: Params = {"communities": list(communities or ()), "limit": limit}
    carried = []
    for type_ in AssigneeType:
        params[type_.value] = [assignee.id for assignee in assignees if assignee.type is type_]
        carried.append(f"(assignee_type = '{type_.value}' AND assignee_id IN :{type_.value})")
    where = f"({' OR '.join(carried)})" + ("" if communities is None else " AND community IN :communities")
    sql = (
        f"SELECT {ORDERS.listed} FROM {{technician_worklist}} WHERE {where}"
        " ORDER BY order_urgency, order_appointment, order_due, ticket LIMIT :limit"
    )
    answer = await reader.read([(sql, params)])
    return Worklist(answer.position, [ORDERS.decode(row) for row in answer.results[0]])
