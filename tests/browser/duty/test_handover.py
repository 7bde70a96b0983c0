"""Handover by two people: a stale sheet is signed by neither, then both sign one hash; the printed sheet."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Look, Served
from tests.browser.estate import call, officer
from tests.browser.looking import PHONE
from tests.browser.paper import boxes, printed

pytestmark = pytest.mark.anyio
INCOMING = ("li.na", "zheng.gang")


async def fingerprint(page: Page) -> str:
    """Read the hash that the page shows of the sheet."""
    return await page.locator(".fingerprint code").inner_text()


async def test_two_people_sign_and_nobody_signs_a_stale_sheet(look: Look, served: Served) -> None:
    outgoing = await officer(served)
    incoming = next(login for login in INCOMING if login != outgoing)
    his, hers = await look(outgoing), await look(incoming)
    here = await his.open("/shift")
    await here.get_by_role("link", name="工作移交表", exact=True).click()
    await here.locator("[name='equipment.telephone']").select_option("faulty")
    await here.get_by_label("备注").fill("电话有杂音，<b>已报修</b>")
    await here.get_by_role("button", name="做成移交表").click()
    await here.get_by_role("button", name="签名交班").click()
    await expect(here.locator(".signature-box").first).to_have_class("signature-box signed")

    there = await hers.open(here.url)
    await expect(there.get_by_text("电话有杂音，<b>已报修</b>")).to_be_visible()
    number = await call(served, "交接时打来的电话：走廊灯不亮。")
    hers.reports.expect("409")
    await there.get_by_role("button", name="签名接班").click()
    refused = there.get_by_role("alert")
    await expect(refused).to_contain_text("移交表做好后未完工单有变化")
    await expect(there.locator(".alert-warning")).to_contain_text(number)
    await expect(there.get_by_role("button", name="签名接班")).to_have_count(0)
    assert await hers.axe() == []

    await here.reload()
    await expect(here.locator(".alert-warning")).to_contain_text(number)
    await here.get_by_role("button", name="做成移交表").click()
    await here.get_by_role("button", name="签名交班").click()
    await there.goto(here.url)
    await there.get_by_role("button", name="签名接班").click()
    await expect(there.locator(".badge.sheet-signed")).to_be_visible()
    await expect(there.locator(".signature-box.signed")).to_have_count(2)
    await here.reload()
    assert await fingerprint(here) == await fingerprint(there)
    assert len(await fingerprint(here)) == 64
    await on_paper(there)
    small = await look(incoming, language="en", theme="dark", size=PHONE)
    await small.open(here.url)
    assert await small.axe() == []
    assert await small.too_wide() == 0
    assert await officer(served) == incoming


async def on_paper(page: Page) -> None:
    """A4, in Chinese, with two boxes to sign in, and nothing that is only for the screen."""
    text = await printed(page)
    for said in ("工作移交表", "未完成的工作", "设备设施", "交班人签名", "接班人签名", "指纹"):
        assert said in text
    assert "现在不能做的" not in text
    assert await boxes(page, ".signature-box") == 2
