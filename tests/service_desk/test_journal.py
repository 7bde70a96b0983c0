"""Remembered states are never wrong, however few a process remembers and no matter who writes meanwhile."""

import asyncio
from uuid import UUID

import pytest

from domain.approval.aggregate import ApprovalCase
from domain.kernel.aggregate import FoldedState
from domain.kernel.errors import NotFound, Overloaded
from domain.kernel.journal import TRIES, Journal, LostRace, decide_again
from domain.kernel.ports import VersionConflict
from domain.kernel.terms import State
from domain.service_desk.desk import ServiceDesk
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from tests.support.estates.desk_estate import JX, Estate

pytestmark = pytest.mark.anyio


def forgetful(estate: Estate, remembered: int) -> ServiceDesk:
    """The estate's desk over a journal that remembers few streams."""
    journal = Journal(estate.g.store, estate.g.journal.codec, estate.g.sealer, remembered)
    return ServiceDesk(estate.office(journal))


async def agrees(estate: Estate, desk: ServiceDesk, ticket: str) -> None:
    """Check a state as remembered, as read again by this journal and a new one, and as folded up to its version."""
    stream = await desk.find(ticket)
    remembered = await desk.load(stream)
    assert remembered == await forgetful(estate, 10).load(stream)
    assert remembered == await desk._journal.load_at(stream, remembered.version, TicketState)


async def test_a_stream_is_read_as_the_kind_that_is_asked_for(estate: Estate) -> None:
    journal, ticket = estate.g.journal, await estate.g.desk.find(await estate.receive())
    state = await journal.existing(ticket, TicketState)
    assert await journal.load(ticket, TicketState) == await journal.load(ticket, FoldedState) == state
    assert await journal.load(ticket, ApprovalCase) is None
    assert await journal.load(UUID(int=7), FoldedState) is None
    for stream, of in ((ticket, ApprovalCase), (UUID(int=7), TicketState)):
        with pytest.raises(LookupError, match=of.__name__):
            await journal.existing(stream, of)
        with pytest.raises(LookupError, match=of.__name__):
            await journal.load_at(stream, 1, of)


@pytest.mark.parametrize("remembered", [0, 1, 2])
async def test_it_may_forget(estate: Estate, remembered: int) -> None:
    await estate.g.duty.open(JX, estate.request("assistant"))
    desk = forgetful(estate, remembered)
    tickets = [await estate.receive() for _ in range(3)]
    for command in (c.Classify(kind="repair", facility="private"), c.Dispatch(assignee="technician"), c.Note(text="备注")):
        for ticket in tickets:
            done = await desk.act(ticket, command, estate.request("assistant"))
            assert done.state == await estate.state(ticket)  # type: ignore[union-attr]
            await agrees(estate, desk, ticket)


async def test_it_may_lag_behind(estate: Estate) -> None:
    """Another process writes the ticket again and again."""
    ticket = await estate.receive()
    async with estate.again() as other:
        for i in range(5):
            await other.act("assistant", ticket, c.Note(text=f"别处{i}"))
            await other.act("supervisor", ticket, c.Urge())
            state = await estate.act("assistant", ticket, c.Note(text=f"此处{i}"))
            assert state.version == 4 + 3 * i
            await agrees(estate, estate.g.desk, ticket)
            await agrees(estate, other.g.desk, ticket)


@pytest.mark.parametrize("remembered", [1, 100])
async def test_read_and_written_by_many_at_once(estate: Estate, remembered: int) -> None:
    desk = forgetful(estate, remembered)
    tickets = [await estate.receive() for _ in range(2)]

    async def look(ticket: str) -> None:
        for _ in range(10):
            state = await desk.load(await desk.find(ticket))
            assert state == await desk._journal.load_at(state.id, state.version, TicketState)

    async def write(ticket: str, i: int) -> None:
        await desk.act(ticket, c.Note(text=f"第{i}条"), estate.request("assistant"))

    await asyncio.gather(*(doing for ticket in tickets for i in range(8) for doing in (look(ticket), write(ticket, i))))
    for ticket in tickets:
        state = await estate.state(ticket)
        assert (state.version, state.state) == (9, State.RECEIVED)
        await agrees(estate, desk, ticket)


@pytest.mark.parametrize("lost", [VersionConflict(UUID(int=1), 1, 2), LostRace()], ids=["version", "condition"])
async def test_an_attempt_is_repeated_whole_until_it_loses_no_race(lost: Exception) -> None:
    tried: list[int] = []

    async def attempt() -> int:
        tried.append(len(tried))
        if len(tried) < 4:
            raise lost
        return tried[-1]

    assert await decide_again(attempt) == 3
    assert tried == [0, 1, 2, 3]


async def test_the_tries_are_bounded_and_a_refusal_is_not_repeated() -> None:
    tried: list[Exception] = []

    async def attempt(error: Exception) -> None:
        tried.append(error)
        raise error

    with pytest.raises(Overloaded, match="others changed it first each time"):
        await decide_again(lambda: attempt(LostRace()))
    assert len(tried) == TRIES
    with pytest.raises(NotFound):
        await decide_again(lambda: attempt(NotFound("ticket")))
    assert len(tried) == TRIES + 1
