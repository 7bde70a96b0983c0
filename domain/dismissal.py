"""When dismissal (辞退) is flagged, never executed (D2 五.3), and when a probation (试用期) is passed (五.2).

All of it happens within one calendar year (年内): a December and the January after it don't pair.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from domain.appraisal_facts import Facts, Month, Person
from domain.charging import ZERO, Charge, adjustments
from domain.scorecard import Counting, Flag, RuleBook


def flags(book: RuleBook, facts: Facts, person: Person, charges: Sequence[Charge]) -> tuple[Flag, ...]:
    """Every reason for which a person's month is flagged; ``charges`` are what stands on their tally of the month."""
    costs = [charge for charge in charges if not (charge.item and charge.item.is_bonus)]
    found = {
        Flag.TWO_CONSECUTIVE_MONTHS: _two_months(book, facts, person, costs),
        Flag.HALF_YEAR: _reached(book.dismissal.half_year.at_least, _sums(book, facts, person, costs, yearly=False)),
        Flag.YEAR: _reached(book.dismissal.year.at_least, _sums(book, facts, person, costs, yearly=True)),
        Flag.THREE_CONSECUTIVE_FINDINGS: _repeated(book, facts, person),
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
    earlier = sum((one.deductions for one in facts.earlier_months if one.login == person.login and one.month == before), ZERO)
    return before.year == facts.month.year and earlier >= limit and sum((one.points for one in costs), ZERO) >= limit


def _reached(limit: Decimal, sums: Iterable[Decimal]) -> bool:
    return any(one >= limit for one in sums)


def _sums(book: RuleBook, facts: Facts, person: Person, costs: Sequence[Charge], *, yearly: bool) -> Iterator[Decimal]:
    """Deductions of the half-year or year of the month asked, and of every other one that an adjustment of this month is for.

    Earlier months count as their tallies say, but what was booked in them for another month counts in that month.
    """
    booked = _by_month(book, facts, person, costs)
    for span in {_span(facts.month, yearly), *(_span(one.month, yearly) for one in costs if one.points)}:
        yield sum((points for month, points in booked if _span(month, yearly) == span), ZERO)


def _span(month: Month, yearly: bool) -> int | tuple[int, int]:
    return month.year if yearly else month.half


def _by_month(book: RuleBook, facts: Facts, person: Person, costs: Iterable[Charge]) -> list[tuple[Month, Decimal]]:
    """Every deduction known, by the month it is for."""
    found = [(charge.month, charge.points) for charge in costs]
    for earlier in facts.earlier_months:
        if earlier.login != person.login:
            continue
        found.append((earlier.month, earlier.deductions))
        for late in adjustments(book, facts.findings, person, earlier.month):
            if late.item and not late.item.is_bonus:
                found += [(earlier.month, -late.points), (late.month, late.points)]
    return found


def _repeated(book: RuleBook, facts: Facts, person: Person) -> bool:
    """The latest findings of the year as a party, by date and then by order in the list, bear one item; bonuses left out."""
    often = book.dismissal.three_consecutive_findings.findings
    own = [
        finding
        for finding in facts.findings
        if person.login in finding.parties
        and not book.items[finding.item].is_bonus
        and finding.month.year == facts.month.year
        and finding.charged_in <= facts.month
    ]
    latest = sorted(own, key=lambda finding: finding.day)[-often:]
    return len(latest) == often and len({one.item for one in latest}) == 1 and latest[-1].month == facts.month
