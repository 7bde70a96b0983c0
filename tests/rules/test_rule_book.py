"""Rule books are validated when loaded; errors name the item and the remedy.

Long because each way a rule book can contradict itself is one row or test here, in the order of the book.
"""

import re
import tomllib
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.kernel.errors import InvalidInput
from domain.kernel.terms import FindingCause
from domain.rules.pay_bands import PayBand, misplaced, pay_share
from domain.rules.scorecard import Charged, Counting, Points, Post, RuleBook, parse_rule_book
from domain.tally.calculation_file import read_facts
from tests.tally.estate import BOOK, BOOK_TEXT, finding, messages, people, request


def changed(*changes: tuple[str, str]) -> str:
    """The shipped book with words replaced, each of which must occur once."""
    text = BOOK_TEXT
    for old, new in changes:
        assert text.count(old) == 1, (text.count(old), old)
        text = text.replace(old, new)
    return text


def item(code: str, old: str, new: str) -> str:
    """The shipped book with words of one item replaced."""
    group = "bonuses" if code.startswith("B") else "deductions"
    head, begin, rest = BOOK_TEXT.partition(f"[{group}.{code}]\n")
    body, end, tail = rest.partition("\n\n")
    assert body.count(old) == 1, (code, old)
    return head + begin + body.replace(old, new) + end + tail


def wrong(text: str) -> dict[str, str]:
    try:
        parse_rule_book(text)
    except InvalidInput as error:
        return messages(error.errors)
    raise AssertionError("nothing was refused")


