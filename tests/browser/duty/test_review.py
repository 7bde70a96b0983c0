"""The morning review by keyboard: j and k go through what is unfinished, u urges."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Look

pytestmark = pytest.mark.anyio


async def test_what_is_unfinished_is_gone_through_and_urged_by_keyboard(look: Look) -> None:
    """A box can be ticked while a shift waits to be read; the demonstration's supervisor may have read them all."""
    page = await (await look("chen.ping")).open("/review")
    await expect(page.locator("[data-keys]")).to_be_visible()
    rows = page.locator("[data-row]")
    urgeable = await rows.first.get_by_role("checkbox").is_enabled()
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        await page.keyboard.press(key)
        await expect(rows.nth(at).get_by_role("checkbox") if urgeable else rows.nth(at)).to_be_focused()
    await page.keyboard.press("u")
    await expect(rows.first.get_by_role("checkbox")).to_be_checked(checked=urgeable)
