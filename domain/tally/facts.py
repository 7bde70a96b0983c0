"""The input of a tally (考评表): dated posts and areas, confirmed findings, metrics, warnings, earlier months (D2)."""

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
    """A span of days, first and last included; without an end it continues."""

    start: date
    end: date | None

    def covers(self, day: date) -> bool:
        """Whether the span includes a day."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class PostHeld(Dated):
    """A post held for a span of days."""

    post: Post


@dataclass(frozen=True, slots=True)
class AreaAssigned(Dated):
    """An area (责任区) that a person answers for during a span of days."""

    area: str


@dataclass(frozen=True)
class Appraisee:
    """A person under appraisal. Their posts do not overlap."""

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
        """Whether a person answers on a day for a finding in ``area``.

        A director answers for the whole community, area or none.
        """
        post = self.post_on(day)
        if post is Post.ADMINISTRATOR:
            return any(assigned.area == area and assigned.covers(day) for assigned in self.areas)
        return post is Post.DIRECTOR

    @cached_property
    def may_be_measured(self) -> bool:
        """Whether any figure can concern this person."""
        return self.ever_director or bool(self.ever_areas)

    @cached_property
    def ever_director(self) -> bool:
        """Whether the person held the director's post at any time."""
        return any(held.post is Post.DIRECTOR for held in self.posts)

    @cached_property
    def ever_areas(self) -> frozenset[str]:
        """All areas the person ever had."""
        return frozenset(assigned.area for assigned in self.areas)

    def measured_by(self, area: str | None, day: date) -> bool:
        """Whether a figure counts for this person: an area's if they had it on ``day``, the community's if they had any."""
        if area is not None and not self.ever_director and area not in self.ever_areas:
            return False
        if area is None and self.post_on(day) is Post.ADMINISTRATOR:
            return any(assigned.covers(day) for assigned in self.areas)
        return self.answers_for(area, day)


@dataclass(frozen=True)
class ConfirmedFinding:
    """A confirmed finding (考评事项). ``booked`` is the later month in which it is charged as an adjustment (补扣)."""

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
        """The month of its date, toward whose thresholds it counts."""
        return Month.of(self.day)

    @cached_property
    def charged_in(self) -> Month:
        """The month whose tally charges it."""
        return self.booked or self.month

    @cached_property
    def rank(self) -> tuple[date, int, str]:
        """Sort key: by date, then by id (f2 before f10), so that the order of the input never changes a tally."""
        return self.day, len(self.id), self.id


@dataclass(frozen=True, slots=True)
class Metric:
    """A reported figure (指标) of a period, for the community or one area."""

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
    """A person's sums in an earlier month; ``deductions`` is positive."""

    month: Month
    login: str
    deductions: Decimal
    total: Decimal


@dataclass(frozen=True)
class Facts:
    """Everything that a month's tally depends on, except the rule book."""

    month: Month
    people: tuple[Appraisee, ...]
    findings: tuple[ConfirmedFinding, ...] = ()
    metrics: tuple[Metric, ...] = ()
    warnings: tuple[Warned, ...] = ()
    earlier_months: tuple[EarlierMonth, ...] = ()

    @cached_property
    def findings_of(self) -> Mapping[Month, Sequence[ConfirmedFinding]]:
        """Findings by the month of their date, in order of rank; only of the tally's month and of months with adjustments."""
        months = {self.month, *(finding.month for late in self.adjustments_in.values() for finding in late)}
        concerned = (finding for finding in self.findings if finding.month in months)
        return _grouped((finding.month, finding) for finding in sorted(concerned, key=lambda finding: finding.rank))

    @cached_property
    def _places_in(self) -> Mapping[tuple[Month, str | None], Sequence[int]]:
        """By month and area, the indexes of findings within ``findings_of``."""
        return _grouped(((month, finding.area), place) for month, place, finding in self._placed())

    @cached_property
    def _places_naming(self) -> Mapping[tuple[Month, str], Sequence[int]]:
        """By month and party, the indexes of findings within ``findings_of``."""
        return _grouped(((month, login), place) for month, place, finding in self._placed() for login in finding.parties)

    def _placed(self) -> Iterator[tuple[Month, int, ConfirmedFinding]]:
        for month, ranked in self.findings_of.items():
            yield from ((month, place, finding) for place, finding in enumerate(ranked))

    def that_may_concern(self, person: Appraisee, month: Month) -> Sequence[ConfirmedFinding]:
        """Findings of a month that may concern a person: all for a director, else those of their areas or that name them.

        An index, because asking every person about every finding made a year's tallies slow. Areas count if the person ever had
        them, so it may return too many findings, but never too few.
        """
        ranked = self.findings_of.get(month, ())
        if person.ever_director:
            return ranked
        places = {place for area in person.ever_areas for place in self._places_in.get((month, area), ())}
        places.update(self._places_naming.get((month, person.login), ()))
        return [ranked[place] for place in sorted(places)]

    @cached_property
    def adjustments_in(self) -> Mapping[Month, Sequence[ConfirmedFinding]]:
        """Findings of closed months, by the month that charges them."""
        late = (finding for finding in self.findings if finding.charged_in != finding.month)
        return _grouped((finding.charged_in, finding) for finding in late)

    @cached_property
    def figures_ending(self) -> Mapping[str, Sequence[Metric]]:
        """Figures whose period ends with the tally's month, by metric."""
        return _grouped((metric.name, metric) for metric in self.metrics if metric.period.last == self.month)

    @cached_property
    def earlier_of(self) -> Mapping[str, Sequence[EarlierMonth]]:
        """Earlier months' sums, by login."""
        return _grouped((earlier.login, earlier) for earlier in self.earlier_months)

    @cached_property
    def findings_naming(self) -> Mapping[str, Sequence[ConfirmedFinding]]:
        """Findings by party, in the order of the input."""
        return _grouped((login, finding) for finding in self.findings for login in finding.parties)


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def overlapping(spans: Iterable[Dated]) -> bool:
    """Whether two of the spans share a day."""
    ordered = sorted(spans, key=lambda span: span.start)
    return any(one.end is None or other.start <= one.end for one, other in pairwise(ordered))
