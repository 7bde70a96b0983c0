"""Reading tickets: as they are, as they were at a moment or version, and their history; personal data opened with a record.

Opening a ticket's personal fields is written to the access log first; where that can't be written, the masked view is served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.aggregate import Folded, apply, fold
from domain.kernel.errors import NotAllowed, NotFound, Refusal, TransitionRefused
from domain.kernel.ports import Access, AccessLog, NumberTaken, PlainField, StoredEvent
from domain.kernel.privacy import ERASED, MASKED, Private, Text, mask_name, mask_phone
from domain.kernel.recorded_access import noted
from domain.kernel.sealing import seal_fields
from domain.kernel.terms import Book, State, Trigger
from domain.people.authority import Mode, Need, Relation, Right, denied, right_of, weigh
from domain.people.directory import Directory
from domain.rules.clocks import Reading, latest, readings
from domain.service_desk.desk import ServiceDesk, about_oneself
from domain.ticket.decisions import FOLLOW_UP_BY_ANOTHER
from domain.ticket.guards import forbidding, refuse
from domain.ticket.lifecycle import legal
from domain.ticket.state import TicketState


@dataclass(frozen=True, slots=True)
class Numbers:
    """A ticket's number and, once classified, the number in the book it stands in now."""

    number: str
    book_number: str | None


