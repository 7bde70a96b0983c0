"""Read a foreign file in bounded memory: gzip is detected by content, decompression bombs and endless lines are refused early."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

MIB = 2**20


class FileRefused(Exception):
    """The file can't be read; the message names the line if there is one. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in bytes for a line or element, a case, and all unpacked bytes; ``ratio``: unpacked ÷ packed, from
    ``ratio_from`` unpacked bytes on."""

    line: int = MIB
    case: int = 64 * MIB
    total: int = 16 * 1024 * MIB
    ratio: int = 200
    ratio_from: int = 8 * MIB


DEFAULT_LIMITS = Limits()


class Unpacked(io.RawIOBase):
    """The unpacked bytes of a file; :attr:`packed`: how many bytes of the file itself were read."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._read = 0
        head = file.read(4)
        file.seek(0)
        if head.startswith(b"PK"):
            raise FileRefused("is a zip archive or an Excel workbook; save it as CSV, or unpack it first")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise FileRefused("is UTF-16; save it as UTF-8")
        self._packed = head.startswith(b"\x1f\x8b")
        self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if self._packed else file

    @property
    def packed(self) -> int:
        """Bytes of the file read so far."""
        return self._file.tell()

    def readable(self) -> bool:
        """True (see io.RawIOBase)."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer of bytes
        """Read the next bytes; raises FileRefused beyond the limits and for damaged gzip data."""
        try:
            data = self._stream.read(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise FileRefused(f"the gzip data are damaged: {error}") from error
        self._read += len(data)
        limits = self._limits
        if self._read > limits.total:
            raise FileRefused(f"is larger than {limits.total // MIB} MiB unpacked")
        if self._packed and self._read > limits.ratio_from and self._read > limits.ratio * self.packed:
            raise FileRefused(f"unpacks to more than {limits.ratio} times its size, which no log needs")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[io.BufferedReader, Unpacked]]:
    """Open a file; yields a reader of the unpacked bytes, and the byte source for the progress."""
    with path.open("rb") as file:
        raw = Unpacked(file, limits)
        yield io.BufferedReader(raw, 64 * 1024), raw


def digest(path: Path) -> str:
    """SHA-256 of the file as it is, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_lines(stream: io.BufferedReader, encoding: str, limits: Limits = DEFAULT_LIMITS, *, advice: str) -> Iterator[str]:
    """Yield lines as text; raises FileRefused with the first line that is too long or not of the encoding.

    ``advice``: how to state another encoding, ``{other}``, for the error text. In the encoding, byte 10 must occur as line feed
    only, which holds for all that a mapping may name.
    """
    number = 0
    while line := stream.readline(limits.line + 1):
        number += 1
        if len(line) > limits.line:
            raise FileRefused(f"line {number} is longer than {limits.line} bytes")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError as error:
            other = "gbk" if encoding == "utf-8" else "utf-8"
            said = advice.format(other=other)
            raise FileRefused(f"line {number}, byte {error.start + 1} is not {encoding}; state {said}") from None
