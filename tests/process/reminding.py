"""A process manager for tests: a ticket without a note after an hour is proposed as a finding, until a note withdraws it.

Like any process manager's, its causes appear by time and by events and disappear by events. An urged ticket makes it fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from adapters.processing.processes import Processes
from domain.finding.events import Finding, FindingState, proposal_stream
from domain.kernel.aggregate import Folded, occurred
from domain.kernel.terms import FindingCause, FindingStatus
from domain.process.process import NOTHING, Effect, Moment, Outlook, Process, Subject, system_meta
from domain.ticket.events import Ticket
from tests.support.estates.desk_estate import HOUR, Estate

NAME = "reminding"


@dataclass(frozen=True)
class Wanted(Effect):
    """Keep the finding of a ticket proposed, or not."""

    ticket: UUID
    community: str
    due: datetime
    cause: bool

    @property
    def target(self) -> UUID:
        return target_of(self.ticket)

    def events(self, state: FindingState | None) -> Sequence[Folded.Event]:
        version = (state.version if state else 0) + 1
        meta = system_meta(NAME, self.target, version, self.ticket)
        stands = state is not None and state.status is FindingStatus.PROPOSED
        if self.cause and not stands:
            return [
                occurred(
                    Finding.FindingProposed, self.target, version, self.due, meta, community=self.community,
                    cause=FindingCause.REPLY_LATE, item="7", day=date(2026, 3, 2), rule_book="default",
                )
            ]  # fmt: skip
        if stands and not self.cause:
            return [occurred(Finding.FindingWithdrawn, self.target, version, self.due, meta, community=self.community)]
        return []


def look(subject: Subject, moment: Moment) -> Outlook:
    """Propose when strictly more than an hour has passed."""
    if any(isinstance(event, Ticket.TicketUrged) for event in subject.events):
        raise ValueError("urged")
    received = subject.events[0]
    if not isinstance(received, Ticket.TicketReceived):
        return NOTHING
    noted = any(isinstance(event, Ticket.NoteAdded) for event in subject.events)
    due = received.timestamp + HOUR
    order = Wanted(subject.id, received.community, due, not noted and moment.now >= due)
    return Outlook(received.community, (order,), due if moment.now < due else None)


REMINDING = Process(NAME, ("ticket.",), look)


def target_of(ticket: UUID) -> UUID:
    """The id of a ticket's finding."""
    return proposal_stream(FindingCause.REPLY_LATE, ticket, 0)


async def reminding(estate: Estate, *, process: Process = REMINDING, journal: Any = None) -> Processes:
    """The process manager running over an estate, as one operating-system process would run it."""
    g = estate.g
    return await Processes.open(
        g.store, journal or g.journal, g.directory, estate.clock, (process,), lease_seconds=1.0, idle=0.02
    )


async def topics(estate: Estate, ticket: str) -> list[str]:
    """The topics of a ticket's finding, in order."""
    return [event.TOPIC for event in await estate.events_of(target_of(UUID(ticket)))]
