"""Middleware that admits requests by kind of work, and answers those that it refuses, or that outlast their deadline."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.web.admission.lanes import Admission, Lane, Stopping, Unanswered
from adapters.web.context import Api
from domain.kernel.errors import Overloaded

ALWAYS = ("/healthz", "/readyz", "/metrics")
"""Paths that are admitted whatever the load: who watches the server must get an answer."""

READING = ("GET", "HEAD", "OPTIONS")

HELD = 65_536
"""Bytes of a body that are kept while its request waits. The server reads as many from a connection by itself."""

AT_HAND = 0.2
"""Seconds that a body may take to be there before its command counts as an upload."""

GRACE = 0.5
"""Seconds beyond the deadline that a command is given, so that the store's own deadline can say what it was waiting for."""

Refused = Callable[[Request, Overloaded], Awaitable[Response]]


class Heard:
    """Messages of a request that were received while it waited, to be received again by the application.

    Receiving is never cancelled, since a cancelled receive may lose a piece of the body; one that is not done is handed on.
    """

    def __init__(self, receive: Receive) -> None:
        self.complete = False
        self._receive = receive
        self._messages: deque[Message] = deque()
        self._coming: asyncio.Future[Message] | None = None
        self._gone = False

    async def body(self) -> None:
        """Receive until the body is complete, is long, or does not come at once."""
        loop = asyncio.get_running_loop()
        until, size = loop.time() + AT_HAND, 0
        while not self.complete and not self._gone and size <= HELD:
            coming = self._next()
            await asyncio.wait({coming}, timeout=until - loop.time())
            if not coming.done():
                return
            size += self._keep(coming)

    async def gone(self) -> None:
        """Wait until the caller has gone, which can be known only after the whole body."""
        while not self._gone:
            coming = self._next()
            await asyncio.wait({coming})
            self._keep(coming)

    async def receive(self) -> Message:
        """Receive the next message for the application."""
        if self._messages:
            return self._messages.popleft()
        if self._gone:
            return {"type": "http.disconnect"}
        coming, self._coming = self._coming, None
        return await (coming if coming is not None else self._receive())

    @contextmanager
    def listening(self) -> "Iterator[asyncio.Future[None] | None]":
        """Listen for the caller's leaving while the request waits."""
        if not self.complete:  # the rest of a long body is left to the sender's connection
            yield None
            return
        listener = asyncio.ensure_future(self.gone())
        try:
            yield listener
        finally:
            listener.cancel()

    def close(self) -> None:
        """End a receive that nobody awaits."""
        if self._coming is not None:
            self._coming.cancel()

    def _next(self) -> "asyncio.Future[Message]":
        if self._coming is None:
            self._coming = asyncio.ensure_future(_awaited(self._receive))
        return self._coming

    def _keep(self, coming: "asyncio.Future[Message]") -> int:
        """Keep a message that has come; returns the bytes of the body in it."""
        self._coming, message = None, coming.result()
        if message["type"] == "http.disconnect":
            self._gone = True
            return 0
        self._messages.append(message)
        self.complete = not message.get("more_body", False)
        return len(message.get("body", b""))


async def _awaited(receive: Receive) -> Message:
    return await receive()


class Admitting:
    """ASGI middleware: a lane for commands, one for uploads, one for reads.

    A command whose caller has gone while it waited is not begun (a read ends by
    :class:`~adapters.server.reading.EndsWithCaller`). A response that is sent piece by piece gives its place back with the first
    piece, for the rest depends on the reader. ``refused`` makes the answer to a request that is not admitted.
    """

    def __init__(self, app: ASGIApp, refused: Refused) -> None:
        self._app = app
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request in its turn."""
        api: Api | None = getattr(scope["app"].state, "api", None) if scope["type"] == "http" else None
        if api is None or scope["path"] in ALWAYS:
            await self._app(scope, receive, send)
            return
        heard = Heard(receive)
        try:
            await self._admit(api, heard, scope, send)
        finally:
            heard.close()

    async def _admit(self, api: Api, heard: Heard, scope: Scope, send: Send) -> None:
        reading = scope["method"] in READING
        try:
            if api.admission.stopping:
                raise Stopping
            if not reading:
                await heard.body()
            lane = _lane(api.admission, reading, heard.complete)
            if not lane.begin():
                with heard.listening() as gone:
                    if not await lane.turn(gone):
                        return
        except Overloaded as refusal:
            api.metrics.refused.labels("reads" if reading else "commands").inc()
            await self._answer(refusal, scope, heard.receive, send)
            return
        await self._serve(lane, None if reading else api.gongdan.settings.deadline + GRACE, scope, heard.receive, send)

    async def _serve(self, lane: Lane, deadline: float | None, scope: Scope, receive: Receive, send: Send) -> None:
        began: float | None = time.monotonic()
        begun = False

        def leave() -> None:
            nonlocal began
            if began is not None:
                lane.end(began)
                began = None

        async def sending(message: Message) -> None:
            nonlocal begun
            if not begun and not limit.expired():
                limit.reschedule(None)
            begun = True
            if message.get("more_body", False):
                leave()
            await send(message)

        try:
            async with asyncio.timeout(deadline) as limit:
                await self._app(scope, receive, sending)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            assert deadline is not None
            await self._answer(Unanswered(deadline), scope, receive, send)
        finally:
            leave()

    async def _answer(self, refusal: Overloaded, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._refused(Request(scope), refusal)
        await response(scope, receive, send)


def _lane(admission: Admission, reading: bool, complete: bool) -> Lane:
    if reading:
        return admission.reads
    return admission.commands if complete else admission.uploads
