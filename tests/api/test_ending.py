"""Reads end with their caller over HTTP: the client that leaves, the deadline, and a full queue of searches."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.types import ASGIApp, Message

from adapters.server.app import create_app
from adapters.store.database.database import SEARCHERS, WAITING
from tests.api.conftest import Template, client_of, opened_copy
from tests.store.test_ending import Endless
from tests.support.client import V1, Client, problem
from tests.support.estates.api_estate import Estate, follow

pytestmark = pytest.mark.anyio

SEARCH = {"community": "JX", "q": "漏水"}


@asynccontextmanager
async def all_searchers_busy(estate: Estate) -> AsyncIterator[None]:
    """Hold every connection for searches."""
    assert estate.gongdan.store.database is not None
    held = [Endless(estate.gongdan.store.database, "searches") for _ in range(SEARCHERS)]
    try:
        for one in held:
            await one.begun()
        yield
    finally:
        for one in held:
            await one.leave()


class Caller:
    """A client that asks and may leave before the answer."""

    def __init__(self, app: ASGIApp, estate: Estate, path: str, query: str) -> None:
        self._left = asyncio.Event()
        self._asked = asyncio.Event()
        self.sent: list[Message] = []
        headers = [(name.lower().encode(), value.encode()) for name, value in estate.bearer("chen").items()]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("test", 80),
        }  # fmt: skip
        self.served = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if not self._asked.is_set():
            self._asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        """Close the connection."""
        self._left.set()


def searching(estate: Estate, how_many: int) -> list[Caller]:
    """Clients of one server that search."""
    app = create_app(estate.gongdan)
    return [Caller(app, estate, f"{V1}/tickets", urlencode(SEARCH)) for _ in range(how_many)]


async def test_searches_stall_no_reader_are_refused_in_time_and_are_given_up_with_their_clients(live: Client) -> None:
    async with all_searchers_busy(live.estate):
        callers = searching(live.estate, WAITING + 5)
        refused: set[asyncio.Future[None]] = set()
        waiting = {caller.served for caller in callers}
        while len(refused) < 5:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            refused |= done
        for caller in callers:
            if caller.served in refused:
                head, *_ = caller.sent
                assert head["status"] == 503
                assert b"retry-after" in dict(head["headers"])
        assert (await live.get("chen", "/workload", community="JX")).status_code == 200
        for caller in callers:
            caller.leave()
        await asyncio.wait(waiting)
        assert all(caller.sent == [] for caller in callers if caller.served in waiting)
    assert (await live.get("chen", "/tickets", **SEARCH)).status_code == 200


async def test_a_read_is_given_up_at_its_deadline(template: Template, tmp_path: Path) -> None:
    async with opened_copy(template, tmp_path, read_seconds=0.3) as estate, client_of(estate) as client:
        await follow(estate.gongdan)
        async with all_searchers_busy(estate):
            answer = await client.get("chen", "/tickets", **SEARCH)
            assert (answer.status_code, problem(answer)) == (503, "overloaded")
            assert "retry-after" in answer.headers
