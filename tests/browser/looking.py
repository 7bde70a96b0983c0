"""Looking at a page as its reader does, and as an inspector does: what is reported, what axe finds, what doesn't fit."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import ConsoleMessage, Page, Request, Response

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True, slots=True)
class Size:
    """A screen."""

    width: int
    height: int
    touch: bool = False


DESKTOP = Size(1366, 768)
PHONE = Size(390, 844, touch=True)

CSP_LISTENER = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@dataclass
class Reports:
    """What browsers complain of."""

    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    async def watch(self, page: Page) -> None:
        """Listen to a page."""
        await page.add_init_script(CSP_LISTENER)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def expect(self, *parts: str) -> None:
        """A refusal is meant to happen: whatever names one of these is no complaint."""
        self.expected += parts

    def _add(self, said: str) -> None:
        if not any(part in said for part in self.expected):
            self.found.append(said)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._add(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # A stream or an image is given up when its page is left.
        if request.failure != "net::ERR_ABORTED":
            self._add(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._add(f"{response.status}: {response.request.method} {response.url}")


@dataclass
class Looker:
    """Somebody before a page."""

    page: Page
    reports: Reports
    size: Size

    async def open(self, path: str) -> Page:
        """Open a page."""
        await self.page.goto(path)
        return self.page

    async def axe(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and good practice, each with where."""
        if not await self.page.evaluate("() => 'axe' in window"):
            await self.page.evaluate(AXE)
        found: dict[str, Any] = await self.page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", WCAG
        )
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    async def too_wide(self) -> int:
        """By how many pixels the page is wider than the screen."""
        wider: int = await self.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return wider

    async def shot(self, folder: Path, name: str) -> None:
        """A picture of what is on the screen."""
        await self.page.screenshot(path=folder / f"{name}.png", animations="disabled")
