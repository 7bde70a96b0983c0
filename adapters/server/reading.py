"""Requests that read end with their caller: when the client has gone, or their deadline has passed."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.kernel.errors import Overloaded


class EndsWithCaller:
    """ASGI middleware around GET and HEAD: cancels the work for an answer that nobody waits for, its queries included.

    ``seconds``: how long an answer may take to begin; beyond that ``refuse`` answers. An answer that has begun, such as a stream
    of events, has no deadline. Requests that write are left alone: their outcome must not depend on when the client leaves.
    """

    def __init__(
        self, app: ASGIApp, seconds: Callable[[Scope], float], refuse: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        received: asyncio.Queue[Message] = asyncio.Queue()
        begun = False

        async def begin(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        answering = asyncio.ensure_future(self._app(scope, received.get, begin))
        leaving = asyncio.create_task(_client_leaves(receive, received))
        seconds = self._seconds(scope)
        try:
            done, _ = await asyncio.wait([answering, leaving], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not done and begun:
                await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            left = leaving.done()
            answered = await _ended(answering)
            await _ended(leaving)
        if answered:
            answering.result()
        elif not left and not begun:
            late = Overloaded(f"the answer took longer than {seconds:g} s and was given up")
            await (await self._refuse(Request(scope), late))(scope, receive, send)


async def _client_leaves(receive: Receive, received: asyncio.Queue[Message]) -> None:
    """Pass the request's messages on until the client has gone."""
    message: Message = {}
    while message.get("type") != "http.disconnect":
        message = await receive()
        received.put_nowait(message)


async def _ended(task: asyncio.Future[None]) -> bool:
    """Cancel a task and wait for its end; True where it had ended by itself."""
    if task.done():
        return True
    task.cancel()
    await asyncio.wait([task])
    return False
