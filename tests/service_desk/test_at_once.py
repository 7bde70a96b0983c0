"""Several people at once, in one process and in several: one wins, the others decide again or get what happened meanwhile.

Also repeated requests, after a lost answer and from two processes at once, on SQLite and PostgreSQL.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from domain.kernel.errors import Conflict, KeyReused, Refusal, RuleRefused, StaleVersion, TransitionRefused
from domain.kernel.journal import Journal
from domain.kernel.ports import Append, Appended, CommandKey
from domain.kernel.terms import State
from domain.service_desk.desk import ServiceDesk
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from tests.support.estates.desk_estate import DAY, Estate, leak

pytestmark = pytest.mark.anyio


@pytest.fixture
async def processes(shared: Estate) -> AsyncIterator[list[Estate]]:
    """The estate opened three times."""
    async with AsyncExitStack() as stack:
        yield [shared, *[await stack.enter_async_context(shared.again()) for _ in range(2)]]


async def all_of(*doing: Any) -> list[Any]:
    """Each call's answer or refusal; any other error fails the test."""
    found = await asyncio.gather(*doing, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Refusal):
            raise one
    return found


async def sound(estate: Estate) -> None:
    """Check that positions, versions and numbers are gapless, numbers in the order of the log."""
    log = await estate.g.store.read_log(0, 100_000)
    assert [event.position for event in log] == list(range(1, len(log) + 1))
    versions: Counter[Any] = Counter()
    numbers: Counter[str] = Counter()
    for event in log:
        versions[event.stream_id] += 1
        assert event.version == versions[event.stream_id]
        if event.number is not None:
            prefix, _, sequence = event.number.rpartition("-")
            numbers[prefix] += 1
            assert int(sequence) == numbers[prefix]


async def repair(estate: Estate) -> str:
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Classify(kind="repair", facility="private"))
    return ticket


async def test_of_two_dispatchers_one_wins_and_the_other_learns_why(processes: list[Estate]) -> None:
    for _ in range(3):
        ticket = await repair(processes[0])
        found = await all_of(
            *(
                process.act(login, ticket, c.Dispatch(assignee=assignee))
                for process, login, assignee in zip(
                    processes,
                    ("assistant", "supervisor", "director"),
                    ("technician", "technician2", "security"),
                    strict=True,
                )
            )
        )
        won = [state for state in found if not isinstance(state, Refusal)]
        lost = [refusal for refusal in found if isinstance(refusal, TransitionRefused)]
        assert (len(won), len(lost)) == (1, 2)
        for refusal in lost:
            assert (refusal.state, refusal.trigger) == ("dispatched", "dispatch")
            assert "reassign" in refusal.legal
        states = [await process.state(ticket) for process in processes]
        assert states == [won[0]] * 3
    await sound(processes[0])


async def test_what_does_not_exclude_each_other_is_all_written(processes: list[Estate]) -> None:
    """Twelve notes on one ticket at once: each is decided again until it is written."""
    ticket = await repair(processes[0])
    found = await all_of(*(process.act("assistant", ticket, c.Note(text=f"第{i}条")) for i in range(4) for process in processes))
    assert [refusal for refusal in found if isinstance(refusal, Refusal)] == []
    assert sorted(state.version for state in found) == list(range(3, 15))
    await sound(processes[0])


async def test_who_names_a_version_is_told_what_happened_since(processes: list[Estate]) -> None:
    ticket = await repair(processes[0])
    found = await all_of(
        *(
            process.act(login, ticket, c.Reply(message="马上来"), if_match=2)
            for process, login in zip(processes, ("assistant", "supervisor", "director"), strict=True)
        )
    )
    [won] = [state for state in found if not isinstance(state, Refusal)]
    stale = [refusal for refusal in found if isinstance(refusal, StaleVersion)]
    assert len(stale) == 2
    for refusal in stale:
        assert (refusal.expected, refusal.actual) == (2, 3)
        assert list(refusal.since) == [(3, "ticket.replied", won.last_actor, won.occurred_at)]
    await processes[1].act("assistant", ticket, c.Reply(message="马上来"), if_match=3)
    with pytest.raises(StaleVersion) as ahead:
        await processes[2].act("assistant", ticket, c.Reply(message="马上来"), if_match=9)
    assert (ahead.value.expected, ahead.value.actual, list(ahead.value.since)) == (9, 4, [])


