"""The use cases of a shift: holding the desk (值班) and handing it over (D1 4.1.3, 4.1.4; D5).

A command that changes who answers for the desk appends to the desk's stream and the shift's in one commit, and expects the
version of both. Two people therefore cannot hold the desk, even if both read it as empty. Preparing and signing a sheet also
require that the list of unfinished tickets has not changed since it was read; the store checks this inside the append.

Long because each command of a shift is one method, and all share one way of deciding and writing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.duty import rules
from domain.duty.handover_sheet import Difference, Equipment, Sheet, difference
from domain.duty.lifecycle import LIFECYCLE, step
from domain.duty.open_list import OpenList
from domain.duty.roster import RosterState, Slot, month_of, roster_stream
from domain.duty.shift import Shift, ShiftState
from domain.kernel.aggregate import Folded, FoldedState, Meta, occurred
from domain.kernel.errors import Conflict, KeyReused, NotFound, Refusal, invalid
from domain.kernel.journal import LostRace, decide_again
from domain.kernel.ports import CommandRecord, ConditionFailed, OpenListUnchanged
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.terms import Condition, DutyLog, DutyPeriod, Role, ShiftTrigger, Trigger
from domain.people.authority import Held, Need, Relation, Right, denied
from domain.people.directory import Directory
from domain.people.office import Office
from domain.people.post import Desk, DeskState, desk_stream
from domain.people.two_times import judge_entry
from domain.rules.duty_calendar import period_at, utc
from domain.service_desk.deciding import Deciding
from domain.service_desk.openings import check_person
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets


@dataclass(frozen=True, slots=True)
class ShiftDone:
    """The shift after a command, with the position and recording time of its last event."""

    state: ShiftState
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """The facts on which a command on a shift is decided."""

    directory: Directory
    shift: ShiftState
    desk: DeskState
    roles: Sequence[Held]
    at: datetime
    meta: Meta

    def on_shift(self, event: type[Shift.Event], **data: Any) -> Folded.Event:
        """Make the shift's next event."""
        return occurred(event, self.shift.id, self.shift.version + 1, self.at, self.meta, **data)

    def on_desk(self, event: type[Desk.Event], shift: UUID, **data: Any) -> Folded.Event:
        """Make the desk's next event."""
        community = self.shift.community
        return occurred(event, self.desk.id, self.desk.version + 1, self.at, self.meta, community=community, shift=shift, **data)


@dataclass(frozen=True, slots=True)
class Decided:
    """A command's events. ``sheet`` must be current when they are appended; ``position`` is where its list was read."""

    events: Sequence[Folded.Event]
    position: int | None = None
    sheet: Sheet | None = None


Decide = Callable[[Scene], Awaitable[Decided]]


