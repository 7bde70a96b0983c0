"""Several processes on one PostgreSQL: what one changes holds in the others at the next request; one that dies is replaced."""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.composition import opened
from tests.faults.service import Service
from tests.serving.conftest import Place
from tests.serving.connection import Connect, Connection, Reply
from tests.support.client import RECEIVE, V1

pytestmark = pytest.mark.anyio

CONNECTIONS = 24
"""Connections that are opened so that both of two workers have some; all at one happens once in 8 million runs."""


async def ask(connection: Connection, place: Place, login: str, path: str, body: object = None) -> Reply:
    """Read as a person, or write where there is a body."""
    raw = None if body is None else json.dumps(body).encode()
    return await connection.ask(V1 + path, place.bearer(login), raw)


async def everywhere(connections: Sequence[Connection], place: Place, login: str, path: str) -> set[int]:
    """The statuses that a person's read gets over all connections."""
    return {(await ask(one, place, login, path)).status for one in connections}


def workers_of(service: Service) -> set[int]:
    """Process ids of the workers: children of the supervisor that run Python's spawned entry."""
    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()
    found = set()
    for pid in children:
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and b"spawn_main" in command.read_bytes():
            found.add(int(pid))
    return found


async def test_revocation_roles_and_erasure_hold_in_every_worker_at_the_next_request(place: Place, connect: Connect) -> None:
    service = await asyncio.to_thread(place.served, "--workers", "2")
    assert len(workers_of(service)) == 2
    one, *others = connections = [await connect(service.url) for _ in range(CONNECTIONS)]
    ticket = (await ask(one, place, "li", "/tickets", RECEIVE)).json["id"]
    assert await everywhere(connections, place, "li", f"/tickets/{ticket}") == {200}
    assert await everywhere(connections, place, "yun", f"/tickets/{ticket}") == {404}
    given = await ask(one, place, "root", "/grants", {"login": "yun", "role": "assistant", "community": "JX"})
    assert given.status == 201
    assert await everywhere(others, place, "yun", f"/tickets/{ticket}") == {200}
    ended = await ask(one, place, "root", f"/grants/{given.json['id']}/end", {"to": "2020-01-01"})
    assert ended.status == 200
    assert await everywhere(others, place, "yun", f"/tickets/{ticket}") == {404}

    assert await everywhere(connections, place, "wu", "/communities") == {200}
    token = (await ask(one, place, "wu", "/tokens")).json["items"][0]
    assert (await ask(one, place, "root", f"/tokens/{token['id']}/revoke", {})).status == 200
    assert await everywhere(others, place, "wu", "/communities") == {401}

    asked = (await ask(one, place, "wang", "/subjects/erase", {"ticket": ticket, "reason": "request"})).json
    assert (await ask(one, place, "si", f"/approvals/{asked['id']}/approve", {})).status == 200
    shown = {(await ask(each, place, "li", f"/tickets/{ticket}")).json["description"] for each in others}
    assert shown == {"erased"}

    counts = {await counted(each, "/api/v1/communities", "401") for each in others}
    assert counts == {float(len(others))}, "every worker answers for all"


async def counted(connection: Connection, route: str, status: str) -> float:
    """How many requests of a route were answered with a status, by the metrics."""
    text = (await connection.ask("/metrics", {})).body.decode()
    wanted = f'gongdan_requests_total{{method="GET",route="{route}",status="{status}"}} '
    return sum(float(line.removeprefix(wanted)) for line in text.splitlines() if line.startswith(wanted))


async def test_a_worker_that_dies_is_replaced_and_another_follows(place: Place, connect: Connect) -> None:
    service = await asyncio.to_thread(place.served, "--workers", "2")
    before = workers_of(service)
    first = await received(connect, service, place)
    follower = await follower_of(place, first)
    assert follower in before
    os.kill(follower, signal.SIGKILL)
    second = await received(connect, service, place)
    assert await follower_of(place, second) != follower
    while len(after := workers_of(service)) < 2:  # noqa: ASYNC110 (processes have no event)
        await asyncio.sleep(0.02)
    assert len(after - before) == 1
    assert follower not in after
    service.begin_stop()
    assert await asyncio.to_thread(service.ends, 300) == 0


async def received(connect: Connect, service: Service, place: Place) -> int:
    """Position of a new ticket. A connection to a worker that died is opened again."""
    while True:
        try:
            answer = await ask(await connect(service.url), place, "li", "/tickets", RECEIVE)
        except (OSError, asyncio.IncompleteReadError):
            continue
        assert answer.status == 201
        return int(answer.headers["gongdan-position"])


async def follower_of(place: Place, position: int) -> int:
    """Process id of the runner that brought the read models to a position."""
    async with opened(place.settings) as g:
        for status in await g.projections.status():
            assert await g.projections.wait_for(status.name, position, 120)
        holders = {status.holder for status in await g.projections.status()}
    [holder] = holders
    return int(holder.split("-")[0])


async def forever(connection: Connection) -> None:
    """Ask until the connection is closed."""
    while True:
        await connection.ask("/healthz", {})


@pytest.mark.long
async def test_workers_end_when_their_supervisor_is_killed(place: Place, connect: Connect) -> None:
    service = await asyncio.to_thread(place.served, "--workers", "2")
    connections = [await connect(service.url) for _ in range(CONNECTIONS)]
    for one in connections:
        assert (await one.ask("/healthz", {})).status == 200
    service.kill()
    for one in connections:
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await forever(one)


@pytest.mark.long
async def test_a_port_that_somebody_has_is_refused(place: Place, connect: Connect) -> None:
    service = await asyncio.to_thread(place.served, "--workers", "2")
    other = Service(place.environment, place.folder, "--workers", "2", "--port", str(service.port))
    with pytest.raises(AssertionError, match="in use"):
        await asyncio.to_thread(other.start)
