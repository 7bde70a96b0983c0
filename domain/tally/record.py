"""A community's appraisal record (考评), and the tallies computed from it month by month.

A closed month is read from its frozen form. An open month is computed by :func:`domain.tally.tally.tally_checked` from the record
and the earlier months. Quarters and years are sums of months.
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
from domain.tally.facts import Appraisee, ConfirmedFinding, EarlierMonth, Facts, Metric, PostHeld, Warned
from domain.tally.frozen import thaw
from domain.tally.tally import Tally, summed, tally_checked, wrong_findings


@dataclass(frozen=True, slots=True)
class Frozen:
    """A closed month (月结): its tally's canonical form, the form's SHA-256, and the log position it was computed at."""

    month: Month
    rule_book: str
    hash: str
    position: int
    document: str
    closed_at: datetime
    closed_by: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """The input of a community's tallies. ``findings`` are those that count, each with the month that charges it."""

    law: Law
    people: tuple[Appraisee, ...] = ()
    findings: tuple[ConfirmedFinding, ...] = ()
    metrics: tuple[Metric, ...] = ()
    warnings: tuple[Warned, ...] = ()
    closed: Mapping[Month, Frozen] | None = None

    def frozen(self, month: Month) -> Frozen | None:
        """A closed month; ``None`` while it is open."""
        return (self.closed or {}).get(month)

    def status(self, period: Period) -> AppraisalStatus:
        """Whether all, some or none of a period's months are closed."""
        closed = [self.frozen(month) is not None for month in months(period.first, period.last)]
        if all(closed):
            return AppraisalStatus.CLOSED
        return AppraisalStatus.PARTLY_CLOSED if any(closed) else AppraisalStatus.OPEN

    def booked_in(self, month: Month) -> Month | None:
        """The month that would charge a finding of ``month`` confirmed now: None for that month, else the next open one."""
        following = month
        while self.frozen(following):
            following = following.after
        return None if following == month else following

    def what_if(self, findings: Iterable[ConfirmedFinding]) -> "Record":
        """A record with further findings confirmed; nothing is written."""
        supposed = tuple(replace(one, booked=one.booked or self.booked_in(one.month)) for one in findings)
        return replace(self, findings=(*self.findings, *supposed))


def months(first: Month, last: Month) -> Iterator[Month]:
    """Yield the months from ``first`` to ``last``, both included."""
    while first <= last:
        yield first
        first = first.after


def earliest_year(findings: Iterable[ConfirmedFinding], year: int) -> int:
    """The first year on which the tallies of ``year`` depend: that of the earliest finding charged in or after it."""
    return min((one.month.year for one in findings if one.charged_in.year >= year), default=year)


def tallies(record: Record, first: Month, last: Month) -> dict[Month, Tally]:
    """Compute the tallies from ``first`` to ``last``. Each open month depends on the earlier months of its year."""
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


def tally_by_months(record: Record, period: Period) -> tuple[Tally, dict[Month, Tally]]:
    """The tally of a period, and the tally of each of its months, by which pay is computed.

    The tally of a quarter or year is a sum; it includes later adjustments for its months.
    """
    if period.kind == "month":
        made = tallies(record, period.first, period.last)
        return made[period.first], made
    last = max([period.last, *(one.charged_in for one in record.findings if period.holds(one.month))])
    made = tallies(record, period.first, last)
    total = summed(list(made.values()), period)
    versions = dict.fromkeys(one.rule_book for month, one in made.items() if period.holds(month))
    return replace(total, rule_book=", ".join(versions)), {month: one for month, one in made.items() if period.holds(month)}


def deducted_between(record: Record, login: str, start: date, end: date) -> Decimal:
    """Points deducted from a person for events from ``start`` to ``end``, in whatever month they were charged; positive.

    A figure counts on the last day of its period, a pair of warnings on the day of the second.
    """
    last = max([Month.of(end), *(one.charged_in for one in record.findings if start <= one.day <= end)])
    made = tallies(record, Month.of(start), last).values()
    lines = (line for one in made for person in one.people if person.login == login for line in person.lines)
    charges = (charge for line in lines if not line.item.startswith("B") for charge in line.charges)
    return sum((charge.points for charge in charges if start <= _day(charge) <= end), ZERO)


def probation_result(record: Record, login: str, start: date, end: date, passed: bool | None, today: date) -> ProbationResult:
    """The result of a probation: passed if nothing was deducted during it and its examination was passed (D2 五.2)."""
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
    """Check the findings charged in months after ``after`` and up to ``month``. Raises InvalidInput."""
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


def _with_parties(
    people: Sequence[Appraisee], findings: Sequence[ConfirmedFinding], earlier: Iterable[str]
) -> Iterator[Appraisee]:
    """The people in the order of their logins. A party without a post on the finding's day is charged as staff.

    Someone without any role on that day is staff too, and staff are charged by the administrator's column.
    """
    known = {person.login: person for person in people}
    for login in earlier:
        known.setdefault(login, Appraisee(login))
    for finding in findings:
        for login in finding.parties:
            person = known.setdefault(login, Appraisee(login))
            if person.post_on(finding.day) is None:
                held = PostHeld(finding.day, finding.day, Post.STAFF)
                known[login] = replace(person, posts=(*person.posts, held))
    return iter(known[login] for login in sorted(known))
