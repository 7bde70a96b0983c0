"""The client process: HTTP/1.1 on kept-open connections to loopback. Reads its :class:`Load` as JSON, writes its figures as JSON.

A closed loop (``rate`` 0) sends a client's next request when its last was answered. An open loop sends at fixed moments,
however slow the answers are, and counts a latency from the moment at which the request was due, so that waiting is not left out.
"""

import asyncio
import json
import secrets
import sys
from collections import deque
from dataclasses import asdict, dataclass, field
from random import Random
from time import perf_counter

GIVEN_UP = 120.0
"""Seconds after the end in which outstanding answers may still arrive."""


@dataclass
class Load:
    """What to send to a port of this machine. ``{key}`` in a head is replaced by a new text each time."""

    port: int
    clients: int
    seconds: float
    requests: list[tuple[str, str]]
    """Heads (request line and headers) and bodies; each time one of them is drawn."""
    rate: float = 0.0
    warm: float = 0.0
    """Seconds before the figures count."""
    seed: int = 7


@dataclass
class Figures:
    """``latencies`` in ms, one an answer; ``statuses``: answers by status; ``seconds`` that they took."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Good answers (2xx) a second."""
        return sum(n for status, n in self.statuses.items() if status.startswith("2")) / self.seconds

    @property
    def refused(self) -> dict[str, int]:
        """Other answers, by status."""
        return {status: n for status, n in self.statuses.items() if not status.startswith("2")}


class Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[int] | None = None
        self._buffer = bytearray()
        self._needed = -1
        self._status = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._needed < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            self._status = int(head[9:12])
            place = head.find(b"content-length:")
            if place < 0:
                raise ValueError(f"an answer without its length: {head!r}")
            self._needed = end + 4 + int(head[place + 15 :].split(b"\r\n", 1)[0])
        if len(self._buffer) >= self._needed:
            del self._buffer[: self._needed]
            self._needed = -1
            answer, self.answer = self.answer, None
            if answer is not None and not answer.done():
                answer.set_result(self._status)

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(0)

    async def ask(self, request: bytes) -> int:
        """Send a request; returns the status, 0 where the connection broke."""
        if self.transport.is_closing():
            return 0
        self.answer = answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await answer


class Client:
    """All connections of one load."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.figures = Figures()
        self._random = Random(load.seed)
        self._made = [self._ready(head, body.encode()) for head, body in load.requests]

    @staticmethod
    def _ready(head: str, body: bytes) -> tuple[list[bytes], bytes]:
        parts = head.replace("\n", "\r\n").split("{key}")
        length = f"\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        parts[-1] += length
        return [part.encode() for part in parts], body

    def request(self) -> bytes:
        """The next request."""
        parts, body = self._random.choice(self._made)
        return secrets.token_hex(12).encode().join(parts) + body

    async def run(self) -> Figures:
        """Send until the time is up."""
        loop = asyncio.get_running_loop()
        made = [await loop.create_connection(Connection, "127.0.0.1", self.load.port) for _ in range(self.load.clients)]
        connections = [connection for _, connection in made]
        begun = perf_counter() + self.load.warm
        until = begun + self.load.seconds
        run = self._open_loop(connections, begun, until) if self.load.rate else self._closed_loop(connections, begun, until)
        await asyncio.wait_for(run, self.load.warm + self.load.seconds + GIVEN_UP)
        self.figures.seconds = self.load.seconds
        for transport, _ in made:
            transport.close()
        return self.figures

    async def _closed_loop(self, connections: list[Connection], begun: float, until: float) -> None:
        async def client(connection: Connection) -> None:
            while (sent := perf_counter()) < until:
                status = await connection.ask(self.request())
                if begun <= (now := perf_counter()) <= until:
                    self._note(status, now - sent)
                if status == 0:
                    return

        await asyncio.gather(*(client(connection) for connection in connections))

    async def _open_loop(self, connections: list[Connection], begun: float, until: float) -> None:
        idle, waiting = deque(connections), deque[float]()
        pending: set[asyncio.Task[None]] = set()

        async def serve(connection: Connection, due: float) -> None:
            while True:
                status = await connection.ask(self.request())
                if due >= begun:
                    self._note(status, perf_counter() - due)
                if not waiting:
                    break
                due = waiting.popleft()
            idle.append(connection)

        due = begun - self.load.warm
        while due < until:
            if (ahead := due - perf_counter()) > 0:
                await asyncio.sleep(ahead)
            if idle:
                task = asyncio.ensure_future(serve(idle.popleft(), due))
                pending.add(task)
                task.add_done_callback(pending.discard)
            else:
                waiting.append(due)
            due += 1 / self.load.rate
        await asyncio.gather(*pending)

    def _note(self, status: int, took: float) -> None:
        self.figures.latencies.append(round(1000 * took, 3))
        name = str(status)
        self.figures.statuses[name] = self.figures.statuses.get(name, 0) + 1


def main() -> None:
    """Run the load read from the standard input."""
    import uvloop

    load = Load(**json.load(sys.stdin))
    figures = uvloop.run(Client(load).run())
    json.dump(asdict(figures), sys.stdout)


if __name__ == "__main__":
    main()
