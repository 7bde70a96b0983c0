"""Work order for paper (维修工作单): A4, known fields filled in, boxes for the rest and for both signatures (D5 三)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from adapters.pages.frame.visitor import TheVisitor
from domain.ticket.events import Ticket

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Carried:
    """Progress of the latest work order; ``satisfied`` is the resident's verdict."""

    arrived_at: datetime | None = None
    parts: tuple[str, ...] = ()
    completed_at: datetime | None = None
    satisfied: bool | None = None


@router.get("/tickets/{ref}/work-order")
async def work_order(visitor: TheVisitor, ref: str) -> Response:
    """Show the sheet of a ticket."""
    reading = await visitor.gongdan.inquiries.ticket(visitor.login, ref, steps=True, directory=visitor.directory)
    visitor.community = reading.state.community
    done = carried(step.event for step in reading.steps)
    return visitor.page("ticket/work_order.html", reading=reading, ticket=reading.state, carried=done)


def carried(events: Iterable[object]) -> Carried:
    """Fold the events since the work order was last dispatched."""
    found = Carried()
    for event in events:
        match event:
            case Ticket.WorkOrderDispatched():
                found = Carried()
            case Ticket.WorkStarted():
                found = replace(found, arrived_at=event.timestamp)
            case Ticket.RepairCompleted():
                found = replace(found, completed_at=event.timestamp, parts=event.parts)
            case Ticket.FollowUpRecorded():
                found = replace(found, satisfied=event.satisfied)
    return found
