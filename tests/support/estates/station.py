"""The desk of a community in few words: people are called as their role; each command is a request of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.duty.duty_desk import DutyDesk, ShiftDone
from domain.duty.handover_sheet import Sheet
from domain.duty.shift import ShiftState
from domain.kernel.terms import Condition
from domain.ticket import commands as c
from tests.support.estates.desk_estate import JX, ZONE, Estate


def at(text: str) -> datetime:
    """A moment in the estate's time zone, such as ``2026-03-02 17:30``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@dataclass
class Station:
    """An estate's desk; ``shift`` is the one being held, as of the last command."""

    estate: Estate
    shift: ShiftState | None = None

    @property
    def duty(self) -> DutyDesk:
        return self.estate.g.duty

    @property
    def held(self) -> UUID:
        """The shift being held."""
        assert self.shift is not None
        return self.shift.id

    @property
    def sheet(self) -> Sheet:
        """Its sheet."""
        assert self.shift is not None
        assert self.shift.sheet is not None
        return self.shift.sheet

    def set(self, text: str) -> datetime:
        """Set the clock."""
        self.estate.clock.moment = at(text)
        return self.estate.clock.moment

    async def set_and(self, do: Callable[[Estate], Awaitable[None]], text: str) -> None:
        """Set the clock, and do something with the estate."""
        self.set(text)
        await do(self.estate)

    async def open(self, login: str = "assistant", **more: Any) -> ShiftState:
        return self._took(await self.duty.open(JX, self.estate.request(login), **more))

    async def do(self, command: str, login: str, /, *values: Any, **more: Any) -> ShiftState:
        """A command on the shift being held."""
        request = self.estate.request(login, **more.pop("request", {}))
        done: ShiftDone
        match command:
            case "log":
                done = await self.duty.log(self.held, values[0], more.get("ticket"), request)
            case "substitute" | "switch_phone" | "take_over":
                done = await getattr(self.duty, command)(self.held, values[0], request)
            case "dispute":
                done = await self.duty.dispute(self.held, values[0], request, **more)
            case _:
                done = await getattr(self.duty, command)(self.held, request, **more)
        return self._took(done)

    async def hand_over(self, outgoing: str, incoming: str, **more: Any) -> ShiftState:
        """The whole handover; afterwards the incoming officer's shift is held. Returns the one that was handed over."""
        await self.do("prepare_handover", outgoing, equipment={"telephone": Condition.GOOD})
        await self.do("sign_out", outgoing)
        done = await self.do("sign_in", incoming, **more)
        assert done.next_shift is not None
        self.shift = await self.estate.g.journal.existing(done.next_shift, ShiftState)
        return done

    async def repair(self, **fields: Any) -> str:
        """A repair, received and classified."""
        ticket = await self.estate.receive("assistant", **fields)
        await self.estate.act("assistant", ticket, c.Classify(kind="repair", facility="private"))
        return ticket

    async def fresh(self, shift: UUID | None = None) -> ShiftState:
        """A shift as it is in the log."""
        return await self.estate.g.journal.existing(shift or self.held, ShiftState)

    @asynccontextmanager
    async def again(self) -> AsyncIterator["Station"]:
        """The desk as another process would open it."""
        async with self.estate.again() as other:
            yield Station(other, self.shift)

    def _took(self, done: ShiftDone) -> ShiftState:
        self.shift = done.state
        return done.state
