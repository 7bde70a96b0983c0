"""Golden histories fold to pinned states, whatever the lifecycle table says today and whatever the event classes are called."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain.duty.lifecycle
import domain.finding.lifecycle
import domain.ticket.lifecycle
from domain.duty.shift import Shift
from domain.finding.events import Finding
from domain.kernel.aggregate import Folded, apply
from domain.kernel.terms import CorrectionReason
from domain.ticket.events import Ticket
from domain.ticket.state import CORRECTABLE_CODES, CORRECTABLE_TEXTS, TicketState
from tests.golden.histories import HISTORIES, STREAM, folded
from tests.golden.samples import current, made, name_of

ROOT = Path(__file__).parents[2]
AGGREGATES: Mapping[str, type[Folded]] = {"ticket": Ticket, "finding": Finding, "shift": Shift}
LAWS: Mapping[str, ModuleType] = {
    "ticket": domain.ticket.lifecycle,
    "finding": domain.finding.lifecycle,
    "shift": domain.duty.lifecycle,
}
NAMES = pytest.mark.parametrize("name", HISTORIES)


@NAMES
def test_golden_histories_fold_to_pinned_states(name: str) -> None:
    assert [step.partition("=")[2] for step, *_ in folded(name)] == [left for _, left, _ in folded(name)]


@NAMES
def test_every_event_is_in_a_golden_history(name: str) -> None:
    steps = {f"{name}.{step.partition('=')[0].partition(':')[0]}" for history in HISTORIES[name] for step in history.split()}
    assert steps == set(AGGREGATES[name].events())


class Poison:
    """Stands for a law that nobody may ask."""

    def __getattr__(self, asked: str) -> Any:
        raise AssertionError(f"replay consulted the law: {asked}")


@NAMES
def test_another_table_makes_no_other_history(name: str) -> None:
    law = LAWS[name]
    expected = folded(name)

    @given(st.permutations([row.target for row in law.TABLE]))
    def holds(targets: Sequence[Any]) -> None:
        table = tuple(replace(row, target=target) for row, target in zip(law.TABLE, targets, strict=True))
        with patch.multiple(law, TABLE=table, LIFECYCLE=Poison()):
            assert folded(name) == expected

    holds()


WITHOUT_LAW = """
import sys, types

class Poison(types.ModuleType):
    def __getattr__(self, asked):
        raise AssertionError(f"replay consulted the law: {self.__name__}.{asked}")

for law in ("domain.ticket.lifecycle", "domain.finding.lifecycle", "domain.duty.lifecycle"):
    sys.modules[law] = Poison(law)

from tests.golden.histories import HISTORIES, folded

for name in HISTORIES:
    print(*map(repr, folded(name)), sep="\\n")
"""


def test_histories_are_read_where_there_is_no_table() -> None:
    """In a process whose lifecycle modules raise at every question, so that events can't have asked them on import either."""
    found = subprocess.run([sys.executable, "-c", WITHOUT_LAW], capture_output=True, text=True, check=False, cwd=ROOT)
    assert found.stderr == ""
    assert found.stdout.splitlines() == [repr(step) for name in HISTORIES for step in folded(name)]


@NAMES
def test_other_names_of_the_classes_make_no_other_history(name: str) -> None:
    expected = folded(name)
    classes = list(AGGREGATES[name].events().values())
    names = [kind.__name__ for kind in classes]

    @given(st.permutations([*names, *(f"Renamed{i}" for i in range(3))]))
    def holds(others: Sequence[str]) -> None:
        try:
            for kind, other in zip(classes, others, strict=False):
                kind.__name__ = kind.__qualname__ = other
            assert folded(name) == expected
        finally:
            for kind, own in zip(classes, names, strict=True):
                kind.__name__, kind.__qualname__ = own, f"{AGGREGATES[name].__name__}.{own}"

    holds()


@pytest.mark.parametrize(("key", "event"), current().items(), ids=lambda one: name_of(*one) if isinstance(one, tuple) else "")
def test_every_event_changes_fields_of_its_state(key: tuple[str, int], event: Folded.Event) -> None:
    """Alone, or in the golden history of its aggregate; a name that is no field would make the state longer."""
    kind = key[0].partition(".")[0]
    states = [state for _, _, state in folded(kind)] if kind in HISTORIES else [apply(None, event)]
    known = {field.name for field in fields(states[0])}
    assert all(set(vars(state)) == known for state in states)


def test_with_refuses_a_name_that_is_no_field() -> None:
    state = TicketState(STREAM, 1)
    assert state.with_(urged=2).urged == 2
    with pytest.raises(TypeError, match="TicketState has no field urgd"):
        state.with_(urged=2, urgd=3)


@pytest.mark.parametrize("name", [*CORRECTABLE_TEXTS, *CORRECTABLE_CODES])
def test_every_correction_changes_fields_of_the_ticket(name: str) -> None:
    said = {"field": name, "reason": CorrectionReason.REGISTER_ERROR}
    corrected = made(Ticket.TicketCorrected, said)
    assert set(vars(apply(TicketState(STREAM, 6), corrected))) == {field.name for field in fields(TicketState)}
