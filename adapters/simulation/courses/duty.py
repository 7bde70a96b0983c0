"""Courses of duty: shifts, handovers with signed sheets, log lines, rosters, leave, the supervisor's reviews (D1 4.1, D5)."""

from collections.abc import Awaitable, Callable, Generator, Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from adapters.composition import Gongdan
from adapters.simulation.company.site import Site
from adapters.simulation.company.texts import TEXTS
from adapters.simulation.courses.steps import (
    STALE,
    Arrive,
    Ask,
    Course,
    Dispute,
    Extend,
    LogLine,
    OpenDesk,
    PrepareSheet,
    Review,
    SignIn,
    SignOut,
    Step,
    SwitchPhone,
    TakeOver,
    Wait,
)
from domain.duty.rostering import Wanted
from domain.kernel.periods import Month
from domain.kernel.request import Request
from domain.kernel.terms import Condition, DutyPeriod, Role, State

MINUTE = timedelta(minutes=1)
DAY_RECORDS = ("repair_book", "complaint_book", "daily_book", "work_journal", "key_register")
NIGHT_RECORDS = ("repair_book", "daily_book", "night_log", "key_register", "visitor_register")
NO_SHOW = "接班人员未到岗，电话未接通，另派同班组人员顶班；当班人员先行下班。"
NO_SHOW_PROBABILITY, LEAVE_PROBABILITY = 0.008, 0.07
BETWEEN = 4
"""Least number of days between two absences of night officers."""
NOTICE = 3
"""Most days in advance that leave is asked for."""
LATE_PROBABILITY, DISPUTE_PROBABILITY, PHONE_PROBABILITY = 0.05, 0.012, 0.3
SIGNING = (1, 3)
"""Minutes that reading and signing a sheet take (shortest, longest)."""


def shifts(site: Site, first: int, no_shows: frozenset[int] = frozenset(), disputed: frozenset[int] = frozenset()) -> Course:
    """All shifts from the first morning on.

    On a day of ``no_shows`` the night officer of the rota is absent and another takes the desk; on a day of ``disputed`` the
    evening sheet is disputed once before it is signed.
    """
    morning = site.rota.at(first, site.duty.morning)
    ready = morning - site.minutes(8, 12)
    yield Step(morning - site.minutes(16, 17.5), site.rota.day_officer(first), OpenDesk())
    yield Step(ready, "", Wait())
    for day in count(first):
        yield from _by_day(site, day)
        evening = site.rota.evening(day)
        if day in no_shows:
            yield from _nobody_comes(site, day)
        else:
            trouble = day in disputed or site.chance(DISPUTE_PROBABILITY)
            yield from _handed_over(site, evening, site.rota.night_officer(day), disputed=trouble)
        yield from _by_night(site, day)
        next_morning = site.rota.at(day + 1, site.duty.morning)
        yield from _handed_over(site, next_morning, site.rota.day_officer(day + 1))


def _by_day(site: Site, day: int) -> Course:
    """The day's shifts: one officer through noon (连班), or a handover to the colleague at noon (D5 二: 当班轮值)."""
    rota, duty = site.rota, site.duty
    noon, afternoon = rota.at(day, duty.noon), rota.afternoon(day)
    yield from _lines(site, rota.at(day, duty.morning) + 20 * MINUTE, noon - 30 * MINUTE, TEXTS.say.day_lines, 2)
    if rota.noon_officer(day) != site.desk_officer():
        yield from _handed_over(site, noon, rota.noon_officer(day), punctual=True)
    else:
        yield Step(noon - site.minutes(2, 9), site.desk_officer, Extend())
    yield Step(afternoon - site.minutes(2, 9), site.desk_officer, Extend())
    yield from _lines(site, afternoon + 30 * MINUTE, rota.evening(day) - 40 * MINUTE, TEXTS.say.day_lines, 2)


def _by_night(site: Site, day: int) -> Course:
    """The night's log lines; on some nights the phone is with the control room in the small hours (D1 4.1.3)."""
    rota = site.rota
    yield from _lines(site, rota.evening(day) + 60 * MINUTE, rota.at(day, time(23)), TEXTS.say.night_lines, 2)
    small_hours = rota.at(day + 1, time(0, 25))
    if site.chance(PHONE_PROBABILITY):
        away = small_hours + site.minutes(0, 40)
        yield from _at_post(site, away)
        if not site.away:
            yield Step(away, site.desk_officer, lambda: SwitchPhone(site.control_room(away)))
            yield Step(small_hours + timedelta(hours=5) + site.minutes(15, 50), site.at_desk, SwitchPhone(None))
    else:
        yield from _lines(site, small_hours, small_hours + timedelta(hours=4), TEXTS.say.night_lines, 1)
    six = small_hours + timedelta(hours=6)
    yield from _lines(site, six, six + 55 * MINUTE, TEXTS.say.night_lines, 1)