@dataclass(frozen=True, slots=True)
class TicketReading:
    """A ticket as one person may see it: ``texts`` by field name, opened, masked, or "erased"."""

    state: TicketState
    numbers: Numbers
    texts: Mapping[str, str]
    masked: bool
    clocks: Sequence[Reading]
    legal: Sequence[Trigger]
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One event of a history, with the ticket before and after it and the clocks then."""

    stored: StoredEvent
    event: Folded.Event
    before: TicketState | None
    after: TicketState
    clocks: Sequence[Reading]
    texts: Mapping[str, str]


class Inquiries:
    """Answers questions about single tickets."""

    def __init__(self, desk: ServiceDesk, access_log: AccessLog) -> None:
        self._desk = desk
        self._access_log = access_log
        self._log = desk.journal.log

    async def ticket(
        self,
        login: str,
        ref: str,
        *,
        version: int | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
        personal: bool = True,
    ) -> TicketReading:
        """A ticket now, at a version, as it was at a moment, or as it was known at a moment.

        ``personal`` False gives the masked view without a look at personal data. Raises NotFound and NotAllowed.
        """
        directory = await self._desk.directory.current()
        stream = await self._desk.find(ref)
        state = await self._desk.load(stream)
        now = self._desk.clock.now()
        _, opened = await self._reading_right(directory, login, state, Right.READ, "read")
        if version is None and at is None and known_at is None:
            shown, last, clock_at = state, await self._newest(state), now
        else:
            shown, last = await self._as_of(stream, version, at, known_at)
            clock_at = at or known_at or (shown.occurred_at or last.recorded_at)
        opened = opened and personal and await self._noted_ticket(login, shown, "ticket", now)
        able = await self._desk.legal(directory, login, state, now)
        return await self._reading(shown, opened, last.position, clock_at, able, last.recorded_at)

    async def carried(self, login: str, tickets: Sequence[UUID], *, personal: bool = True) -> list[TicketReading]:
        """Of these tickets the dispatched ones that a person carries now, opened by one look that names everybody concerned.

        ``personal`` False gives the masked view without a look. Tickets that moved on or are somebody else's are left out.
        """
        directory, now = await self._desk.directory.current(), self._desk.clock.now()
        found: list[tuple[TicketState, bool]] = []
        for stream in tickets:
            state = await self._desk.load(stream)
            try:
                relation, opened = await self._reading_right(directory, login, state, Right.READ, "worklist")
            except (NotFound, NotAllowed):
                continue
            if state.state is State.DISPATCHED and Need.OWN in relation.holds:
                found.append((state, opened and personal))
        looked: dict[str, bool] = {}
        for community in dict.fromkeys(state.community for state, opened in found if opened):
            subjects = [state.subject for state, opened in found if opened and state.community == community and state.subject]
            looked[community] = await self._noted(login, community, subjects, "worklist", now)
        return [
            await self._as_it_stands(directory, login, state, opened and looked[state.community], now) for state, opened in found
        ]

    async def _as_it_stands(
        self, directory: Directory, login: str, state: TicketState, opened: bool, now: datetime
    ) -> TicketReading:
        """A ticket at its newest version, its texts opened where the look was noted."""
        last = await self._newest(state)
        able = await self._desk.legal(directory, login, state, now)
        return await self._reading(state, opened, last.position, now, able, last.recorded_at)

    async def _newest(self, state: TicketState) -> StoredEvent:
        [last] = await self._log.read_stream(state.id, after_version=state.version - 1, upto_version=state.version)
        return last

    async def _reading(
        self,
        state: TicketState,
        opened: bool,
        position: int | None,
        clock_at: datetime,
        able: Sequence[Trigger],
        recorded_at: datetime,
    ) -> TicketReading:
        """A state of a ticket with its numbers at a position, its clocks at a moment, its texts opened or masked."""
        texts = await self._opened(_texts_of(state), opened)
        clocks = latest(readings(state.timeline, state.kind, state.facility, clock_at))
        return TicketReading(state, await self.numbers(state, position), texts, not opened, clocks, able, recorded_at)

    async def after_command(
        self, login: str, state: TicketState, recorded_at: datetime, position: int | None = None
    ) -> TicketReading:
        """The masked answer to a command: the ticket at the version the command left it, as of its recording.

        ``position`` is where its last event stands; without it the ticket is taken to be at its newest version.
        """
        directory = await self._desk.directory.current()
        able = await self._desk.legal(directory, login, state, recorded_at)
        return await self._reading(state, False, position, max(recorded_at, state.occurred_at or recorded_at), able, recorded_at)

    async def history(self, login: str, ref: str) -> Sequence[HistoryStep]:
        """Every event of a ticket, for those who may audit; personal texts opened or masked by their own right."""
        directory = await self._desk.directory.current()
        stream = await self._desk.find(ref)
        state = await self._desk.load(stream)
        _, opened = await self._reading_right(directory, login, state, Right.AUDIT, "history")
        if opened:
            opened = await self._noted_ticket(login, state, "ticket_history", self._desk.clock.now())
        steps: list[HistoryStep] = []
        before: TicketState | None = None
        for stored in await self._log.read_stream(stream):
            event = self._desk.journal.codec.decode(stored)
            after: TicketState = apply(before, event)
            found = readings(after.timeline, after.kind, after.facility, event.timestamp)
            fields = [(name, PlainField(stream, stored.version, name), text) for name, text in seal_fields(event)]
            texts = await self._opened(fields, opened)
            steps.append(HistoryStep(stored, event, before, after, latest(found), texts))
            before = after
        return steps

    async def refused(self, login: str, state: TicketState) -> Mapping[Trigger, Refusal]:
        """Why each trigger that is not legal for a person on a ticket now is not: the refusal its command would meet."""
        directory, now = await self._desk.directory.current(), self._desk.clock.now()
        open_to = await self._desk.legal(directory, login, state, now)
        setting, roles = self._desk.setting(directory, state.community, now), directory.roles(login, state.community, now)
        found: dict[Trigger, Refusal] = {}
        for trigger in Trigger:
            if trigger is Trigger.RECEIVE or trigger in open_to:
                continue
            rule = forbidding(state, trigger, setting)
            if trigger not in legal(state.state):
                found[trigger] = TransitionRefused(state.state.value, trigger.value, [t.value for t in open_to])
            elif rule is not None:
                found[trigger] = refuse(state, trigger, setting, rule.code, rule.clause, rule.detail)
            elif login in state.complained_of:
                found[trigger] = about_oneself(trigger, roles)
            elif right_of(trigger) is Right.FOLLOW_UP and login in state.workers:
                found[trigger] = refuse(state, trigger, setting, *FOLLOW_UP_BY_ANOTHER)
            else:
                found[trigger] = denied(right_of(trigger), trigger.value, roles)
        return found

    async def events(self, login: str, ref: str) -> list[tuple[StoredEvent, Folded.Event]]:
        """What happened to a ticket, its personal texts left sealed, for whoever may read it."""
        directory = await self._desk.directory.current()
        stream = await self._desk.find(ref)
        await self._reading_right(directory, login, await self._desk.load(stream), Right.READ, "read")
        return [(stored, self._desk.journal.codec.decode(stored)) for stored in await self._log.read_stream(stream)]

    async def attachment(self, login: str, ref: str, name: str) -> tuple[TicketState, str | None]:
        """The ticket of an attachment and the file's name, for those who may open its personal data; recorded first.

        A file can't be masked: raises NotAllowed for those who may not, and Overloaded where the look can't be recorded.
        """
        directory = await self._desk.directory.current()
        stream = await self._desk.find(ref)
        state = await self._desk.load(stream)
        _, opened = await self._reading_right(directory, login, state, Right.READ, "read")
        if not opened:
            raise denied(Right.OPEN_PERSONAL, "attachment", directory.roles(login, state.community, self._desk.clock.now()))
        held = {file.name: file.file_name for file in state.attachments}
        if name not in held:
            raise NotFound("attachment")
        subjects = (state.subject,) if state.subject else ()
        await self._access_log.record(
            Access(self._desk.clock.now(), login, state.community, "attachment", subjects, stream, {"name": name})
        )
        if (text := held[name]) is None:
            return state, None
        return state, (await self._desk.journal.sealer.open([(_field(state, text), text.value)]))[0]

    async def numbers(self, state: TicketState, position: int | None = None) -> Numbers:
        """The ticket's number, and its number in the book it stood in as of a position (default: now)."""
        taken: Sequence[NumberTaken] = (await self._log.numbers_of([state.id])).get(state.id, ())
        number = next(n.number for n in taken if n.book == Book.INTAKE)
        book = state.book
        in_book = [n.number for n in taken if n.book == book and (position is None or n.position <= position)]
        return Numbers(number, in_book[-1] if in_book else None)

    async def _as_of(
        self, stream: UUID, version: int | None, at: datetime | None, known_at: datetime | None
    ) -> tuple[TicketState, StoredEvent]:
        position = await self._log.position_at(known_at) if known_at is not None else None
        stored = await self._log.read_stream(stream, upto_version=version, upto_position=position)
        if version is not None and (not stored or stored[-1].version < version):
            raise NotFound("version of the ticket")
        decoded = [(s, self._desk.journal.codec.decode(s)) for s in stored]
        kept = [(s, e) for s, e in decoded if at is None or e.timestamp <= at]
        if not kept:
            raise NotFound("ticket at that moment")
        state: TicketState = fold(e for _, e in kept)
        return state, kept[-1][0]

    async def _reading_right(
        self, directory: Directory, login: str, state: TicketState, right: Right, what: str
    ) -> tuple[Relation, bool]:
        """Refuse whoever may not read; tell whether personal data may be opened."""
        now = self._desk.clock.now()
        roles = directory.roles(login, state.community, now)
        if not roles:
            raise NotFound("ticket")
        relation = await self._desk.relation(directory, login, state, now)
        if weigh(right, roles, relation) is None:
            raise denied(right, what, roles)
        return relation, weigh(Right.OPEN_PERSONAL, roles, relation) is Mode.FULL

    async def _opened(self, fields: Sequence[tuple[str, PlainField, Private]], opened: bool) -> dict[str, str]:
        """Texts by name: in full, or masked (names and phones keep a hint, other texts nothing)."""
        hinted = [f for f in fields if opened or f[0] in ("reporter_name", "reporter_phone")]
        clear = await self._desk.journal.sealer.open([(field, text) for _, field, text in hinted])
        found: dict[str, str] = {name: MASKED for name, _, _ in fields}
        for (name, _, _), text in zip(hinted, clear, strict=True):
            if text is None:
                found[name] = ERASED
            elif opened:
                found[name] = text
            else:
                found[name] = mask_phone(text) if name == "reporter_phone" else mask_name(text)
        return found

    async def _noted_ticket(self, login: str, state: TicketState, what: str, now: datetime) -> bool:
        return await self._noted(login, state.community, (state.subject,) if state.subject else (), what, now, state.id)

    async def _noted(
        self, login: str, community: str, subjects: Sequence[UUID], what: str, now: datetime, stream: UUID | None = None
    ) -> bool:
        return await noted(self._access_log, Access(now, login, community, what, subjects, stream))


def _texts_of(state: TicketState) -> list[tuple[str, PlainField, Private]]:
    """The personal texts of a ticket by name, each with where it was written."""
    named: list[tuple[str, Text]] = [
        (name, text)
        for name in ("description", "reporter_name", "reporter_phone", "dwelling", "resolution")
        if (text := getattr(state, name)) is not None and text.value is not None
    ]
    named += [(f"checklist.{c.item}", c.evidence) for c in state.checklist if c.evidence is not None]
    if state.rectification is not None:
        named.append(("rectification", state.rectification.what))
    named += [(f"attachments.{file.name}", file.file_name) for file in state.attachments if file.file_name is not None]
    return [(name, _field(state, text), text.value) for name, text in named]


def _field(state: TicketState, text: Text) -> PlainField:
    return PlainField(state.id, text.version, text.name)
