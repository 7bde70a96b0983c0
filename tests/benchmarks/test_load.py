"""The clients of the benchmarks: closed and open loops, and what an open workbench is taken to have seen."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.benchmarks.http.client import Client, Load
from tests.benchmarks.http.workbenches import MISSED, Workbench, latencies

pytestmark = pytest.mark.anyio


class Answering(asyncio.Protocol):
    """A server that keeps each request and answers it; every fourth with 503."""

    asked: list[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.asked.append(data)
        status = b"503 Busy" if len(self.asked) % 4 == 0 else b"200 OK"
        head = b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n"
        self.transport.write(head)  # an answer may come in pieces
        self.transport.write(b"\r\n{}")


@pytest.fixture
async def asked() -> AsyncIterator[tuple[int, list[bytes]]]:
    requests: list[bytes] = []
    kind = type("Server", (Answering,), {"asked": requests})
    server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], requests


async def test_a_closed_loop_counts_good_answers_and_refusals(asked: tuple[int, list[bytes]]) -> None:
    port, requests = asked
    head = "POST /note HTTP/1.1\nIdempotency-Key: {key}"
    figures = await Client(Load(port, 3, 1.0, [(head, "水管")])).run()
    assert set(figures.statuses) == {"200", "503"}
    assert figures.rate == figures.statuses["200"] / figures.seconds
    assert figures.refused == {"503": figures.statuses["503"]}
    assert len(figures.latencies) <= len(requests) <= len(figures.latencies) + 3
    assert len(set(requests)) == len(requests)  # each has a key of its own
    assert requests[0].endswith("Content-Length: 6\r\n\r\n水管".encode())


async def test_an_open_loop_sends_at_its_rate_however_many_clients(asked: tuple[int, list[bytes]]) -> None:
    port, requests = asked
    figures = await Client(Load(port, 2, 0.5, [("GET / HTTP/1.1", "")], rate=100.0, warm=0.1)).run()
    assert 58 <= len(requests) <= 61
    assert 49 <= len(figures.latencies) <= 51  # those of the warm-up are left out


async def test_a_workbench_has_seen_the_positions_of_its_messages() -> None:
    wall = Workbench()
    for part in (b"id: 12\r\ndata: x\r\n\r\nid: 1", b"5\r\ndata: y", b"\r\n\r\ni", b"d: 20\r\n"):
        wall.data_received(part)
    assert [position for position, _ in wall.seen] == [12, 15, 20]


async def test_a_repaint_counts_from_when_its_command_was_due() -> None:
    wall = Workbench()
    wall.seen = [(5, 1.0), (9, 2.0)]
    sent = [(0.5, 4, 200), (0.6, 9, 200), (0.7, 10, 200), (0.55, 6, 200)]
    assert latencies(wall, sent) == [500.0, 1450.0, 1400.0, MISSED]
