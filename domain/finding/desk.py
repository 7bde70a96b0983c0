"""The use cases of findings (考评事项): record, confirm or waive, contest, uphold or revoke (D2).

Nobody decides on a finding they recorded or that is about them. A confirmed finding has passed the rule book of its month. When a
finding begins or ceases to count, the commit that decides it also enters it in the appraisal book, and therefore cannot miss a
month that closes meanwhile: a finding of a closed month is charged in the next open one, and a finding charged in a closed month
cannot be revoked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.approval.aggregate import ApprovalCase
from domain.approval.asking import Asking
from domain.approval.command import TwoPersonCommand
from domain.approval.waiting import Waiting
from domain.duty.shift import ShiftState
from domain.finding import commands as c
from domain.finding.concern import RULES, Concerned, charges, person_of
from domain.finding.events import COMPLETED, DecidedPoints, Finding, FindingState, as_fact
from domain.finding.lifecycle import LIFECYCLE, legal, step
from domain.kernel.aggregate import Folded, FoldedState, Meta, occurred
from domain.kernel.errors import KeyReused, NotAllowed, NotFound, Refusal, RuleRefused, invalid
from domain.kernel.journal import decide_again
from domain.kernel.periods import Month, Period
from domain.kernel.ports import CommandRecord
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.terms import FindingTrigger, Role, WaiveReason
from domain.people.authority import Held, Mode, Need, Relation, Right, allow, denied
from domain.people.directory import Directory
from domain.people.office import Office
from domain.people.person_rules import conflict
from domain.rules.scorecard import Item, RuleBook
from domain.tally.finding_rules import checked, decided_by_hand, waive_reasons
from domain.tally.months_closed import AppraisalBook, BookState, book_stream
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets

RIGHTS = {
    FindingTrigger.RECORD: Right.RECORD_FINDING,
    FindingTrigger.CONFIRM: Right.DECIDE_FINDING,
    FindingTrigger.WAIVE: Right.DECIDE_FINDING,
    FindingTrigger.CONTEST: Right.CONTEST_FINDING,
    FindingTrigger.UPHOLD: Right.REVIEW_FINDING,
    FindingTrigger.REVOKE: Right.REVIEW_FINDING,
}
"""The authority row of each trigger; :func:`right_of` knows the exception for bonus items."""


def right_of(trigger: FindingTrigger, item: Item | None) -> Right:
    """The authority row for a trigger on a finding of an item. A bonus is confirmed by the row of bonus points."""
    bonus = trigger is FindingTrigger.CONFIRM and item is not None and item.is_bonus
    return Right.REVIEW_FINDING if bonus else RIGHTS[trigger]


TWO_PEOPLE = (FindingTrigger.CONFIRM, FindingTrigger.UPHOLD, FindingTrigger.REVOKE)
"""Triggers that may need a second person; of confirmations only those of a bonus do."""


@dataclass(frozen=True, slots=True)
class FindingDone:
    """The finding after a command, with the position and recording time of its last event."""

    state: FindingState
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """The facts on which a command on a finding is decided; ``rules`` is the rule book of the finding's month."""

    directory: Directory
    finding: FindingState
    book: BookState
    rules: RuleBook
    roles: Sequence[Held]
    at: datetime
    meta: Meta

    @property
    def item(self) -> Item | None:
        """The finding's item; None if the rule book has no such item."""
        return self.rules.items.get(self.finding.item)

    def event(self, kind: type[Finding.Event], **data: Any) -> Folded.Event:
        """Make the finding's next event."""
        finding = self.finding
        return occurred(kind, finding.id, finding.version + 1, self.at, self.meta, community=finding.community, **data)

    def entry(self, kind: type[AppraisalBook.Event], month: str) -> Folded.Event:
        """Make the appraisal book's next entry about the finding."""
        data = {"community": self.finding.community, "month": month, "finding": self.finding.id}
        return occurred(kind, self.book.id, self.book.version + 1, self.at, self.meta, **data)


def command_name(trigger: FindingTrigger) -> str:
    """The command's name in approvals."""
    return f"{trigger.value}_finding"


def completed_by(finding: FindingState) -> Sequence[str]:
    """The fields that a confirmation may complete.

    The system proposes a finding without knowing any of COMPLETED, so the person who confirms it may add them all. Somebody who
    recorded a finding by hand has given them already, except the points, which those who confirm it decide.
    """
    return COMPLETED if finding.recorded_by is None else ("points",)


