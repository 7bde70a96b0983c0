"""``gongdan import`` as a process: killed with SIGKILL half-way and run again, it gives the result of one run."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.importing.samples import MAPPING, csv_file, many
from tests.support.command_line import COMMAND, Home, clean

ROWS = 800


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A store with two people who may import."""
    for name in [name for name in os.environ if name.startswith("GONGDAN_")]:
        monkeypatch.delenv(name)
    here = Home(tmp_path)
    here.done("init", "--origin", "test")
    here.done("community", "add", "JX", "--name", "锦绣花园")
    here.done("area", "add", "JX", "A1", "--name", "一区")
    here.done("contractor", "add", "JX", "anda", "--name", "安达")
    for login, role in (("chen", "supervisor"), ("wang", "director"), ("li", "assistant")):
        here.done("user", "add", login, "--name", login)
        here.done("user", "grant", login, role, "JX")
    (tmp_path / "map.toml").write_text(MAPPING)
    return here


ARGUMENTS = ("import", "log.csv", "--mapping", "map.toml", "--community", "JX", "--as", "chen", "--second", "wang")


def counted(home: Home) -> tuple[int, int]:
    """Events and numbers in the store."""
    with closing(sqlite3.connect(home.store, timeout=30)) as connection:
        [(events,)] = connection.execute("SELECT count(*) FROM events WHERE topic LIKE 'ticket.%'")
        [(numbers,)] = connection.execute("SELECT count(*) FROM numbers WHERE book = 'GD'")
    return events, numbers


def test_killed_half_way_and_run_again(home: Home) -> None:
    csv_file(home.path, many(ROWS))
    killed = subprocess.Popen(
        (*COMMAND, *ARGUMENTS), cwd=home.path, env=clean(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while counted(home)[1] == 0 and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    events, numbers = counted(home)
    assert 0 < numbers < ROWS
    assert events == 4 * numbers
    report = json.loads(run_with_report(home))
    assert (report["already_there"], report["accepted"]) == (numbers, ROWS - numbers)
    assert counted(home) == (4 * ROWS, ROWS)
    again = json.loads(run_with_report(home))
    assert (again["already_there"], again["accepted"], again["events"]) == (ROWS, 0, 0)
    assert counted(home) == (4 * ROWS, ROWS)
    home.done("projections", "rebuild")
    assert json.loads(home.done("projections", "check", "--json"))["ok"]


def run_with_report(home: Home) -> str:
    home.done(*ARGUMENTS, "--report", "report.json")
    return (home.path / "report.json").read_text()


def test_what_a_person_sees(home: Home) -> None:
    csv_file(home.path, many(3) + "x1,gestern,,咨询,,x,open,\n")
    shown = home.done(*ARGUMENTS)
    assert "accepted" in shown
    assert "bad_moment" in shown
    assert "verdicts of residents: none: cases closed in the log end at repaired" in shown
    assert "rows/s" in shown


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("--as", "li"), "import is not allowed to assistant"),
        (("--second", "chen"), "a second, different person"),
        (("--second", "chen"), "import is not allowed to supervisor"),
        (("--mapping", "none.toml"), "none.toml"),
        (("--community", "XX"), "no such community"),
    ],
)
def test_refusals_are_one_line(home: Home, change: tuple[str, str], told: str) -> None:
    csv_file(home.path, many(1))
    arguments = list(ARGUMENTS)
    arguments[arguments.index(change[0]) + 1] = change[1]
    result = home.run(*arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert counted(home) == (0, 0)


def test_a_bad_file_is_one_line(home: Home) -> None:
    (home.path / "log.csv").write_bytes(b"\xff\xfeC\0a\0")
    result = home.run(*ARGUMENTS)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "gongdan: is UTF-16; save it as UTF-8")
