"""Lists of the approvals that a caller requested or may decide on."""

from typing import Any
from uuid import UUID

from adapters.answers.approval.approval import ApprovalAnswer
from adapters.answers.caller import Caller
from adapters.composition import Gongdan
from domain.kernel.terms import ApprovalState
from projections.approval.approvals import APPROVALS, ApprovalRow, approvals, waiting
from projections.engine.cursors import position_in, seal_cursor


class ApprovalDetail(ApprovalAnswer):
    """An approval with the command's arguments, which are null where the caller may not open them or they were erased."""

    arguments: dict[str, Any] | None


async def page_of_approvals(
    gongdan: Gongdan, caller: Caller, status: ApprovalState | None, cursor: str | None, limit: int
) -> tuple[list[ApprovalRow], str | None]:
    """List approvals that the caller requested or may decide on, the latest first, with the cursor of the next page.

    Rights are checked on rows, not in SQL, so rows are fetched until a page is full or none is left.
    """
    g, now = gongdan, gongdan.clock.now()
    communities = caller.directory.communities_of(caller.login, now)
    before = position_in(cursor)
    found: list[ApprovalRow] = []
    while len(found) <= limit:
        page = await approvals(
            g.projections.reader(APPROVALS.name),
            caller.login,
            communities,
            now=now,
            status=status,
            before=before,
            limit=limit + 1,
        )
        found += [row for row in page.items if _concerns(gongdan, caller, row)]
        if len(page.items) <= limit:
            break
        before = page.items[-1].first_position
    return found[:limit], seal_cursor(found[limit - 1].first_position) if len(found) > limit else None


async def waiting_on(gongdan: Gongdan, caller: Caller, stream: UUID) -> list[ApprovalRow]:
    """List the undecided approvals of a ticket or finding that the caller requested or may decide on."""
    rows = await waiting(gongdan.projections.reader(APPROVALS.name), stream, gongdan.clock.now())
    return [row for row in rows if _concerns(gongdan, caller, row)]


def _concerns(gongdan: Gongdan, caller: Caller, row: ApprovalRow) -> bool:
    return row.requested_by == caller.login or gongdan.oversight.may_decide(
        caller.directory, caller.login, row.community, row.by_right, row.area
    )
