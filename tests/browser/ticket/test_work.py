"""The technician's phone: an order comes by itself, is accepted, started and completed with a photo and the resident's signature;
without a network a completion waits, is sent later once at its true time, and never overwrites what happened meanwhile."""

from datetime import datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from adapters.demo.staff import COMMUNITY
from tests.browser.conftest import PATIENCE, Look, Served
from tests.browser.estate import ask, call
from tests.browser.looking import PHONE
from tests.browser.outbox import DRAFTS, kept

pytestmark = pytest.mark.anyio
TECHNICIAN = "fang.yi"
STEPS = ["ticket.accepted", "ticket.attached", "ticket.attached", "ticket.completed"]
WORKLIST = f"/worklist?community={COMMUNITY}"
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
"""A PNG of one pixel."""


async def dispatched(served: Served, description: str) -> dict[str, Any]:
    """A work order for the technician."""
    number = await call(served, description)
    await ask(served, f"/tickets/{number}/classify", {"kind": "repair", "facility": "private"})
    found: dict[str, Any] = await ask(served, f"/tickets/{number}/dispatch", {"assignee": TECHNICIAN})
    return found


def card_of(page: Page, ticket: dict[str, Any]) -> Locator:
    """The card of an order."""
    return page.locator(f"#order-{ticket['id']}")


async def fill_in_completion(card: Locator, resolution: str) -> None:
    """Open the form of completion and fill it in, with a photo."""
    await card.locator("summary", has_text="完工").click()
    await card.get_by_label("处理结果").fill(resolution)
    await card.get_by_label("结果", exact=True).select_option("done")
    photo = FilePayload(name="photo.png", mimeType="image/png", buffer=PICTURE)
    await card.get_by_label("照片", exact=True).set_input_files([photo])


DARK = """(box) => {
  const pixels = box.getContext("2d").getImageData(0, 0, box.width, box.height).data;
  return pixels.filter((value, place) => place % 4 === 0 && value < 128).length;
}"""
"""How many pixels of the box were drawn on."""


async def listed(served: Served, *tickets: dict[str, Any]) -> None:
    """Wait until the technician's list knows of the orders."""
    wanted = {ticket["id"] for ticket in tickets}
    with anyio.fail_after(PATIENCE / 1000):
        while not wanted <= {one["id"] for one in (await ask(served, WORKLIST, None, TECHNICIAN))["items"]}:
            await anyio.lowlevel.checkpoint()


async def sign(page: Page, card: Locator) -> None:
    """Draw in the box."""
    box = card.get_by_role("img", name="签名框")
    await box.scroll_into_view_if_needed()
    area = await box.bounding_box()
    assert area is not None
    await page.mouse.move(area["x"] + 30, area["y"] + 60)
    await page.mouse.down()
    for step in range(1, 8):
        await page.mouse.move(area["x"] + 30 + 25 * step, area["y"] + 60 + (20 if step % 2 else -20))
    await page.mouse.up()
    assert await box.evaluate(DARK) > 100