async def test_work_is_completed_once(processes: list[Estate]) -> None:
    ticket = await repair(processes[0])
    team = c.AssigneeRef(type="team", id="plumbers")
    await processes[0].run(ticket, [("assistant", c.Dispatch(assignee=team)), ("technician", c.Start())])
    found = await all_of(
        processes[0].act("technician", ticket, c.Complete(resolution="好了")),
        processes[1].act("technician2", ticket, c.Complete(resolution="好了")),
        processes[2].act("assistant", ticket, c.Cancel(reason="withdrawn")),
    )
    won = [state for state in found if not isinstance(state, Refusal)]
    assert len(won) == 1
    assert all(isinstance(refusal, TransitionRefused) for refusal in found if refusal not in won)
    assert won[0].state in (State.REPAIRED, State.CANCELLED)


async def test_accepted_and_started_once(processes: list[Estate]) -> None:
    ticket = await repair(processes[0])
    await processes[0].act("assistant", ticket, c.Dispatch(assignee="technician"))
    for command, rule in ((c.Accept(), "accepted_once"), (c.Start(), "started_once")):
        found = await all_of(*(process.act("technician", ticket, command) for process in processes))
        refused = [refusal for refusal in found if isinstance(refusal, RuleRefused)]
        assert [refusal.rule for refusal in refused] == [rule, rule]


async def test_of_everybody_taking_the_empty_desk_one_holds_it(processes: list[Estate]) -> None:
    officers = ("assistant", "technician", "control_room")
    found = await all_of(
        *(process.g.duty.open("JX", process.request(officer)) for process, officer in zip(processes, officers, strict=True))
    )
    [held] = [desk for desk in found if not isinstance(desk, Refusal)]
    conflicts = [refusal for refusal in found if isinstance(refusal, Conflict)]
    assert {refusal.data["officer"] for refusal in conflicts} == {held.state.officer}
    assert len(conflicts) == 2


async def test_intake_from_several_processes_numbers_in_the_order_of_the_log(processes: list[Estate]) -> None:
    await all_of(*(process.receive("assistant") for _ in range(10) for process in processes))
    await sound(processes[0])
    log = await processes[0].g.store.read_log(0, 100_000)
    numbers = [event.number for event in log if event.number]
    assert numbers == [f"GD-JX-20260302-{i:04d}" for i in range(1, 31)]


# --- repeats ------------------------------------------------------------------------------------------------------


def key(name: str, body: bytes = b"same body", caller: str = "assistant") -> CommandKey:
    return CommandKey(caller, name, body)


async def test_a_repeat_gives_the_first_answer_again(shared: Estate) -> None:
    request = shared.request("assistant", key=key("k1"))
    first = await shared.g.desk.receive(leak(), request)
    assert isinstance(first, Done)
    ticket = str(first.state.id)
    await shared.act("assistant", ticket, c.Classify(kind="other"))
    footprint = await shared.footprint()
    again = await shared.g.desk.receive(leak(), shared.request("assistant", key=key("k1")))
    assert again == first
    with pytest.raises(KeyReused):
        await shared.g.desk.receive(leak(), shared.request("assistant", key=key("k1", b"another body")))
    async with shared.again() as other:
        assert await other.g.desk.receive(leak(), other.request("assistant", key=key("k1"))) == first
    assert await shared.footprint() == footprint
    another = await shared.g.desk.receive(leak(), shared.request("supervisor", key=key("k1", caller="supervisor")))
    assert isinstance(another, Done)
    assert another.state.id != first.state.id


