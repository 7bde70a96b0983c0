"""State of one server process: the running Gongdan, admission, metrics, rate limits, idempotency keys in progress."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from adapters.composition import Gongdan
from adapters.web.admission.lanes import Admission
from adapters.web.metrics import Metrics
from adapters.web.problems import TooManyRequests
from domain.kernel.errors import InProgress


class Limiter:
    """A rate limit per key, counted in this process."""

    def __init__(self, rate: str) -> None:
        self._item: RateLimitItem = parse(rate)
        self._limits = FixedWindowRateLimiter(MemoryStorage())

    async def hit(self, key: str) -> None:
        """Count a request; raises TooManyRequests beyond the rate."""
        if not await self._limits.hit(self._item, key):
            raise TooManyRequests(self._item.get_expiry())

    async def check(self, key: str) -> None:
        """Raise TooManyRequests where the rate is used up; counts nothing."""
        if not await self._limits.test(self._item, key):
            raise TooManyRequests(self._item.get_expiry())


class Api:
    """State that all requests of one server process share."""

    def __init__(self, gongdan: Gongdan) -> None:
        self.gongdan = gongdan
        settings = gongdan.settings
        self.admission = Admission(patience=settings.patience, queue=settings.queue, streams=settings.streams)
        self.metrics = Metrics(gongdan, self.admission)
        self.per_token = Limiter(settings.rate)
        self.per_stranger = Limiter(settings.sign_in_rate)
        self._working: set[tuple[str, str]] = set()

    @asynccontextmanager
    async def alone(self, login: str, key: str | None) -> AsyncIterator[None]:
        """Hold a caller's idempotency key; raises InProgress while another request of this process holds it.

        Other processes are kept out by the store, which accepts a key once.
        """
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
    """State of the application that serves a request."""
    api: Api = request.app.state.api
    return api


TheApi = Annotated[Api, Depends(api_of)]