async def test_an_order_comes_by_itself_and_is_done_with_photo_and_signature(look: Look, served: Served) -> None:
    looker = await look(TECHNICIAN, size=PHONE)
    page = await looker.open("/work")
    await expect(page.locator("[data-light=live]")).to_be_visible()
    ticket = await dispatched(served, "客厅插座没有电")
    card = card_of(page, ticket)
    await expect(card).to_contain_text("客厅插座没有电")
    await expect(page.locator("[data-news]")).to_have_text("新到 1 张")
    await card.get_by_role("button", name="接受派单").click()
    await expect(card).to_contain_text("已接单")
    await card.get_by_role("button", name="到场开工").click()
    await expect(card).to_contain_text("已到场")
    await card.locator("summary", has_text="报价").click()
    await card.get_by_role("button", name="再加几行").click()
    await expect(card.get_by_label("第 6 行 收费项目")).to_be_visible()
    await fill_in_completion(card, "更换插座面板，试过有电。")
    await sign(page, card)
    assert await looker.axe() == []
    assert await looker.too_wide() == 0
    # Another order comes while this one is being written: what is typed stays.
    other = await dispatched(served, "阳台灯不亮")
    await expect(card_of(page, other)).to_be_visible()
    await expect(card.get_by_label("处理结果")).to_have_value("更换插座面板，试过有电。")
    # A card that somebody is writing in says that it is out of date.
    await card_of(page, other).locator("summary", has_text="备注").click()
    await card_of(page, other).get_by_label("内容").last.fill("带梯子")
    await expect(card_of(page, other).locator(".outdated-note")).to_be_hidden()
    await ask(served, f"/tickets/{other['number']}/note", {"text": "住户五点后在家"})
    await expect(card_of(page, other).locator(".outdated-note")).to_be_visible()
    await card.locator("form[action$='/complete']").get_by_role("button", name="完工").click()
    await expect(card).to_have_count(0)
    await expect(page.locator("[data-outbox]")).to_be_hidden()
    there = await ask(served, f"/tickets/{ticket['number']}")
    assert there["state"] == "repaired"
    assert [file["content_type"] for file in there["attachments"]] == ["image/png", "image/png"]
    assert there["attachments"][0]["size"] == len(PICTURE)


async def test_a_completion_without_a_network_is_sent_later_and_overwrites_nothing(look: Look, served: Served) -> None:
    done, moved = [await dispatched(served, f"离线工单{name}：房门关不严") for name in ("甲", "乙")]
    await listed(served, done, moved)
    looker = await look(TECHNICIAN, size=PHONE)
    page = await looker.open("/work")
    await kept(page)
    looker.reports.expect("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "Failed to load resource", "Failed to fetch", "412")
    await page.context.set_offline(True)
    await page.reload()
    # The copy that is kept says nothing of the resident.
    assert "房门关不严" not in await page.locator("main").inner_text()
    await card_of(page, done).get_by_role("button", name="接受派单").click()
    for number, ticket in enumerate((done, moved), start=2):
        await fill_in_completion(card_of(page, ticket), "调整铰链。")
        await sign(page, card_of(page, ticket))
        await card_of(page, ticket).locator("form[action$='/complete']").get_by_role("button", name="完工").click()
        await expect(page.locator("[data-count]")).to_have_text(f"离线 · {number} 条待上传")
        await expect(card_of(page, ticket).locator("[data-step=start]")).to_be_hidden()
    drafts = {draft["action"]: draft for draft in await page.evaluate(DRAFTS)}
    assert await looker.axe() == []
    await ask(served, f"/tickets/{moved['number']}/note", {"text": "住户改到明天"})

    await page.context.set_offline(False)
    await expect(page.locator("[data-count]")).to_have_text("1 条未被接受")
    await expect(page.locator(".refused")).to_contain_text("您打开之后，此单已有新的进展")
    there = await ask(served, f"/tickets/{moved['number']}")
    assert (there["state"], there["version"], there["attachments"]) == ("dispatched", moved["version"] + 1, [])
    history = (await ask(served, f"/tickets/{done['number']}/history"))["items"]
    assert [step["type"] for step in history[-4:]] == STEPS
    written = dict(drafts[f"/work-orders/{done['id']}/complete"]["fields"])["occurred_at"]
    assert datetime.fromisoformat(history[-1]["occurred_at"]) == datetime.fromisoformat(written)
    await expect(card_of(page, moved)).to_contain_text("房门关不严")
    await page.get_by_role("button", name="重新填写").click()
    await expect(card_of(page, moved).get_by_label("处理结果")).to_have_value("调整铰链。")
    box = card_of(page, moved).get_by_role("img", name="签名框")
    with anyio.fail_after(PATIENCE / 1000):
        while await box.evaluate(DARK) < 100:  # the signature comes back too
            await anyio.lowlevel.checkpoint()
    await card_of(page, moved).locator("form[action$='/complete']").get_by_role("button", name="完工").click()
    await expect(card_of(page, moved)).to_have_count(0)
    again = await ask(served, f"/tickets/{moved['number']}")
    assert (again["state"], len(again["attachments"])) == ("repaired", 2)
