"""Replay in a real browser: stepping by keys, slider and timer without further requests; by links without scripts."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Look, Served

pytestmark = pytest.mark.anyio

PATIENCE = 30_000.0
"""Milliseconds that a slow machine may take."""


async def stands_at(page: Page, step: int, steps: int) -> None:
    """Check that every part of the page shows this step."""
    await expect(page.locator("[data-steps] > article:not([hidden])")).to_have_attribute("data-v", str(step), timeout=PATIENCE)
    await expect(page.locator("#slider")).to_have_js_property("value", str(step))
    await expect(page.locator("[data-now]")).to_contain_text(f"{step}/{steps}")
    await expect(page).to_have_url(re.compile(rf"[?&]v={step}$"))
    stop = page.locator(f"[data-stops] > li[data-v='{step}']")
    await expect(stop.locator("a")).to_have_attribute("aria-current", "step")
    await expect(page.locator(".node.here")).to_have_attribute("data-state", await stop.get_attribute("data-state") or "")


async def test_stepping_by_keys_by_the_slider_and_by_itself_asks_the_server_nothing(look: Look, served: Served) -> None:
    page = await (await look("tang.rong")).open(f"/tickets/{served.demo.numbers['lift']}/replay?v=1")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/replay" in request.url else None)
    steps = await page.locator("[data-stops] > li").count()
    await page.keyboard.press("ArrowRight")
    await stands_at(page, 2, steps)
    await page.keyboard.press("End")
    await stands_at(page, steps, steps)
    await page.keyboard.press("ArrowLeft")
    await stands_at(page, steps - 1, steps)
    await page.locator("#slider").press("Home")
    await stands_at(page, 1, steps)
    await page.locator("#slider").press("ArrowRight")
    await stands_at(page, 2, steps)
    await page.locator(f"[data-stops] > li[data-v='{steps - 1}'] a").click()
    await stands_at(page, steps - 1, steps)
    await page.get_by_role("button", name="播放").click()
    await stands_at(page, steps, steps)
    await expect(page.get_by_role("button", name="播放")).to_be_visible()
    assert asked == []
    await page.reload()
    await stands_at(page, steps, steps)


async def test_without_scripts_every_step_is_a_link_and_a_moment_a_form(look: Look, served: Served) -> None:
    page = await (await look("tang.rong", scripts=False)).open(f"/tickets/{served.demo.numbers['lift']}/replay?v=2")
    shown = page.locator("[data-steps] > article:not([hidden])")
    await page.get_by_role("link", name="下一步").click()
    await expect(shown).to_have_attribute("data-v", "3", timeout=PATIENCE)
    await page.get_by_role("link", name="上一步").click()
    await expect(shown).to_have_attribute("data-v", "2", timeout=PATIENCE)
    first = await page.locator("[data-stops] > li").first.get_attribute("data-at")
    await page.locator(".replay-side summary").click()
    assert first is not None
    year = served.demo.numbers["lift"].split("-")[2][:4]
    await page.locator("#at").fill(f"{year}-{first.replace(' ', 'T')}:59")
    await page.get_by_role("button", name="看", exact=True).click()
    await expect(shown).to_have_attribute("data-v", "1", timeout=PATIENCE)
