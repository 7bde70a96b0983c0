"""Three PostgreSQL nodes under Patroni and etcd, on loopback in a temporary folder, gone when the tests are gone.

The settings are production's but for the times: the leader's key expires after ``TTL`` seconds, so that a failover takes a
quarter of a minute. Replication is synchronous: a commit is acknowledged when a second node has it, and only that node may take
over.
"""

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import psycopg

from tests.faults.machine import compares_in_etcd3, program
from tests.support.postgres_server import found_binaries, free_port, send, unprivileged_owner, with_children

TTL, LOOP_WAIT, RETRY_TIMEOUT = 8, 1, 3
NODES = ("n1", "n2", "n3")
START_SECONDS = 180.0
T = TypeVar("T")

# The keeper reads from a pipe whose other end only the tests hold. Its end ends every process written down in *.pid, frozen ones
# too, the servers that Patroni started (in a session of their own) with their children, and removes the directory.
KEEPER = """
read -r _
for file in *.pid; do kill -KILL "$(cat "$file")" 2>/dev/null; done
for file in */postmaster.pid; do
  [ -f "$file" ] || continue
  server=$(head -n 1 "$file")
  pkill -KILL -P "$server"
  kill -KILL "$server" 2>/dev/null
done
rm -rf "$PWD"
"""


class NoAnswer(Exception):
    """The cluster did not reach a state in time."""


