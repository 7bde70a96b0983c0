"""The service desk (客户服务中心): the use cases of tickets.

Each command finds the ticket (or answers as if there were none), weighs authority, judges lateness, decides and appends,
expecting the versions of ticket, desk and registry that it decided on. It decides on memory first. After a lost race it decides
again on what it reads, unless the caller named the version it saw; so does a refusal on memory before it is final.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.approval.aggregate import ApprovalCase
from domain.approval.asking import Asking
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import Folded, FoldedState, Meta, apply, fold
from domain.kernel.errors import KeyReused, NotFound
from domain.kernel.journal import LostRace, Recall, decide_on_memory
from domain.kernel.ports import CommandRecord
from domain.kernel.request import Request
from domain.kernel.terms import AssigneeType, Channel, Trigger
from domain.people.authority import Mode, Need, Right, allow, right_of
from domain.people.directory import Directory
from domain.people.office import Office
from domain.people.post import DeskState, desk_stream
from domain.people.two_times import Entry, judge_entry
from domain.service_desk.deciding import Deciding
from domain.service_desk.openings import Openings, check_person, person_refused
from domain.service_desk.outcome import Done
from domain.service_desk.reporters import reported
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from domain.ticket.events import Ticket
from domain.ticket.persons import NOT_COMPLAINED_OF
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets

BACK_ENTRY = "back_entry"


class ServiceDesk:
    """Receives tickets and carries out commands on them."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._journal = office.journal
        self._asking = Asking(office)
        self._deciding = Deciding(office)
        self._tickets = Tickets(office.journal)
        self.openings = Openings(office)

    # --- commands -------------------------------------------------------------------------------------------------

    async def receive(self, command: c.Receive, request: Request) -> Done | Waiting:
        """接单: receive a new ticket (D1 4.1.1); late ones follow the rules of late entry."""
        return await self._journal.once(request.key, lambda: self._new(command, request), self._answered)

    async def back_enter(self, command: BackEntry, request: Request) -> Done | Waiting:
        """补单: enter a ticket whose work was already dispatched, and perhaps done (D1 4.1.3)."""
        return await self._journal.once(request.key, lambda: self._new(command, request), self._answered)

    async def act(self, ref: str, command: c.Command, request: Request) -> Done | Waiting:
        """Take one trigger on a ticket, given by id or number.

        Raises NotFound, NotAllowed, TransitionRefused, RuleRefused, InvalidInput, StaleVersion or KeyReused; then nothing was
        written.
        """
        return await self._journal.once(request.key, lambda: self._act(ref, command, request), self._answered)

    async def _act(self, ref: str, command: c.Command, request: Request) -> Done | Waiting:
        stream = await self.find(ref)
        return await decide_on_memory(self._journal, lambda recall: self._taken(recall, stream, command, request))

    async def _taken(self, recall: Recall, stream: UUID, command: c.Command, request: Request) -> Done | Waiting:
        """Try once to take a trigger on the ticket's state."""
        directory = await self._directory(recall, request)
        now = self._office.clock.now()
        state = await recall.load(stream, TicketState)
        if state is None:
            raise NotFound("ticket")
        roles = directory.roles(request.login, state.community, now)
        if not roles:
            raise NotFound("ticket")
        if request.if_match is not None and request.if_match != state.version:
            raise await self._journal.stale(stream, request.if_match, state.version)
        on_duty = await self._on_duty(recall, request.login, state.community)
        relation = await self.openings.relation(
            directory, request.login, state, now, command, request.occurred_at, on_duty=on_duty
        )
        right = right_of(command.trigger, getattr(command, "outcome", None) if isinstance(command, c.SettleCharge) else None)
        mode = allow(right, command.trigger.value, roles, relation)
        check_person(state, command.trigger, request.login, roles)
        entry = judge_entry(directory, state.community, request, roles, relation, now)
        if state.occurred_at is not None and entry.at < state.occurred_at <= (request.occurred_at or state.occurred_at):
            # The last event came from a machine whose clock is a little ahead: the caller's moment is not out of order.
            entry = replace(entry, at=state.occurred_at)
        row = row_to_approve(right, mode, entry)
        if row is not None:
            if recall.recalled:
                raise LostRace  # no version guards the request for approval: ask on what is read
            return await self._ask(directory, row, command, state, entry, request)
        meta = self._meta(directory, state, command, request, entry)
        events = await self._deciding.on(directory, state, command, entry.at, meta)
        return await self._written(events, state, state.community, directory, request, recall, on_duty)

    async def _new(self, command: c.Receive | BackEntry, request: Request) -> Done | Waiting:
        return await decide_on_memory(self._journal, lambda recall: self._begin(recall, command, request))

    async def _begin(self, recall: Recall, command: c.Receive | BackEntry, request: Request) -> Done | Waiting:
        directory = await self._directory(recall, request)
        now = self._office.clock.now()
        community = command.community
        roles = directory.roles(request.login, community, now)
        if not roles:
            raise NotFound("community")
        command, subject = await reported(command, self._journal, directory.day(community, now), self._office.ids)
        area = command.location.area if command.location else None
        on_duty = await self._on_duty(recall, request.login, community)
        relation = await self._office.standing(directory, request.login, community, area, now, request.occurred_at, on_duty)
        if command.channel in (Channel.INSPECTION, Channel.COMPANY):
            relation = replace(relation, holds=relation.holds | {Need.FOR_COMPANY})
        mode = allow(Right.RECEIVE, Trigger.RECEIVE.value, roles, relation)
        if isinstance(command, BackEntry) and request.login in (*command.complained_of, *command.classified.complained_of):
            raise person_refused(NOT_COMPLAINED_OF, Trigger.CLASSIFY, roles)
        entry = judge_entry(directory, community, request, roles, relation, now, always=isinstance(command, BackEntry))
        meta = self._meta(directory, None, command, request, entry)
        events = self._deciding.new(directory, command, entry.at, meta, subject)
        row = row_to_approve(Right.RECEIVE, mode, entry)
        if row is not None:
            if recall.recalled:
                raise LostRace
            return await self._ask(directory, row, command, None, entry, request, subject)
        return await self._written(events, None, community, directory, request, recall, on_duty)

    # --- tickets --------------------------------------------------------------------------------------------------

    async def find(self, ref: str) -> UUID:
        """The id of a ticket, given its id or number. Raises NotFound, whether the reference is malformed or unknown."""
        return await self._tickets.find(ref)

    async def load(self, stream: UUID) -> TicketState:
        """The newest state of a ticket. Raises NotFound."""
        return await self._tickets.load(stream)

    async def legal_after(
        self,
        directory: Directory,
        login: str,
        state: TicketState,
        command: c.Command,
        now: datetime,
        *,
        on_duty: bool | None = None,
    ) -> list[Trigger]:
        """The triggers that would be legal for a person after a legal command; nothing is written."""
        meta = self._meta(directory, state, command, Request(login, self._office.ids.new()), Entry(now))
        for event in await self._deciding.on(directory, state, command, max(now, state.occurred_at or now), meta):
            state = apply(state, event)
        return await self.openings.legal(directory, login, state, now, on_duty=on_duty)

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _directory(self, recall: Recall, request: Request) -> Directory:
        """The directory as of the request's look, or the newest where an attempt failed; the append relies on it."""
        directory = await self._office.directory.current(None if recall.fresh else request.registry_version)
        recall.rely_on_registry(directory.version)
        return directory

    async def _on_duty(self, recall: Recall, login: str, community: str) -> bool:
        """Whether a person holds a community's desk; the append relies on it."""
        desk = await recall.consult(desk_stream(community), DeskState)
        return desk is not None and desk.on_duty(login)

    def _meta(self, directory: Directory, state: TicketState | None, command: object, request: Request, entry: Entry) -> Meta:
        community = state.community if state else getattr(command, "community", "")
        return Meta(
            actor=request.login,
            command_id=request.command_id,
            on_behalf_of=contractor_of(state, command) if state and isinstance(command, c.Command) else None,
            back_entered=entry.back_entered,
            offline_entered=entry.offline_entered,
            policy=directory.policy_of(community).version,
        )

    async def _written(
        self,
        events: Sequence[Folded.Event],
        before: TicketState | None,
        community: str,
        directory: Directory,
        request: Request,
        recall: Recall,
        on_duty: bool,
    ) -> Done:
        """Append, and answer from what was decided: the ticket's state ``before`` and its new events."""
        stream = before.id if before is not None else events[0].originator_id
        written = await self._journal.write(
            events,
            directory.belonging(community),
            command=request.key,
            answers_with=stream,
            conditions=recall.conditions,
            as_of=request.registry_version,
        )
        last = written.appended.events[-1]
        state: TicketState = fold((event for event in written.events if event.originator_id == stream), before)
        opened = [e.originator_id for e in events if e.originator_id != stream and e.originator_version == 1]
        return Done(state, last.position, last.recorded_at, opened, on_duty)

    async def _ask(
        self,
        directory: Directory,
        right: Right,
        command: c.Command | BackEntry,
        state: TicketState | None,
        entry: Entry,
        request: Request,
        subject: UUID | None = None,
    ) -> Waiting:
        """Write the command as an approval, sealed."""
        location = state.location if state else getattr(command, "location", None)
        return await self._asking.ask(
            directory,
            right,
            BACK_ENTRY if isinstance(command, BackEntry) else command.trigger.value,
            command,
            state.community if state else command.community,  # type: ignore[union-attr]
            request,
            stream=state.id if state else None,
            subject=subject or (state.subject if state else None),
            offline_entered=entry.offline_entered,
            area=location.area if location else None,
            command_occurred_at=entry.at if request.occurred_at is not None else None,
            command_back_entered=entry.back_entered,
        )

    async def _answered(self, record: CommandRecord) -> Done | Waiting:
        """The answer to a request sent before: the stream's state at the version that the command left."""
        state = await self._journal.load_at(record.stream_id, record.version, FoldedState)
        if isinstance(state, ApprovalCase):
            return Waiting(state, record.position, record.recorded_at)
        if isinstance(state, TicketState):
            [last] = await self._journal.log.read_stream(
                record.stream_id, after_version=record.version - 1, upto_version=record.version
            )
            event = self._journal.codec.decode(last)
            opened = event.defects if isinstance(event, Ticket.ChecklistItemChecked) else ()
            return Done(state, record.position, record.recorded_at, list(opened))
        raise KeyReused(record.key)


def row_to_approve(right: Right, mode: Mode, entry: Entry) -> Right | None:
    """The authority row by which a second person must approve a command; None if one person suffices.

    The command's own row comes first if it asks for a second person, so that the approver holds that right.
    """
    if mode is Mode.SECOND:
        return right
    return Right.LONG_LATE_ENTRY if entry.long_late else None


def contractor_of(state: TicketState, command: c.Command) -> str | None:
    """The contractor for whom a command enters a step; contractors have no login, so the dispatcher enters their steps."""
    if state.assignment is None or isinstance(command, c.SettleCharge) or right_of(command.trigger) is not Right.WORK:
        return None
    assignee = state.assignment.assignee
    return f"contractor:{assignee.id}" if assignee.type is AssigneeType.CONTRACTOR else None
