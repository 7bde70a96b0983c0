"""Intake by keyboard alone, and picking the caller from the household register."""

import re

import pytest
from playwright.async_api import expect

from adapters.demo.staff import COMMUNITY
from tests.browser.conftest import Look, Served
from tests.browser.estate import ask

pytestmark = pytest.mark.anyio


async def test_a_call_is_written_down_without_a_mouse(look: Look) -> None:
    """From the number to the ticket: only keys are pressed, as a clerk with a handset does."""
    looker = await look("li.na")
    page = await looker.open("/intake")
    await expect(page.locator("#phone")).to_be_focused()
    keyboard = page.keyboard
    await keyboard.type("13977778888")
    await keyboard.press("Tab")
    await expect(page.locator("#caller")).to_contain_text("第一次来电")
    await keyboard.type("苏文")
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.press("ArrowDown")
    for text in ("3", "1", "502"):
        await keyboard.press("Tab")
        await keyboard.type(text)
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.type("卫生间水龙头关不紧")
    await keyboard.press("Tab")
    await keyboard.press("Space")
    await keyboard.press("Tab")
    await keyboard.press("Space")
    await keyboard.press("Control+Enter")
    number = page.locator(".big-number .number")
    await expect(number).to_have_text(re.compile(r"GD-JX-\d{8}-\d{4}"))
    await expect(page.locator("#phone")).to_be_focused()
    await page.goto(f"/tickets/{await number.inner_text()}")
    await expect(page.locator(".facts")).to_contain_text("苏文 13977778888")
    await expect(page.locator("#what")).to_contain_text("报修")


async def test_who_calls_is_picked_from_the_register(look: Look, served: Served) -> None:
    """The number is typed, the server finds the people of the household register who have it, and one key picks one."""
    [listed] = (await ask(served, f"/residents?community={COMMUNITY}&current=true&limit=1"))["items"]
    resident = await ask(served, f"/residents/{listed['id']}")
    looker = await look("li.na")
    page = await looker.open("/intake")
    await expect(page.locator("#phone")).to_be_focused()
    await page.keyboard.type(resident["phone"])
    await page.keyboard.press("Tab")
    choice = page.get_by_role("radio", name=resident["name"]).first
    await expect(choice).to_be_visible()
    assert await looker.axe() == []
    await choice.focus()
    await page.keyboard.press("Space")
    await page.fill("#description", "客厅吊灯不亮")
    await page.keyboard.press("Control+Enter")
    await page.goto(f"/tickets/{await page.locator('.big-number .number').inner_text()}")
    await expect(page.locator(".facts")).to_contain_text(f"{resident['name']} {resident['phone']}")
