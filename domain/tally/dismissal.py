"""Flags for dismissal (辞退; D2 五.3) and the result of a probation (试用期; D2 五.2).

A flag is advice and dismisses nobody. Every rule looks at one calendar year (年内): a December and the January after it are not
two consecutive months.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from domain.kernel.periods import Month
from domain.rules.rule_books import Law
from domain.rules.scorecard import Counting, Flag, RuleBook
from domain.tally.charging import ZERO, Charge, adjustments
from domain.tally.facts import Appraisee, Facts


def flags(law: Law, facts: Facts, person: Appraisee, charges: Sequence[Charge]) -> tuple[Flag, ...]:
    """All reasons to flag a person's dismissal in a month, given the ``charges`` of their tally for it."""
    book = law.of(facts.month)
    costs = [charge for charge in charges if not _is_bonus(charge)]
    booked = _by_month(law, facts, person, costs)
    concerned = _concerned(facts, costs)
    halves = [_sum(points for month, points in booked.items() if month.half == half) for half in {one.half for one in concerned}]
    years = [_sum(points for month, points in booked.items() if month.year == year) for year in {one.year for one in concerned}]
    found = {
        Flag.TWO_CONSECUTIVE_MONTHS: _two_months(book, facts, person, costs),
        Flag.HALF_YEAR: max(halves) >= book.dismissal.half_year.at_least,
        Flag.YEAR: max(years) >= book.dismissal.year.at_least,
        Flag.THREE_CONSECUTIVE_FINDINGS: _repeated(law, facts, person),
        Flag.FINDING: any(_dismisses(charge) for charge in costs),
    }
    return tuple(flag for flag in Flag if found[flag])


def passes_probation(deductions: Iterable[Decimal], examination_passed: bool) -> bool:
    """Whether a probation is passed: no points deducted in any of its months, and the examination passed (D2 五.2)."""
    return examination_passed and not any(deductions)


def _dismisses(charge: Charge) -> bool:
    """Whether the finding by itself flags the dismissal of its party."""
    if charge.item is None or charge.finding is None or not charge.party:
        return False
    return charge.item.counting is Counting.DISMISS or charge.item.severity(charge.finding.severity).dismiss


def _two_months(book: RuleBook, facts: Facts, person: Appraisee, costs: Iterable[Charge]) -> bool:
    """Whether this month and the one before, of one year, both reach the limit."""
    limit = book.dismissal.two_consecutive_months.at_least
    before = facts.month.before
    earlier = _sum(one.deductions for one in facts.earlier_of.get(person.login, ()) if one.month == before)
    return before.year == facts.month.year and earlier >= limit and _sum(one.points for one in costs) >= limit


def _sum(points: Iterable[Decimal]) -> Decimal:
    return sum(points, ZERO)


def _is_bonus(charge: Charge) -> bool:
    return charge.item is not None and charge.item.is_bonus


def _concerned(facts: Facts, costs: Iterable[Charge]) -> list[Month]:
    """The month itself, and the closed months it adjusts: an adjustment can take their half-year or year over a limit."""
    return [facts.month, *(one.month for one in costs if one.points)]


def _by_month(law: Law, facts: Facts, person: Appraisee, costs: Iterable[Charge]) -> dict[Month, Decimal]:
    """All known deductions, by the month they are for.

    Earlier months count by their tallies, except for what they booked for another half-year: that counts in the half-year it is
    for.
    """
    found: defaultdict[Month, Decimal] = defaultdict(Decimal)
    for charge in costs:
        found[charge.month] += charge.points
    for earlier in facts.earlier_of.get(person.login, ()):
        found[earlier.month] += earlier.deductions
        if all(late.month.half == earlier.month.half for late in facts.adjustments_in.get(earlier.month, ())):
            continue
        for charge in adjustments(law, facts, person, earlier.month):
            if not _is_bonus(charge):
                found[earlier.month] -= charge.points
                found[charge.month] += charge.points
    return found


def _repeated(law: Law, facts: Facts, person: Appraisee) -> bool:
    """Whether the year's latest findings with this person as a party all have one item; bonuses do not count."""
    often = law.of(facts.month).dismissal.three_consecutive_findings.findings
    own = [
        finding
        for finding in facts.findings_naming.get(person.login, ())
        if finding.month.year == facts.month.year
        and finding.charged_in <= facts.month
        and not law.of(finding.month).items[finding.item].is_bonus
    ]
    latest = sorted(own, key=lambda finding: finding.day)[-often:]
    return len(latest) == often and len({one.item for one in latest}) == 1 and latest[-1].month == facts.month
