"""A repeat overtaken by its original: it looked for its key before the original was written, and decides on what that left."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from domain.approval.deciding import Approvals
from domain.duty.duty_desk import DutyDesk
from domain.kernel.errors import KeyReused, TransitionRefused
from domain.kernel.journal import Journal
from domain.kernel.ports import CommandKey, CommandRecord
from domain.service_desk.desk import ServiceDesk
from domain.service_desk.erasure import ERASE, Erase, Erasure
from domain.ticket import commands as c
from tests.support.estates.desk_estate import JX, Estate, leak

pytestmark = pytest.mark.anyio


class Overtaken:
    """The estate's log for a slow process: ``meanwhile`` happens right after its first look for a key."""

    def __init__(self, estate: Estate, meanwhile: Callable[[], Awaitable[Any]]) -> None:
        self._log, self._meanwhile = estate.g.store, meanwhile
        self.looks: list[CommandRecord | None] = []
        self.answer: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def find_command(self, caller: str, key: str) -> CommandRecord | None:
        found = await self._log.find_command(caller, key)
        self.looks.append(found)
        if len(self.looks) == 1:
            self.answer = await self._meanwhile()
        return found


class Slow:
    """The use cases of a process that is overtaken once."""

    def __init__(self, estate: Estate, meanwhile: Callable[[], Awaitable[Any]]) -> None:
        g = estate.g
        self.log = Overtaken(estate, meanwhile)
        journal = Journal(self.log, g.journal.codec, g.sealer)  # type: ignore[arg-type]
        office = estate.office(journal)
        self.desk = ServiceDesk(office)
        self.erasure = Erasure(office, g.register, g.keys)
        self.approvals = Approvals(office, {ERASE: self.erasure})
        self.duty = DutyDesk(office, g.duty.open_list)


async def same(estate: Estate, ask: Callable[[Any], Awaitable[Any]]) -> None:
    """Check that the slow process gets the other's answer, and that nothing more is written."""
    slow = Slow(estate, lambda: ask(estate.g))
    before = (await estate.g.store.head()).position
    answer = await ask(slow)
    assert slow.log.looks[0] is None
    assert answer == slow.log.answer
    events = await estate.g.store.read_log(before, 100)
    assert len({estate.g.journal.codec.decode(event).meta.command_id for event in events}) == 1


async def test_a_new_ticket(estate: Estate) -> None:
    await same(estate, lambda g: g.desk.receive(leak(), estate.request("assistant", key="k")))


async def test_a_step_that_is_legal_once(estate: Estate) -> None:
    ticket = await estate.receive()
    command = c.Classify(kind="repair", facility="private")
    await same(estate, lambda g: g.desk.act(ticket, command, estate.request("assistant", key="k")))


async def test_a_step_on_the_version_that_was_seen(estate: Estate) -> None:
    ticket = await estate.receive()
    await same(estate, lambda g: g.desk.act(ticket, c.Note(text="备注"), estate.request("assistant", key="k", if_match=1)))


async def test_a_step_that_takes_two(estate: Estate) -> None:
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Classify(kind="repair", facility="private"))
    agreed = {"agreed_due_at": estate.clock.now().replace(month=6), "reason": "整栋换管"}
    command = c.ApproveMajorWorks.model_validate(agreed)
    await same(estate, lambda g: g.desk.act(ticket, command, estate.request("assistant", key="k")))


async def test_what_always_takes_two_and_its_approval(estate: Estate) -> None:
    erase = Erase(ticket=await estate.receive(), reason="request")
    await same(estate, lambda g: g.erasure.ask(erase, estate.request("director", key="k")))
    waiting = await estate.g.erasure.ask(erase, estate.request("director", key="k"))
    decided = estate.request("privacy_officer", key="k")
    await same(estate, lambda g: g.approvals.approve(waiting.case.id, decided))


async def test_taking_the_desk_and_a_signature(estate: Estate) -> None:
    await estate.g.projections.start()
    await same(estate, lambda g: g.duty.open(JX, estate.request("assistant", key="k")))
    shift = (await estate.g.duty.open(JX, estate.request("assistant", key="k"))).state.id
    await estate.g.duty.prepare_handover(shift, estate.request("assistant"))
    await estate.g.duty.sign_out(shift, estate.request("assistant"))
    await same(estate, lambda g: g.duty.sign_in(shift, estate.request("technician", key="k")))


async def test_a_key_that_another_request_took_meanwhile(estate: Estate) -> None:
    ticket = await estate.receive()
    command = c.Classify(kind="repair", facility="private")
    other = CommandKey("assistant", "k", b"another body")
    slow = Slow(estate, lambda: estate.g.desk.act(ticket, command, estate.request("assistant", key=other)))
    with pytest.raises(KeyReused):
        await slow.desk.act(ticket, command, estate.request("assistant", key="k"))


async def test_a_refusal_stands_where_another_request_was_faster(estate: Estate) -> None:
    ticket = await estate.receive()
    command = c.Classify(kind="repair", facility="private")
    slow = Slow(estate, lambda: estate.g.desk.act(ticket, command, estate.request("assistant", key="theirs")))
    with pytest.raises(TransitionRefused):
        await slow.desk.act(ticket, command, estate.request("assistant", key="k"))
    assert slow.log.looks == [None, None]
