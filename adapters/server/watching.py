"""Middleware around every request: request id, log line, metrics, security headers, answer to unexpected errors."""

import time
import traceback
from collections.abc import Callable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from adapters.web.context import Api

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
]
"""Headers added to answers that do not set them."""

log = structlog.get_logger("gongdan.api")


class Watching:
    """Outermost ASGI middleware. It logs the route, never the path or query, which may hold personal data."""

    def __init__(self, app: ASGIApp, failed: Callable[[Request, str], Response]) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. After an unexpected error it answers 500, unless an answer has begun; then it raises on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = uuid7().hex
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                added = [header for header in HEADERS if header[0] not in given]
                message = {**message, "headers": [*message["headers"], *added, (b"x-request-id", request_id.encode())]}
            await send(message)

        failure: dict[str, Any] = {}
        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            failure = _failure(error)
            if status:
                raise
            await self._failed(Request(scope), request_id)(scope, receive, watched)
        finally:
            self._note(scope, status, time.perf_counter() - started, request_id, failure)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float, request_id: str, failure: dict[str, Any]) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", "none")
        api: Api | None = getattr(scope["app"].state, "api", None) if "app" in scope else None
        if api is not None:
            api.metrics.requests.labels(method, route, str(status)).inc()
            api.metrics.look()
            if method == "POST":
                api.metrics.commands.labels(route).observe(seconds)
        level = log.error if failure else log.info
        login = scope.get("state", {}).get("login")
        level(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            login=login,
            request_id=request_id,
            **failure,
        )


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _failure(error: BaseException) -> dict[str, Any]:
    """Describe an error by class and place; not by its message, which may quote personal data from the request."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    found = {"error": type(error).__qualname__, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}
    if error.__cause__ is not None:
        found["cause"] = type(error.__cause__).__qualname__
    return found
