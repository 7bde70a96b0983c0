"""SIGTERM: readiness off, no new work, streams closed with a last message, begun work finished, gone within ten seconds."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.composition import opened
from tests.serving.conftest import POSTGRES, SQLITE, Place
from tests.serving.connection import Connect
from tests.support.client import RECEIVE, V1
from tests.support.postgres_server import PostgresServer, send

pytestmark = pytest.mark.anyio

BODY = json.dumps(RECEIVE).encode()
WITHIN = 300.0
"""Seconds after which a test gives up on a server that should end: no test measures time."""


async def until_refused(connect: Connect, url: str) -> None:
    """Return once the server says that it stops, to those who ask for its readiness and to those who bring work."""
    while True:
        ready = await (await connect(url)).ask("/readyz", {})
        if ready.status == 503:
            assert "stopping" in ready.json["detail"]
            return
        assert ready.status == 200


@pytest.mark.parametrize(
    ("place", "options"),
    [(SQLITE, ()), pytest.param(POSTGRES, (), marks=pytest.mark.long), (POSTGRES, ("--workers", "2"))],
    indirect=["place"],
    ids=["sqlite", "postgres", "postgres, two workers"],
)
async def test_what_had_begun_is_finished_and_nothing_else_is_begun(
    place: Place, connect: Connect, options: tuple[str, ...]
) -> None:
    service = await asyncio.to_thread(place.served, *options)
    clerk = place.bearer("li")
    begun, wall, late = [await connect(service.url) for _ in range(3)]
    assert (await late.ask("/healthz", {})).status == 200
    await begun.send(f"{V1}/tickets", clerk | {"idempotency-key": "k"}, BODY[:20], missing=len(BODY) - 20)
    await wall.send(f"{V1}/workload/stream?community=JX", clerk)
    assert (await wall.begun())[0] == 200
    assert b"event: snapshot" in await wall.piece()
    service.begin_stop()
    last = b""
    while piece := await wall.piece():
        last = piece
    assert b"event: closing" in last
    if not options:  # of two workers the one that nobody waits for ends at once
        await until_refused(connect, service.url)
        refused = await late.ask(f"{V1}/tickets", clerk, BODY)
        assert (refused.status, refused.headers["connection"], refused.headers["retry-after"]) == (503, "close", "1")
    await begun.rest(BODY[20:])
    done = await begun.reply()
    assert done.status == 201
    assert await asyncio.to_thread(service.ends, WITHIN) == 0
    async with opened(place.settings) as g:
        events = await g.store.read_log(0, 1000)
        assert [str(event.stream_id) for event in events if event.topic == "ticket.received"] == [done.json["id"]]


@pytest.mark.long
@pytest.mark.parametrize("place", [SQLITE, POSTGRES], indirect=True)
async def test_a_sender_who_never_ends_does_not_hold_the_server(place: Place, connect: Connect) -> None:
    service = await asyncio.to_thread(place.served, GONGDAN_STOP_SECONDS="4")
    begun = await connect(service.url)
    await begun.send(f"{V1}/tickets", place.bearer("li"), BODY[:20], missing=len(BODY) - 20)
    service.begin_stop()
    assert await asyncio.to_thread(service.ends, WITHIN) in (0, 1)  # 1: closing took long, too


@pytest.mark.long
async def test_a_frozen_database_does_not_hold_the_server(
    place: Place, connect: Connect, postgres_server: PostgresServer
) -> None:
    service = await asyncio.to_thread(place.served, GONGDAN_DEADLINE="1", GONGDAN_STOP_SECONDS="60")
    waiting = await connect(service.url)
    with frozen(postgres_server):
        await waiting.send(f"{V1}/tickets", place.bearer("li"), BODY)
        service.begin_stop()
        assert (await waiting.reply()).status == 503
        assert await asyncio.to_thread(service.ends, WITHIN) in (0, 1)


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Suspend the tests' own PostgreSQL: the process that accepts connections, and each that serves one."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    pids = [server.pid, *map(int, children)]
    send(signal.SIGSTOP, pids)
    try:
        yield
    finally:
        send(signal.SIGCONT, pids)
