"""What must hold of every run, whatever its seed: of the log, of the answers, of the read models and of the processes."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any
from uuid import UUID

from adapters.composition import Gongdan
from adapters.projecting.tables.row_tables import RowTables
from domain.kernel.ports import StoredEvent
from projections.read_models import VIEWS
from tests.seeds.clients import Clients
from tests.seeds.mischief import Mischief, personal_texts

PATIENCE = 120.0
"""Virtual seconds within which a follower reaches the end of the log in fair weather."""

Rows = Mapping[str, Sequence[tuple[Any, ...]]]


async def whole_log(gongdan: Gongdan) -> list[StoredEvent]:
    """Every event, in order."""
    return list(await gongdan.store.read_log(0, 1_000_000))


async def caught_up(gongdan: Gongdan) -> None:
    """Wait until read models and processes have reached the end of the log, which processes make longer."""
    while True:
        head = (await gongdan.store.head()).position
        for status in await gongdan.projections.status():
            reached = await gongdan.projections.wait_for(status.name, head, PATIENCE)
            assert reached, f"{status.name} does not reach the end of the log: {await gongdan.projections.status()}"
        for process in await gongdan.processes.status():
            reached = await gongdan.processes.wait_for(process.name, head, PATIENCE)
            assert reached, f"{process.name} does not reach the end of the log: {await gongdan.processes.status()}"
        if (await gongdan.store.head()).position == head:
            return
        await asyncio.sleep(0.1)


def log_is_whole(stored: Sequence[StoredEvent]) -> None:
    """Positions and versions have no gap, recorded_at never decreases, and numbers are drawn without gaps, one a receipt."""
    assert [one.position for one in stored] == list(range(1, len(stored) + 1))
    versions: Counter[UUID] = Counter()
    sequences: Counter[str] = Counter()
    for before, one in zip([None, *stored], stored, strict=False):
        versions[one.stream_id] += 1
        assert one.version == versions[one.stream_id], f"{one.stream_id} has version {one.version} at {one.position}"
        assert before is None or before.recorded_at <= one.recorded_at, f"recorded_at decreases at {one.position}"
        assert (one.number is None) is (one.book is None), f"event {one.position} of book {one.book} has number {one.number}"
        if one.number is not None:
            prefix, _, sequence = one.number.rpartition("-")
            sequences[prefix] += 1
            assert int(sequence) == sequences[prefix], f"{one.number} was drawn out of turn"


def commands_are_carried_out_once(gongdan: Gongdan, stored: Sequence[StoredEvent], clients: Clients) -> None:
    """Of an acknowledged command one sending wrote events, as acknowledged; of a refused one none, of any other at most one."""
    events: defaultdict[UUID, list[int]] = defaultdict(list)
    for one in stored:
        events[gongdan.journal.codec.decode(one).meta.command_id].append(one.position)
    for command in clients.sent:
        wrote = [attempt for attempt in command.attempts if attempt in events]
        said = f"{command.name} {command.key}"
        assert len(wrote) <= 1, f"{said} was carried out {len(wrote)} times"
        if command.is_acknowledged:
            position = getattr(command.answer, "position", None)
            assert wrote, f"{said} was acknowledged and is lost"
            assert position is None or position in events[wrote[0]], f"{said} was acknowledged at {position}"
        elif command.refusal is not None and not command.unknown:
            assert not wrote, f"{said} was refused and carried out"


def effects_come_once(gongdan: Gongdan, stored: Sequence[StoredEvent]) -> None:
    """A reminder is not raised while it is raised; a finding is proposed once."""
    raised: set[UUID] = set()
    proposed: Counter[UUID] = Counter()
    for one in stored:
        if one.topic == "reminder.raised":
            assert one.stream_id not in raised, f"a reminder was raised twice, at {one.position}"
            raised.add(one.stream_id)
        elif one.topic == "reminder.settled":
            raised.remove(one.stream_id)
        elif one.topic == "finding.proposed":
            proposed[one.stream_id] += 1
    assert not [stream for stream, times in proposed.items() if times > 1]


async def looking_again_changes_nothing(gongdan: Gongdan) -> None:
    """Processes that look at every stream again from the beginning find all their effects there."""
    await gongdan.processes.stop()
    assert gongdan.store.database is not None
    await gongdan.store.database.write(lambda tx: tx.execute("UPDATE processes SET position = 0"))
    before = (await gongdan.store.head()).position
    await gongdan.processes.catch_up()
    after = await whole_log(gongdan)
    assert len(after) == before, f"processes wrote again: {[one.topic for one in after[before:]]}"


async def read_models_equal_the_log(gongdan: Gongdan, random: Random, rebuilds: int) -> None:
    """No stream is parked, every row is what the log says, and ``rebuilds`` drawn read models equal their rebuilds."""
    for status in await gongdan.projections.status():
        assert not status.parked, f"{status.name} has parked {status.parked}"
        assert status.error is None, f"{status.name}: {status.error}"
    for process in await gongdan.processes.status():
        assert not process.parked, f"{process.name} has parked {process.parked}"
    for checked in await gongdan.projections.check():
        assert not checked.differences, f"{checked.name} differs from the log: {checked.differences}"
    names = random.sample([view.name for view in VIEWS], rebuilds)
    before = {name: await rows_of(gongdan, name) for name in names}
    for name in names:
        await gongdan.projections.rebuild(name)
        assert await rows_of(gongdan, name) == before[name], f"{name} differs from its rebuild"


async def rows_of(gongdan: Gongdan, name: str) -> Rows:
    """All rows of a read model, by table."""
    database = gongdan.store.database
    assert database is not None
    view = next(view for view in VIEWS if view.name == name)
    [(version,)] = await database.read("SELECT version FROM projections WHERE name = :name AND live = 1", {"name": name})
    tables = RowTables(view, version)
    return {
        table.name: sorted(await database.read(f"SELECT {table.listed} FROM {tables.names[table.name]}"), key=repr)
        for table in view.tables
    }


async def the_erased_stay_erased(gongdan: Gongdan, mischief: Mischief) -> None:
    """No text of an erased caller can be opened."""
    for ticket in mischief.erased:
        assert not any(await personal_texts(gongdan, ticket)), f"the caller of {ticket} was erased and can be read"


async def hold(gongdan: Gongdan, clients: Clients, mischief: Mischief, random: Random, rebuilds: int) -> list[StoredEvent]:
    """Assert all invariants of a run that has ended; returns the log."""
    await caught_up(gongdan)
    stored = await whole_log(gongdan)
    log_is_whole(stored)
    commands_are_carried_out_once(gongdan, stored, clients)
    effects_come_once(gongdan, stored)
    await the_erased_stay_erased(gongdan, mischief)
    await read_models_equal_the_log(gongdan, random, rebuilds)
    await gongdan.projections.stop()
    await looking_again_changes_nothing(gongdan)
    return stored
