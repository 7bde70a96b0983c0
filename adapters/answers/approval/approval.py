"""Document of an approval."""

from datetime import datetime
from uuid import UUID

from adapters.answers.documents import Answer, Moment, document
from domain.approval.aggregate import ApprovalCase
from domain.kernel import terms as t


class ApprovalAnswer(Answer):
    """A command that waits for a second person (第二人审批), or that a second person has decided on."""

    id: UUID
    version: int
    status: t.ApprovalState
    community: str
    command: str
    right: str
    ticket: UUID | None
    area: str | None
    requested_by: str
    requested_at: Moment
    occurred_at: Moment | None
    back_entered: bool
    expires_at: Moment
    decided_by: str | None
    decided_at: Moment | None
    outcome: str | None
    result: UUID | None


def approval_answer(case: ApprovalCase, at: datetime) -> ApprovalAnswer:
    """Make the document of an approval as of ``at``; one that nobody has decided by its deadline is expired."""
    return document(ApprovalAnswer, case, status=case.status_at(at), ticket=case.stream)
