"""Refusals of a calculation file: nothing is guessed, and every error has its pointer."""

import json
from datetime import date
from typing import Any

import pytest

from domain.kernel.errors import InvalidInput
from domain.kernel.periods import Month
from domain.tally.facts import ConfirmedFinding, Facts
from domain.tally.tally import tally
from tests.tally.estate import (
    BOOK,
    PEOPLE,
    Document,
    answered,
    assigned,
    decided,
    finding,
    held,
    messages,
    metric,
    people,
    refused,
    request,
    totals,
)

EXAMPLE: Document = {
    "month": "2026-03",
    "rule_book": "default",
    "people": [
        {"login": "li", "posts": [{"post": "director", "from": "2026-01-01", "to": None}], "areas": []},
        {
            "login": "wang",
            "posts": [{"post": "administrator", "from": "2026-01-01", "to": None}],
            "areas": [{"area": "A1", "from": "2026-01-01", "to": None}],
        },
    ],
    "findings": [
        {
            "id": "f1",
            "item": "7",
            "date": "2026-03-04",
            "area": "A1",
            "quantity": 1,
            "severity": "normal",
            "parties": ["wang"],
            "doubled": False,
            "points": None,
            "booked_month": None,
            "tickets": ["t1"],
        }
    ],
    "metrics": [{"name": "fee_collection_rate", "period": "2026-Q1", "value": "0.93", "area": None}],
    "warnings": [{"login": "wang", "date": "2026-02-10"}],
    "earlier_months": [{"month": "2026-02", "login": "wang", "deductions": "5", "total": "-5"}],
}


def test_the_contract_s_example() -> None:
    no = {"bonuses": "0", "flags": [], "notices": []}
    seven = {"item": "7", "count": 1, "findings": ["f1"], "tickets": ["t1"]}
    fees = {"item": "39", "count": 1, "findings": [], "tickets": []}
    assert answered(EXAMPLE) == {
        "month": "2026-03",
        "rule_book": "default",
        "people": [
            {
                "login": "li",
                "post": "director",
                "lines": [seven | {"points": "-2"}, fees | {"points": "-2"}],
                "deductions": "4",
                "total": "-4",
                "pay_share": "0.95",
            }
            | no,
            {
                "login": "wang",
                "post": "administrator",
                "lines": [seven | {"points": "-1"}, fees | {"points": "-1"}],
                "deductions": "2",
                "total": "-2",
                "pay_share": "1",
            }
            | no,
        ],
    }


def test_what_may_be_left_out() -> None:
    assert answered({"month": "2026-03", "rule_book": "default", "people": []})["people"] == []
    short = {"id": "f1", "item": "7", "date": "2026-03-04"}
    assert people(request([short]))["li"]["total"] == "-2"
    assert people(request([short]))["wang"]["total"] == "0"


