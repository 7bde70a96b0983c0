"""Everything that is known of a community's appraisal (考评), and the tallies that follow from it month by month.

A month that was closed is what it was when it was closed; every other is :func:`domain.tally.tally.tally` of what is known, with
the months before it. Quarters and years are their sums.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from domain.kernel.errors import InvalidInput
from domain.kernel.periods import Month, Period
from domain.kernel.terms import AppraisalStatus, ProbationResult
from domain.rules.rule_books import Law
from domain.rules.scorecard import Post
from domain.tally.charging import ZERO, Charge
from domain.tally.dismissal import passes_probation
from domain.tally.facts import ConfirmedFinding, EarlierMonth, Facts, Metric, Person, PostHeld, Warned
from domain.tally.frozen import thaw
from domain.tally.tally import Tally, summed, tally_checked, wrong_findings


@dataclass(frozen=True, slots=True)
class Frozen:
    """A closed month (月结): the canonical form of its tally, its SHA-256, and where the log stood when it was made."""

    month: Month
    rule_book: str
    hash: str
    position: int
    document: str
    closed_at: datetime
    closed_by: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """What tallies are made from, of one community. ``findings`` are those that count, each with the month it is booked in."""

    law: Law
    people: tuple[Person, ...] = ()
    findings: tuple[ConfirmedFinding, ...] = ()
    metrics: tuple[Metric, ...] = ()
    warnings: tuple[Warned, ...] = ()
    closed: Mapping[Month, Frozen] | None = None

    def frozen(self, month: Month) -> Frozen | None:
        """A month as it was closed."""
        return (self.closed or {}).get(month)

    def status(self, period: Period) -> AppraisalStatus:
        """Whether all of a period's months are closed, some, or none."""
        closed = [self.frozen(month) is not None for month in months(period.first, period.last)]
        if all(closed):
            return AppraisalStatus.CLOSED
        return AppraisalStatus.PARTLY_CLOSED if any(closed) else AppraisalStatus.OPEN

    def booked_in(self, month: Month) -> Month | None:
        """Where a finding of a month that is confirmed now is charged: None in its own, else the next month that is open."""
        following = month
        while self.frozen(following):
            following = following.after
        return None if following == month else following

    def what_if(self, findings: Iterable[ConfirmedFinding]) -> "Record":
        """The record as it would be with more findings confirmed now; nothing is written."""
        supposed = tuple(replace(one, booked=one.booked or self.booked_in(one.month)) for one in findings)
        return replace(self, findings=(*self.findings, *supposed))


def months(first: Month, last: Month) -> Iterator[Month]:
    """Every month from one to another, both included."""
    while first <= last:
        yield first
        first = first.after


def earliest_year(findings: Iterable[ConfirmedFinding], year: int) -> int:
    """The first year whose months a tally of ``year`` depends on: that of the earliest finding charged in it."""
    return min((one.month.year for one in findings if one.charged_in.year >= year), default=year)


def tallies(record: Record, first: Month, last: Month) -> dict[Month, Tally]:
    """The tallies of some months of one year or later; each open one follows from those before it."""
    begin = Month(min(first.year, earliest_year(record.findings, first.year)), 1)
    known: dict[Month, Tally] = {}
    earlier: list[EarlierMonth] = []
    checked: Month | None = None
    for month in months(begin, last):
        frozen = record.frozen(month)
        if frozen:
            made = thaw(frozen.document, record.law)
        else:
            _check(record, checked, month)
            made, checked = _open(record, month, earlier), month
        known[month] = made
        earlier += [EarlierMonth(month, one.login, one.deductions, one.total) for one in made.people]
    return {month: made for month, made in known.items() if month >= first}


def tally_of(record: Record, period: Period) -> Tally:
    """The tally of a month, or the sum of a quarter's or year's; what was charged later for one of its months is in the sum."""
    return tally_by_months(record, period)[0]


def tally_by_months(record: Record, period: Period) -> tuple[Tally, dict[Month, Tally]]:
    """The tally of a period, and that of each of its months as it is paid by."""
    if period.kind == "month":
        made = tallies(record, period.first, period.last)
        return made[period.first], made
    last = max([period.last, *(one.charged_in for one in record.findings if period.holds(one.month))])
    made = tallies(record, period.first, last)
    total = summed(list(made.values()), period)
    versions = dict.fromkeys(one.rule_book for month, one in made.items() if period.holds(month))
    return replace(total, rule_book=", ".join(versions)), {month: one for month, one in made.items() if period.holds(month)}


def deducted_between(record: Record, login: str, start: date, end: date) -> Decimal:
    """The points deducted from somebody for what happened from a day to a day, whenever it was charged; positive.

    A figure counts on the last day of its period, a pair of warnings on the day of the second.
    """
    last = max([Month.of(end), *(one.charged_in for one in record.findings if start <= one.day <= end)])
    made = tallies(record, Month.of(start), last).values()
    lines = (line for one in made for person in one.people if person.login == login for line in person.lines)
    charges = (charge for line in lines if not line.item.startswith("B") for charge in line.charges)
    return sum((charge.points for charge in charges if start <= _day(charge) <= end), ZERO)


def probation_result(record: Record, login: str, start: date, end: date, passed: bool | None, today: date) -> ProbationResult:
    """Whether a probation is passed: nothing deducted in it, and its examination passed (D2 五.2)."""
    deducted = deducted_between(record, login, start, min(end, today)) if start <= today else ZERO
    if deducted or passed is False:
        return ProbationResult.FAILED
    if today <= end:
        return ProbationResult.RUNNING
    if passed is None:
        return ProbationResult.AWAITING_EXAMINATION
    return ProbationResult.PASSED if passes_probation([deducted], passed) else ProbationResult.FAILED


def _day(charge: Charge) -> date:
    if charge.finding:
        return charge.finding.day
    return date.fromisoformat(charge.warned[-1]) if charge.warned else charge.month.last_day


def _check(record: Record, after: Month | None, month: Month) -> None:
    """Raises InvalidInput with what is wrong with the findings charged up to a month, those up to an earlier one left out."""
    fresh = (one for one in record.findings if one.charged_in <= month and (after is None or after < one.charged_in))
    wrong = list(wrong_findings(record.law, fresh))
    if wrong:
        raise InvalidInput(wrong)


def _open(record: Record, month: Month, earlier: Sequence[EarlierMonth]) -> Tally:
    findings = tuple(one for one in record.findings if one.charged_in <= month)
    facts = Facts(
        month=month,
        people=tuple(_with_parties(record.people, findings, (one.login for one in earlier))),
        findings=findings,
        metrics=tuple(one for one in record.metrics if one.period.last == month),
        warnings=record.warnings,
        earlier_months=tuple(earlier),
    )
    made = tally_checked(record.law, facts)
    return replace(made, people=tuple(one for one in made.people if one.post or one.lines))


def _with_parties(people: Sequence[Person], findings: Sequence[ConfirmedFinding], earlier: Iterable[str]) -> Iterator[Person]:
    """The people in the order of their logins; a party who held no post on the day is charged as staff.

    Staff who are neither director nor administrator go by the administrator's column, and so does whoever held no role then.
    """
    known = {person.login: person for person in people}
    for login in earlier:
        known.setdefault(login, Person(login))
    for finding in findings:
        for login in finding.parties:
            person = known.setdefault(login, Person(login))
            if person.post_on(finding.day) is None:
                held = PostHeld(finding.day, finding.day, Post.STAFF)
                known[login] = replace(person, posts=(*person.posts, held))
    return iter(known[login] for login in sorted(known))
