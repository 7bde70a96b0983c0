"""Reading findings (考评事项): who may read which, one with its texts opened on the record, and what may be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.appraisal_book import BookState, book_stream
from domain.authority import Held, Mode, Need, Relation, Right, denied, weigh
from domain.directory import Directory
from domain.errors import NotFound, Overloaded
from domain.finding import FindingState
from domain.finding_concern import charges, person_of, subjects
from domain.finding_desk import DECIDING, RIGHTS
from domain.finding_lifecycle import legal
from domain.ports import Access, AccessLog, PlainField
from domain.privacy import ERASED, MASKED
from domain.scorecard import Post
from domain.service_desk import ServiceDesk
from domain.terms import FindingTrigger, Role
from domain.ticket_state import Text


@dataclass(frozen=True, slots=True)
class FindingReading:
    """A finding as one person may see it: ``texts`` by the state's field, masked or opened; ``legal`` for the reader now."""

    state: FindingState
    texts: Mapping[str, str]
    masked: bool
    legal: Sequence[FindingTrigger]


class FindingRecords:
    """Answers questions about findings."""

    def __init__(self, desk: ServiceDesk, access_log: AccessLog) -> None:
        self._desk = desk
        self._journal = desk.journal
        self._access_log = access_log

    async def book(self, community: str) -> BookState:
        """The community's appraisal book."""
        found: BookState | None = await self._journal.load(book_stream(community))
        return found or BookState(book_stream(community), 0, community)

    def may_read(self, directory: Directory, login: str, finding: FindingState, book: BookState) -> bool:
        """By the row of tallies: about oneself is what charges oneself or one recorded, of staff what names no director."""
        roles = directory.roles(login, finding.community, self._desk.clock.now())
        return weigh(Right.READ_TALLIES, roles, self._relation(directory, login, finding, book)) is not None

    async def finding(self, login: str, finding: UUID) -> FindingReading:
        """One finding; opening its texts is recorded first, and they stay masked where that can't be, and for auditors and hr."""
        directory = await self._desk.directory.current()
        state = await self._journal.load(finding)
        if not isinstance(state, FindingState):
            raise NotFound("finding")
        roles = directory.roles(login, state.community, self._desk.clock.now())
        if not roles:
            raise NotFound("finding")
        if not self.may_read(directory, login, state, await self.book(state.community)):
            raise denied(Right.READ_TALLIES, "read a finding", roles)
        masked = all(held.role in (Role.AUDITOR, Role.HR, Role.PRIVACY_OFFICER) for held in roles)
        own = charges(directory, state, login)
        return await self._reading(directory, login, state, roles, opened=own or not masked)

    async def after_command(self, login: str, state: FindingState) -> FindingReading:
        """The masked answer to a command, or a row of a list."""
        directory = await self._desk.directory.current()
        roles = directory.roles(login, state.community, self._desk.clock.now())
        return await self._reading(directory, login, state, roles, opened=False)

    async def _reading(
        self, directory: Directory, login: str, state: FindingState, roles: Sequence[Held], *, opened: bool
    ) -> FindingReading:
        found = {name: text for name in ("note", "grounds", "review") if (text := getattr(state, name)) is not None}
        if opened and found:
            subjects_of = list(dict.fromkeys(text.value.subject for text in found.values()))
            try:
                access = Access(self._desk.clock.now(), login, state.community, "finding", subjects_of, state.id)
                await self._access_log.record(access)
            except Overloaded:
                opened = False
        texts = await self._opened(state, found) if opened else dict.fromkeys(found, MASKED)
        return FindingReading(state, texts, not opened, self._legal(directory, login, state, roles))

    async def _opened(self, state: FindingState, found: Mapping[str, Text]) -> dict[str, str]:
        items = [(PlainField(state.id, text.version, text.name), text.value) for text in found.values()]
        clear = await self._journal.sealer.open(items)
        return {name: ERASED if said is None else said for name, said in zip(found, clear, strict=True)}

    def _legal(self, directory: Directory, login: str, state: FindingState, roles: Sequence[Held]) -> list[FindingTrigger]:
        """What table and authority allow this person on this finding now."""
        concerned = login == state.recorded_by or login in subjects(directory, state)
        found = []
        for trigger in legal(state.status):
            if trigger not in RIGHTS or (trigger in DECIDING and concerned):
                continue
            own = trigger is FindingTrigger.CONTEST and charges(directory, state, login)
            relation = Relation(frozenset({Need.ABOUT_SELF} if own else ()))
            if weigh(RIGHTS[trigger], roles, relation) in (Mode.FULL, Mode.SECOND):
                found.append(trigger)
        return found

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
