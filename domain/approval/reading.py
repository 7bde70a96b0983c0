"""Queries for oversight: an approval with its command, and the access log (查阅记录)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.approval.aggregate import ApprovalCase
from domain.approval.asking import Asking
from domain.approval.deciding import Approvals
from domain.kernel.errors import NotFound
from domain.kernel.ports import Access, AccessLog
from domain.kernel.recorded_access import noted
from domain.people.authority import Mode, Need, Relation, Right, denied, may_approve, weigh
from domain.people.directory import Directory
from domain.people.office import Office

PAGE = 200
NO_RESIDENT = (Right.PRICE_LIST, Right.REVIEW_FINDING)
"""Rows whose commands contain nothing about residents; people who decide by them may read the command."""


@dataclass(frozen=True, slots=True)
class ApprovalReading:
    """An approval; ``arguments`` is its command, None if masked or erased.

    Reading it takes the right to open personal data, unless the command contains nothing about residents.
    """

    case: ApprovalCase
    arguments: dict[str, Any] | None


class Oversight:
    """Answers queries about approvals and accesses to personal data."""

    def __init__(self, office: Office, approvals: Approvals, access_log: AccessLog) -> None:
        self._office = office
        self._asking = Asking(office)
        self._approvals = approvals
        self._access_log = access_log

    async def approval(self, login: str, approval: UUID, *, directory: Directory | None = None) -> ApprovalReading:
        """An approval, for its requester and people who may decide on it. Opening its command is logged first.

        ``directory`` is the one by which the request was authenticated; without it the newest is read.
        """
        directory = directory or await self._office.directory.current()
        case = await self._approvals.case(approval, login, directory=directory)
        now = self._office.clock.now()
        roles = directory.roles(login, case.community, now)
        relation = Relation(frozenset({Need.OWN} if login == case.requested_by else ()), case.area)
        if case.right not in NO_RESIDENT and weigh(Right.OPEN_PERSONAL, roles, relation) is not Mode.FULL:
            return ApprovalReading(case, None)
        subjects = (case.arguments.subject,) if case.arguments else ()
        if not await noted(self._access_log, Access(now, login, case.community, "approval", subjects, case.id)):
            return ApprovalReading(case, None)
        text = await self._asking.arguments(case)
        return ApprovalReading(case, None if text is None else json.loads(text))

    def may_decide(self, directory: Directory, login: str, community: str, right: str, area: str | None) -> bool:
        """Whether an approval's row entitles a person."""
        roles = directory.roles(login, community, self._office.clock.now())
        return may_approve(Right(right), roles, Relation(frozenset({Need.FOR_COMPANY}), area))

    async def accesses(
        self, directory: Directory, login: str, community: str | None, after: int, limit: int
    ) -> tuple[Sequence[tuple[int, Access]], bool]:
        """Entries of the access log after a position, in communities where the person holds the right; and whether more follow.

        Raises NotFound without a role in ``community``, NotAllowed without the right.
        """
        now = self._office.clock.now()
        if community is not None and not directory.roles(login, community, now):
            raise NotFound("community")
        held = directory.communities_of(login, now) if community is None else [community]
        open_to = {c for c in held if weigh(Right.ACCESS_LOG, directory.roles(login, c, now), Relation()) is Mode.FULL}
        if not open_to:
            roles = {role.role: role for c in held for role in directory.roles(login, c, now)}
            raise denied(Right.ACCESS_LOG, "access_log", roles.values())
        found: list[tuple[int, Access]] = []
        while len(found) <= limit:
            entries = await self._access_log.read(after, PAGE)
            if not entries:
                break
            after = entries[-1][0]
            found += [(position, entry) for position, entry in entries if entry.community in open_to]
        return found[:limit], len(found) > limit
