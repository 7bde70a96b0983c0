"""Servers over one store: two simulated processes that are killed, stopped and started again, each with a clock of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from adapters.composition import Gongdan, opened
from adapters.simulation.company.timing import SeededIds
from adapters.system.settings import Settings
from tests.seeds.faults import FaultyOpener, Weather
from tests.seeds.loop import Host, kill

T = TypeVar("T")

DRAIN = 10.0
"""Seconds that a stopping server waits for its requests."""


class Lost(Exception):
    """The server ended before it answered."""


@dataclass
class Wall:
    """The wall clock: goes with the loop's time, and jumps to later moments that a run sets. ``frozen``: it stands still."""

    moment_at_zero: datetime
    frozen: datetime | None = None

    def now(self) -> datetime:
        """The present moment, in UTC."""
        if self.frozen is not None:
            return self.frozen
        return self.moment_at_zero + timedelta(microseconds=round(asyncio.get_running_loop().time() * 1e6))

    @property
    def moment(self) -> datetime:
        """The present moment."""
        return self.now()

    @moment.setter
    def moment(self, later: datetime) -> None:
        self.moment_at_zero += max(later.astimezone(UTC) - self.now(), timedelta(0))


@dataclass(frozen=True)
class Skewed:
    """The clock of one machine, a little ahead of the wall clock or behind."""

    wall: Wall
    skew: timedelta

    def now(self) -> datetime:
        """The moment by this machine."""
        return self.wall.now() + self.skew


@dataclass(eq=False)
class Server:
    """One life of a server process. ``gongdan`` is there while it serves; ``serves`` is set when that begins."""

    name: str
    settings: Settings
    clock: Skewed
    random: Random
    weather: Weather
    serves: asyncio.Event = field(default_factory=asyncio.Event)
    gongdan: Gongdan | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.host = Host(self.name)
        self.opener = FaultyOpener(self.weather, self.die, self.suspend)
        self.died = asyncio.Event()
        self._requests: set[asyncio.Task[None]] = set()

    async def live(self) -> bool:
        """Serve until stopped (True) or killed, or until the store can't be opened."""
        serving = self.host.begin(self._serve(), f"{self.name} serves")
        dying = asyncio.ensure_future(self.died.wait())
        await asyncio.wait([serving, dying], return_when=asyncio.FIRST_COMPLETED)
        killed = dying.done()
        dying.cancel()
        await kill(self.host)
        for database in self.opener.opened:
            database.abandon()
        self.gongdan = None
        return not killed and not serving.cancelled() and serving.exception() is None

    def die(self) -> None:
        """End at once, as by SIGKILL."""
        self.host.alive = False
        self.died.set()

    def suspend(self, seconds: float) -> None:
        """Do nothing for a while, as after SIGSTOP; the leases may expire meanwhile."""
        self.host.wakes_at = asyncio.get_running_loop().time() + seconds

    async def _serve(self) -> None:
        ids = SeededIds(self.clock, self.random)
        async with opened(self.settings, self.clock, ids, entropy=self.random.randbytes, opener=self.opener) as gongdan:
            await gongdan.attachments.sweep()
            await gongdan.sign_ins.sweep()
            await gongdan.projections.start(gongdan.processes)
            self.gongdan = gongdan
            self.serves.set()
            await self.stopping.wait()
            self.gongdan = None
            if self._requests:
                await asyncio.wait(self._requests, timeout=DRAIN)

    async def call(self, work: Callable[[Gongdan], Awaitable[T]]) -> T:
        """Run a request in the process. Raises what the request raises, and Lost where the process ends first."""
        gongdan = self.gongdan
        if gongdan is None or not self.host.alive:
            raise Lost
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            try:
                result = await work(gongdan)
            except Exception as error:
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(result)

        def ended(_: object) -> None:
            if not answer.done():
                answer.set_exception(Lost())

        request = self.host.begin(run(), f"{self.name} request")
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)
        request.add_done_callback(ended)
        return await answer


@dataclass(eq=False)
class Cluster:
    """Two servers over one store, always started again; ``clock`` is the wall clock of both machines."""

    settings: Settings
    wall: Wall
    random: Random
    weather: Weather
    size: int = 2
    starts: int = 0
    kills: int = 0

    def __post_init__(self) -> None:
        self.servers: dict[int, Server] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._ending = False
        self._served = asyncio.Event()

    async def start(self) -> None:
        """Start the servers; returns when one serves."""
        self._keepers = [asyncio.ensure_future(self._keep(slot)) for slot in range(self.size)]
        await self.any()

    def serving(self) -> list[Server]:
        """The servers that take requests now."""
        return [server for _, server in sorted(self.servers.items()) if server.gongdan is not None]

    async def any(self) -> Server:
        """A server, drawn; waits until there is one."""
        while not self.serving():
            self._served.clear()
            await self._served.wait()
        return self.random.choice(self.serving())

    async def stop(self) -> None:
        """Stop every server as SIGTERM does, for good."""
        self._ending = True
        for server in self.servers.values():
            server.stopping.set()
        await asyncio.gather(*self._keepers)

    async def _keep(self, slot: int) -> None:
        skew = timedelta(milliseconds=self.random.randint(-800, 800))
        while not self._ending:
            self.starts += 1
            name = f"server {slot}.{self.starts}"
            own = Random(self.random.getrandbits(64))
            server = self.servers[slot] = Server(name, self.settings, Skewed(self.wall, skew), own, self.weather, self._served)
            self.kills += not await server.live()
            await asyncio.sleep(self.random.choice((0.01, 0.5, 8.0)))
