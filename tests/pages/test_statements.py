"""One read of a ticket a page: each page asks the database once for each thing it shows, and notes one look at personal data."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import httpx2
import pytest

from adapters.composition import Gongdan
from domain.approval.waiting import Waiting
from domain.kernel.ports import Access
from domain.kernel.privacy import MASKED
from domain.kernel.request import Request
from domain.people.administration import Administrator
from domain.ticket import commands as c
from tests.pages.appraisal.test_findings import recorded
from tests.pages.surfing import Surfer
from tests.pages.ticket.test_replay import told
from tests.support.client import V1
from tests.support.estates.api_estate import Estate
from tests.support.statements import Statements, listen

pytestmark = pytest.mark.anyio

AT_MOST = 8
"""Statements of a ticket's page; the frame may count what waits in one more."""

HEAD = "SELECT position FROM head"
"""What wakes those who wait for the log; it is asked now and then, whatever page is opened."""


@pytest.fixture(autouse=True)
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """What the database is asked from the start of the test."""
    return listen(monkeypatch)


@dataclass
class Watch:
    """Opens pages and remembers what the last one asked the database and noted in the access log."""

    gongdan: Gongdan
    statements: Statements

    async def settle(self) -> None:
        """Bring the read models up to date and stop them, so that only pages ask the database."""
        projections = self.gongdan.projections
        head = (await self.gongdan.store.head()).position
        for status in await projections.status():
            assert await projections.wait_for(status.name, head, 60)
        await projections.stop()

    async def looks(self) -> list[Access]:
        """The access log."""
        return [access for _, access in await self.gongdan.store.access_log.read(0, 500)]

    async def open(self, page: Callable[[], Awaitable[httpx2.Response]]) -> tuple[str, list[str], list[Access]]:
        """A page's text, the statements it ran and the looks it noted.

        It is opened twice: the first time fills what a process remembers, such as keys and which tables are live.
        """
        await page()
        before = len(await self.looks())
        self.statements.ran.clear()
        answer = await page()
        ran = [sql for sql in self.statements.ran if sql != HEAD]
        assert answer.status_code == 200
        return answer.text, ran, (await self.looks())[before:]


@pytest.fixture
def watch(estate: Estate, statements: Statements) -> Watch:
    """Counts what a page asks."""
    return Watch(estate.gongdan, statements)


def most_reads(ran: list[str]) -> int:
    """How often the stream that is read most is read."""
    return max(Statements(ran).streams_read().values(), default=0)


def registry_reads(ran: list[str]) -> int:
    """How often the version of the registry is asked for; signing in asks once, with the session or the token."""
    return sum("'registry'" in sql for sql in ran)


def reads(ran: list[str], stream: UUID, number: str = "no number") -> int:
    return len(Statements(ran).reads_of(stream, number))


async def test_a_ticket_page_reads_the_ticket_once_and_notes_one_look(
    estate: Estate, surfers: Callable[[], Surfer], watch: Watch
) -> None:
    """Auditors read the texts of its history by the one look, which says so; a masked page notes none."""
    number, other, another = [await told(estate) for _ in range(3)]
    g = estate.gongdan
    stream = await g.desk.find(number)
    browsers = {login: surfers() for login in ("li", "zhang", "wang", "shen")}
    for login, surfer in browsers.items():
        await surfer.sign_in(login)
    await watch.settle()
    for login, ref, quotes in (("li", number, False), ("zhang", number, False), ("wang", number, True), ("wang", stream, True)):
        text, ran, looks = await watch.open(lambda surfer=browsers[login], ref=ref: surfer.get(f"/tickets/{ref}"))  # type: ignore[misc]
        assert reads(ran, stream, number) == 1
        assert len(ran) <= AT_MOST, ran
        [look] = looks
        assert (look.who, look.what, look.stream_id) == (login, "ticket", stream)
        assert dict(look.detail) == ({"history": "opened"} if quotes else {})
        assert "派单给zhang某" in text
        assert ("13812345678" in text, "备注：补记" in text) == (True, quotes)
    for login, query in (("shen", ""), ("wang", "?masked=1")):
        text, ran, looks = await watch.open(lambda surfer=browsers[login], ref=number + query: surfer.get(f"/tickets/{ref}"))  # type: ignore[misc]
        assert (looks, reads(ran, stream, number)) == ([], 1)
        assert len(ran) <= AT_MOST, ran
        assert MASKED in text
        for personal in ("13812345678", "王小明", "水管漏水", "补记"):
            assert personal not in text, personal

    for linked in (other, another):
        await g.desk.act(number, c.LinkTicket(ticket=linked, relation="same_cause"), Request("li", g.ids.new()))
    text, ran, _ = await watch.open(lambda: browsers["li"].get(f"/tickets/{number}"))
    assert all(f'<a href="/tickets/{linked}">' in text for linked in (other, another))
    assert len(ran) <= AT_MOST + 1, "the numbers of linked tickets are one statement, however many there are"

    operator = Administrator("operator", g.ids.new(), operator=True)
    [grant] = (await g.directory.current()).person("li").grants
    await g.administration.end_grant("li", grant.id, date(2026, 3, 1), operator)
    assert (await browsers["li"].get(f"/tickets/{number}")).status_code == 404, "what is revoked is closed at the next page"


