"""Properties of any findings: the tally equals an independent one, and changes as expected when findings are added or removed."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.tally import oracle
from tests.tally.estate import Document, answered, lines, people
from tests.tally.generating import MOVING, many
from tests.tally.regulation import EVERY

HALF = Decimal("0.5")


def asked(findings: list[Document], **more: Any) -> Document:
    return {"month": "2026-03", "rule_book": "default", "people": MOVING, "findings": findings, **more}


def halves(value: str) -> int:
    doubled = Decimal(value) * 2
    assert doubled == doubled.to_integral_value()
    return int(doubled)


@given(many())
def test_the_tally_is_the_plain_one(findings: list[Document]) -> None:
    found = people(asked(findings))
    for person in MOVING:
        ours, plain = found[person["login"]], oracle.charges(person, findings)
        signed = {item: (count, points if item.startswith("B") else -points) for item, (count, points) in plain.items()}
        assert {item: (count, halves(points)) for item, (count, points) in lines(ours).items() if signed.get(item)} == signed
        assert all(points == "0" and count == 0 for item, (count, points) in lines(ours).items() if item not in signed)
        total = sum(points for _, points in signed.values())
        assert halves(ours["total"]) == total
        assert halves(ours["deductions"]) == sum(points for item, (_, points) in plain.items() if not item.startswith("B"))
        assert halves(ours["bonuses"]) == sum(points for item, (_, points) in plain.items() if item.startswith("B"))
        assert ours["pay_share"] == oracle.share(total)
        assert ("finding" in ours["flags"]) is oracle.flagged(person, findings)


@given(many(), st.data())
def test_adding_a_deduction_never_raises_a_total(findings: list[Document], data: st.DataObject) -> None:
    deductions = [one for one in findings if not one["item"].startswith("B")]
    if not deductions:
        return
    taken = data.draw(st.sampled_from(deductions))
    without = people(asked([one for one in findings if one is not taken]))
    for login, person in people(asked(findings)).items():
        assert Decimal(person["total"]) <= Decimal(without[login]["total"])
        assert Decimal(person["deductions"]) >= Decimal(without[login]["deductions"])


@given(many(items=["1", "7", "9", "36"]), st.data())
def test_the_order_of_findings_changes_nothing(findings: list[Document], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(findings))
    one, other = answered(asked(findings), explained=True), answered(asked(shuffled), explained=True)
    for person in (*one["people"], *other["people"]):
        person["flags"] = [flag for flag in person["flags"] if flag != "three_consecutive_findings"]
    assert one == other


@given(many(), many(max_size=1))
def test_removing_a_finding_restores_exactly(findings: list[Document], more: list[Document]) -> None:
    before = answered(asked(findings), explained=True)
    added = [{**one, "id": "f99"} for one in more]
    answered(asked([*findings, *added]))
    assert answered(asked([one for one in [*findings, *added] if one["id"] != "f99"]), explained=True) == before


@given(many())
def test_doubling_all_doubles_every_sum_and_no_count(findings: list[Document]) -> None:
    deductions = [one for one in findings if not one["item"].startswith("B")]
    single = people(asked([{**one, "doubled": False} for one in deductions]))
    double = people(asked([{**one, "doubled": True} for one in deductions]))
    for login, person in single.items():
        assert Decimal(double[login]["deductions"]) == 2 * Decimal(person["deductions"])
        assert [line["count"] for line in double[login]["lines"]] == [line["count"] for line in person["lines"]]


@given(many())
def test_the_parts_add_up_in_halves(findings: list[Document]) -> None:
    for person in answered(asked(findings), explained=True)["people"]:
        for line in person["lines"]:
            parts = [(charge["base"], charge["severity_extra"], charge["party_extra"]) for charge in line["charges"]]
            assert sum(Decimal(part) for charge in parts for part in charge) == Decimal(line["points"])
            assert sum(charge["count"] for charge in line["charges"]) == line["count"]
            assert [charge["finding"] for charge in line["charges"]] == line["findings"]
            assert Decimal(line["points"]) % HALF == 0
        assert sum(Decimal(line["points"]) for line in person["lines"]) == Decimal(person["total"])
        assert Decimal(person["bonuses"]) - Decimal(person["deductions"]) == Decimal(person["total"])
        assert Decimal(person["deductions"]) >= 0
        places = [(*EVERY, "warnings").index(line["item"]) for line in person["lines"]]
        assert places == sorted(places)


@given(many(), many(month="2026-02"), many(month="2026-04"))
def test_other_months_change_no_points(now: list[Document], before: list[Document], after: list[Document]) -> None:
    others = [{**one, "id": f"{one['id']}0{one['date'][6]}"} for one in (*before, *after)]
    alone, among = people(asked(now)), people(asked([*others, *now]))
    assert {login: one["lines"] for login, one in alone.items()} == {login: one["lines"] for login, one in among.items()}


@given(many(month="2026-01", extremes=False), st.data())
def test_adjustments_make_up_exactly_what_was_missing(findings: list[Document], data: st.DataObject) -> None:
    """January with all findings equals January as closed plus the later months' adjustments for it."""
    booked = data.draw(st.lists(st.sampled_from([None, "2026-02", "2026-03"]), min_size=len(findings), max_size=len(findings)))
    late = [{**one, "booked_month": month} for one, month in zip(findings, booked, strict=True)]
    whole = people(asked(findings) | {"month": "2026-01"})
    parts = [people(asked(late) | {"month": month}) for month in ("2026-01", "2026-02", "2026-03")]
    for login, person in whole.items():
        for name in ("deductions", "bonuses", "total"):
            assert sum(Decimal(part[login][name]) for part in parts) == Decimal(person[name])
        assert all(Decimal(part[login]["deductions"]) >= 0 for part in parts)
