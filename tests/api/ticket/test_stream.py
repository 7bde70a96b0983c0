"""The live workload over a real server: a snapshot, then changes; the server stops though streams are open."""

import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from adapters.system.system import SystemClock
from tests.support.client import RECEIVE, V1, problem
from tests.support.estates.api_estate import open_estate, settings_in
from tests.support.server import Server

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def client(served: tuple[Server, dict[str, str]], login: str) -> AsyncIterator[httpx2.AsyncClient]:
    server, tokens = served
    headers = {"Authorization": f"Bearer {tokens[login]}"}
    async with httpx2.AsyncClient(base_url=server.url + V1, headers=headers, timeout=60) as http:
        yield http


class Events:
    """Server-sent events as they come."""

    def __init__(self, response: httpx2.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next event with its data parsed; pings are passed over."""
        found: dict[str, Any] = {}
        with anyio.fail_after(60):
            async for line in self._lines:
                if not line and "data" in found:
                    return found
                name, _, value = line.partition(": ")
                if name in ("event", "id", "data"):
                    found[name] = json.loads(value) if name == "data" else value
        raise AssertionError("the stream ended")


@asynccontextmanager
async def stream(http: httpx2.AsyncClient, community: str = "JX") -> AsyncIterator[Events]:
    async with http.stream("GET", f"/workload/stream?community={community}") as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Events(response)


async def test_a_snapshot_then_changes(served: tuple[Server, dict[str, str]]) -> None:
    async with client(served, "li") as li, client(served, "zhong") as zhong, stream(zhong) as events:
        snapshot = await events.next()
        assert snapshot["event"] == "snapshot"
        before = snapshot["data"]["total"]
        assert snapshot["id"] == str(snapshot["data"]["position"])
        made = await li.post("/tickets", json=RECEIVE)
        change = await events.next()
        assert change["event"] == "change"
        assert change["data"]["total"] == before + 1
        assert int(change["id"]) >= int(made.headers["gongdan-position"])
        assert made.json()["id"] in [item["id"] for item in change["data"]["items"]]
        assert "13812345678" not in json.dumps(change["data"])
        async with stream(zhong) as again:
            assert (await again.next())["event"] == "snapshot"


async def test_a_stuck_reader_holds_nobody(served: tuple[Server, dict[str, str]]) -> None:
    server, tokens = served
    stuck = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
    for connection in stuck:
        request = f"GET {V1}/workload/stream?community=JX HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tokens['chen']}\r\n\r\n"
        connection.sendall(request.encode())
    try:
        async with client(served, "li") as li, stream(li) as events:
            total = (await events.next())["data"]["total"]
            for i in range(1, 21):
                assert (await li.post("/tickets", json=RECEIVE)).status_code == 201
                while (await events.next())["data"]["total"] < total + i:
                    pass
    finally:
        for connection in stuck:
            connection.close()


async def test_who_may_no_longer_read_hears_no_more(served: tuple[Server, dict[str, str]]) -> None:
    async with client(served, "root") as root, client(served, "wang") as wang, client(served, "li") as li:
        token = (await root.post("/tokens", json={"login": "wang"})).json()
        headers = {"Authorization": f"Bearer {token['token']}"}
        async with wang.stream("GET", "/workload/stream?community=JX", headers=headers) as response:
            events = Events(response)
            assert (await events.next())["event"] == "snapshot"
            assert (await root.post(f"/tokens/{token['id']}/revoke")).status_code == 200
            await li.post("/tickets", json=RECEIVE)
            with pytest.raises(AssertionError, match="the stream ended"):
                await events.next()


async def test_strangers_get_no_stream(served: tuple[Server, dict[str, str]]) -> None:
    async with client(served, "yun") as yun:
        assert problem(await yun.get("/workload/stream?community=JX")) == "not-found"
        assert problem(await yun.get("/workload/stream?community=YH", headers={"Authorization": "x"})) == "unauthenticated"


async def test_the_server_stops_though_a_stream_is_open(tmp_path: Path) -> None:
    async with open_estate(settings_in(tmp_path), SystemClock()) as estate:
        tokens = estate.tokens
    server = Server(tmp_path)
    try:
        await server.ready()
        async with client((server, tokens), "li") as li, stream(li) as events:
            await events.next()
            assert await anyio.to_thread.run_sync(server.interrupted) in (0, -signal.SIGINT, 130)
            assert "graceful shutdown exceeded" not in server.log.read_text()
    finally:
        server.stop()
