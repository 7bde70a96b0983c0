"""The wall process: hundreds of open workbenches (SSE) and a few commands a second; reads JSON, writes latencies as JSON.

A repaint's latency counts from the moment a command was due until a workbench got a message whose id, a log position, includes
the command's. A workbench that misses a command until the end counts as :data:`MISSED`.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from contextlib import suppress
from time import perf_counter

from tests.benchmarks.http.client import Client, Connection, Load

ID = re.compile(rb"^id: (\d+)\r?\n", re.MULTILINE)
POSITION = re.compile(rb"(?i)gongdan-position: ?(\d+)")
REFUSED = b"HTTP/1.1 503"
AGAIN = 1.0
"""Seconds after which a workbench that was refused opens again, as a page does; each a little later than the one before."""
MISSED = 60_000.0
OPENED = 60.0
"""Seconds in which all workbenches have to show their first board."""
SETTLED = 10.0
"""Seconds after the last command in which messages still arrive."""


class Workbench(asyncio.Protocol):
    """One open stream; ``refused``: the server told it to come again."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []
        self.refused = False
        self._wanted, self._reached = 0, asyncio.Event()
        self._tail = b""

    async def reach(self, position: int) -> None:
        """Wait for a message that includes a position."""
        self._wanted = position
        if not self.seen or self.seen[-1][0] < position:
            self._reached.clear()
            await self._reached.wait()

    def data_received(self, data: bytes) -> None:
        if not self.seen and data.startswith(REFUSED):
            self.refused = True
            self._reached.set()
        text = self._tail + data
        found = ID.findall(text)
        if found:
            self.seen.append((int(found[-1]), perf_counter()))
            if self.seen[-1][0] >= self._wanted:
                self._reached.set()
        self._tail = text[text.rfind(b"\n") + 1 :]


class Writer(Connection):
    """A connection that keeps each answer's log position."""

    def __init__(self) -> None:
        super().__init__()
        self.position = 0

    def data_received(self, data: bytes) -> None:
        found = POSITION.search(bytes(self._buffer) + data)
        if found:
            self.position = int(found[1])
        super().data_received(data)


async def watched(load: Load, cookies: list[str], community: str, count: int) -> dict[str, object]:
    """Open the workbenches, send the commands, and wait until every workbench has seen the last."""
    loop = asyncio.get_running_loop()
    walls: list[Workbench] = []

    async def open_one(n: int) -> None:
        while True:
            transport, wall = await loop.create_connection(Workbench, "127.0.0.1", load.port)
            address = f"GET /workbench/live?community={community} HTTP/1.1"
            transport.write(f"{address}\r\nHost: localhost\r\nCookie: {cookies[n % len(cookies)]}\r\n\r\n".encode())
            await wall.reach(0)
            if not wall.refused:
                walls.append(wall)
                return
            transport.close()
            await asyncio.sleep(AGAIN * (1 + n / count))

    try:
        await asyncio.wait_for(asyncio.gather(*(open_one(n) for n in range(count))), OPENED)
    except TimeoutError:
        raise SystemExit(f"{len(walls)} of {count} workbenches opened in {OPENED:.0f} s") from None
    print("open", file=sys.stderr, flush=True)
    client, sent = Client(load), list[tuple[float, int, int]]()
    idle = asyncio.Queue[Writer]()
    for _ in range(load.clients):
        idle.put_nowait((await loop.create_connection(Writer, "127.0.0.1", load.port))[1])

    async def command(due: float) -> None:
        writer = await idle.get()
        status = await writer.ask(client.request())
        sent.append((due, writer.position, status))
        idle.put_nowait(writer)

    begun, tasks = perf_counter() + 0.2, []
    for n in range(int(load.rate * load.seconds)):
        due = begun + n / load.rate
        await asyncio.sleep(max(0.0, due - perf_counter()))
        tasks.append(asyncio.ensure_future(command(due)))
    await asyncio.gather(*tasks)
    last = max(position for _, position, _ in sent)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*(wall.reach(last) for wall in walls)), SETTLED)
    statuses = Counter(status for _, _, status in sent)
    admitted = [one for one in sent if one[2] == 200]
    return {"latencies": [late for wall in walls for late in latencies(wall, admitted)], "statuses": statuses}


def latencies(wall: Workbench, sent: list[tuple[float, int, int]]) -> list[float]:
    """For each command (due, position, status), the milliseconds until the workbench had it."""
    found, seen = [], iter(wall.seen)
    newest = next(seen, None)
    for due, position, _ in sorted(sent, key=lambda one: one[1]):
        while newest is not None and newest[0] < position:
            newest = next(seen, None)
        found.append(MISSED if newest is None else round(1000 * (newest[1] - due), 2))
    return found


def main() -> None:
    """Run the load read from the standard input."""
    import uvloop

    given = json.load(sys.stdin)
    load = Load(**given.pop("load"))
    json.dump(uvloop.run(watched(load, **given)), sys.stdout)


if __name__ == "__main__":
    main()
