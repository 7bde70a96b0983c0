"""Live updates: how long after a clerk's command another person's workbench changes, from process to process."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx2

from adapters.composition import make_new, opened
from adapters.system.system import SystemClock
from tests.benchmarks.frame import Bench, Row
from tests.support.estates.api_estate import Estate, populate, settings_in
from tests.support.server import Server

OPEN, ROUNDS = 200, 20
"""Number of tickets on the board, and of timed calls."""
CALL = {"community": "JX", "channel": "phone", "description": "楼道灯不亮", "location": {"area": "A1", "building": "3"}}


async def rows(bench: Bench) -> list[Row]:
    """The slowest of the calls, against one second."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        settings, clock = settings_in(folder), SystemClock()
        await make_new(settings, "bench", clock)
        async with opened(settings, clock) as g:
            estate = Estate(g, clock)
            await populate(estate)
            secret = await g.sign_ins.begin("chen")
        server = Server(folder)
        try:
            await server.ready()
            slowest = await _slowest(server.url, secret, estate.bearer("li"))
        finally:
            server.stop()
    return [Row(f"workbench of another repaints, slowest of {ROUNDS}", 1000 * slowest, "ms", first=1000, at_most=True)]


async def _slowest(url: str, secret: str, clerk: dict[str, str]) -> float:
    cookies = {"gongdan": secret}
    async with httpx2.AsyncClient(base_url=url, timeout=60) as desk, httpx2.AsyncClient(base_url=url, cookies=cookies) as wall:
        for _ in range(OPEN):
            await _received(desk, clerk)
        async with wall.stream("GET", "/workbench/live", params={"community": "JX"}, timeout=60) as stream:
            lines, took = stream.aiter_lines(), []
            for _ in range(ROUNDS):
                begun = perf_counter()
                await _seen(lines, await _received(desk, clerk))
                took.append(perf_counter() - begun)
            return max(took)


async def _received(desk: httpx2.AsyncClient, clerk: dict[str, str]) -> str:
    answer = await desk.post("/api/v1/tickets", json=CALL, headers=clerk)
    number: str = answer.raise_for_status().json()["number"]
    return number


async def _seen(lines: AsyncIterator[str], number: str) -> None:
    async for line in lines:
        if number in line:
            return