async def test_each_page_of_a_ticket_and_each_answer_about_it_reads_it_once(estate: Estate, surfer: Surfer, watch: Watch) -> None:
    number = await told(estate)
    stream = await estate.gongdan.desk.find(number)
    await surfer.sign_in("wang")
    await watch.settle()
    replay, answer = f"/tickets/{number}/replay", f"{V1}/tickets/{number}"
    for page, what in (
        (replay, "ticket_history"),
        (f"{replay}?at=2026-03-02T12:00", "ticket_history"),
        (f"{replay}?known_at=2026-03-02T12:00", "ticket_history"),
        (f"/tickets/{number}/work-order", "ticket"),
        (answer, "ticket"),
        (f"{answer}?version=3", "ticket"),
        (f"{answer}?at=2026-03-02T04:00:00Z", "ticket"),
        (f"{answer}?known_at=2026-03-02T04:00:00Z", "ticket"),
        (f"{answer}/history", "ticket_history"),
    ):
        _, ran, looks = await watch.open(lambda page=page: surfer.http.get(page, headers=estate.bearer("wang")))  # type: ignore[misc]
        assert (page, reads(ran, stream, number)) == (page, 1)
        assert (page, [look.what for look in looks]) == (page, [what])
        assert len(ran) <= 6, (page, ran)


async def dispatched(estate: Estate, count: int) -> list[UUID]:
    """Repairs that somebody carries."""
    g = estate.gongdan
    asked = c.Receive.model_validate(
        {"community": "JX", "channel": "phone", "description": "漏水", "location": {"area": "A1", "dwelling": "1201"}}
    )
    streams = []
    for _ in range(count):
        done = await g.desk.receive(asked, Request("li", g.ids.new()))
        streams.append(done.state.id)
        for command in (c.Classify(kind="repair", facility="private"), c.Dispatch(assignee="zhang")):
            await g.desk.act(str(done.state.id), command, Request("li", g.ids.new()))
    return streams


@pytest.mark.parametrize("count", [2, 7])
async def test_lists_of_tickets_read_all_of_them_in_one_statement(
    count: int, estate: Estate, surfers: Callable[[], Surfer], watch: Watch
) -> None:
    """As many statements for seven tickets as for two: their streams together, the desk once, their texts in one batch."""
    browsers = {login: surfers() for login in ("zhang", "wang", "shen")}
    for login, surfer in browsers.items():
        await surfer.sign_in(login)
    streams = await dispatched(estate, count)
    await watch.settle()
    for login, page, most, what in (
        ("zhang", "/work", 8, ["worklist"]),
        ("wang", "/", 13, []),
        ("wang", "/?at=2026-03-02T12:00", 13, []),
        ("zhang", "/", 14, []),
        ("shen", "/events", 6, []),
    ):
        text, ran, looks = await watch.open(lambda surfer=browsers[login], page=page: surfer.get(page))  # type: ignore[misc]
        assert [look.what for look in looks] == what
        assert most_reads(ran) == 1, (page, ran)
        assert len(ran) <= most, (page, ran)
        if page == "/work":
            assert [reads(ran, stream) for stream in streams] == [1] * count
        else:
            assert text.count("派单给zhang某") >= 2, "each event in words"


async def test_a_finding_page_reads_the_finding_once(estate: Estate, surfer: Surfer, watch: Watch) -> None:
    page = await recorded(estate)
    await surfer.sign_in("wang")
    await watch.settle()
    _, ran, looks = await watch.open(lambda: surfer.get(page))
    assert reads(ran, UUID(page.rpartition("/")[2])) == 1
    assert [look.what for look in looks] == ["finding"]
    assert len(ran) <= AT_MOST + 1, ran


async def asked_for_works(estate: Estate) -> tuple[UUID, UUID]:
    """Major works that wait for a second person: the ticket and the approval."""
    g = estate.gongdan
    [ticket] = await dispatched(estate, 1)
    agreed = c.ApproveMajorWorks(agreed_due_at=g.clock.now() + timedelta(days=30), reason="须搭架")
    waiting = await g.desk.act(str(ticket), agreed, Request("chen", g.ids.new()))
    assert isinstance(waiting, Waiting)
    return ticket, waiting.case.id