@dataclass
class Node:
    """One node: Patroni and the PostgreSQL it starts."""

    name: str
    directory: Path
    port: int
    rest: int
    patroni: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.directory / f"data-{self.name}"

    def processes(self) -> list[int]:
        """Process ids of the node: Patroni, the postmaster and their children."""
        assert self.patroni is not None
        roots = [self.patroni.pid]
        with suppress(OSError, ValueError):
            roots.append(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        return with_children(roots)

    def postgres(self) -> list[int]:
        """Process ids of the node's PostgreSQL, the postmaster first."""
        return with_children([int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole node, as if its machine stopped, froze or went on."""
        assert self.patroni is not None
        send(number, self.processes())
        if number == signal.SIGKILL:
            self.patroni.wait()


class Cluster:
    """A running cluster: its nodes, who is the primary, and faults to strike it with."""

    def __init__(self, directory: Path, owner: pwd.struct_passwd | None) -> None:
        self.directory = directory
        self._owner = owner
        self._etcd = free_port()
        self._etcd3 = compares_in_etcd3()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.nodes = {name: Node(name, directory, free_port(), free_port()) for name in NODES}

    def url(self, database: str, role: str = "gongdan") -> str:
        """The URL of a database with all hosts; the primary is found."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes.values())
        return f"postgresql://{role}@{hosts}/{database}?target_session_attrs=read-write"

    def start(self) -> None:
        """Start etcd, the first node, and the others as its standbys; returns when one of them is synchronous."""
        self._start_etcd()
        for node in self.nodes.values():
            (self.directory / f"{node.name}.json").write_text(json.dumps(self._configuration(node)))
            self.start_node(node)
            self.primary()
        self.await_whole()
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE gongdan LOGIN CREATEDB")
            for database in ("gongdan", "gongdan_keys"):
                connection.execute(f"CREATE DATABASE {database} OWNER gongdan".encode())

    def start_node(self, node: Node) -> None:
        """Start Patroni, which starts PostgreSQL, as a standby where there is a primary."""
        patroni = program("patroni")
        assert patroni is not None
        node.patroni = self._run(node.name, str(patroni), f"{node.name}.json")

    def primary(self) -> Node:
        """The node that holds the leader's key and accepts writes, by its own word."""
        return self._await("a primary", lambda: self._node("leader"))

    def standby(self) -> Node:
        """The synchronous standby."""
        return self._await("a synchronous standby", lambda: self._node("synchronous"))

    def await_whole(self) -> None:
        """Wait until one node is primary, one synchronous standby, one asynchronous standby."""
        self._await("a whole cluster", lambda: all(self._node(role) for role in ("leader", "synchronous", "asynchronous")))

    def switch_over(self) -> None:
        """Hand the primary's role to the synchronous standby, as an administrator does; returns when Patroni has done it."""
        old = self.primary()
        body = {"leader": old.name, "candidate": self.standby().name}
        answer = httpx2.post(f"http://127.0.0.1:{old.rest}/switchover", json=body, timeout=60)
        assert answer.status_code == 200, answer.text

    def reap(self) -> None:
        """Wait for every process started here; they have been killed."""
        for process in self._processes:
            process.wait()

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in sorted(self.directory.glob("*.log"))
        )

    def _start_etcd(self) -> None:
        peers = f"http://127.0.0.1:{free_port()}"
        clients = f"http://127.0.0.1:{self._etcd}"
        etcd = program("etcd")
        assert etcd is not None
        self._run(
            "etcd", str(etcd), "--name", "etcd", "--data-dir", "etcd-data",
            "--listen-client-urls", clients, "--advertise-client-urls", clients, "--listen-peer-urls", peers,
            "--initial-advertise-peer-urls", peers, "--initial-cluster", f"etcd={peers}", "--unsafe-no-fsync",
            *(() if self._etcd3 else ("--enable-v2",)),
        )  # fmt: skip

        def healthy() -> bool:
            with suppress(httpx2.TransportError):
                return httpx2.get(f"{clients}/health", timeout=2).status_code == 200
            return False

        self._await("etcd", healthy)

    def _run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self.directory)}
        more: dict[str, Any] = {}
        if self._owner:
            more = {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.directory, env=environment, start_new_session=True, stdout=log, stderr=log, **more
            )
        self._processes.append(process)
        (self.directory / f"{name}.pid").write_text(str(process.pid))
        return process

    def _configuration(self, node: Node) -> dict[str, Any]:
        trust = [f"host {what} all 127.0.0.1/32 trust" for what in ("all", "replication")]
        return {
            "scope": "gongdan",
            "name": node.name,
            "restapi": {"listen": f"127.0.0.1:{node.rest}", "connect_address": f"127.0.0.1:{node.rest}"},
            # Before 3.0.3, Patroni renewed a lost key over etcd's version 3 without looking: a frozen primary that woke up took
            # the key back from its successor, whose acknowledged writes were rewound.
            "etcd3" if self._etcd3 else "etcd": {"host": f"127.0.0.1:{self._etcd}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL,
                    "loop_wait": LOOP_WAIT,
                    "retry_timeout": RETRY_TIMEOUT,
                    "synchronous_mode": True,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "parameters": {"max_connections": 60, "wal_log_hints": "on", "wal_keep_size": "256MB"},
                    },
                },
                "initdb": [{"encoding": "UTF8"}, "no-locale", {"auth": "trust"}],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{node.port}",
                "connect_address": f"127.0.0.1:{node.port}",
                "data_dir": str(node.data),
                "bin_dir": str(found_binaries()),
                "pgpass": str(self.directory / f"{node.name}.pgpass"),
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"}},
                "parameters": {
                    "unix_socket_directories": str(self.directory),
                    "shared_buffers": "16MB",
                    "timezone": "UTC",
                    "wal_retrieve_retry_interval": "500ms",
                },
                "pg_hba": trust,
            },
        }

    def _node(self, role: str) -> Node | None:
        """The node whose Patroni says that it has a role now."""
        for node in self.nodes.values():
            with suppress(httpx2.TransportError):
                if httpx2.get(f"http://127.0.0.1:{node.rest}/{role}", timeout=2).status_code == 200:
                    return node
        return None

    def _await(self, what: str, look: Callable[[], T | None]) -> T:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if found := look():
                return found
            time.sleep(0.1)
        raise NoAnswer(f"{what}: not there after {START_SECONDS} s\n{self.logs()}")


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster for the time of the block."""
    owner = unprivileged_owner()
    directory = Path(tempfile.mkdtemp(prefix="gongdan-cluster-", dir="/tmp")).resolve()
    if owner:
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    keeper = subprocess.Popen(["/bin/sh", "-c", KEEPER], cwd=directory, stdin=subprocess.PIPE, start_new_session=True)
    cluster = Cluster(directory, owner)
    try:
        cluster.start()
        yield cluster
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()
        cluster.reap()
        shutil.rmtree(directory, ignore_errors=True)
