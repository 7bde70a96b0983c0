"""The use cases of rosters (排班): publishing, swaps, leaves, reading, and each person's duty calendar as a feed (D5 二).

Supervisors and directors roster. Everyone who works in a community reads its roster; only people who may roster read the reasons
of changes. Once a duty has begun it can be neither published nor changed.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.duty.roster import Duty, Passed, Roster, RosterState, Slot, month_of, roster_stream
from domain.duty.rules import post_of
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.errors import Conflict, NotFound, RuleRefused, invalid
from domain.kernel.journal import Belonging, decide_again
from domain.kernel.ports import Access, AccessLog, CommandRecord
from domain.kernel.privacy import Personal
from domain.kernel.recorded_access import on_record
from domain.kernel.request import Request
from domain.kernel.terms import DutyPeriod, RosterChange
from domain.people.authority import Mode, Relation, Right, allow, weigh
from domain.people.directory import Directory
from domain.people.office import Office
from domain.people.staff import Person, PersonState, person_stream
from domain.rules.duty_calendar import span_on, utc

LONGEST_LEAVE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A duty to publish."""

    date: date
    period: DutyPeriod
    login: str

    @property
    def slot(self) -> Slot:
        """The duty's day and period."""
        return Slot(self.date, self.period)


@dataclass(frozen=True, slots=True)
class RosterDone:
    """The (first) month's roster after a command, with the position and recording time of the last event."""

    state: RosterState
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class FeedDone:
    """The person whose feed was issued or revoked."""

    state: PersonState
    position: int


@dataclass(frozen=True, slots=True)
class RosterReading:
    """A month's roster as one person may see it; ``reasons`` of its changes by version, opened or masked."""

    state: RosterState
    reasons: dict[int, str]
    masked: bool


@dataclass(frozen=True, slots=True)
class _Scene:
    """The facts on which a roster command is decided."""

    directory: Directory
    community: str
    now: datetime
    meta: Meta


