"""Mapping files: errors are named with their place; values become exactly what the mapping states."""

from pathlib import Path

import pytest

from adapters.exchange.importing.importing import ForeignLog, mapping_text, shipped_mappings
from adapters.exchange.importing.mapping import LogMapping, parse_mapping
from domain.kernel.errors import InvalidInput
from domain.kernel.terms import AssigneeType, Kind, State
from domain.people.assignee import Assignee
from domain.service_desk.importing import ForeignCase, Happening, Unreadable
from domain.ticket import commands as c
from tests.importing.samples import LEGAL, MAPPING, REFUSED, ROWS, XES_MAPPING, csv_file, xes, xes_file


def read(path: Path, mapping: str = MAPPING) -> list[ForeignCase | Unreadable]:
    parsed = parse_mapping(mapping)
    return [parsed.cases(row, "JX") for row, _ in ForeignLog(path, parsed).rows()]


def one(path: Path, mapping: str = MAPPING) -> ForeignCase:
    [case] = read(path, mapping)
    assert isinstance(case, ForeignCase), case
    return case


def commands(happening: Happening) -> list[c.Command]:
    return [command for choice in happening.choices for command in choice.commands]


def test_a_row_becomes_the_commands_of_its_mapping(tmp_path: Path) -> None:
    case = one(csv_file(tmp_path, LEGAL))
    created, closed = case.happenings
    assert (case.name, case.row, created.by, closed.at.isoformat()) == ("c1", 2, "external:wang", "2026-02-01T07:30:00+00:00")
    assert commands(created) == [
        c.Receive(
            community="JX",
            channel="phone",
            description="水管：厨房",
            location=c.Place(area="A1", building="3"),
            reporter=c.Reporter(name="王师傅"),
        ),
        c.Classify(kind="repair", facility="private", category="plumbing"),
        c.Dispatch(assignee=c.AssigneeRef(type="contractor", id="anda")),
    ]
    assert commands(closed) == [c.Complete(resolution="done"), c.Settle(resolution="done")]
    assert closed.otherwise.text == "原日志：Closed\nStatus: done"


def test_blank_fields_are_left_out_and_lists_skip_them(tmp_path: Path) -> None:
    [created] = one(csv_file(tmp_path, ROWS["open"])).happenings
    receive, classify, note = commands(created)
    assert isinstance(receive, c.Receive)
    assert receive.reporter is None
    assert created.by is None
    assert classify == c.Classify(kind="enquiry")
    assert note == c.Note(text="Due: 2026-02-05")


def test_formulas_are_text(tmp_path: Path) -> None:
    case = one(csv_file(tmp_path, ROWS["formula"]))
    assert case.name == "=1+1"
    receive = commands(case.happenings[0])[0]
    assert isinstance(receive, c.Receive)
    assert receive.description == "咨询：=cmd|'/C calc'!A0"
    assert receive.reporter == c.Reporter(name="@SUM(A1)")


@pytest.mark.parametrize(
    "row", [r for r in REFUSED if REFUSED[r] not in ("out_of_order", "future", "repeated_case") and "rule" not in REFUSED[r]]
)
def test_what_can_not_be_read_is_refused_alone(row: str, tmp_path: Path) -> None:
    first, bad, last = read(csv_file(tmp_path, [LEGAL, ROWS[row], ROWS["open"]]))
    assert isinstance(first, ForeignCase)
    assert isinstance(last, ForeignCase)
    assert isinstance(bad, Unreadable)
    assert (bad.row, bad.reason) == (3, REFUSED[row])
    assert bad.detail
    assert "长长" not in bad.detail


def test_an_xes_trace_is_received_at_its_first_entry(tmp_path: Path) -> None:
    case = one(
        xes_file(tmp_path, xes([("T 1", [("Assign", "2026-01-01T00:00:00Z"), ("Resolve", "2026-01-02T00:00:00+01:00")])])),
        XES_MAPPING,
    )
    assert case.receive == c.Receive(
        community="JX", channel="portal", description="Assign P 1", reporter=c.Reporter(name="王小明")
    )
    assign, resolve = case.happenings
    assert (case.name, case.row, assign.by, resolve.at.isoformat()) == ("T 1", 1, "external:value-2", "2026-01-01T23:00:00+00:00")
    assert resolve.choices[0].states == {State.DISPATCHED}


def test_last_means_the_last_of_its_activity(tmp_path: Path) -> None:
    entries = [("Resolve", "2026-01-01T00:00:00Z"), ("Take", "2026-01-02T00:00:00Z"), ("Resolve", "2026-01-03T00:00:00Z")]
    first, _, last = one(xes_file(tmp_path, xes([("T", entries)])), XES_MAPPING).happenings
    assert not first.choices
    assert last.choices


def test_when_bounds_an_activity(tmp_path: Path) -> None:
    bounded = MAPPING.replace('name = "Closed"\n', 'name = "Closed"\nwhen = { Status = ["finished"] }\n')
    _, closed = one(csv_file(tmp_path, LEGAL), bounded).happenings
    assert not closed.choices


@pytest.mark.parametrize("name", ["helpdesk", "nyc311"])
def test_the_shipped_mappings_stand(name: str) -> None:
    assert name in shipped_mappings()
    mapping = parse_mapping(mapping_text(name))
    assert mapping.name == name
    assert not mapping.states_verdict
    assert all(assignee.type is AssigneeType.CONTRACTOR for assignee in mapping.assignees)


def test_a_verdict_is_the_mapping_s_own_statement() -> None:
    stated = (
        MAPPING
        + """
[[activity]]
name = "Status"
[[activity.steps]]
do = [{ trigger = "follow_up", satisfied = true, rating = 5, method = "phone" }]
"""
    )
    assert parse_mapping(stated).states_verdict
    assert not parse_mapping(MAPPING).states_verdict
    assert parse_mapping(MAPPING).assignees == (Assignee(AssigneeType.CONTRACTOR, "anda"),)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('name = "sample"', ""), "/mapping/name"),
        (('name = "sample"', 'name = "sample"\ncolour = "red"'), "/mapping/colour"),
        (('format = "csv"', 'format = "xlsx"'), "/mapping/format"),
        (('format = "csv"', 'format = "csv"\nencoding = "utf-16"'), "/mapping/encoding"),
        (("Asia/Shanghai", "Asia/Beijing"), "IANA"),
        (('trigger = "complete"', 'trigger = "finish"'), "finish"),
        (('trigger = "complete"', 'trigger = "attach"'), "can't come from a log; these can: receive, classify,"),
        (('from = ["none"]', 'from = ["new"]'), "/mapping/activity/0/steps/0/from"),
        (("[receive.fields]", "[receive.fields"), "/mapping"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named(change: tuple[str, str], told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_mapping(MAPPING.replace(*change))
    assert told in str(refused.value)


def test_needed_attributes_are_those_it_names() -> None:
    mapping: LogMapping = parse_mapping(MAPPING)
    assert mapping.moments == ["Created", "Closed"]
    assert set(mapping.needed) == {"Type", "Where", "Who", "Status", "Due"}
    assert Kind.REPAIR in {values["kind"] for values in mapping.classify.values.values()}  # type: ignore[union-attr]
