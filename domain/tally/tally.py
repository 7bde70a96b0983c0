"""The tally (考评表): a pure function from confirmed findings to points and to the share of performance pay (D2).

:func:`tally` computes a month; a "what if" passes it other facts, and nothing is written. Every line keeps its charges, so that
an explanation can name each finding and clause.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.kernel.errors import FieldError, InvalidInput
from domain.kernel.periods import Month, Period
from domain.rules.pay_bands import pay_share
from domain.rules.rule_books import Law
from domain.rules.scorecard import Flag, Item, Notice, Post, RuleBook
from domain.tally.charging import (
    ZERO,
    Charge,
    adjustments,
    charged_item,
    figures,
    from_metrics,
    from_warnings,
    parties_alone,
    regular,
)
from domain.tally.dismissal import flags
from domain.tally.facts import Appraisee, ConfirmedFinding, Facts
from domain.tally.finding_rules import refusals

WARNINGS = "warnings"
"""Code of the line for warnings and public criticisms, which are no item of the scorecard (D2 五.5)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item on a person's tally. ``points`` is signed, so that a person's lines add up to their total."""

    item: str
    clause: str
    count: int
    points: Decimal
    findings: tuple[str, ...]
    tickets: tuple[str, ...]
    charges: tuple[Charge, ...]

    @property
    def adjustments(self) -> tuple[Charge, ...]:
        """The charges for closed months."""
        return tuple(charge for charge in self.charges if charge.adjustment)


@dataclass(frozen=True, slots=True)
class PersonTally:
    """A person's month. ``deductions`` is positive; ``pay_share`` is ``None`` in a sum of months."""

    login: str
    post: Post | None
    lines: tuple[Line, ...]
    deductions: Decimal
    bonuses: Decimal
    total: Decimal
    pay_share: Decimal | None
    flags: tuple[Flag, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """A community's period, by person; ``rule_book`` is the version used (of a sum, every version used)."""

    period: Period
    rule_book: str
    people: tuple[PersonTally, ...]


def tally(law: Law, facts: Facts) -> Tally:
    """Compute the tally of the facts' month, each finding by the rule book of the month of its date.

    Raises InvalidInput, with pointers into the facts, wherever it would have to guess.
    """
    wrong = list(wrong_findings(law, facts.findings)) or list(_unknown_parties(facts)) or list(_parties_without_post(law, facts))
    if wrong:
        raise InvalidInput(wrong)
    return tally_checked(law, facts)


def wrong_findings(law: Law, findings: Iterable[ConfirmedFinding]) -> Iterator[FieldError]:
    """Yield every error in the findings, each checked by the rule book of its month, with pointers into the list."""
    for number, finding in enumerate(findings):
        yield from refusals(law.of(finding.month), finding, f"/findings/{number}")


def tally_checked(law: Law, facts: Facts) -> Tally:
    """Compute the tally of facts that were checked before."""
    month = Period("month", facts.month, facts.month)
    return Tally(month, law.of(facts.month).version, tuple(_person(law, facts, person) for person in facts.people))


def summed(tallies: Sequence[Tally], period: Period) -> Tally:
    """Sum monthly tallies to a quarter's or year's (年考评总分).

    ``tallies`` may include months after the period, for their adjustments: a charge counts in the month it is for. Flags and
    notices are taken from the period's own months. People keep the order of their first appearance.
    """
    ordered = sorted(tallies, key=lambda one: one.period)
    people: dict[str, list[tuple[Month, PersonTally]]] = {}
    for one in ordered:
        for person in one.people:
            people.setdefault(person.login, []).append((one.period.last, person))
    versions = dict.fromkeys(one.rule_book for one in ordered)
    sums = (_summed(months, period) for months in people.values())
    return Tally(period, ", ".join(versions), tuple(one for one in sums if one))


def _summed(months: Sequence[tuple[Month, PersonTally]], period: Period) -> PersonTally | None:
    """A person's sum; ``None`` if nothing of theirs belongs to the period."""
    own = [one for month, one in months if period.holds(month)]
    kept = [replace(line, charges=_within(line.charges, period)) for _, one in months for line in one.lines]
    codes = dict.fromkeys(line.item for line in kept if line.charges)
    lines = [_joined([line for line in kept if line.item == code]) for code in sorted(codes, key=_place)]
    if not own and not codes:
        return None
    flagged = {flag for one in own for flag in one.flags}
    noticed = {notice for one in own for notice in one.notices}
    post = next((one.post for one in reversed(own) if one.post), None)
    return _totalled(
        months[0][1].login,
        post,
        lines,
        flags=tuple(flag for flag in Flag if flag in flagged),
        notices=tuple(notice for notice in Notice if notice in noticed),
    )


def _within(charges: Iterable[Charge], period: Period) -> tuple[Charge, ...]:
    return tuple(charge for charge in charges if period.holds(charge.month))


def _joined(lines: Sequence[Line]) -> Line:
    charges = [charge for line in lines for charge in line.charges]
    return _line(lines[0].item, lines[0].clause, charges)


def _place(code: str) -> tuple[bool, bool, int]:
    """Sort key: deductions by number, warnings, bonuses by number."""
    number = code.removeprefix("B")
    return code.startswith("B"), code == WARNINGS, int(number) if number.isdigit() else 0


def _person(law: Law, facts: Facts, person: Appraisee) -> PersonTally:
    book = law.of(facts.month)
    charges = [
        *regular(book, facts, person),
        *adjustments(law, facts, person, facts.month),
        *from_metrics(book, facts, person),
        *from_warnings(book, facts, person),
    ]
    counted = _totalled(
        person.login,
        person.post_in(facts.month),
        list(_lines(charges)),
        flags=flags(law, facts, person, charges),
        notices=_notices(book, facts, person, charges),
    )
    return replace(counted, pay_share=pay_share(book.pay_bands, counted.total))


def _totalled(
    login: str, post: Post | None, lines: Sequence[Line], *, flags: tuple[Flag, ...], notices: tuple[Notice, ...]
) -> PersonTally:
    """A person's sums, without a pay share: only a single month has one."""
    bonuses = sum((line.points for line in lines if _is_bonus(line)), ZERO)
    deductions = -sum((line.points for line in lines if not _is_bonus(line)), ZERO)
    return PersonTally(login, post, tuple(lines), deductions, bonuses, bonuses - deductions, None, flags, notices)


def _is_bonus(line: Line) -> bool:
    return line.item.startswith("B")


def _lines(charges: Sequence[Charge]) -> Iterator[Line]:
    by_item: dict[str, list[Charge]] = {}
    for charge in charges:
        by_item.setdefault(charge.item.code if charge.item else WARNINGS, []).append(charge)
    for code in sorted(by_item, key=_place):
        item = by_item[code][0].item
        yield _line(code, item.clause if item else "D2 五.5", by_item[code])


def _line(code: str, clause: str, charges: Sequence[Charge]) -> Line:
    """One item's line; its charges are in the order of their dates."""
    ordered = sorted(charges, key=_when)
    found = [charge.finding for charge in ordered if charge.finding]
    points = sum((charge.points for charge in ordered), ZERO)
    return Line(
        item=code,
        clause=clause,
        count=sum(charge.count for charge in ordered),
        points=points if code.startswith("B") else -points,
        findings=tuple(finding.id for finding in found),
        tickets=tuple(dict.fromkeys(ticket for finding in found for ticket in finding.tickets)),
        charges=tuple(ordered),
    )


def _when(charge: Charge) -> tuple[object, ...]:
    return charge.finding.rank if charge.finding else (charge.month.last_day, 0, "")


def _notices(book: RuleBook, facts: Facts, person: Appraisee, charges: Iterable[Charge]) -> tuple[Notice, ...]:
    """Remarks that change no points: rates below their mark, referrals, commissions."""
    charges = list(charges)
    tests = {notice: rule.test for notice, rule in book.notices.items() if rule.test and person.may_be_measured}
    made = {
        notice for notice, test in tests.items() if any(test.met(figure.value) for figure in figures(facts, person, test.metric))
    }
    if any(charge.item and charge.item.referred and charge.party for charge in charges):
        made.add(Notice.REFERRED)
    if any(charge.commission_fen for charge in charges):
        made.add(Notice.COMMISSION)
    return tuple(notice for notice in Notice if notice in made)


def _unknown_parties(facts: Facts) -> Iterator[FieldError]:
    logins = {person.login for person in facts.people}
    for number, finding in enumerate(facts.findings):
        for place, login in enumerate(finding.parties):
            if login not in logins:
                yield FieldError(f"/findings/{number}/parties/{place}", f"'{login}' is not among the people")


def _parties_without_post(law: Law, facts: Facts) -> Iterator[FieldError]:
    """Parties without a post, hence without a column, in the findings that this tally charges or recomputes."""
    people = {person.login: person for person in facts.people}
    recomputed = {finding.month for finding in facts.findings if finding.charged_in == facts.month}
    for number, finding in enumerate(facts.findings):
        item = charged_item(law.of(finding.month), finding)
        if finding.charged_in != facts.month and finding.month not in recomputed:
            continue
        if not parties_alone(item, finding) or not _has_columns(item, finding.points is not None):
            continue
        for place, login in enumerate(finding.parties):
            if people[login].post_on(finding.day) is None:
                yield FieldError(
                    f"/findings/{number}/parties/{place}",
                    f"'{login}' held no post on {finding.day}, so it is unknown which column applies; give the post (or 'staff')",
                )


def _has_columns(item: Item, decided: bool) -> bool:
    return item.points is not None or decided
