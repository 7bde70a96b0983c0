"""Filling a new store: every step of every story through the same use cases as in earnest, in the order of time.

A clock stands at each step's moment, and the store's clock follows it, so that what was recorded when is believable.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters import tokens
from adapters.composition import Gongdan, make_new, opened
from adapters.demo import desk_affairs, moving_and_building, repairs_at_home, repairs_in_public
from adapters.demo.residents import Residents
from adapters.demo.staff import (
    AREAS,
    COMMUNITY,
    COMMUNITY_NAME,
    CONTRACTORS,
    STAFF,
    TEAM,
    TEAM_MEMBERS,
    day_officer,
    night_officer,
)
from adapters.demo.story import Approve, AttachText, Days, ReturnToPost, Step, Story, Substitute, Telling
from adapters.settings import Settings
from adapters.system import entropy
from domain import ticket_commands as c
from domain.administration import Administrator
from domain.back_entry import BackEntry
from domain.duty_calendar import period_at
from domain.policy import Duty
from domain.requests import Done, Request, Waiting
from domain.staff import EVERYWHERE
from domain.terms import DutyPeriod

ZONE = ZoneInfo("Asia/Shanghai")
FIRST_DAY = -10
ON_DUTY = "on_duty"
"""As who acts: whoever holds the desk at that moment."""
TELLINGS: tuple[Telling, ...] = (
    *repairs_at_home.TELLINGS,
    *repairs_in_public.TELLINGS,
    *desk_affairs.TELLINGS,
    *moving_and_building.TELLINGS,
)
TOKEN_DAYS = 30
PASSWORD_BYTES = 4


@dataclass
class SteppedClock:
    """A clock that stands where it was put; the store's runs a little behind it, as a real commit does."""

    moment: datetime
    delay: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The moment it was put to."""
        return self.moment + self.delay


@dataclass
class StoreClock:
    """Follows another clock by the time that a command takes to be written."""

    leader: SteppedClock
    random: Random

    def now(self) -> datetime:
        """A fraction of a second after the leader."""
        return self.leader.now() + timedelta(milliseconds=self.random.randint(20, 400))


@dataclass
class SeededIds:
    """UUIDv7 of the stepped clock, their random bits from a seed."""

    clock: SteppedClock
    random: Random

    def new(self) -> UUID:
        """A new identifier."""
        milliseconds = int(self.clock.now().timestamp() * 1000)
        high = milliseconds << 16 | 0x7000 | self.random.getrandbits(12)
        return UUID(int=high << 64 | 0b10 << 62 | self.random.getrandbits(62))


@dataclass(frozen=True)
class Demo:
    """A filled store: its settings, each person's token, everybody's password, and the number of each story's ticket."""

    settings: Settings
    tokens: dict[str, str]
    password: str
    numbers: dict[str, str]
    approval: UUID


