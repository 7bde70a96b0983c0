"""The approval (需第二人审批): a command that waits for a second person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private
from domain.kernel.terms import ApprovalState


@dataclass(frozen=True)
class ApprovalCase(FoldedState):
    """A requested command, its requester, and its decision.

    ``right`` is the authority row that entitles the second person; ``command`` names what will be carried out with the sealed
    ``arguments``. ``occurred_at`` and the flags were judged at the request.
    """

    id: UUID
    version: int
    community: str = ""
    right: str = ""
    command: str = ""
    arguments: Private | None = None
    stream: UUID | None = None
    area: str | None = None
    requested_by: str = ""
    requested_at: datetime | None = None
    occurred_at: datetime | None = None
    back_entered: bool = False
    offline_entered: bool = False
    expires_at: datetime | None = None
    status: ApprovalState = ApprovalState.REQUESTED
    decided_by: str | None = None
    decided_at: datetime | None = None
    outcome: str | None = None
    result: UUID | None = None

    def status_at(self, moment: datetime) -> ApprovalState:
        """Its status at a moment: a requested approval is expired after its time."""
        if self.status is ApprovalState.REQUESTED and self.expires_at and moment >= self.expires_at:
            return ApprovalState.EXPIRED
        return self.status


@register
class Approval(Folded[ApprovalCase]):
    """One command and its second person."""

    TOPIC = "approval"
    STATE = ApprovalCase

    class Event(Folded.Event[ApprovalCase]):
        """Base of an approval's events."""

        community: str

    class ApprovalRequested(Event):
        """A person requested a command that takes two."""

        TOPIC = "approval.requested"
        right: str
        command: str
        arguments: Private
        expires_at: datetime
        stream: UUID | None = None
        area: str | None = None
        command_occurred_at: datetime | None = None
        command_back_entered: bool = False

        def evolve(self, state: ApprovalCase) -> ApprovalCase:
            return state.with_(
                community=self.community,
                right=self.right,
                command=self.command,
                arguments=self.arguments,
                stream=self.stream,
                area=self.area,
                requested_by=self.meta.actor,
                requested_at=self.timestamp,
                occurred_at=self.command_occurred_at,
                back_entered=self.command_back_entered,
                offline_entered=self.meta.offline_entered,
                expires_at=self.expires_at,
            )

    class ApprovalGranted(Event):
        """A second, different person approved; the commit also carries the command out."""

        TOPIC = "approval.approved"
        result: UUID

        def evolve(self, state: ApprovalCase) -> ApprovalCase:
            return _decided(state, self, ApprovalState.APPROVED, result=self.result)

    class ApprovalRejected(Event):
        """A second person rejected the command."""

        TOPIC = "approval.rejected"
        reason: Private

        def evolve(self, state: ApprovalCase) -> ApprovalCase:
            return _decided(state, self, ApprovalState.REJECTED)

    class ApprovalFailed(Event):
        """A second person approved, but the command was no longer legal; ``refusal`` names the error and the reason."""

        TOPIC = "approval.failed"
        refusal: str

        def evolve(self, state: ApprovalCase) -> ApprovalCase:
            return _decided(state, self, ApprovalState.FAILED, outcome=self.refusal)

    class ApprovalExpired(Event):
        """Nobody decided in time."""

        TOPIC = "approval.expired"

        def evolve(self, state: ApprovalCase) -> ApprovalCase:
            return _decided(state, self, ApprovalState.EXPIRED)


def _decided(state: ApprovalCase, event: Folded.Event, status: ApprovalState, **more: object) -> ApprovalCase:
    return state.with_(status=status, decided_by=event.meta.actor, decided_at=event.timestamp, **more)
