"""Asking (请求审批): write any command down as an approval that waits for a second person."""

from typing import Any
from uuid import UUID

from domain.approval.aggregate import Approval, ApprovalCase
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import FoldedState, Meta, fold, occurred
from domain.kernel.errors import KeyReused
from domain.kernel.ports import CommandRecord, PlainField
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.values import Value
from domain.people.authority import Right
from domain.people.directory import Directory
from domain.people.office import Office


class Asking:
    """Writes approvals, opens their arguments, and answers repeated requests."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._journal = office.journal

    async def ask(
        self,
        directory: Directory,
        right: Right,
        name: str,
        command: Value,
        community: str,
        request: Request,
        *,
        stream: UUID | None = None,
        subject: UUID | None = None,
        offline_entered: bool = False,
        **judged: Any,
    ) -> Waiting:
        """Write an approval, with its command sealed under ``subject`` (None: a new one).

        ``right`` is the row that entitles the second person, ``stream`` the thing the command is about. ``judged`` was judged at
        the request (see ApprovalRequested).
        """
        now, policy = self._office.clock.now(), directory.policy_of(community)
        event = occurred(
            Approval.ApprovalRequested,
            self._office.ids.new(),
            1,
            now,
            Meta(request.login, request.command_id, offline_entered=offline_entered, policy=policy.version),
            community=community,
            right=right.value,
            command=name,
            arguments=Personal(subject or self._office.ids.new(), command.model_dump_json()),
            expires_at=now + policy.approval_lifetime,
            stream=stream,
            **judged,
        )
        written = await self._journal.write([event], directory.belonging(community), command=request.key)
        last = written.appended.events[-1]
        return Waiting(fold(written.events), last.position, last.recorded_at)

    async def arguments(self, case: ApprovalCase) -> str | None:
        """The command of an approval as JSON text; None if its subject was erased."""
        assert case.arguments is not None
        [text] = await self._journal.sealer.open([(PlainField(case.id, 1, "arguments"), case.arguments)])
        return text

    async def answered(self, record: CommandRecord) -> Waiting:
        """The answer to a request sent before. Raises KeyReused if its key belongs to another command."""
        state = await self._journal.load_at(record.stream_id, record.version, FoldedState)
        if not isinstance(state, ApprovalCase):
            raise KeyReused(record.key)
        return Waiting(state, record.position, record.recorded_at)