async def test_an_approval_is_read_once_and_so_is_its_ticket(estate: Estate, surfers: Callable[[], Surfer], watch: Watch) -> None:
    """For the second person and the requester, as a page and as an answer; rights by the directory that the request came with."""
    ticket, approval = await asked_for_works(estate)
    browsers = {login: surfers() for login in ("chen", "wang")}
    for login, surfer in browsers.items():
        await surfer.sign_in(login)
    await watch.settle()
    for login in browsers:
        for page, of_ticket, most in ((f"/approvals/{approval}", 1, 7), (f"{V1}/approvals/{approval}", 0, 6)):
            headers = estate.bearer(login) if page.startswith(V1) else {}
            _, ran, looks = await watch.open(
                lambda surfer=browsers[login], page=page, headers=headers: surfer.http.get(page, headers=headers)  # type: ignore[misc]
            )
            assert (reads(ran, approval), reads(ran, ticket), registry_reads(ran)) == (1, of_ticket, 1), (page, ran)
            assert [look.what for look in looks] == ["approval"]
            assert len(ran) <= most, (page, ran)
    g = estate.gongdan
    operator = Administrator("operator", g.ids.new(), operator=True)
    [grant] = (await g.directory.current()).person("wang").grants
    await g.administration.end_grant("wang", grant.id, date(2026, 3, 1), operator)
    for page, headers in ((f"/approvals/{approval}", {}), (f"{V1}/approvals/{approval}", estate.bearer("wang"))):
        assert (await browsers["wang"].http.get(page, headers=headers)).status_code == 404, "closed at the next request"


async def test_pages_of_duty_read_desk_shift_and_each_ticket_once(
    estate: Estate, surfers: Callable[[], Surfer], watch: Watch
) -> None:
    """For the officer and the supervisor; as many statements however many tickets are unfinished."""
    g = estate.gongdan
    shift = (await g.duty.open("JX", Request("li", g.ids.new()))).state.id
    await g.duty.log(shift, "一行", None, Request("li", g.ids.new()))
    tickets = await dispatched(estate, 3)
    await g.duty.prepare_handover(shift, Request("li", g.ids.new()))
    tickets += await dispatched(estate, 2)
    browsers = {login: surfers() for login in ("li", "chen")}
    for login, surfer in browsers.items():
        await surfer.sign_in(login)
    await watch.settle()
    api, handover = f"{V1}/shifts/{shift}", f"/handover/{shift}"
    for login, page, most, looked, of_tickets in (
        ("li", "/shift", 6, ["shift"], 0),
        ("chen", "/shift", 6, ["shift"], 0),
        ("li", handover, 12, ["shift"], 1),
        ("chen", handover, 12, ["shift"], 1),
        ("li", "/night", 8, [], 1),
        ("chen", "/review", 17, [], 0),
        ("li", api, 6, ["shift"], 0),
        ("li", f"{api}/handover", 6, ["shift"], 0),
        ("li", f"{V1}/shifts/current?community=JX", 3, [], 0),
    ):
        headers = estate.bearer(login) if page.startswith(V1) else {}
        _, ran, looks = await watch.open(
            lambda surfer=browsers[login], page=page, headers=headers: surfer.http.get(page, headers=headers)  # type: ignore[misc]
        )
        assert (most_reads(ran), registry_reads(ran)) == (1, 1), (page, ran)
        assert [reads(ran, ticket) for ticket in tickets] == [of_tickets] * len(tickets), (page, ran)
        assert [look.what for look in looks] == looked, page
        assert len(ran) <= most, (page, len(ran), ran)
    operator = Administrator("operator", g.ids.new(), operator=True)
    [grant] = (await g.directory.current()).person("chen").grants
    await g.administration.end_grant("chen", grant.id, date(2026, 3, 1), operator)
    for page in ("/shift", handover, "/review"):
        assert (await browsers["chen"].get(page)).status_code == 404, "what is revoked is closed at the next page"


@pytest.mark.parametrize("count", [1, 3])
async def test_lists_of_findings_ask_for_the_registry_once(count: int, estate: Estate, surfer: Surfer, watch: Watch) -> None:
    for _ in range(count):
        await recorded(estate)
    await surfer.sign_in("wang")
    await watch.settle()
    for page, most in (("/appraisal/findings", 4), (f"{V1}/findings?community=JX", 4), ("/appraisal", 14)):
        _, ran, _ = await watch.open(lambda page=page: surfer.http.get(page, headers=estate.bearer("wang")))  # type: ignore[misc]
        assert (most_reads(ran), registry_reads(ran)) == (1, 1), (page, ran)
        assert len(ran) <= most, (page, ran)


async def test_looking_a_caller_up_reads_the_desk_once(estate: Estate, surfer: Surfer, watch: Watch) -> None:
    """The look-up and opening the stranger's latest ticket are two looks."""
    await told(estate)
    await surfer.sign_in("li")
    await watch.settle()
    _, ran, looks = await watch.open(lambda: surfer.get("/intake?phone=13812345678"))
    assert (most_reads(ran), registry_reads(ran)) == (1, 1), ran
    assert [look.what for look in looks] == ["phone_lookup", "ticket"]
    assert len(ran) <= 12, ran
