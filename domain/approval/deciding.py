"""Approvals (第二人审批): a second, different person entitled by the same row lets a command be carried out, or not.

Lateness and authority were judged at the request; legality and the order of time are judged at the approval. A refusal then
makes the approval ``failed``, with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from pydantic import ValidationError

from domain.approval.aggregate import Approval, ApprovalCase
from domain.approval.commands import (
    CALENDAR,
    DISCLOSE,
    ERASE,
    PRICE_LIST,
    RULE_BOOK,
    Disclose,
    Erase,
    OverrideCalendar,
    PublishPriceList,
    PublishRuleBook,
    Solemn,
)
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.errors import Conflict, NotAllowed, NotFound, Overloaded, Refusal, RuleRefused
from domain.kernel.journal import TRIES, Belonging
from domain.kernel.periods import Month, Period
from domain.kernel.ports import CommandRecord, KeyDestroyer, VersionConflict
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.subject_file import SubjectFile, SubjectState
from domain.kernel.terms import ApprovalState, Trigger
from domain.people.authority import Need, Relation, Right, denied, may_approve
from domain.people.community import Community, CommunityState, community_stream
from domain.people.directory import Directory
from domain.rules.price_list import parse_price_list
from domain.rules.scorecard import parse_rule_book
from domain.service_desk.desk import BACK_ENTRY, ServiceDesk, contractor_of
from domain.service_desk.erasure import erased, resident_of
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from domain.ticket.state import TicketState

SOLEMN_RIGHTS: dict[type[Solemn], tuple[Right, str]] = {
    Erase: (Right.ERASE, ERASE),
    Disclose: (Right.DISCLOSE, DISCLOSE),
    PublishPriceList: (Right.PRICE_LIST, PRICE_LIST),
    OverrideCalendar: (Right.PRICE_LIST, CALENDAR),  # one row of the table
    PublishRuleBook: (Right.PRICE_LIST, RULE_BOOK),
}


class TwoPersonCommand(Protocol):
    """A command of another desk that waits for a second person: what forbids that person, and what it does."""

    async def second_person(self, directory: Directory, case: ApprovalCase, login: str) -> None:
        """Refuse (NotAllowed) a second person who is entitled by the row, but concerned."""
        ...

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Folded.Event]:
        """The events it comes to, from its JSON text; raises a Refusal where it is no longer legal."""
        ...


NOBODY_ELSE: Mapping[str, TwoPersonCommand] = MappingProxyType({})


class Approvals:
    """Decides on what waits for a second person, and asks for what always takes two.

    ``others`` are the commands of other desks, by the name their approvals bear.
    """

    def __init__(self, desk: ServiceDesk, keys: KeyDestroyer, others: Mapping[str, TwoPersonCommand] = NOBODY_ELSE) -> None:
        self._desk = desk
        self._others = others
        self._keys = keys
        self._journal = desk.journal

    async def approve(self, approval: UUID, request: Request) -> Waiting:
        """Carry the command out in the same commit; both people are named in its events."""
        return await self._once(approval, request, None)

    async def reject(self, approval: UUID, reason: str, request: Request) -> Waiting:
        """Refuse it, with a reason."""
        return await self._once(approval, request, reason)

    async def ask(self, command: Solemn, request: Request) -> Waiting:
        """Ask for something that always takes two people and is no step of the lifecycle."""
        return await self._journal.once(request.key, lambda: self._asked(command, request), self._desk.answered_waiting)

    async def _asked(self, command: Solemn, request: Request) -> Waiting:
        right, name = SOLEMN_RIGHTS[type(command)]
        ticket = command.ticket if isinstance(command, Erase | Disclose) else None
        community = command.community if isinstance(command, PublishPriceList | OverrideCalendar | PublishRuleBook) else ""
        if isinstance(command, PublishPriceList):
            parse_price_list(command.text)
        if isinstance(command, PublishRuleBook):
            parse_rule_book(command.text)
        desk = self._desk
        directory = await desk.directory.current(request.registry_version)
        now = desk.clock.now()
        state = None
        if ticket is not None:
            state = await desk.load(await desk.find(ticket))
            community = state.community
        resident = command.resident if isinstance(command, Erase) else None
        if resident is not None:
            community = (await resident_of(self._journal, resident)).community
        roles = directory.roles(request.login, community, now)
        if not roles:
            raise NotFound("ticket" if ticket else "resident" if resident else "community")
        desk.allow(right, name, roles, Relation())
        if isinstance(command, PublishRuleBook):
            _check_ahead(command, directory.day(community, now))
        stream, subject = (state.id, state.subject) if state else (None, None)
        return await desk.ask_second_person(directory, right, name, command, community, request, stream=stream, subject=subject)

    async def case(self, approval: UUID, login: str) -> ApprovalCase:
        """An approval, for its requester and whoever might decide on it.

        Raises NotFound for people outside the community, who may not know of it, and NotAllowed for others inside.
        """
        directory = await self._desk.directory.current()
        case = await self._journal.load(approval, ApprovalCase)
        if case is None:
            raise NotFound("approval")
        roles = directory.roles(login, case.community, self._desk.clock.now())
        if login == case.requested_by:
            return case
        if not roles:
            raise NotFound("approval")
        relation = Relation(frozenset({Need.FOR_COMPANY}), case.area)
        if not may_approve(Right(case.right), roles, relation):
            raise denied(Right(case.right), f"approve {case.command}", roles)
        return case

    async def refused(self, approval: UUID, login: str) -> Refusal | None:
        """Why somebody who may see an approval may not decide on it now: the refusal they would meet; None where they may.

        Raises what :meth:`case` raises.
        """
        case = await self.case(approval, login)
        status = case.status_at(self._desk.clock.now())
        if status is not ApprovalState.REQUESTED:
            return _settled(status)
        try:
            await self._second_person(await self._desk.directory.current(), case, login)
        except NotAllowed as refusal:
            return refusal
        return None

    async def _second_person(self, directory: Directory, case: ApprovalCase, login: str) -> None:
        """Refuse the requester, and whoever the ticket complains of."""
        if login == case.requested_by:
            raise NotAllowed(f"approve {case.command}", [login], ["another person"], "a second, different person")
        if case.command in self._others:
            await self._others[case.command].second_person(directory, case, login)
        ticket = await self._journal.load(case.stream, TicketState) if case.stream is not None else None
        if ticket is not None and login in ticket.complained_of:
            detail = "who is complained of may only add a note"
            raise NotAllowed(f"approve {case.command}", [login], ["another person"], detail)

    async def _once(self, approval: UUID, request: Request, reason: str | None) -> Waiting:
        return await self._journal.once(request.key, lambda: self._decide(approval, request, reason), self._answered)

    async def _answered(self, record: CommandRecord) -> Waiting:
        answer = await self._desk.answered_waiting(record)
        await self._finish(answer.case)
        return answer

    async def _decide(self, approval: UUID, request: Request, reason: str | None) -> Waiting:
        desk, journal = self._desk, self._journal
        directory = await desk.directory.current(request.registry_version)
        for _ in range(TRIES):
            case = await self.case(approval, request.login)
            await self._second_person(directory, case, request.login)
            if request.if_match is not None and request.if_match != case.version:
                raise await journal.stale(case.id, request.if_match, case.version)
            now = desk.clock.now()
            status = case.status_at(now)
            if status is not ApprovalState.REQUESTED:
                await self._note_expiry(directory, case, status, now, request)
                await self._finish(case)
                raise _settled(status)
            meta = Meta(request.login, request.command_id, causation_id=case.id)
            events: list[Folded.Event]
            if reason is not None:
                erased = await desk.arguments(case) is None
                subject = case.arguments.subject if case.arguments and not erased else desk.ids.new()
                rejected = self._step(case, Approval.ApprovalRejected, now, meta, reason=Personal(subject, reason))
                events, registry = [rejected], False
            else:
                events, registry = await self._carried_out(directory, case, now, meta)
            try:
                belonging = _belonging(directory, case.community)
                written = await journal.write(
                    events, belonging, command=request.key, answers_with=case.id, bumps_registry=registry
                )
            except VersionConflict:
                continue
            last = written.appended.events[-1]
            decided = await journal.existing(case.id, ApprovalCase)
            await self._finish(decided)
            return Waiting(decided, last.position, last.recorded_at)
        raise Overloaded("others were faster each time; look again")

    async def _finish(self, case: ApprovalCase) -> None:
        """Destroy the keys an approved erasure orders destroyed: after the event, and again where that was interrupted."""
        if case.command == ERASE and case.status is ApprovalState.APPROVED and case.result is not None:
            file = await self._journal.existing(case.result, SubjectState)
            for subject in (case.result, *file.together):
                await self._keys.erase(subject)

    @staticmethod
    def _step(case: ApprovalCase, event: type[Folded.Event], at: datetime, meta: Meta, **data: object) -> Folded.Event:
        return occurred(event, case.id, case.version + 1, at, meta, community=case.community, **data)

    async def _note_expiry(
        self, directory: Directory, case: ApprovalCase, status: ApprovalState, now: datetime, request: Request
    ) -> None:
        """Write down that nobody decided in time, once."""
        if status is ApprovalState.EXPIRED and case.status is ApprovalState.REQUESTED:
            meta = Meta("system:approvals", request.command_id, causation_id=case.id)
            expired = self._step(case, Approval.ApprovalExpired, case.expires_at or now, meta)
            try:
                await self._journal.write([expired], _belonging(directory, case.community))
            except VersionConflict:
                return

    async def _carried_out(
        self, directory: Directory, case: ApprovalCase, now: datetime, meta: Meta
    ) -> tuple[list[Folded.Event], bool]:
        """The approval's event and the command's, or the approval's failure with its reason."""
        try:
            events, registry = await self._effects(directory, case, now, meta)
        except Overloaded:
            raise  # nobody has decided yet
        except (Refusal, ValidationError) as refusal:
            why = str(refusal) if isinstance(refusal, Refusal) else "what was asked is not well-formed any more"
            return [self._step(case, Approval.ApprovalFailed, now, meta, refusal=f"{type(refusal).__name__}: {why}")], False
        granted = self._step(case, Approval.ApprovalGranted, now, meta, result=events[0].originator_id)
        return [*events, granted], registry

    async def _effects(
        self, directory: Directory, case: ApprovalCase, now: datetime, meta: Meta
    ) -> tuple[Sequence[Folded.Event], bool]:
        text = await self._desk.arguments(case)
        if text is None:
            raise Conflict("approval", "the data subject was erased")
        at = case.occurred_at or now
        both = replace(
            meta,
            actor=case.requested_by,
            second_person=meta.actor,
            back_entered=case.back_entered,
            offline_entered=case.offline_entered,
            policy=directory.policy_of(case.community).version,
        )
        if case.command in self._others:
            return await self._others[case.command].effects(directory, case, text, now, both), False
        if case.command == PRICE_LIST:
            return await self._publish(case, PublishPriceList.model_validate_json(text), now, both), True
        if case.command == RULE_BOOK:
            return await self._switch(directory, case, PublishRuleBook.model_validate_json(text), now, both), True
        if case.command == CALENDAR:
            return await self._override(case, OverrideCalendar.model_validate_json(text), now, both), True
        if case.command in (ERASE, DISCLOSE):
            return await self._about_subject(case, text, now, both), False
        if case.command == BACK_ENTRY or case.command == Trigger.RECEIVE:
            model = BackEntry if case.command == BACK_ENTRY else c.Receive
            subject = case.arguments.subject if case.arguments else self._desk.ids.new()
            return self._desk.decide_new(directory, model.model_validate_json(text), at, both, subject), False
        assert case.stream is not None
        state = await self._desk.load(case.stream)
        command = c.COMMANDS[Trigger(case.command)].model_validate_json(text)
        if case.occurred_at is None and state.occurred_at is not None:
            at = max(now, state.occurred_at)
        both = replace(both, on_behalf_of=contractor_of(state, command))
        return await self._desk.decided(directory, state, command, at, both), False

    async def _publish(self, case: ApprovalCase, command: PublishPriceList, now: datetime, meta: Meta) -> list[Folded.Event]:
        stream = community_stream(case.community)
        state = await self._journal.existing(stream, CommunityState)
        return [occurred(Community.PriceListPublished, stream, state.version + 1, now, meta, text=command.text)]

    async def _switch(
        self, directory: Directory, case: ApprovalCase, command: PublishRuleBook, now: datetime, meta: Meta
    ) -> list[Folded.Event]:
        _check_ahead(command, directory.day(case.community, now))
        stream = community_stream(case.community)
        state = await self._journal.existing(stream, CommunityState)
        said = {"text": command.text, "rule_book": parse_rule_book(command.text).version, "from_month": command.from_month}
        return [occurred(Community.RuleBookPublished, stream, state.version + 1, now, meta, **said)]

    async def _override(self, case: ApprovalCase, command: OverrideCalendar, now: datetime, meta: Meta) -> list[Folded.Event]:
        stream = community_stream(case.community)
        state = await self._journal.existing(stream, CommunityState)
        said = {"date": command.date, "works": command.works, "reason": command.reason}
        return [occurred(Community.CalendarOverridden, stream, state.version + 1, now, meta, **said)]

    async def _about_subject(self, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Folded.Event]:
        """Erasure and disclosure are events of the subject's own stream."""
        if case.command == ERASE:
            return await erased(self._desk, Erase.model_validate_json(text), case.community, case.stream, now, meta)
        assert case.stream is not None
        ticket: TicketState = await self._desk.load(case.stream)
        assert ticket.subject is not None
        file = await self._journal.load(ticket.subject, SubjectState)
        if file is not None and file.erased_at is not None:
            raise Conflict("subject", "was erased already")
        version = (file.version if file else 0) + 1
        said = {"community": case.community, "ticket": ticket.id, "reference": Disclose.model_validate_json(text).reference}
        return [occurred(SubjectFile.DisclosedToPolice, ticket.subject, version, now, meta, **said)]


def _settled(status: ApprovalState) -> Conflict:
    return Conflict("approval", f"is {status.value} already", {"status": status.value})


def _check_ahead(command: PublishRuleBook, today: date) -> None:
    """Refuse a month that has begun: what was appraised by one book isn't appraised anew by another."""
    month = Month.of(today)
    if Period.parse(command.from_month).first <= month:
        raise RuleRefused("rule_book_ahead", "D2", f"a rule book counts from a month after {month}, which has begun")


def _belonging(directory: Directory, community: str) -> Belonging:
    return Belonging(community, directory.community(community).timezone)
