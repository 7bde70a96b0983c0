"""Event stream and process: filters in the address, pages, for auditors only; figures as of a day."""

import re

import pytest

from domain.kernel.request import Request
from domain.kernel.terms import Channel, Kind
from domain.ticket import commands as c
from projections.ticket.event_stream import EVENT_STREAM
from tests.pages.surfing import Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio

LINK = re.compile(r'href="/tickets/(GD-[^"/]*)/replay\?v=(\d+)"')


async def lived(estate: Estate) -> list[str]:
    """A question answered at the desk on one day, 60 notes, and a repair that had to be done again two days later."""
    g = estate.gongdan
    numbers = []

    async def tell(steps: list[tuple[str, c.Command, int]], what: str) -> None:
        asked = c.Receive(community="JX", channel=Channel.PHONE, description=what, reporter=c.Reporter(phone="13812345678"))
        done = await g.desk.receive(asked, Request("li", g.ids.new()))
        ticket = str(done.state.id)
        numbers.append((await g.inquiries.ticket("li", ticket)).numbers.number)
        for who, command, minutes in steps:
            estate.clock.move(minutes=minutes)
            await g.desk.act(ticket, command, Request(who, g.ids.new()))

    await tell(
        [
            ("li", c.Classify(kind=Kind.ENQUIRY), 10),
            *[("li", c.Note(text="<b>note</b>"), 0)] * 60,
            ("li", c.Settle(resolution="告知"), 20),
        ],
        "问",
    )
    estate.clock.move(days=2)
    work: list[tuple[str, c.Command, int]] = [
        ("li", c.Dispatch(assignee="zhang"), 5),
        ("zhang", c.Accept(), 5),
        ("zhang", c.Start(), 5),
        ("zhang", c.Complete(resolution="好", outcome="done"), 90),
    ]
    bad = c.FollowUp(satisfied=False, method="phone")
    good = c.FollowUp(satisfied=True, method="phone", rating=5)
    await tell(
        [("li", c.Classify(kind=Kind.REPAIR, facility="private"), 30), *work, ("li", bad, 60), *work, ("li", good, 60)], "漏水"
    )
    head = (await g.store.head()).position
    await g.projections.start()
    assert await g.projections.wait_for(EVENT_STREAM.name, head, 60)
    return numbers


async def test_events_by_filter_and_page_and_the_process_as_of_a_day(estate: Estate, surfer: Surfer) -> None:
    question, repair = await lived(estate)
    await surfer.sign_in("shen")

    async def listed(query: str) -> list[tuple[str, str]]:
        return LINK.findall((await surfer.get(f"/events{query}")).text)

    first = await listed("")
    assert first[0] == (repair, "12")
    assert len(first) == 50
    assert surfer.page is not None
    older = re.search(r'rel="next" href="([^"]*)"', surfer.page.text)
    assert older is not None
    rest = await listed(older[1].removeprefix("/events"))
    assert len(rest) + len(first) == 63 + 12
    assert not set(rest) & set(first)
    assert await listed("?type=complete") == [(repair, "11"), (repair, "6")]
    assert {number for number, _ in await listed("?person=zhang")} == {repair}
    assert await listed(f"?ticket={question}&type=settle") == [(question, "63")]
    assert await listed("?ticket=GD-JX-20200101-0001") == []
    assert {number for number, _ in await listed("?from=2026-03-04&to=2026-03-04")} == {repair}
    assert await listed("?to=2026-03-01") == []
    said = text_of(await surfer.get("/events?type=follow-up"))
    for words in ("li某", "返修", "13812345678"):
        assert (words in said) is (words != "13812345678"), words

    now = text_of(await surfer.get("/process"))
    assert "走过回路的工单 1 张" in now
    assert re.search("已完工 1 2 1 小时 0 分", now), now
    assert re.search("已分类 0 3 5 分", now), now
    before = text_of(await surfer.get("/process?on=2026-03-02"))
    assert "共 1 张工单" in before
    assert "走过回路的工单 0 张" in before

    for query, status in (("/events?type=nothing", 422), ("/events?from=x", 422), ("/process?on=0001-01-01", 422)):
        assert (await surfer.get(query)).status_code == status
    for login in ("li", "zhang", "root"):
        surfer.http.cookies.clear()
        await surfer.sign_in(login)
        assert [(await surfer.get(path)).status_code for path in ("/events", "/process")] == [403, 403]