FINDING: Document = finding("f1", "7")
WRONG_FINDINGS: dict[str, tuple[Document, str, str]] = {
    "unknown item": ({"item": "47"}, "item", "no such item in rule book 'default'; known: 1, 2, 3"),
    "item as a number": ({"item": 7}, "item", "valid string"),
    "item b1": ({"item": "b1"}, "item", "B1, B2"),
    "item 45": ({"item": "45"}, "item", "doubled = true"),
    "item 39": ({"item": "39"}, "item", "fee_collection_rate"),
    "item 43": ({"item": "43"}, "item", "rented_permit_rate, resident_card_rate"),
    "item B8": ({"item": "B8"}, "item", "register_check_errors"),
    "severity": ({"severity": "egregious"}, "severity", "not a severity of this item; known: normal"),
    "severity unknown": ({"severity": "grave"}, "severity", "one of: normal, egregious"),
    "severity null": ({"severity": None}, "severity", "one of"),
    "quantity 0": ({"quantity": 0}, "quantity", "greater than or equal to 1"),
    "quantity -1": ({"quantity": -1}, "quantity", "greater than or equal to 1"),
    "quantity 1.5": ({"quantity": 1.5}, "quantity", "integer"),
    "quantity 1.0": ({"quantity": 1.0}, "quantity", "integer"),
    "quantity text": ({"quantity": "1"}, "quantity", "integer"),
    "quantity true": ({"quantity": True}, "quantity", "integer"),
    "quantity huge": ({"quantity": 10**30}, "quantity", "1000000"),
    "doubled text": ({"doubled": "yes"}, "doubled", "boolean"),
    "doubled number": ({"doubled": 1}, "doubled", "boolean"),
    "unknown party": ({"parties": ["wang", "nobody"]}, "parties/1", "'nobody' is not among the people"),
    "party twice": ({"parties": ["wang", "wang"]}, "parties", "an entry twice"),
    "parties as text": ({"parties": "wang"}, "parties", "tuple"),
    "no such day": ({"date": "2026-02-30"}, "date", "no such day"),
    "date form": ({"date": "2026-3-4"}, "date", "write a date as"),
    "date with time": ({"date": "2026-03-04T08:00"}, "date", "write a date as"),
    "date digits": ({"date": "２026-03-04"}, "date", "write a date as"),
    "date number": ({"date": 20260304}, "date", "write a date as"),
    "booked": ({"booked_month": "2026-Q1"}, "booked_month", "write a month, such as 2026-03"),
    "booked number": ({"booked_month": 3}, "booked_month", "write a month as"),
    "points of the book": ({"points": decided("1", "1")}, "points", "the rule book fixes the points"),
    "points missing": ({"item": "46"}, "points", "give them for director and administrator"),
    "points for one": ({"item": "46", "points": {"director": "1"}}, "points/administrator", "missing"),
    "points 0.7": ({"item": "46", "points": decided("0.7", "1")}, "points/director", "multiples of 0.5"),
    "points 0.25": ({"item": "46", "points": decided("1", "0.25")}, "points/administrator", "multiples of 0.5"),
    "points negative": ({"item": "46", "points": decided("-1", "1")}, "points/director", "greater than or equal to 0"),
    "points binary": ({"item": "46", "points": {"director": 0.5, "administrator": "1"}}, "points/director", "as a text"),
    "points exponent": ({"item": "46", "points": decided("1e1", "1")}, "points/director", "plain decimal"),
    "overdue": ({"overdue_days": 3}, "overdue_days", "takes no days overdue"),
    "overdue negative": ({"item": "13", "overdue_days": -1}, "overdue_days", "greater than or equal to 0"),
    "amount": ({"amount_fen": 3}, "amount_fen", "takes no amount"),
    "amount negative": ({"item": "23", "amount_fen": -3}, "amount_fen", "greater than or equal to 0"),
    "amount text": ({"item": "23", "amount_fen": "3"}, "amount_fen", "integer"),
    "bonus doubled": ({"item": "B1", "points": decided("1", "1"), "doubled": True}, "doubled", "only deductions"),
    "field": ({"quantitiy": 3}, "quantitiy", "no such field"),
    "no id": ({"id": ""}, "id", "at least 1"),
    "area empty": ({"area": ""}, "area", "at least 1"),
}


@pytest.mark.parametrize("name", WRONG_FINDINGS)
def test_a_finding_is_refused(name: str) -> None:
    more, pointer, words = WRONG_FINDINGS[name]
    found = refused(request([FINDING | {"id": "f0"}, FINDING | more]))
    assert found.keys() == {f"/findings/1/{pointer}"}
    assert words in found[f"/findings/1/{pointer}"]


