"""Documents made from rows of the read models. Personal data in lists is masked for every caller."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from adapters.answers.documents import Answer, Moment, document
from adapters.answers.ticket.documents import AssigneeAnswer, ClockAnswer, LocationAnswer, SuspendedAnswer
from adapters.answers.ticket.ticket import assignee_answer, clock_answers
from domain.kernel import terms as t
from domain.kernel.ports import PlainField, Sealer
from domain.kernel.privacy import ERASED, MASKED, Text, mask_name, mask_phone
from projections.ticket.open_workload import Workload, WorkloadRow
from projections.ticket.technician_worklist import WorkOrderRow
from projections.ticket.ticket_directory import TicketRow

Mask = Callable[[str], str]


class WorkloadItem(Answer):
    """An unfinished ticket on the workbench."""

    id: UUID
    number: str | None
    book_number: str | None
    state: t.State
    version: int
    kind: t.Kind | None
    category: str | None
    facility: t.Facility | None
    urgency: t.Urgency
    assignee: str | AssigneeAnswer | None
    location: LocationAnswer
    received_at: Moment
    occurred_at: Moment
    appointment_at: Moment | None
    deferred_until: Moment | None
    suspended: SuspendedAnswer | None
    rework: int
    escalation_level: t.EscalationLevel | None
    urged: int
    clocks: list[ClockAnswer]


class WorkloadAnswer(Answer):
    """Unfinished tickets (在办工单), counted and listed. Counts are of all; ``items`` is one page.

    ``by_kind`` counts unclassified tickets as "none", ``by_assignee`` unassigned ones; its keys are logins, or ``type:code``
    of a team or contractor. ``clocks`` counts tickets by clock and status.
    """

    community: str
    position: int
    total: int
    by_state: dict[str, int]
    by_kind: dict[str, int]
    by_assignee: dict[str, int]
    clocks: dict[str, dict[str, int]]
    items: list[WorkloadItem]
    next_cursor: str | None


class WorkOrderItem(Answer):
    """A work order (维修工作单) to be done."""

    id: UUID
    number: str | None
    book_number: str | None
    community: str
    version: int
    kind: t.Kind | None
    category: str | None
    facility: t.Facility | None
    urgency: t.Urgency
    assignee: str | AssigneeAnswer
    dispatched_at: Moment
    accepted: bool
    started: bool
    suspended: SuspendedAnswer | None
    appointment_at: Moment | None
    due_at: Moment | None
    location: LocationAnswer


class ListedReporter(Answer):
    """The reporter, masked."""

    name: str | None
    phone: str | None


class ListedTicket(Answer):
    """A ticket in a list. Reading the ticket itself opens its texts."""

    id: UUID
    number: str | None
    book_number: str | None
    community: str
    state: t.State
    version: int
    kind: t.Kind | None
    category: str | None
    facility: t.Facility | None
    channel: t.Channel
    urgency: t.Urgency
    location: LocationAnswer
    description: str | None
    reporter: ListedReporter
    masked: Literal[True] = True
    assignee: str | AssigneeAnswer | None
    appointment_at: Moment | None
    rework: int
    back_entered: bool
    received_at: Moment
    occurred_at: Moment
    recorded_at: Moment
    clocks: list[ClockAnswer]


class _Located(Protocol):
    """A row with a location."""

    @property
    def area(self) -> str | None: ...
    @property
    def building(self) -> str | None: ...
    @property
    def entrance(self) -> str | None: ...
    @property
    def public_place(self) -> str | None: ...
    @property
    def dwelling(self) -> Text | None: ...


def _place(row: _Located) -> LocationAnswer:
    dwelling = MASKED if row.dwelling is not None else None
    return LocationAnswer(
        area=row.area, building=row.building, entrance=row.entrance, dwelling=dwelling, public_place=row.public_place
    )


def _suspended(reason: t.SuspendReason | None, since: datetime | None) -> SuspendedAnswer | None:
    return SuspendedAnswer(reason=reason, since=since) if reason and since else None


def workload_answer(community: str, found: Workload, now: datetime) -> WorkloadAnswer:
    """Make the document of the workload, clocks read at ``now``."""
    by_assignee: dict[str, int] = {}
    for assignee, count in found.by_assignee.items():
        person = assignee is None or assignee.type is t.AssigneeType.PERSON
        name = "none" if assignee is None else assignee.id if person else f"{assignee.type.value}:{assignee.id}"
        by_assignee[name] = count
    return WorkloadAnswer(
        community=community,
        position=found.position,
        total=found.total,
        by_state={state.value: found.by_state.get(state, 0) for state in t.State if state in found.by_state},
        by_kind={kind.value if kind else "none": count for kind, count in found.by_kind.items()},
        by_assignee=by_assignee,
        clocks={clock.value: {s.value: n for s, n in counts.items()} for clock, counts in found.clocks.items()},
        items=[_workload_item(row, now) for row in found.items],
        next_cursor=found.cursor,
    )


def _workload_item(row: WorkloadRow, now: datetime) -> WorkloadItem:
    return document(
        WorkloadItem,
        row,
        id=row.ticket,
        assignee=assignee_answer(row.assignee) if row.assignee else None,
        location=_place(row),
        suspended=_suspended(row.suspended_reason, row.suspended_since),
        clocks=clock_answers(row.clocks(max(now, row.occurred_at))),
    )


def work_order_answer(row: WorkOrderRow) -> WorkOrderItem:
    """Make the document of a work order."""
    return document(
        WorkOrderItem,
        row,
        id=row.ticket,
        assignee=assignee_answer(row.assignee),
        due_at=row.due_at,
        location=_place(row),
        suspended=_suspended(row.suspended_reason, row.suspended_since),
    )


async def listed_tickets(rows: Sequence[TicketRow], sealer: Sealer, now: datetime) -> list[ListedTicket]:
    """Make documents of ticket rows. Masked names and phones keep a hint, other texts none."""
    named: list[tuple[TicketRow, Text, Mask]] = [
        (row, row.reporter_name, mask_name) for row in rows if row.reporter_name is not None
    ]
    named += [(row, row.reporter_phone, mask_phone) for row in rows if row.reporter_phone is not None]
    opened = await sealer.open([(PlainField(row.ticket, text.version, text.name), text.value) for row, text, _ in named])
    hints: dict[tuple[UUID, Mask], str] = {
        (row.ticket, mask): ERASED if clear is None else mask(clear) for (row, _, mask), clear in zip(named, opened, strict=True)
    }
    return [_listed(row, hints, now) for row in rows]


def _listed(row: TicketRow, hints: dict[tuple[UUID, Mask], str], now: datetime) -> ListedTicket:
    reporter = ListedReporter(name=hints.get((row.ticket, mask_name)), phone=hints.get((row.ticket, mask_phone)))
    return document(
        ListedTicket,
        row,
        id=row.ticket,
        location=_place(row),
        description=MASKED if row.description is not None else None,
        reporter=reporter,
        assignee=assignee_answer(row.assignee) if row.assignee else None,
        recorded_at=row.last_recorded_at,
        clocks=clock_answers(row.clocks(max(now, row.occurred_at))),
    )
