"""`gongdan serve` refuses a store of another schema, and serves until it gets a signal to stop."""

import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager

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


@contextmanager
def served(home: Home) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server's process and address."""
    command = (*COMMAND, "serve", "--port", "0")
    process = subprocess.Popen(command, cwd=home.path, env=clean(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_serves_until_it_is_told_to_stop(home: Home) -> None:
    """The address printed is the one that answers, also for a free port; SIGTERM ends it in order."""
    with served(home) as (process, address):
        with urllib.request.urlopen(f"{address}/api/v1/openapi.json", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_a_store_on_sqlite_is_served_by_one_process(home: Home) -> None:
    """More workers, a second server and a follower beside it are refused in words; the end of a server lets the next one in."""
    for arguments, env, said in (
        (("serve", "--workers", "2"), {}, "--workers 2 needs a store on PostgreSQL"),
        (("serve",), {"GONGDAN_FOLLOW": "false"}, "GONGDAN_FOLLOW=false needs a store on PostgreSQL"),
        (("follow",), {}, "gongdan follow needs a store on PostgreSQL"),
    ):
        refused = home.run(*arguments, env=env)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert said in refused.stderr
    with served(home) as (_, address):
        assert address.startswith("http://")
        second = home.process("serve", "--port", "0")
        assert (second.returncode, second.stdout) == (1, "")
        assert "another process serves sqlite:///" in second.stderr
        home.done("projections", "status")
    with served(home) as (_, address):
        assert address.startswith("http://")
