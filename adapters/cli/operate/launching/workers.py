"""Several server processes of one service: started together, replaced when they die, stopped together.

Each worker listens on a socket of its own on one port (SO_REUSEPORT), and the system spreads the connections. On one shared
socket the first worker to wake takes all connections that wait: of 64 opened at once, measured, up to 60 went to one of two.

Workers are independent: each has its own connections to the database and its own caches, which the store's counters keep current.
One of them, or a `gongdan follow`, moves the read models; leases decide which.
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory

import structlog
from prometheus_client import multiprocess

from adapters.cli.operate.launching.server import run_server
from adapters.cli.operate.launching.stopping import KILL
from adapters.system.settings import Settings
from adapters.web.logs import configure
from adapters.web.metrics import SHARED

log = structlog.get_logger("gongdan.workers")

LONGEST_PAUSE = 10.0
"""Longest time in seconds before a worker that does not start is tried again."""

FIRST_PAUSE = 0.5


@dataclass(eq=False)
class Worker:
    """A worker and the pipe on which it says that it answers. ``number``: its place among the workers."""

    number: int
    process: BaseProcess
    pipe: Connection
    ready: bool = False


@dataclass(eq=False)
class Place:
    """A place among the workers whose worker is started again at ``due``, after a longer ``pause`` each time that it fails."""

    number: int
    due: float = 0.0
    pause: float = field(default=FIRST_PAUSE)


class Workers:
    """Supervisor of ``count`` workers on one port; :meth:`run` returns when they have stopped."""

    def __init__(
        self, host: str, port: int, count: int, ready: Callable[[int], None], settings: Settings, log_level: str
    ) -> None:
        self._host = host
        self._count = count
        self._settings = settings
        self._announce = ready
        self._log_level = log_level
        self._wanted_port = port
        self._workers: dict[int, Worker] = {}
        self._places = {number: Place(number) for number in range(count)}
        self._stopping = False
        self._announced = False
        self._failed = False
        self._shared = ""

    def run(self) -> bool:
        """Serve until SIGTERM or Ctrl-C; False where the workers could not start, or did not end in order."""
        with ExitStack() as stack:
            reserved = stack.enter_context(reserve(self._host, self._wanted_port))
            self._port = reserved.getsockname()[1]
            self._shared = os.environ[SHARED] = stack.enter_context(TemporaryDirectory(prefix="gongdan-metrics-"))
            ears, mouth = socket.socketpair()
            stack.callback(ears.close)
            stack.callback(mouth.close)
            for end in (ears, mouth):
                end.setblocking(False)
            signal.set_wakeup_fd(mouth.fileno())  # a signal ends the wait at once
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            while not self._stopping:
                self._start_due()
                self._hear(ears)
            self._end()
            signal.set_wakeup_fd(-1)
        return not self._failed

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _start_due(self) -> None:
        now = time.monotonic()
        for place in self._places.values():
            if place.number not in self._workers and place.due <= now:
                self._start(place.number)

    def _start(self, number: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        pipe, other = spawn.Pipe()
        arguments = (self._host, self._port, self._settings.stop_seconds, self._log_level, other)
        process = spawn.Process(target=work, args=arguments, name=f"gongdan worker {number}")
        process.start()
        other.close()
        self._workers[number] = Worker(number, process, pipe)

    def _hear(self, ears: socket.socket) -> None:
        """Wait for a signal, a worker that answers, one that ends, or a moment at which one is due."""
        workers = list(self._workers.values())
        ends = {worker.process.sentinel: worker for worker in workers}
        pipes = {worker.pipe: worker for worker in workers if not worker.ready}
        dues = [place.due for place in self._places.values() if place.number not in self._workers]
        pause = max(0.0, min(dues) - time.monotonic()) if dues else None
        for heard in wait([ears, *ends, *pipes], pause):
            if heard is ears:
                ears.recv(4096)
            elif isinstance(heard, Connection):
                self._answers(pipes[heard])
            elif isinstance(heard, int):
                self._ended(ends[heard])

    def _answers(self, worker: Worker) -> None:
        try:
            worker.pipe.recv()
        except EOFError:
            return  # it ended, which its sentinel says too
        worker.ready = True
        self._places[worker.number].pause = FIRST_PAUSE
        if not self._announced and sum(one.ready for one in self._workers.values()) == self._count:
            self._announced = True
            self._announce(self._port)

    def _ended(self, worker: Worker) -> None:
        """Replace a worker that ended: at once if it had answered, else after a pause; at the first start stop the others."""
        self._forget(worker)
        if self._stopping:
            return
        log.warning("a worker ended", worker=worker.number, pid=worker.process.pid, status=worker.process.exitcode)
        if not self._announced and not worker.ready:
            self._failed = self._stopping = True
            return
        place = self._places[worker.number]
        place.due = time.monotonic() + (0.0 if worker.ready else place.pause)
        place.pause = min(place.pause * 2, LONGEST_PAUSE)

    def _forget(self, worker: Worker) -> None:
        worker.process.join()
        worker.pipe.close()
        multiprocess.mark_process_dead(worker.process.pid, self._shared)  # type: ignore[no-untyped-call]
        del self._workers[worker.number]

    def _end(self) -> None:
        """Tell every worker to stop, and kill those that do not."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.process.terminate()
        until = time.monotonic() + self._settings.stop_seconds * KILL
        for worker in workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
            self._forget(worker)
            self._failed = self._failed or worker.process.exitcode not in (0, -signal.SIGTERM)  # the latter: while it started


def work(host: str, port: int, stop_seconds: float, log_level: str, pipe: Connection) -> None:
    """Serve as a worker, on a socket of its own; ends also when the supervisor has died."""
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    with bound_to(host, port) as sock:
        if not run_server(
            host, port, lambda _: pipe.send("ready"), stop_seconds=stop_seconds, log_level=log_level, sockets=[sock]
        ):
            sys.exit(1)


def _end_with(pipe: Connection) -> None:
    """End this process in order when the other end of the pipe is closed, which the supervisor never does while it lives."""
    try:
        pipe.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)


def reserve(host: str, port: int) -> socket.socket:
    """Bind a port for the workers without listening on it. Raises OSError where anybody has it already."""
    bound_to(host, port, shared=False).close()  # with SO_REUSEPORT alone two services could share a port unnoticed
    return bound_to(host, port)


def bound_to(host: str, port: int, *, shared: bool = True) -> socket.socket:
    """Make a socket bound to a port, ``shared`` with others of this user (SO_REUSEPORT)."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock


def supervise(host: str, port: int, count: int, ready: Callable[[int], None], settings: Settings, log_level: str) -> bool:
    """Run workers until stopped; False where they could not start or did not end in order."""
    configure(settings.log_level)
    return Workers(host, port, count, ready, settings, log_level).run()
