"""Write docs/reference/scorecard.md from the rule book: ``python -m tests.appraisal.reference_page``."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from adapters.labels.labels import label
from domain.kernel.terms import FindingCause
from domain.rules.scorecard import Charged, Counting, Item, MetricTest
from domain.tally.document import amount
from tests.tally.estate import BOOK

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scorecard.md"

HEAD = """# The scorecard 岗位目标责任书

<!-- Generated from the rule book: python -m tests.appraisal.reference_page -->

Rule book `{version}`, `domain/rules/scorecards/default.toml`: the items of D2 with its wording, points for director
（{director}）/ administrator（{administrator}）, and how they are counted. A company writes its own file under
another version (`gongdan appraisal calculate FILE --rule-book OWN.toml`); it is validated when it is loaded, and a refusal
names the item and what would be right. A version that was used is never changed: tallies name it.

## How findings are counted

Counting is per person, over the findings that this person answers for on the finding's date: a director for the whole
community, an administrator for the areas assigned to them (first and last day included), the parties 当事人 alone where the
item says so. A bonus that names parties goes to them alone.

| counting | meaning |
|---|---|
| `each` | points × quantity |
| `from n` | the first n−1 units of the month cost nothing, the n-th and each later one the points |
| `min n` | a finding of fewer than n units costs nothing, of n or more all its units cost |
| `overdue n` | points × quantity for every full n days overdue |
| `decided` | points entered by hand × quantity |
| `metric` | from a reported figure, once per person and period |
| `dismiss` | flags dismissal of the parties, no points |
| `referred` | recorded for another procedure, no points |
| `doubling` | `doubled` on another item's finding: its points and party extras twice, its count once |

Units come by the date of their finding, on one day by its id, whatever the order of the list.

`+k party`: each party is charged k more, once per finding, whatever the area and also where the base costs nothing. A finding
charged late is charged in its `booked_month` by what it changes in the month of its date, thresholds recomputed.
"""


def page() -> str:
    """The whole page as Markdown."""
    director, administrator = (name.removesuffix("）").partition("（")[2] for name in list(BOOK.posts.values())[:2])
    return "\n".join(
        [
            HEAD.format(version=BOOK.version, director=director, administrator=administrator),
            "## Deductions 扣罚项目\n",
            *_items(BOOK.deductions.values()),
            "\n## Bonuses 加分项目\n",
            *_items(BOOK.bonuses.values()),
            "\n## Metrics 指标\n",
            "| name | 指标 | per | kind |\n|---|---|---|---|",
            *(f"| `{name}` | {rule.title} | {rule.period} | {rule.kind} |" for name, rule in BOOK.metrics.items()),
            "\nA rate is a share (0.95 for 95 %). A metric is charged in the last month of its period.",
            "\n## Notices 提示\n",
            "| notice | 提示 | when |\n|---|---|---|",
            *(
                f"| `{name.value}` | {rule.text} | {_test(rule.test) if rule.test else ''} |"
                for name, rule in BOOK.notices.items()
            ),
            "\n## What the system proposes 系统提出\n",
            "Once per cause, dated where the cause lies; withdrawn when it goes, unless somebody has decided on it.\n",
            "| cause | 事由 | item |\n|---|---|---|",
            *(
                f"| `{cause.value}` | {label(cause)} | {BOOK.proposals.get(cause, 'the order’s own, doubled')} |"
                for cause in FindingCause
            ),
            "\n## Share of performance pay 效益工资 (D2 五.1, 五.4)\n",
            "| total from | to | share | 原文 |\n|---|---|---|---|",
            *_bands(),
            "\n## Warnings and dismissal (D2 五.3, 五.5)\n",
            "Dismissal 辞退 is flagged, never executed; all within one calendar year.\n",
            "| flag | limit | 原文 | reading 解释 |\n|---|---|---|---|",
            *_dismissal(),
            "\n## Other readings 其他解释\n",
            "| about | reading 解释 |\n|---|---|",
            *(f"| {one.about.replace('_', ' ')} | {one.reading} |" for one in BOOK.readings),
            "\n## Corrected words 勘误\n",
            "| item | in D2 | as shown |\n|---|---|---|",
            *(f"| {one.code} | {one.source} | {one.text} |" for one in BOOK.items.values() if one.source),
            "",
        ]
    )


def _items(items: Iterable[Item]) -> Iterator[str]:
    yield "| # | 考评项目 | points | unit | counting | reading 解释 |\n|---|---|---|---|---|---|"
    for item in items:
        points = f"{amount(item.points.director)} / {amount(item.points.administrator)}" if item.points else "–"
        cells = (item.code, item.text, points, item.unit or "", "; ".join(_counting(item)), item.reading or "")
        yield f"| {' | '.join(cells)} |"


def _counting(item: Item) -> Iterator[str]:
    limit = item.threshold or item.days
    yield f"`{item.counting.value}{f' {limit}' if limit else ''}`"
    if item.counting is Counting.METRIC:
        yield (" or " if item.any else " and ").join(_test(test) for test in (*item.any, *item.all))
    if item.charged is Charged.PARTIES:
        yield "parties alone"
    if item.party_extra:
        yield f"+{amount(item.party_extra)} party"
    for severity, rule in item.severities.items():
        effects = [f"+{amount(rule.extra)}"] if rule.extra else []
        effects += ["flags dismissal of the parties"] if rule.dismiss else []
        effects += [] if rule.charged else ["no points, not counted"]
        yield f"`{severity.value}`: {', '.join(effects)}"
    if item.conversion:
        over, fen = item.conversion.over_days, item.conversion.from_fen
        yield f"{f'more than {over} days' if over else f'from {fen} fen'}: charged as {item.conversion.to}"
    if item.commission:
        yield f"with `amount_fen`: {amount(item.commission * 100)} % commission, no points"
    if item.referred:
        yield "referred"
    if item.self_handled:
        yield "waived where the office dealt with it itself"


def _test(test: MetricTest) -> str:
    if test.below is not None:
        return f"`{test.metric}` < {test.below}"
    if test.at_least is not None:
        return f"`{test.metric}` ≥ {test.at_least}"
    return f"`{test.metric}` ≤ {test.at_most}"


def _bands() -> Iterator[str]:
    for band in BOOK.pay_bands:
        lowest, highest = ("" if edge is None else amount(edge) for edge in (band.lowest, band.highest))
        yield f"| {lowest} | {highest} | {amount(band.share * 100)} % | {band.text} |"


def _dismissal() -> Iterator[str]:
    rules, warnings = BOOK.dismissal, BOOK.warnings
    for name, rule in (
        ("two_consecutive_months", rules.two_consecutive_months),
        ("half_year", rules.half_year),
        ("year", rules.year),
    ):
        yield f"| `{name}` | {amount(rule.at_least)} points | {rule.text} | {rule.reading} |"
    repeat = rules.three_consecutive_findings
    yield f"| `three_consecutive_findings` | {repeat.findings} findings | {repeat.text} | {repeat.reading} |"
    yield f"| `finding` | | {rules.finding.text} | |"
    yield f"| (no flag) | {amount(warnings.points)} points per {warnings.per} warnings | {warnings.text} | {warnings.reading} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
