"""The clocks and identifiers of a simulation: they stand where it put them, and come from its seed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from domain.kernel.ports import Clock


@dataclass
class SteppedClock:
    """A clock that stands where it was put."""

    moment: datetime

    def now(self) -> datetime:
        """The moment it was put to."""
        return self.moment


@dataclass
class StoreClock:
    """Follows another clock by the time that a command takes to be written."""

    leader: Clock
    random: Random

    def now(self) -> datetime:
        """A fraction of a second after the leader."""
        return self.leader.now() + timedelta(milliseconds=self.random.randint(20, 400))


@dataclass
class SeededIds:
    """UUIDv7 of a clock, their random bits from a seed."""

    clock: Clock
    random: Random

    def new(self) -> UUID:
        """A new identifier."""
        milliseconds = int(self.clock.now().timestamp() * 1000)
        high = milliseconds << 16 | 0x7000 | self.random.getrandbits(12)
        return UUID(int=high << 64 | 0b10 << 62 | self.random.getrandbits(62))
