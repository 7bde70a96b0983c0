"""A proxy before PostgreSQL that loses connections around a COMMIT, or freezes, when a test tells it to."""

import asyncio
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["", "before commit", "after commit", "freeze"]


class FaultyProxy:
    """``fault`` strikes one connection: it breaks before the next COMMIT reaches the server, or after the server committed and
    before the answer arrives (the answer's bytes end the wait), or all connections freeze.
    """

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.fault: Fault = ""
        self.struck = 0

    @property
    def url(self) -> str:
        """The database's URL through the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://{self._target.username}@127.0.0.1:{port}{self._target.path}"

    async def __aenter__(self) -> "FaultyProxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers |= {writer, back}
        committing = asyncio.Event()

        async def to_server() -> None:
            while data := await reader.read(65536):
                if self.fault == "freeze":
                    continue
                if b"COMMIT" in data and self.fault:
                    self.struck += 1
                    if self.fault == "before commit":
                        self.fault = ""
                        return
                    self.fault = ""
                    committing.set()
                back.write(data)

        async def to_client() -> None:
            while data := await there.read(65536):
                if self.fault == "freeze":
                    continue
                if committing.is_set():
                    return
                writer.write(data)

        ends = [asyncio.ensure_future(to_server()), asyncio.ensure_future(to_client())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            for side in (writer, back):
                side.transport.abort()
                self._writers.discard(side)
