"""`gongdan serve` refuses a store of another schema, and serves until it gets a signal to stop."""

import signal
import sqlite3
import subprocess
import urllib.request
from contextlib import closing

import pytest

from tests.support.command_line import COMMAND, Home, clean


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE meta SET value = '999' WHERE key = 'schema_version'", "newer gongdan"),
        ("UPDATE meta SET value = '1' WHERE key = 'schema_version'", "gongdan migrate"),
        ("DROP TABLE meta", "gongdan init"),
    ],
)
def test_an_unknown_or_newer_schema_is_refused(home: Home, statement: str, said: str) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute(statement)
    finished = home.process("serve", "--port", "0")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


def test_no_store_and_no_master_key_are_refused(empty: Home) -> None:
    assert "gongdan init" in empty.process("serve").stderr
    empty.done("init")
    empty.master_key.chmod(0o644)
    finished = empty.process("serve", "--port", "0")
    assert finished.returncode == 1
    assert "chmod 600" in finished.stderr


def test_init_writes_over_neither_a_store_nor_keys(empty: Home) -> None:
    """Keys whose store is gone may be all that is left of somebody's data."""
    empty.done("init")
    again = empty.run("init")
    assert (again.exit_code, again.stderr.strip()) == (1, "gongdan: there is a store here already")
    for path in empty.store.parent.glob("gongdan.db*"):
        path.unlink()
    kept = empty.keys.read_bytes()
    refused = empty.run("init")
    assert refused.exit_code == 1
    assert "there are keys at sqlite:///" in refused.stderr
    assert "move them" in refused.stderr
    assert not empty.store.exists()
    assert empty.keys.read_bytes() == kept


def test_serves_until_it_is_told_to_stop(home: Home) -> None:
    """The address printed is the one that answers, also for a free port; SIGTERM ends it in order."""
    command = (*COMMAND, "serve", "--port", "0")
    process = subprocess.Popen(command, cwd=home.path, env=clean(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}/api/v1/openapi.json", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