class Rostering:
    """Publishes, changes and reads rosters; issues calendar feeds."""

    def __init__(self, office: Office, access_log: AccessLog) -> None:
        self._journal, self._directory, self._clock, self._ids = office.journal, office.directory, office.clock, office.ids
        self._access_log = access_log

    # --- who is due -----------------------------------------------------------------------------------------------

    async def publish(self, community: str, wanted: Sequence[Wanted], request: Request) -> RosterDone:
        """公布值班表: publish duties for periods of one month. Raises Conflict where somebody is due already."""
        months = {month_of(one.date) for one in wanted}
        if len(months) != 1:
            raise invalid("/duties", "give at least one duty, all of one month")
        [month] = months

        async def decide(x: _Scene) -> list[Folded.Event]:
            roster = await self._roster(community, month)
            if request.if_match is not None and request.if_match != roster.version:
                raise await self._journal.stale(roster.id, request.if_match, roster.version)
            duties: dict[Slot, Duty] = {}
            for i, one in enumerate(wanted):
                if one.slot in duties:
                    raise invalid(f"/duties/{i}", "an earlier duty of the list has this period")
                due = roster.due(one.slot)
                if due is not None:
                    detail = f"{due} is due on {one.date}, {one.period.value}; use a swap or a leave to change it"
                    raise Conflict("roster", detail, {"login": due, "date": one.date.isoformat(), "period": one.period.value})
                duties[one.slot] = self._duty(x, one.slot, one.login, f"/duties/{i}/login")
            said = {"community": community, "month": month, "duties": tuple(duties[slot] for slot in sorted(duties))}
            return [occurred(Roster.RosterPublished, roster.id, roster.version + 1, x.now, x.meta, **said)]

        return await self._do("publish_roster", community, request, decide)

    async def swap(self, community: str, first: Slot, second: Slot, reason: str, request: Request) -> RosterDone:
        """换班: two people exchange duties; each must be able to hold the other's post."""

        async def decide(x: _Scene) -> list[Folded.Event]:
            one, other = await self._due(community, first, "/first"), await self._due(community, second, "/second")
            if one.login == other.login:
                raise invalid("/second", f"{one.login} is due for both")
            passed = [
                Passed(first.date, first.period, one.login, self._duty(x, first, other.login, "/second").login),
                Passed(second.date, second.period, other.login, self._duty(x, second, one.login, "/first").login),
            ]
            return await self._passed(x, RosterChange.SWAP, passed, reason)

        return await self._do("swap_duties", community, request, decide)

    async def leave(
        self, community: str, login: str, from_: date, to: date, cover: str, reason: str, request: Request
    ) -> RosterDone:
        """请假: another person covers somebody's duties of these days that have not begun; there is no leave without a cover."""
        if not timedelta(0) <= to - from_ < LONGEST_LEAVE:
            raise invalid("/to", "must not be before the first day, nor more than a year after it")
        if cover == login:
            raise invalid("/cover", "must be another person")

        async def decide(x: _Scene) -> list[Folded.Event]:
            duties = [
                duty
                for month in _months(from_, to)
                for duty in (await self._roster(community, month)).duties
                if duty.login == login and from_ <= duty.date <= to and duty.starts_at > x.now
            ]
            if not duties:
                raise invalid("/from", f"{login} has no duty on these days that has not begun")
            passed = [Passed(duty.date, duty.period, login, self._duty(x, duty.slot, cover, "/cover").login) for duty in duties]
            return await self._passed(x, RosterChange.LEAVE, passed, reason)

        return await self._do("cover_leave", community, request, decide)

    async def due(self, community: str, slot: Slot) -> str | None:
        """The login due for a period; None if nobody was rostered."""
        return (await self._roster(community, month_of(slot.date))).due(slot)

    async def roster(self, login: str, community: str, month: str, *, directory: Directory | None = None) -> RosterReading:
        """A month's roster, for people who work in the community. Reasons are opened, and logged, for people who may roster.

        ``directory`` is the one by which the request was authenticated; without it the newest is read.
        """
        directory = directory or await self._directory.current()
        now = self._clock.now()
        roles = directory.roles(login, community, now)
        if not roles:
            raise NotFound("community")
        state = await self._roster(community, month)
        return await self._reading(login, state, weigh(Right.TAKE_OVER, roles, Relation()) is Mode.FULL)

    async def after_command(self, login: str, state: RosterState) -> RosterReading:
        """The masked answer to a command."""
        return await self._reading(login, state, False)

    # --- feeds ----------------------------------------------------------------------------------------------------

    async def issue_feed(self, digest: str, request: Request) -> FeedDone:
        """日历订阅: give one's own duty calendar a new address, and end the old one.

        Only the address's hash is passed and stored.
        """
        return await self._feed(request, lambda at, person, meta: _feed_issued(at, person, meta, digest))

    async def revoke_feed(self, request: Request) -> FeedDone:
        """End one's own feed at once, in every operating-system process."""
        return await self._feed(request, _feed_revoked)

    async def _feed(self, request: Request, decide: Callable[[datetime, PersonState, Meta], Folded.Event]) -> FeedDone:
        stream = person_stream(request.login)

        async def attempt() -> FeedDone:
            person = await self._journal.existing(stream, PersonState)
            event = decide(self._clock.now(), person, Meta(request.login, request.command_id))
            written = await self._journal.write([event], Belonging(""), command=request.key, bumps_registry=True)
            person = await self._journal.load_at(stream, event.originator_version, PersonState)
            return FeedDone(person, written.appended.position)

        async def carry_out() -> FeedDone:
            (await self._directory.current(request.registry_version)).person(request.login)
            return await decide_again(attempt)

        async def answer(record: CommandRecord) -> FeedDone:
            return FeedDone(await self._journal.load_at(record.stream_id, record.version, PersonState), record.position)

        return await self._journal.once(request.key, carry_out, answer)

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _roster(self, community: str, month: str) -> RosterState:
        stream = roster_stream(community, month)
        return await self._journal.load(stream, RosterState) or RosterState(stream, 0, community, month)

    async def _due(self, community: str, slot: Slot, pointer: str) -> Duty:
        duty = (await self._roster(community, month_of(slot.date))).duty(slot)
        if duty is None:
            raise invalid(pointer, "no one is due for this period")
        return duty

    def _duty(self, x: _Scene, slot: Slot, login: str, pointer: str) -> Duty:
        """A duty for a person who holds its post on that day, in a period that has not begun."""
        policy, zone = x.directory.policy_of(x.community), x.directory.zone(x.community)
        span = span_on(slot.date, slot.period, zone, policy.duty)
        if utc(span.start) <= x.now:
            detail = f"{slot.date}, {slot.period.value} has begun; its duty can no longer be changed"
            raise RuleRefused("duty_begun", "D5 二", detail)
        post = post_of(slot.period, policy.duty)
        if not any(held.role is post for held in x.directory.roles(login, x.community, span.start)):
            raise invalid(pointer, f"no one with that login is {post.value} in {x.community} on {slot.date}")
        return Duty(slot.date, slot.period, login, utc(span.start), utc(span.end), is_ground=True)

    async def _passed(self, x: _Scene, kind: RosterChange, passed: Sequence[Passed], reason: str) -> list[Folded.Event]:
        """One event for each month with duties that pass to others."""
        events: list[Folded.Event] = []
        for month in dict.fromkeys(month_of(one.date) for one in passed):
            roster = await self._roster(x.community, month)
            said = {
                "community": x.community,
                "month": month,
                "kind": kind,
                "duties": tuple(one for one in passed if month_of(one.date) == month),
                "reason": Personal(self._ids.new(), reason),
            }
            events.append(occurred(Roster.RosterChanged, roster.id, roster.version + 1, x.now, x.meta, **said))
        return events

    async def _do(
        self, command: str, community: str, request: Request, decide: Callable[[_Scene], Awaitable[list[Folded.Event]]]
    ) -> RosterDone:
        async def attempt(directory: Directory) -> RosterDone:
            now = self._clock.now()
            roles = directory.roles(request.login, community, now)
            if not roles:
                raise NotFound("community")
            allow(Right.TAKE_OVER, command, roles, Relation())
            meta = Meta(request.login, request.command_id, policy=directory.policy_of(community).version)
            events = await decide(_Scene(directory, community, now, meta))
            written = await self._journal.write(events, directory.belonging(community), command=request.key)
            last = written.appended.events[-1]
            state = await self._journal.load_at(events[0].originator_id, events[0].originator_version, RosterState)
            return RosterDone(state, last.position, last.recorded_at)

        async def carry_out() -> RosterDone:
            directory = await self._directory.current(request.registry_version)
            return await decide_again(lambda: attempt(directory))

        async def answer(record: CommandRecord) -> RosterDone:
            state = await self._journal.load_at(record.stream_id, record.version, RosterState)
            return RosterDone(state, record.position, record.recorded_at)

        return await self._journal.once(request.key, carry_out, answer)

    async def _reading(self, login: str, state: RosterState, opened: bool) -> RosterReading:
        access = Access(self._clock.now(), login, state.community, "roster", (), state.id)
        found = [change.reason for change in state.changes]
        clear, masked = await on_record(self._journal.sealer, self._access_log, access, found, may_open=opened)
        reasons = {change.version: said for change, said in zip(state.changes, clear, strict=True)}
        return RosterReading(state, reasons, masked)


def _months(from_: date, to: date) -> list[str]:
    return list(dict.fromkeys(month_of(from_ + timedelta(days=n)) for n in range((to - from_).days + 1)))


def _feed_issued(at: datetime, person: PersonState, meta: Meta, digest: str) -> Folded.Event:
    return occurred(Person.CalendarFeedIssued, person.id, person.version + 1, at, meta, hash=digest)


def _feed_revoked(at: datetime, person: PersonState, meta: Meta) -> Folded.Event:
    if person.feed is None:
        raise Conflict("feed", f"{person.login} has no feed")
    return occurred(Person.CalendarFeedRevoked, person.id, person.version + 1, at, meta)
