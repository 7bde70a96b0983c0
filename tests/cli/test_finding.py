"""Findings at the command line: the API's use cases and documents, with the rights of the person named."""

import json
from datetime import UTC, datetime

import pytest

from tests.support.command_line import Home

TODAY = f"{datetime.now(UTC).date()}"


@pytest.fixture
def office(home: Home) -> Home:
    """A community with a supervisor, a director, an appraiser and a technician."""
    home.done("community", "add", "JX", "--name", "锦绣花园")
    home.done("area", "add", "JX", "A1", "--name", "东区")
    for role in ("supervisor", "director", "appraiser", "technician"):
        home.done("user", "add", role, "--name", role)
        home.done("user", "grant", role, role, "*" if role == "appraiser" else "JX", "--from", "2026-01-01")
    return home


def test_recorded_confirmed_contested_and_revoked(office: Home) -> None:
    said = ("JX", "17", TODAY, "--area", "A1", "--party", "technician", "--note", "看小说", "--as", "supervisor", "--json")
    finding = json.loads(office.done("finding", "record", *said))
    assert (finding["status"], finding["parties"], finding["note"]) == ("recorded", ["technician"], "***")
    id_ = finding["id"]
    refused = office.run("finding", "confirm", id_, "--as", "supervisor")
    assert (refused.exit_code, "not allowed to supervisor" in refused.output) == (1, True)
    assert office.done("finding", "confirm", id_, "--as", "director").startswith(f"{id_} confirmed, item 17")
    office.done("finding", "contest", id_, "当日休息", "--as", "technician")
    shown = json.loads(office.done("finding", "show", id_, "--as", "director", "--json"))
    assert (shown["grounds"], shown["legal"]) == ("当日休息", ["uphold", "revoke"])
    assert "note: 看小说" in office.done("finding", "show", id_, "--as", "director")
    asked = json.loads(office.done("finding", "revoke", id_, "查无实据", "--as", "director", "--json"))
    assert (asked["command"], asked["status"]) == ("revoke_finding", "requested")
    assert "approval" in office.done("finding", "uphold", id_, "属实", "--as", "appraiser")
    office.done("projections", "rebuild", "findings")
    listed = json.loads(office.done("finding", "list", "--as", "director", "--status", "contested", "--json"))
    assert [row["id"] for row in listed["items"]] == [id_]
    assert id_ in office.done("finding", "list", "--as", "technician")


def test_waived_points_and_what_is_malformed(office: Home) -> None:
    bonus = json.loads(office.done("finding", "record", "JX", "B1", TODAY, "--points", "1/0.5", "--as", "appraiser", "--json"))
    assert bonus["points"] == {"director": "1", "administrator": "0.5"}
    assert "waived" in office.done("finding", "waive", bonus["id"], "not_established", "--as", "director")
    for wrong in (("JX", "B1", TODAY, "--points", "0.7"), ("JX", "B1", "gestern"), ("JX", "99", TODAY)):
        assert office.run("finding", "record", *wrong, "--as", "appraiser").exit_code == 1
