"""The animated replay of the README: well-formed, small, a picture a step."""

import struct
import zlib

from tests.browser.animated_replay import PICTURE, SIGNATURE, animated, chunk, chunks

MOST_BYTES = 600_000


def png(shade: int) -> bytes:
    """A grey picture of 2 × 1."""
    head = struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade, shade]))
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_frames_become_one_animation() -> None:
    kinds = [kind for kind, _ in chunks(animated([(png(1), 100), (png(2), 200), (png(3), 300)]))]
    assert kinds == [b"IHDR", b"acTL", b"fcTL", b"IDAT", b"fcTL", b"fdAT", b"fcTL", b"fdAT", b"IEND"]


def test_the_readme_shows_one_that_is_small_and_whole() -> None:
    picture = PICTURE.read_bytes()
    assert len(picture) < MOST_BYTES
    assert f"docs/{PICTURE.name}" in (PICTURE.parents[1] / "README.md").read_text(encoding="utf-8")
    found = list(chunks(picture))
    assert sum(kind in (b"IDAT", b"fdAT") for kind, _ in found) >= 8
    assert picture.endswith(chunk(b"IEND", b""))
