"""Reading findings (考评事项): who may read which, one with its texts opened on the record, and what may be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.finding.concern import charges, person_of
from domain.finding.desk import RIGHTS, command_name, conflict, right_of
from domain.finding.events import FindingState
from domain.finding.lifecycle import legal
from domain.kernel.aggregate import Folded
from domain.kernel.errors import NotFound, Refusal, TransitionRefused
from domain.kernel.periods import Month
from domain.kernel.ports import Access, AccessLog, StoredEvent
from domain.kernel.recorded_access import on_record
from domain.kernel.terms import FindingTrigger, Role
from domain.people.authority import Held, Mode, Need, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.rules.scorecard import Post
from domain.service_desk.desk import ServiceDesk
from domain.tally.months_closed import BookState, book_stream

MASKED_ROLES = (Role.AUDITOR, Role.HR, Role.PRIVACY_OFFICER)
"""Who reads of the appraisal by the row of tallies, but no texts."""


@dataclass(frozen=True, slots=True)
class FindingReading:
    """A finding as one person may see it: ``texts`` by the state's field, masked or opened; ``legal`` for the reader now.

    ``waiting`` are those of them that wait for a second person; ``refused`` tells of every other trigger that people take why
    the reader may not now.
    """

    state: FindingState
    texts: Mapping[str, str]
    masked: bool
    legal: Sequence[FindingTrigger]
    waiting: Sequence[FindingTrigger]
    refused: Mapping[FindingTrigger, Refusal]


class FindingRecords:
    """Answers questions about findings."""

    def __init__(self, desk: ServiceDesk, access_log: AccessLog) -> None:
        self._desk = desk
        self._journal = desk.journal
        self._access_log = access_log

    async def book(self, community: str) -> BookState:
        """The community's appraisal book."""
        return await self._journal.load(book_stream(community), BookState) or BookState(book_stream(community), 0, community)

    def may_read(self, directory: Directory, login: str, finding: FindingState, book: BookState) -> bool:
        """By the row of tallies: about oneself is what charges oneself or one recorded, of staff what names no director."""
        roles = directory.roles(login, finding.community, self._desk.clock.now())
        return weigh(Right.READ_TALLIES, roles, self._relation(directory, login, finding, book)) is not None

    async def finding(self, login: str, finding: UUID) -> FindingReading:
        """One finding; opening its texts is recorded first, and they stay masked where that can't be, and for auditors and hr."""
        directory = await self._desk.directory.current()
        state, roles = await self._readable(directory, login, finding)
        masked = all(held.role in MASKED_ROLES for held in roles)
        own = charges(directory, state, login)
        return await self._reading(directory, login, state, roles, opened=own or not masked)

    async def events(self, login: str, finding: UUID) -> list[tuple[StoredEvent, Folded.Event]]:
        """What happened to a finding, its personal texts left sealed, for whoever may read it."""
        directory = await self._desk.directory.current()
        await self._readable(directory, login, finding)
        return [(stored, self._journal.codec.decode(stored)) for stored in await self._journal.log.read_stream(finding)]

    async def _readable(self, directory: Directory, login: str, finding: UUID) -> tuple[FindingState, Sequence[Held]]:
        state = await self._journal.load(finding, FindingState)
        if state is None:
            raise NotFound("finding")
        roles = directory.roles(login, state.community, self._desk.clock.now())
        if not roles:
            raise NotFound("finding")
        if not self.may_read(directory, login, state, await self.book(state.community)):
            raise denied(Right.READ_TALLIES, "read a finding", roles)
        return state, roles

    async def after_command(self, login: str, state: FindingState) -> FindingReading:
        """The masked answer to a command, or a row of a list."""
        directory = await self._desk.directory.current()
        roles = directory.roles(login, state.community, self._desk.clock.now())
        return await self._reading(directory, login, state, roles, opened=False)

    async def _reading(
        self, directory: Directory, login: str, state: FindingState, roles: Sequence[Held], *, opened: bool
    ) -> FindingReading:
        found = {name: text for name in ("note", "grounds", "review") if (text := getattr(state, name)) is not None}
        access = Access(self._desk.clock.now(), login, state.community, "finding", (), state.id)
        clear, masked = await on_record(self._journal.sealer, self._access_log, access, list(found.values()), may_open=opened)
        modes, refused = self._weighed(directory, login, state, roles)
        waiting = [trigger for trigger, mode in modes.items() if mode is Mode.SECOND]
        return FindingReading(state, dict(zip(found, clear, strict=True)), masked, list(modes), waiting, refused)

    def _weighed(
        self, directory: Directory, login: str, state: FindingState, roles: Sequence[Held]
    ) -> tuple[dict[FindingTrigger, Mode], dict[FindingTrigger, Refusal]]:
        """What table and authority allow this person on this finding now, and how; the rest with the refusal it would meet."""
        open_to = [trigger for trigger in legal(state.status) if trigger in RIGHTS]
        assert state.day is not None
        item = directory.law_of(state.community).of(Month.of(state.day)).items.get(state.item)
        able: dict[FindingTrigger, Mode] = {}
        refused: dict[FindingTrigger, Refusal] = {}
        for trigger in RIGHTS:
            if trigger is FindingTrigger.RECORD:
                continue
            own = trigger is FindingTrigger.CONTEST and charges(directory, state, login)
            right, relation = right_of(trigger, item), Relation(frozenset({Need.ABOUT_SELF} if own else ()))
            concerned = conflict(directory, state, trigger, login, roles)
            mode = weigh(right, roles, relation)
            if trigger not in open_to:
                refused[trigger] = TransitionRefused(state.status.value, trigger.value, [t.value for t in open_to])
            elif mode is None or mode is Mode.MASKED:
                refused[trigger] = denied(right, command_name(trigger), roles)
            elif concerned is not None:
                refused[trigger] = concerned
            else:
                able[trigger] = mode
        return able, refused

    def _relation(self, directory: Directory, login: str, state: FindingState, book: BookState) -> Relation:
        holds = set()
        if login == state.recorded_by or charges(directory, state, login):
            holds.add(Need.ABOUT_SELF)
        named = (person_of(directory, state.community, party) for party in state.parties)
        if not any(p is not None and state.day is not None and p.post_on(state.day) is Post.DIRECTOR for p in named):
            holds.add(Need.ABOUT_STAFF)
        if state.counts and book.is_closed(state.charged_month):
            holds.add(Need.CLOSED)
        return Relation(frozenset(holds), state.area)
