"""Who answers for a finding, and what it costs them (D2 扣罚项目、加分项目).

Counting is per person: a threshold counts only the findings that this person answers for. Amounts here are positive; the tally
makes deductions negative.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.kernel.periods import Month
from domain.rules.rule_books import Law
from domain.rules.scorecard import Charged, Counting, Item, Post, RuleBook
from domain.tally.facts import Appraisee, ConfirmedFinding, Facts, Metric

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Stake:
    """A person's share in a finding: whether they answer for it, whether they are a party, and the points a unit costs them."""

    finding: ConfirmedFinding
    item: Item
    answers: bool
    party: bool
    post: Post | None
    price: Decimal

    @property
    def counted(self) -> int:
        """Units that count toward the item's threshold. Doubling a finding does not double them."""
        return self.finding.quantity if self.answers else 0


@dataclass(frozen=True, slots=True)
class Charge:
    """The points that one finding, metric or pair of warnings costs or earns a person, by parts.

    ``base``, ``severity_extra`` and ``party_extra`` include doubling; their sum is ``points``. ``free_units`` cost nothing
    because of the item's threshold. ``month`` is the month charged for. With ``adjustment`` that month was closed, and ``base``
    is the difference that the finding makes to it, thresholds recomputed.
    """

    item: Item | None
    month: Month
    finding: ConfirmedFinding | None = None
    post: Post | None = None
    answers: bool = False
    party: bool = False
    count: int = 0
    free_units: int = 0
    base: Decimal = ZERO
    severity_extra: Decimal = ZERO
    party_extra: Decimal = ZERO
    metrics: tuple[Metric, ...] = ()
    warned: tuple[str, ...] = ()
    commission_fen: int = 0
    adjustment: bool = False

    @property
    def points(self) -> Decimal:
        """Points charged or earned, positive."""
        return self.base + self.severity_extra + self.party_extra


def charged_item(book: RuleBook, finding: ConfirmedFinding) -> Item:
    """The item by which a finding is charged. Beyond a limit of days or money this is another item (13 as 14, 23 as 24)."""
    item = book.items[finding.item]
    conversion = item.conversion
    if conversion is None:
        return item
    late = conversion.over_days is not None and (finding.overdue_days or 0) > conversion.over_days
    dear = conversion.from_fen is not None and (finding.amount_fen or 0) >= conversion.from_fen
    return book.items[conversion.to] if late or dear else item


def parties_alone(item: Item, finding: ConfirmedFinding) -> bool:
    """Whether only the parties answer: the item says so, or it is a bonus and the finding names any."""
    return item.charged is Charged.PARTIES or (item.is_bonus and bool(finding.parties))


def stake(book: RuleBook, finding: ConfirmedFinding, person: Appraisee) -> Stake | None:
    """A person's stake in a finding; ``None`` if the finding does not concern them."""
    item = charged_item(book, finding)
    party = person.login in finding.parties
    answers = item.severity(finding.severity).charged and (
        party if parties_alone(item, finding) else person.answers_for(finding.area, finding.day)
    )
    if not (answers or party):
        return None
    post = person.post_on(finding.day)
    points = finding.points if item.counting is Counting.DECIDED else item.points
    price = points.of(post) if points and post else ZERO
    return Stake(finding, item, answers, party, post, price)


def stakes(book: RuleBook, ranked: Iterable[ConfirmedFinding], person: Appraisee) -> dict[str, list[Stake]]:
    """A person's stakes grouped by the item charged, in the order of the findings."""
    found: defaultdict[str, list[Stake]] = defaultdict(list)
    for finding in ranked:
        one = stake(book, finding, person)
        if one:
            found[one.item.code].append(one)
    return found


def charge(ordered: Sequence[Stake]) -> list[Charge]:
    """Charge a person's findings of one item in one month. ``ordered`` must be in the order of their dates."""
    return [_one(stake, free) for stake, free in zip(ordered, _free_units(ordered), strict=True)]


def _free_units(ordered: Sequence[Stake]) -> list[int]:
    """For each finding, the units that cost nothing: the month's first ones (``from``), or all of a small finding (``min``)."""
    free: list[int] = []
    left = (ordered[0].item.threshold or 1) - 1 if ordered else 0
    for stake in ordered:
        match stake.item.counting:
            case Counting.FROM:
                free.append(min(left, stake.counted))
                left -= free[-1]
            case Counting.MIN:
                free.append(stake.counted if stake.counted < (stake.item.threshold or 1) else 0)
            case _:
                free.append(0)
    return free