async def test_a_repeat_also_where_it_would_be_refused_by_now(estate: Estate) -> None:
    """The answer got lost; meanwhile the ticket changed, and the named version is stale."""
    ticket = await repair(estate)
    sent = {"key": key("k2"), "if_match": 2}
    first = await estate.act("assistant", ticket, c.Dispatch(assignee="technician"), **sent)
    await estate.act("assistant", ticket, c.Cancel(reason="withdrawn"))
    assert await estate.act("assistant", ticket, c.Dispatch(assignee="technician"), **sent) == first
    assert first.state is State.DISPATCHED


async def test_a_repeat_names_the_tickets_it_opened(estate: Estate) -> None:
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Classify(kind="move_in"))
    command = c.CheckItem(item="flat_inspected", defects=("窗框漏水", "门锁松动"))
    answers = [await estate.g.desk.act(ticket, command, estate.request("assistant", key=key("k3"))) for _ in range(2)]
    assert answers[0] == answers[1]
    first = answers[0]
    assert isinstance(first, Done)
    assert len(first.opened) == 2
    for defect in first.opened:
        state = await estate.state(str(defect))
        assert (state.state, state.kind, [str(link.ticket) for link in state.links]) == (State.CLASSIFIED, "repair", [ticket])
    await sound(estate)


async def test_the_same_key_from_several_processes_at_once_yields_one_ticket(processes: list[Estate]) -> None:
    for i in range(3):
        before = (await processes[0].g.store.head()).position
        found = await all_of(
            *(
                process.g.desk.receive(leak(), process.request("assistant", key=key(f"k{i}")))
                for _ in range(2)
                for process in processes
            )
        )
        assert all(answer == found[0] for answer in found)
        assert (await processes[0].g.store.head()).position == before + 1
    await sound(processes[0])


async def test_one_key_for_different_requests_at_once_serves_one_of_them(processes: list[Estate]) -> None:
    found = await all_of(
        *(
            process.g.desk.receive(leak(description=body), process.request("assistant", key=key("k", body.encode())))
            for process, body in zip(processes, ("一", "二", "三"), strict=True)
        )
    )
    assert sum(isinstance(answer, Done) for answer in found) == 1
    assert sum(isinstance(answer, KeyReused) for answer in found) == 2


class Lost(Exception):
    """The answer was lost."""


class ForgetfulLog:
    """A log whose next answer is lost after the commit."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, append: Append) -> Appended:
        await self._log.append(append)
        raise Lost


async def test_a_repeat_after_a_lost_answer(shared: Estate) -> None:
    log: Any = ForgetfulLog(shared.g.store)
    journal = Journal(log, shared.g.journal.codec, shared.g.sealer)
    forgetful = ServiceDesk(shared.office(journal))
    with pytest.raises(Lost):
        await forgetful.receive(leak(), shared.request("assistant", key=key("k")))
    position = (await shared.g.store.head()).position
    again = await shared.g.desk.receive(leak(), shared.request("assistant", key=key("k")))
    assert isinstance(again, Done)
    assert again.position == position == (await shared.g.store.head()).position


async def test_refusals_are_not_kept_but_decided_anew(estate: Estate) -> None:
    ticket = await estate.receive()
    sent = {"key": key("k4")}
    with pytest.raises(TransitionRefused):
        await estate.act("assistant", ticket, c.Dispatch(assignee="technician"), **sent)
    await estate.act("assistant", ticket, c.Classify(kind="other"))
    assert (await estate.act("assistant", ticket, c.Dispatch(assignee="technician"), **sent)).state is State.DISPATCHED


async def test_a_key_is_kept_for_seven_days(estate: Estate) -> None:
    first = await estate.g.desk.receive(leak(), estate.request("assistant", key=key("k")))
    estate.clock.forward(7 * DAY)
    assert await estate.g.desk.receive(leak(), estate.request("assistant", key=key("k"))) == first
    estate.clock.forward(DAY)
    later = await estate.g.desk.receive(leak(), estate.request("assistant", key=key("k")))
    assert isinstance(later, Done)
    assert isinstance(first, Done)
    assert later.state.id != first.state.id
