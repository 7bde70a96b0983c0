"""A page on paper."""

from io import BytesIO
from unicodedata import normalize

from playwright.async_api import Page
from pypdf import PdfReader


async def printed(page: Page) -> str:
    """What a page says printed on A4, without its spaces."""
    found = PdfReader(BytesIO(await page.pdf(prefer_css_page_size=True)))
    size = found.pages[0].mediabox
    assert (round(size.width), round(size.height)) == (595, 842)
    return normalize("NFKC", "".join(one.extract_text() for one in found.pages)).replace(" ", "")


async def boxes(page: Page, selector: str) -> int:
    """How many boxes to sign in there are on paper, each framed and large enough for a signature."""
    await page.emulate_media(media="print")
    found = await page.locator(selector).all()
    for box in found:
        width, height, frame = await box.evaluate(
            "box => [box.offsetWidth, box.offsetHeight, getComputedStyle(box).borderTopStyle]"
        )
        assert width > 150
        assert height > 60
        assert frame == "solid"
    await page.emulate_media(media=None)
    return len(found)
