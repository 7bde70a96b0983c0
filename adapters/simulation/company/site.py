"""State of a running estate: the desk's officer, the technicians' free time, the open tickets, and the random draws."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.simulation.company.deck import Deck
from adapters.simulation.company.estate import ZONE, Estate, Member
from adapters.simulation.company.residents import Residents
from adapters.simulation.company.rota import Rota
from adapters.simulation.company.texts import TEXTS, Trouble, troubles
from domain.kernel.terms import DutyPeriod, Role
from domain.rules.duty_calendar import is_summer
from domain.rules.policy import Policy
from domain.ticket.state import TicketState

TRAVEL = (6, 20)
"""Minutes from accepting a work order to arriving, for a technician who is free."""
CALLED_BEFORE = 0.08
"""Probability that a caller has called before."""
HALF_HOUR = timedelta(minutes=30)
"""Appointments are made for full and half hours."""


class Site:
    """A running estate; every random draw comes from ``random``."""

    def __init__(self, estate: Estate, anchor: date, policy: Policy, random: Random, company: Sequence[str] = ()) -> None:
        self.estate, self.random, self.company = estate, random, company
        self.zone = ZoneInfo(ZONE)
        self.duty = policy.duty
        self.equipment = {post: policy.handover.equipment(post) for post in (Role.ASSISTANT, Role.TECHNICIAN)}
        self.rota = Rota(estate, anchor, policy.duty, self.zone)
        self.residents = Residents(estate.buildings, random, CALLED_BEFORE)
        self._assistants = {member.login for member in estate.of(Role.ASSISTANT)}
        self.now = datetime.combine(anchor, time(), self.zone)
        self.officer: str | None = None
        self.shift: UUID | None = None
        self.stand_in: str | None = None
        self.phone_with: str | None = None
        self.leaving = False
        self.quiet: list[tuple[datetime, datetime]] = []
        self.ended: list[UUID] = []
        self.open: dict[UUID, TicketState] = {}
        self._free: dict[str, datetime] = {}
        self._booked: dict[str, list[tuple[datetime, datetime]]] = {}
        self._receipts = 0
        self.received = 0
        self._decks: dict[int, Deck[str]] = {}
        self.at_home, self.at_home_urgent = (Deck(troubles(TEXTS.at_home, urgent=urgent), random) for urgent in (False, True))
        self.in_public, self.in_public_urgent = (
            Deck(troubles(TEXTS.in_public, urgent=urgent), random) for urgent in (False, True)
        )
        self.complaints = Deck(TEXTS.matters.complaints, random)
        self.assistance = Deck(TEXTS.matters.assistance, random)
        self.enquiries = Deck(TEXTS.matters.enquiries, random)
        self.visits = Deck(TEXTS.matters.visits, random)
        self.others = Deck(TEXTS.matters.others, random)
        self.renovations = Deck(TEXTS.say.renovations, random)
        self.findings = Deck(TEXTS.say.findings, random)

    # --- chance -----------------------------------------------------------------------------------------------------

    def say(self, texts: Sequence[str]) -> str:
        """Draw one of some texts, without early repetition."""
        deck = self._decks.get(id(texts))
        if deck is None:
            deck = self._decks[id(texts)] = Deck(texts, self.random)
        return deck.draw()

    def chance(self, probability: float) -> bool:
        """Draw whether something happens."""
        return self.random.random() < probability

    def minutes(self, low: float, high: float) -> timedelta:
        """Draw a duration between two numbers of minutes, in whole seconds."""
        return timedelta(seconds=self.random.randint(int(low * 60), int(high * 60)))

    def in_season(self, deck: Deck[Trouble], at: datetime) -> Trouble:
        """Draw a case that usually fits the season."""
        summer = is_summer(at.astimezone(self.zone).date(), self.duty)
        case = deck.draw()
        for _ in range(6):
            factor = case.of.season[0 if summer else 1]
            if self.random.random() < factor:
                break
            case = deck.draw()
        return case

    def receipt(self) -> str:
        """The number of the next receipt (收据)."""
        self._receipts += 1
        return f"SF{self._receipts:05}"

    # --- people -----------------------------------------------------------------------------------------------------

    def at_desk(self) -> str:
        """The person who answers the telephone now: the control room while it has the phone, the stand-in, or the officer.

        While nobody holds the desk the control room answers.
        """
        return self.phone_with or self.stand_in or self.officer or self.control_room(self.now)

    def desk_officer(self) -> str:
        """The officer of the shift; while nobody holds the desk, the supervisor who ended the last shift."""
        return self.officer or self.manager(self.now)

    def assistant(self, at: datetime) -> Callable[[], str]:
        """A function that gives, when called, the assistant for a task at a moment: the officer, or a colleague."""
        return lambda: self.officer if self.officer in self._assistants else self.clerk(at)

    @property
    def away(self) -> bool:
        """Whether the officer is away or about to leave, or the phone is with the control room."""
        return self.leaving or self.stand_in is not None or self.phone_with is not None

    def is_quiet(self, at: datetime) -> bool:
        """Whether a moment lies in a span during which nothing may call the officer away."""
        return any(since <= at <= until for since, until in self.quiet)

    def by_night(self, at: datetime) -> bool:
        """Whether the night's officer handles requests at a moment; not in the last half hour before the morning."""
        span = self.rota.period(at)
        there = self.officer is not None and self.officer not in self._assistants
        return span.period is DutyPeriod.NIGHT and span.end - at > timedelta(minutes=30) and there

    def clerk(self, at: datetime) -> str:
        """An assistant at work at a moment, if possible not the officer; else the day's officer."""
        day = self.rota.day(at)
        clerks = [login for login in self.rota.assistants(day) if self.rota.at_work(login, at)]
        return clerks[-1] if clerks else self.rota.day_officer(day)

    def clerk_but(self, at: datetime, *others: str) -> str:
        """An assistant at work other than ``others``; else the supervisor or director."""
        day = self.rota.day(at)
        found = [login for login in self.rota.assistants(day) if login not in others]
        return self.random.choice(found) if found else self.manager(at)

    def supervisor(self, at: datetime) -> str:
        """The supervisor (客服主管); on their day off the director."""
        return self.manager(at)

    def manager(self, at: datetime, but: str | None = None) -> str:
        """The supervisor if at work at a moment, else the director; never ``but``."""
        people = [m.login for role in (Role.SUPERVISOR, Role.DIRECTOR) for m in self.estate.of(role) if m.login != but]
        return next((login for login in people if self.rota.at_work(login, at)), people[-1])

    def of_area(self, area: str | None, at: datetime) -> str | None:
        """The butler (私人管家) of an area, if at work."""
        return next((m.login for m in self.rota.there(Role.BUTLER, at) if m.area == area), None)

    def post(self, role: Role) -> Member:
        """The first member of a role."""
        return self.estate.of(role)[0]

    def office_hour(self, login: str, after: datetime) -> datetime:
        """The moment from ``after`` on at which a person has time."""
        at = self.rota.next_at_work(login, after)
        return at if at == after else at + self.minutes(3, 50)

    def assistant_hour(self, after: datetime) -> datetime:
        """The moment from ``after`` on at which an assistant has time, by day."""
        day = self.rota.day(after)
        morning = self.rota.at(day, self.duty.morning)
        if after < morning:
            return morning + self.minutes(15, 110)
        if after > self.rota.evening(day) - timedelta(minutes=20):
            return self.rota.at(day + 1, self.duty.morning) + self.minutes(15, 110)
        return after

    def technician(
        self, skill: str, at: datetime, minutes: int, but: Sequence[str] = ()
    ) -> tuple[str, datetime, datetime | None]:
        """Book the technician who can start soonest; returns login, arrival, and the appointment if the arrival is late.

        ``minutes``: duration of the work; ``but``: logins to leave out.
        """
        soonest: tuple[datetime, str] | None = None
        for member in self.estate.of(Role.TECHNICIAN):
            if skill not in member.skills or member.login in but:
                continue
            free = max(at + self.minutes(*TRAVEL), self._free.get(member.login, at))
            start = self._start(member.login, free, minutes)
            if soonest is None or start < soonest[0]:
                soonest = (start, member.login)
        assert soonest is not None, skill
        start, login = soonest
        appointment = None
        if start - at > timedelta(minutes=80):
            appointment = start + (start.min.replace(tzinfo=start.tzinfo) - start) % HALF_HOUR
            start = appointment + self.minutes(-4, 9)
        self._free[login] = start + timedelta(minutes=minutes + 10)
        return login, start, appointment

    def _start(self, login: str, free: datetime, minutes: int) -> datetime:
        """The first moment at which a person can start work of a duration that ends within the day and meets no booking."""
        takes = timedelta(minutes=minutes + 5)
        start = self.rota.next_at_work(login, free)
        while True:
            end = start + takes
            if end > self.rota.evening(self.rota.day(start)):
                again = self.rota.next_at_work(login, self.rota.at(self.rota.day(start) + 1, self.duty.morning))
            else:
                taken = [until for since, until in self._booked.get(login, ()) if since < end and start < until]
                if not taken:
                    return start
                again = self.rota.next_at_work(login, max(taken))
            start = again + self.minutes(5, 35)

    def book(self, login: str, since: datetime, until: datetime) -> None:
        """Book a person for a span of time ahead."""
        self._booked.setdefault(login, []).append((since, until))

    def back(self, login: str, after: datetime, minutes: int) -> datetime:
        """Book a person to return to a job after a moment; returns the moment of their return."""
        start = self._start(login, max(after, self._free.get(login, after)), minutes)
        self._free[login] = start + timedelta(minutes=minutes + 10)
        return start

    def guard(self, at: datetime) -> str | None:
        """A guard (安护) at work who isn't standing in."""
        there = [m.login for m in self.rota.there(Role.SECURITY, at) if m.login != self.stand_in]
        return self.random.choice(there) if there else None

    def in_company_hours(self, at: datetime) -> bool:
        """Whether the company's people (letters, inspections) are at work at a moment."""
        day = self.rota.day(at)
        hour = timedelta(hours=1)
        return bool(self.company) and self.rota.at(day, self.duty.morning) + hour < at < self.rota.evening(day) - hour

    def control_room(self, at: datetime) -> str:
        """The person on duty in the control room (中控室)."""
        return self.rota.there(Role.CONTROL_ROOM, at)[0].login

    # --- what there is ----------------------------------------------------------------------------------------------

    def note(self, state: TicketState) -> None:
        """Record a ticket's new state among the open tickets."""
        if state.is_open:
            self.open[state.id] = state
        else:
            self.open.pop(state.id, None)

    def changed_at(self, ticket: UUID) -> datetime:
        """When an open ticket changed last."""
        moment = self.open[ticket].occurred_at
        assert moment is not None
        return moment
