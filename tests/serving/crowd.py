"""A crowd of clients over loopback, each on a connection of its own, which send one command after the other.

A client that is refused comes again after the time that the answer names, as HTTP asks it to; a little is added by chance, so
that those who were refused together do not come back together. Latencies are kept of the admitted and of the refused apart.
"""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from uuid import UUID

from tests.serving.connection import Connection
from tests.support.client import RECEIVE, V1

SPREAD = 0.5
"""Most seconds that a refused client adds to the time it was given."""


@dataclass
class Tally:
    """What the crowd saw. Times in seconds; ``keys``: the key of every command that was acknowledged, with its ticket."""

    statuses: Counter[int] = field(default_factory=Counter)
    admitted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    without_time: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Admitted commands a second."""
        return len(self.admitted) / self.seconds

    def quantile(self, part: float, *, refused: bool = False) -> float:
        """Seconds within which this part of the admitted, or of the refused, were answered; 0 where there were none."""
        times = sorted(self.refused if refused else self.admitted)
        return times[min(len(times) - 1, int(part * len(times)))] if times else 0.0


async def crowd(url: str, bearer: dict[str, str], clients: int, seconds: float, seed: int = 1) -> Tally:
    """Let so many clients send commands for so many seconds; each ends its last one, refused or not."""
    tally = Tally()
    draw = random.Random(seed)
    connections = [await Connection.to(url) for _ in range(clients)]
    began = perf_counter()
    until = began + seconds
    await asyncio.gather(*(_client(one, bearer, until, tally, random.Random(draw.random())) for one in connections))
    tally.seconds = perf_counter() - began
    for one in connections:
        await one.close()
    return tally


async def _client(connection: Connection, bearer: dict[str, str], until: float, tally: Tally, draw: random.Random) -> None:
    body = json.dumps(RECEIVE).encode()
    key = ""
    while perf_counter() < until:
        key = key or str(UUID(int=draw.getrandbits(128), version=4))
        began = perf_counter()
        answer = await connection.ask(f"{V1}/tickets", bearer | {"idempotency-key": key}, body)
        took = perf_counter() - began
        tally.statuses[answer.status] += 1
        if answer.status == 503:
            tally.refused.append(took)
            tally.without_time += "retry-after" not in answer.headers
            await asyncio.sleep(float(answer.headers.get("retry-after", "1")) + draw.uniform(0, SPREAD))
        else:
            tally.admitted.append(took)
            if answer.status == 201:
                tally.keys[key] = answer.json["id"]
            key = ""
