"""Pages of approvals (待批): the list, and one with the command's arguments, deadline and decision."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.answers.approval.lists import page_of_approvals
from adapters.labels.vocabulary import member
from adapters.pages.frame.forms import filled, receive_form
from adapters.pages.frame.refusals import WRITING, Explanation, explained
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.pages.sentences import approval_words
from adapters.web.bodies.fields import Reason
from adapters.web.parameters import Id
from domain.finding.events import FindingState
from domain.kernel import errors as e
from domain.kernel.aggregate import FoldedState
from domain.kernel.terms import ApprovalState
from domain.ticket.state import TicketState

router = APIRouter(include_in_schema=False)

LISTED = 50
ALL = "all"


@router.get("/approvals")
async def approvals(
    visitor: TheVisitor,
    status: str = ApprovalState.REQUESTED.value,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """List approvals that the visitor requested or may decide on, the latest first; by default the undecided ones."""
    asked = member(ApprovalState, status)
    if status != ALL and asked is None:
        raise e.invalid("/query/status", f"not a well-formed state; states: {', '.join(ApprovalState)}")
    rows, more = await page_of_approvals(visitor.gongdan, visitor.caller, asked, cursor, LISTED)
    return visitor.page(
        "approval/approvals.html",
        rows=[(row, row.status_at(visitor.now), approval_words.command_words(row.command, visitor)) for row in rows],
        findings=approval_words.FINDINGS,
        numbers=await visitor.numbers([row.stream for row in rows if row.stream is not None]),
        stands=status,
        tabs_of=[(one.value, f"/approvals?status={one.value}", visitor.label(one)) for one in ApprovalState]
        + [(ALL, f"/approvals?status={ALL}", visitor.say("全部"))],
        more=urlencode({"status": status, "cursor": more}) if more else "",
    )


@router.get("/approvals/{id}")
async def approval(visitor: TheVisitor, id_: Id) -> Response:
    """Show an approval: the command, its requester and deadline, and the decision or why the visitor may not take it."""
    return await shown(visitor, id_)


@router.post("/approvals/{id}/approve")
async def approve(visitor: TheVisitor, id_: Id) -> Response:
    """Approve. The command is carried out in one commit with the approval, or the approval fails with a reason."""
    form = await receive_form(visitor)
    try:
        await visitor.gongdan.approvals.approve(id_, await form.request(visitor))
    except WRITING as refusal:
        return await shown(visitor, id_, explained(refusal, visitor))
    return go(f"/approvals/{id_}")


@router.post("/approvals/{id}/reject")
async def reject(visitor: TheVisitor, id_: Id) -> Response:
    """Reject, with a reason."""
    form = await receive_form(visitor)
    try:
        body = filled(Reason, {"reason": form.get("reason")} if form.has("reason") else {})
        await visitor.gongdan.approvals.reject(id_, body.reason, await form.request(visitor))
    except WRITING as refusal:
        return await shown(visitor, id_, explained(refusal, visitor), form.get("reason"))
    return go(f"/approvals/{id_}")


async def shown(visitor: Visitor, approval: UUID, refused: Explanation | None = None, reason: str = "") -> Response:
    """Render the page of an approval. Arguments are opened for those who may, which is recorded in the access log."""
    g = visitor.gongdan
    reading = await g.oversight.approval(visitor.login, approval, directory=visitor.directory)
    case = reading.case
    about = await g.approvals.about(case)
    against = g.approvals.refused(visitor.directory, case, about, visitor.login)
    visitor.community = case.community
    what, address = await _about(visitor, about)
    return visitor.page(
        "approval/approval.html",
        refused.status if refused else 200,
        case=case,
        stands=case.status_at(visitor.now),
        command=approval_words.command_words(case.command, visitor),
        said=None if reading.arguments is None else approval_words.argument_words(case.command, reading.arguments, visitor),
        failure=approval_words.failure_words(case.outcome, visitor) if case.outcome else "",
        about=what,
        address=address,
        against=explained(against, visitor) if against is not None else None,
        refused=refused,
        reason=reason,
    )


async def _about(visitor: Visitor, state: FoldedState | None) -> tuple[str, str]:
    """Name the ticket or finding of an approval, and the address of its page."""
    if isinstance(state, TicketState):
        number = (await visitor.numbers([state.id])).get(state.id, "")
        return visitor.say("工单 {number}", number=number), f"/tickets/{number}"
    if isinstance(state, FindingState):
        return visitor.say("考评事项第 {item} 项", item=state.item), f"/appraisal/findings/{state.id}"
    return "", ""
