"""Read models and processes along one log: one commit moves both; what a process ordered is there once, whatever breaks."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from adapters.processing.managers import ProcessManagers
from adapters.projecting.folding.following import Following
from adapters.projecting.tables.fences import Fenced
from domain.ticket import commands as c
from projections.read_models import VIEWS
from tests.process.reminding import NAME, reminding, target_of, topics
from tests.support.estates.desk_estate import DAY, Estate
from tests.support.estates.view_estate import until
from tests.support.following import settle

pytestmark = pytest.mark.anyio


class Death(BaseException):
    """Nothing catches it, as nothing catches a kill."""


async def at_the_end(estate: Estate, processes: Any) -> None:
    """Wait until read models and process have come to the end of the log."""

    async def reached() -> bool:
        found = [*await estate.g.projections.status(), *await processes.status()]
        return all(one.position == one.head and one.status == "live" for one in found)

    await until(reached)


async def whole(estate: Estate) -> None:
    """No read model differs from the log."""
    assert not [found for found in await estate.g.projections.check() if found.differences]


async def test_one_follower_moves_both(shared: Estate) -> None:
    processes = await reminding(shared)
    await shared.g.projections.start(processes)
    ticket, noted = await shared.receive(), await shared.receive()
    await shared.act("assistant", noted, c.Note(text="已联系"))
    await at_the_end(shared, processes)
    shared.clock.forward(DAY)

    async def ordered() -> bool:
        return bool(await topics(shared, ticket))

    await until(ordered)
    await at_the_end(shared, processes)
    assert (await topics(shared, ticket), await topics(shared, noted)) == (["finding.proposed"], [])
    assert len({one.position for one in [*await shared.g.projections.status(), *await processes.status()]}) == 1
    await shared.g.projections.stop()
    await processes.stop()
    await whole(shared)


async def together(estate: Estate, processes: Any) -> Following:
    """Everything taken by hand, as the runner takes it."""
    kinds = (estate.g.projections.kind, processes.kind)
    members = [(kind, member) for kind in kinds for member in await kind.take() or ()]
    assert len(members) == len(VIEWS) + 1
    following = Following(estate.g.store, processes._streams, members)
    await following.gather()
    return following


async def test_death_in_mid_batch_doubles_and_skips_nothing(shared: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is appended, the commit of rows and positions never comes; another takes over from where the last one got."""
    first, second = await reminding(shared), await reminding(shared)
    dying = await together(shared, first)
    await settle(dying)
    before = dying.position
    tickets = [await shared.receive() for _ in range(3)]
    shared.clock.forward(DAY)

    async def dies(self: ProcessManagers, *_: object) -> None:
        raise Death

    with monkeypatch.context() as patched:
        patched.setattr(ProcessManagers, "save", dies)
        with pytest.raises(Death):
            await settle(dying)
    assert {one.position for one in [*await shared.g.projections.status(), *await first.status()]} == {before}
    other = await together(shared, second)
    with pytest.raises(Fenced):
        await settle(dying)
    await settle(other)
    assert other.position == (await shared.g.store.head()).position
    assert [await topics(shared, ticket) for ticket in tickets] == [["finding.proposed"]] * 3
    causes = Counter(stored.stream_id for stored in await shared.g.store.read_log(0, 1000) if stored.topic == "finding.proposed")
    assert causes == {target_of(UUID(ticket)): 1 for ticket in tickets}
    await whole(shared)
    for processes in (first, second):
        await processes.stop()


async def test_a_process_that_fails_does_not_keep_the_read_models(shared: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = await reminding(shared)
    await shared.g.projections.start(processes)
    await shared.receive()
    await at_the_end(shared, processes)

    async def fails(*_: object) -> None:
        raise RuntimeError("nothing works")

    async def halted() -> bool:
        return (await processes.status())[0].status == "halted"

    with monkeypatch.context() as patched:
        patched.setattr(processes.kind, "examine", fails)
        ticket = await shared.receive()
        head = (await shared.g.store.head()).position
        for view in VIEWS:
            assert await shared.g.projections.wait_for(view.name, head, 60)
        await until(halted)
        assert (await processes.status())[0].position < head
    assert await processes.wait_for(NAME, head, 60)
    await shared.act("assistant", ticket, c.Note(text="已联系"))
    await at_the_end(shared, processes)
    await shared.g.projections.stop()
    await processes.stop()
    await whole(shared)
