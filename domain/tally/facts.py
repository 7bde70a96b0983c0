"""What a tally (考评表) is made from: dated posts and areas, confirmed findings, metrics, warnings, earlier months (D2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from domain.kernel.periods import Month, Period
from domain.rules.scorecard import Points, Post, Severity

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Dated:
    """From a day to a day, both included; without an end it goes on."""

    start: date
    end: date | None

    def covers(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class PostHeld(Dated):
    """A post held for a time."""

    post: Post


@dataclass(frozen=True, slots=True)
class AreaAssigned(Dated):
    """An area (责任区) answered for, for a time."""

    area: str


@dataclass(frozen=True)
class Person:
    """Someone appraised; posts don't overlap."""

    login: str
    posts: tuple[PostHeld, ...] = ()
    areas: tuple[AreaAssigned, ...] = ()

    def post_on(self, day: date) -> Post | None:
        """The post held on a day."""
        return next((held.post for held in self.posts if held.covers(day)), None)

    def post_in(self, month: Month) -> Post | None:
        """The last post held in a month."""
        first = date(month.year, month.number, 1)
        held = [one for one in self.posts if one.start <= month.last_day and (one.end is None or one.end >= first)]
        return max(held, key=lambda one: one.start).post if held else None

    def answers_for(self, area: str | None, day: date) -> bool:
        """Whether a finding in an area falls to them on a day: a director's is the whole community, with an area or without."""
        post = self.post_on(day)
        if post is Post.ADMINISTRATOR:
            return any(assigned.area == area and assigned.covers(day) for assigned in self.areas)
        return post is Post.DIRECTOR

    @cached_property
    def may_be_measured(self) -> bool:
        """Whether any figure can be theirs at all."""
        return self.ever_director or bool(self.ever_areas)

    @cached_property
    def ever_director(self) -> bool:
        """Whether they held that post at any time."""
        return any(held.post is Post.DIRECTOR for held in self.posts)

    @cached_property
    def ever_areas(self) -> frozenset[str]:
        """The areas that were theirs at any time."""
        return frozenset(assigned.area for assigned in self.areas)

    def measured_by(self, area: str | None, day: date) -> bool:
        """Whether a metric is theirs: of the community, for whoever has an area on its last day, or of an area of theirs."""
        if area is not None and not self.ever_director and area not in self.ever_areas:
            return False
        if area is None and self.post_on(day) is Post.ADMINISTRATOR:
            return any(assigned.covers(day) for assigned in self.areas)
        return self.answers_for(area, day)


@dataclass(frozen=True)
class ConfirmedFinding:
    """A finding (考评事项) that counts. ``booked`` is the later month that an adjustment (补扣) is charged in."""

    id: str
    item: str
    day: date
    area: str | None = None
    quantity: int = 1
    severity: Severity = Severity.NORMAL
    parties: tuple[str, ...] = ()
    doubled: bool = False
    points: Points | None = None
    overdue_days: int | None = None
    amount_fen: int | None = None
    booked: Month | None = None
    tickets: tuple[str, ...] = ()

    @cached_property
    def month(self) -> Month:
        """The month whose thresholds it counts toward."""
        return Month.of(self.day)

    @cached_property
    def charged_in(self) -> Month:
        """The month whose tally it stands on."""
        return self.booked or self.month

    @cached_property
    def rank(self) -> tuple[date, int, str]:
        """Its place among others: by date, then by id (f2 before f10), whatever the order they are given in."""
        return self.day, len(self.id), self.id


@dataclass(frozen=True, slots=True)
class Metric:
    """A reported figure of a period, of the community or of one area."""

    name: str
    period: Period
    value: Decimal
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning or public criticism (警告、通报批评)."""

    login: str
    day: date


@dataclass(frozen=True, slots=True)
class EarlierMonth:
    """What a closed month's tally said of a person; ``deductions`` is positive."""

    month: Month
    login: str
    deductions: Decimal
    total: Decimal


@dataclass(frozen=True)
class Facts:
    """Everything a month's tally depends on besides the rule book."""

    month: Month
    people: tuple[Person, ...]
    findings: tuple[ConfirmedFinding, ...] = ()
    metrics: tuple[Metric, ...] = ()
    warnings: tuple[Warned, ...] = ()
    earlier_months: tuple[EarlierMonth, ...] = ()

    @cached_property
    def findings_of(self) -> Mapping[Month, Sequence[ConfirmedFinding]]:
        """Findings by the month of their date, by their rank: of the month asked, and of those with adjustments."""
        months = {self.month, *(finding.month for late in self.adjustments_in.values() for finding in late)}
        concerned = (finding for finding in self.findings if finding.month in months)
        return _grouped((finding.month, finding) for finding in sorted(concerned, key=lambda finding: finding.rank))

    @cached_property
    def _places_in(self) -> Mapping[tuple[Month, str | None], Sequence[int]]:
        """By month and area: where in the month's order its findings stand."""
        return _grouped(((month, finding.area), place) for month, place, finding in self._placed())

    @cached_property
    def _places_naming(self) -> Mapping[tuple[Month, str], Sequence[int]]:
        """By month and party: where in the month's order the findings stand that name it."""
        return _grouped(((month, login), place) for month, place, finding in self._placed() for login in finding.parties)

    def _placed(self) -> Iterator[tuple[Month, int, ConfirmedFinding]]:
        for month, ranked in self.findings_of.items():
            yield from ((month, place, finding) for place, finding in enumerate(ranked))

    def that_may_concern(self, person: Person, month: Month) -> Sequence[ConfirmedFinding]:
        """Findings of a month (see ``findings_of``) that can concern somebody at all: quickly, and never one too few.

        Every finding may concern a director; others those of areas that were ever theirs, and those that name them.
        """
        ranked = self.findings_of.get(month, ())
        if person.ever_director:
            return ranked
        places = {place for area in person.ever_areas for place in self._places_in.get((month, area), ())}
        places.update(self._places_naming.get((month, person.login), ()))
        return [ranked[place] for place in sorted(places)]

    @cached_property
    def adjustments_in(self) -> Mapping[Month, Sequence[ConfirmedFinding]]:
        """Findings of closed months by the month they are booked in."""
        late = (finding for finding in self.findings if finding.charged_in != finding.month)
        return _grouped((finding.charged_in, finding) for finding in late)

    @cached_property
    def figures_ending(self) -> Mapping[str, Sequence[Metric]]:
        """Figures whose period ends with the month asked, by their metric."""
        return _grouped((metric.name, metric) for metric in self.metrics if metric.period.last == self.month)

    @cached_property
    def earlier_of(self) -> Mapping[str, Sequence[EarlierMonth]]:
        """What earlier months said, by login."""
        return _grouped((earlier.login, earlier) for earlier in self.earlier_months)

    @cached_property
    def findings_naming(self) -> Mapping[str, Sequence[ConfirmedFinding]]:
        """Findings by each of their parties, in the order of the list."""
        return _grouped((login, finding) for finding in self.findings for login in finding.parties)


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def overlapping(spans: Iterable[Dated]) -> bool:
    """Whether two of them share a day."""
    ordered = sorted(spans, key=lambda span: span.start)
    return any(one.end is None or other.start <= one.end for one, other in pairwise(ordered))
