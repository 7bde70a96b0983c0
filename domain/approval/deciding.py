"""The use cases of approvals (第二人审批): a second, different person entitled by the row approves or rejects a command.

Lateness and authority were judged at the request; legality and the order of time are judged at the approval. A refusal then makes
the approval ``failed``, with its reason. The commands themselves are unknown here; each implements one protocol.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from domain.approval.aggregate import Approval, ApprovalCase
from domain.approval.asking import Asking
from domain.approval.command import ANOTHER, SECOND_PERSON, TwoPersonCommand, approving
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import Folded, FoldedState, Meta, occurred
from domain.kernel.errors import Conflict, NotAllowed, NotFound, Overloaded, Refusal
from domain.kernel.journal import decide_again
from domain.kernel.ports import CommandRecord, VersionConflict
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.terms import ApprovalState
from domain.people.authority import Need, Relation, Right, denied, may_approve
from domain.people.directory import Directory
from domain.people.office import Office


class Approvals:
    """Decides on commands that wait for a second person; ``commands`` are all such commands, by name."""

    def __init__(self, office: Office, commands: Mapping[str, TwoPersonCommand]) -> None:
        self._office = office
        self._commands = commands
        self._journal = office.journal
        self._asking = Asking(office)

    async def approve(self, approval: UUID, request: Request) -> Waiting:
        """Approve: carry the command out in this commit. Its events name both people."""
        return await self._once(approval, request, None)

    async def reject(self, approval: UUID, reason: str, request: Request) -> Waiting:
        """Reject, with a reason."""
        return await self._once(approval, request, reason)

    async def case(self, approval: UUID, login: str, *, directory: Directory | None = None) -> ApprovalCase:
        """An approval, for its requester and for people who may decide on it.

        ``directory`` is the one by which the request was authenticated; without it the newest is read. Raises NotFound for people
        outside the community, who must not learn of it, and NotAllowed for others inside.
        """
        directory = directory or await self._office.directory.current()
        case = await self._journal.load(approval, ApprovalCase)
        if case is None:
            raise NotFound("approval")
        roles = directory.roles(login, case.community, self._office.clock.now())
        if login == case.requested_by:
            return case
        if not roles:
            raise NotFound("approval")
        relation = Relation(frozenset({Need.FOR_COMPANY}), case.area)
        if not may_approve(Right(case.right), roles, relation):
            raise denied(Right(case.right), approving(case.command), roles)
        return case

    async def about(self, case: ApprovalCase) -> FoldedState | None:
        """The newest state of what an approval is about, or of what its command made; None if there is neither."""
        stream = case.stream or case.result
        return await self._journal.load(stream, FoldedState) if stream is not None else None

    def refused(self, directory: Directory, case: ApprovalCase, about: FoldedState | None, login: str) -> Refusal | None:
        """The refusal that a person who sees an approval (:meth:`case`) would meet when deciding on it now; None if they may.

        ``about`` is what :meth:`about` gives.
        """
        status = case.status_at(self._office.clock.now())
        if status is not ApprovalState.REQUESTED:
            return _settled(status)
        try:
            self._second_person(directory, case, about, login)
        except NotAllowed as refusal:
            return refusal
        return None

    def _second_person(self, directory: Directory, case: ApprovalCase, about: FoldedState | None, login: str) -> None:
        """Refuse the requester, and people whom the command itself excludes."""
        if SECOND_PERSON.forbids(case.requested_by, case.command, login):
            roles = directory.roles(login, case.community, self._office.clock.now())
            raise SECOND_PERSON.refusal(approving(case.command), (held.role.value for held in roles), [ANOTHER])
        if case.command in self._commands:
            self._commands[case.command].second_person(directory, case, about, login)

    async def _once(self, approval: UUID, request: Request, reason: str | None) -> Waiting:
        async def carry_out() -> Waiting:
            directory = await self._office.directory.current(request.registry_version)
            return await decide_again(lambda: self._decide(directory, approval, request, reason))

        return await self._journal.once(request.key, carry_out, self._answered)

    async def _answered(self, record: CommandRecord) -> Waiting:
        answer = await self._asking.answered(record)
        await self._finish(answer.case)
        return answer

    async def _decide(self, directory: Directory, approval: UUID, request: Request, reason: str | None) -> Waiting:
        """Try once to decide on the newest state of an approval."""
        case = await self.case(approval, request.login, directory=directory)
        self._second_person(directory, case, await self.about(case), request.login)
        if request.if_match is not None and request.if_match != case.version:
            raise await self._journal.stale(case.id, request.if_match, case.version)
        now = self._office.clock.now()
        status = case.status_at(now)
        if status is not ApprovalState.REQUESTED:
            await self._note_expiry(directory, case, status, now, request)
            await self._finish(case)
            raise _settled(status)
        meta = Meta(request.login, request.command_id, causation_id=case.id)
        if reason is not None:
            erased = await self._asking.arguments(case) is None
            subject = case.arguments.subject if case.arguments and not erased else self._office.ids.new()
            rejected = _step(case, Approval.ApprovalRejected, now, meta, reason=Personal(subject, reason))
            events, registry = [rejected], False
        else:
            events, registry = await self._carried_out(directory, case, now, meta)
        belonging = directory.belonging(case.community)
        written = await self._journal.write(events, belonging, command=request.key, answers_with=case.id, bumps_registry=registry)
        last = written.appended.events[-1]
        decided = await self._journal.existing(case.id, ApprovalCase)
        await self._finish(decided)
        return Waiting(decided, last.position, last.recorded_at)

    async def _finish(self, case: ApprovalCase) -> None:
        """Let an approved command do what its commit cannot include; repeated because it may have been interrupted."""
        if case.status is ApprovalState.APPROVED and case.command in self._commands:
            await self._commands[case.command].finish(case)

    async def _note_expiry(
        self, directory: Directory, case: ApprovalCase, status: ApprovalState, now: datetime, request: Request
    ) -> None:
        """Write that nobody decided in time, once."""
        if status is ApprovalState.EXPIRED and case.status is ApprovalState.REQUESTED:
            meta = Meta("system:approvals", request.command_id, causation_id=case.id)
            expired = _step(case, Approval.ApprovalExpired, case.expires_at or now, meta)
            try:
                await self._journal.write([expired], directory.belonging(case.community))
            except VersionConflict:
                return  # the reminding process manager wrote it first

    async def _carried_out(
        self, directory: Directory, case: ApprovalCase, now: datetime, meta: Meta
    ) -> tuple[list[Folded.Event], bool]:
        """The events of the command and the approval, and whether they change the directory; or the approval's failure."""
        try:
            events = await self._effects(directory, case, now, meta)
        except Overloaded:
            raise  # the store is busy, which is no decision
        except (Refusal, ValidationError) as refusal:
            why = str(refusal) if isinstance(refusal, Refusal) else "the requested command is no longer well-formed"
            return [_step(case, Approval.ApprovalFailed, now, meta, refusal=f"{type(refusal).__name__}: {why}")], False
        granted = _step(case, Approval.ApprovalGranted, now, meta, result=events[0].originator_id)
        return [*events, granted], self._commands[case.command].bumps_registry

    async def _effects(self, directory: Directory, case: ApprovalCase, now: datetime, meta: Meta) -> Sequence[Folded.Event]:
        text = await self._asking.arguments(case)
        if text is None:
            raise Conflict("approval", "the data subject was erased")
        both = replace(
            meta,
            actor=case.requested_by,
            second_person=meta.actor,
            back_entered=case.back_entered,
            offline_entered=case.offline_entered,
            policy=directory.policy_of(case.community).version,
        )
        return await self._commands[case.command].effects(directory, case, text, now, both)


def _step(case: ApprovalCase, event: type[Folded.Event], at: datetime, meta: Meta, **data: object) -> Folded.Event:
    return occurred(event, case.id, case.version + 1, at, meta, community=case.community, **data)


def _settled(status: ApprovalState) -> Conflict:
    return Conflict("approval", f"already {status.value}", {"status": status.value})
