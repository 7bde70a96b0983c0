"""The registers by their address and as Excel; the report's charts drawn, each with the table it says the same as."""

from datetime import datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from playwright.async_api import expect

from tests.browser.conftest import ZONE, Look

pytestmark = pytest.mark.anyio


async def test_void_numbers_are_shown_and_the_workbook_says_the_same(look: Look) -> None:
    page = await (await look("chen.ping")).open("/books?book=repair")
    numbers = await page.locator("tbody th").all_inner_texts()
    assert numbers
    assert numbers == sorted(numbers)
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Excel 下载").click()
    kept = await (await started.value).path()
    rows = list(load_workbook(BytesIO(kept.read_bytes()), read_only=True).worksheets[0].values)
    assert [row[0] for row in rows[2 : len(numbers) + 2]] == numbers
    day = numbers[0].split("-")[2]
    named = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    await page.goto(f"/books?book=repair&first={named}&last={named}")
    assert await page.locator("tbody th").all_inner_texts() == [number for number in numbers if f"-{day}-" in number]
    await expect(page.get_by_label("登记日，从")).to_have_value(named)


async def test_charts_are_drawn_and_say_what_their_tables_say(look: Look) -> None:
    looker = await look("liu.jianhua")
    yesterday = datetime.now(ZoneInfo(ZONE)) - timedelta(days=1)  # on the first day of a month, its report is all but empty
    page = await looker.open(f"/reports?month={yesterday:%Y-%m}")
    charts = page.locator("[data-chart]")
    await expect(page.locator("[data-drawn]")).to_have_count(await charts.count())
    assert await charts.count() == 4
    for chart in await charts.all():
        card = chart.locator("xpath=..")
        drawn_in, shown_in = await chart.locator("svg").bounding_box(), await card.bounding_box()
        assert drawn_in is not None
        assert shown_in is not None
        assert drawn_in["width"] > 0.9 * shown_in["width"]
        await card.locator("summary").click()
        labels = await card.locator("tbody th").all_inner_texts()
        drawn = "".join(await chart.locator("svg text").all_text_contents())
        assert all(label in drawn for label in labels)
        ticks = [text for text in await chart.locator("svg text").all_text_contents() if text.replace(".", "").isdigit()]
        assert not any("." in tick for tick in ticks)
    assert await looker.axe() == []
