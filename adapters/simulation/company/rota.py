"""The rota (排班): working hours by day and night, days off, leave, and the officers of the desk (D5 二)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from adapters.simulation.company.estate import Estate, Member
from domain.kernel.terms import DutyPeriod, Role
from domain.rules.duty_calendar import Span, is_summer, period_at
from domain.rules.policy import DutyTimes

BEFORE = timedelta(minutes=18)
"""How long before the start people arrive (D5 八: 15 minutes)."""
AFTER = timedelta(minutes=40)
"""How long after the end of their hours people may still finish work."""
LONGER = timedelta(minutes=75)
"""How long after the end of a watch a guard may still be the stand-in, until the officer is back."""
TURNING = (Role.CONTROL_ROOM, Role.SECURITY)
"""Roles in watches (两白两夜两休): two days, two nights, two days off, twelve hours each."""
WATCH = (time(8), time(20))
OFFICE = (Role.BUTLER, Role.SUPERVISOR, Role.DIRECTOR, Role.FINANCE, Role.HR)
"""Roles with one day off a week, on different days (做六休一); the company's people work every day for some estate."""
NOON_CHANGES = (2, 5, 8)
"""The days of ten on which the desk changes hands at noon."""
LUNCH = (time(12), time(13, 30))


class Rota:
    """The rota of an estate; days are counted from ``anchor`` (earlier days are negative)."""

    def __init__(self, estate: Estate, anchor: date, duty: DutyTimes, zone: ZoneInfo) -> None:
        self.estate, self.anchor, self.duty, self.zone = estate, anchor, duty, zone
        self._members = {member.login: member for member in estate.staff}
        self._places = {
            member.login: place for role in Role for place, member in enumerate(m for m in estate.staff if m.role is role)
        }
        self._nights = [member.login for member in estate.staff if member.nights]
        self._replaced: dict[int, str] = {}
        self._leave: set[tuple[str, int]] = set()

    def day(self, moment: datetime) -> int:
        """The day that a moment belongs to; a night belongs to the day on which it began."""
        return (self.period(moment).start.date() - self.anchor).days

    def period(self, moment: datetime) -> Span:
        """The duty period that a moment lies in."""
        return period_at(moment, self.zone, self.duty)

    def at(self, day: int, clock: time) -> datetime:
        """The moment of a time of day."""
        return datetime.combine(self.anchor + timedelta(days=day), clock, self.zone)

    def is_summer(self, day: int) -> bool:
        """Whether a day lies in the configured summer."""
        return is_summer(self.anchor + timedelta(days=day), self.duty)

    def afternoon(self, day: int) -> datetime:
        """The beginning of the afternoon's duty."""
        return self.at(day, self.duty.afternoon_summer if self.is_summer(day) else self.duty.afternoon_winter)

    def evening(self, day: int) -> datetime:
        """The beginning of the night's duty."""
        return self.at(day, self.duty.night_summer if self.is_summer(day) else self.duty.night_winter)

    def replace_night(self, day: int) -> str:
        """Replace a night's officer by the next but one in turn; the absent officer is free that day and the next.

        Returns the replacement's login.
        """
        turn = self._nights.index(self.night_officer(day))
        self._replaced[day] = self._nights[(turn + 2) % len(self._nights)]
        self._leave.add((self._nights[turn], day))
        self._leave.add((self._nights[turn], day + 1))
        return self._replaced[day]

    def night_officer(self, day: int) -> str:
        """The officer who holds the desk (夜间值班) in the night that begins on a day."""
        return self._replaced.get(day) or self.due_at_night(day)

    def due_at_night(self, day: int) -> str:
        """The officer whose turn a night is, even if absent."""
        return self._nights[day % len(self._nights)]

    def assistants(self, day: int) -> list[str]:
        """The assistants at work on a day; the first of them holds the desk."""
        there = [m.login for m in self.estate.of(Role.ASSISTANT) if self.works_by_day(m.login, day)]
        turn = day % len(there) if there else 0
        return there[turn:] + there[:turn]

    def day_officer(self, day: int) -> str:
        """The assistant who takes the desk in the morning."""
        return self.assistants(day)[0]

    def noon_officer(self, day: int) -> str:
        """The officer from noon on: on some days the colleague (当班轮值), else the officer of the morning."""
        return self.colleague(day) if day % 10 in NOON_CHANGES else self.day_officer(day)

    def colleague(self, day: int) -> str:
        """The last of the assistants at work on a day, who is the officer where there is only one."""
        return self.assistants(day)[-1]

    def works_by_day(self, login: str, day: int) -> bool:
        """Whether a person works on a day (roles in watches: in the day's watch)."""
        if (login, day) in self._leave:
            return False
        member, place = self._members[login], self._places[login]
        if member.role is Role.ASSISTANT:
            return self._rested(day, place)
        if member.role is Role.TECHNICIAN:
            if member.nights:
                return login not in (self.night_officer(day), self.night_officer(day - 1))
            return self._rested(day, place)
        if member.role in TURNING:
            return (day + 2 * place) % 6 in (0, 1)
        if member.role in OFFICE:
            return (day + 2 * place + _WEEKLY[member.role]) % 7 != 0
        return True

    def _rested(self, day: int, place: int) -> bool:
        """Whether a day is one of four working days before two days off; of three people never two are off together."""
        return ((day + 2 * place) // 2) % 3 != 0

    def hours(self, login: str, day: int) -> Iterator[tuple[datetime, datetime]]:
        """A person's working hours that begin on a day: (start, end)."""
        member = self._members[login]
        if member.role in TURNING:
            phase = (day + 2 * self._places[login]) % 6
            if phase in (0, 1):
                yield self.at(day, WATCH[0]), self.at(day, WATCH[1])
            elif phase in (2, 3):
                yield self.at(day, WATCH[1]), self.at(day + 1, WATCH[0])
            return
        if self.works_by_day(login, day):
            yield self.at(day, self.duty.morning), self.evening(day)
        if member.nights and self.night_officer(day) == login:
            yield self.evening(day), self.at(day + 1, self.duty.morning)

    def at_work(self, login: str, moment: datetime) -> bool:
        """Whether a person is present at a moment, early arrival and finishing time included."""
        after = LONGER if self._members[login].role in TURNING else AFTER
        return any(start - BEFORE <= moment <= end + after for start, end in self._around(login, moment))

    def _around(self, login: str, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        today = (moment.astimezone(self.zone).date() - self.anchor).days
        return (hours for day in (today - 1, today) for hours in self.hours(login, day))

    def next_at_work(self, login: str, after: datetime) -> datetime:
        """The first moment from ``after`` on at which a person works by day and isn't at lunch."""
        for day in range((after.astimezone(self.zone).date() - self.anchor).days, 10**6):
            if not self.works_by_day(login, day):
                continue
            moment = max(after, self.at(day, self.duty.morning))
            if self.at(day, LUNCH[0]) <= moment < self.at(day, LUNCH[1]):
                moment += self.at(day, LUNCH[1]) - self.at(day, LUNCH[0])
            if moment <= self.evening(day) - timedelta(minutes=5):
                return moment
        raise AssertionError(login)

    def there(self, role: Role, moment: datetime) -> list[Member]:
        """The members of a role whose working hours include a moment."""
        people = self.estate.of(role)
        return [m for m in people if any(start <= moment < end for start, end in self._around(m.login, moment))]

    def is_night(self, moment: datetime) -> bool:
        """Whether a moment lies in the night's duty."""
        return self.period(moment).period is DutyPeriod.NIGHT


_WEEKLY = {Role.BUTLER: 0, Role.SUPERVISOR: 3, Role.DIRECTOR: 1, Role.FINANCE: 5, Role.HR: 2}
