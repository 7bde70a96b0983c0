"""The service desk (客户服务中心): the use cases of tickets, over decide and evolve.

Each command: find the ticket (or answer as if there were none), weigh authority by the one table, judge lateness, decide on the
newest state, append with that version expected; a lost race is decided anew, unless the caller named the version it saw.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.approval.aggregate import Approval, ApprovalCase
from domain.approval.waiting import Waiting
from domain.household.register import RegisterKeeper
from domain.kernel.aggregate import Folded, FoldedState, Meta, apply, fold, occurred
from domain.kernel.errors import KeyReused, NotAllowed, NotFound, Overloaded, invalid
from domain.kernel.journal import TRIES, Belonging, Journal
from domain.kernel.ports import Clock, CommandRecord, Ids, PlainField, StoredEvent, VersionConflict
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.terms import AssigneeType, Channel, DutyPeriod, Role, Trigger
from domain.kernel.values import Value
from domain.people.authority import TABLE, Held, Mode, Need, Relation, Right, denied, right_of, weigh
from domain.people.directory import Directory, DirectoryKeeper
from domain.people.post import DeskState, desk_stream
from domain.rules.duty_calendar import period_at
from domain.service_desk.outcome import Done
from domain.service_desk.reporters import reported
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry, steps_of
from domain.ticket.decisions import ON_THE_SPOT_KINDS, Circumstances, Event, assignee_of, decide, decide_back_entry
from domain.ticket.events import Ticket
from domain.ticket.guards import Setting, legal_now
from domain.ticket.state import TicketState

NUMBER = re.compile(r"[\w\-]{1,80}")

BACK_ENTRY = "back_entry"
ASSIGNABLE = tuple(role for role, cell in TABLE[Right.WORK].items() if cell != "–")
"""Roles a work order may be given to: whoever may take its steps; security among them, whom the night technician may send."""


@dataclass(frozen=True, slots=True)
class Entry:
    """When a command's step happened and how it was entered."""

    at: datetime
    back_entered: bool = False
    offline_entered: bool = False
    long_late: bool = False


