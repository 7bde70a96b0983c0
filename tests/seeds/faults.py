"""Faults at the database port: refused, locked, slow, answered too late or not at all; processes killed or suspended.

The seed draws them, call by call. The store is a SQLite file. The faults are those of both databases: a lost answer and a
transaction run anew after a broken connection happen on PostgreSQL, a lock held by another process on SQLite.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import Any, NoReturn, TypeVar

from adapters.store.database.database import DEADLINE, Params, ReadLane, Row, Transaction, Unavailable, Work
from adapters.store.database.sqlite_database import SqliteDatabase

T = TypeVar("T")


class Fault(Enum):
    """What happens to one call of the database."""

    REFUSED = auto()
    """It fails at once; nothing happened."""
    LOCKED = auto()
    """It fails at its deadline; nothing happened."""
    SLOW = auto()
    """It takes up to twice its deadline, and succeeds."""
    ANEW = auto()
    """The transaction is rolled back once, and its function called again."""
    UNANSWERED = auto()
    """It is committed, and the answer is lost."""
    LATE = auto()
    """The caller gives up, and it is committed afterwards."""


READING = (Fault.REFUSED, Fault.LOCKED, Fault.SLOW)
WRITING = (*Fault,)
WEIGHTS = {Fault.REFUSED: 6, Fault.LOCKED: 1, Fault.SLOW: 1, Fault.ANEW: 4, Fault.UNANSWERED: 5, Fault.LATE: 2}
"""How often each fault happens against the others; those not named: once."""

LIFE = 400
"""Mean number of calls of the database after which a process is killed or, one time in four, suspended."""

SUSPENDED = (3.0, 20.0)
"""Seconds that a process is suspended (shortest, longest); its leases last five."""


@dataclass
class Weather:
    """How often the database fails: ``storm`` is the probability for a call, and changes every few seconds.

    Without ``bad`` nothing fails and nobody is killed.
    """

    random: Random
    storm: float = 0.0
    bad: bool = False

    async def blow(self, *, worst: float) -> None:
        """Change the weather again and again."""
        while True:
            await asyncio.sleep(self.random.expovariate(1 / 0.5))
            self.storm = self.random.choice((0.0, worst / 10, worst / 10, worst))

    def draw(self, faults: tuple[Fault, ...]) -> Fault | None:
        """Draw the fault of a call; None: none."""
        if not self.bad or self.random.random() >= self.storm:
            return None
        return self.random.choices(faults, [WEIGHTS.get(fault, 1) for fault in faults])[0]

    def lives(self) -> int:
        """Draw after how many calls something happens to a process."""
        return int(self.random.expovariate(1 / LIFE)) if self.bad else sys.maxsize


class Torn(Exception):
    """Raised in a transaction whose connection breaks before the commit."""


class FaultyDatabase(SqliteDatabase):
    """SQLite in the weather, opened by one process."""

    weather: Weather
    process: "FaultyOpener"

    async def read(self, sql: str, params: Params | None = None, *, within: float = DEADLINE) -> list[Row]:
        await self._reading(within)
        return await super().read(sql, params, within=within)

    async def snapshot(self, fn: Work[T], *, within: float = DEADLINE, lane: ReadLane = "reads") -> T:
        await self._reading(within)
        return await super().snapshot(fn, within=within, lane=lane)

    async def write(self, fn: Work[T], *, within: float = DEADLINE) -> T:
        if self.process.is_to_die():
            if self.weather.random.random() < 0.6:
                await super().write(fn, within=within)
            await self._died()
        fault = self.weather.draw(WRITING)
        if fault is Fault.UNANSWERED:
            await super().write(fn, within=within)
            raise Unavailable("the connection broke", outcome_unknown=True)
        if fault is Fault.LATE:
            late = asyncio.ensure_future(super().write(fn, within=within))
            late.add_done_callback(_unheard)
            raise Unavailable("no answer in time", outcome_unknown=True)
        if fault is Fault.ANEW:
            await self._torn(fn)
        elif fault is not None:
            await self._suffered(fault, within)
        return await super().write(fn, within=within)

    async def _reading(self, within: float) -> None:
        if self.process.is_to_die():
            await self._died()
        fault = self.weather.draw(READING)
        if fault is not None:
            await self._suffered(fault, within)

    async def _suffered(self, fault: Fault, within: float) -> None:
        match fault:
            case Fault.REFUSED:
                raise Unavailable("refused")
            case Fault.LOCKED:
                await asyncio.sleep(min(within, DEADLINE))
                raise Unavailable("the database is locked")
            case Fault.SLOW:
                await asyncio.sleep(self.weather.random.uniform(0, 2 * min(within, DEADLINE)))

    async def _torn(self, fn: Work[Any]) -> None:
        async def torn(tx: Transaction) -> NoReturn:
            await fn(tx)
            raise Torn

        with suppress(Torn):
            await super().write(torn)

    async def _died(self) -> NoReturn:
        self.process.die()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("a dead process went on")

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")  # the machine itself does not die here
        return connection

    def abandon(self) -> None:
        """Close what the dead process had open, as the operating system does."""
        self._close()


def _unheard(late: "asyncio.Future[Any]") -> None:
    if not late.cancelled():
        late.exception()


@dataclass
class FaultyOpener:
    """Opens SQLite files in the weather, and remembers them (adapters.store.log.opening.Opener).

    ``die`` ends the process, ``suspend`` suspends it for some seconds.
    """

    weather: Weather
    die: Callable[[], None]
    suspend: Callable[[float], None]

    def __post_init__(self) -> None:
        self.opened: list[FaultyDatabase] = []
        self._calls_left = 1 + self.weather.lives()

    def is_to_die(self) -> bool:
        """Count a call; whether the process is killed at this one. It may also be suspended."""
        self._calls_left -= 1
        if self._calls_left or not self.weather.bad:
            return False
        if self.weather.random.random() < 0.75:
            return True
        self._calls_left = 1 + self.weather.lives()
        self.suspend(self.weather.random.uniform(*SUSPENDED))
        return False

    async def __call__(self, url: str, *, within: float = DEADLINE, filling: bool = False) -> FaultyDatabase:
        """Open the file of a SQLite URL."""
        database = FaultyDatabase(Path(url.removeprefix("sqlite:///")))
        database.weather, database.process = self.weather, self
        self.opened.append(database)
        return database
