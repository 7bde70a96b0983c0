"""Content type of an attachment, detected from its bytes; the declared type is only compared with it.

Only pictures, films, recordings, PDF and plain text are accepted. Types that a browser would execute (HTML, SVG) are refused:
an attachment is served from the application's own origin.
"""

import codecs
import re
from collections.abc import Mapping

import puremagic

from domain.kernel.errors import InvalidInput, invalid

HEAD_BYTES = 8192
"""Number of bytes from the start that are enough to detect the type."""

TEXT = "text/plain"

ALLOWED: Mapping[str, frozenset[str]] = {
    "image/jpeg": frozenset({"image/jpg", "image/pjpeg"}),
    "image/png": frozenset({"image/x-png"}),
    "image/webp": frozenset(),
    "image/gif": frozenset(),
    "image/heic": frozenset({"image/heif"}),
    "application/pdf": frozenset({"application/x-pdf"}),
    "video/mp4": frozenset({"audio/mp4", "audio/m4a", "audio/x-m4a"}),  # some recorders mark sound as a film
    "audio/mp4": frozenset({"audio/m4a", "audio/x-m4a", "audio/aac"}),
    "audio/mpeg": frozenset({"audio/mp3", "audio/x-mp3"}),
    "audio/amr": frozenset({"audio/amr-wb", "audio/amr-nb"}),
    TEXT: frozenset(),
}
"""Accepted content types, each with the other names that clients declare it by."""

_UNDECLARED = frozenset({"", "application/octet-stream"})
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"}
_MP4_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"MSNV", b"M4V "}
_AUDIO_BRANDS = {b"M4A ", b"M4B "}
_MPEG_LAYER_3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xeb]")
_MARKUP = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|script|svg|\?xml|iframe|!--)", re.IGNORECASE)


def content_type(head: bytes, declared: str = "") -> str:
    """Detect the content type from ``head`` (the first :data:`HEAD_BYTES`).

    Raises InvalidInput, naming the type found and the types accepted, for a type not accepted and for one that differs from
    the declared type (``""`` and ``application/octet-stream`` declare none). The rest of a text is for :class:`TextCheck`.
    """
    found = _found(head)
    if found not in ALLOWED:
        raise _refused(f"{found or 'unknown content'} is not accepted")
    said = declared.split(";", 1)[0].strip().lower()
    if said not in _UNDECLARED and said != found and said not in ALLOWED[found]:
        raise _refused(f"declared as {said[:60]}, but its content is {found}")
    return found


def _refused(what: str) -> InvalidInput:
    return invalid("/file", f"{what}; allowed are {', '.join(ALLOWED)}")


def _found(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "audio/amr"
    if head.startswith(b"ID3") or _MPEG_LAYER_3_FRAME.match(head):
        return "audio/mpeg"
    if _MARKUP.match(head):
        return "text/html" if b"<svg" not in head[:1024].lower() else "image/svg+xml"
    known = _by_signature(head)
    if known in ALLOWED and known != TEXT:
        return known
    if _is_text_so_far(head):
        return TEXT
    return known if known != TEXT else "text in another encoding"


def _iso_media(head: bytes) -> str:
    """Detect films, recordings and HEIC, which share one container format, by the container's brands."""
    size = max(16, min(int.from_bytes(head[:4], "big"), 256))
    major = head[8:12]
    brands = {major, *(head[i : i + 4] for i in range(16, min(size, len(head)), 4))}
    if brands & _HEIC_BRANDS:
        return "image/heic"
    if major in _AUDIO_BRANDS:
        return "audio/mp4"
    if major in _MP4_BRANDS:
        return "video/mp4"
    known = _by_signature(head)
    return known if known not in ALLOWED else f"ISO media of brand {major.decode('ascii', 'replace')!r}"


def _by_signature(head: bytes) -> str:
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return ""
    return next((match.mime_type for match in matches if match.mime_type), "")


def _is_text_so_far(head: bytes) -> bool:
    try:
        TextCheck().feed(head)
    except InvalidInput:
        return False
    return True


class TextCheck:
    """Incremental check that a text is valid UTF-8 without NUL."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, data: bytes, last: bool = False) -> None:
        """Check the next bytes; raises InvalidInput."""
        try:
            text = self._decoder.decode(data, last)
        except UnicodeDecodeError as error:
            raise _refused("text that is not UTF-8 is not accepted") from error
        if "\0" in text:
            raise _refused("text with NUL characters is not accepted")