def refused_to_person(
    directory: Directory, finding: FindingState, trigger: FindingTrigger, login: str, roles: Sequence[Held]
) -> Refusal | None:
    """The refusal for someone who recorded the finding or whom it is about, whatever their roles; None for others."""
    rule = conflict(RULES, Concerned(directory, finding), trigger, login)
    if rule is None:
        return None
    refusal = denied(RIGHTS[trigger], command_name(trigger), roles)
    return rule.refusal(refusal.command, refusal.roles, refusal.allowed_to)


class FindingDesk(TwoPersonCommand):
    """Carries out commands on findings."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._journal = office.journal
        self._asking = Asking(office)
        self._tickets = Tickets(office.journal)

    # --- commands -------------------------------------------------------------------------------------------------

    async def record(self, command: c.RecordFinding, request: Request) -> FindingDone:
        """记录: record a finding with its evidence."""
        return await self._journal.once(request.key, lambda: self._record(command, request), self._recorded)

    async def act(self, finding: UUID, command: c.FindingCommand, request: Request) -> FindingDone | Waiting:
        """Take one trigger on a finding. Raises a Refusal and writes nothing if it is not allowed, legal, valid or current."""
        return await self._journal.once(request.key, lambda: self._act(finding, command, request), self._answered)

    # --- what approvals carry out (domain.approval.command.TwoPersonCommand) ------------------------------------------------

    def second_person(self, directory: Directory, case: ApprovalCase, about: FoldedState | None, login: str) -> None:
        """Refuse an approver who recorded the finding or whom it is about."""
        assert isinstance(about, FindingState)
        command = c.COMMANDS[_trigger_of(case)]
        _not_about_oneself(
            directory, about, command.trigger, login, directory.roles(login, case.community, self._office.clock.now())
        )

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Folded.Event]:
        """The events of an approved command."""
        assert case.stream is not None
        command = c.COMMANDS[_trigger_of(case)].model_validate_json(text)
        scene = await self._scene(directory, case.stream, meta.actor, now, meta)
        return self._decided(scene, command)

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _record(self, command: c.RecordFinding, request: Request) -> FindingDone:
        office = self._office
        directory = await office.directory.current(request.registry_version)
        community, now = command.community, office.clock.now()
        roles = directory.roles(request.login, community, now)
        if not roles:
            raise NotFound("community")
        allow(Right.RECORD_FINDING, command_name(command.trigger), roles, Relation())
        if command.date > directory.day(community, now):
            raise invalid("/date", "must not be in the future")
        areas = directory.community(community).areas
        if command.area is not None and command.area not in areas:
            raise invalid("/area", f"no such area in {community}; areas: {', '.join(areas) or 'none'}")
        tickets = await self._named(command, community)
        await self._shifts(command, community)
        files = {attachment.name for ticket in tickets for attachment in ticket.attachments}
        for i, name in enumerate(command.attachments):
            if name not in files:
                raise invalid(f"/attachments/{i}", "none of the tickets has this attachment")
        rules = directory.law_of(community).of(Month.of(command.date))
        subject = next((ticket.subject for ticket in tickets if ticket.subject), None) or office.ids.new()
        recorded = occurred(
            Finding.FindingRecorded, office.ids.new(), 1, now,
            Meta(request.login, request.command_id, policy=directory.policy_of(community).version),
            **command.model_dump(include=set(_AS_SAID)),
            day=command.date,
            rule_book=rules.version,
            points=_points(command.points),
            tickets=tuple(dict.fromkeys(ticket.id for ticket in tickets)),
            note=Personal(subject, command.note) if command.note is not None else None,
        )  # fmt: skip
        state: FindingState = recorded.evolve(FindingState(recorded.originator_id, 1))
        self._check_parties(directory, state)
        checked(rules, as_fact(state), undecided=True)
        item = rules.items[state.item]
        if command.points is not None and not item.is_bonus:
            _appraiser_gives_points(item, roles, command.trigger)
        return await self._written([recorded], directory, state, request)

    async def _act(self, finding: UUID, command: c.FindingCommand, request: Request) -> FindingDone | Waiting:
        directory = await self._office.directory.current(request.registry_version)
        return await decide_again(lambda: self._taken(directory, finding, command, request))

    async def _taken(
        self, directory: Directory, finding: UUID, command: c.FindingCommand, request: Request
    ) -> FindingDone | Waiting:
        """Try once to take a trigger on the newest state."""
        now = self._office.clock.now()
        scene = await self._scene(directory, finding, request.login, now, Meta(request.login, request.command_id))
        state, trigger = scene.finding, command.trigger
        if not scene.roles:
            raise NotFound("finding")
        if request.if_match is not None and request.if_match != state.version:
            raise await self._journal.stale(finding, request.if_match, state.version)
        right = right_of(trigger, scene.item)
        own = trigger is FindingTrigger.CONTEST and charges(directory, state, request.login)
        relation = Relation(frozenset({Need.ABOUT_SELF} if own else ()), state.area)
        mode = allow(right, command_name(trigger), scene.roles, relation)
        _not_about_oneself(directory, state, trigger, request.login, scene.roles)
        events = self._decided(scene, command)
        if mode is Mode.SECOND:
            subject = state.note.value.subject if state.note else self._office.ids.new()
            return await self._asking.ask(
                directory, right, command_name(trigger), command, state.community, request,
                stream=state.id, subject=subject, area=state.area,
            )  # fmt: skip
        return await self._written(events, directory, state, request)

    def _decided(self, x: Scene, command: c.FindingCommand) -> list[Folded.Event]:
        step(x.finding.status, command.trigger)
        return LIFECYCLE.agreed(x.finding.status, command.trigger, x.finding.id, self._events(x, command))

    def _events(self, x: Scene, command: c.FindingCommand) -> list[Folded.Event]:
        match command:
            case c.ConfirmFinding():
                return self._confirm(x, command)
            case c.WaiveFinding():
                return self._waive(x, command)
            case c.ContestFinding():
                return [x.event(Finding.FindingContested, grounds=self._text(x, command.reason))]
            case c.UpholdFinding():
                return [x.event(Finding.FindingUpheld, reason=self._text(x, command.reason))]
            case c.RevokeFinding():
                return self._revoke(x, command)
        raise TypeError(f"{type(command).__name__} is not decided here")

    def _confirm(self, x: Scene, command: c.ConfirmFinding) -> list[Folded.Event]:
        """Confirm a finding that, as completed, satisfies the rule book and is not about the people who confirm it."""
        said = {name: value for name in COMPLETED if (value := getattr(command, name)) is not None}
        for name in said:
            if name not in completed_by(x.finding):
                raise invalid(f"/{name}", "was recorded by hand; waive the finding and record it again")
        if command.points is not None:
            said["points"] = _points(command.points)
            if x.item is not None and not x.item.is_bonus and decided_by_hand(x.item):
                _appraiser_gives_points(x.item, x.roles, command.trigger)
        whole = x.finding.with_(**said)
        if "parties" in said:
            self._check_parties(x.directory, whole)
            for login in (x.meta.actor, x.meta.second_person):
                if login is not None:
                    _not_about_oneself(x.directory, whole, command.trigger, login, x.roles)
        fact = as_fact(whole)
        checked(x.rules, fact)
        booked = x.book.booked_in(fact.month)
        month = str(booked or fact.month)
        confirmed = x.event(
            Finding.FindingConfirmed, rule_book=x.rules.version, booked_month=str(booked) if booked else None, **said
        )
        return [confirmed, x.entry(AppraisalBook.FindingEntered, month)]

    def _waive(self, x: Scene, command: c.WaiveFinding) -> list[Folded.Event]:
        if command.reason not in waive_reasons(x.item):
            able = ", ".join(code for code, item in x.rules.items.items() if item.self_handled) or "none"
            raise invalid(
                "/reason",
                f"{command.reason} is a reason only for items that except what the office handled itself; such items: {able}",
            )
        if command.reason is WaiveReason.OTHER and command.note is None:
            raise invalid("/note", "give the reason in a note")
        note = self._text(x, command.note) if command.note is not None else None
        return [x.event(Finding.FindingWaived, reason=command.reason, note=note)]

    def _revoke(self, x: Scene, command: c.RevokeFinding) -> list[Folded.Event]:
        month = x.finding.charged_month
        if x.book.is_closed(month):
            detail = f"{month} is closed; a finding charged in a closed month cannot be revoked"
            now = [trigger.value for trigger in legal(x.finding.status)]
            raise RuleRefused("month_open", "D2 五", detail, x.finding.status.value, command.trigger.value, now)
        revoked = x.event(Finding.FindingRevoked, reason=self._text(x, command.reason))
        return [revoked, x.entry(AppraisalBook.FindingStruck, month)]

    def _text(self, x: Scene, text: str) -> Personal:
        """Seal a text under the subject of the finding's note, or under a new subject."""
        return Personal(x.finding.note.value.subject if x.finding.note else self._office.ids.new(), text)

    @staticmethod
    def _check_parties(directory: Directory, finding: FindingState) -> None:
        """Refuse a party who held no post in the community on the finding's day."""
        for i, login in enumerate(finding.parties):
            person = person_of(directory, finding.community, login)
            if person is None or finding.day is None or person.post_on(finding.day) is None:
                raise invalid(f"/parties/{i}", "no one with that login held a post in this community on that day")

    async def _named(self, command: c.RecordFinding, community: str) -> list[TicketState]:
        """Load the tickets that a finding names."""
        found = []
        for i, ref in enumerate(command.tickets):
            ticket = await self._tickets.of_community(ref, community)
            if ticket is None:
                raise invalid(f"/tickets/{i}", "no such ticket in this community")
            found.append(ticket)
        return found

    async def _shifts(self, command: c.RecordFinding, community: str) -> None:
        for i, shift in enumerate(command.shifts):
            state = await self._journal.load(shift, ShiftState)
            if state is None or state.community != community:
                raise invalid(f"/shifts/{i}", "no such shift in this community")

    async def _load(self, finding: UUID) -> FindingState:
        state = await self._journal.load(finding, FindingState)
        if state is None:
            raise NotFound("finding")
        return state

    async def _scene(self, directory: Directory, finding: UUID, login: str, now: datetime, meta: Meta) -> Scene:
        state = await self._load(finding)
        community = state.community
        book = await self._journal.load(book_stream(community), BookState) or BookState(book_stream(community), 0, community)
        roles = directory.roles(login, community, now)
        rules = directory.law_of(community).of(Period.parse(state.month).last)
        return Scene(directory, state, book, rules, roles, max(now, state.occurred_at or now), meta)

    async def _written(
        self, events: Sequence[Folded.Event], directory: Directory, finding: FindingState, request: Request
    ) -> FindingDone:
        belonging = directory.belonging(finding.community)
        written = await self._journal.write(events, belonging, command=request.key, answers_with=finding.id)
        last = written.appended.events[-1]
        decided = await self._journal.load_at(finding.id, events[0].originator_version, FindingState)
        return FindingDone(decided, last.position, last.recorded_at)

    async def _recorded(self, record: CommandRecord) -> FindingDone:
        answer = await self._answered(record)
        if isinstance(answer, Waiting):
            raise KeyReused(record.key)
        return answer

    async def _answered(self, record: CommandRecord) -> FindingDone | Waiting:
        """The answer to a command sent before: the stream's state at the version that the command left."""
        state = await self._journal.load_at(record.stream_id, record.version, FoldedState)
        if isinstance(state, FindingState):
            return FindingDone(state, record.position, record.recorded_at)
        if isinstance(state, ApprovalCase):
            return Waiting(state, record.position, record.recorded_at)
        raise KeyReused(record.key)


