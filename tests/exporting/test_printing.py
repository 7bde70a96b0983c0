"""A month of a book as a page for A4: every number once, void ones struck through, nothing loaded, nothing unmasked."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from adapters.exchange.exporting.books import register_month
from tests.support.client import Client, problem

pytestmark = pytest.mark.anyio

PRINT = "/registers/repair/print?community=JX&month=2026-03"


async def printed(live: Client, login: str = "li", path: str = PRINT) -> str:
    head = (await live.estate.gongdan.store.head()).position
    answer = await live.get(login, f"{path}&min_position={head}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    hashed = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{hashed}'" in answer.headers["content-security-policy"]
    return answer.text


async def test_every_number_stands_there_once_and_void_ones_are_struck_through(live: Client) -> None:
    first = await live.dispatched()
    moved = await live.dispatched(location={"area": "A1", "public_place": '<b>"东门"</b>'})
    await live.act("li", moved, "reclassify", kind="complaint")
    live.estate.clock.move(days=1)
    later = await live.dispatched()
    live.estate.clock.move(days=40)
    april = await live.dispatched()
    page = await printed(live)
    assert "锦绣花园 报修记录 2026-03" in page
    assert "共 3 号，作废 1 号" in page
    rows = re.findall(r'<tr( class="void")?><td>([^<]*)</td>(.*?)</tr>', page, re.DOTALL)
    assert [number for _, number, _ in rows] == [first["book_number"], moved["book_number"], later["book_number"]]
    assert [bool(void) for void, _, _ in rows] == [False, True, False]
    assert "作废，改登 TS-JX-20260302-0001" in rows[1][2]
    assert april["book_number"] not in page
    assert page.count("<thead>") == 1
    assert re.findall(r'class="day"><th[^>]*>([^<]*)<', page) == ["2026-03-02", "2026-03-03"]
    for rule in ("size: A4", "break-inside: avoid", "table-header-group"):
        assert rule in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "13812345678" not in page
    assert "王小明" not in page
    assert not re.search(r"<(script|link|img|iframe)|url\(|https?:", page)


async def test_a_month_longer_than_a_page_of_the_list_is_whole(live: Client) -> None:
    tickets = [await live.dispatched() for _ in range(5)]
    await printed(live)
    g = live.estate.gongdan
    directory = await g.directory.current()
    for page in (1, 2, 5):
        found = await register_month(g, directory, "li", "JX", "repair", "2026-03", page=page)
        assert [entry.number for entry in found.items] == [ticket["book_number"] for ticket in tickets]


async def test_for_whoever_reads_the_book(live: Client) -> None:
    mine = await live.dispatched()
    other = await live.dispatched(location={"area": "A2", "public_place": "东门"})
    page = await printed(live, "hua")
    assert mine["book_number"] in page
    assert other["book_number"] not in page
    for login, refusal in (("ren", "not-allowed"), ("root", "not-allowed"), ("an", "not-allowed"), ("yun", "not-found")):
        assert problem(await live.get(login, PRINT)) == refusal, login
    for path in (PRINT.replace("2026-03", "2026-13"), PRINT.replace("repair", "secrets"), PRINT.partition("&")[0]):
        assert problem(await live.get("li", path)) == "invalid-input"
