"""Import of a foreign log (外部工单导入): histories written elsewhere become back-entered tickets through the one ``decide``.

Two people request a file together; the row "import a foreign log" must entitle both. Every event names both, is flagged
``back_entered`` and keeps its true ``occurred_at``. A history that the rules refuse is refused whole, with the reason; the other
histories go in.

A ticket's id is a UUIDv5 of log, community, mapping and case. So reading a file twice adds nothing, and a killed import continues
where it stopped: the log itself records its progress.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.approval.aggregate import Approval, ApprovalCase
from domain.approval.command import ANOTHER, SECOND_PERSON
from domain.kernel.aggregate import Folded, Meta, apply, occurred
from domain.kernel.errors import (
    FieldError,
    InvalidInput,
    NotFound,
    Refusal,
    RuleRefused,
    TransitionRefused,
)
from domain.kernel.journal import Belonging, decide_again
from domain.kernel.ports import VersionConflict
from domain.kernel.privacy import Personal
from domain.kernel.terms import Kind, State
from domain.people.assignee import Assignee
from domain.people.authority import Mode, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.people.office import ASSIGNABLE, Office
from domain.service_desk.openings import policy_in_force
from domain.ticket import commands as c
from domain.ticket.decisions import Circumstances, assignee_of, decide
from domain.ticket.state import TicketState

COMMAND = "import"
"""The name of imports in approvals."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The commands that an entry of the foreign log means for a ticket in one of these states (None: not yet received)."""

    commands: tuple[c.Command, ...]
    states: frozenset[State | None] | None = None
    kinds: frozenset[Kind] | None = None
    suspended: bool | None = None

    def fits(self, ticket: TicketState | None) -> bool:
        """Whether it applies to a ticket's present state."""
        return (
            (self.states is None or (ticket.state if ticket else None) in self.states)
            and (self.kinds is None or (ticket is not None and ticket.kind in self.kinds))
            and (self.suspended is None or (ticket is not None and (ticket.suspended is not None) is self.suspended))
        )


@dataclass(frozen=True, slots=True)
class Happening:
    """An entry of a case: its moment, the outside person (``external:…``), and its meaning, the first choice that fits.

    If none fits, it becomes ``otherwise``, a note.
    """

    activity: str
    at: datetime
    choices: tuple[Choice, ...]
    otherwise: c.Note
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignCase:
    """A case of the foreign log: its name there, the line or trace it was read from, and its entries in order.

    ``receive`` is the receipt if the log has none; it then gets the first entry's moment.
    """

    name: str
    row: int
    happenings: tuple[Happening, ...]
    receive: c.Receive | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A case that the mapping cannot read; ``reason`` is a code, ``detail`` the remedy."""

    name: str
    row: int
    reason: str
    detail: str


class Verdict(StrEnum):
    """The outcome of a case."""

    ACCEPTED = "accepted"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a case: the number of events written, its last state, and the activities that became notes."""

    name: str
    row: int
    verdict: Verdict
    reason: str = ""
    detail: str = ""
    events: int = 0
    state: State | None = None
    noted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """The file and mapping of an import, each by its SHA-256; the mapping's name is part of every id."""

    community: str
    file: str
    file_digest: str
    mapping: str
    mapping_digest: str
    assignees: tuple[Assignee, ...] = ()


