"""Commands decided on memory: of two processes, neither decides on what the other has changed, whatever it remembers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.kernel.errors import Conflict, NotAllowed, NotFound, StaleVersion, TransitionRefused
from domain.kernel.journal import Journal
from domain.kernel.privacy import ERASED
from domain.service_desk.erasure import Erase
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from tests.support.estates.desk_estate import JX, Estate
from tests.support.round_trips import counted

pytestmark = pytest.mark.anyio

CLASSIFY = c.Classify(kind="repair", facility="private")


@pytest.fixture
async def both(shared: Estate) -> AsyncIterator[tuple[Estate, Estate]]:
    """Two processes over one store."""
    async with shared.again() as other:
        yield shared, other


async def looked(estate: Estate, login: str, **more: Any) -> Any:
    """A request that has read the registry's version, as authentication does."""
    return estate.request(login, registry_version=await estate.g.store.registry_version(), **more)


async def test_an_old_state_in_memory_refuses_nothing_that_is_legal_now(both: tuple[Estate, Estate]) -> None:
    here, there = both
    ticket = await here.receive()
    await here.act("assistant", ticket, c.Note(text="这里记得"))
    await there.act("assistant", ticket, CLASSIFY)
    state = await here.act("assistant", ticket, c.Dispatch(assignee="technician"))
    assert state.version == 4


async def test_an_old_state_in_memory_allows_nothing_that_is_illegal_now(both: tuple[Estate, Estate]) -> None:
    here, there = both
    ticket = await here.receive()
    await here.act("assistant", ticket, c.Note(text="这里记得"))
    await there.act("assistant", ticket, CLASSIFY)
    with pytest.raises(TransitionRefused) as refused:
        await here.act("assistant", ticket, CLASSIFY)
    assert "classify" not in refused.value.legal
    with pytest.raises(StaleVersion) as stale:
        await here.act("assistant", ticket, c.Note(text="旧"), if_match=2)
    assert stale.value.actual == 3


async def test_who_is_disabled_elsewhere_while_the_request_is_on_its_way_is_refused(both: tuple[Estate, Estate]) -> None:
    here, there = both
    ticket = await here.receive()
    request = await looked(here, "assistant2")
    await there.g.administration.disable("assistant2", there.operator)
    with pytest.raises(NotFound):
        await here.g.desk.act(ticket, c.Note(text="还能吗"), request)
    assert (await here.state(ticket)).version == 1


async def test_the_desk_changes_hands_elsewhere(both: tuple[Estate, Estate]) -> None:
    here, there = both
    with pytest.raises(NotAllowed):
        await here.receive("technician")
    shift = (await there.g.duty.open(JX, there.request("technician"))).state
    assert await here.receive("technician")
    await there.g.duty.take_over(shift.id, "突发疾病", there.request("supervisor"))
    with pytest.raises(NotAllowed):
        await here.receive("technician")


async def test_an_erasure_elsewhere_holds_for_the_next_request_here(both: tuple[Estate, Estate]) -> None:
    here, there = both
    ticket = await here.receive()

    async def noted(text: str) -> str | None:
        request = await looked(here, "assistant")
        directory = await here.g.directory.current(request.registry_version)
        done = await here.g.desk.act(ticket, c.Note(text=text), request)
        assert isinstance(done, Done)
        reading = await here.g.inquiries.after_command(
            "assistant", done.state, done.recorded_at, done.position, directory=directory, on_duty=done.on_duty
        )
        return reading.texts["reporter_name"]

    assert await noted("一") == "王**"
    waiting = await there.g.erasure.ask(Erase(ticket=ticket, reason="requested"), there.request("privacy_officer"))
    async with there.again() as crashed:
        # The order is in the log, the key not yet destroyed: as if the process ended in between.
        crashed.g.erasure._keys = NoDestroyer()
        await crashed.g.approvals.approve(waiting.case.id, crashed.request("privacy_officer2"))
    with pytest.raises(Conflict, match="erased"):
        await noted("二")
    request = await looked(here, "assistant")
    directory = await here.g.directory.current(request.registry_version)
    state = await here.state(ticket)
    head = await here.g.store.head()
    reading = await here.g.inquiries.after_command("assistant", state, head.recorded_at, head.position, directory=directory)
    assert reading.texts["reporter_name"] == ERASED


class NoDestroyer:
    """A process that ends before it destroys a key."""

    async def erase(self, subject: object) -> None:
        """Do nothing."""


async def test_what_is_remembered_is_bounded(shared: Estate) -> None:
    g = shared.g
    journal = Journal(g.store, g.journal.codec, g.sealer, memory=20_000)
    tickets = [await g.desk.find(await shared.receive()) for _ in range(8)]
    for ticket in tickets:
        await journal.load(ticket, TicketState)
    kept = [ticket for ticket in tickets if journal.remembered(ticket) is not None]
    assert kept
    assert kept == tickets[-len(kept) :]
    assert len(kept) < len(tickets)
    whole = Journal(g.store, g.journal.codec, g.sealer, memory=20_000)
    for ticket in (*tickets, *reversed(tickets)):
        assert await journal.load(ticket, TicketState) == await whole.load(ticket, TicketState)


async def test_a_remembered_number_needs_no_statement(shared: Estate) -> None:
    ticket = await shared.receive()
    state = await shared.state(ticket)
    number = (await shared.g.inquiries.numbers(state)).number
    with counted() as sent:
        async with shared.again() as again:
            assert str(await again.g.desk.find(number)) == ticket
            sent.clear()
            assert str(await again.g.desk.find(number)) == ticket
            assert not sent.statements
