"""No word of a resident is in any file, before or after the erasure; after it nobody can read one any more."""

import asyncio
import time
from pathlib import Path
from typing import Any, get_args, get_type_hints

import psycopg
import pytest

from adapters.store.database.postgres_database import PostgresDatabase
from domain.household.commands import CorrectContact, RegisterLine
from domain.household.register_lines import Entered
from domain.kernel.aggregate import TOPICS, fold
from domain.kernel.errors import Conflict, InvalidInput, NotFound, Overloaded
from domain.kernel.ports import CommandKey, PlainField
from domain.kernel.privacy import ERASED, Private
from domain.kernel.request import Request
from domain.kernel.sealing import seal_fields
from domain.kernel.terms import ApprovalState, State, Tenure
from domain.service_desk.disclosure import Disclose
from domain.service_desk.erasure import Erase
from domain.service_desk.ticket_reading import HistoryStep
from domain.ticket import commands as c
from projections.ticket.ticket_search import Filters
from tests.privacy.household import (
    DWELLING,
    FILE_TEXT,
    NAME,
    OF_STAFF,
    PHONE,
    WORDS,
    Household,
    canaries,
    erase,
    erase_all,
    erase_resident,
    live,
)
from tests.privacy.searching import shapes, traces
from tests.support.estates.desk_estate import JX, MINUTE, Estate
from tests.support.estates.proposing import approvals_over
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def folders(shared_settings: Any, request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Every folder the store writes to."""
    if shared_settings.store.startswith("postgresql"):
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return [server.directory, shared_settings.master_key_path.parent]
    return [tmp_path]


async def projected(estate: Estate) -> None:
    """Wait until every view has reached the log's end."""
    head = (await estate.g.store.head()).position
    for status in await estate.g.projections.status():
        assert await estate.g.projections.wait_for(status.name, head, 30), status


async def settle(estate: Estate) -> None:
    """Make PostgreSQL write what it holds in memory; SQLite has written it."""
    for database in (estate.g.store.database, estate.g.keys.database):
        if isinstance(database, PostgresDatabase):
            url = estate.settings.store.replace("gongdan@", "postgres@")
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await connection.execute("CHECKPOINT")


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    for number, shape in enumerate(shapes(NAME)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "file").write_bytes(b"\x00\xff" + shape + b"\x00")
        assert traces({"name": shapes(NAME)}, folder) == {"name": [str(folder / "file")]}
    (tmp_path / "0" / "file").write_bytes("别的".encode())
    assert traces({"word": shapes(NAME)}, tmp_path / "0") == {}


async def test_every_personal_field_of_every_event_was_said(estate: Estate) -> None:
    """The search means something only if every field that can hold a personal text holds a canary."""
    lived = await live(estate)
    log = await estate.g.store.read_log(0, 1000)
    decoded = [estate.g.journal.codec.decode(stored) for stored in log]
    said = {(type(event).__name__, name) for event in decoded for name, _ in seal_fields(event)}
    there_are = {
        (event.__name__, name)
        for event in TOPICS.values()
        for name, hint in get_type_hints(event).items()
        if hint is Private or Private in get_args(hint)
    }
    assert there_are - said == set()
    assert len(lived.tickets) == 6


async def test_no_word_in_any_file(shared: Estate, folders: list[Path]) -> None:
    estate, begun = shared, time.time() - 1
    await estate.g.projections.start()
    lived = await live(estate)
    for ticket in (*lived.tickets, *lived.theirs):
        await estate.g.inquiries.ticket("director", ticket)
        await estate.g.inquiries.history("director", ticket)
    await projected(estate)
    assert (await estate.g.projections.search(Filters(phone=PHONE), now=estate.clock.now())).items
    await settle(estate)
    assert traces(canaries(), *folders, since=begun) == {}

    await erase_all(estate, lived)
    await projected(estate)
    await settle(estate)
    assert traces(canaries(), *folders, since=begun) == {}
    assert not (await estate.g.projections.search(Filters(phone=PHONE), now=estate.clock.now())).items
    assert not (await estate.g.projections.search(Filters(q=NAME), now=estate.clock.now())).items
    assert not (await estate.g.projections.search(Filters(q=WORDS["报修"]), now=estate.clock.now())).items
    for checked in await estate.g.projections.check():
        assert not checked.differences, checked


async def test_no_word_in_any_file_after_closing(estate: Estate, tmp_path: Path) -> None:
    lived = await live(estate)
    await erase_all(estate, lived)
    async with estate.again():
        pass
    await estate.g.projections.stop()
    await estate.g.store.close()
    await estate.g.keys.close()
    assert traces(canaries(), tmp_path) == {}


def readable(steps: list[HistoryStep]) -> set[str]:
    return {text for step in steps for text in step.texts.values()}


async def everything_read(estate: Estate, lived: Household) -> set[str]:
    """Every text that a person with all rights can read."""
    found: set[str] = set()
    for ticket in (*lived.tickets, *lived.theirs):
        reading = await estate.g.inquiries.ticket("director", ticket)
        found |= set(reading.texts.values())
        for version in range(1, reading.state.version + 1):
            found |= set((await estate.g.inquiries.ticket("director", ticket, version=version)).texts.values())
        found |= readable(list(await estate.g.inquiries.history("director", ticket)))
    assert lived.resident is not None
    for event in await estate.events_of(lived.resident):
        fields = [(PlainField(lived.resident, event.originator_version, name), text) for name, text in seal_fields(event)]
        found |= {ERASED if text is None else text for text in await estate.g.sealer.open(fields)}
    return found


async def test_erased_reads_erased_and_everything_else_stays(shared: Estate) -> None:
    estate = shared
    lived = await live(estate)
    before = [await estate.g.inquiries.ticket("director", ticket) for ticket in lived.tickets]
    footprint = await estate.footprint()
    log = await estate.g.store.read_log(0, 1000)
    elsewhere = {
        WORDS[word] for word in ("驳回", "文件名", "值班记录", "移交说明", "移交异议", "代值", "接管", "查阅", *OF_STAFF)
    }
    assert set(WORDS.values()) - elsewhere <= await everything_read(estate, lived)

    async with estate.again() as other:
        await other.g.inquiries.ticket("director", lived.tickets[0])
        await erase_all(estate, lived)
        assert await everything_read(other, lived) == {ERASED}, "another process notices at once"
        with pytest.raises(NotFound):
            await opened_attachment(other, lived)
    assert await everything_read(estate, lived) == {ERASED}
    with pytest.raises(NotFound):
        await opened_attachment(estate, lived)

    after = [await estate.g.inquiries.ticket("director", ticket) for ticket in lived.tickets]
    for was, now in zip(before, after, strict=True):
        assert (now.state, now.numbers, now.clocks, now.recorded_at) == (was.state, was.numbers, was.clocks, was.recorded_at)
    now_log = await estate.g.store.read_log(0, 1000)
    assert list(now_log[: len(log)]) == list(log)
    assert len(now_log) == len(log) + 5 * 3 + 4, "a resident and the caller linked to them are two subjects of one request"
    footprint_after = await estate.footprint()
    assert footprint_after["numbers"] == footprint["numbers"]
    for ticket in lived.tickets:
        assert fold(await estate.events(ticket)) == await estate.state(ticket)
    for login in ("assistant", "auditor", "privacy_officer", "finance"):
        for ticket in lived.tickets:
            texts = (await estate.g.inquiries.ticket(login, ticket)).texts
            assert {texts[name] for name in ("reporter_name", "reporter_phone") if name in texts} <= {ERASED}


async def opened_attachment(estate: Estate, lived: Household) -> bytes:
    _, chunks = await estate.g.attachments.open(lived.attachment)
    return b"".join([chunk async for chunk in chunks])


async def test_an_attachment_is_read_until_its_subject_is_erased(estate: Estate) -> None:
    lived = await live(estate)
    assert await opened_attachment(estate, lived) == FILE_TEXT.encode()
    await erase(estate, lived.tickets[1])
    assert await opened_attachment(estate, lived) == FILE_TEXT.encode()
    await erase(estate, lived.tickets[0])
    with pytest.raises(NotFound):
        await opened_attachment(estate, lived)


async def test_others_stay_readable(estate: Estate) -> None:
    lived = await live(estate)
    neighbour = await estate.receive()
    await erase_all(estate, lived)
    assert (await estate.g.inquiries.ticket("assistant", neighbour)).texts["reporter_name"] == "王小明"


async def test_the_erasure_names_both_people_and_no_reason_but_a_code(estate: Estate) -> None:
    ticket = await estate.receive()
    subject = (await estate.state(ticket)).subject
    erased = await erase(estate, ticket)
    assert erased.case.result == subject
    [event] = await estate.events_of(subject)
    assert (event.meta.actor, event.meta.second_person, event.reason) == ("privacy_officer", "director", "request")
    with pytest.raises(ValueError, match="reason"):
        Erase(ticket=ticket, reason="王小明 要求")


async def test_what_can_still_be_done_to_the_ticket_of_somebody_erased(estate: Estate) -> None:
    """No further text about them can be kept, but steps without texts still work."""
    ticket = await estate.receive()
    await estate.run(ticket, [("assistant", c.Classify(kind="other")), ("assistant", c.Dispatch(assignee="technician"))])
    waiting = await estate.ask("assistant", ticket, c.ApproveMajorWorks(agreed_due_at=estate.clock.now() + MINUTE, reason="立管"))
    unwanted = await estate.ask(
        "assistant", ticket, c.ApproveMajorWorks(agreed_due_at=estate.clock.now() + MINUTE, reason="立管")
    )
    await erase(estate, ticket)
    before = await estate.footprint()
    for command in (c.Note(text="忘不了"), c.Reply(message="忘不了")):
        with pytest.raises(Conflict):
            await estate.act("assistant", ticket, command)
    assert await estate.footprint() == before
    failed = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    assert failed.case.status is ApprovalState.FAILED
    rejected = await estate.g.approvals.reject(unwanted.case.id, "已删除", estate.request("director"))
    assert rejected.case.status is ApprovalState.REJECTED
    await estate.act("technician", ticket, c.Start())
    assert (await estate.act("assistant", ticket, c.Cancel(reason="withdrawn"))).state is State.CANCELLED


async def test_somebody_erased_is_not_erased_or_disclosed_again(estate: Estate) -> None:
    ticket = await estate.receive()
    asked = [
        await estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), estate.request("privacy_officer")),
        await estate.g.disclosure.ask(Disclose(ticket=ticket, reference="X-1"), estate.request("privacy_officer")),
    ]
    await erase(estate, ticket)
    for waiting in asked:
        failed = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
        assert failed.case.status is ApprovalState.FAILED
    with pytest.raises(Conflict):
        await estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), estate.request("privacy_officer"))