class Imports:
    """Begins imports."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def begin(self, file: ForeignFile, login: str, second: str) -> "Import":
        """Begin an import of a file by two people; nothing is written before the first case.

        Raises NotFound, NotAllowed, or InvalidInput for an assignee of the mapping that is not registered here.
        """
        office = self._office
        directory = await office.directory.current()
        now = office.clock.now()
        for who in (login, second):
            roles = directory.roles(who, file.community, now)
            if not roles:
                raise NotFound("community")
            if weigh(Right.IMPORT, roles, Relation()) not in (Mode.FULL, Mode.SECOND):
                raise denied(Right.IMPORT, COMMAND, roles)
        if SECOND_PERSON.forbids(login, COMMAND, second):
            raise SECOND_PERSON.refusal(COMMAND, (held.role.value for held in roles), [ANOTHER])
        unknown = []
        for assignee in file.assignees:
            try:
                directory.check_assignee(file.community, assignee, ASSIGNABLE, now)
            except InvalidInput as refusal:
                unknown += [FieldError(f"/assignees/{assignee.type}:{assignee.id}", e.message) for e in refusal.errors]
        if unknown:
            raise InvalidInput(unknown)
        origin = (await office.journal.log.head()).origin
        space = uuid5(NAMESPACE_URL, f"gongdan:import:{origin}:{file.community}:{file.mapping}")
        approval = uuid5(space, f"{file.file_digest}:{file.mapping_digest}:{login}:{second}")
        asked = await office.journal.load(approval, ApprovalCase) is not None
        return Import(office, directory, file, login, second, space, approval, asked)


class Import:
    """An import in batches."""

    def __init__(
        self, office: Office, directory: Directory, file: ForeignFile, login: str, second: str, space: UUID, approval: UUID,
        asked: bool,
    ) -> None:  # fmt: skip
        self._office = office
        self._journal = office.journal
        self._directory = directory
        self._file = file
        self._login, self._second = login, second
        self._space = space
        self.approval = approval
        self._asked = asked
        self._zone = directory.zone(file.community)
        self._belonging = Belonging(file.community, self._zone.key)
        self._in_force = policy_in_force(directory, file.community, office.clock.now())
        self._prices = directory.prices_of(file.community)
        self._read: set[int] = set()

    def ticket(self, case: str) -> UUID:
        """The id of a case's ticket, which depends only on log, community, mapping and case."""
        return uuid5(self._space, f"case:{case}")

    async def take(self, cases: Sequence[ForeignCase | Unreadable], *, dry: bool = False) -> list[Outcome]:
        """Decide the next cases and write the accepted ones in one commit, in the file's order; ``dry`` only decides."""
        fresh = [self._once(case) for case in cases]
        return await decide_again(lambda: self._written(fresh, dry))

    async def _written(self, fresh: Sequence[ForeignCase | Unreadable], dry: bool) -> list[Outcome]:
        there = await self._there([case.name for case in fresh if isinstance(case, ForeignCase)])
        decided = [self._decided(case, there) for case in fresh]
        events = [event for _, events in decided for event in events]
        outcomes = [outcome for outcome, _ in decided]
        if not events or dry:
            return outcomes
        if not self._asked:
            events = [*self._request(events[0].originator_id), *events]
        try:
            await self._journal.write(events, self._belonging)
        except VersionConflict:
            self._asked = await self._journal.load(self.approval, ApprovalCase) is not None
            raise
        self._asked = True
        return outcomes

    def _once(self, case: ForeignCase | Unreadable) -> ForeignCase | Unreadable:
        """The case, or its refusal if an earlier case of the file has its name."""
        if isinstance(case, Unreadable):
            return case
        name = self.ticket(case.name).int >> 64
        if name in self._read:
            return Unreadable(case.name, case.row, "repeated_case", "an earlier case of the file has this name")
        self._read.add(name)
        return case

    async def _there(self, names: Sequence[str]) -> set[UUID]:
        """The cases that became tickets before. Every ticket takes a number at receipt, so the numbers tell."""
        taken: Mapping[UUID, Sequence[object]] = await self._journal.log.numbers_of([self.ticket(name) for name in names])
        return {stream for stream, numbers in taken.items() if numbers}

    def _request(self, first: UUID) -> list[Folded.Event]:
        """The request and its approval, written in the commit of the first tickets."""
        file, now = self._file, self._office.clock.now()
        policy = self._directory.policy_of(file.community)
        asked = {name: getattr(file, name) for name in ("community", "file", "file_digest", "mapping", "mapping_digest")}
        return [
            occurred(
                Approval.ApprovalRequested,
                self.approval,
                1,
                now,
                Meta(self._login, self.approval, policy=policy.version),
                community=file.community,
                right=Right.IMPORT.value,
                command=COMMAND,
                arguments=Personal(self.approval, json.dumps(asked, ensure_ascii=False)),
                expires_at=now + policy.approval_lifetime,
                command_back_entered=True,
            ),
            occurred(
                Approval.ApprovalGranted,
                self.approval,
                2,
                now,
                Meta(self._second, self.approval, causation_id=self.approval),
                community=file.community,
                result=first,
            ),
        ]

    def _decided(self, case: ForeignCase | Unreadable, there: set[UUID]) -> tuple[Outcome, list[Folded.Event]]:
        if isinstance(case, Unreadable):
            return Outcome(case.name, case.row, Verdict.REFUSED, case.reason, case.detail), []
        ticket = self.ticket(case.name)
        if ticket in there:
            return Outcome(case.name, case.row, Verdict.ALREADY_THERE), []
        try:
            events, state, noted = self._history(case, ticket)
        except Refusal as refusal:
            return Outcome(case.name, case.row, Verdict.REFUSED, *_reason(refusal)), []
        return Outcome(case.name, case.row, Verdict.ACCEPTED, "", "", len(events), state.state, noted), events

    def _history(self, case: ForeignCase, ticket: UUID) -> tuple[list[Folded.Event], TicketState, tuple[str, ...]]:
        """The events of a case, each at its true moment, in the order given."""
        latest = self._office.clock.now() + timedelta(minutes=self._in_force.policy.entry.skew_minutes)
        meta = Meta(
            actor=self._login,
            command_id=uuid5(ticket, "command"),
            second_person=self._second,
            causation_id=self.approval,
            back_entered=True,
            policy=self._in_force.policy.version,
        )
        x = Circumstances(self._in_force, meta, self._office.ids, self._prices, {}, ticket, uuid5(ticket, "subject"))
        events: list[Folded.Event] = []
        noted: list[str] = []
        state: TicketState | None = None
        for happening in case.happenings:
            if happening.at > latest:
                raise Future
            here = replace(x, in_force=replace(x.in_force, at=happening.at), meta=replace(meta, on_behalf_of=happening.by))
            if state is None and case.receive is not None:
                state = self._step(None, case.receive, here, events)
            choice = next((choice for choice in happening.choices if choice.fits(state)), None)
            if choice is None:
                noted.append(happening.activity)
            for command in choice.commands if choice else (happening.otherwise,):
                state = self._step(state, command, here, events)
        if state is None:
            raise TransitionRefused("none", "none", ["receive"])
        return events, state, tuple(noted)

    def _step(
        self, state: TicketState | None, command: c.Command, x: Circumstances, events: list[Folded.Event]
    ) -> TicketState | None:
        community = self._file.community
        if isinstance(command, c.Dispatch | c.Reassign):
            self._directory.check_assignee(community, assignee_of(command), ASSIGNABLE, self._in_force.at)
        if isinstance(command, c.Receive):
            area = command.location.area if command.location else None
            areas = self._directory.community(community).areas
            if area is not None and area not in areas:
                raise InvalidInput([FieldError("/location/area", f"no such area; areas: {', '.join(areas) or 'none'}")])
        for event in decide(state, command, x):
            events.append(event)
            if event.originator_id == x.ticket_id:
                state = apply(state, event)
        return state


class Future(Refusal):
    """An entry that has not happened yet."""

    def __str__(self) -> str:
        return "an entry is in the future"


def _reason(refusal: Refusal) -> tuple[str, str]:
    """A code to count by, and the refusal in words."""
    match refusal:
        case Future():
            return "future", str(refusal)
        case TransitionRefused():
            return "transition_refused", str(refusal)
        case RuleRefused():
            return f"rule:{refusal.rule}", str(refusal)
        case InvalidInput(errors=[FieldError(pointer="/occurred_at")]):
            return "out_of_order", str(refusal)
        case InvalidInput():
            return "invalid_input", str(refusal)
        case _:
            return type(refusal).__name__, str(refusal)
