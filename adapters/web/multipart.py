"""Streaming parser of uploads (multipart/form-data). File content is passed on at once, never gathered in memory or on disk.

A plain-text temporary file would leave personal data unencrypted on the disk. The file part is named ``file``; small text
fields may come before or after it.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from hashlib import sha256

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from domain.kernel.errors import invalid

FIELD_BYTES = 4096
FIELDS = 10
FILE = "file"


class Upload:
    """Reader of one upload: call :meth:`begin`, then read :meth:`content` to its end.

    Only then ``fields`` and ``digest`` are complete. The parser calls the ``on_…`` methods, with pieces cut anywhere.
    """

    def __init__(self, content_type: str, pieces: AsyncIterator[bytes]) -> None:
        _, options = parse_options_header(content_type)
        if b"boundary" not in options:
            raise invalid("/header/Content-Type", "multipart/form-data with a boundary is needed")
        callbacks = {name: getattr(self, name) for name in dir(self) if name.startswith("on_")}
        try:
            self._parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]
        except FormParserError:
            raise invalid("/header/Content-Type", "the boundary is not well-formed") from None
        self._pieces = pieces
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._field = bytearray()
        self._content: list[bytes] = []
        self._file_begun = self._ended = False
        self._digest = sha256()
        self.fields: dict[str, str] = {}
        self.file_name: str | None = None
        self.declared_type = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the file's content, hex."""
        return self._digest.hexdigest()

    async def begin(self) -> None:
        """Read up to the file's content; raises InvalidInput without a file."""
        while not self._file_begun:
            if not await self._feed():
                raise invalid("/file", "a part named file is needed")

    async def content(self) -> AsyncGenerator[bytes, None]:
        """Yield the file's content, and read the fields after it; raises InvalidInput where the upload is malformed."""
        more = True
        while more:
            for data in self._content:
                self._digest.update(data)
                yield data
            self._content.clear()
            more = await self._feed()
        if not self._ended:
            raise invalid("", "the upload ends in the middle")

    async def _feed(self) -> bool:
        piece = await anext(self._pieces, None)
        if piece is None:
            return False
        try:
            self._parser.write(piece)
        except FormParserError:
            raise invalid("", "the body is not well-formed multipart/form-data") from None
        return True

    # Callbacks of the parser

    def on_part_begin(self) -> None:
        """Start a part."""
        self._headers = {}
        self._field.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a header's name."""
        self._header[0].extend(data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a header's value."""
        self._header[1].extend(data[start:end])

    def on_header_end(self) -> None:
        """Finish a header."""
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def on_headers_finished(self) -> None:
        """Finish a part's headers; raises InvalidInput for a part without a name, a repeated name, or too many fields."""
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode(errors="replace")
        if disposition != b"form-data" or not self._name:
            raise invalid("", "a part has no name")
        if self._name in self.fields or (self._name == FILE and self._file_begun):
            raise invalid(f"/{self._name[:40]}", "is there twice")
        if self._name == FILE:
            self._file_begun = True
            self.declared_type = self._headers.get(b"content-type", b"").decode(errors="replace")
            self.file_name = options.get(b"filename", b"").decode(errors="replace").strip()[-120:] or None
        elif len(self.fields) == FIELDS:
            raise invalid("", f"there are more than {FIELDS} fields")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a part's content; raises InvalidInput for a text field over 4 KiB."""
        if self._name == FILE:
            self._content.append(bytes(data[start:end]))
            return
        self._field.extend(data[start:end])
        if len(self._field) > FIELD_BYTES:
            raise invalid(f"/{self._name[:40]}", f"is longer than {FIELD_BYTES} bytes")

    def on_part_end(self) -> None:
        """Finish a part; raises InvalidInput for a text field that is not UTF-8."""
        if self._name == FILE:
            return
        try:
            self.fields[self._name] = self._field.decode()
        except UnicodeDecodeError:
            raise invalid(f"/{self._name[:40]}", "is not UTF-8") from None

    def on_end(self) -> None:
        """Note the closing boundary; without it the upload was cut off."""
        self._ended = True
