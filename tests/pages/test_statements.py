"""One read of a ticket a page: each page asks the database once for each thing it shows, and notes one look at personal data."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import httpx2
import pytest

from adapters.composition import Gongdan
from domain.kernel.ports import Access
from domain.kernel.privacy import MASKED
from domain.kernel.request import Request
from domain.people.administration import Administrator
from domain.ticket import commands as c
from tests.pages.surfing import Surfer
from tests.pages.test_findings import recorded
from tests.pages.test_replay import told
from tests.support.client import V1
from tests.support.estates.api_estate import Estate
from tests.support.statements import Statements, listen

pytestmark = pytest.mark.anyio

AT_MOST = 8
"""Statements of a ticket's page; the frame may count what waits in one more."""


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
        ran = list(self.statements.ran)
        assert answer.status_code == 200
        return answer.text, ran, (await self.looks())[before:]


@pytest.fixture
def watch(estate: Estate, statements: Statements) -> Watch:
    """Counts what a page asks."""
    return Watch(estate.gongdan, statements)


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


async def test_lists_of_tickets_read_all_of_them_in_one_statement(
    estate: Estate, surfers: Callable[[], Surfer], watch: Watch
) -> None:
    """As many statements for seven tickets as for two: their streams together, the desk once, their texts in one batch."""
    browsers = {login: surfers() for login in ("zhang", "wang", "shen")}
    for login, surfer in browsers.items():
        await surfer.sign_in(login)
    asked: dict[tuple[str, str], list[int]] = {}
    streams: list[UUID] = []
    for more in (2, 5):
        if streams:
            await estate.gongdan.projections.start()
        streams += await dispatched(estate, more)
        await watch.settle()
        for login, page, most, what in (
            ("zhang", "/work", 8, ["worklist"]),
            ("wang", "/", 13, []),
            ("zhang", "/", 14, []),
            ("shen", "/events", 6, []),
        ):
            text, ran, looks = await watch.open(lambda surfer=browsers[login], page=page: surfer.get(page))  # type: ignore[misc]
            assert [look.what for look in looks] == what
            read = Statements(ran).streams_read()
            assert set(read.values()) == {1}, (page, read)
            assert len(ran) <= most, (page, ran)
            asked.setdefault((login, page), []).append(len(ran))
            if page == "/work":
                assert [reads(ran, stream) for stream in streams] == [1] * len(streams)
            else:
                assert text.count("派单给zhang某") >= more, "each event in words"
    assert {page: len(set(counts)) for page, counts in asked.items()} == dict.fromkeys(asked, 1), asked


async def test_a_finding_page_reads_the_finding_once(estate: Estate, surfer: Surfer, watch: Watch) -> None:
    page = await recorded(estate)
    await surfer.sign_in("wang")
    await watch.settle()
    _, ran, looks = await watch.open(lambda: surfer.get(page))
    assert reads(ran, UUID(page.rpartition("/")[2])) == 1
    assert [look.what for look in looks] == ["finding"]
    assert len(ran) <= AT_MOST + 1, ran
