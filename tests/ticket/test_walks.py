"""Any sequence of triggers, legal and illegal, on every kind of ticket: rules and a plain model agree at every step."""

from datetime import timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from domain.kernel.terms import Kind, Trigger
from tests.support.examples import one_in
from tests.ticket.walk import GAPS, Walk, any_step, begun, sensible_step

STEPS = 40
LATER = [0, 14 * 60, 30 * 1440, 30 * 1440 + 1]
"""Minutes after the last event at which ``legal_now`` is compared: now, at night, after a month."""


@pytest.mark.parametrize("kind", Kind)
@one_in(2)
@given(data=st.data())
def test_rules_and_model_agree(kind: Kind, data: st.DataObject) -> None:
    """Accepted exactly when the model accepts, refused with the right class; replay equals the live state after each step."""
    walk = begun(Walk(), kind)
    for _ in range(STEPS):
        asked = data.draw(st.sampled_from(["sensible", "sensible", "sensible", "any", "early"]))
        if asked == "sensible":
            step = sensible_step(data.draw, walk)
        else:
            gaps = GAPS if asked == "any" else [-1, -1440]
            step = any_step(data.draw, walk, data.draw(st.sampled_from(Trigger)), gaps)
        if walk.ask(*step):
            event(f"{kind.value}: {step[0].trigger.value}")
        for minutes in LATER:
            walk.legal_agrees(walk.at + timedelta(minutes=minutes))


@given(data=st.data())
def test_from_the_very_beginning(data: st.DataObject) -> None:
    """Also before the ticket exists, and before it is classified."""
    walk = Walk()
    for _ in range(12):
        trigger = data.draw(st.sampled_from(Trigger) | st.sampled_from([Trigger.RECEIVE, Trigger.CLASSIFY]))
        walk.ask(*any_step(data.draw, walk, trigger))
        walk.legal_agrees(walk.at)
