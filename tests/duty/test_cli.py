"""Duty at the command line: a night from taking the desk to the review, and the roster."""

import json
import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Home

PEOPLE = {"li": "assistant", "zhang": "technician", "zhong": "control_room", "an": "security", "chen": "supervisor", "ren": "hr"}


def zone_at_two() -> str:
    """A time zone where it is now between two and three at night, the middle of a period."""
    ahead = (2 - datetime.now(UTC).hour) % 24
    return f"Etc/GMT-{ahead}" if ahead <= 14 else f"Etc/GMT+{24 - ahead}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A store with a community and its people."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("GONGDAN_")]:
            patched.delenv(name)
        made = Home(tmp_path_factory.mktemp("duty"))
        made.done("init", "--origin", "test")
        made.done("community", "add", "JX", "--name", "锦绣花园", "--timezone", zone_at_two())
        for login, role in PEOPLE.items():
            made.done("user", "add", login, "--name", f"{login}某")
            made.done("user", "grant", login, role, "JX")
    return made


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith("GONGDAN_")]:
        monkeypatch.delenv(name)


def answer(home: Home, *arguments: str) -> dict[str, Any]:
    """A command's answer, parsed from JSON."""
    found: dict[str, Any] = json.loads(home.done(*arguments, "--json"))
    return found


def refused(home: Home, *arguments: str) -> str:
    """A command's refusal, in one line."""
    result = home.run(*arguments)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_night_from_taking_the_desk_to_the_review(home: Home) -> None:
    """Each step is a command that names the current shift by its community; refusals list the legal triggers."""
    night = answer(home, "shift", "open", "JX", "--as", "zhang")
    assert (night["officer"], night["periods"]) == ("zhang", ["night"])
    assert "zhang holds the desk" in refused(home, "shift", "open", "JX", "--as", "li")
    assert "such as telephone=good" in refused(
        home, "shift", "prepare-handover", "JX", "--equipment", "telephone", "--as", "zhang"
    )
    home.done("shift", "log", "JX", "巡楼一遍，无异常。", "--as", "zhang")
    assert answer(home, "shift", "substitute", "JX", "an", "--as", "zhang")["answerable"] == "an"
    assert answer(home, "shift", "return-to-post", "JX", "--as", "zhang")["answerable"] == "zhang"
    assert answer(home, "shift", "switch-phone", "JX", "--to", "zhong", "--as", "zhang")["answerable"] == "zhong"
    assert answer(home, "shift", "switch-phone", "JX", "--as", "zhong")["answerable"] == "zhang"
    assert answer(home, "shift", "extend", "JX", "--as", "zhang")["periods"] == ["night", "morning"]
    prepare = ("--equipment", "telephone=good", "--record", "night_log", "--remarks", "门卡在抽屉里。")
    first = answer(home, "shift", "prepare-handover", "JX", *prepare, "--as", "zhang")["sheets"][0]
    home.done("shift", "sign-out", "JX", "--hash", first["hash"], "--as", "zhang")
    disputed = answer(home, "shift", "dispute", "JX", "少一把钥匙", "--as", "li")
    assert (disputed["state"], disputed["sheets"][0]["status"]) == ("on_duty", "disputed")
    home.done("shift", "prepare-handover", "JX", *prepare, "--as", "zhang")
    assert "another sheet" in refused(home, "shift", "sign-out", "JX", "--hash", first["hash"], "--as", "zhang")
    home.done("shift", "sign-out", "JX", "--as", "zhang")
    handed = answer(home, "shift", "sign-in", "JX", "--as", "li")
    assert handed["state"] == "handed_over"
    shown = home.done("shift", "handover", night["id"], "--as", "li")
    sheet = answer(home, "shift", "handover", night["id"], "--as", "li")
    assert sheet["hash"] == sha256(sheet["canonical"].encode()).hexdigest() == sheet["signed_in"]["hash"]
    assert f"derived again from the log: {sheet['hash']}, as signed" in shown
    assert "门卡在抽屉里。" in shown
    assert answer(home, "shift", "handover", night["id"], "--sheet", "1", "--as", "li")["status"] == "disputed"
    reviewed = answer(home, "shift", "review", night["id"], "--remarks", "已阅", "--as", "chen")
    assert (reviewed["state"], reviewed["review"]["by"]) == ("reviewed", "chen")
    taken = answer(home, "shift", "take-over", "JX", "接班人员未到岗", "--as", "chen")
    assert (taken["id"], taken["ended_by"]) == (handed["next_shift"], "taken_over")
    assert "no such shift" in refused(home, "shift", "show", "JX", "--as", "li")
    assert "巡楼一遍" in home.done("shift", "show", night["id"], "--as", "chen")

    lines = answer(home, "duty", "night-log", "JX", "--as", "chen")
    assert [line["text"] for line in lines["items"]] == ["巡楼一遍，无异常。"]
    covered = answer(home, "duty", "coverage", "JX", "--as", "chen")
    assert [(one["officer"], one["ended_by"]) for one in covered["shifts"]] == [("zhang", "signed"), ("li", "taken_over")]
    assert "nobody from" in home.done("duty", "coverage", "JX", "--as", "chen")
    morning = answer(home, "duty", "morning-review", "JX", "--as", "chen")
    assert [one["by"] for one in morning["read"]] == ["chen"]
    assert f"not read yet: {taken['id']}" in home.done("duty", "morning-review", "JX", "--as", "chen")
    assert answer(home, "duty", "handover-list", "JX", "--as", "chen")["items"] == []
    assert "telephone" in home.done("duty", "handover-list", "JX", "--as", "chen")


