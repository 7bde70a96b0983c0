"""Live workbench: a change by one person appears on another's board, and on a wall, within a second."""

import re

import anyio
import anyio.lowlevel
import httpx2
import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import PATIENCE, Look, Served

pytestmark = pytest.mark.anyio


def receive(served: Served, description: str) -> str:
    """A call that comes in over the API."""
    body = {"community": "JX", "channel": "phone", "description": description, "location": {"area": "A1", "building": "3"}}
    answer = httpx2.post(
        f"{served.url}/api/v1/tickets", json=body, headers={"Authorization": f"Bearer {served.demo.tokens['zhao.min']}"}
    )
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def test_a_board_follows_what_happens_elsewhere(look: Look, served: Served) -> None:
    board = await look("chen.ping")
    page = await board.open("/")
    await expect(page.locator("[data-light=live]")).to_be_visible()
    before = int(await page.locator(".tile-number").first.inner_text())
    waiting = page.locator("#list-unassigned .count")  # the list itself shows the most pressing ones alone
    unassigned = int(await waiting.inner_text())
    number = receive(served, "楼道灯不亮")
    await expect(page.locator(".tile-number").first).to_have_text(str(before + 1))
    await expect(waiting).to_have_text(str(unassigned + 1))
    told = page.locator(".ticker li", has_text=number).first
    await expect(told).to_contain_text("接到电话报事")
    clerk = await look("li.na")
    desk = await clerk.open(f"/tickets/{number}")
    await desk.select_option("[name=kind]", "repair")
    await desk.select_option("[name=facility]", "public_minor")
    await desk.get_by_role("button", name="分类").click()
    await expect(desk.locator(".alert-success")).to_contain_text("已办：分类")
    await expect(told).to_contain_text("分类为报修")


async def test_a_board_goes_live_however_late_its_scripts_come(look: Look) -> None:
    """htmx must not begin before its extension is there, or nothing ever connects."""
    page, begun = (await look("chen.ping")).page, anyio.Event()

    async def late(route: Route) -> None:
        await begun.wait()
        await route.continue_()

    await page.route("**/hx-sse.min.js*", late)
    await page.goto("/", wait_until="commit")
    with anyio.fail_after(PATIENCE / 1000):
        while not await page.evaluate("() => 'htmx' in window"):
            await anyio.lowlevel.checkpoint()
    for _ in range(3):  # what htmx has put off to the next turn is done by then
        await page.evaluate("() => new Promise((done) => setTimeout(done))")
    begun.set()
    await expect(page.locator("[data-light=live]")).to_be_visible()


async def test_a_wall_keeps_its_moment_and_shows_nothing_to_click_away(look: Look) -> None:
    looker = await look("chen.ping")
    page = await looker.open("/?kiosk=1")
    await expect(page.locator("nav")).to_be_hidden()
    await page.fill("#at", "2026-01-01T08:00")
    await page.get_by_role("button", name="查看").click()
    await expect(page).to_have_url(re.compile(r"at=2026-01-01T08%3A00.*kiosk=1"))
    await expect(page.locator(".as-of")).to_be_visible()
    assert await page.locator("[hx-sse\\:connect]").count() == 0
