"""The runner of the follower: holds the leases, takes the members, follows the log, and yields when fenced."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress

from adapters.projecting.folding.following import MAKE_WAY, NEWEST, Following, Kind, Member, Pauses, error_text
from adapters.projecting.folding.streams import Streams
from adapters.projecting.tables.fences import Fenced
from domain.kernel.errors import Overloaded
from domain.kernel.ports import EventLog

LINGER = 0.02
"""Seconds to wait for more events under load, so that one commit serves many commands."""

AT_ONCE = 0.002
"""The log is under load where its next event is there within so many seconds of a commit."""

SETTLE = 1.0
"""Seconds to wait for first builds before following begins; a set that takes longer joins when it is ready."""


class Runner:
    """Runs members of several kinds until cancelled. ``idle``: seconds between checks while no event arrives."""

    def __init__(self, kinds: Sequence[Kind], log: EventLog, streams: Streams, *, idle: float) -> None:
        self._kinds = kinds
        self._log = log
        self._streams = streams
        self._idle = idle
        self._pauses = Pauses()
        self._led: list[Kind] = []

    async def run(self) -> None:
        """Follow the log for ever; an error is recorded and the work retried."""
        beside = [asyncio.ensure_future(work()) for kind in self._kinds for work in kind.beside()]
        try:
            if beside:
                await asyncio.wait(beside, timeout=SETTLE)
            while True:
                try:
                    await self._lead()
                except Fenced:
                    await asyncio.sleep(MAKE_WAY)
                except Exception as error:
                    await self._troubled(error)
        finally:
            for task in beside:
                task.cancel()
            if beside:
                await asyncio.wait(beside)
            for kind in self._kinds:
                kind.lead([])
                with suppress(Overloaded):
                    await kind.leases.release(kind.lease)

    async def catch_up(self) -> bool:
        """Run one kind to the end of the log and the present moment; False where another runner holds the lease.

        Raises Fenced where another runner takes the members in the meantime.
        """
        [kind] = self._kinds
        if not await kind.leases.acquire(kind.lease):
            return False
        try:
            members = await kind.take()
            if members:
                following = Following(self._log, self._streams, [(kind, member) for member in members], patient=False)
                try:
                    await following.gather()
                    while await following.advance(NEWEST):
                        if not await kind.leases.acquire(kind.lease):
                            raise Fenced
                finally:
                    await following.stop()
        finally:
            await kind.leases.release(kind.lease)
        return True

    async def _lead(self) -> None:
        """Follow with the kinds whose lease is free; the others are tried again every ``idle`` seconds."""
        led = self._led = []
        members: list[tuple[Kind, Member]] = []
        for kind in self._kinds:
            if not await kind.leases.acquire(kind.lease):
                continue
            led.append(kind)
            taken = await kind.take()
            if taken:
                members += [(kind, member) for member in taken]
            else:
                led.remove(kind)
                await kind.leases.release(kind.lease)
        if not members:
            await asyncio.sleep(self._idle)
            return
        following = Following(self._log, self._streams, members)
        for kind in led:
            kind.lead([member for of, member in members if of is kind])
        try:
            await following.gather()
            await self._follow(following, led)
        finally:
            for kind in led:
                kind.lead([])
            await following.stop()

    async def _follow(self, following: Following, led: Sequence[Kind]) -> None:
        loop = asyncio.get_running_loop()
        seen, ended = loop.time(), 0.0
        async with aclosing(self._log.appended(following.position, self._idle)) as heads:  # type: ignore[type-var]
            async for head in heads:
                began = loop.time()
                if head > following.position and began - ended < AT_ONCE:
                    await asyncio.sleep(LINGER)
                while True:
                    for kind in led:
                        if not await kind.leases.acquire(kind.lease):
                            raise Fenced
                    if not await following.advance(head):
                        break
                    self._pauses.reset()
                ended = loop.time()
                if ended >= seen + self._idle:
                    if not await following.are_held():
                        raise Fenced
                    if len(led) < len(self._kinds):
                        return
                    seen = ended

    async def _troubled(self, error: Exception) -> None:
        """Record an error that no single member causes, such as an unreachable database, and wait longer each time."""
        for kind in self._led:
            with suppress(Exception):
                await kind.trouble([], error_text(error))
        await self._pauses.wait()
