"""Tallies at the command line: read with a person's rights, closed by two people, as Excel, and "what if"."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.command_line import Home
from tests.support.spreadsheet import rows

PEOPLE = {"wang": "director", "hua": "butler", "kao": "appraiser", "ren": "hr", "zhang": "technician"}
TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
LAST = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=3)
"""A day of last month, which is over whenever this runs."""
MONTH = f"{LAST:%Y-%m}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A store with a community and its people."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("GONGDAN_")]:
            patched.delenv(name)
        made = Home(tmp_path_factory.mktemp("tallies"))
        made.done("init", "--origin", "test")
        made.done("community", "add", "JX", "--name", "锦绣花园")
        made.done("area", "add", "JX", "A1")
        for login, role in PEOPLE.items():
            made.done("user", "add", login, "--name", f"{login}某")
            area = ["--area", "A1"] if role == "butler" else []
            made.done("user", "grant", login, role, "JX", *area, "--from", "2025-01-01")
    return made


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith("GONGDAN_")]:
        monkeypatch.delenv(name)


def test_a_month_from_reading_to_its_close(home: Home, tmp_path: Path) -> None:
    open_ = json.loads(home.done("appraisal", "tally", "JX", MONTH, "--as", "wang", "--json"))
    assert (open_["status"], open_["rule_book"], [one["login"] for one in open_["people"]]) == (
        "open",
        "default",
        ["hua", "ren", "wang", "zhang"],
    )
    assert "100%" in home.done("appraisal", "tally", "JX", MONTH, "--as", "wang")
    assert "closed" in home.run("appraisal", "tally", "JX", MONTH, "--as", "ren").stderr
    supposed = tmp_path / "more.json"
    supposed.write_text(json.dumps({"findings": [{"id": "x", "item": "14", "date": str(LAST), "area": "A1"}]}))
    what_if = ("appraisal", "tally", "JX", MONTH, "--as", "hua", "--explain", "--what-if", str(supposed))
    [own] = json.loads(home.done(*what_if, "--json"))["people"]
    assert (own["login"], own["total"], own["lines"][0]["charges"][0]["column"]) == ("hua", "-8", "administrator")
    assert "D2 扣罚项目 14" in home.done(*what_if)
    supposed.write_text('{"findings": [{"id": "x", "item": "99", "date": "2026-03-04"}]}')
    assert "no such item" in home.run(*what_if).stderr
    waiting = json.loads(home.done("appraisal", "close", "JX", MONTH, "--as", "wang", "--json"))
    assert waiting["status"] == "requested"
    assert "待第二人审批" in home.done("appraisal", "close", "JX", MONTH, "--as", "wang")
    assert "已月结" in home.done("appraisal", "close", "JX", MONTH, "--as", "wang", "--second", "kao")
    closed = json.loads(home.done("appraisal", "tally", "JX", MONTH, "--as", "ren", "--json"))
    assert (closed["status"], closed["people"]) == ("closed", open_["people"])
    assert closed["hash"] in home.done("appraisal", "tally", "JX", MONTH, "--as", "ren")
    assert f"{MONTH} in" in home.done("appraisal", "tally", "JX", MONTH, "--as", "ren", "--xlsx", str(tmp_path / "pay.xlsx"))
    assert [line[0] for line in rows((tmp_path / "pay.xlsx").read_bytes())["效益工资表"][2:]] == ["hua", "ren", "wang", "zhang"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("tally", "JX", "2026-13", "--as", "wang"), "write a month as 2026-03"),
        (("tally", "XX", MONTH, "--as", "wang"), "no such community"),
        (("tally", "JX", MONTH, "--as", "nobody"), "no such person"),
        (("close", "JX", "2026-Q1", "--as", "wang"), "a month is written YYYY-MM"),
        (("close", "JX", f"{TODAY.year + 1}-01", "--as", "wang", "--second", "kao"), "is not over yet"),
        (("close", "JX", "2025-01", "--as", "hua", "--second", "kao"), "not allowed"),
    ],
)
def test_what_is_refused(home: Home, arguments: tuple[str, ...], why: str) -> None:
    result = home.run("appraisal", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert why in result.stderr
    assert "Traceback" not in result.output
