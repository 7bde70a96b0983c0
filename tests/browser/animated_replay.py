"""The animated replay of the README: ``python -m tests.browser.animated_replay`` plays a ticket of the demonstration and keeps
what the screen shows, a picture a step, as an animated PNG.

An animated PNG is the frames' own PNG data between control chunks, so nothing but the standard library is needed to write one.
"""

import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import anyio
from playwright.async_api import async_playwright

from adapters.demo.filling import fill
from tests.browser.machine import LAUNCH, chromium
from tests.support.estates.api_estate import settings_in
from tests.support.server import Server

PICTURE = Path(__file__).parents[2] / "docs" / "replay.png"
STORY, AUDITOR = "lift", "tang.rong"
WIDTH, HEIGHT = 700, 520
SHOWN, SHOWN_LAST = 1200, 3500
"""How long a step is shown, in milliseconds."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def animated(frames: Sequence[tuple[bytes, int]]) -> bytes:
    """One animated PNG of PNGs of the same size and kind, each with its time in milliseconds, for ever."""
    head, *_ = (data for kind, data in chunks(frames[0][0]) if kind == b"IHDR")
    width, height = struct.unpack(">II", head[:8])
    parts = [SIGNATURE, chunk(b"IHDR", head), chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    sequence = 0
    for index, (picture, shown) in enumerate(frames):
        control = struct.pack(">IIIIIHHBB", sequence, width, height, 0, 0, shown, 1000, 0, 0)
        parts.append(chunk(b"fcTL", control))
        sequence += 1
        pixels = b"".join(data for kind, data in chunks(picture) if kind == b"IDAT")
        packed = zlib.compress(zlib.decompress(pixels), 9)
        if index == 0:
            parts.append(chunk(b"IDAT", packed))
        else:
            parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + packed))
            sequence += 1
    return b"".join([*parts, chunk(b"IEND", b"")])


def chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG: kind and data."""
    at = len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12


def chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG, with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


async def frames(url: str, password: str, number: str) -> list[tuple[bytes, int]]:
    """A picture of each step."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(LAUNCH))
        page = await browser.new_page(base_url=url, viewport={"width": WIDTH, "height": HEIGHT}, locale="zh-CN")
        await page.goto("/sign-in")
        await page.fill("#login", AUDITOR)
        await page.fill("#password", password)
        await page.press("#password", "Enter")
        await page.wait_for_url(url + "/")
        await page.goto(f"/tickets/{number}/replay?v=1")
        steps = await page.locator("[data-stops] > li").count()
        top = await page.evaluate("() => document.querySelector('main').getBoundingClientRect().top")
        found = []
        for step in range(1, steps + 1):
            await page.locator(f"[data-steps] > article[data-v='{step}']:not([hidden])").wait_for()
            clip = {"x": 0.0, "y": float(top), "width": float(WIDTH), "height": float(HEIGHT)}
            picture = await page.screenshot(full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]
            found.append((picture, SHOWN if step < steps else SHOWN_LAST))
            await page.keyboard.press("ArrowRight")
        await browser.close()
        return found


async def main(url: str = "", password: str = "", number: str = "") -> None:
    """Of a server that runs already, where one is named; else of the demonstration's estate, filled anew."""
    if url:
        PICTURE.write_bytes(animated(await frames(url, password, number)))
        return
    with tempfile.TemporaryDirectory() as name:
        demo = await fill(settings_in(Path(name)), datetime.now(UTC), 1)
        server = Server(Path(name))
        try:
            await server.ready()
            PICTURE.write_bytes(animated(await frames(server.url, demo.password, demo.numbers[STORY])))
        finally:
            await anyio.to_thread.run_sync(server.stop)


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