POST = held("administrator")
WRONG_REQUESTS: dict[str, tuple[Document, str, str]] = {
    "month": ({"month": "2026-13"}, "/month", "write a month as 2026-03"),
    "month form": ({"month": "2026-3"}, "/month", "write a month as 2026-03"),
    "month 0000": ({"month": "0000-03"}, "/month", "write a month as 2026-03"),
    "quarter": ({"month": "2026-Q1"}, "/month", "write a month, such as 2026-03"),
    "year": ({"month": "2026"}, "/month", "write a month, such as 2026-03"),
    "month number": ({"month": 202603}, "/month", "write a month as 2026-03"),
    "rule book": ({"rule_book": "other"}, "/rule_book", "known: default"),
    "field": ({"people_": []}, "/people_", "no such field"),
    "login twice": ({"people": [PEOPLE[0], PEOPLE[0]]}, "/people/1", "an earlier entry has this login"),
    "no posts": ({"people": [{"login": "li"}]}, "/people/0/posts", "missing"),
    "post": (
        {"people": [{"login": "li", "posts": [held("boss")]}]},
        "/people/0/posts/0/post",
        "one of: director, administrator, staff",
    ),
    "post date": ({"people": [{"login": "li", "posts": [held("staff", "2026")]}]}, "/people/0/posts/0/from", "write a date"),
    "post backwards": (
        {"people": [{"login": "li", "posts": [held("staff", "2026-03-02", "2026-03-01")]}]},
        "/people/0/posts/0/to",
        "before 'from'",
    ),
    "area backwards": (
        {"people": [{"login": "li", "posts": [], "areas": [assigned("A1", "2026-03-02", "2026-03-01")]}]},
        "/people/0/areas/0/to",
        "before 'from'",
    ),
    "two posts at once": (
        {"people": [{"login": "li", "posts": [held("staff", end="2026-03-02"), held("director", "2026-03-02")]}]},
        "/people/0/posts",
        "posts overlap",
    ),
    "two posts without end": (
        {"people": [{"login": "li", "posts": [held("staff"), held("director", "2026-03-02")]}]},
        "/people/0/posts",
        "posts overlap",
    ),
    "finding twice": (
        {"findings": [finding("f1", "7"), finding("f2", "7"), finding("f1", "8")]},
        "/findings/2",
        "an earlier entry has this id",
    ),
    "metric": ({"metrics": [metric("fees", "2026-Q1", "0.9")]}, "/metrics/0/name", "no such metric; known: fee_collection_rate"),
    "metric's month": (
        {"metrics": [metric("fee_collection_rate", "2026-03", "0.9")]},
        "/metrics/0/period",
        "fee_collection_rate is reported per quarter",
    ),
    "metric's quarter": ({"metrics": [metric("rented_permit_rate", "2026-Q1", "0.9")]}, "/metrics/0/period", "per month"),
    "metric's year": ({"metrics": [metric("resident_satisfaction", "2026-12", "0.9")]}, "/metrics/0/period", "per year"),
    "metric's period": ({"metrics": [metric("fee_collection_rate", "2026-Q5", "0.9")]}, "/metrics/0/period", "2026-Q1"),
    "per cent": ({"metrics": [metric("fee_collection_rate", "2026-Q1", "2")]}, "/metrics/0/value", "write 95 % as 0.95"),
    "negative rate": ({"metrics": [metric("fee_collection_rate", "2026-Q1", "-0.1")]}, "/metrics/0/value", "greater than"),
    "binary rate": ({"metrics": [metric("fee_collection_rate", "2026-Q1", 0.9)]}, "/metrics/0/value", "as a text"),  # type: ignore[arg-type]
    "half an error": ({"metrics": [metric("register_check_errors", "2026-03", "0.5")]}, "/metrics/0/value", "a whole number"),
    "metric twice": (
        {"metrics": [metric("fee_collection_rate", "2026-Q1", "0.9"), metric("fee_collection_rate", "2026-Q1", "0.8")]},
        "/metrics/1",
        "an earlier entry has this name, period and area",
    ),
    "warning": ({"warnings": [{"login": "nobody", "date": "2026-03-01"}]}, "/warnings/0/login", "not among the people"),
    "warning's day": ({"warnings": [{"login": "wang", "date": "2026-03-32"}]}, "/warnings/0/date", "no such day"),
    "earlier of nobody": (
        {"earlier_months": [{"month": "2026-02", "login": "x", "deductions": "1", "total": "-1"}]},
        "/earlier_months/0/login",
        "not among the people",
    ),
    "earlier is now": (
        {"earlier_months": [{"month": "2026-03", "login": "wang", "deductions": "1", "total": "-1"}]},
        "/earlier_months/0/month",
        "not before 2026-03",
    ),
    "earlier twice": (
        {"earlier_months": [{"month": "2026-02", "login": "wang", "deductions": "1", "total": "-1"}] * 2},
        "/earlier_months/1",
        "an earlier entry has this month and login",
    ),
    "earlier negative": (
        {"earlier_months": [{"month": "2026-02", "login": "wang", "deductions": "-1", "total": "-1"}]},
        "/earlier_months/0/deductions",
        "greater than or equal to 0",
    ),
    "earlier thirds": (
        {"earlier_months": [{"month": "2026-02", "login": "wang", "deductions": "1", "total": "-1.3"}]},
        "/earlier_months/0/total",
        "multiples of 0.5",
    ),
}


