"""When dismissal (辞退) is flagged, never executed (D2 五.3), and when a probation (试用期) is passed (五.2).

All of it happens within one calendar year (年内): a December and the January after it don't pair.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from domain.kernel.periods import Month
from domain.rules.rule_books import Law
from domain.rules.scorecard import Counting, Flag, RuleBook
from domain.tally.charging import ZERO, Charge, adjustments
from domain.tally.facts import Facts, Person


def flags(law: Law, facts: Facts, person: Person, charges: Sequence[Charge]) -> tuple[Flag, ...]:
    """Every reason for which a person's month is flagged; ``charges`` are what stands on their tally of the month."""
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
    """Whether a probationer passes: no points deducted in any month of the probation, and the examination passed (五.2)."""
    return examination_passed and not any(deductions)


def _dismisses(charge: Charge) -> bool:
    """Whether the finding itself says so, to a party of it."""
    if charge.item is None or charge.finding is None or not charge.party:
        return False
    return charge.item.counting is Counting.DISMISS or charge.item.severity(charge.finding.severity).dismiss


def _two_months(book: RuleBook, facts: Facts, person: Person, costs: Iterable[Charge]) -> bool:
    """The month asked and the one before, of the same year, each as its tally says."""
    limit = book.dismissal.two_consecutive_months.at_least
    before = facts.month.before
    earlier = _sum(one.deductions for one in facts.earlier_of.get(person.login, ()) if one.month == before)
    return before.year == facts.month.year and earlier >= limit and _sum(one.points for one in costs) >= limit


def _sum(points: Iterable[Decimal]) -> Decimal:
    return sum(points, ZERO)


def _is_bonus(charge: Charge) -> bool:
    return charge.item is not None and charge.item.is_bonus


def _concerned(facts: Facts, costs: Iterable[Charge]) -> list[Month]:
    """The month asked, and the closed ones that something is charged for in it: their half-years and years may tip over."""
    return [facts.month, *(one.month for one in costs if one.points)]


def _by_month(law: Law, facts: Facts, person: Person, costs: Iterable[Charge]) -> dict[Month, Decimal]:
    """Every deduction known, by the month it is for.

    Earlier months count as their tallies say, but what was booked in them for another half-year counts in that one.
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


def _repeated(law: Law, facts: Facts, person: Person) -> bool:
    """The latest findings of the year as a party, by date and then by order in the list, bear one item; bonuses left out."""
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
