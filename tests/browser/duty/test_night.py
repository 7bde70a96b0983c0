"""The night officer's phone without a network: drafts counted, sent later once each at their true times; a conflict is shown."""

from datetime import datetime

import anyio
import anyio.lowlevel
import pytest
from playwright.async_api import Locator, Page, expect

from adapters.demo.staff import COMMUNITY
from tests.browser.conftest import PATIENCE, Look, Served
from tests.browser.estate import ask, call, officer
from tests.browser.looking import PHONE
from tests.browser.outbox import DRAFTS, kept

pytestmark = pytest.mark.anyio


async def note(page: Page, description: str) -> None:
    """Write a call down."""
    await page.get_by_label("什么事").fill(description)
    await page.get_by_label("姓名", exact=True).fill("周师傅")
    await page.get_by_label("电话", exact=True).fill("13800138188")
    await page.locator("form[action='/night/calls']").get_by_role("button", name="记下").click()


async def described(served: Served, description: str) -> list[str]:
    """The tickets of calls, found by their words as soon as the search has reached them."""
    with anyio.fail_after(PATIENCE / 1000):
        while not (found := (await ask(served, f"/tickets?community={COMMUNITY}&q={description}"))["items"]):
            await anyio.lowlevel.checkpoint()
    return [item["number"] for item in found]


async def waiting_call(page: Page, number: str) -> Locator:
    """The call in the list, the page opened again until the list has reached it."""
    found = page.get_by_role("article", name=number)
    with anyio.fail_after(PATIENCE / 1000):
        while await found.count() == 0:
            await page.goto("/night")
    return found


async def test_drafts_written_without_a_network_are_sent_once_at_their_times(look: Look, served: Served) -> None:
    login = await officer(served)
    looker = await look(login, size=PHONE)
    page = await looker.open("/night")
    await kept(page)
    looker.reports.expect("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "Failed to load resource")
    await page.context.set_offline(True)
    await page.reload()
    await note(page, "离线来电甲：车棚充电桩跳闸")
    await expect(page.locator("[data-count]")).to_have_text("离线 · 1 条待上传")
    await note(page, "离线来电乙：电梯厅地砖松动")
    await expect(page.locator("[data-count]")).to_have_text("离线 · 2 条待上传")
    await page.reload()
    await expect(page.locator("[data-count]")).to_have_text("离线 · 2 条待上传")
    drafts = await page.evaluate(DRAFTS)
    assert [draft["key"][12] for draft in drafts] == ["7", "7"]
    assert await looker.axe() == []
    assert await looker.too_wide() == 0

    await page.context.set_offline(False)
    await expect(page.locator("[data-outbox]")).to_be_hidden()
    assert await page.evaluate(DRAFTS) == []
    for draft in drafts:
        said = dict(draft["fields"])
        [number] = await described(served, said["description"])
        history = (await ask(served, f"/tickets/{number}/history"))["items"]
        assert [step["by"] for step in history] == [login]
        assert datetime.fromisoformat(history[0]["occurred_at"]) == datetime.fromisoformat(said["occurred_at"])
        await waiting_call(page, number)


NEXT = """(next) => {
  const form = document.querySelector("form[action='/night/calls']");
  form.requestSubmit();
  form.elements.description.value = next;
}"""
FULL = "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); }; }"


async def test_a_call_begun_while_the_one_before_is_being_kept_stays_on_the_form(look: Look, served: Served) -> None:
    looker = await look(await officer(served), size=PHONE)
    page = await looker.open("/night")
    await kept(page)
    looker.reports.expect("ERR_INTERNET_DISCONNECTED", "Failed to load resource")
    await page.context.set_offline(True)
    await page.get_by_label("什么事").fill("第一个来电：单元门关不上")
    await page.get_by_label("姓名", exact=True).fill("周师傅")
    await page.get_by_label("电话", exact=True).fill("13800138188")
    await page.evaluate(NEXT, "第二个来电：路灯不亮")
    await expect(page.locator("[data-count]")).to_have_text("离线 · 1 条待上传")
    await expect(page.get_by_label("什么事")).to_have_value("第二个来电：路灯不亮")
    await expect(page.get_by_label("姓名", exact=True)).to_have_value("")
    [draft] = await page.evaluate(DRAFTS)
    assert dict(draft["fields"])["description"] == "第一个来电：单元门关不上"


async def test_a_call_that_the_phone_cannot_keep_stays_on_the_form(look: Look, served: Served) -> None:
    looker = await look(await officer(served), size=PHONE)
    page = await looker.open("/night")
    await kept(page)
    await page.evaluate(FULL)
    async with page.expect_event("pageerror"):
        await note(page, "存不下的来电：水管滴水")
    await expect(page.get_by_label("什么事")).to_have_value("存不下的来电：水管滴水")
    await expect(page.get_by_label("姓名", exact=True)).to_have_value("周师傅")
    looker.reports.found.remove("error: QuotaExceededError")


async def test_what_changed_meanwhile_is_shown_and_not_overwritten(look: Look, served: Served) -> None:
    number = await call(served, "花坛边的井盖有响声")
    login = await officer(served)
    looker = await look(login, size=PHONE)
    page = await looker.open("/night")
    waiting = await waiting_call(page, number)
    await kept(page)
    looker.reports.expect("ERR_INTERNET_DISCONNECTED", "Failed to load resource", "412")
    await page.context.set_offline(True)
    await waiting.locator("summary").click()
    await waiting.get_by_role("button", name="能处理").click()
    await expect(page.locator("[data-count]")).to_have_text("离线 · 1 条待上传")
    await ask(served, f"/tickets/{number}/classify", {"kind": "enquiry"})

    await page.context.set_offline(False)
    await expect(page.locator("[data-count]")).to_have_text("1 条未被接受")
    await expect(page.locator(".refused")).to_contain_text("您打开之后，此单已有新的进展")
    there = await ask(served, f"/tickets/{number}")
    assert (there["state"], there["kind"], there["version"]) == ("classified", "enquiry", 2)
    await page.get_by_role("button", name="丢弃").click()
    await expect(page.locator("[data-outbox]")).to_be_hidden()


async def test_without_scripts_a_call_is_written_down_and_settled(look: Look, served: Served) -> None:
    login = await officer(served)
    page = await (await look(login, scripts=False, size=PHONE)).open("/night")
    await note(page, "不用脚本的来电：问几点锁大门")
    await page.wait_for_url("**/night?at=*")
    [number] = await described(served, "不用脚本的来电：问几点锁大门")
    waiting = await waiting_call(page, number)
    await waiting.locator("summary").click()
    await waiting.get_by_label("类型").select_option("enquiry")
    await waiting.get_by_label("由谁").select_option("settle")
    await waiting.get_by_label("处理结果").fill("告知二十三点锁大门，刷卡可进。")
    await waiting.get_by_role("button", name="能处理").click()
    await expect(waiting).to_have_count(0)
    assert (await ask(served, f"/tickets/{number}"))["state"] == "repaired"
