"""A real `gongdan serve` in a process of its own, which can be killed and started again on the same port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2

from adapters.system.settings import Settings

START_SECONDS = 180.0

STARTER = """
import os, signal, sys
import uvicorn
import adapters.cli.program
uvicorn.Config("adapters.server.app:from_settings", factory=True, loop="uvloop", http="httptools").load()
from adapters.cli import main

def status(options):
    ended, status = os.waitpid(server, options)
    return str(os.waitstatus_to_exitcode(status)) if ended else ""

server = 0
print("ready", flush=True)
for line in sys.stdin:
    order, value = line.split()
    if order == "start":
        server = os.fork()
        if not server:
            os.dup2(2, 1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.argv = ["gongdan", "serve", "--port", value]
            main()
            os._exit(0)
        print(server, flush=True)
    elif order == "ended":
        print(status(os.WNOHANG), flush=True)
    elif order == "wait":
        print(status(0), flush=True)
if server:
    os.kill(server, signal.SIGKILL)
"""
"""Loads the program once and forks a server at each order, so that a restart takes a tenth of a second; ends with its tests."""


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(settings: Settings, **more: object) -> dict[str, str]:
    """How a process finds the store and the keys of these settings; ``more``: other settings by their names."""
    found = {"store": settings.store, "keys": settings.keys_url, "master_key_file": settings.master_key_path, **more}
    return {f"GONGDAN_{name.upper()}": str(value) for name, value in found.items()}


class Service:
    """One server, of one process or of several workers. ``options`` are those of `gongdan serve`."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self._options = options
        self._environment = {**os.environ, **environment}
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """The command line of the process."""
        return [sys.executable, "-c", "from adapters.cli import main; main()", "serve", "--port", str(self.port), *self._options]

    def start(self) -> None:
        """Start and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command(), cwd=self._folder, env=self._environment, stdout=log, stderr=log)
        self.await_answer()

    def await_answer(self) -> None:
        """Wait until it answers; fails where it ends instead."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if (status := self.ended()) is not None:
                raise AssertionError(f"the server ended with {status}:\n{self.log.read_text()[-4000:]}")
            try:
                httpx2.get(f"{self.url}/healthz", timeout=2)
                return
            except httpx2.TransportError:
                time.sleep(0.02)
        raise AssertionError(f"not ready after {START_SECONDS} s:\n{self.log.read_text()[-4000:]}")

    def ended(self) -> int | None:
        """Its exit status, None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        """Process id of the server, or of its workers' supervisor."""
        assert self._process is not None
        return self._process.pid

    def begin_stop(self) -> None:
        """Send SIGTERM, and return at once."""
        assert self._process is not None
        self._process.terminate()

    def ends(self, within: float) -> int:
        """Exit status, once it has ended; raises TimeoutExpired after ``within`` seconds."""
        assert self._process is not None
        return self._process.wait(timeout=within)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not end it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()


class ForkedService(Service):
    """A server that starts fast, to be killed hundreds of times: forked from a process that has loaded the program."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        super().__init__(environment, folder)
        self._server = 0
        with self.log.open("ab") as log:
            self._starter = subprocess.Popen(
                [sys.executable, "-c", STARTER], cwd=self._folder, env=self._environment, text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._answer()

    def start(self, *, wait: bool = True) -> None:
        """Start; wait until it answers unless told not to."""
        self._server = int(self._order(f"start {self.port}"))
        if wait:
            self.await_answer()

    def ended(self) -> int | None:
        """Its exit status, None while it runs."""
        status = self._order("ended 0")
        return int(status) if status else None

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        os.kill(self._server, signal.SIGKILL)
        self._order("wait 0")
        self._server = 0

    def stop(self) -> None:
        """Kill the server where one runs, and end the process that starts it."""
        self._starter.communicate()

    def _order(self, order: str) -> str:
        assert self._starter.stdin is not None
        self._starter.stdin.write(f"{order}\n")
        return self._answer()

    def _answer(self) -> str:
        assert self._starter.stdout is not None
        line = self._starter.stdout.readline()
        assert line, f"the starter ended:\n{self.log.read_text()[-4000:]}"
        return line.strip()