def _lines(site: Site, begin: datetime, end: datetime, texts: tuple[str, ...], most: int) -> Course:
    """Up to ``most`` lines of the log between two moments."""
    seconds = int((end - begin).total_seconds())
    moments = sorted(begin + timedelta(seconds=site.random.randrange(seconds)) for _ in range(site.random.randint(1, most)))
    for moment in moments:
        yield Step(moment, site.desk_officer, LogLine(site.say(texts)))


def _at_post(site: Site, at: datetime) -> Course:
    """Wait, for at most an hour, until the officer and the phone are at the post."""
    for minutes in range(0, 60, 5):
        yield Step(at + minutes * MINUTE, "", Wait())
        if not site.away:
            return


def _sheet(site: Site, remarks: str | None = None, flaw: tuple[str, Condition] | None = None) -> PrepareSheet:
    """A sheet with all equipment in good condition, except for a flaw or a random fault."""
    assert site.shift is not None
    by_night = site.desk_officer() in {member.login for member in site.estate.of(Role.TECHNICIAN)}
    things = site.equipment[Role.TECHNICIAN if by_night else Role.ASSISTANT]
    equipment = dict.fromkeys(things, Condition.GOOD)
    if flaw is not None and flaw[0] in things:
        equipment[flaw[0]] = flaw[1]
    elif site.chance(0.05):
        equipment[site.random.choice(things)] = Condition.FAULTY
    return PrepareSheet(equipment, NIGHT_RECORDS if by_night else DAY_RECORDS, remarks)


def _handed_over(site: Site, due: datetime, incoming: str, *, disputed: bool = False, punctual: bool = False) -> Course:
    """A handover (交接班): the incoming officer arrives a quarter of an hour early, sometimes late; both sign one sheet.

    Where a ticket changed between sheet and signature, the sheet is stale and prepared again.
    """
    late = not punctual and site.chance(LATE_PROBABILITY)
    arrived = due - (site.minutes(2, 12) if late else site.minutes(15.2, 17.5))
    at = arrived + site.minutes(1, 3)
    yield Step(arrived, incoming, Arrive())
    yield from _at_post(site, at)
    remarks = site.say(TEXTS.say.remarks) if site.chance(0.55) else None
    sheet = _sheet(site, remarks)
    at = yield from _signed_out(site, at, sheet)
    if disputed:
        wrong = site.random.choice(TEXTS.say.disputes)
        at += site.minutes(2, 4)
        yield Step(at, incoming, Dispute(wrong.reason))
        at += site.minutes(5, 9)
        sheet = _sheet(site, wrong.remark, (wrong.thing, wrong.condition))
        at = yield from _signed_out(site, at, sheet)
    while True:
        at += site.minutes(*SIGNING)
        signed = yield Step(at, incoming, SignIn())
        if signed is not STALE:
            return
        at = yield from _signed_out(site, at + site.minutes(0.5, 1), sheet)


def _signed_out(site: Site, at: datetime, sheet: PrepareSheet) -> Generator[Step, Any, datetime]:
    """Prepare and sign the sheet as the outgoing officer, again while it is stale; returns the moment of signing."""
    while True:
        prepared = yield Step(at, site.desk_officer, sheet)
        at = max(at, prepared.recorded_at) + site.minutes(0.7, 1.5)
        signed = yield Step(at, site.desk_officer, SignOut())
        if signed is not STALE:
            return at
        at += site.minutes(0.3, 0.8)


def _nobody_comes(site: Site, day: int) -> Course:
    """A take-over (接管): the night officer is absent, the supervisor ends the shift, and the desk is empty for a while."""
    evening = site.rota.evening(day)
    at = yield from _signed_out(site, evening - site.minutes(6, 9), _sheet(site, site.say(TEXTS.say.remarks)))
    taken = evening + site.minutes(17, 21)
    manager = site.manager(taken)
    yield Step(taken, manager, TakeOver(NO_SHOW))
    comes = max(at, taken) + site.minutes(16, 24)
    yield Step(comes, site.rota.night_officer(day), OpenDesk())


