"""Entering lines in the household register (住户名册), one or a batch at a time: who may, and how they are written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.household.commands import RegisterLine
from domain.household.dwelling import Dwelling
from domain.household.register import HouseholdRegister, RegisterKeeper, membership, register_stream
from domain.household.register_lines import Decided, Entered, LineRefused, OpenRegister
from domain.household.resident import Resident
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.errors import Conflict, NotFound
from domain.kernel.journal import decide_again
from domain.kernel.ports import ReserveName
from domain.people.administration import Administrator
from domain.people.authority import Mode, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.people.office import Office

KEEP = Right.RECLASSIFY_CHECK_LINK
"""The authority row by which staff of the desk may keep the household register."""


class LineVerdict(StrEnum):
    """The outcome of entering a line."""

    ACCEPTED = "accepted"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """The outcome of a line, with its dwelling and person. ``reason`` is a code, ``detail`` the difference or the remedy."""

    verdict: LineVerdict
    entered: tuple[Entered, ...] = ()
    reason: str = ""
    detail: str = ""
    dwelling: UUID | None = None
    resident: UUID | None = None


class RegisterEntry:
    """Enters lines for people who may keep the household register."""

    def __init__(self, office: Office, register: RegisterKeeper) -> None:
        self._office = office
        self._register = register
        self._journal = office.journal

    async def authorise(
        self,
        community: str,
        areas: Iterable[str | None],
        by: Administrator,
        *,
        what: str = "community",
        anywhere: bool = False,
    ) -> Directory:
        """Check that a person may keep the register in one of these areas (None: outside all areas; ``anywhere``: in any area).

        Raises NotFound for people outside the community, so that they learn nothing of it, and NotAllowed for others.
        """
        directory = await self._office.directory.current()
        directory.community(community)
        now = self._office.clock.now()
        if by.operator or directory.is_admin(by.login, now, community):
            return directory
        roles = directory.roles(by.login, community, now)
        if not roles:
            raise NotFound(what)
        tried = [*areas, *(directory.community(community).areas if anywhere else ())]
        if not any(weigh(KEEP, roles, Relation(frozenset(), area)) is Mode.FULL for area in tried):
            raise denied(KEEP, "roll", roles)
        return directory

    async def one(
        self, community: str, line: RegisterLine, by: Administrator, answers_with: Callable[[Decided], UUID]
    ) -> Decided:
        """Enter one line. Raises Conflict if it contradicts the register."""

        async def attempt() -> Decided:
            now = self._office.clock.now()
            meta = await self.meta(community, by)
            register = await self.open(community)
            try:
                decided = register.enter(line, now, meta)
            except LineRefused as refused:
                raise Conflict("roll", refused.detail, {"reason": refused.reason}) from None
            if decided.events:
                await self.write(community, register.version, decided.events, by, now, meta, answers_with=answers_with(decided))
            return decided

        return await decide_again(attempt)

    async def begin(self, community: str, by: Administrator, source: str | None = None) -> "RegisterImport":
        """Begin an import; ``source`` is the file's SHA-256. Nothing is written before the first lines are taken.

        For administrators of the community, and for staff who may keep the register in all of it.
        """
        await self.authorise(community, [None], by)
        return RegisterImport(self, self._office, community, by, source)

    async def write(
        self,
        community: str,
        version: int,
        events: Sequence[Folded.Event],
        by: Administrator,
        at: datetime,
        meta: Meta,
        *,
        answers_with: UUID | None = None,
        source: str | None = None,
    ) -> None:
        """Append the events and the register's own event in one commit. Raises VersionConflict if the register has changed."""
        begun = [event for event in events if event.originator_version == 1]
        names: list[ReserveName] = [membership(community, event.originator_id) for event in begun]
        if version == 0:
            names.append(membership(community, register_stream(community)))
        kept = occurred(
            HouseholdRegister.RegisterChanged,
            register_stream(community),
            version + 1,
            at,
            meta,
            community=community,
            dwellings=sum(isinstance(event, Dwelling.DwellingAdded) for event in begun),
            residents=sum(isinstance(event, Resident.ResidentRegistered) for event in begun),
            changed=len({event.originator_id for event in events} - {event.originator_id for event in begun}),
            source=source,
        )
        directory = await self._office.directory.current()
        await self._journal.write(
            [kept, *events],
            directory.belonging(community),
            command=by.key,
            conditions=names,
            answers_with=answers_with or kept.originator_id,
        )

    async def open(self, community: str) -> OpenRegister:
        """The register with its texts opened, to match a few lines against."""
        members = await self._register.members(community)
        directory = await self._office.directory.current()
        areas = directory.community(community).areas
        return await OpenRegister.opened(members, areas, self._journal.sealer, self._office.ids)

    async def meta(self, community: str, by: Administrator) -> Meta:
        """The metadata of an entry's events."""
        directory = await self._office.directory.current()
        return Meta(by.login, by.command_id, policy=directory.policy_of(community).version)


class RegisterImport:
    """An import in batches. The opened register is kept between batches until a batch meets somebody else's change."""

    def __init__(self, entry: RegisterEntry, office: Office, community: str, by: Administrator, source: str | None) -> None:
        self._entry, self._office = entry, office
        self._community, self._by, self._source = community, by, source
        self._register: OpenRegister | None = None

    async def take(self, lines: Sequence[RegisterLine], *, dry: bool = False) -> list[LineOutcome]:
        """Enter the next lines in one commit, in their order; ``dry`` decides without writing."""

        async def attempt() -> list[LineOutcome]:
            register = self._register or await self._entry.open(self._community)
            # Deciding changes the opened register. If the write is refused, it holds lines that were never written, so it
            # must be read again: forget it until the write has succeeded.
            self._register = None
            now = self._office.clock.now()
            meta = await self._entry.meta(self._community, self._by)
            events: list[Folded.Event] = []
            outcomes = [_outcome(register, line, now, meta, events) for line in lines]
            if events and not dry:
                await self._entry.write(self._community, register.version, events, self._by, now, meta, source=self._source)
                register.version += 1
            self._register = register
            return outcomes

        return await decide_again(attempt)


def _outcome(register: OpenRegister, line: RegisterLine, at: datetime, meta: Meta, events: list[Folded.Event]) -> LineOutcome:
    try:
        decided = register.enter(line, at, meta)
    except LineRefused as refused:
        return LineOutcome(LineVerdict.REFUSED, (), refused.reason, refused.detail)
    events.extend(decided.events)
    verdict = LineVerdict.ACCEPTED if decided.events else LineVerdict.ALREADY_THERE
    return LineOutcome(verdict, decided.entered, "", "", decided.dwelling, decided.resident)
