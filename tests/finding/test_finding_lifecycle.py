"""The lifecycle of a finding: its table, the Machine made from it, and the fold of its events."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.finding.events import DecidedPoints, Finding, FindingState, as_fact
from domain.finding.lifecycle import LIFECYCLE, TABLE, TERMINAL, as_data, legal, step
from domain.kernel.aggregate import fold
from domain.kernel.errors import TransitionRefused
from domain.kernel.lifecycle import NOT_YET
from domain.kernel.periods import Month
from domain.kernel.terms import FindingStatus, FindingTrigger
from domain.rules.scorecard import Points, Severity
from domain.tally.facts import ConfirmedFinding
from domain.tally.months_closed import AppraisalBook, BookState
from tests.finding.findings import FINDING, HERE, written

LAW = {
    "none": {"propose": "proposed", "record": "recorded"},
    "proposed": {"confirm": "confirmed", "waive": "waived", "withdraw": "withdrawn"},
    "recorded": {"confirm": "confirmed", "waive": "waived"},
    "confirmed": {"contest": "contested"},
    "contested": {"uphold": "upheld", "revoke": "revoked"},
    "waived": {},
    "upheld": {},
    "revoked": {},
    "withdrawn": {"propose": "proposed"},
}
"""D2 and the model's §3, typed a second time."""


def test_the_table_and_its_machine_are_the_law() -> None:
    states = [None, *FindingStatus]
    found = {s.value if s else NOT_YET: {t.value for t in legal(s)} for s in states}
    assert found == {state: set(ways) for state, ways in LAW.items()}
    for state, ways in LAW.items():
        for trigger, target in ways.items():
            [way] = LIFECYCLE.machine.get_transitions(trigger, state)
            assert way.dest == target
    assert {s for s in FindingStatus if not legal(s)} == set(TERMINAL)


def test_it_is_shown_as_data() -> None:
    shown = as_data()
    assert {"none", *shown["states"]} == set(LAW)  # type: ignore[misc]
    assert [row["trigger"] for row in shown["transitions"]] == [row.trigger.value for row in TABLE]  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [None, *FindingStatus])
@pytest.mark.parametrize("trigger", FindingTrigger)
def test_what_it_has_not_is_refused_with_what_is_legal(status: FindingStatus | None, trigger: FindingTrigger) -> None:
    name = status.value if status else "none"
    if trigger.value in LAW[name]:
        step(status, trigger)
        return
    with pytest.raises(TransitionRefused) as refused:
        step(status, trigger)
    assert (refused.value.state, refused.value.trigger) == (name, trigger.value)
    assert set(refused.value.legal) == set(LAW[name])


@given(data=st.data())
def test_any_legal_way_folds_to_the_state_the_law_names(data: st.DataObject) -> None:
    events = []
    state = "none"
    while LAW[state] and len(events) < 9:
        trigger = data.draw(st.sampled_from(sorted(LAW[state])))
        events.append(written(FindingTrigger(trigger), len(events) + 1))
        state = LAW[state][trigger]
        folded: FindingState = fold(events)
        assert folded.status == state
        assert folded.version == len(events)
        assert folded.counts == (state in ("confirmed", "contested", "upheld"))
    assert Finding.begin(events).state == fold(events)


def test_what_was_proposed_again_is_what_was_said_last() -> None:
    t = FindingTrigger
    again = [written(t.PROPOSE, 1), written(t.WITHDRAW, 2), written(t.PROPOSE, 3, item="14", day=date(2026, 4, 2))]
    state: FindingState = fold(again)
    assert (state.status, state.item, state.day, state.recorded_by) == ("proposed", "14", date(2026, 4, 2), None)


def test_whoever_confirms_completes_what_was_not_known() -> None:
    points = DecidedPoints(Decimal(1), Decimal("0.5"))
    said = {"parties": ("chen",), "severity": Severity.EGREGIOUS, "quantity": 3, "amount_fen": 5, "points": points}
    recorded = written(FindingTrigger.RECORD, 1, quantity=2)
    kept: FindingState = fold([recorded, written(FindingTrigger.CONFIRM, 2)])
    assert (kept.parties, kept.severity, kept.quantity, kept.points) == (("wang",), Severity.NORMAL, 2, None)
    confirmed = written(FindingTrigger.CONFIRM, 2, booked_month="2026-04", **said)
    state: FindingState = fold([recorded, confirmed])
    assert {name: getattr(state, name) for name in said} == said
    assert (state.month, state.charged_month) == ("2026-03", "2026-04")
    assert as_fact(state) == ConfirmedFinding(
        id=str(FINDING),
        item="17",
        day=date(2026, 3, 2),
        area="east",
        quantity=3,
        severity=Severity.EGREGIOUS,
        parties=("chen",),
        points=Points(director=Decimal(1), administrator=Decimal("0.5")),
        amount_fen=5,
        booked=Month(2026, 4),
    )


def test_what_never_began_is_no_fact() -> None:
    with pytest.raises(ValueError, match="is no finding"):
        as_fact(FindingState(FINDING, 0))


def test_a_finding_of_a_closed_month_is_booked_in_the_earliest_open_one_after_it() -> None:
    book = BookState(FINDING, 0)
    assert book.booked_in(Month(2026, 11)) is None
    months = ("2026-11", "2026-12", "2027-02")
    closed = [
        AppraisalBook.MonthClosed(**made(version), **HERE, month=month, rule_book="default", hash="ab", position=9, tally="{}")
        for version, month in enumerate(months, start=1)
    ]
    book = fold(closed)
    assert [book.is_closed(month) for month in ("2026-10", *months)] == [False, True, True, True]
    booked = {str(m): book.booked_in(m) for m in (Month(2026, 10), Month(2026, 11), Month(2026, 12), Month(2027, 2))}
    assert booked == {"2026-10": None, "2026-11": Month(2027, 1), "2026-12": Month(2027, 1), "2027-02": Month(2027, 3)}


def made(version: int) -> dict[str, object]:
    event = written(FindingTrigger.CONFIRM, version)
    return {"originator_id": FINDING, "originator_version": version, "timestamp": event.timestamp, "meta": event.meta}