METRICS = ", ".join(BOOK.metrics)
MISTAKES: dict[str, tuple[str, str, str]] = {
    "cause of no item": (
        BOOK_TEXT.replace('register_error = "28"', 'register_error = "99"'),
        "/rule_book/proposals/register_error",
        "there is no item 99",
    ),
    "cause of an item nobody can propose": (
        BOOK_TEXT.replace('register_error = "28"', 'register_error = "46"'),
        "/rule_book/proposals/register_error",
        "item 46 is counted 'decided', which cannot be proposed",
    ),
    "inspections name their item": (
        BOOK_TEXT.replace('register_error = "28"', 'register_error = "28"\ninspection_late = "22"'),
        "/rule_book/proposals/inspection_late",
        "an inspection's rectification order names its own item",
    ),
    "no cause": (
        BOOK_TEXT.replace('register_error = "28"', 'register_error = "28"\nbad_mood = "22"'),
        "/rule_book/proposals/bad_mood",
        f"'bad_mood' is not one of: {', '.join(FindingCause)}",
    ),
    "no number": (
        BOOK_TEXT.replace("[deductions.7]", "[deductions.seven]"),
        "/rule_book/deductions/seven",
        "item seven: deductions are numbered 1, 2, 3, …",
    ),
    "leading zero": (
        BOOK_TEXT.replace("[deductions.7]", "[deductions.07]"),
        "/rule_book/deductions/07",
        "item 07: deductions are numbered 1, 2, 3, …",
    ),
    "no bonus": (
        BOOK_TEXT.replace("[bonuses.B7]", "[bonuses.7]"),
        "/rule_book/bonuses/7",
        "item 7: bonuses are numbered B1, B2, B3, …",
    ),
    "points missing": (
        item("7", 'points = { director = "2", administrator = "1" }', ""),
        "/rule_book/deductions/7/points",
        "item 7: counting 'each' needs 'points'",
    ),
    "column missing": (
        item("7", ', administrator = "1"', ""),
        "/rule_book/deductions/7/points/administrator",
        "item 7: 'administrator' is missing",
    ),
    "third column": (
        item("7", 'administrator = "1"', 'administrator = "1", staff = "1"'),
        "/rule_book/deductions/7/points/staff",
        "item 7: there is no setting 'staff' here",
    ),
    "no halves": (
        item("7", '"2"', '"0.7"'),
        "/rule_book/deductions/7/points/director",
        "item 7: points are multiples of 0.5",
    ),
    "negative": (
        item("7", '"2"', '"-2"'),
        "/rule_book/deductions/7/points/director",
        "item 7: Input should be (…)",
    ),
    "binary": (
        item("7", '"2"', "0.5"),
        "/rule_book/deductions/7/points/director",
        'item 7: write the number as a text, such as "1.5"',
    ),
    "no number at all": (
        item("7", '"2"', '"two"'),
        "/rule_book/deductions/7/points/director",
        'item 7: write a plain decimal of at most 12 digits, such as "1.5"',
    ),
    "exponent": (
        item("7", '"2"', '"1e3"'),
        "/rule_book/deductions/7/points/director",
        'item 7: write a plain decimal of at most 12 digits, such as "1.5"',
    ),
    "counting": (
        item("7", '"each"', '"every"'),
        "/rule_book/deductions/7/counting",
        "item 7: Input should be (…)",
    ),
    "counting missing": (item("7", 'counting = "each"', ""), "/rule_book/deductions/7/counting", "item 7: 'counting' is missing"),
    "text missing": (item("7", "text =", "reading ="), "/rule_book/deductions/7/text", "item 7: 'text' is missing"),
    "threshold missing": (
        item("4", "threshold = 3", ""),
        "/rule_book/deductions/4/threshold",
        "item 4: counting 'from' needs 'threshold'",
    ),
    "threshold of nothing": (
        item("7", 'counting = "each"', 'counting = "each"\nthreshold = 3'),
        "/rule_book/deductions/7/threshold",
        "item 7: 'threshold' has no effect with counting 'each', only with 'from', 'min'",
    ),
    "threshold of one": (
        item("22", "threshold = 3", "threshold = 1"),
        "/rule_book/deductions/22/threshold",
        "item 22: a threshold of 1 is counting 'each'",
    ),
    "threshold of zero": (
        item("4", "threshold = 3", "threshold = 0"),
        "/rule_book/deductions/4/threshold",
        "item 4: Input should be (…)",
    ),
    "days missing": (item("13", "days = 3\n", ""), "/rule_book/deductions/13/days", "item 13: counting 'overdue' needs 'days'"),
    "party extra": (
        item("13", "days = 3\n", 'days = 3\nparty_extra = "1"\n'),
        "/rule_book/deductions/13/party_extra",
        "item 13: 'party_extra' has no effect with counting 'overdue', only with 'each', 'from', 'min'",
    ),
    "severity": (
        item("10", "egregious", "terrible"),
        "/rule_book/deductions/10/severities/terrible",
        "item 10: 'terrible' is not one of: normal, egregious, serious_complaint, serious",
    ),
    "severity normal": (
        item("10", "severities.egregious", "severities.normal"),
        "/rule_book/deductions/10/severities/normal",
        "item 10: 'normal' cannot be listed: the item's own settings apply to it",
    ),
    "severity of nothing": (
        item("10", "dismiss = true, party_required = true", "party_required = true"),
        "/rule_book/deductions/10/severities/egregious",
        "item 10: a severity needs 'dismiss', 'extra' or charged = false",
    ),
    "severity uncharged": (
        item("40", '{ extra = "2" }', '{ extra = "2", charged = false }'),
        "/rule_book/deductions/40/severities/serious",
        "item 40: a severity that isn't charged can't cost 'extra'",
    ),
    "converted to nothing": (
        item("13", 'to = "14"', 'to = "99"'),
        "/rule_book/deductions/13/conversion/to",
        "item 13: there is no item 99",
    ),
    "converted on and on": (
        item("23", 'to = "24"', 'to = "13"'),
        "/rule_book/deductions/23/conversion/to",
        "item 23: item 13 must be counted 'each', have the same 'charged', and not be converted itself",
    ),
    "converted to itself": (
        item("23", 'to = "24"', 'to = "23"'),
        "/rule_book/deductions/23/conversion/to",
        "item 23: item 23 must be counted 'each', have the same 'charged', and not be converted itself",
    ),
    "converted to a party's": (
        item("23", 'to = "24"', 'to = "30"'),
        "/rule_book/deductions/23/conversion/to",
        "item 23: item 30 must be counted 'each', have the same 'charged', and not be converted itself",
    ),
    "converted without its severity": (
        item("23", "takes_amount", 'severities.serious = { extra = "1" }\ntakes_amount'),
        "/rule_book/deductions/23/conversion/to",
        "item 23: item 24 must have the same severities",
    ),
    "converted by money": (
        item("13", "over_days = 30", "from_fen = 30"),
        "/rule_book/deductions/13/conversion",
        "item 13: counting 'overdue' is converted by 'over_days'",
    ),
    "converted by both": (
        item("13", "over_days = 30", "over_days = 30, from_fen = 30"),
        "/rule_book/deductions/13/conversion",
        "item 13: counting 'overdue' is converted by 'over_days'",
    ),
    "converted by days": (
        item("23", "from_fen", "over_days"),
        "/rule_book/deductions/23/conversion",
        "item 23: counting 'each' is converted by 'from_fen', with takes_amount = true",
    ),
    "converted by money and days": (
        item("23", "from_fen", "over_days = 1, from_fen"),
        "/rule_book/deductions/23/conversion",
        "item 23: counting 'each' is converted by 'from_fen', with takes_amount = true",
    ),
    "converted without amount": (
        item("23", "takes_amount = true\n", ""),
        "/rule_book/deductions/23/conversion",
        "item 23: counting 'each' is converted by 'from_fen', with takes_amount = true",
    ),
    "dismissal of nobody": (
        item("18", 'charged = "parties"', ""),
        "/rule_book/deductions/18/charged",
        "item 18: counting 'dismiss' needs charged = 'parties'",
    ),
    "referred to nobody": (
        item("29", 'charged = "parties"', ""),
        "/rule_book/deductions/29/charged",
        "item 29: counting 'referred' needs charged = 'parties'",
    ),
    "commission of nothing": (
        item("B5", "takes_amount = true\n", ""),
        "/rule_book/bonuses/B5/commission",
        "item B5: a commission needs takes_amount = true",
    ),
    "bonus counted each": (
        item("B6", 'counting = "decided"', 'counting = "each"\npoints = { director = "1", administrator = "1" }'),
        "/rule_book/bonuses/B6/counting",
        "item B6: a bonus is counted 'decided' or 'metric'",
    ),
    "metric without tests": (
        item("B8", "all = [", "any = [] # "),
        "/rule_book/bonuses/B8/any",
        "item B8: a metric item has either 'any' or 'all' tests",
    ),
    "metric with both tests": (
        item("B8", "all = [", 'any = [{ metric = "register_check_errors", below = "1" }]\nall = ['),
        "/rule_book/bonuses/B8/any",
        "item B8: a metric item has either 'any' or 'all' tests",
    ),
    "unknown metric": (
        item("39", "fee_collection_rate", "fee_rate"),
        "/rule_book/deductions/39/any/0/metric",
        "item 39: no such metric; known: " + METRICS,
    ),
    "two limits": (
        item("39", 'below = "0.95"', 'below = "0.95", at_least = "0.1"'),
        "/rule_book/deductions/39/any/0",
        "item 39: a test has exactly one of 'below', 'at_least', 'at_most'",
    ),
    "no limit": (
        item("B8", ', at_most = "0"', ""),
        "/rule_book/bonuses/B8/all/0",
        "item B8: a test has exactly one of 'below', 'at_least', 'at_most'",
    ),
    "periods mixed": (
        item("43", '"resident_card_rate"', '"resident_satisfaction"'),
        "/rule_book/deductions/43",
        "item 43: its metrics must all have one period",
    ),
    "band missing": (
        changed(('[[pay_bands]]\nfrom = "-7"\nto = "-5.5"\nshare = "0.9"\ntext = "-5.5分至-7分，90%"\n', "")),
        "/rule_book/pay_bands/2",
        "gap: after a band to -7.5 the next one is from -7.0, not from -5",
    ),
    "gap of a half": (
        changed(('from = "-7"', 'from = "-6.5"')),
        "/rule_book/pay_bands/2",
        "gap: after a band to -7.5 the next one is from -7.0, not from -6.5",
    ),
    "overlap": (
        changed(('from = "-7"', 'from = "-7.5"')),
        "/rule_book/pay_bands/2",
        "overlap: after a band to -7.5 the next one is from -7.0, not from -7.5",
    ),
    "band upside down": (changed(('to = "-5.5"', 'to = "-7.5"')), "/rule_book/pay_bands/2", "'from' -7 is above 'to' -7.5"),
    "no lowest": (
        changed(("[[pay_bands]]                              # 五.1\n", '[[pay_bands]]\nfrom = "-99"\n')),
        "/rule_book/pay_bands/0",
        "the lowest band has no 'from'",
    ),
    "open in the middle": (
        changed(('to = "1.5"\n', "")),
        "/rule_book/pay_bands/4",
        "only the highest band, which comes last, has no 'to'",
    ),
    "open below in the middle": (
        changed(('from = "-2.5"\n', "")),
        "/rule_book/pay_bands/4",
        "only the lowest band, which comes first, has no 'from'",
    ),
    "no highest": (
        changed(('from = "4.5"\n', 'from = "4.5"\nto = "9"\n')),
        "/rule_book/pay_bands/6",
        "the highest band has no 'to'",
    ),
    "share": (changed(('share = "0.95"', 'share = "95"')), "/rule_book/pay_bands/3/share", "Input should be (…)"),
    "post unnamed": (changed(('staff = "其他员工"\n', "")), "/rule_book/posts", "the post 'staff' needs a name"),
    "post unknown": (
        changed(('staff = "其他员工"', 'guard = "保安"')),
        "/rule_book/posts/guard",
        "'guard' is not one of: director, administrator, staff",
    ),
    "notice unnamed": (
        changed(('[notices.commission]\ntext = "承接装修提成"\n', "")),
        "/rule_book/notices",
        "the notice 'commission' needs a text",
    ),
    "notice of nothing": (
        changed(('metric = "temporary_card_rate", below = "0.60"', 'metric = "card_rate", below = "0.60"')),
        "/rule_book/notices/temporary_card_rate/test/metric",
        "no such metric; known: " + METRICS,
    ),
    "dismissal": (
        changed(('at_least = "15"', 'at_least = "fifteen"')),
        "/rule_book/dismissal/half_year/at_least",
        'write a plain decimal of at most 12 digits, such as "1.5"',
    ),
    "dismissal missing": (
        changed(("[dismissal.finding]", "[dismissal.findings]")),
        "/rule_book/dismissal/finding",
        "'finding' is missing",
    ),
    "a repeat of one": (
        changed(("findings = 3", "findings = 1")),
        "/rule_book/dismissal/three_consecutive_findings/findings",
        "Input should be (…)",
    ),
    "version": (changed(('version = "default"', 'version = ""')), "/rule_book/version", "String should match (…)"),
    "unknown setting": (
        changed(('title = "物业', 'subtitle = "物业')),
        "/rule_book/subtitle",
        "there is no setting 'subtitle' here",
    ),
    "no TOML": (BOOK_TEXT + "\n[", "/rule_book", "not TOML: (…)"),
    "no items": (
        re.sub(r"(?s)\[deductions\.1\].*?# --- 加分", "# --- 加分", BOOK_TEXT),
        "/rule_book/deductions",
        "'deductions' is missing",
    ),
    "items that are none": (
        "deductions = 3\n" + re.sub(r"(?s)\[deductions\.1\].*?# --- 加分", "# --- 加分", BOOK_TEXT),
        "/rule_book/deductions",
        "Input should be (…)",
    ),
    "an item that is none": (
        BOOK_TEXT.replace("[deductions.1]", "[deductions]\n48 = 3\n[deductions.1]", 1),
        "/rule_book/deductions/48",
        "item 48: Input should be (…)",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake: str) -> None:
    text, pointer, words = MISTAKES[mistake]
    message = wrong(text)[pointer]
    known, cut, _ = words.partition("(…)")
    assert message.startswith(known) if cut else message == words


def test_all_mistakes_are_told_at_once() -> None:
    text = changed(('from = "-7"', 'from = "-6.5"')).replace('staff = "其他员工"\n', "").replace("threshold = 2\n", "")
    assert wrong(text).keys() == {"/rule_book/pay_bands/2", "/rule_book/posts", "/rule_book/deductions/9/threshold"}


def test_the_shipped_book_keeps_every_word_of_its_file() -> None:
    data: dict[str, Any] = tomllib.loads(BOOK_TEXT)
    for code, one in {**data["deductions"], **data["bonuses"]}.items():
        assert (BOOK.items[code].text, BOOK.items[code].source) == (one["text"], one.get("source"))
    assert BOOK.version == "default"
    assert all(one.reading for one in BOOK.items.values() if one.counting in (Counting.FROM, Counting.MIN, Counting.METRIC))


def test_clauses() -> None:
    assert (BOOK.items["13"].clause, BOOK.items["B9"].clause) == ("D2 扣罚项目 13", "D2 加分项目 9")


def test_who_is_charged_by_default() -> None:
    assert BOOK.items["7"].charged is Charged.AREA
    assert BOOK.items["30"].charged is Charged.PARTIES


OWN = """
version = "acme-2026"
title = "奖罚办法"
posts = { director = "主任", administrator = "管理员", staff = "员工" }
warnings = { text = "三次警告", reading = "每三次", per = 3, points = "1.5" }

[deductions.1]
text = "迟到"
counting = "from"
threshold = 2
points = { director = "1.5", administrator = "0.5" }

[deductions.2]
text = "逾期"
counting = "overdue"
days = 2
points = { director = "1", administrator = "1" }
conversion = { to = "3", over_days = 4 }

[deductions.3]
text = "不办"
counting = "each"
points = { director = "7", administrator = "6" }

[bonuses.B1]
text = "全勤"
counting = "metric"
all = [{ metric = "absences", at_most = "1" }]
points = { director = "1", administrator = "2.5" }

[metrics]
absences = { title = "缺勤", period = "month", kind = "count" }

[notices]
temporary_card_rate = { text = "缺勤多", test = { metric = "absences", at_least = "3" } }
referred = { text = "移送" }
commission = { text = "提成" }

[[pay_bands]]
to = "-1"
share = "0.25"
text = "差"

[[pay_bands]]
from = "-0.5"
share = "1"
text = "好"

[dismissal]
two_consecutive_months = { text = "两月", reading = "。", at_least = "1" }
half_year = { text = "半年", reading = "。", at_least = "2" }
year = { text = "一年", reading = "。", at_least = "3" }
three_consecutive_findings = { text = "两次", reading = "。", findings = 2 }
finding = { text = "本项" }
"""


def own(**more: Any) -> dict[str, Any]:
    book = parse_rule_book(OWN)
    return people(request(**more) | {"rule_book": "acme-2026"}, book=book)["wang"]


def test_a_company_ships_its_own() -> None:
    late = [{"id": f"f{n}", "item": "1", "date": f"2026-03-0{n}", "area": "A1", "parties": ["wang"]} for n in (1, 2)]
    found = own(findings=late)
    assert (found["total"], found["pay_share"], found["flags"]) == ("-0.5", "1", ["three_consecutive_findings"])
    overdue = {"id": "f1", "item": "2", "date": "2026-03-01", "area": "A1"}
    assert own(findings=[{**overdue, "overdue_days": 4}])["total"] == "-2"
    assert own(findings=[{**overdue, "overdue_days": 5}])["total"] == "-6"
    assert own(findings=[{**overdue, "overdue_days": 2}])["pay_share"] == "0.25"
    warnings = [{"login": "wang", "date": f"2026-03-0{n}"} for n in (1, 2, 3)]
    assert own(warnings=warnings[:2])["total"] == "0"
    assert own(warnings=warnings)["total"] == "-1.5"
    for value, total, notices in (("1", "2.5", []), ("2", "0", []), ("3", "0", ["temporary_card_rate"])):
        found = own(metrics=[{"name": "absences", "period": "2026-03", "value": value}])
        assert (found["total"], found["notices"]) == (total, notices)


@pytest.mark.parametrize(("points", "flags"), [("0.5", []), ("1", ["half_year"]), ("2", ["half_year", "year"])])
def test_its_own_limits_for_dismissal(points: str, flags: list[str]) -> None:
    months = [{"month": "2026-01", "login": "wang", "deductions": "1", "total": "-1"}]
    overdue = {"id": "f1", "item": "2", "date": "2026-03-01", "area": "A1", "overdue_days": 2, "quantity": 1}
    found = own(earlier_months=[{**months[0], "deductions": points, "total": f"-{points}"}], findings=[overdue])
    assert found["flags"] == flags
    found = own(earlier_months=[{**months[0], "month": "2026-02"}], findings=[overdue])
    assert found["flags"] == ["two_consecutive_months", "half_year"]


def test_a_severity_that_is_not_charged_costs_a_party_nothing() -> None:
    text = item("9", 'party_extra = "1"', 'party_extra = "1"\nseverities.serious_complaint = { dismiss = true, charged = false }')
    grave = finding("f1", "9", severity="serious_complaint", parties=["wang"], quantity=3)
    found = people(request([grave]), book=parse_rule_book(text))
    assert [(one["total"], one["flags"]) for one in found.values()] == [("0", []), ("0", ["finding"]), ("0", []), ("0", [])]


def test_another_version_than_the_one_asked_for_is_refused() -> None:
    book: RuleBook = parse_rule_book(OWN)
    with pytest.raises(InvalidInput) as refusal:
        read_facts('{"month": "2026-03", "rule_book": "default", "people": []}', book)
    assert messages(refusal.value.errors) == {"/rule_book": "no such rule book; known: acme-2026"}


@pytest.mark.parametrize("value", ["1.", ".5", "--1", "-", "", "1 ", "+1", "１", "1_0", "1,5", "NaN", "Infinity", "1" * 13])
def test_only_plain_decimals_are_numbers(value: str) -> None:
    assert "/rule_book/warnings/points" in wrong(changed(('per = 2\npoints = "3"', f'per = 2\npoints = "{value}"')))


def test_the_longest_number() -> None:
    longest = changed(('per = 2\npoints = "3"', f'per = 2\npoints = "{"1" * 12}"'))
    assert parse_rule_book(longest).warnings.points == Decimal("1" * 12)


def test_points_are_made_of_decimals_too() -> None:
    assert Points(director=Decimal("1.5"), administrator=Decimal(0)).of(Post.DIRECTOR) == Decimal("1.5")
    with pytest.raises(ValidationError):
        Points(director=Decimal("1.4"), administrator=Decimal(0))


def test_a_band_may_be_one_half_wide() -> None:
    text = changed(('from = "2"\nto = "4"', 'from = "2"\nto = "2"'), ('from = "4.5"', 'from = "2.5"'))
    assert [pay_share(parse_rule_book(text).pay_bands, Decimal(total)) for total in ("1.5", "2", "2.5")] == [
        Decimal(share) for share in ("1", "1.1", "1.2")
    ]


def test_a_rule_book_in_force_can_not_be_changed() -> None:
    for part, name in ((BOOK, "version"), (BOOK.items["7"], "code"), (BOOK.pay_bands[0], "share")):
        with pytest.raises(ValidationError):
            setattr(part, name, "2")


def test_whole_numbers_and_negative_decimals_are_numbers() -> None:
    assert parse_rule_book(changed(('per = 2\npoints = "3"', "per = 2\npoints = 3"))).warnings.points == Decimal(3)
    assert parse_rule_book(changed(('per = 2\npoints = "3"', 'per = 2\npoints = "3.50"'))).warnings.points == Decimal("3.5")
    assert "/rule_book/warnings/points" in wrong(changed(('per = 2\npoints = "3"', "per = 2\npoints = true")))


def test_a_place_is_a_pointer() -> None:
    """RFC 6901: `~` and `/` of a key are written `~0` and `~1`."""
    found = wrong(BOOK_TEXT.replace("[deductions.7]", '[deductions."7/~8"]'))
    assert found == {"/rule_book/deductions/7~1~08": "item 7/~8: deductions are numbered 1, 2, 3, …"}


def test_behind_an_open_band_a_gap_is_told_too() -> None:
    spans = [{"to": "-3"}, {"from": "-2.5"}, {"from": "0", "to": "1"}, {"from": "2"}]
    bands = [PayBand.model_validate({**span, "share": "1", "text": "全额"}) for span in spans]
    assert dict(misplaced(bands)) == {
        1: "only the highest band, which comes last, has no 'to'",
        3: "gap: after a band to 1 the next one is from 1.5, not from 2",
    }


def test_converted_from_the_first_fen_on_an_unknown_amount_is_none() -> None:
    book = parse_rule_book(changed(("from_fen = 300000", "from_fen = 1")))
    for amount, total in ((None, "-3"), (1, "-10")):
        found = people(request([finding("f1", "23", amount_fen=amount)]), book=book)
        assert found["li"]["total"] == total


def test_by_the_day_what_is_not_yet_overdue_costs_nothing() -> None:
    book = parse_rule_book(item("13", "\ndays = 3", "\ndays = 1"))
    for days, total in ((0, "0"), (1, "-1"), (2, "-2")):
        assert people(request([finding("f1", "13", overdue_days=days)]), book=book)["li"]["total"] == total
    assert own(findings=[{"id": "f1", "item": "2", "date": "2026-03-01", "area": "A1", "overdue_days": 0}])["total"] == "0"


def test_warnings_are_charged_in_the_month_of_the_one_that_makes_them_enough() -> None:
    warnings = [{"login": "wang", "date": day} for day in ("2026-01-05", "2026-02-05", "2026-03-05")]
    assert [own(warnings=warnings, month=month)["total"] for month in ("2026-01", "2026-02", "2026-03")] == ["0", "0", "-1.5"]
