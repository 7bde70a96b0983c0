"""Fixtures every test may use: the asynchronous backend, hypothesis profiles, a real PostgreSQL."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from inspect import iscoroutinefunction

import pytest
from hypothesis import HealthCheck, Phase, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support.postgres_server import PostgresServer, running_postgres

# No profile measures time: the machine may be shared.
settings.register_profile("base", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", settings.get_profile("base"), max_examples=30, stateful_step_count=30)
settings.register_profile(  # a mutant is killed by the first example that fails, the smallest is nobody's concern
    "mutants",
    settings.get_profile("base"),
    max_examples=10,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.register_profile("ci", settings.get_profile("base"), max_examples=40, stateful_step_count=50)
settings.register_profile("long", settings.get_profile("base"), max_examples=2_000, stateful_step_count=80)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Cancel a coroutine test after two thirds of pytest's timeout, which would end the loop that the tests after it need."""
    if isinstance(item, pytest.Function) and iscoroutinefunction(item.obj):
        marker = item.get_closest_marker("timeout")
        seconds = marker.args[0] if marker else item.config.getoption("timeout") or item.config.getini("timeout")
        item.obj = _bounded(item.obj, float(seconds) * 2 / 3)


def _bounded(test: Callable[..., Awaitable[None]], seconds: float) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def bounded(*args: object, **kwargs: object) -> None:
        async with asyncio.timeout(seconds or None):
            await test(*args, **kwargs)

    return bounded


BROWSER = "tests/browser/"


class ByFile(LoadFileScheduling):
    """A worker is given whole files, for their fixtures' sake; those with a browser all go to the one that has the browser."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Which tests stay together in a parallel run by files; other runs are spread as pytest-xdist does."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session; each worker of a parallel run has its own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """A database shared by the session's tests: for those that don't mind what others left in it."""
    return postgres_server.create_database()


@pytest.fixture
def new_postgres_url(postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Makes empty databases, each dropped after the test: one for a store, one for its keys."""
    urls: list[str] = []

    def create() -> str:
        urls.append(postgres_server.create_database())
        return urls[-1]

    yield create
    for url in urls:
        postgres_server.drop_database(url)


@pytest.fixture
def fresh_postgres_url(new_postgres_url: Callable[[], str]) -> str:
    """An empty database, dropped after the test."""
    return new_postgres_url()
