"""The table in the code equals the table of the regulations, cell by cell."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.errors import NotAllowed
from domain.kernel.terms import ChargeOutcome, Role, Trigger
from domain.people import authority
from domain.people.authority import (
    CELLS,
    COLUMNS,
    TABLE,
    Held,
    Mode,
    Need,
    Relation,
    Right,
    allow,
    denied,
    may_approve,
    right_of,
    weigh,
)
from tests.support.authority_table import READINGS, ROLES, ROWS, Standing, answer, row_of
from tests.support.executed_anew import executed_anew

RIGHTS = {
    "settle_charge paid": "settle_charge_paid",
    "settle_charge waived": "settle_charge_waived",
    "late entry up to 24 h": "late_entry",
    "late entry over 24 h": "long_late_entry",
    "import a foreign log": "import",
    "shift: open, substitute, return": "shift",
    "shift: take_over": "take_over",
    "attendance list": "attendance",
    "price list": "price_list",
    "finding: record": "record_finding",
    "finding: confirm, waive": "decide_finding",
    "finding: contest": "contest_finding",
    "finding: uphold, revoke; bonus points; close month": "review_finding",
    "read tallies": "read_tallies",
    "read": "read",
    "open residents' data": "open_personal",
    "audit": "audit",
    "access log": "access_log",
    "disclose to police": "disclose",
    "erase a subject": "erase",
    "metrics, register check": "metrics",
    "warnings, probation results": "warnings",
    "evaluations": "evaluations",
}
"""Rows that are no trigger's; every trigger's row is found by the trigger itself."""
TRIGGERS = set(Trigger)
HERE = [row for row in ROWS if RIGHTS.get(row) in set(Right) or row.split(",")[0] in TRIGGERS]
"""The rows whose commands and queries there are."""


def right_of_row(row: str) -> Right:
    if row in RIGHTS:
        return Right(RIGHTS[row])
    [right] = {right_of(Trigger(name.strip())) for name in row.split(",")}
    return right


@pytest.mark.parametrize("row", HERE)
@pytest.mark.parametrize("role", ROLES)
def test_cell(row: str, role: str) -> None:
    assert TABLE[right_of_row(row)][Role(role)] == ROWS[row][role]


def test_every_right_has_its_row_and_every_column_its_role() -> None:
    assert {right_of_row(row) for row in HERE} == set(TABLE) == set(Right)
    assert [role.value for role in COLUMNS] == list(ROLES)
    assert set(Role) - set(COLUMNS) == {Role.ADMIN}


def test_every_trigger_has_one_row() -> None:
    for trigger in set(Trigger) - {Trigger.SETTLE_CHARGE}:
        assert right_of_row(row_of(trigger.value)) is right_of(trigger)
    assert right_of(Trigger.SETTLE_CHARGE, ChargeOutcome.PAID) is Right.SETTLE_CHARGE_PAID
    assert right_of(Trigger.SETTLE_CHARGE, ChargeOutcome.WAIVED) is Right.SETTLE_CHARGE_WAIVED


def test_every_word_of_the_cells_is_used_and_known() -> None:
    assert {cell for row in HERE for cell in ROWS[row].values()} == set(CELLS)
    assert {cell for row in ROWS.values() for cell in row.values()} == set(READINGS)


FACTS = [
    Standing(assigned, area, duty, night, to, channel, command)
    for assigned, area, duty, night, to in product((False, True), repeat=5)
    for channel in ("phone", "inspection", "company")
    for command in ("", "link")
]
FACTS += [
    Standing(on_duty=duty, night=night, to_self_or_security=to, emergency=True, stands_in=duty and stands_in)
    for duty, night, to, stands_in in product((False, True), repeat=4)
]
FACTS += [Standing(about_oneself=o, about_staff=s, closed=c) for o, s, c in product((False, True), repeat=3)]
FACTS += [Standing(evaluation=kind) for kind in ("self", "peer", "residents", "superior")]
MODES = {Mode.FULL: "yes", Mode.SECOND: "two", Mode.MASKED: "masked", None: "no"}


def relation(standing: Standing) -> Relation:
    holds = {
        Need.OWN: standing.assigned,
        Need.EVALUATES_SELF: standing.evaluation == "self",
        Need.EVALUATES_PEER: standing.evaluation == "peer",
        Need.FOR_RESIDENTS: standing.evaluation == "residents",
        Need.EVALUATES_BELOW: standing.evaluation == "superior",
        Need.ON_DUTY: standing.on_duty,
        Need.NIGHT: standing.night,
        Need.TO_SELF_OR_SECURITY: standing.to_self_or_security,
        Need.EMERGENCY: standing.emergency,
        Need.STANDS_IN: standing.stands_in,
        Need.FOR_COMPANY: standing.channel != "phone",
        Need.LINK: standing.command == "link",
        Need.ABOUT_SELF: standing.about_oneself,
        Need.ABOUT_STAFF: standing.about_staff,
        Need.CLOSED: standing.closed,
    }
    return Relation(frozenset(need for need, held in holds.items() if held), "A1" if standing.own_area else "A2")


@pytest.mark.parametrize("row", HERE)
def test_every_cell_weighs_as_it_reads(row: str) -> None:
    right = right_of_row(row)
    for role, standing in product(Role, FACTS):
        held = [Held(role, frozenset({"A1"}))]
        expected = answer(row, [role.value], standing)
        assert MODES[weigh(right, held, relation(standing))] == expected, (role, standing)
        assert may_approve(right, held, relation(standing)) is (expected in ("yes", "two"))


@given(
    roles=st.sets(st.sampled_from(Role), max_size=4),
    standing=st.sampled_from(FACTS),
    row=st.sampled_from(HERE),
)
def test_several_roles_give_the_best_of_each(roles: set[Role], standing: Standing, row: str) -> None:
    held = [Held(role, frozenset({"A1"})) for role in roles]
    assert MODES[weigh(right_of_row(row), held, relation(standing))] == answer(row, [r.value for r in roles], standing)


def test_an_area_counts_only_under_the_role_it_was_assigned_with() -> None:
    held = [Held(Role.BUTLER, frozenset({"A2"})), Held(Role.TECHNICIAN, frozenset({"A1"}))]
    assert weigh(Right.CLASSIFY, held, Relation(frozenset(), "A1")) is None
    assert weigh(Right.CLASSIFY, held, Relation(frozenset(), "A2")) is Mode.FULL
    assert weigh(Right.CLASSIFY, held, Relation(frozenset(), None)) is None


def test_a_refusal_names_the_command_the_roles_and_who_may() -> None:
    held = [Held(Role.TECHNICIAN), Held(Role.SECURITY, frozenset({"A1"}))]
    refusal = denied(Right.URGE, "urge", held)
    assert (refusal.command, refusal.roles, refusal.detail) == ("urge", ["security", "technician"], "")
    assert refusal.allowed_to == ["supervisor (✓)", "director (✓)"]
    assert denied(Right.PRICE_LIST, "publish", []).allowed_to == ["director (2)", "appraiser (2)"]


@pytest.mark.parametrize(
    ("roles", "best"),
    [
        ((Role.AUDITOR, Role.ASSISTANT), Mode.SECOND),
        ((Role.ASSISTANT, Role.AUDITOR), Mode.SECOND),
        ((Role.ADMIN, Role.ASSISTANT), Mode.SECOND),
        ((Role.ADMIN,), None),
        ((), None),
    ],
)
def test_the_administrator_has_no_column_and_hides_no_other_role(roles: tuple[Role, ...], best: Mode | None) -> None:
    assert weigh(Right.LONG_LATE_ENTRY, [Held(role) for role in roles], Relation()) is best


@pytest.mark.parametrize("roles", [(Role.FINANCE, Role.DIRECTOR), (Role.DIRECTOR, Role.FINANCE)])
def test_the_best_of_two_roles_whatever_their_order(roles: tuple[Role, ...]) -> None:
    assert weigh(Right.READ, [Held(role) for role in roles], Relation()) is Mode.FULL
    assert weigh(Right.READ, [Held(Role.FINANCE)], Relation()) is Mode.MASKED


def test_the_table_is_made_on_import() -> None:
    """Code that nothing else calls makes the table; run once more, it makes the cells that the tests above check."""
    anew = executed_anew(authority)

    def plain(cells: Any) -> dict[str, list[tuple[str, set[str]]]]:
        return {cell: [(one.mode.value, {need.value for need in one.needs}) for one in given] for cell, given in cells.items()}

    assert anew.TABLE == TABLE
    assert plain(anew.CELLS) == plain(CELLS)


def test_a_command_is_allowed_alone_or_with_a_second_person() -> None:
    assert allow(Right.READ, "read", [Held(Role.DIRECTOR)], Relation()) is Mode.FULL
    assert allow(Right.PRICE_LIST, "publish", [Held(Role.DIRECTOR)], Relation()) is Mode.SECOND
    assert allow(Right.CLASSIFY, "classify", [Held(Role.BUTLER, frozenset({"A1"}))], Relation(area="A1")) is Mode.FULL


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMIN])
def test_what_is_masked_or_not_given_allows_no_command(role: Role) -> None:
    held = [Held(role)]
    with pytest.raises(NotAllowed) as refusal:
        allow(Right.READ, "read", held, Relation())
    expected = denied(Right.READ, "read", held)
    assert (refusal.value.command, refusal.value.roles, refusal.value.allowed_to) == ("read", [role.value], expected.allowed_to)