@dataclass
class Player:
    """Plays the stories on an open store."""

    parts: Gongdan
    clock: SteppedClock
    duty: Duty
    days: Days
    tickets: dict[str, UUID] = field(default_factory=dict)
    opened: dict[tuple[str, int], UUID] = field(default_factory=dict)
    approvals: dict[str, UUID] = field(default_factory=dict)

    async def set_up(self) -> None:
        """The estate and its people, some days before the first story."""
        parts = self.parts
        by = Administrator("operator", parts.ids.new(), operator=True)
        administration = parts.administration
        await administration.add_community(COMMUNITY, COMMUNITY_NAME, ZONE.key, by)
        for code, name in AREAS.items():
            await administration.add_area(COMMUNITY, code, name, by)
        since = self.days.today + timedelta(days=FIRST_DAY - 30)
        for member in STAFF:
            await administration.add_person(member.login, member.name, by)
            place = EVERYWHERE if member.company else COMMUNITY
            await administration.grant(member.login, member.role, place, member.area, since, None, by)
        await administration.form_team(COMMUNITY, TEAM, TEAM_MEMBERS, by)
        for code, name in CONTRACTORS.items():
            await administration.register_contractor(COMMUNITY, code, name, by)

    async def play(self, story: Story, step: Step) -> None:
        """One step of a story."""
        parts, do = self.parts, step.do
        who = self.officer(step.at) if step.who == ON_DUTY else step.who
        request = Request(who, parts.ids.new(), step.occurred_at, step.offline)
        outcome: Any = None
        match do:
            case Approve():
                outcome = await parts.approvals.approve(self.approvals[story.key], request)
            case Substitute():
                await parts.duty.substitute(await self._shift(), do.stand_in, request)
            case ReturnToPost():
                await parts.duty.return_to_post(await self._shift(), request)
            case AttachText():
                outcome = await parts.desk.act(str(self._ticket(story)), await self._kept(story, do), request)
            case c.Receive():
                outcome = await parts.desk.receive(do, request)
            case BackEntry():
                outcome = await parts.desk.back_enter(do, request)
            case c.Command():
                outcome = await parts.desk.act(str(self._ticket(story)), self._resolved(do), request)
        if isinstance(outcome, Done):
            self.tickets.setdefault(story.key, outcome.state.id)
            for index, ticket in enumerate(outcome.opened):
                self.opened[story.key, index] = ticket
        elif isinstance(outcome, Waiting):
            self.approvals[story.key] = outcome.case.id

    def _ticket(self, story: Story) -> UUID:
        if story.key not in self.tickets and story.of is not None:
            self.tickets[story.key] = self.opened[story.of]
        return self.tickets[story.key]

    def _resolved(self, command: c.Command) -> c.Command:
        """Names of other stories become their tickets."""
        for name in ("ticket", "duplicate_of"):
            other = getattr(command, name, None)
            if other is not None:
                command = command.model_copy(update={name: str(self.tickets[other])})
        return command

    async def _kept(self, story: Story, file: AttachText) -> c.Attach:
        ticket = self._ticket(story)
        state = await self.parts.desk.load(ticket)
        assert state.subject is not None

        async def content() -> AsyncIterator[bytes]:
            yield file.text.encode()

        kept = await self.parts.attachments.store(state.subject, ticket, content(), "text/plain")
        return c.Attach(name=kept.name, content_type=kept.content_type, size=kept.size, file_name=file.file_name)

    def officer(self, moment: datetime) -> str:
        """Who holds the desk by the rota."""
        span = period_at(moment, ZONE, self.duty)
        day = (span.start.date() - self.days.today).days
        return night_officer(day) if span.period is DutyPeriod.NIGHT else day_officer(day)

    async def change_shift(self, moment: datetime) -> None:
        """The supervisor ends the shift before, if any, and the officer by the rota takes the desk."""
        ids, duty = self.parts.ids, self.parts.duty
        held = await duty.holder(COMMUNITY, "chen.ping")
        if held is not None and held.shift is not None:
            await duty.take_over(held.shift.id, "交班：班次到点，接班人员已到岗。", Request("chen.ping", ids.new()))
        await duty.open(COMMUNITY, Request(self.officer(moment), ids.new()))

    async def _shift(self) -> UUID:
        held = await self.parts.duty.holder(COMMUNITY, "chen.ping")
        assert held is not None
        assert held.shift is not None
        return held.shift.id

    def shift_changes(self) -> Iterator[datetime]:
        """Morning and evening of each day: an assistant's shift runs through noon (adjoining periods)."""
        for day in range(FIRST_DAY, 1):
            noon = self.days.at(day, "12:00")
            yield period_at(self.days.at(day, "09:00"), ZONE, self.duty).start
            yield period_at(noon.replace(hour=23), ZONE, self.duty).start


Progress = Callable[[int, int], None]


async def fill(settings: Settings, now: datetime, seed: int, progress: Progress = lambda done, total: None) -> Demo:
    """Make a new store of these settings and tell every story up to ``now``; the same seed and moment give the same events."""
    random = Random(seed)
    days = Days(now, ZONE, Residents(random))
    clock = SteppedClock(_utc(days.at(FIRST_DAY - 1, "08:00")))
    ids = SeededIds(clock, Random(random.getrandbits(64)))
    await make_new(settings, f"demo-{seed}", clock)
    async with opened(settings, clock, ids, StoreClock(clock, Random(random.getrandbits(64)))) as parts:
        duty = (await parts.directory.current()).policy.duty
        player = Player(parts, clock, duty, days)
        await player.set_up()
        steps = sorted(_steps(days, player, Random(random.getrandbits(64))), key=lambda one: one[0])
        for done, (moment, play) in enumerate(steps):
            clock.moment = _utc(moment)
            await play()
            progress(done + 1, len(steps))
        clock.moment = _utc(now)
        made, password = {}, entropy(PASSWORD_BYTES).hex()
        kept = await parts.sign_ins.passwords.hashed(password)
        for member in STAFF:
            _, made[member.login] = await tokens.issue(parts.store, clock, ids, entropy, member.login, TOKEN_DAYS)
            await parts.sign_ins.put_hash(member.login, kept)
        taken = await parts.store.numbers_of(list(player.tickets.values()))
        numbers = {story: taken[ticket][0].number for story, ticket in player.tickets.items()}
        return Demo(settings, made, password, numbers, player.approvals["bathroom"])


def _steps(days: Days, player: Player, random: Random) -> Iterator[tuple[datetime, Callable[[], Any]]]:
    """What happened by now, each at its moment; within its minute by chance."""
    for moment in player.shift_changes():
        if moment <= days.now:
            yield moment, partial(player.change_shift, moment)
    for tell in TELLINGS:
        for story in tell(days):
            for step in story.steps:
                at = step.at + timedelta(seconds=random.randint(1, 55)) if step.occurred_at is None else step.at
                if at <= days.now:
                    yield at, partial(player.play, story, replace(step, at=at))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
