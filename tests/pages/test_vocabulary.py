"""Codes named by texts."""

import pytest

from adapters.labels.vocabulary import member
from domain.kernel.terms import Trigger


@pytest.mark.parametrize("trigger", Trigger)
def test_a_code_is_found_by_its_text(trigger: Trigger) -> None:
    assert member(Trigger, trigger.value) is trigger


@pytest.mark.parametrize("text", ["", "DISPATCH", "dispatch ", "nothing"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert member(Trigger, text) is None