def rosters(site: Site, first: int) -> Course:
    """Publish rosters (排班): on the eve of the first day, then every month some days ahead; by the supervisor."""
    rota = site.rota
    at, begin = rota.at(first - 1, PUBLISHED), rota.anchor + timedelta(days=first)
    while True:
        last = Month.of(begin).last_day
        yield Step(at, site.manager(at), Ask(_published(site, begin, last)))
        begin = last + timedelta(days=1)
        at = max(at + 5 * MINUTE, rota.at((last.replace(day=25) - rota.anchor).days, PUBLISHED))


PUBLISHED = time(16, 20)


def leaves(site: Site, days: frozenset[int]) -> Course:
    """Grant leave (请假顶班): a night officer asks some days ahead, and the next in turn covers (D5 二)."""
    for day in sorted(days):
        at = site.rota.at(day - site.random.randint(1, NOTICE), time(10)) + site.minutes(0, 300)
        yield Step(at, site.manager(at), Ask(_covered(site, day, site.say(TEXTS.say.leaves))))


def _covered(site: Site, day: int, reason: str) -> Callable[[Gongdan, Request], Awaitable[Any]]:
    date, away, cover = site.rota.anchor + timedelta(days=day), site.rota.due_at_night(day), site.rota.night_officer(day)
    return lambda gongdan, request: gongdan.rostering.leave(site.estate.code, away, date, date, cover, reason, request)


def absences(random: Random, first: int, days: int) -> tuple[frozenset[int], frozenset[int]]:
    """Draw absences of night officers for ``days`` days from ``first`` on; returns the days of no-shows and of leave."""
    no_shows, leaves = set(), set()
    day = first + NOTICE + 1
    while day < first + days:
        drawn = random.random()
        if drawn < NO_SHOW_PROBABILITY:
            no_shows.add(day)
        elif drawn < NO_SHOW_PROBABILITY + LEAVE_PROBABILITY:
            leaves.add(day)
        day += BETWEEN if day in no_shows | leaves else 1
    return frozenset(no_shows), frozenset(leaves)


def _published(site: Site, begin: date, last: date) -> Callable[[Gongdan, Request], Awaitable[Any]]:
    rota, wanted = site.rota, []
    for day in range((begin - rota.anchor).days, (last - rota.anchor).days + 1):
        noon = rota.noon_officer(day)
        due = (rota.day_officer(day), noon, noon, rota.due_at_night(day))
        wanted += [
            Wanted(rota.anchor + timedelta(days=day), period, login) for period, login in zip(DutyPeriod, due, strict=True)
        ]
    return lambda gongdan, request: gongdan.rostering.publish(site.estate.code, wanted, request)


def reviews(site: Site, first: int) -> Course:
    """Reviews (主管查阅): every morning the supervisor reads the ended shifts and urges overdue tickets (D1 4.1.4)."""
    urged: dict[UUID, datetime] = {}
    for day in count(first):
        at = site.rota.at(day, site.duty.morning) + site.minutes(8, 24)
        reader = site.manager(at)
        if not site.rota.at_work(reader, at):
            continue
        yield Step(at, "", Wait())
        waiting, site.ended = site.ended, []
        for number, shift in enumerate(waiting):
            last = number == len(waiting) - 1
            overdue = tuple(_overdue(site, at, urged, reader)) if last else ()
            urged |= dict.fromkeys(overdue, at)
            message = site.say(TEXTS.say.urgings) if overdue else None
            remarks = site.say(TEXTS.say.read) if last or site.chance(0.3) else None
            at += site.minutes(1.5, 5)
            yield Step(at, reader, _reading(site, shift, remarks, overdue, message))


def _reading(site: Site, shift: UUID, remarks: str | None, overdue: tuple[UUID, ...], message: str | None) -> Any:
    """A review that urges only tickets still open when it is written."""

    def review() -> Review:
        still = tuple(ticket for ticket in overdue if ticket in site.open)
        return Review(shift, remarks, still, message if still else None)

    return review


def _overdue(site: Site, at: datetime, urged: dict[UUID, datetime], reader: str) -> Iterator[UUID]:
    """Up to two tickets that have waited for more than 60 hours and were not urged within three days."""
    found = 0
    for ticket, state in site.open.items():
        old = state.received_at is not None and at - state.received_at > timedelta(hours=60)
        waits = state.state in (State.CLASSIFIED, State.DISPATCHED) and state.kind in ("repair", "complaint")
        recently = ticket in urged and at - urged[ticket] < timedelta(days=3)
        if old and waits and not recently and reader not in state.complained_of and found < 2:
            found += 1
            yield ticket
