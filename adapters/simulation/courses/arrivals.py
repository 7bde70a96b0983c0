"""Draw the arrivals of requests by hour, season, weekday and chance; each request begins a course."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from itertools import count
from math import exp

from adapters.simulation.company.site import Site
from adapters.simulation.courses import affairs_of_the_desk as desk
from adapters.simulation.courses import procedures, repairs
from adapters.simulation.courses.steps import Begin, Course, Step
from domain.rules.duty_calendar import is_summer

Kind = Callable[[Site, datetime], Course]
HOURS = (
    0.3, 0.2, 0.15, 0.1, 0.1, 0.2, 0.7, 1.6, 5.0, 7.0, 7.0, 5.5, 2.6, 2.6, 5.0, 5.5, 5.0, 4.5, 4.2, 4.2, 3.6, 2.8, 1.5, 0.7,
)  # fmt: skip
"""Relative frequency of requests, by hour of the day."""
BY_DAY: dict[Kind, float] = {
    repairs.at_home: 40, repairs.in_public: 15, desk.complaint: 8, desk.assistance: 7, desk.enquiry: 13, desk.other: 5,
    desk.visit: 6, procedures.renovation: 2.5, procedures.move_in: 2, procedures.inspection: 1.5,
}  # fmt: skip
BY_NIGHT: dict[Kind, float] = {repairs.at_home: 70, desk.complaint: 14, desk.assistance: 16}
"""Relative frequency of each kind of request, during office hours and outside them."""
WEEKEND, SUMMER, BUSY = 1.15, 1.1, 0.06
"""Factors of a day's number of requests; ``BUSY``: probability of a storm or cold snap, which doubles it."""
LIVELY, QUIET = 3.0, 12.0
"""Average minutes between two requests of a live demonstration, by day and by night."""
OFFICE_ENDS = timedelta(minutes=75)
"""How long before the day's end no request arrives that needs the office."""


def arrivals(site: Site, first: int) -> Course:
    """All requests from a day on; those of a day are drawn when it begins."""
    for day in count(first):
        for at in _moments(site, day):
            if site.officer is None and day == first and at < site.rota.at(day, site.duty.morning):
                continue
            yield Step(at, "", lambda at=at: Begin(_kind(site, at)(site, at)))  # type: ignore[misc]


def without_end(site: Site, since: datetime) -> Course:
    """Requests without end, every few minutes by day and a few an hour by night, for a live demonstration (``--live``)."""
    at = since
    while True:
        at += timedelta(minutes=site.random.expovariate(1 / (QUIET if site.rota.is_night(at) else LIVELY)))
        yield Step(at, "", lambda at=at: Begin(_kind(site, at)(site, at)))  # type: ignore[misc]


def _moments(site: Site, day: int) -> list[datetime]:
    begin = site.rota.at(day, time())
    date = begin.date()
    mean = site.estate.calls * site.random.uniform(0.7, 1.3)
    mean *= WEEKEND if date.weekday() >= 5 else 1.0
    mean *= SUMMER if is_summer(date, site.duty) else 1.0
    mean *= 2.0 if site.chance(BUSY) else 1.0
    hours = site.random.choices(range(24), HOURS, k=_poisson(site, mean))
    return sorted(begin + timedelta(hours=hour, seconds=site.random.randrange(3600)) for hour in hours)


def _poisson(site: Site, mean: float) -> int:
    """Draw a Poisson-distributed number with this mean (Knuth's method)."""
    limit, product, number = exp(-mean), 1.0, -1
    while product > limit:
        product *= site.random.random()
        number += 1
    return number


def _kind(site: Site, at: datetime) -> Kind:
    day = site.rota.day(at)
    opened = site.rota.at(day, site.duty.morning) + timedelta(minutes=5)
    office = opened < at < site.rota.evening(day) - OFFICE_ENDS
    evening = opened < at < site.rota.evening(day) - timedelta(minutes=12)
    weights = BY_DAY if office else BY_NIGHT
    if not office and not evening and not site.rota.is_night(at):
        weights = {repairs.at_home: 1.0}
    return site.random.choices(list(weights), list(weights.values()))[0]