def _one(stake: Stake, free: int) -> Charge:
    item, finding = stake.item, stake.finding
    severity = item.severity(finding.severity)
    units = stake.counted - free
    if item.days is not None:
        units *= (finding.overdue_days or 0) // item.days
    factor = 2 if finding.doubled else 1
    return Charge(
        item=item,
        month=finding.month,
        finding=finding,
        post=stake.post,
        answers=stake.answers,
        party=stake.party,
        count=stake.counted,
        free_units=free,
        base=units * stake.price * factor,
        severity_extra=severity.extra * factor if stake.answers else ZERO,
        party_extra=item.party_extra * factor if stake.party and severity.charged else ZERO,
        commission_fen=_commission(stake),
    )


def _commission(stake: Stake) -> int:
    """The commission in fen, half a fen rounded up (B5). Each person who answers sees the whole amount."""
    if stake.item.commission is None or stake.finding.amount_fen is None or not stake.answers:
        return 0
    return int(stake.item.commission * stake.finding.amount_fen + Decimal("0.5"))


def regular(book: RuleBook, facts: Facts, person: Appraisee) -> list[Charge]:
    """Charge a person for the month's own findings, without adjustments."""
    mine = [one for one in facts.that_may_concern(person, facts.month) if one.charged_in == facts.month]
    return [one for ordered in stakes(book, mine, person).values() for one in charge(ordered)]


def adjustments(law: Law, facts: Facts, person: Appraisee, booked: Month) -> list[Charge]:
    """Charge a person in ``booked`` for findings of closed months (补扣).

    Each finding costs the difference that it makes to the month of its date.
    """
    # A late finding may push others over a threshold, so its own points alone would be too few. Charge its month with and
    # without it; findings booked earlier, and adjustments with an earlier date, count both times.
    found: list[Charge] = []
    for month in sorted({one.month for one in facts.adjustments_in.get(booked, ())}):
        book = law.of(month)
        known = [one for one in facts.that_may_concern(person, month) if one.charged_in <= booked]
        items = stakes(book, (one for one in known if one.charged_in == booked), person).keys()
        concerned = (one for one in known if charged_item(book, one).code in items)
        for ordered in stakes(book, concerned, person).values():
            standing = [one for one in ordered if one.finding.charged_in < booked]
            for late in (one for one in ordered if one.finding.charged_in == booked):
                before = _sum(standing)
                standing = sorted((*standing, late), key=lambda one: one.finding.rank)
                own = next(one for one in charge(standing) if one.finding is late.finding)
                base = _sum(standing) - before - own.severity_extra - own.party_extra
                found.append(replace(own, base=base, adjustment=True))
    return found


def _sum(ordered: Sequence[Stake]) -> Decimal:
    return sum((one.points for one in charge(ordered)), ZERO)


def from_metrics(book: RuleBook, facts: Facts, person: Appraisee) -> list[Charge]:
    """Charge or reward a person for reported figures, once per item, at the end of the figures' period.

    The figures that count are the community's, and those of the areas that the person had on the period's last day. One figure
    below its limit is enough for a deduction. A bonus needs every metric reported and every figure at its mark.
    """
    if not person.may_be_measured:
        return []
    found: list[Charge] = []
    for item in book.measured:
        failing = tuple(metric for test in item.any for metric in figures(facts, person, test.metric) if test.met(metric.value))
        marks = [(test, figures(facts, person, test.metric)) for test in item.all]
        reached = bool(marks) and all(own and all(test.met(metric.value) for metric in own) for test, own in marks)
        reasons = failing or (tuple(metric for _, own in marks for metric in own) if reached else ())
        if reasons and item.points:
            post = person.post_on(facts.month.last_day)
            base = item.points.of(post) if post else ZERO
            found.append(Charge(item, facts.month, post=post, answers=True, count=1, base=base, metrics=reasons))
    return found


def figures(facts: Facts, person: Appraisee, name: str) -> list[Metric]:
    """A person's figures of a metric whose period ends with the facts' month; the community's first, then by area."""
    last_day = facts.month.last_day
    mine = (metric for metric in facts.figures_ending.get(name, ()) if person.measured_by(metric.area, last_day))
    return sorted(mine, key=lambda metric: metric.area or "")


def from_warnings(book: RuleBook, facts: Facts, person: Appraisee) -> list[Charge]:
    """Charge every second warning of a calendar year in the month of that warning (D2 五.5)."""
    per = book.warnings.per
    days = sorted(one.day for one in facts.warnings if one.login == person.login and one.day.year == facts.month.year)
    groups = [days[start : start + per] for start in range(0, len(days) - per + 1, per)]
    return [
        Charge(None, facts.month, count=1, base=book.warnings.points, warned=tuple(day.isoformat() for day in group))
        for group in groups
        if Month.of(group[-1]) == facts.month
    ]
