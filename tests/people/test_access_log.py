"""The access log: written before any text is opened; if it cannot be written, the masked view is served."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain.kernel.errors import Overloaded
from domain.kernel.journal import Journal
from domain.kernel.ports import Access, PlainField
from domain.kernel.privacy import MASKED, Private
from domain.service_desk.reading import Inquiries
from domain.ticket import commands as c
from tests.support.estates.desk_estate import Estate

pytestmark = pytest.mark.anyio


class FullLog:
    """An access log that cannot be written."""

    async def record(self, access: Access) -> int:
        raise Overloaded

    async def read(self, after_position: int, limit: int) -> Sequence[tuple[int, Access]]:
        return []


class Witness:
    """The access log and the sealer, with the order in which they were used."""

    def __init__(self, estate: Estate) -> None:
        self._log, self._sealer = estate.g.store.access_log, estate.g.sealer
        self.seen: list[str] = []

    async def record(self, access: Access) -> int:
        position = await self._log.record(access)
        self.seen.append("noted")
        return position

    async def read(self, after_position: int, limit: int) -> Sequence[tuple[int, Access]]:
        return await self._log.read(after_position, limit)

    async def open(self, items: Sequence[tuple[PlainField, Private]], *, as_of: int | None = None) -> Sequence[str | None]:
        self.seen += [f"opened {field.name}" for field, _ in items]
        return await self._sealer.open(items, as_of=as_of)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sealer, name)


@pytest.mark.parametrize("login", ["assistant", "director", "privacy_officer"])
async def test_where_the_look_cannot_be_noted_the_masked_view_is_served(estate: Estate, login: str) -> None:
    ticket = await estate.receive()
    blind = Inquiries(estate.g.office, FullLog())
    reading = await blind.ticket(login, ticket)
    assert reading.masked
    assert reading.texts == {
        "description": MASKED,
        "dwelling": MASKED,
        "reporter_name": "王**",
        "reporter_phone": "138****5678",
    }
    if login == "director":
        [step] = await blind.history(login, ticket)
        assert step.texts["description"] == MASKED
    assert not (await estate.g.inquiries.ticket(login, ticket)).masked


async def test_noted_before_opened(estate: Estate) -> None:
    ticket = await estate.receive()
    for what in ("ticket", "history"):
        witness: Any = Witness(estate)
        journal = Journal(estate.g.store, estate.g.journal.codec, witness)
        office = estate.office(journal)
        await getattr(Inquiries(office, witness), what)("director", ticket)
        assert witness.seen[0] == "noted"
        assert "opened description" in witness.seen


async def test_a_masked_look_opens_no_more_than_its_hints_and_is_not_noted(estate: Estate) -> None:
    ticket = await estate.receive()
    witness: Any = Witness(estate)
    journal = Journal(estate.g.store, estate.g.journal.codec, witness)
    office = estate.office(journal)
    await Inquiries(office, witness).ticket("auditor", ticket)
    await Inquiries(office, witness).ticket("director", ticket, personal=False)
    assert sorted(set(witness.seen)) == ["opened reporter_name", "opened reporter_phone"]


async def test_a_worklist_is_opened_by_one_look_that_names_everybody_and_only_their_own(estate: Estate) -> None:
    orders = []
    for assignee in ("technician", "technician", "butler"):
        ticket = await estate.receive()
        await estate.act("assistant", ticket, c.Classify(kind="repair", facility="private"))
        orders.append(await estate.act("assistant", ticket, c.Dispatch(assignee=assignee)))
    mine, ids = orders[:2], [state.id for state in orders]
    found = await estate.g.inquiries.carried("technician", ids)
    assert [(reading.state.id, reading.masked) for reading in found] == [(state.id, False) for state in mine]
    [(_, access)] = await estate.g.store.access_log.read(0, 10)
    assert (access.who, access.what, access.community, access.stream_id) == ("technician", "worklist", "JX", None)
    assert list(access.subjects) == [state.subject for state in mine]
    kept = await estate.g.inquiries.carried("technician", ids, personal=False)
    blind = await Inquiries(estate.g.office, FullLog()).carried("technician", ids)
    for reading in (*kept, *blind):
        assert (reading.masked, reading.texts["description"]) == (True, MASKED)
    assert await estate.g.inquiries.carried("director", ids) == []  # who may read them all, and carries none
    await estate.act("technician", str(mine[0].id), c.Decline(reason="不在我的班上"))
    assert [reading.state.id for reading in await estate.g.inquiries.carried("technician", ids)] == [mine[1].id]
    await estate.act("technician", str(mine[1].id), c.Complete(resolution="换了软管"))
    assert await estate.g.inquiries.carried("technician", ids) == []


async def test_what_the_log_says(estate: Estate) -> None:
    ticket = await estate.receive()
    state = await estate.act("assistant", ticket, c.Classify(kind="other"))
    await estate.g.inquiries.ticket("assistant", ticket)
    await estate.g.inquiries.history("director", ticket)
    entries = await estate.g.store.access_log.read(0, 10)
    assert [(position, access.who, access.what) for position, access in entries] == [
        (1, "assistant", "ticket"),
        (2, "director", "ticket_history"),
    ]
    for _, access in entries:
        assert (access.at, access.community, access.stream_id) == (estate.clock.now(), "JX", state.id)
        assert list(access.subjects) == [state.subject]


async def test_the_answer_to_a_command_is_masked(estate: Estate) -> None:
    ticket = await estate.receive()
    done = await estate.g.desk.act(ticket, c.Classify(kind="other"), estate.request("assistant"))
    reading = await estate.g.inquiries.after_command("assistant", done.state, done.recorded_at)  # type: ignore[union-attr]
    assert reading.masked
    assert reading.texts["description"] == MASKED
    assert await estate.g.store.access_log.read(0, 10) == []


async def test_the_book_number_of_a_version_is_the_one_it_had_then(estate: Estate) -> None:
    ticket = await estate.receive()
    for command in (
        c.Classify(kind="repair", facility="private"),
        c.Reclassify(kind="complaint"),
        c.Reclassify(kind="repair", facility="private"),
        c.Reclassify(kind="repair", facility="public_minor"),
    ):
        await estate.act("assistant", ticket, command)
    numbers = []
    for version in range(1, 6):
        reading = await estate.g.inquiries.ticket("assistant", ticket, version=version)
        numbers.append(reading.numbers.book_number)
        assert reading.numbers.number == "GD-JX-20260302-0001"
    day = "JX-20260302"
    assert numbers == [None, f"BX-{day}-0001", f"TS-{day}-0001", f"BX-{day}-0002", f"BX-{day}-0002"]
    for number in (f"BX-{day}-0001", f"TS-{day}-0001", f"BX-{day}-0002", "GD-JX-20260302-0001"):
        assert str((await estate.g.inquiries.ticket("assistant", number)).state.id) == ticket
