"""The household history equals the log, and forgets where people lived when they are erased."""

from random import Random
from typing import Any

import pytest

from adapters.answers.household.reading import history_answer, phone_answer
from domain.household.commands import CorrectContact, LinkCaller, MoveIn, MoveOut, ReceiveKeys
from domain.kernel.errors import Refusal
from domain.service_desk.erasure import Erase
from domain.ticket import commands as c
from projections.household.household_history import HOUSEHOLD_HISTORY
from tests.household.register import HOME, PHONE, line, take
from tests.support.estates.desk_estate import DAY, JX, Estate

pytestmark = pytest.mark.anyio

NAMES, NUMBERS, PHONES = ("王小明", "李娜", "赵六"), ("1201", "1202", "0301"), (PHONE, "13900000000", None)


async def one_step(estate: Estate, random: Random) -> None:
    """Take one random step on the household register or a ticket; a refused step leaves nothing."""
    members = await estate.g.register.members(JX)
    people, households, by = list(members.residents.values()), estate.g.households, estate.operator
    what = random.choice(["line", "ticket", "ticket", "note", "in", "out", "keys", "correct", "link", "unlink", "erase"])
    estate.clock.forward(DAY / 4)
    if what == "line" or not people:
        given = {"dwelling": random.choice(NUMBERS), "name": random.choice(NAMES), "phone": random.choice(PHONES), "keys": None}
        await take(estate, line(**given, tenure=random.choice(["owner", "resident", "tenant"]), since=None))
        return
    person = random.choice(people)
    log = await estate.g.store.read_log(0, 10_000)
    tickets = [str(stored.stream_id) for stored in log if stored.topic == "ticket.received"]
    occupancy = random.choice(person.occupancies).id
    home: dict[str, Any] = {**HOME, "dwelling": random.choice(NUMBERS), "tenure": "tenant"}
    if what == "ticket" or not tickets:
        reporter = random.choice([c.Reporter(resident_id=person.id), c.Reporter(name="某", phone=PHONE)])
        await estate.receive(reporter=reporter, location=random.choice([None, c.Place(area="A1", **HOME)]))
        return
    ticket = random.choice(tickets)
    if what == "note":
        corrected = c.Correct(field="location.dwelling", value=random.choice(NUMBERS), reason="register_error")
        await estate.act("assistant", ticket, corrected)
    elif what == "in":
        await households.move_in(person.id, MoveIn.model_validate(home), by)
    elif what == "out":
        await households.move_out(person.id, MoveOut(occupancy=occupancy, until=estate.clock.now().date()), by)
    elif what == "keys":
        await households.receive_keys(person.id, ReceiveKeys(occupancy=occupancy, keys=1), by)
    elif what == "correct":
        await households.correct(person.id, CorrectContact(phone=random.choice(PHONES[:2])), by)
    elif what == "link":
        await households.link_caller(person.id, LinkCaller(ticket=ticket), by)
    elif what == "unlink":
        await households.unlink_caller(person.id, LinkCaller(ticket=ticket), by)
    elif random.random() < 0.3:
        asked = await estate.g.erasure.ask(Erase(resident=person.id, reason="request"), estate.request("privacy_officer"))
        await estate.g.approvals.approve(asked.case.id, estate.request("director"))


async def rows(estate: Estate) -> dict[str, list[Any]]:
    """All rows of the live tables, sorted."""
    tables = HOUSEHOLD_HISTORY.tables
    reader = estate.g.projections.reader(HOUSEHOLD_HISTORY.name)
    found = await reader.read([(f"SELECT {table.listed} FROM {{{table.name}}}", {}) for table in tables])
    return {table.name: sorted(result, key=repr) for table, result in zip(tables, found.results, strict=True)}


async def seen(estate: Estate) -> None:
    """Wait until the view has reached the end of the log."""
    assert await estate.g.projections.wait_for(HOUSEHOLD_HISTORY.name, (await estate.g.store.head()).position, 30)


@pytest.mark.parametrize("seed", [1])
async def test_the_view_equals_its_rebuild(seed: int, shared: Estate) -> None:
    random = Random(seed)
    await shared.g.projections.start()
    for step in range(60):
        try:
            await one_step(shared, random)
        except Refusal:
            continue
        if step % 15 == 0:
            await seen(shared)
    await seen(shared)
    incremental = await rows(shared)
    assert all(incremental[table.name] for table in HOUSEHOLD_HISTORY.tables if table.name != "household_erased")
    [checked] = await shared.g.projections.check(HOUSEHOLD_HISTORY.name)
    assert checked.differences == []
    await shared.g.projections.rebuild(HOUSEHOLD_HISTORY.name)
    assert await rows(shared) == incremental


async def test_nothing_tells_where_somebody_lived_who_was_erased(shared: Estate) -> None:
    estate = shared
    await estate.g.projections.start()
    wang, li = await take(estate, line(), line(name="李娜", tenure="resident", keys=None))
    assert wang.resident is not None
    assert wang.dwelling is not None
    await estate.receive(reporter=c.Reporter(resident_id=wang.resident), location=None)
    await seen(estate)
    directory = await estate.g.directory.current()

    async def read() -> tuple[set[str | None], int, list[Any]]:
        told = await phone_answer(estate.g, directory, "assistant", JX, PHONE)
        history, _ = await history_answer(
            estate.g,
            directory,
            "assistant",
            wang.dwelling,
            personal=True,
            before=None,
            limit=50,  # type: ignore[arg-type]
        )
        return {one.name for one in told.people}, len(history.tickets), [one.resident for one in history.people]

    assert await read() == ({"王小明", "李娜"}, 1, [wang.resident, li.resident])
    asked = await estate.g.erasure.ask(Erase(resident=wang.resident, reason="request"), estate.request("privacy_officer"))
    await estate.g.approvals.approve(asked.case.id, estate.request("director"))
    await seen(estate)
    assert await read() == ({"李娜"}, 0, [li.resident])
    [checked] = await estate.g.projections.check(HOUSEHOLD_HISTORY.name)
    assert checked.differences == []
