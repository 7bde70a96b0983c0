"""Queries for single tickets: now, at a moment or version, and their history.

Opening a ticket's personal fields is written to the access log first; if that fails, the masked view is served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from domain.kernel.errors import NotAllowed, NotFound, Refusal, TransitionRefused
from domain.kernel.journal import Number, Step
from domain.kernel.ports import Access, AccessLog, NumberTaken, StoredEvent
from domain.kernel.privacy import ERASED, MASKED, mask_name, mask_phone
from domain.kernel.recorded_access import noted
from domain.kernel.terms import Book, State, Trigger
from domain.people.authority import Held, Mode, Need, Relation, Right, denied, right_of, weigh
from domain.people.directory import Directory
from domain.people.office import Office
from domain.people.person_rules import conflict
from domain.service_desk.openings import Openings, person_refused, policy_in_force
from domain.service_desk.ticket_reading import (
    HistoryStep,
    NamedText,
    Numbers,
    TicketReading,
    as_of,
    by_version,
    clocks_at,
    named,
    numbers_in,
    texts_in,
    texts_of,
)
from domain.ticket.guards import forbidding, refuse_by, refuse_person
from domain.ticket.lifecycle import legal
from domain.ticket.persons import WITH_RIGHTS, WITH_STATE
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets

HINTED = ("reporter_name", "reporter_phone")
"""Texts that a masked view shows in part."""
NO_DETAIL: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """All events of a ticket, and whether the reader has their personal texts opened."""

    events: Sequence[StoredEvent]
    opened: bool


@dataclass(frozen=True, slots=True)
class ReadingRight:
    """A person's right on a ticket; ``opens`` says whether they may open its personal data."""

    roles: Sequence[Held]
    relation: Relation
    opens: bool

    @property
    def on_duty(self) -> bool:
        """Whether the person holds the desk."""
        return Need.ON_DUTY in self.relation.holds