@pytest.mark.parametrize("name", WRONG_REQUESTS)
def test_a_request_is_refused(name: str) -> None:
    more, pointer, words = WRONG_REQUESTS[name]
    found = refused(request([]) | more)
    assert found.keys() == {pointer}
    assert words in found[pointer]


@pytest.mark.parametrize("name", ["month", "rule_book", "people"])
def test_what_is_missing_is_named(name: str) -> None:
    document = request([])
    del document[name]
    assert refused(document) == {f"/{name}": "this is missing"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"month": NaN}', "NaN is not JSON"),
        ('{"month": -Infinity}', "-Infinity is not JSON"),
        ('{"month": "2026-03", "month": "2026-04"}', "the key 'month' occurs twice in one object"),
        ("[" * 100_000, "nested too deep"),
        ('{"month": ' + "1" * 5_000 + "}", "a number is too long"),
    ],
)
def test_what_is_no_json_is_refused(text: str, words: str) -> None:
    found = refused(text)
    assert found.keys() == {""}
    assert words in found[""]


@pytest.mark.parametrize("document", [[], "month", 3, None])
def test_another_document_is_refused(document: Any) -> None:
    assert refused(document).keys() == {""}


def test_all_errors_are_told_at_once() -> None:
    document = request([finding("f1", "47"), finding("f1", "46", parties=["nobody"])], metrics=[metric("fees", "2026", "1")])
    assert refused(document).keys() == {
        *("/findings/1", "/findings/0/item", "/findings/1/points", "/findings/1/parties/0", "/metrics/0/name"),
    }


def test_the_tally_itself_refuses_what_no_file_was_read_for() -> None:
    """Facts from other sources meet the same checks."""
    wrong = ConfirmedFinding("f1", "47", date(2026, 3, 4))
    stranger = ConfirmedFinding("f1", "30", date(2026, 3, 4), parties=("nobody",))
    for one, pointer in ((wrong, "/findings/0/item"), (stranger, "/findings/0/parties/0")):
        with pytest.raises(InvalidInput) as refusal:
            tally(BOOK, Facts(Month(2026, 3), (), (one,)))
        assert messages(refusal.value.errors).keys() == {pointer}


def test_a_pointer_is_escaped() -> None:
    assert refused(request([]) | {"a/b~c": 1}).keys() == {"/a~1b~0c"}


def test_posts_may_follow_each_other() -> None:
    two = {"login": "li", "posts": [held("director", "2026-03-03"), held("staff", end="2026-03-02")]}
    assert people(request([finding("f1", "7")]) | {"people": [two]})["li"]["total"] == "-2"
    one_day = {"login": "li", "posts": [held("director", "2026-03-04", "2026-03-04")]}
    assert people(request([finding("f1", "7")]) | {"people": [one_day]})["li"]["total"] == "-2"


def test_whole_numbers_stand_for_texts() -> None:
    assert totals([finding("f1", "46", points={"director": 2, "administrator": 1})]) == {"li": "-2", "wang": "-1"}
    assert totals([], metrics=[metric("register_check_errors", "2026-03", 0)]) == {"li": "0.5", "wang": "0.5", "zhao": "0.5"}  # type: ignore[arg-type]


def test_a_rate_of_one_is_taken_and_none_above() -> None:
    assert totals([], metrics=[metric("fee_collection_rate", "2026-Q1", "1")]) == {}
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        totals([], metrics=[metric("fee_collection_rate", "2026-Q1", "1.01")])


def test_metrics_of_other_periods_wait() -> None:
    figures = [metric("rented_permit_rate", "2026-02", "0.1"), metric("rented_permit_rate", "2026-04", "0.1")]
    assert totals([], metrics=figures) == {}


def test_amounts_are_plain() -> None:
    many = people(request([finding("f1", "46", points=decided("500000", "0.50"), quantity=20)]))
    assert many["li"]["total"] == "-10000000"
    assert many["wang"]["total"] == "-10"


def test_the_answer_is_json() -> None:
    text = json.dumps(answered(EXAMPLE, explained=True))
    assert json.loads(text)["people"][0]["post"] == "director"
