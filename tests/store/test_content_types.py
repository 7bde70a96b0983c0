"""A file's content type is detected from its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.files.content_types import ALLOWED, TextCheck, content_type
from domain.kernel.errors import InvalidInput

SAMPLES = {
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "image/jpeg"),
    "jpeg with exif": (b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00", "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    "gif": (b"GIF89a\1\0\1\0", "image/gif"),
    "heic": (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "image/heic"),
    "heic by another brand": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video/mp4"),
    "mp4 of a phone": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
    "m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom", "audio/mp4"),
    "mp3 with tags": (b"ID3\3\0\0\0\0\0\0", "audio/mpeg"),
    "mp3 frames": (b"\xff\xfb\x90\x64\0\0", "audio/mpeg"),
    "mp3 of a low rate": (b"\xff\xf3\x40\xc4\0\0", "audio/mpeg"),
    "amr": (b"#!AMR\n\x3c\x55", "audio/amr"),
    "amr wide band": (b"#!AMR-WB\n\x24", "audio/amr"),
    "Chinese text": ("厨房漏水".encode(), "text/plain"),
    "text that looks like a bitmap": (b"BM is a post code", "text/plain"),
    "text cut inside a character": ("厨房".encode()[:-1], "text/plain"),
}
REFUSED = {
    "html": (b"<!DOCTYPE html><html>", "text/html"),
    "html after white space": (b"\n  <script>alert(1)</script>", "text/html"),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', "image/svg"),
    "program": (b"MZ\x90\0" + bytes(64), "executable"),
    "archive": (b"PK\3\4\x14\0" + bytes(64), "not accepted"),
    "quicktime": (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "quicktime"),
    "avif": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "avif"),
    "latin-1 text": ("déjà vu".encode("latin-1"), "unknown content"),
    "text with NUL": (b"a\0b", "not accepted"),
    "utf-16 text": ("text".encode("utf-16"), "another encoding"),
}


@pytest.mark.parametrize(("head", "found"), SAMPLES.values(), ids=SAMPLES.keys())
def test_allowed_content_is_recognised_whether_declared_or_not(head: bytes, found: str) -> None:
    assert found in ALLOWED
    for declared in ("", "application/octet-stream", found, found.upper() + "; charset=utf-8", *ALLOWED[found]):
        assert content_type(head, declared) == found


@pytest.mark.parametrize(("head", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_other_content_is_refused_naming_what_was_found_and_what_is_allowed(head: bytes, named: str) -> None:
    for declared in ("", "image/png", "text/plain"):
        with pytest.raises(InvalidInput) as refused:
            content_type(head, declared)
        assert named in str(refused.value)
        assert "image/jpeg" in str(refused.value)


@given(st.sampled_from(sorted(SAMPLES)), st.sampled_from(sorted(ALLOWED)))
def test_a_lying_declaration_is_refused(sample: str, declared: str) -> None:
    head, found = SAMPLES[sample]
    if declared == found or declared in ALLOWED[found]:
        assert content_type(head, declared) == found
    else:
        with pytest.raises(InvalidInput, match="declared as"):
            content_type(head, declared)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.integers(1, 7))
def test_text_is_checked_across_any_cut(text: str, size: int) -> None:
    check, data = TextCheck(), text.encode()
    for start in range(0, len(data), size):
        check.feed(data[start : start + size])
    check.feed(b"", last=True)


def test_text_that_ends_inside_a_character_is_refused() -> None:
    check = TextCheck()
    check.feed("漏".encode()[:2])
    with pytest.raises(InvalidInput, match="UTF-8"):
        check.feed(b"", last=True)