class Inquiries:
    """Answers queries about single tickets. Each answer reads the ticket's stream once and the desk's holder once.

    ``directory`` is the one that authenticated the request; without it the newest is read.
    """

    def __init__(self, office: Office, access_log: AccessLog) -> None:
        self._office = office
        self._openings = Openings(office)
        self._tickets = Tickets(office.journal)
        self._access_log = access_log
        self._log = office.journal.log

    async def ticket(
        self,
        login: str,
        ref: str,
        *,
        version: int | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
        personal: bool = True,
        steps: bool = False,
        quoted: bool = False,
        directory: Directory | None = None,
        on_duty: bool | None = None,
    ) -> TicketReading:
        """A ticket now, at a version, as it was at a moment, or as it was known at a moment.

        ``personal=False`` masks it without an access-log entry. ``steps`` adds its events; ``quoted`` opens their texts too,
        under the ticket's one entry, for people who may audit. ``on_duty`` says whether the person holds the desk of the ticket's
        community, where this request has read that already. Raises NotFound, NotAllowed.
        """
        directory = directory or await self._office.directory.current()
        stored, state = await self._tickets.read(ref)
        now = self._office.clock.now()
        right = await self._reading_right(directory, login, state, Right.READ, "read", on_duty)
        able = await self._openings.legal(directory, login, state, now, on_duty=right.on_duty)
        past = version is not None or at is not None or known_at is not None
        taken: Sequence[Step[TicketState]] = self._office.journal.steps(stored, TicketState) if past or steps or quoted else ()
        last, clock_at = stored[-1], now
        if past:
            state, taken = as_of(taken, version, at, known_at)
            last = taken[-1].stored
            clock_at = at or known_at or (state.occurred_at or last.recorded_at)
        opened = right.opens and personal
        quotes = quoted and opened and weigh(Right.AUDIT, right.roles, right.relation) is not None
        if opened:
            detail = {"history": "opened"} if quotes else {}
            opened = await self._noted_ticket(login, state, "ticket", now, detail)
        own, events = texts_of(state), texts_in(taken) if quotes and opened else []
        clear = await self._opened([*own, *events], opened)
        return TicketReading(
            state,
            numbers_in(stored, state.book, last.position),
            named(own, clear),
            not opened,
            clocks_at(state, clock_at),
            able,
            last.recorded_at,
            right.on_duty,
            taken if steps or quoted else (),
            by_version(events, clear[len(own) :]),
        )

    async def carried(
        self, login: str, tickets: Sequence[UUID], *, personal: bool = True, directory: Directory | None = None
    ) -> list[TicketReading]:
        """Of these tickets, the dispatched ones that the person carries now, opened under one access-log entry per community.

        ``personal=False`` masks them without an entry. Tickets that moved on, or belong to somebody else, are left out.
        """
        directory, now = directory or await self._office.directory.current(), self._office.clock.now()
        read = await self._readable(directory, login, tickets, "worklist")
        carried = [one for one in read if one[1].state is State.DISPATCHED and Need.OWN in one[2].relation.holds]
        found = [(stored, state, right, right.opens and personal) for stored, state, right in carried]
        looked = dict.fromkeys((state.community for _, state, _, opened in found if opened), False)
        for community in looked:
            subjects = [s.subject for _, s, _, opened in found if opened and s.community == community and s.subject]
            looked[community] = await self._noted(login, community, subjects, "worklist", now)
        shown = [(stored, state, right, opened and looked[state.community]) for stored, state, right, opened in found]
        return await self._views(directory, login, shown, now)

    async def masked(
        self, login: str, tickets: Sequence[UUID], *, directory: Directory, on_duty: bool | None = None
    ) -> list[TicketReading]:
        """The masked views of several tickets of one community now; those that the person may not read are left out.

        ``on_duty`` says whether they hold the desk, where this request has read that already.
        """
        read = await self._readable(directory, login, tickets, "read", on_duty)
        shown = [(stored, state, right, False) for stored, state, right in read]
        return await self._views(directory, login, shown, self._office.clock.now())

    async def after_command(
        self,
        login: str,
        state: TicketState,
        recorded_at: datetime,
        position: int | None = None,
        directory: Directory | None = None,
        on_duty: bool | None = None,
    ) -> TicketReading:
        """The masked answer to a command: the ticket at the version that the command left, as of its recording.

        ``position`` is that of its last event; without it the ticket is assumed to be at its newest version. ``on_duty`` says
        whether the person holds the desk, where the command has read that already.
        """
        as_of = directory.version if directory is not None else None
        directory = directory or await self._office.directory.current()
        if on_duty is None:
            on_duty = await self._office.holds_desk(login, state.community)
        able = await self._openings.legal(directory, login, state, recorded_at, on_duty=on_duty)
        own = texts_of(state)
        texts = named(own, await self._opened(own, False, as_of))
        clocks = clocks_at(state, max(recorded_at, state.occurred_at or recorded_at))
        return TicketReading(state, await self.numbers(state, position), texts, True, clocks, able, recorded_at, on_duty)

    async def history(self, login: str, ref: str, *, directory: Directory | None = None) -> Sequence[HistoryStep]:
        """All events of a ticket, for people who may audit; personal texts opened or masked by their right."""
        record = await self.record(login, ref, directory=directory)
        return await self.told(self.steps(record.events), record.opened)

    async def record(self, login: str, ref: str, *, directory: Directory | None = None) -> Record:
        """The events of a ticket, for people who may audit, and whether their personal texts are opened (recorded as opened)."""
        directory = directory or await self._office.directory.current()
        stored, state = await self._tickets.read(ref)
        right = await self._reading_right(directory, login, state, Right.AUDIT, "history")
        opened = right.opens and await self._noted_ticket(login, state, "ticket_history", self._office.clock.now())
        return Record(stored, opened)

    def steps(self, stored: Sequence[StoredEvent]) -> Sequence[Step[TicketState]]:
        """The steps of a ticket's first events."""
        return self._office.journal.steps(stored, TicketState)

    def happened_at(self, stored: StoredEvent) -> datetime:
        """When an event happened in the world."""
        return self._office.journal.codec.decode(stored).timestamp

    async def told(self, steps: Sequence[Step[TicketState]], opened: bool) -> Sequence[HistoryStep]:
        """Some steps of a ticket, with clocks and texts."""
        fields = texts_in(steps)
        texts = by_version(fields, await self._opened(fields, opened))
        return [
            HistoryStep(
                step.stored,
                step.event,
                step.before,
                step.after,
                clocks_at(step.after, step.event.timestamp),
                texts.get(step.stored.version, {}),
            )
            for step in steps
        ]

    def refused(self, directory: Directory, login: str, reading: TicketReading) -> Mapping[Trigger, Refusal]:
        """For every trigger that is not legal for a person on a ticket now, the refusal that its command would meet."""
        state, open_to, now = reading.state, reading.legal, self._office.clock.now()
        in_force, roles = policy_in_force(directory, state.community, now), directory.roles(login, state.community, now)
        found: dict[Trigger, Refusal] = {}
        for trigger in Trigger:
            if trigger is Trigger.RECEIVE or trigger in open_to:
                continue
            rule = forbidding(state, trigger, in_force)
            if trigger not in legal(state.state):
                found[trigger] = TransitionRefused(state.state.value, trigger.value, [t.value for t in open_to])
            elif rule is not None:
                found[trigger] = refuse_by(state, trigger, in_force, rule)
            elif (barred := conflict(WITH_RIGHTS, state, trigger, login)) is not None:
                found[trigger] = person_refused(barred, trigger, roles)
            elif (concerned := conflict(WITH_STATE, state, trigger, login)) is not None:
                found[trigger] = refuse_person(state, trigger, in_force, concerned)
            else:
                found[trigger] = denied(right_of(trigger), trigger.value, roles)
        return found

    async def attachment(
        self, login: str, ref: str, name: str, *, directory: Directory | None = None
    ) -> tuple[TicketState, str | None]:
        """The ticket of an attachment and the file's name, for people who may open its personal data; logged first.

        A file cannot be masked: raises NotAllowed without the right, and Overloaded if the access log cannot be written.
        """
        directory = directory or await self._office.directory.current()
        _, state = await self._tickets.read(ref)
        right = await self._reading_right(directory, login, state, Right.READ, "read")
        if not right.opens:
            raise denied(Right.OPEN_PERSONAL, "attachment", right.roles)
        if not any(file.name == name for file in state.attachments):
            raise NotFound("attachment")
        subjects = (state.subject,) if state.subject else ()
        await self._access_log.record(
            Access(self._office.clock.now(), login, state.community, "attachment", subjects, state.id, {"name": name})
        )
        sealed = [(where, text) for called, where, text in texts_of(state) if called == f"attachments.{name}"]
        return state, (await self._office.journal.sealer.open(sealed))[0] if sealed else None

    async def numbers(self, state: TicketState, position: int | None = None) -> Numbers:
        """The ticket's number, and its number in its book as of a position (default: now)."""
        taken: Sequence[NumberTaken | Number] | None = self._office.journal.numbers(state.id, state.version)
        if taken is None:
            taken = (await self._log.numbers_of([state.id])).get(state.id, ())
        number = next(n.number for n in taken if n.book == Book.INTAKE)
        book = state.book
        in_book = [n.number for n in taken if n.book == book and (position is None or n.position <= position)]
        return Numbers(number, in_book[-1] if in_book else None)

    async def _reading_right(
        self, directory: Directory, login: str, state: TicketState, right: Right, what: str, on_duty: bool | None = None
    ) -> ReadingRight:
        """A person's right to read a ticket. Raises NotAllowed; NotFound for people outside the community."""
        now = self._office.clock.now()
        roles = directory.roles(login, state.community, now)
        if not roles:
            raise NotFound("ticket")
        relation = await self._openings.relation(directory, login, state, now, on_duty=on_duty)
        if weigh(right, roles, relation) is None:
            raise denied(right, what, roles)
        return ReadingRight(roles, relation, weigh(Right.OPEN_PERSONAL, roles, relation) is Mode.FULL)

    async def _readable(
        self, directory: Directory, login: str, tickets: Sequence[UUID], what: str, on_duty: bool | None = None
    ) -> list[tuple[Sequence[StoredEvent], TicketState, ReadingRight]]:
        """Of these tickets those that somebody may read, read at once; who holds the desk is read once a community."""
        read = await self._tickets.read_all(tickets)
        holds = {state.community: on_duty for _, state in read}
        for community, known in holds.items():
            if known is None:
                holds[community] = await self._office.holds_desk(login, community)
        found = []
        for stored, state in read:
            try:
                right = await self._reading_right(directory, login, state, Right.READ, what, holds[state.community])
            except (NotFound, NotAllowed):
                continue
            found.append((stored, state, right))
        return found

    async def _views(
        self,
        directory: Directory,
        login: str,
        shown: Sequence[tuple[Sequence[StoredEvent], TicketState, ReadingRight, bool]],
        now: datetime,
    ) -> list[TicketReading]:
        """The readings of several tickets, each with its texts opened or masked."""
        texts = await self._texts([(state, opened) for _, state, _, opened in shown])
        return [
            TicketReading(
                state,
                numbers_in(stored, state.book, stored[-1].position),
                said,
                not opened,
                clocks_at(state, now),
                await self._openings.legal(directory, login, state, now, on_duty=right.on_duty),
                stored[-1].recorded_at,
                right.on_duty,
            )
            for (stored, state, right, opened), said in zip(shown, texts, strict=True)
        ]

    async def _texts(self, tickets: Sequence[tuple[TicketState, bool]]) -> list[dict[str, str]]:
        """The texts of several tickets, each opened or masked, unsealed in at most two batches."""
        found: list[dict[str, str]] = [{} for _ in tickets]
        for mode in (True, False):
            own = [(i, one) for i, (state, opened) in enumerate(tickets) if opened is mode for one in texts_of(state)]
            clear = await self._opened([one for _, one in own], mode)
            for (i, (name, _, _)), text in zip(own, clear, strict=True):
                found[i][name] = text
        return found

    async def _opened(self, fields: Sequence[NamedText], opened: bool, as_of: int | None = None) -> list[str]:
        """Texts in full, or masked (names and phones in part, others whole), unsealed in one batch."""
        hinted = [opened or name in HINTED for name, _, _ in fields]
        sealed = [(where, text) for (_, where, text), wanted in zip(fields, hinted, strict=True) if wanted]
        clear = iter(await self._office.journal.sealer.open(sealed, as_of=as_of) if sealed else ())
        found = []
        for (name, _, _), wanted in zip(fields, hinted, strict=True):
            text = next(clear) if wanted else MASKED
            if text is None:
                found.append(ERASED)
            elif opened or not wanted:
                found.append(text)
            else:
                found.append(mask_phone(text) if name == "reporter_phone" else mask_name(text))
        return found

    async def _noted_ticket(
        self, login: str, state: TicketState, what: str, now: datetime, detail: Mapping[str, str] = NO_DETAIL
    ) -> bool:
        subjects = (state.subject,) if state.subject else ()
        return await self._noted(login, state.community, subjects, what, now, state.id, detail)

    async def _noted(
        self,
        login: str,
        community: str,
        subjects: Sequence[UUID],
        what: str,
        now: datetime,
        stream: UUID | None = None,
        detail: Mapping[str, str] = NO_DETAIL,
    ) -> bool:
        return await noted(self._access_log, Access(now, login, community, what, subjects, stream, detail))
