"""Real Chromium over a real server: one of each for a worker's tests, a fresh profile for each test.

The server runs over the demonstration's estate, by the machine's own clock. What a browser reports on the way (console errors,
breaches of the Content-Security-Policy, failed requests) fails the test that caused it. Playwright's asynchronous interface is
used throughout, since its other one would keep an event loop running between the tests of a worker.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import anyio.to_thread
import httpx2
import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from adapters.demo.appraising import months
from adapters.demo.filling import Demo, fill
from adapters.demo.staff import COMMUNITY
from adapters.simulation.company.estate import ZONE
from domain.kernel.terms import ShiftEnd
from tests.browser.looking import DESKTOP, Looker, Reports, Size
from tests.browser.machine import LAUNCH, chromium, missing
from tests.support.estates.api_estate import settings_in
from tests.support.server import Server

PATIENCE = 90_000
"""For what a page or an expectation waits at most, in ms: a loaded machine is slow, and no test measures time."""
expect.set_options(timeout=PATIENCE)

DAYS = 14
"""How long the estate has been running."""

Look = Callable[..., Awaitable[Looker]]


@dataclass(frozen=True)
class Served:
    """A server over the demonstration's estate."""

    url: str
    demo: Demo
    names: dict[str, str]
    """What addresses name: tickets by their stories, an approval, a finding, a shift, a month, the number of a caller."""


@pytest.fixture(scope="session")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """Chromium; where it is missing the tests of the pages are skipped, on CI they fail."""
    if absent := missing():
        said = f"{' and '.join(absent)} missing: run `make browser` as root"
        if os.environ.get("CI"):
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium(), args=list(LAUNCH))
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
async def served(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The demonstration's estate, served."""
    folder = tmp_path_factory.mktemp("pages")
    demo = await fill(settings_in(folder), datetime.now(UTC), 1, DAYS)
    server = Server(folder)
    try:
        await server.ready()
        yield Served(server.url, demo, await _names(server.url, demo))
    finally:
        await anyio.to_thread.run_sync(server.stop)


async def _names(url: str, demo: Demo) -> dict[str, str]:
    async with httpx2.AsyncClient(base_url=f"{url}/api/v1", timeout=60) as http:

        async def read(login: str, path: str, **params: Any) -> Any:
            headers = {"Authorization": f"Bearer {demo.tokens[login]}"}
            return (await http.get(path, params=params, headers=headers)).raise_for_status().json()

        position = (await read("liu.jianhua", "/projections"))["items"][0]["head"]
        undecided = await read("liu.jianhua", "/findings", status="proposed", min_position=position)
        today = datetime.now(ZoneInfo(ZONE)).date()
        yesterday = today - timedelta(days=1)
        review = await read("chen.ping", "/morning-review", community=COMMUNITY, date=yesterday, min_position=position)
        called = await read("li.na", f"/tickets/{demo.numbers['socket']}")
    return {
        **demo.numbers,
        "approval": str(demo.approval),
        "finding": undecided["items"][0]["id"],
        "shift": next(one["id"] for one in review["shifts"] if one["ended_by"] == ShiftEnd.SIGNED),
        "month": str(months(today)[0]),
        "phone": called["reporter"]["phone"],
    }


@pytest.fixture(scope="session")
def signed_in(browser: Browser, served: Served) -> Callable[[str], Awaitable[Any]]:
    """The cookies of a person, signed in once through the form itself."""
    states: dict[str, Any] = {}

    async def state(login: str) -> Any:
        if login not in states:
            context = await browser.new_context(base_url=served.url)
            page = await context.new_page()
            await page.goto("/sign-in")
            await page.fill("#login", login)
            await page.fill("#password", served.demo.password)
            await page.press("#password", "Enter")
            await page.wait_for_url(served.url + "/")
            states[login] = await context.storage_state()
            await context.close()
        return states[login]

    return state


@pytest.fixture
async def look(browser: Browser, served: Served, signed_in: Callable[[str], Awaitable[Any]]) -> AsyncIterator[Look]:
    """Opens a browser of its own for a person (None: a guest): ``await look("li.na", language="en", theme="dark", size=PHONE)``.

    At the end every report of every browser is asked for.
    """
    contexts: list[BrowserContext] = []
    reports: list[Reports] = []

    async def opened(
        login: str | None = None, *, language: str = "zh", theme: str = "light", size: Size = DESKTOP, scripts: bool = True
    ) -> Looker:
        context = await browser.new_context(
            base_url=served.url,
            viewport={"width": size.width, "height": size.height},
            storage_state=await signed_in(login) if login else None,
            java_script_enabled=scripts,
            timezone_id="Asia/Shanghai",
            locale="zh-CN",
            has_touch=size.touch,
        )
        choices = {"gongdan_language": language, "gongdan_theme": theme}
        await context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in choices.items()])
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        reports.append(Reports())
        page = await context.new_page()
        await reports[-1].watch(page)
        return Looker(page, reports[-1], size)

    yield opened
    for context in contexts:
        await context.close()
    assert [report for one in reports for report in one.found] == []


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages go: ``SCREENSHOTS=docs/screenshots make test-long ARGS='-k screenshot'`` keeps them."""
    folder = os.environ.get("SCREENSHOTS")
    return Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