class ServiceDesk:
    """Receives and moves tickets for people with rights, on any store."""

    def __init__(self, journal: Journal, directory: DirectoryKeeper, clock: Clock, ids: Ids) -> None:
        self.journal = journal
        self.directory = directory
        self.clock = clock
        self.ids = ids
        self.roll = RegisterKeeper(journal)

    # --- commands -------------------------------------------------------------------------------------------------

    async def receive(self, command: c.Receive, request: Request) -> Done | Waiting:
        """接单: write a new ticket (D1 4.1.1); late ones by the rules of late entry."""
        return await self.journal.once(request.key, lambda: self._begin(command, request), self._answered)

    async def back_enter(self, command: BackEntry, request: Request) -> Done | Waiting:
        """补单: write a ticket whose work was dispatched, and perhaps done, before (D1 4.1.3)."""
        return await self.journal.once(request.key, lambda: self._begin(command, request), self._answered)

    async def act(self, ref: str, command: c.Command, request: Request) -> Done | Waiting:
        """Take one trigger on a ticket, named by id or number.

        Raises NotFound, NotAllowed, TransitionRefused, RuleRefused, InvalidInput, StaleVersion or KeyReused, and writes nothing.
        """
        return await self.journal.once(request.key, lambda: self._act(ref, command, request), self._answered)

    async def _act(self, ref: str, command: c.Command, request: Request) -> Done | Waiting:
        directory = await self.directory.current(request.registry_version)
        stream = await self.find(ref)
        for _ in range(TRIES):
            state = await self._ticket(stream, directory, request.login)
            if request.if_match is not None and request.if_match != state.version:
                raise await self.journal.stale(stream, request.if_match, state.version)
            now = self.clock.now()
            roles = directory.roles(request.login, state.community, now)
            relation = await self.relation(directory, request.login, state, now, command, request.occurred_at)
            right = right_of(command.trigger, getattr(command, "outcome", None) if isinstance(command, c.SettleCharge) else None)
            mode = self.allow(right, command.trigger.value, roles, relation)
            self._not_about_oneself(state.complained_of, command.trigger, request.login, roles)
            entry = self.judge_entry(directory, state.community, request, roles, relation, now)
            if state.occurred_at is not None and entry.at < state.occurred_at <= (request.occurred_at or state.occurred_at):
                entry = replace(entry, at=state.occurred_at)  # written by a clock a little ahead of this one
            if mode is Mode.SECOND or entry.long_late:
                return await self._ask(right if mode is Mode.SECOND else Right.LONG_LATE_ENTRY, command, state, entry, request)
            meta = self._meta(directory, state, command, request, entry)
            events = await self.decided(directory, state, command, entry.at, meta)
            try:
                return await self._written(events, state.community, directory, request, stream)
            except VersionConflict:
                continue
        raise Overloaded("others were faster each time; look at the ticket and ask again")

    async def _begin(self, command: c.Receive | BackEntry, request: Request) -> Done | Waiting:
        directory = await self.directory.current(request.registry_version)
        now = self.clock.now()
        community = command.community
        roles = directory.roles(request.login, community, now)
        if not roles:
            raise NotFound("community")
        command, subject = await reported(command, self.journal, directory.day(community, now), self.ids)
        area = command.location.area if command.location else None
        relation = await self._standing(directory, request.login, community, area, now, request.occurred_at)
        if command.channel in (Channel.INSPECTION, Channel.COMPANY):
            relation = replace(relation, holds=relation.holds | {Need.FOR_COMPANY})
        mode = self.allow(Right.RECEIVE, Trigger.RECEIVE.value, roles, relation)
        if isinstance(command, BackEntry):
            named = (*command.complained_of, *command.classified.complained_of)
            self._not_about_oneself(named, Trigger.CLASSIFY, request.login, roles)
        entry = self.judge_entry(directory, community, request, roles, relation, now, always=isinstance(command, BackEntry))
        meta = self._meta(directory, None, command, request, entry)
        events = self.decide_new(directory, command, entry.at, meta, subject)
        if mode is Mode.SECOND or entry.long_late:
            return await self._ask(Right.LONG_LATE_ENTRY, command, None, entry, request, subject)
        return await self._written(events, community, directory, request, events[0].originator_id)

    # --- pieces that approvals share ------------------------------------------------------------------------------

    async def decided(
        self, directory: Directory, state: TicketState, command: c.Command, at: datetime, meta: Meta
    ) -> list[Event]:
        """What follows from a command on a ticket, after checking whom and what it names."""
        community = state.community
        if isinstance(command, c.Dispatch | c.Reassign):
            directory.check_assignee(community, assignee_of(command), ASSIGNABLE, at)
        if isinstance(command, c.Classify | c.JudgeComplaint):
            directory.check_people(community, command.complained_of, "/complained_of", at)
        if isinstance(command, c.Correct) and command.field == "location.area" and command.value is not None:
            self._check_area(directory, community, command.value, "/value")
        tickets: dict[str, UUID] = {}
        ref = command.ticket if isinstance(command, c.LinkTicket) else getattr(command, "duplicate_of", None)
        if ref is not None:
            other = await self._other(ref, community)
            tickets = {ref: other} if other else {}
        circumstances = self._circumstances(directory, community, at, meta, tickets, state.id, state.subject or state.id)
        if isinstance(command, c.CheckItem) and command.defects:
            circumstances = replace(circumstances, household=await self._household(state))
        return decide(state, command, circumstances)

    async def _household(self, state: TicketState) -> dict[str, str]:
        """Where and whom to visit, opened: it is sealed anew for each ticket that is opened for a defect."""
        named = [(name, getattr(state, name)) for name in ("dwelling", "reporter_name", "reporter_phone")]
        texts = [(name, text) for name, text in named if text is not None]
        fields = [(PlainField(state.id, text.version, text.name), text.value) for _, text in texts]
        opened = await self.journal.sealer.open(fields)
        return {name: clear for (name, _), clear in zip(texts, opened, strict=True) if clear is not None}

    def decide_new(
        self, directory: Directory, command: c.Receive | BackEntry, at: datetime, meta: Meta, subject: UUID
    ) -> list[Event]:
        """The events of a new ticket, after checking whom and what the command names."""
        self._check_new(directory, command, at)
        x = self._circumstances(directory, command.community, at, meta, {}, self.ids.new(), subject)
        if isinstance(command, BackEntry):
            return decide_back_entry(steps_of(command, at), x)
        return decide(None, command, x)

    def allow(self, right: Right, command: str, roles: Sequence[Held], relation: Relation) -> Mode:
        """What the table gives, or NotAllowed naming who may."""
        mode = weigh(right, roles, relation)
        if mode in (None, Mode.MASKED):
            raise denied(right, command, roles)
        assert mode is not None
        return mode

    def judge_entry(
        self,
        directory: Directory,
        community: str,
        request: Request,
        roles: Sequence[Held],
        relation: Relation,
        now: datetime,
        *,
        always: bool = False,
    ) -> Entry:
        """Two times: skew is taken as now, the future is refused, lateness needs its right ("Two times" of the model).

        ``always`` marks a back-entry, which needs the right however late it is, and is never a draft written offline.
        """
        terms = directory.policy_of(community).entry
        at = request.occurred_at or now
        if at > now + timedelta(minutes=terms.skew_minutes):
            raise invalid("/occurred_at", f"lies in the future; now is {now.isoformat()}")
        late = now - at
        if late <= timedelta(minutes=terms.late_minutes) and not always:
            return Entry(min(at, now))
        drafted = request.offline and not always and bool(relation.holds & {Need.OWN, Need.ON_DUTY})
        if drafted and late <= timedelta(minutes=terms.offline_minutes):
            return Entry(at, offline_entered=True)
        if late <= timedelta(minutes=terms.long_late_minutes):
            self.allow(Right.LATE_ENTRY, Right.LATE_ENTRY.value, roles, relation)
            return Entry(min(at, now), back_entered=True)
        self.allow(Right.LONG_LATE_ENTRY, Right.LONG_LATE_ENTRY.value, roles, relation)
        return Entry(at, back_entered=True, long_late=True)

    async def relation(
        self,
        directory: Directory,
        login: str,
        state: TicketState,
        now: datetime,
        command: c.Command | None = None,
        occurred_at: datetime | None = None,
        *,
        on_duty: bool | None = None,
    ) -> Relation:
        """How a person stands to a ticket, for a command or for reading.

        ``on_duty`` says whether they hold the community's desk, where this request has read that already.
        """
        area = state.location.area if state.location else None
        relation = await self._standing(directory, login, state.community, area, now, occurred_at, on_duty)
        holds = set(relation.holds)
        if self._owns(directory, login, state):
            holds.add(Need.OWN)
        if isinstance(command, c.LinkTicket):
            holds.add(Need.LINK)
        if isinstance(command, c.Dispatch | c.Reassign):
            assignee = assignee_of(command)
            person = assignee.type is AssigneeType.PERSON
            if person and self._self_or_security(directory, login, state.community, assignee.id, now):
                holds.add(Need.TO_SELF_OR_SECURITY)
        return Relation(frozenset(holds), area)

    async def find(self, ref: str) -> UUID:
        """A ticket's id by id or number; NotFound alike for a wrong form and for none."""
        try:
            return UUID(ref)
        except ValueError:
            if not NUMBER.fullmatch(ref):
                raise NotFound("ticket") from None
            stream = await self.journal.log.stream_of_number(ref)
            if stream is None:
                raise NotFound("ticket") from None
            return stream

    async def read(self, ref: str) -> tuple[Sequence[StoredEvent], TicketState]:
        """A ticket's stream by id or number, in one read, and its newest state; NotFound alike for a wrong form and for none."""
        try:
            stored = await self.journal.log.read_stream(UUID(ref))
        except ValueError:
            stored = await self.journal.log.read_numbered(ref) if NUMBER.fullmatch(ref) else ()
        state = self.journal.newest(stored, TicketState)
        if state is None:
            raise NotFound("ticket")
        return stored, state

    async def load(self, stream: UUID) -> TicketState:
        """The newest state of a ticket, or NotFound."""
        state = await self.journal.load(stream, TicketState)
        if state is None:
            raise NotFound("ticket")
        return state

    async def desk(self, community: str) -> DeskState | None:
        """Who holds a community's desk now."""
        return await self.journal.load(desk_stream(community), DeskState)

    async def legal(
        self, directory: Directory, login: str, state: TicketState, now: datetime, *, on_duty: bool | None = None
    ) -> list[Trigger]:
        """The triggers that table, rules and the authority table allow this person on this ticket now."""
        roles = directory.roles(login, state.community, now)
        relation = await self.relation(directory, login, state, now, on_duty=on_duty)
        anyone = replace(relation, holds=relation.holds | {Need.LINK, Need.TO_SELF_OR_SECURITY})
        setting = self.setting(directory, state.community, now)
        found = []
        for trigger in legal_now(state, setting):
            if login in state.complained_of and trigger is not Trigger.NOTE:
                continue
            if right_of(trigger) is Right.FOLLOW_UP and login in state.workers:
                on_the_spot = state.kind in ON_THE_SPOT_KINDS and state.settled_on_the_spot_by == login
                if trigger is not Trigger.FOLLOW_UP or not on_the_spot:
                    continue
            standing = anyone if trigger in (Trigger.LINK, Trigger.DISPATCH, Trigger.REASSIGN) else relation
            if weigh(right_of(trigger), roles, standing) in (Mode.FULL, Mode.SECOND):
                found.append(trigger)
        return found

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
        """The triggers that would be legal for a person once they had carried out a command that is legal; nothing is written."""
        meta = self._meta(directory, state, command, Request(login, self.ids.new()), Entry(now))
        for event in await self.decided(directory, state, command, max(now, state.occurred_at or now), meta):
            state = apply(state, event)
        return await self.legal(directory, login, state, now, on_duty=on_duty)

    async def carriers(self, directory: Directory, login: str, community: str, now: datetime) -> list[str]:
        """Whom somebody may give a work order to: people who can carry one, as far as the authority table allows."""
        standing = await self._standing(directory, login, community, None, now, None)
        roles = directory.roles(login, community, now)
        found = []
        for other in directory.people:
            near = self._self_or_security(directory, login, community, other, now)
            relation = replace(standing, holds=standing.holds | {Need.TO_SELF_OR_SECURITY}) if near else standing
            able = any(held.role in ASSIGNABLE for held in directory.roles(other, community, now))
            if able and weigh(Right.DISPATCH, roles, relation) in (Mode.FULL, Mode.SECOND):
                found.append(other)
        return found

    def setting(self, directory: Directory, community: str, at: datetime) -> Setting:
        """Moment, time zone and readings of a community."""
        return Setting(at, directory.zone(community), directory.policy_of(community), directory.works_in(community))

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _ticket(self, stream: UUID, directory: Directory, login: str) -> TicketState:
        """The ticket, for somebody with a role in its community; to others there is none."""
        state = await self.load(stream)
        if not directory.roles(login, state.community, self.clock.now()):
            raise NotFound("ticket")
        return state

    async def _other(self, ref: str, community: str) -> UUID | None:
        try:
            other = await self.load(await self.find(ref))
        except NotFound:
            return None
        return other.id if other.community == community else None

    async def holds_desk(self, login: str, community: str) -> bool:
        """Whether a person is on duty at a community's desk now."""
        desk = await self.desk(community)
        return desk is not None and desk.on_duty(login)

    async def _standing(
        self,
        directory: Directory,
        login: str,
        community: str,
        area: str | None,
        now: datetime,
        occurred_at: datetime | None,
        on_duty: bool | None = None,
    ) -> Relation:
        """On duty now; whether it is night follows from the moment it happened."""
        holds: set[Need] = set()
        if await self.holds_desk(login, community) if on_duty is None else on_duty:
            holds.add(Need.ON_DUTY)
        span = period_at(min(occurred_at or now, now), directory.zone(community), directory.policy_of(community).duty)
        if span.period is DutyPeriod.NIGHT:
            holds.add(Need.NIGHT)
        return Relation(frozenset(holds), area)

    @staticmethod
    def _self_or_security(directory: Directory, login: str, community: str, other: str, now: datetime) -> bool:
        return other == login or any(held.role is Role.SECURITY for held in directory.roles(other, community, now))

    def _owns(self, directory: Directory, login: str, state: TicketState) -> bool:
        if state.assignment is None:
            return False
        assignee = state.assignment.assignee
        if assignee.type is AssigneeType.CONTRACTOR:
            return state.assignment.dispatched_by == login
        return login in directory.members(state.community, assignee)

    @staticmethod
    def _not_about_oneself(complained_of: Sequence[str], trigger: Trigger, login: str, roles: Sequence[Held]) -> None:
        if login in complained_of and trigger is not Trigger.NOTE:
            raise about_oneself(trigger, roles)

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

    def _circumstances(
        self,
        directory: Directory,
        community: str,
        at: datetime,
        meta: Meta,
        tickets: dict[str, UUID],
        ticket_id: UUID,
        subject: UUID,
    ) -> Circumstances:
        setting = self.setting(directory, community, at)
        return Circumstances(setting, meta, self.ids, directory.prices_of(community), tickets, ticket_id, subject)

    def _check_new(self, directory: Directory, command: c.Receive | BackEntry, at: datetime) -> None:
        community = command.community
        if command.location and command.location.area is not None:
            self._check_area(directory, community, command.location.area, "/location/area")
        directory.check_people(community, command.complained_of, "/complained_of", at)
        if isinstance(command, BackEntry):
            now = self.clock.now()
            for name in ("classified", "dispatched", "completed"):
                then = getattr(command, name)
                if then is not None and then.occurred_at > now:
                    raise invalid(f"/{name}/occurred_at", f"lies in the future; now is {now.isoformat()}")
            directory.check_assignee(community, assignee_of(command.dispatched), ASSIGNABLE, at)
            directory.check_people(community, command.classified.complained_of, "/classified/complained_of", at)

    @staticmethod
    def _check_area(directory: Directory, community: str, area: str, pointer: str) -> None:
        areas = directory.community(community).areas
        if area not in areas:
            raise invalid(pointer, f"no such area in {community}; areas: {', '.join(areas) or 'none'}")

    async def _written(
        self, events: Sequence[Folded.Event], community: str, directory: Directory, request: Request, stream: UUID
    ) -> Done:
        belonging = Belonging(community, directory.community(community).timezone)
        written = await self.journal.write(events, belonging, command=request.key, answers_with=stream)
        last = written.appended.events[-1]
        version = max(e.originator_version for e in events if e.originator_id == stream)
        state = await self.journal.existing(stream, TicketState)
        if state.version != version:
            state = await self.journal.load_at(stream, version, TicketState)
        opened = [e.originator_id for e in events if e.originator_id != stream and e.originator_version == 1]
        return Done(state, last.position, last.recorded_at, opened)

    async def _ask(
        self,
        right: Right,
        command: c.Command | BackEntry,
        state: TicketState | None,
        entry: Entry,
        request: Request,
        subject: UUID | None = None,
    ) -> Waiting:
        """Write the command down as an approval, sealed, for a second person."""
        directory = await self.directory.current(request.registry_version)
        name = BACK_ENTRY if isinstance(command, BackEntry) else command.trigger.value
        community = state.community if state else command.community  # type: ignore[union-attr]
        location = state.location if state else getattr(command, "location", None)
        return await self.ask_second_person(
            directory,
            right,
            name,
            command,
            community,
            request,
            stream=state.id if state else None,
            subject=subject or (state.subject if state else None),
            offline_entered=entry.offline_entered,
            area=location.area if location else None,
            command_occurred_at=entry.at if request.occurred_at is not None else None,
            command_back_entered=entry.back_entered,
        )

    async def ask_second_person(
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
        """Write an approval down, its command sealed under ``subject`` (None: one of its own).

        ``stream`` is what it is about; ``judged`` is what was judged at the request (see ApprovalRequested).
        """
        now, policy = self.clock.now(), directory.policy_of(community)
        event = occurred(
            Approval.ApprovalRequested,
            self.ids.new(),
            1,
            now,
            Meta(request.login, request.command_id, offline_entered=offline_entered, policy=policy.version),
            community=community,
            right=right.value,
            command=name,
            arguments=Personal(subject or self.ids.new(), command.model_dump_json()),
            expires_at=now + policy.approval_lifetime,
            stream=stream,
            **judged,
        )
        belonging = Belonging(community, directory.community(community).timezone)
        written = await self.journal.write([event], belonging, command=request.key)
        last = written.appended.events[-1]
        return Waiting(fold(written.events), last.position, last.recorded_at)

    async def arguments(self, case: ApprovalCase) -> str | None:
        """The sealed command of an approval; None where its subject was erased."""
        assert case.arguments is not None
        [text] = await self.journal.sealer.open([(PlainField(case.id, 1, "arguments"), case.arguments)])
        return text

    async def answered_waiting(self, record: CommandRecord) -> Waiting:
        """The first answer again, where it was an approval."""
        answer = await self._answered(record)
        if not isinstance(answer, Waiting):
            raise KeyReused(record.key)
        return answer

    async def _answered(self, record: CommandRecord) -> Done | Waiting:
        """The first answer again, derived from the stream at the version the command left it."""
        state = await self.journal.load_at(record.stream_id, record.version, FoldedState)
        if isinstance(state, ApprovalCase):
            return Waiting(state, record.position, record.recorded_at)
        if isinstance(state, TicketState):
            [last] = await self.journal.log.read_stream(
                record.stream_id, after_version=record.version - 1, upto_version=record.version
            )
            event = self.journal.codec.decode(last)
            opened = event.defects if isinstance(event, Ticket.ChecklistItemChecked) else ()
            return Done(state, record.position, record.recorded_at, list(opened))
        raise KeyReused(record.key)


def about_oneself(trigger: Trigger, roles: Sequence[Held]) -> NotAllowed:
    """The refusal of whoever is complained of."""
    held = sorted(one.role.value for one in roles)
    return NotAllowed(trigger.value, held, [Trigger.NOTE.value], "who is complained of may only add a note")


def contractor_of(state: TicketState, command: c.Command) -> str | None:
    """The contractor whose step a command enters: they have no login, so whoever dispatched enters it."""
    if state.assignment is None or isinstance(command, c.SettleCharge) or right_of(command.trigger) is not Right.WORK:
        return None
    assignee = state.assignment.assignee
    return f"contractor:{assignee.id}" if assignee.type is AssigneeType.CONTRACTOR else None
