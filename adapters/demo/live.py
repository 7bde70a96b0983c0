"""Continue the demonstration in real time (``--live``): begun courses go on, and new requests arrive."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType

import structlog

from adapters.composition import Gongdan, opened
from adapters.demo.filling import Demo
from adapters.simulation.courses import arrivals
from adapters.simulation.simulation import Simulation
from domain.kernel.ports import Clock

log = structlog.get_logger()
GLANCE = 0.5
"""Seconds between two reads of the clock."""
ENDING = 10.0
"""Seconds to wait for the last step when the server ends."""


async def go_on(
    gongdan: Gongdan, simulation: Simulation, clock: Clock, pause: Callable[[], Awaitable[None]], ended: Callable[[], bool]
) -> int:
    """Carry out each step at its moment until ``ended()``; returns the number of steps done.

    A visitor of the demonstration may move a ticket of the simulation: a step refused for that reason ends its course.
    """
    player = simulation.player
    player.gongdan = gongdan
    for site in simulation.sites:
        player.begin(site, arrivals.without_end(site, clock.now().astimezone(site.zone)))
    done = 0
    while not ended():
        due = player.next_at
        if due is None or due > clock.now():
            await pause()
            continue
        try:
            refused = await player.step(refusals=True)
        except (AssertionError, LookupError) as surprise:
            log.debug("a course of the demonstration ended", why=repr(surprise))
            continue
        done += refused is None
    return done


class Live:
    """Context in which a filled demonstration continues in a thread."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gongdan-live", daemon=True)

    def __enter__(self) -> "Live":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(ENDING)

    def _run(self) -> None:
        asyncio.run(self._go_on())

    async def _go_on(self) -> None:
        async with opened(self._demo.settings) as gongdan:
            await go_on(gongdan, self._demo.simulation, gongdan.clock, _glance, self._ended.is_set)


async def _glance() -> None:
    await asyncio.sleep(GLANCE)
