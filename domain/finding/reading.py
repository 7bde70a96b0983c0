"""Queries for findings (考评事项): who may read one, its texts opened with an entry in the access log, and its legal triggers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.finding.concern import charges, person_of
from domain.finding.desk import RIGHTS, command_name, refused_to_person, right_of
from domain.finding.events import FindingState
from domain.finding.lifecycle import legal
from domain.kernel.errors import NotFound, Refusal, TransitionRefused
from domain.kernel.journal import Step
from domain.kernel.periods import Month
from domain.kernel.ports import Access, AccessLog
from domain.kernel.recorded_access import on_record
from domain.kernel.terms import FindingTrigger, Role
from domain.people.authority import Held, Mode, Need, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.people.office import Office
from domain.rules.scorecard import Post
from domain.tally.months_closed import BookState, book_stream

MASKED_ROLES = (Role.AUDITOR, Role.HR, Role.PRIVACY_OFFICER)
"""Roles that may read tallies but no texts."""


@dataclass(frozen=True, slots=True)
class FindingReading:
    """A finding as one person may see it: ``texts`` by the state's field, masked or opened, and the reader's ``legal`` triggers.

    Of the legal ones, ``waiting`` need a second person. ``refused`` gives the refusal for every other trigger that people take.
    """

    state: FindingState
    texts: Mapping[str, str]
    masked: bool
    legal: Sequence[FindingTrigger]
    waiting: Sequence[FindingTrigger]
    refused: Mapping[FindingTrigger, Refusal]
    steps: Sequence[Step[FindingState]] = ()


class FindingRecords:
    """Answers queries about findings."""

    def __init__(self, office: Office, access_log: AccessLog) -> None:
        self._office = office
        self._journal = office.journal
        self._access_log = access_log

    async def book(self, community: str) -> BookState:
        """The community's appraisal book."""
        return await self._journal.load(book_stream(community), BookState) or BookState(book_stream(community), 0, community)

    def may_read(self, directory: Directory, login: str, finding: FindingState, book: BookState) -> bool:
        """Whether the authority row for tallies lets a person read a finding.

        A finding that charges a person or that they recorded counts as their own; one that names no director as a party, as about
        staff.
        """
        roles = directory.roles(login, finding.community, self._office.clock.now())
        return weigh(Right.READ_TALLIES, roles, self._relation(directory, login, finding, book)) is not None

    async def finding(
        self, login: str, finding: UUID, *, steps: bool = False, directory: Directory | None = None
    ) -> FindingReading:
        """One finding, its stream read once; ``steps`` gives its events too.

        Opening its texts is logged first; they stay masked if that fails, and for auditors and HR. ``directory`` is the one by
        which the request was authenticated; without it the newest is read.
        """
        directory = directory or await self._office.directory.current()
        stored = await self._journal.log.read_stream(finding)
        state = self._journal.newest(stored, FindingState)
        if state is None:
            raise NotFound("finding")
        roles = directory.roles(login, state.community, self._office.clock.now())
        if not roles:
            raise NotFound("finding")
        if not self.may_read(directory, login, state, await self.book(state.community)):
            raise denied(Right.READ_TALLIES, "read a finding", roles)
        masked = all(held.role in MASKED_ROLES for held in roles)
        own = charges(directory, state, login)
        reading = await self._reading(directory, login, state, roles, opened=own or not masked)
        return replace(reading, steps=self._journal.steps(stored, FindingState)) if steps else reading

    async def after_command(self, login: str, state: FindingState, *, directory: Directory | None = None) -> FindingReading:
        """A finding with its texts masked: the answer to a command, or a row of a list."""
        directory = directory or await self._office.directory.current()
        roles = directory.roles(login, state.community, self._office.clock.now())
        return await self._reading(directory, login, state, roles, opened=False)

    async def _reading(
        self, directory: Directory, login: str, state: FindingState, roles: Sequence[Held], *, opened: bool
    ) -> FindingReading:
        found = {name: text for name in ("note", "grounds", "review") if (text := getattr(state, name)) is not None}
        access = Access(self._office.clock.now(), login, state.community, "finding", (), state.id)
        clear, masked = await on_record(self._journal.sealer, self._access_log, access, list(found.values()), may_open=opened)
        modes, refused = self._weighed(directory, login, state, roles)
        waiting = [trigger for trigger, mode in modes.items() if mode is Mode.SECOND]
        return FindingReading(state, dict(zip(found, clear, strict=True)), masked, list(modes), waiting, refused)

    def _weighed(
        self, directory: Directory, login: str, state: FindingState, roles: Sequence[Held]
    ) -> tuple[dict[FindingTrigger, Mode], dict[FindingTrigger, Refusal]]:
        """Triggers that lifecycle and authority allow a person now, with their mode; for the others the refusal."""
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
            concerned = refused_to_person(directory, state, trigger, login, roles)
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