# --- residents ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["resident", "their ticket", "linked caller"])
async def test_a_person_is_erased_whole_however_they_are_named(by: str, estate: Estate) -> None:
    lived = await live(estate)
    assert lived.resident is not None
    named, caller = lived.theirs
    if by == "resident":
        await erase_resident(estate, lived.resident)
    else:
        await erase(estate, named if by == "their ticket" else caller)
    for ticket in (named, caller):
        assert set((await estate.g.inquiries.ticket("director", ticket)).texts.values()) == {ERASED}
    assert ERASED not in (await estate.g.inquiries.ticket("director", lived.tickets[0])).texts.values()
    failed = await estate.g.erasure.ask(Erase(resident=lived.resident, reason="request"), estate.request("director"))
    again = await estate.g.approvals.approve(failed.case.id, estate.request("director2"))
    assert again.case.status is ApprovalState.FAILED
    with pytest.raises(Conflict):
        await estate.g.households.correct(lived.resident, CorrectContact(name="某某"), estate.operator)
    with pytest.raises(InvalidInput):
        await estate.receive(reporter=c.Reporter(resident_id=lived.resident))


async def test_who_was_erased_can_be_entered_anew_and_is_somebody_else(estate: Estate) -> None:
    lived = await live(estate)
    assert lived.resident is not None
    await erase_resident(estate, lived.resident)
    line = RegisterLine(building="3", dwelling=DWELLING, name=NAME + "甲", phone=PHONE, tenure=Tenure.OWNER)
    [entered] = await (await estate.g.register_entry.begin(JX, estate.operator)).take([line])
    assert entered.entered == (Entered.RESIDENT, Entered.MOVED_IN)
    assert entered.resident != lived.resident


