"""Every page, in both languages, themes and sizes: no violation of WCAG, nothing wider than the screen, no browser report.

Add a page by a line in :data:`PAGES`.
"""

from pathlib import Path

import pytest

from tests.browser.conftest import Look, Served
from tests.browser.looking import DESKTOP, PHONE, Size

pytestmark = pytest.mark.anyio

PAGES: dict[str, tuple[str | None, str]] = {
    "sign-in": (None, "/sign-in"),
    "workbench": ("chen.ping", "/"),
    "wall": ("chen.ping", "/?kiosk=1"),
    "replay": ("tang.rong", "/tickets/{lift}/replay?v=5"),
    "events": ("tang.rong", "/events"),
    "process": ("tang.rong", "/process"),
    "appraisal": ("liu.jianhua", "/appraisal?period={month}"),
    "findings": ("liu.jianhua", "/appraisal/findings"),
    "finding": ("liu.jianhua", "/appraisal/findings/{finding}"),
    "finding-new": ("chen.ping", "/appraisal/findings/new?item=17&ticket={lift}"),
    "what-if": ("liu.jianhua", "/appraisal/what-if?item=8&date={month}-02&area=A1&show=1"),
    "approvals": ("liu.jianhua", "/approvals"),
    "approval": ("liu.jianhua", "/approvals/{approval}"),
    "admin": ("admin", "/admin"),
    "admin-person": ("admin", "/admin/people/zhou.jie"),
    "admin-tokens": ("admin", "/admin/tokens"),
    "admin-sessions": ("admin", "/admin/sessions"),
    "admin-settings": ("admin", "/admin/settings"),
    "admin-projections": ("admin", "/admin/projections"),
    "intake": ("li.na", "/intake?phone={phone}"),
    "work": ("jiang.tao", "/work"),
    "tickets": ("chen.ping", "/tickets"),
    "ticket": ("li.na", "/tickets/{tap}"),
    "work-order": ("li.na", "/tickets/{tap}/work-order"),
    "shift": ("chen.ping", "/shift"),
    "handover": ("chen.ping", "/handover/{shift}"),
    "night": ("li.na", "/night"),
    "review": ("chen.ping", "/review"),
    "books": ("chen.ping", "/books"),
    "reports": ("liu.jianhua", "/reports"),
}
"""Name → the visitor's login, and the address. Names in braces are filled in from :attr:`Served.names`."""
WHO: tuple[str | None, ...] = tuple(dict.fromkeys(login for login, _ in PAGES.values()))
"""All visitors. Each opens their pages in one browser."""


def pages_of(login: str | None, served: Served) -> list[tuple[str, str]]:
    """The pages that somebody looks at: name and address."""
    return [(name, address.format_map(served.names)) for name, (who, address) in PAGES.items() if who == login]


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [
        pytest.param("zh", "light", DESKTOP, id="zh-light-desktop"),
        pytest.param("en", "dark", PHONE, id="en-dark-phone"),
        pytest.param("en", "light", DESKTOP, id="en-light-desktop", marks=pytest.mark.long),
        pytest.param("zh", "dark", PHONE, id="zh-dark-phone", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("login", WHO)
async def test_pages_are_accessible_and_fit(
    login: str | None, language: str, theme: str, size: Size, look: Look, served: Served
) -> None:
    """Both languages, lights and sizes each time; the other pairings in the long tier."""
    looker = await look(login, language=language, theme=theme, size=size)
    found = {}
    for name, address in pages_of(login, served):
        await looker.open(address)
        found[name] = (await looker.axe(), await looker.too_wide())
    assert found == {name: ([], 0) for name in found}


@pytest.mark.parametrize("login", WHO)
async def test_pages_say_the_same_without_scripts(login: str | None, look: Look, served: Served) -> None:
    looker = await look(login, scripts=False)
    for name, address in pages_of(login, served):
        page = await looker.open(address)
        assert await page.locator("main h1").count() == 1, name
        assert (await page.locator("main").inner_text()).strip(), name


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
async def test_screenshots(name: str, size: Size, theme: str, look: Look, served: Served, screenshots: Path) -> None:
    """Pictures for the documentation."""
    login, address = PAGES[name][0], PAGES[name][1].format_map(served.names)
    looker = await look(login, theme=theme, size=size)
    await looker.open(address)
    await looker.shot(screenshots, f"{name}-{size.width}-{theme}")
