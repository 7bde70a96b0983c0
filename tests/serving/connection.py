"""One connection to a server, spoken by hand: a request in parts, an answer as it comes."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """An answer's status, its headers by lower-case name, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Connection:
    """A kept connection; requests go one after the other. Raises OSError or IncompleteReadError where the server closes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, url: str) -> "Connection":
        """Connect."""
        found = urlsplit(url)
        return cls(*await asyncio.open_connection(found.hostname, found.port))

    async def ask(
        self, path: str, headers: Mapping[str, str], body: bytes | None = None, *, method: str = "", missing: int = 0
    ) -> Reply:
        """Send a request and read its answer. ``missing``: bytes of the body that :meth:`rest` sends later."""
        await self.send(path, headers, body, method=method, missing=missing)
        return await self.reply()

    async def send(
        self, path: str, headers: Mapping[str, str], body: bytes | None = None, *, method: str = "", missing: int = 0
    ) -> None:
        """Send a request."""
        lines = [f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1", "host: test"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines += ["content-type: application/json", f"content-length: {len(body) + missing}"]
        self._writer.write("\r\n".join([*lines, "\r\n"]).encode() + (body or b""))
        await self._writer.drain()

    async def rest(self, body: bytes) -> None:
        """Send what was missing of a body."""
        self._writer.write(body)
        await self._writer.drain()

    async def reply(self) -> Reply:
        """Read an answer with its body."""
        status, headers = await self.begun()
        if "content-length" in headers:
            return Reply(status, headers, await self._reader.readexactly(int(headers["content-length"])))
        body = b""
        while piece := await self.piece():
            body += piece
        return Reply(status, headers, body)

    async def begun(self) -> tuple[int, dict[str, str]]:
        """Read the beginning of an answer: status and headers."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = (line.split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), {name.lower(): value for name, value in fields}

    async def piece(self) -> bytes:
        """Read one piece of an answer that comes in pieces; empty at its end."""
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        piece = await self._reader.readexactly(size)
        await self._reader.readexactly(2)
        return piece

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


Connect = Callable[[str], Awaitable[Connection]]
"""Opens a connection that the test's end closes."""
