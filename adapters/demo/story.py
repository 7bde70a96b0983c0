"""Stories: the steps of one ticket, each with its moment and its person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from adapters.demo.staff import COMMUNITY
from adapters.simulation.company.residents import Resident, Residents
from adapters.simulation.courses.steps import ReturnToPost, Substitute
from domain.kernel.terms import Channel, Facility, Kind, Urgency
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve, as the second person, the request of the story's previous step."""


@dataclass(frozen=True, slots=True)
class AttachText:
    """Attach a text file to the ticket."""

    file_name: str
    text: str


Deed = c.Command | BackEntry | Approve | Substitute | ReturnToPost | AttachText


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a person at a moment; ``occurred_at``: where it happened earlier; ``offline``: drafted then, sent now.

    ``exact``: at the very second, instead of a random one of the minute.
    """

    at: datetime
    who: str
    do: Deed
    occurred_at: datetime | None = None
    offline: bool = False
    exact: bool = False


@dataclass(frozen=True)
class Story:
    """The steps of one ticket. ``key``: its name in other stories; ``of``: the story that opened it, and its index there."""

    key: str
    steps: Sequence[Step]
    of: tuple[str, int] | None = None


@dataclass
class Days:
    """Moments of the demonstration, counted from today in the estate's time zone."""

    now: datetime
    zone: ZoneInfo
    residents: Residents
    today: date = field(init=False)

    def __post_init__(self) -> None:
        self.today = self.now.astimezone(self.zone).date()

    def at(self, day: int, clock: str) -> datetime:
        """The moment of a time of day, ``day`` days from today (negative: before)."""
        return datetime.combine(self.today + timedelta(days=day), time.fromisoformat(clock), self.zone)

    def ago(self, minutes: int) -> datetime:
        """The moment ``minutes`` before now."""
        return self.now - timedelta(minutes=minutes)

    def latest(self, *clocks: str) -> datetime:
        """The latest of these times of day that lies at least a minute back."""
        return max(m for day in (-1, 0) for clock in clocks if (m := self.at(day, clock)) <= self.ago(1))

    def step(self, day: int, clock: str, who: str, do: Deed) -> Step:
        """A step on a day, at a time of day."""
        return Step(self.at(day, clock), who, do)


Telling = Callable[[Days], list[Story]]


def call(
    resident: Resident,
    description: str,
    *,
    channel: Channel = Channel.PHONE,
    urgency: Urgency = Urgency.NORMAL,
    complained_of: tuple[str, ...] = (),
) -> c.Receive:
    """The command to receive a resident's request about their dwelling."""
    return c.Receive(
        community=COMMUNITY,
        channel=channel,
        description=description,
        location=resident.place,
        reporter=resident.reporter,
        urgency=urgency,
        complained_of=complained_of,
    )


def public(
    area: str,
    place: str,
    description: str,
    *,
    channel: Channel,
    reporter: c.Reporter | None = None,
    building: str | None = None,
    urgency: Urgency = Urgency.NORMAL,
) -> c.Receive:
    """The command to receive a request about a public place."""
    return c.Receive(
        community=COMMUNITY,
        channel=channel,
        description=description,
        location=c.Place(area=area, building=building, public_place=place),
        reporter=reporter,
        urgency=urgency,
    )


def repair(category: str, facility: Facility = Facility.PRIVATE) -> c.Classify:
    """The command to classify a ticket as a repair."""
    return c.Classify(kind=Kind.REPAIR, category=category, facility=facility)
