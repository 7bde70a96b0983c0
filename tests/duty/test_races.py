"""Several processes on one store: who takes the desk, who signs, and what arrives meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from domain.duty.handover_sheet import StaleSheet
from domain.duty.shift import Shift, ShiftState
from domain.kernel.aggregate import fold
from domain.kernel.errors import Conflict, NotAllowed, Overloaded, Refusal, TransitionRefused
from domain.kernel.terms import ShiftStatus
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from tests.support.estates.desk_estate import Estate
from tests.support.estates.station import Station

pytestmark = pytest.mark.anyio


async def all_of(*doing: Awaitable[Any]) -> list[Any]:
    """Run everything at once; return refusals as values and raise any other error."""
    found = await asyncio.gather(*doing, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Refusal):
            raise one
    return found


@pytest.fixture
async def processes(shared: Estate) -> AsyncIterator[list[Station]]:
    """Three library handles that act like processes; the first moves the views."""
    await shared.g.projections.start()
    async with AsyncExitStack() as stack:
        others = [await stack.enter_async_context(shared.again()) for _ in range(2)]
        yield [Station(one) for one in (shared, *others)]


async def histories(station: Station) -> tuple[list[ShiftState], dict[int, dict[str, int]]]:
    """Every shift, and the list of unfinished tickets at every position, from the log alone."""
    log = await station.estate.g.store.read_log(0, 100_000)
    streams: dict[Any, list[Any]] = {}
    tickets: dict[Any, TicketState] = {}
    lists: dict[int, dict[str, int]] = {}
    for stored in log:
        event = station.estate.g.journal.codec.decode(stored)
        streams.setdefault(stored.stream_id, []).append(event)
        if stored.topic.startswith("ticket."):
            tickets[stored.stream_id] = fold([event], tickets.get(stored.stream_id))
        lists[stored.position] = {str(id_): state.version for id_, state in tickets.items() if state.is_open}
    return [fold(events) for events in streams.values() if isinstance(events[0], Shift.Event)], lists


async def test_a_stale_signature_is_never_accepted(processes: list[Station]) -> None:
    """While two officers sign again and again, others receive, note, finish and reopen tickets."""
    first, second, third = processes
    await first.open("assistant")
    second.shift = third.shift = first.shift
    shift = first.held
    stale: list[StaleSheet] = []

    async def tickets() -> None:
        for i in range(12):
            ticket = await third.estate.receive()
            await asyncio.sleep(0)
            steps = [
                ("assistant", c.Classify(kind="enquiry")),
                ("assistant", c.Settle(resolution="已答复。")),
                ("assistant2", c.FollowUp(satisfied=True, rating=5, method="phone")),
            ]
            for login, command in steps[: i % 4]:
                await third.estate.act(login, ticket, command)
            if i % 4 == 3:
                await third.estate.act("supervisor", ticket, c.Reopen(reason="又来问。"))

    async def handing_over() -> ShiftState:
        while True:
            try:
                await first.do("prepare_handover", "assistant")
                await first.do("sign_out", "assistant")
                second.shift = first.shift
                return await second.do("sign_in", "technician")
            except StaleSheet as refused:
                stale.append(refused)

    handed, _ = await asyncio.gather(handing_over(), tickets())
    assert handed.status is ShiftStatus.HANDED_OVER
    shifts, lists = await histories(first)
    for refused in stale:  # what came and went since is no difference any more, and has changed the list all the same
        prepared = refused.sheet.position
        assert refused.since or any(found != lists[prepared] for position, found in lists.items() if position > prepared)
    state = next(s for s in shifts if s.id == shift)
    log = await first.estate.g.store.read_log(0, 100_000)
    for stored in log:
        if stored.topic in ("shift.signed_out", "shift.signed_in"):
            upto = await first.estate.g.journal.load_at(stored.stream_id, stored.version, ShiftState)
            sheet = upto.sheets[-1]
            assert {str(t.id): t.version for t in sheet.tickets} == lists[sheet.position] == lists[stored.position]
    final = state.sheets[-1]
    assert final.signed_out is not None
    assert final.signed_in is not None
    assert final.signed_out.hash == final.signed_in.hash == final.hash


async def test_of_several_incoming_officers_one_signs_in(processes: list[Station]) -> None:
    first = processes[0]
    await first.open("assistant")
    await first.do("prepare_handover", "assistant")
    await first.do("sign_out", "assistant")
    for other in processes:
        other.shift = first.shift
    logins = ("technician", "technician2", "control_room")
    found = await all_of(*(other.do("sign_in", login) for other, login in zip(processes, logins, strict=True)))
    [signed] = [one for one in found if not isinstance(one, Refusal)]
    assert all(isinstance(one, TransitionRefused) for one in found if one is not signed)
    shifts, _ = await histories(first)
    held = [s for s in shifts if s.status is ShiftStatus.ON_DUTY]
    assert [s.id for s in held] == [signed.next_shift]


async def test_signing_in_taking_over_and_disputing_at_once_leave_one_answer(processes: list[Station]) -> None:
    first, second, third = processes
    for _ in range(4):
        await first.open("assistant")
        await first.do("prepare_handover", "assistant")
        await first.do("sign_out", "assistant")
        second.shift = third.shift = first.shift
        shift = first.held
        doing = (
            first.do("dispute", "assistant2", "少一把钥匙"),
            second.do("sign_in", "technician"),
            third.do("take_over", "supervisor", "接班人员未到岗"),
        )
        await all_of(*doing)
        state = await first.fresh(shift)
        desk = await first.duty.holder("JX", "supervisor")
        assert desk is not None
        open_now = [s.id for s in (await histories(first))[0] if s.status in (ShiftStatus.ON_DUTY, ShiftStatus.HANDING_OVER)]
        assert open_now == ([desk.shift.id] if desk.shift else [])
        assert (state.next_shift is not None) == (state.sheets[-1].signed_in is not None)
        if desk.shift is not None:
            await first.duty.take_over(desk.shift.id, "下一轮", first.estate.request("supervisor"))


async def test_of_two_opening_after_a_take_over_one_holds_the_desk(processes: list[Station]) -> None:
    first = processes[0]
    await first.open("assistant")
    await first.do("take_over", "supervisor", "离岗")
    logins = ("assistant", "technician", "control_room")
    found = await all_of(*(one.open(login) for one, login in zip(processes, logins, strict=True)))
    assert sorted(type(one).__name__ for one in found) == ["Conflict", "Conflict", "ShiftState"]
    assert all(not isinstance(one, NotAllowed | Overloaded) for one in found)
    assert {type(one) for one in found if isinstance(one, Refusal)} == {Conflict}


async def test_a_repeated_signature_is_written_once(processes: list[Station]) -> None:
    first, second, third = processes
    await first.open("assistant")
    await first.do("prepare_handover", "assistant")
    await first.do("sign_out", "assistant")
    found = await all_of(
        *(one.duty.sign_in(first.held, one.estate.request("technician", key="sign-in")) for one in (first, second, third))
    )
    assert len({(done.state.version, done.position, done.state.next_shift) for done in found}) == 1
    log = await first.estate.g.store.read_log(0, 100_000)
    assert [stored.topic for stored in log].count("shift.signed_in") == 1
