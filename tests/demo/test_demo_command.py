"""`gongdan demo` as a process: the commands it prints work when pasted."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.demo.filling import LEAST_DAYS
from adapters.demo.guide import BEGIN, END
from adapters.demo.staff import STAFF
from domain.kernel.terms import Kind, State
from tests.support.command_line import COMMAND, Home, clean


@dataclass(frozen=True)
class Running:
    """A demonstration that serves, and what it printed."""

    home: Path
    text: str

    def paste(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run what was printed in a shell, as if pasted."""
        return subprocess.run(("bash", "-eu"), input=script, capture_output=True, text=True, cwd=self.home, check=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demonstration on a free port; it is ready when it has printed its last line."""
    home = tmp_path_factory.mktemp("demo")
    environment = {**clean(), "TMPDIR": str(home)}
    process = subprocess.Popen(
        (*COMMAND, "demo", "--days", str(LEAST_DAYS), "--port", "0"),
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        assert lines, process.stderr.read()
        yield Running(home, "".join(lines))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert list(home.iterdir()) == [], "the temporary store was left behind"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_the_walk_through_works_when_pasted(running: Running) -> None:
    script = running.text[running.text.index(BEGIN) : running.text.index(END)] + END
    done = running.paste(script)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    said = done.stdout.splitlines()
    steps = [line.split() for line in said if ".follow_up_recorded" in line or line.split()[1:2] == ["ticket.received"]]
    assert steps[0][1:] == ["ticket.received", "li.na", "received"]
    assert steps[-1][1:] == ["ticket.follow_up_recorded", "li.na", "followed_up"]


def test_the_three_things_to_try_work_when_pasted(running: Running) -> None:
    commands = [line for line in running.text.splitlines() if line.startswith("curl ") and "$" not in line]
    assert len(commands) == 3
    overdue, history, approval = (json.loads(running.paste(command).stdout) for command in commands)
    assert len(overdue["items"]) >= 2
    assert all(any(clock["status"] == "breached" for clock in ticket["clocks"]) for ticket in overdue["items"])
    assert [step["version"] for step in history["items"]] == list(range(1, len(history["items"]) + 1))
    assert approval["status"] == "approved"


def test_the_guide_names_address_people_and_tokens_chinese_first(running: Running) -> None:
    text = running.text
    for member in STAFF:
        [line] = [line for line in text.splitlines() if line.startswith(f"{member.login} ")]
        assert member.name in line
        assert re.fullmatch(r"gd_[\w-]{43}", line.split()[-1])
    assert "http://127.0.0.1:" in text
    assert text.index("地址") < text.index("address")
    assert "[" not in text.splitlines()[1]


def test_fills_and_prints_without_serving(tmp_path: Path) -> None:
    home = Home(tmp_path)
    finished = home.process("demo", "--no-serve", "--days", str(LEAST_DAYS), "--dir", "here", "--port", "4711")
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    assert "http://127.0.0.1:4711" in finished.stdout
    env = {"GONGDAN_STORE": "sqlite:///here/gongdan.db"}
    found = []
    cursor: str | None = None
    while True:
        more = ("--cursor", cursor) if cursor else ()
        page = json.loads(home.done("ticket", "list", "--as", "chen.ping", "--limit", "20", *more, "--json", env=env))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    for state in State:
        assert sum(ticket["state"] == state for ticket in found) >= 2
    assert {ticket["kind"] for ticket in found} >= set(Kind)


def test_a_store_that_is_there_is_not_touched(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.done("init")
    before = {path: path.read_bytes() for path in home.store.parent.iterdir()}
    result = home.run("demo", "--no-serve", "--dir", "gongdan-data")
    assert (result.exit_code, result.stdout) == (1, "")
    assert {path: path.read_bytes() for path in home.store.parent.iterdir()} == before


def test_a_port_that_is_taken_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = Home(tmp_path).run("demo", "--port", str(other.getsockname()[1]), "--dir", "here")
    assert result.exit_code == 1
    assert "--port" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_store_s_settings_stay_out(tmp_path: Path) -> None:
    home = Home(tmp_path)
    env = {"GONGDAN_STORE": "postgresql://nowhere/x", "GONGDAN_KEYS": "postgresql://nowhere/y"}
    home.done("demo", "--no-serve", "--days", str(LEAST_DAYS), "--dir", "here", env=env)
    assert (tmp_path / "here" / "gongdan-keys.db").is_file()
