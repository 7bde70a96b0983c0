"""Entering in the roll (住户名册): one line, or a register batch by batch; who may, and the one way it is written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.household.commands import RollLine
from domain.household.dwelling import Dwelling
from domain.household.register import Roll, membership, roll_stream
from domain.household.register_lines import Decided, Entered, LineRefused, OpenRoll
from domain.household.resident import Resident
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.errors import Conflict, NotFound, Overloaded
from domain.kernel.journal import TRIES, Belonging
from domain.kernel.ports import ReserveName, VersionConflict
from domain.people.administration import Administrator
from domain.people.authority import Mode, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.service_desk.desk import ServiceDesk

KEEP = Right.RECLASSIFY_CHECK_LINK
"""The row by which people of the desk keep the roll."""


class LineVerdict(StrEnum):
    """What became of a line."""

    ACCEPTED = "accepted"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of a line, and whom it was about; ``reason`` is a code, ``detail`` what stands there or would be right."""

    verdict: LineVerdict
    entered: tuple[Entered, ...] = ()
    reason: str = ""
    detail: str = ""
    dwelling: UUID | None = None
    resident: UUID | None = None


class RollEntry:
    """Enters lines for people who may keep the roll."""

    def __init__(self, desk: ServiceDesk) -> None:
        self._desk = desk
        self._journal = desk.journal

    async def authorise(
        self,
        community: str,
        areas: Iterable[str | None],
        by: Administrator,
        *,
        what: str = "community",
        anywhere: bool = False,
    ) -> Directory:
        """Refuse whoever doesn't keep the roll in one of these areas (None: outside them; ``anywhere``: in any area at all).

        Raises NotFound for people outside the community, NotAllowed for others inside.
        """
        directory = await self._desk.directory.current()
        directory.community(community)
        now = self._desk.clock.now()
        if by.operator or directory.is_admin(by.login, now, community):
            return directory
        roles = directory.roles(by.login, community, now)
        if not roles:
            raise NotFound(what)
        tried = [*areas, *(directory.community(community).areas if anywhere else ())]
        if not any(weigh(KEEP, roles, Relation(frozenset(), area)) is Mode.FULL for area in tried):
            raise denied(KEEP, "roll", roles)
        return directory

    async def one(self, community: str, line: RollLine, by: Administrator, answers_with: Callable[[Decided], UUID]) -> Decided:
        """Enter one line; raises Conflict where it says otherwise than the roll."""
        for _ in range(TRIES):
            now = self._desk.clock.now()
            meta = await self.meta(community, by)
            roll = await self.open(community)
            try:
                decided = roll.enter(line, now, meta)
            except LineRefused as refused:
                raise Conflict("roll", refused.detail, {"reason": refused.reason}) from None
            if not decided.events:
                return decided
            try:
                await self.write(community, roll.version, decided.events, by, now, meta, answers_with=answers_with(decided))
            except VersionConflict:
                continue
            return decided
        raise Overloaded("others were faster each time; look again")

    async def begin(self, community: str, by: Administrator, source: str | None = None) -> "RollImport":
        """Begin to enter a register; ``source`` is the file's SHA-256. Nothing is written before its first lines are.

        For whoever administers the community, or keeps the roll everywhere in it.
        """
        await self.authorise(community, [None], by)
        return RollImport(self, self._desk, community, by, source)

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
        """Append events together with the roll's own, in one commit, unless the roll stands at another version.

        Raises what the log raises, VersionConflict among it.
        """
        begun = [event for event in events if event.originator_version == 1]
        names: list[ReserveName] = [membership(community, event.originator_id) for event in begun]
        if version == 0:
            names.append(membership(community, roll_stream(community)))
        kept = occurred(
            Roll.RollKept,
            roll_stream(community),
            version + 1,
            at,
            meta,
            community=community,
            dwellings=sum(isinstance(event, Dwelling.DwellingAdded) for event in begun),
            residents=sum(isinstance(event, Resident.ResidentRegistered) for event in begun),
            changed=len({event.originator_id for event in events} - {event.originator_id for event in begun}),
            source=source,
        )
        directory = await self._desk.directory.current()
        belonging = Belonging(community, directory.community(community).timezone)
        await self._journal.write(
            [kept, *events], belonging, command=by.key, conditions=names, answers_with=answers_with or kept.originator_id
        )

    async def open(self, community: str) -> OpenRoll:
        """The roll with its texts open, for a few lines."""
        members = await self._desk.roll.members(community)
        directory = await self._desk.directory.current()
        areas = directory.community(community).areas
        return await OpenRoll.opened(members, areas, self._journal.sealer, self._desk.ids)

    async def meta(self, community: str, by: Administrator) -> Meta:
        """What the events of an entry say of their making."""
        directory = await self._desk.directory.current()
        return Meta(by.login, by.command_id, policy=directory.policy_of(community).version)


class RollImport:
    """A register on its way in, batch by batch; the roll stays open as long as nobody else changes it."""

    def __init__(self, entry: RollEntry, desk: ServiceDesk, community: str, by: Administrator, source: str | None) -> None:
        self._entry, self._desk = entry, desk
        self._community, self._by, self._source = community, by, source
        self._roll: OpenRoll | None = None

    async def take(self, lines: Sequence[RollLine], *, dry: bool = False) -> list[LineOutcome]:
        """Enter the next lines in one commit, in their order; ``dry`` only decides."""
        for _ in range(TRIES):
            roll = self._roll or await self._entry.open(self._community)
            self._roll = None  # has what is decided now, whether it is written or not
            now = self._desk.clock.now()
            meta = await self._entry.meta(self._community, self._by)
            events: list[Folded.Event] = []
            outcomes = [_outcome(roll, line, now, meta, events) for line in lines]
            if events and not dry:
                try:
                    await self._entry.write(self._community, roll.version, events, self._by, now, meta, source=self._source)
                except VersionConflict:
                    continue
                roll.version += 1
            self._roll = roll
            return outcomes
        raise Overloaded("others were faster each time; run it again")


def _outcome(roll: OpenRoll, line: RollLine, at: datetime, meta: Meta, events: list[Folded.Event]) -> LineOutcome:
    try:
        decided = roll.enter(line, at, meta)
    except LineRefused as refused:
        return LineOutcome(LineVerdict.REFUSED, (), refused.reason, refused.detail)
    events.extend(decided.events)
    verdict = LineVerdict.ACCEPTED if decided.events else LineVerdict.ALREADY_THERE
    return LineOutcome(verdict, decided.entered, "", "", decided.dwelling, decided.resident)
