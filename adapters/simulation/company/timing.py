"""Clocks and identifiers of a simulation, set by it or drawn from its seed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from domain.kernel.ports import Clock


@dataclass
class SteppedClock:
    """A clock that shows the moment it was set to."""

    moment: datetime

    def now(self) -> datetime:
        """The moment set last."""
        return self.moment


@dataclass
class StoreClock:
    """A clock a little behind another, by the time that writing a command takes."""

    leader: Clock
    random: Random

    def now(self) -> datetime:
        """The leader's moment plus 20 to 400 milliseconds."""
        return self.leader.now() + timedelta(milliseconds=self.random.randint(20, 400))


@dataclass
class SeededIds:
    """UUIDv7 by a clock, with random bits from a seed."""

    clock: Clock
    random: Random

    def new(self) -> UUID:
        """A new UUIDv7."""
        milliseconds = int(self.clock.now().timestamp() * 1000)
        high = milliseconds << 16 | 0x7000 | self.random.getrandbits(12)
        return UUID(int=high << 64 | 0b10 << 62 | self.random.getrandbits(62))
