"""Live streams (server-sent events): counted, ended with a last message when the server stops."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from adapters.web.admission.lanes import Admission, Stopping, Streams

PING = 15
"""Seconds of silence after which a live stream sends a comment, so that proxies keep the connection."""

SEND = 10.0
"""Seconds after which a live stream gives up on a client that does not read."""

LAST = "closing"
"""Event name of the last message of a stream that ends because the server stops."""

AGAIN_MS = 1000
"""Milliseconds after which the client should connect again."""


class Live(EventSourceResponse):
    """A live stream that counts among the open ones for as long as it is sent."""

    def __init__(self, streams: Streams, events: AsyncIterator[ServerSentEvent], headers: Mapping[str, str] | None) -> None:
        super().__init__(until(events, streams.ending), headers=headers, ping=PING, send_timeout=SEND)
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.open += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.open -= 1


def live(admission: Admission, events: AsyncIterator[ServerSentEvent], headers: Mapping[str, str] | None = None) -> Live:
    """Make the response of a live stream; raises Overloaded where too many are open, Stopping where the server stops."""
    if admission.stopping:
        raise Stopping
    admission.streams.check()
    return Live(admission.streams, events, headers)


async def until(events: AsyncIterator[ServerSentEvent], ending: asyncio.Event) -> AsyncGenerator[ServerSentEvent, None]:
    """Pass events on until they end, or until ``ending`` is set: then a last message says so."""
    source: Any = events
    stop = asyncio.ensure_future(ending.wait())
    coming: asyncio.Future[ServerSentEvent | None] | None = None
    try:
        async with aclosing(source):
            try:
                while True:
                    coming = asyncio.ensure_future(anext(source, None))
                    await asyncio.wait({coming, stop}, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        break
                    event = coming.result()
                    if event is None:
                        return
                    yield event
            finally:
                if coming is not None and not coming.done():  # its generator can be closed only when it does not run
                    coming.cancel()
                    await asyncio.wait({coming})
        yield ServerSentEvent("the server is stopping; connect again", event=LAST, retry=AGAIN_MS)
    finally:
        stop.cancel()
