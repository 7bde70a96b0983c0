"""What every operation of the API needs: the running Gongdan, the limits, and which requests are being worked on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from adapters.composition import Gongdan
from adapters.web.metrics import Metrics
from adapters.web.problems import TooManyRequests
from domain.kernel.errors import InProgress


class Limiter:
    """A rate limit per key, in this process."""

    def __init__(self, rate: str) -> None:
        self._item: RateLimitItem = parse(rate)
        self._limits = FixedWindowRateLimiter(MemoryStorage())

    async def hit(self, key: str) -> None:
        """Count one; raises TooManyRequests."""
        if not await self._limits.hit(self._item, key):
            raise TooManyRequests(self._item.get_expiry())

    async def check(self, key: str) -> None:
        """Count nothing; raises TooManyRequests where nothing more is let through."""
        if not await self._limits.test(self._item, key):
            raise TooManyRequests(self._item.get_expiry())


class Api:
    """The state behind the operations of one server process."""

    def __init__(self, gongdan: Gongdan) -> None:
        self.gongdan = gongdan
        self.metrics = Metrics(gongdan)
        self.per_token = Limiter(gongdan.settings.rate)
        self.per_stranger = Limiter(gongdan.settings.sign_in_rate)
        self._working: set[tuple[str, str]] = set()

    @asynccontextmanager
    async def alone(self, login: str, key: str | None) -> AsyncIterator[None]:
        """One request at a time for a caller's idempotency key; raises InProgress."""
        if key is None:
            yield
            return
        if (login, key) in self._working:
            raise InProgress(key)
        self._working.add((login, key))
        try:
            yield
        finally:
            self._working.discard((login, key))


def api_of(request: Request) -> Api:
    """The state behind a request's application."""
    api: Api = request.app.state.api
    return api


TheApi = Annotated[Api, Depends(api_of)]