async def test_the_erasure_of_several_subjects_cut_short_is_finished(estate: Estate) -> None:
    lived = await live(estate)
    assert lived.resident is not None
    asked = await estate.g.erasure.ask(Erase(resident=lived.resident, reason="request"), estate.request("privacy_officer"))
    with pytest.raises(Killed):
        await approvals_over(estate, estate.g.office, Interrupted(Killed())).approve(asked.case.id, estate.request("director"))
    with pytest.raises(Conflict):
        await estate.g.approvals.approve(asked.case.id, estate.request("director"))
    for ticket in lived.theirs:
        assert set((await estate.g.inquiries.ticket("director", ticket)).texts.values()) == {ERASED}


# --- interrupted --------------------------------------------------------------------------------------------------


class Killed(Exception):
    """The process ended here."""


class Interrupted:
    """A destroyer of keys that is interrupted before it acts."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def erase(self, subject: object) -> None:
        raise self.error


async def interrupted(estate: Estate, ticket: str, error: Exception, request: Request) -> None:
    """The event is in the log, the key still exists."""
    asked = await estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), estate.request("privacy_officer"))
    approvals = approvals_over(estate, estate.g.office, Interrupted(error))
    with pytest.raises(type(error)):
        await approvals.approve(asked.case.id, request)
    assert (await estate.g.inquiries.ticket("director", ticket)).texts["description"] == "厨房水管漏水"


async def test_an_erasure_cut_short_is_finished_at_the_next_start(shared: Estate, shared_settings: Any) -> None:
    ticket = await shared.receive()
    await interrupted(shared, ticket, Killed(), shared.request("director"))
    async with shared.again() as next_start:
        assert set((await next_start.g.inquiries.ticket("director", ticket)).texts.values()) == {ERASED}
    assert set((await shared.g.inquiries.ticket("director", ticket)).texts.values()) == {ERASED}


async def test_an_erasure_cut_short_is_finished_by_a_repeat(estate: Estate) -> None:
    for key in (None, CommandKey("director", "k", b"body")):
        ticket = await estate.receive()
        request = estate.request("director", key=key)
        await interrupted(estate, ticket, Overloaded(), request)
        [case] = [estate.g.journal.codec.decode(e).originator_id for e in (await estate.g.store.read_log(0, 1000))[-1:]]
        if key is None:
            with pytest.raises(Conflict):
                await estate.g.approvals.approve(case, request)
        else:
            await estate.g.approvals.approve(case, request)
        assert set((await estate.g.inquiries.ticket("director", ticket)).texts.values()) == {ERASED}


async def test_erased_twice_at_once(shared: Estate) -> None:
    ticket = await shared.receive()
    cases = [
        (await shared.g.erasure.ask(Erase(ticket=ticket, reason="request"), shared.request("privacy_officer"))).case.id
        for _ in range(2)
    ]
    async with shared.again() as other:
        found = await asyncio.gather(
            shared.g.approvals.approve(cases[0], shared.request("director")),
            other.g.approvals.approve(cases[1], other.request("director")),
        )
        assert sorted(waiting.case.status for waiting in found) == [ApprovalState.APPROVED, ApprovalState.FAILED]