class DutyDesk:
    """Carries out commands on shifts."""

    def __init__(self, office: Office, open_list: OpenList) -> None:
        self._journal, self._directory, self._clock, self._ids = office.journal, office.directory, office.clock, office.ids
        self._deciding, self._tickets = Deciding(office), Tickets(office.journal)
        self.open_list = open_list

    # --- holding the desk -----------------------------------------------------------------------------------------

    async def open(self, community: str, request: Request) -> ShiftDone:
        """上岗: take the desk while nobody holds it, which is also the arrival. Raises Conflict, naming the holder."""
        return await self._journal.once(request.key, lambda: self._open(community, request), self._answered)

    async def _open(self, community: str, request: Request) -> ShiftDone:
        directory = await self._directory.current(request.registry_version)

        async def attempt() -> ShiftDone:
            now = self._clock.now()
            roles = directory.roles(request.login, community, now)
            if not roles:
                raise NotFound("community")
            if not rules.may_open(roles):
                raise denied(Right.SHIFT, ShiftTrigger.OPEN.value, roles)
            desk = await self._journal.load(desk_stream(community), DeskState) or DeskState(desk_stream(community), 0, community)
            if desk.shift is not None:
                raise Conflict("shift", f"{desk.shift.officer} holds the desk", {"officer": desk.shift.officer})
            at = max(now, desk.changed_at or now)
            last = await self._journal.load(desk.last, ShiftState) if desk.last else None
            meta = Meta(request.login, request.command_id, policy=directory.policy_of(community).version)
            opened = await self._taken(directory, community, roles, at, meta, utc(now), last)
            taken = occurred(
                Desk.ShiftOpened, desk.id, desk.version + 1, at, meta,
                community=community, shift=opened.originator_id, officer=request.login, period=opened.period,
            )  # fmt: skip
            return await self._written([opened, taken], directory, community, request, opened.originator_id)

        return await decide_again(attempt)

    async def extend(self, shift: UUID, request: Request) -> ShiftDone:
        """连班: keep the desk for the adjoining period without a handover, one period at a time.

        It is never refused for whose period it is, or for how long the officer has been there: then it is cover (顶班) for the
        person due.
        """

        async def decide(x: Scene) -> Decided:
            assert x.shift.until is not None
            zone, policy = x.directory.zone(x.shift.community), x.directory.policy_of(x.shift.community)
            span = period_at(max(x.shift.until, x.at), zone, policy.duty)
            roles = x.directory.roles(x.shift.officer, x.shift.community, x.at)
            cover, absent = rules.is_cover(x.shift, roles, span, x.directory), None
            if cover:
                slot = Slot(span.start.date(), span.period)
                roster = await self._journal.load(roster_stream(x.shift.community, month_of(slot.date)), RosterState)
                due = roster.due(slot) if roster else None
                absent = due if due != x.shift.officer else None
            said = {"period": span.period, "until": utc(span.end), "cover": cover, "absent": absent}
            return Decided([x.on_shift(Shift.ShiftExtended, **said)])

        return await self._do(shift, ShiftTrigger.EXTEND, request, decide)

    async def log(self, shift: UUID, text: str, ticket: str | None, request: Request) -> ShiftDone:
        """Write a line of the duty log, possibly about a ticket. Late and offline lines follow the rules of the two times."""

        async def decide(x: Scene) -> Decided:
            community = x.shift.community
            pointed = await self._pointed(ticket, community) if ticket is not None else None
            subject = (pointed and pointed.subject) or self._ids.new()
            relation = Relation(frozenset({Need.OWN, Need.ON_DUTY}))
            entry = judge_entry(x.directory, community, request, x.roles, relation, self._clock.now())
            if entry.long_late:
                longest = x.directory.policy_of(community).entry.long_late_minutes
                raise invalid("/occurred_at", f"a line of the duty log must be written within {longest} minutes")
            if x.shift.opened_at is not None and entry.at < x.shift.opened_at:
                raise invalid("/occurred_at", f"must not be before the shift, which began at {x.shift.opened_at.isoformat()}")
            meta = replace(x.meta, back_entered=entry.back_entered, offline_entered=entry.offline_entered)
            span = period_at(entry.at, x.directory.zone(community), x.directory.policy_of(community).duty)
            log = DutyLog.NIGHT_LOG if span.period is DutyPeriod.NIGHT else DutyLog.WORK_JOURNAL
            scene = replace(x, at=entry.at, meta=meta)
            line = scene.on_shift(Shift.LineLogged, log=log, text=Personal(subject, text), ticket=pointed and pointed.id)
            return Decided([line])

        return await self._do(shift, ShiftTrigger.LOG, request, decide)

    async def substitute(self, shift: UUID, stand_in: str | None, request: Request, named: str | None = None) -> ShiftDone:
        """代值: the officer leaves for an emergency, which is recorded at once and never refused (D5 六).

        The stand-in is security or may hold the desk, or is ``named``: a post or a person without a login. Their confirmation
        follows; the supervisor is reminded where it is missing.
        """

        async def decide(x: Scene) -> Decided:
            if stand_in is not None:
                able = any(held.role in rules.STAND_INS for held in x.directory.roles(stand_in, x.shift.community, x.at))
                if stand_in in (x.shift.officer, x.shift.phone_with) or not able:
                    detail = "must be another person of this community: security, or one who may hold the desk"
                    raise invalid("/stand_in", detail)
            text = Personal(self._ids.new(), named) if named is not None else None
            both = [
                x.on_shift(Shift.OfficerSubstituted, stand_in=stand_in, named=text, awaits=True),
                x.on_desk(Desk.OfficerSubstituted, x.shift.id, stand_in=stand_in),
            ]
            return Decided(both)

        return await self._do(shift, ShiftTrigger.SUBSTITUTE, request, decide)

    async def confirm_stand_in(self, shift: UUID, request: Request) -> ShiftDone:
        """确认代值: the stand-in is at the desk."""

        async def decide(x: Scene) -> Decided:
            return Decided([x.on_shift(Shift.StandInConfirmed)])

        return await self._do(shift, ShiftTrigger.CONFIRM_STAND_IN, request, decide)

    async def return_to_post(self, shift: UUID, request: Request) -> ShiftDone:
        """返岗: the officer returns to the desk."""

        async def decide(x: Scene) -> Decided:
            return Decided([x.on_shift(Shift.OfficerReturned), x.on_desk(Desk.OfficerReturned, x.shift.id)])

        return await self._do(shift, ShiftTrigger.RETURN_TO_POST, request, decide)

    async def switch_phone(self, shift: UUID, answered_by: str | None, request: Request) -> ShiftDone:
        """电话切换: calls go to a person in the control room, who acts as officer meanwhile; None brings them back (D1 4.1.3)."""

        async def decide(x: Scene) -> Decided:
            if answered_by == x.shift.phone_with:
                where = f"with {answered_by}" if answered_by else "at the desk"
                raise rules.refused(
                    x.shift, ShiftTrigger.SWITCH_PHONE, "phone_switched", "D1 4.1.3", f"the phone is already {where}"
                )
            if answered_by is not None:
                roles = x.directory.roles(answered_by, x.shift.community, x.at)
                if answered_by == x.shift.officer or not any(held.role is Role.CONTROL_ROOM for held in roles):
                    raise invalid("/answered_by", "must be another person of the control room")
            both = [
                x.on_shift(Shift.PhoneSwitched, answered_by=answered_by),
                x.on_desk(Desk.PhoneSwitched, x.shift.id, answered_by=answered_by),
            ]
            return Decided(both)

        return await self._do(shift, ShiftTrigger.SWITCH_PHONE, request, decide)

    async def take_over(self, shift: UUID, reason: str, request: Request) -> ShiftDone:
        """主管接管: a supervisor or director ends the shift. The desk is empty until somebody opens; the gap is recorded."""

        async def decide(x: Scene) -> Decided:
            text = Personal(self._ids.new(), reason)
            return Decided(
                [x.on_shift(Shift.ShiftTakenOver, reason=text), x.on_desk(Desk.ShiftTakenOver, x.shift.id, names_due=True)]
            )

        return await self._do(shift, ShiftTrigger.TAKE_OVER, request, decide)

    # --- handing over ---------------------------------------------------------------------------------------------

    async def arrive(
        self, shift: UUID, request: Request, officer: str | None = None, arrived_at: datetime | None = None
    ) -> ShiftDone:
        """到岗签到: an incoming officer is here, by the server's time; the outgoing officer may enter an earlier one (D5 八)."""

        async def decide(x: Scene) -> Decided:
            who = officer or request.login
            arrived = rules.arrival(x.directory, x.shift, request.login, who, arrived_at, self._clock.now())
            said = {"officer": who, "arrived_at": arrived}
            return Decided([x.on_shift(Shift.OfficerArrived, **said), x.on_desk(Desk.OfficerArrived, x.shift.id, **said)])

        return await self._do(shift, ShiftTrigger.ARRIVE, request, decide)

    async def prepare_handover(
        self,
        shift: UUID,
        request: Request,
        *,
        equipment: dict[str, Condition] | None = None,
        rest_good: bool = False,
        records: Sequence[str] = (),
        remarks: str | None = None,
    ) -> ShiftDone:
        """工作移交表: prepare the sheet. The unfinished tickets come from the log, so none can be left out.

        Equipment of which nothing is stated is good if the officer says so in one (``rest_good``, 其余逐项核对无异常), else not
        checked. A new sheet replaces the last.
        """

        async def decide(x: Scene) -> Decided:
            terms = x.directory.policy_of(x.shift.community).handover
            things = terms.equipment(x.shift.post)
            stated = equipment or {}
            rest = Condition.GOOD if rest_good else Condition.NOT_CHECKED
            for item in stated:
                if item not in things:
                    raise invalid(f"/equipment/{item}", f"this post has no such equipment; its list: {', '.join(things)}")
            for i, record in enumerate(records):
                if record not in terms.records:
                    raise invalid(f"/records/{i}", f"no such record; records: {', '.join(terms.records)}")
            unfinished = await self.open_list.read(x.shift.community, x.at)
            prepared = x.on_shift(
                Shift.HandoverPrepared,
                position=unfinished.position,
                tickets=unfinished.tickets,
                equipment=tuple(Equipment(item, stated.get(item, rest)) for item in things),
                records=tuple(dict.fromkeys(records)),
                remarks=Personal(self._ids.new(), remarks) if remarks is not None else None,
            )
            return Decided([prepared], unfinished.position)

        return await self._do(shift, ShiftTrigger.PREPARE_HANDOVER, request, decide)

    async def sign_out(self, shift: UUID, request: Request, seen: str | None = None) -> ShiftDone:
        """交班签名: the outgoing officer signs; ``seen`` is the hash of the sheet they read."""

        async def decide(x: Scene) -> Decided:
            sheet = rules.sheet_seen(x.shift, seen)
            return Decided([x.on_shift(Shift.SignedOut, hash=sheet.hash)], sheet.position, sheet)

        return await self._do(shift, ShiftTrigger.SIGN_OUT, request, decide)

    async def sign_in(self, shift: UUID, request: Request, seen: str | None = None) -> ShiftDone:
        """接班签名: another officer signs, and their shift opens in the commit (``state.next_shift``), so the desk has no gap.

        Who has not signed in on arrival arrives now.
        """

        async def decide(x: Scene) -> Decided:
            sheet = rules.sheet_seen(x.shift, seen)
            known = x.shift.arrival(request.login)
            arrived = known.at if known is not None else utc(self._clock.now())
            community, meta = x.shift.community, x.meta
            opened = await self._taken(x.directory, community, x.roles, x.at, meta, arrived, x.shift)
            new = opened.originator_id
            signed = x.on_shift(Shift.SignedIn, hash=sheet.hash, next_shift=new)
            held = x.on_desk(Desk.ShiftHandedOver, new, officer=request.login, period=opened.period, follows=x.shift.id)
            return Decided([signed, held, opened], sheet.position, sheet)

        return await self._do(shift, ShiftTrigger.SIGN_IN, request, decide)

    async def dispute(self, shift: UUID, reason: str, request: Request, seen: str | None = None) -> ShiftDone:
        """移交异议: the incoming officer rejects the sheet. The shift is on duty again and needs another sheet."""

        async def decide(x: Scene) -> Decided:
            sheet = rules.sheet_seen(x.shift, seen)
            text = Personal(self._ids.new(), reason)
            return Decided([x.on_shift(Shift.HandoverDisputed, hash=sheet.hash, reason=text)])

        return await self._do(shift, ShiftTrigger.DISPUTE, request, decide)

    # --- afterwards -----------------------------------------------------------------------------------------------

    async def review(
        self,
        shift: UUID,
        request: Request,
        *,
        read_upto: int | None = None,
        remarks: str | None = None,
        urge: Sequence[str] = (),
        message: str | None = None,
    ) -> ShiftDone:
        """主管查阅: confirm having read the shift's record up to a log position, and urge tickets with it (D1 4.1.4)."""

        async def decide(x: Scene) -> Decided:
            head = (await self._journal.log.head()).position
            if read_upto is not None and read_upto > head:
                raise invalid("/read_upto", f"the log ends at {head}")
            events: list[Folded.Event] = []
            urged: list[UUID] = []
            for i, ref in enumerate(dict.fromkeys(urge)):
                ticket = await self._pointed(ref, x.shift.community, f"/urge/{i}")
                check_person(ticket, Trigger.URGE, request.login, x.roles)
                at = max(x.at, ticket.occurred_at or x.at)
                events += await self._deciding.on(x.directory, ticket, c.Urge(message=message), at, x.meta)
                urged.append(ticket.id)
            text = Personal(self._ids.new(), remarks) if remarks is not None else None
            upto = head if read_upto is None else read_upto
            read = x.on_shift(Shift.ShiftReviewed, read_upto=upto, urged=tuple(urged), remarks=text)
            return Decided([read, *events])

        return await self._do(shift, ShiftTrigger.REVIEW, request, decide)

    # --- reading --------------------------------------------------------------------------------------------------

    async def holder(self, community: str, login: str, *, directory: Directory | None = None) -> DeskState | None:
        """Who holds the desk. Raises NotFound for people outside the community.

        ``directory`` is the one by which the request was authenticated; without it the newest is read.
        """
        directory = directory or await self._directory.current()
        if not directory.roles(login, community, self._clock.now()):
            raise NotFound("community")
        return await self._journal.load(desk_stream(community), DeskState)

    async def since(self, shift: ShiftState) -> Difference | None:
        """How the unfinished tickets changed after a shift's sheet was prepared; None if it is current, or there is none."""
        if shift.sheet is None:
            return None
        now = await self.open_list.read(shift.community, self._clock.now())
        return difference(shift.sheet.tickets, now.tickets) or None

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _taken(
        self,
        directory: Directory,
        community: str,
        roles: Sequence[Held],
        at: datetime,
        meta: Meta,
        arrived: datetime,
        last: ShiftState | None,
    ) -> Shift.ShiftOpened:
        """The opening event of the next officer's shift, late or not by the roster and the shifts before."""
        follows = last.id if last else None
        span = rules.span_taken(directory, community, at)
        slot = Slot(span.start.date(), span.period)
        roster = await self._journal.load(roster_stream(community, month_of(slot.date)), RosterState)
        before: list[str] = []
        while last is not None and last.until is not None and last.until > utc(span.start):
            before.append(last.officer)
            last = await self._journal.load(last.follows, ShiftState) if last.follows else None
        due = roster.due(slot) if roster else None
        late = rules.late_minutes(directory, community, meta.actor, due, span, arrived, before)
        return rules.opened(directory, community, self._ids.new(), roles, span, at, meta, arrived, late, follows)

    async def _do(self, shift: UUID, trigger: ShiftTrigger, request: Request, decide: Decide) -> ShiftDone:
        """Carry out a command on a shift once per idempotency key."""
        return await self._journal.once(request.key, lambda: self._decided(shift, trigger, request, decide), self._answered)

    async def _decided(self, shift: UUID, trigger: ShiftTrigger, request: Request, decide: Decide) -> ShiftDone:
        directory = await self._directory.current(request.registry_version)

        async def attempt() -> ShiftDone:
            state = await self._journal.load(shift, ShiftState)
            now = self._clock.now()
            if state is None:
                raise NotFound("shift")
            roles = directory.roles(request.login, state.community, now)
            if not roles:
                raise NotFound("shift")
            if request.if_match is not None and request.if_match != state.version:
                raise await self._journal.stale(shift, request.if_match, state.version)
            barred = rules.barred(state, trigger, request.login, roles)
            if barred is not None:
                raise barred
            at = rules.moment_of(directory, state, trigger, request, now)
            step(state.status, trigger)
            rules.hindered(state, trigger, directory, at)
            desk = await self._journal.existing(desk_stream(state.community), DeskState)
            meta = Meta(request.login, request.command_id, policy=directory.policy_of(state.community).version)
            decided = await decide(Scene(directory, state, desk, roles, at, meta))
            LIFECYCLE.agreed(state.status, trigger, state.id, decided.events)
            conditions = () if decided.position is None else (OpenListUnchanged(state.community, decided.position),)
            try:
                return await self._written(decided.events, directory, state.community, request, shift, conditions)
            except ConditionFailed:
                if decided.sheet is None:
                    raise LostRace from None  # the list that a new sheet was made from changed meanwhile
                raise await self._stale(state, decided.sheet, trigger, at) from None

        return await decide_again(attempt)

    async def _pointed(self, ref: str, community: str, pointer: str = "/ticket") -> TicketState:
        """A ticket of this community. Raises one InvalidInput whether it belongs to another community or does not exist."""
        ticket = await self._tickets.of_community(ref, community)
        if ticket is None:
            raise invalid(pointer, "no such ticket in this community")
        return ticket

    async def _stale(self, shift: ShiftState, sheet: Sheet, trigger: ShiftTrigger, at: datetime) -> Refusal:
        now = await self.open_list.read(shift.community, at)
        return rules.stale(shift, sheet, difference(sheet.tickets, now.tickets), trigger)

    async def _written(
        self,
        events: Sequence[Folded.Event],
        directory: Directory,
        community: str,
        request: Request,
        shift: UUID,
        conditions: Sequence[OpenListUnchanged] = (),
    ) -> ShiftDone:
        belonging = directory.belonging(community)
        written = await self._journal.write(events, belonging, command=request.key, conditions=conditions, answers_with=shift)
        last = written.appended.events[-1]
        version = max(event.originator_version for event in events if event.originator_id == shift)
        state = await self._journal.existing(shift, ShiftState)
        if state.version != version:
            state = await self._journal.load_at(shift, version, ShiftState)
        return ShiftDone(state, last.position, last.recorded_at)

    async def _answered(self, record: CommandRecord) -> ShiftDone:
        """The answer to a command sent before: the shift at the version that the command left."""
        state = await self._journal.load_at(record.stream_id, record.version, FoldedState)
        if not isinstance(state, ShiftState):
            raise KeyReused(record.key)
        return ShiftDone(state, record.position, record.recorded_at)
