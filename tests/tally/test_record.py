"""The appraisal record and its tallies: month by month, closed months, sums, "what if"."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.periods import Month, Period
from domain.kernel.terms import AppraisalStatus
from domain.tally.calculation_file import read_facts
from domain.tally.document import as_document
from domain.tally.frozen import canonical, digest, shown, thaw
from domain.tally.record import Frozen, Record, months, tallies, tally_by_months
from domain.tally.tally import Tally, tally
from tests.tally.estate import BOOK, PEOPLE, Document, decided, finding, metric, request
from tests.tally.generating import MOVING, many

CLOSED_AT = datetime(2026, 12, 31, tzinfo=UTC)


def record(findings: list[Document], people: list[Document] = PEOPLE, **more: Any) -> Record:
    """Make a record from a file, whatever month it asks for."""
    facts = read_facts(json.dumps(request(findings, "2027-12", people=people, **more)), BOOK)
    return Record(BOOK, facts.people, facts.findings, facts.metrics, facts.warnings)


def closed(known: Record, *numbers: int) -> Record:
    """Close some months of 2026 in a record, one after the other."""
    for number in numbers:
        month = Month(2026, number)
        form = canonical("JX", tallies(known, month, month)[month])
        frozen = Frozen(month, "default", digest(form), 7, form.decode(), CLOSED_AT, ("director", "appraiser"))
        known = replace(known, closed={**(known.closed or {}), month: frozen})
    return known


def tally_of(known: Record, period: Period) -> Tally:
    return tally_by_months(known, period)[0]


def of_month(known: Record, number: int) -> Document:
    month = Month(2026, number)
    return as_document(tallies(known, month, month)[month], explained=True)


def direct(findings: list[Document], number: int, people: list[Document], **more: Any) -> Document:
    """Compute a tally straight from a file, as ``gongdan appraisal calculate`` does."""
    earlier: list[Document] = []
    for month in range(1, number + 1):
        asked = request(findings, f"2026-{month:02}", people=people, earlier_months=earlier, **more)
        made: Tally = tally(BOOK, read_facts(json.dumps(asked), BOOK))
        earlier += [
            {"month": f"2026-{month:02}", "login": p.login, "deductions": str(p.deductions), "total": str(p.total)}
            for p in made.people
        ]
    return as_document(replace(made, people=tuple(one for one in made.people if one.post or one.lines)), explained=True)


def by_login(document: Document) -> dict[str, Document]:
    return {person["login"]: person for person in document["people"]}


RATES = [metric("fee_collection_rate", "2026-Q1", "0.9"), metric("resident_card_rate", "2026-02", "0.8", "A1")]
WARNED = [{"login": "wang", "date": "2026-01-10"}, {"login": "wang", "date": "2026-03-10"}]


@given(many("2026-02"), many("2026-03"))
def test_every_month_is_the_pure_function_s(february: list[Document], march: list[Document]) -> None:
    findings = [*february, *({**one, "id": f"m{one['id']}"} for one in march)]
    known = record(findings, MOVING, metrics=RATES, warnings=WARNED)
    for number in (2, 3, 4):
        ours, pure = of_month(known, number), direct(findings, number, MOVING, metrics=RATES, warnings=WARNED)
        assert by_login(ours) == by_login(pure)
        assert ours["rule_book"] == pure["rule_book"]


@given(many("2026-02"), many("2026-03"), st.data())
def test_a_closed_month_never_changes(february: list[Document], march: list[Document], data: st.DataObject) -> None:
    findings = [*february, *({**one, "id": f"m{one['id']}"} for one in march)]
    known = closed(record(findings, MOVING, metrics=RATES, warnings=WARNED), 1, 2)
    before = of_month(known, 2)
    late = [{**one, "id": f"l{one['id']}"} for one in data.draw(many("2026-02"))]
    more = record(late, MOVING).findings
    after = known.what_if(more)
    assert all(one.booked == Month(2026, 3) for one in after.findings[len(known.findings) :])
    moved = replace(after, people=after.people[:1], warnings=(), metrics=())
    assert of_month(after, 2) == of_month(moved, 2) == before
    # What came late is charged in the open month: both months together are what they would have been.
    whole = record([*findings, *late], MOVING, metrics=RATES, warnings=WARNED)
    period = Period("quarter", Month(2026, 1), Month(2026, 3))
    ours, plain = by_login(as_document(tally_of(after, period))), by_login(as_document(tally_of(whole, period)))
    assert {login: one["total"] for login, one in ours.items()} == {login: one["total"] for login, one in plain.items()}


@given(many("2026-03"))
def test_what_is_frozen_is_read_again(findings: list[Document]) -> None:
    known = record(findings, MOVING, metrics=RATES, warnings=WARNED)
    made = tallies(known, Month(2026, 3), Month(2026, 3))[Month(2026, 3)]
    form = canonical("JX", made)
    again = thaw(form.decode(), BOOK)
    assert as_document(again, explained=True) == as_document(made, explained=True)
    assert canonical("JX", again) == form
    assert shown(form.decode()) == {"form": 1, "community": "JX", **as_document(made)}
    assert shown(form.decode(), explained=True) == {"form": 1, "community": "JX", **as_document(made, explained=True)}
    assert digest(form) != digest(canonical("DH", made))


def test_the_hash_is_that_of_the_canonical_form() -> None:
    known = closed(record([finding("f1", "7", tickets=["t1"])]), 3)
    frozen = known.frozen(Month(2026, 3))
    assert frozen is not None
    assert frozen.document.startswith('{"community":"JX","form":1,"month":"2026-03","people":[{"bonuses":"0"')
    assert frozen.hash == sha256(frozen.document.encode()).hexdigest()


def test_two_months_in_a_row_are_flagged_from_the_record_alone() -> None:
    heavy = [finding(f"f{n}", "14", f"2026-0{n}-10") for n in (2, 3)]
    known = record(heavy)
    assert by_login(of_month(known, 3))["wang"]["flags"] == ["two_consecutive_months", "half_year"]
    assert by_login(of_month(closed(known, 2), 3)) == by_login(of_month(known, 3))
    assert by_login(of_month(known, 2))["wang"]["flags"] == []


def test_an_adjustment_of_last_year_looks_back_into_it() -> None:
    then = [finding(f"f{n}", "4", f"2026-11-0{n}") for n in (1, 2)]
    known = record([*then, finding("f3", "4", "2026-11-20", booked_month="2027-01")])
    january = Month(2027, 1)
    [li, *_] = tallies(known, january, january)[january].people
    assert (li.login, str(li.total), li.lines[0].adjustments[0].month) == ("li", "-0.5", Month(2026, 11))
    assert list(tallies(known, january, january)) == [january]
    year = as_document(tally_of(known, Period.parse("2026")))
    assert by_login(year)["li"]["total"] == "-0.5"
    assert by_login(as_document(tally_of(known, Period.parse("2027"))))["li"]["total"] == "0"


def test_what_if_writes_nothing_and_asks_the_same_question() -> None:
    known = closed(record([finding("f1", "7", "2026-03-02")]), 1, 2)
    (extra,) = record([finding("f2", "14", "2026-02-10")]).findings
    supposed = known.what_if([extra])
    assert by_login(of_month(supposed, 3))["li"]["total"] == "-12"
    assert by_login(of_month(known, 3))["li"]["total"] == "-2"
    assert supposed.booked_in(Month(2026, 2)) == Month(2026, 3)
    assert supposed.booked_in(Month(2026, 3)) is None


def test_a_party_without_a_post_is_charged_as_staff() -> None:
    left = [{"login": "sun", "posts": [{"post": "staff", "from": "2025-01-01", "to": "2026-02-28"}], "areas": []}]
    facts = read_facts(json.dumps(request([], people=left)), BOOK)
    one = record([finding("f1", "30", "2026-03-04", parties=["sun"])]).findings[0]
    known = Record(BOOK, facts.people, (one, replace(one, id="f2", parties=("nobody",))))
    found = by_login(of_month(known, 3))
    assert {login: (person["post"], person["total"]) for login, person in found.items()} == {
        "sun": ("staff", "-1"),
        "nobody": ("staff", "-1"),
    }


def test_people_without_a_post_or_a_line_are_left_out() -> None:
    hired = [{"login": "li", "posts": [{"post": "director", "from": "2026-04-01", "to": None}], "areas": []}]
    known = record([], hired)
    assert of_month(known, 3)["people"] == []
    assert [one["login"] for one in of_month(known, 4)["people"]] == ["li"]


def test_the_status_of_a_period() -> None:
    known = closed(record([]), 1, 2)
    assert [known.status(Period.parse(text)) for text in ("2026-01", "2026-03", "2026-Q1", "2026-Q2")] == [
        AppraisalStatus.CLOSED,
        AppraisalStatus.OPEN,
        AppraisalStatus.PARTLY_CLOSED,
        AppraisalStatus.OPEN,
    ]
    assert closed(known, 3).status(Period.parse("2026-Q1")) is AppraisalStatus.CLOSED


def test_a_sum_of_closed_months_is_that_of_open_ones() -> None:
    findings = [
        finding("f1", "7", "2026-01-10", tickets=["t1"]),
        finding("f2", "B1", "2026-02-10", points=decided("2", "1")),
        finding("f3", "9", "2026-02-11", parties=["wang"], doubled=True, tickets=["t2"]),
        finding("f4", "18", "2026-03-11", parties=["sun"]),
    ]
    open_ = record(findings, metrics=RATES, warnings=WARNED)
    quarter = Period.parse("2026-Q1")
    plain = as_document(tally_of(open_, quarter), explained=True)
    assert as_document(tally_of(closed(open_, 1, 2), quarter), explained=True) == plain
    assert as_document(tally_of(closed(open_, 1, 2, 3), quarter), explained=True) == plain


def test_months_run_over_the_year_s_end() -> None:
    assert list(months(Month(2026, 11), Month(2027, 2))) == [Month(2026, 11), Month(2026, 12), Month(2027, 1), Month(2027, 2)]
    assert Month(2026, 12).after == Month(2027, 1)
    assert Month.of(date(2026, 3, 31)).after == Month(2026, 4)
