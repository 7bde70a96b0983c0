"""The picture of the lifecycle has a place for everything the machine has, and draws all of it."""

import xml.etree.ElementTree as ET

import pytest

from adapters.labels import diagram
from adapters.labels.labels import label
from domain.kernel.lifecycle import NOT_YET
from domain.kernel.terms import State, Trigger
from domain.ticket.lifecycle import LIFECYCLE, TABLE


def machine_edges() -> set[tuple[str, str, str]]:
    """(source, target, trigger) of every transition of the Machine that changes the state."""
    return {
        (way.source, str(way.dest), name)
        for name, event in LIFECYCLE.machine.events.items()
        for ways in event.transitions.values()
        for way in ways
        if way.source != str(way.dest)
    }


def test_every_state_of_the_machine_has_a_place() -> None:
    states = {State(name) for name in LIFECYCLE.machine.states if name != NOT_YET}
    assert set(diagram.PLACES) == set(diagram.LOOPS) == states


def test_every_edge_of_the_machine_has_a_place_and_no_place_is_left_over() -> None:
    placed = {(edge.source.value if edge.source else NOT_YET, edge.target.value, edge.trigger.value) for edge in diagram.WAYS}
    assert placed == machine_edges()
    assert set(diagram.ways()) == set(diagram.WAYS)


def test_a_state_or_an_edge_without_a_place_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    without = {edge: way for edge, way in diagram.WAYS.items() if edge.trigger is not Trigger.DECLINE}
    monkeypatch.setattr(diagram, "WAYS", without)
    with pytest.raises(KeyError):
        diagram.svg()


def test_triggers_that_keep_a_state_stand_at_that_state() -> None:
    kept = {(state, trigger) for state in State for trigger in diagram.loops(state)}
    expected = {
        (State(way.source), Trigger(name))
        for name, event in LIFECYCLE.machine.events.items()
        for ways in event.transitions.values()
        for way in ways
        if way.source == str(way.dest)
    }
    assert kept == expected


def test_the_picture_is_well_formed_and_says_everything_chinese_first() -> None:
    text = diagram.svg()
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for code in (*State, *Trigger):
        assert label(code) in text
        assert code.value in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_no_two_boxes_overlap_and_all_stand_within_the_picture() -> None:
    width, height = diagram.BOX
    places = list(diagram.PLACES.values())
    for x, y in places:
        assert width / 2 <= x <= diagram.WIDTH - width / 2
        assert height / 2 <= y <= diagram.HEIGHT - height / 2
    for i, (x, y) in enumerate(places):
        assert all(abs(x - a) > width or abs(y - b) > height for a, b in places[i + 1 :])


def test_the_mermaid_text_has_every_edge() -> None:
    text = diagram.mermaid()
    for edge in diagram.ways():
        assert f"{edge.source.value if edge.source else '[*]'} --> {edge.target.value}: {edge.text}" in text
    assert text.startswith("stateDiagram-v2\n")
    assert sum(" --> " in line for line in text.splitlines()) >= len(set(diagram.ways())) + 6


def test_the_table_for_readers_has_every_row() -> None:
    assert [row for row, *_ in diagram.rows()] == list(TABLE)
