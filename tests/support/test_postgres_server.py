"""The tests' PostgreSQL: production's settings, unprivileged, and gone with its holder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres_server import PostgresServer

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from tests.support.postgres_server import running_postgres
with running_postgres() as server:
    print(server.directory, flush=True)
    sys.stdin.read()
"""


def test_it_writes_through_and_works_as_an_ordinary_role(fresh_postgres_url: str) -> None:
    with psycopg.connect(fresh_postgres_url) as connection:
        row = connection.execute("SELECT current_setting('fsync'), current_setting('is_superuser')").fetchone()
    assert row == ("on", "off")


def test_a_fresh_database_is_empty_and_dropped_with_its_connections(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        postgres_server.drop_database(url)
        assert tables == (0,)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_server_and_directory_go_when_the_holder_is_killed(ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        directory = Path(holder.stdout.readline().strip())
        data = (directory / "data").resolve()
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        holder.send_signal(ending)
    deadline = time.monotonic() + 60
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not directory.exists()
    assert not data.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
