"""The handover list (移交清单): the unfinished tickets of a community, as its next handover sheet would list them (D1 4.1.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.terms import Facility, Kind, State, Urgency
from domain.rules.clocks import Reading
from domain.ticket.state import TicketState
from projections.engine.tables import Index, Table
from projections.engine.view import Drop, Put, Reader, Seen, Step, View, Write
from projections.ticket.clock_columns import ClockColumns, clocks_of, readings_at
from projections.ticket.open_workload import current_numbers


class HandoverRow(NamedTuple):
    """An unfinished ticket; ``first_position`` is that of its receipt, ``position`` that of its last event."""

    ticket: UUID
    community: str
    first_position: int
    position: int
    number: str | None
    book_number: str | None
    state: State
    version: int
    kind: Kind | None
    facility: Facility | None
    urgency: Urgency
    area: str | None
    received_at: datetime
    deferred_until: datetime | None
    reply: ClockColumns | None
    work: ClockColumns | None
    rectify: ClockColumns | None

    def clocks(self, moment: datetime) -> list[Reading]:
        """The clocks' readings at a moment not before the ticket's last event."""
        return readings_at((self.reply, self.work, self.rectify), moment)


LIST = Table("handover_list", HandoverRow, key=("ticket",), stream="ticket", indexes=(Index(("community", "first_position")),))


def listed(seen: Seen) -> HandoverRow:
    """The row of an unfinished ticket."""
    s: TicketState = seen.state
    number, book_number = current_numbers(seen)
    return HandoverRow(
        s.id,
        s.community,
        seen.first_position,
        seen.position,
        number,
        book_number,
        s.state,
        s.version,
        s.kind,
        s.facility,
        s.urgency,
        s.location.area if s.location else None,
        s.received_at or seen.first_recorded_at,
        s.deferred_until,
        *seen.once(clocks_of),
    )


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write the ticket's last state, or delete it once it is finished."""
    before, after = steps[0].before, steps[-1].after
    if after.state.is_open:
        yield Put(LIST, listed(after))
    elif before is not None and before.state.is_open:
        yield Drop(LIST, (after.state.id.bytes,))


HANDOVER_LIST = View("handover_list", 1, (LIST,), ("ticket.",), fold)


@dataclass(frozen=True, slots=True)
class HandoverList:
    """All unfinished tickets in the order of receipt, at ``position``."""

    position: int
    items: Sequence[HandoverRow]


async def handover_list(reader: Reader, community: str) -> HandoverList:
    """The list of a community."""
    sql = f"SELECT {LIST.listed} FROM {{handover_list}} WHERE community = :community ORDER BY first_position"
    answer = await reader.read([(sql, {"community": community})])
    return HandoverList(answer.position, [LIST.decode(row) for row in answer.results[0]])