def test_the_roster_from_a_file_to_the_attendance_list(home: Home, tmp_path: Path) -> None:
    day = datetime.now(UTC).date().replace(day=1) + timedelta(days=70)
    first, second = day.replace(day=2), day.replace(day=3)
    file = tmp_path / "roster.csv"
    file.write_text(f"login,date,period\nzhang,{first},night\nli,{first},noon\n", encoding="utf-8")
    assert "allowed to: supervisor" in refused(home, "roster", "publish", "JX", str(file), "--as", "li")
    published = answer(home, "roster", "publish", "JX", str(file), "--as", "chen")
    assert [(one["login"], one["period"]) for one in published["duties"]] == [("li", "noon"), ("zhang", "night")]
    assert "due for both" in refused(
        home, "roster", "swap", "JX", str(first), "noon", str(first), "noon", "--reason", "换班", "--as", "chen"
    )
    span = ("--from", str(first), "--to", str(second))
    assert "is technician in JX" in refused(
        home, "roster", "leave", "JX", "zhang", *span, "--cover", "zhong", "--reason", "病假", "--as", "chen"
    )
    month = f"{first:%Y-%m}"
    assert "zhang" in home.done("roster", "show", "JX", month, "--as", "li")
    for text, told in ((b"date,who\n", "columns"), (b"date,period,login\n2026,noon,li\n", "line 2"), (b"\xff\xfe\x00", "UTF-8")):
        file.write_bytes(text)
        assert told in refused(home, "roster", "publish", "JX", str(file), "--as", "chen")
    address = home.done("roster", "feed", "--as", "zhang").strip()
    assert address.startswith("/api/v1/rosters/feeds/")
    assert not answer(home, "roster", "revoke-feed", "--as", "zhang")["active"]
    path = tmp_path / "attendance.xlsx"
    assert "attendance.xlsx" in home.done("duty", "attendance", "JX", month, "--xlsx", str(path), "--as", "ren")
    assert path.read_bytes().startswith(b"PK")
    assert [one["login"] for one in answer(home, "duty", "attendance", "JX", month, "--as", "ren")["people"]] == ["li", "zhang"]
    assert "缺勤" in home.done("duty", "attendance", "JX", month, "--as", "ren")