_AS_SAID = (
    "community",
    "item",
    "area",
    "quantity",
    "severity",
    "parties",
    "doubled",
    "overdue_days",
    "amount_fen",
    "shifts",
    "attachments",
)
"""Fields that the event takes from the command unchanged."""


def _trigger_of(case: ApprovalCase) -> FindingTrigger:
    return FindingTrigger(case.command.removesuffix("_finding"))


def _points(given: c.GivenPoints | None) -> DecidedPoints | None:
    return DecidedPoints(given.director, given.administrator) if given else None


def _not_about_oneself(
    directory: Directory, finding: FindingState, trigger: FindingTrigger, login: str, roles: Sequence[Held]
) -> None:
    """Raise the refusal of :func:`refused_to_person`, if there is one."""
    refusal = refused_to_person(directory, finding, trigger, login, roles)
    if refusal is not None:
        raise refusal


def _appraiser_gives_points(item: Item, roles: Sequence[Held], trigger: FindingTrigger) -> None:
    """Refuse points from anyone but an appraiser, for a deduction whose points are decided by hand (item 46 of D2)."""
    if not any(held.role is Role.APPRAISER for held in roles):
        detail = f"only an appraiser enters the points of item {item.code}"
        raise NotAllowed(command_name(trigger), [held.role.value for held in roles], [Role.APPRAISER.value], detail)
