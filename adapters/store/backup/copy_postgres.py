"""Copy PostgreSQL databases with PostgreSQL's own programs (pg_dump, pg_restore, psql), which must be installed."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from adapters.store.backup.store_facts import BackupRefused
from adapters.store.database.database import Transaction
from adapters.store.database.postgres_database import PostgresDatabase, PostgresTransaction

F = TypeVar("F")

GONE_AFTER = 3.0
"""Seconds after which the connections of an ended program have disappeared from pg_stat_activity."""
_OURSELVES = "gongdan-restore"

EMPTY = """
SET lock_timeout = '10s';
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT format('public.%I', tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'DROP TABLE ' || name || ' CASCADE';
  END LOOP;
END $$;
"""


async def dump(database: PostgresDatabase, url: str, target: Path, look: Callable[[Transaction], Awaitable[F]]) -> F:
    """Dump one moment of a database in use (custom format, mode 0600); returns the facts that ``look`` read at that moment.

    The exported snapshot makes pg_dump see exactly the rows that ``look`` saw, so that the manifest fits the copy.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = await database.connect()
    try:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tx = PostgresTransaction(connection, {})
        [(moment,)] = await tx.query("SELECT pg_export_snapshot()")
        seen = await look(tx)
        same_server = {"PGHOST": connection.info.host, "PGPORT": str(connection.info.port)}
        command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}"]
        await asyncio.to_thread(_run, [*command, f"--file={target}"], _environment(url) | same_server)
        return seen
    finally:
        await connection.close()


async def load(url: str, dumped: Path, afterwards: str) -> None:
    """Replace a database's tables by a dump and run the SQL ``afterwards``, in one transaction; raises BackupRefused."""
    await asyncio.to_thread(_load, url, dumped, afterwards)


def apart(url: str) -> str:
    """The URL for a connection that :func:`refuse_if_in_use` does not count."""
    return make_conninfo(url, application_name=_OURSELVES)


async def refuse_if_in_use(database: PostgresDatabase) -> None:
    """Raise BackupRefused while another client is connected; waits :data:`GONE_AFTER` for closing connections to go."""
    leaving = GONE_AFTER
    while others := await _others(database):
        if leaving > 0:
            leaving -= 0.05
            await asyncio.sleep(0.05)
            continue
        raise BackupRefused(f"{others} connections use this database: stop every server and command that uses it")


async def _others(database: PostgresDatabase) -> int:
    [(others,)] = await database.read(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND application_name <> :ourselves",
        {"ourselves": _OURSELVES},
    )
    return int(others)


def _load(url: str, dumped: Path, afterwards: str) -> None:
    psql, pg_restore = _program("psql"), _program("pg_restore")
    environment = _environment(url)
    command = [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said, env=environment) as writer,
        subprocess.Popen(
            [pg_restore, "--no-owner", "--no-privileges", "--file=-", str(dumped)], stdout=subprocess.PIPE, stderr=said
        ) as reader,
    ):
        assert writer.stdin is not None
        assert reader.stdout is not None
        whole = False
        try:
            writer.stdin.write(f"BEGIN;\n{EMPTY}\n".encode())
            shutil.copyfileobj(reader.stdout, writer.stdin)
            whole = reader.wait() == 0
            if whole:  # otherwise nothing is committed when the input ends
                writer.stdin.write(f"\n{afterwards}\nCOMMIT;\n".encode())
            writer.stdin.close()
        except BrokenPipeError:
            reader.kill()
        if writer.wait() != 0 or not whole:
            said.seek(0)
            raise BackupRefused(f"{dumped} could not be restored: {said.read().decode(errors='replace').strip()}")


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupRefused(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupRefused(f"{name} was not found: install PostgreSQL's client programs")
    return found


def _environment(url: str) -> dict[str, str]:
    """The connection's options as environment variables: as arguments, the password would show in the list of processes."""
    names = {option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    given = {names[key]: str(value) for key, value in conninfo_to_dict(url).items() if key in names and value is not None}
    return {**os.environ, **given}
