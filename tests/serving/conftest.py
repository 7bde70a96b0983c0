"""Servers in processes of their own, over a new estate on either database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.system.settings import Settings
from adapters.system.system import SystemClock
from tests.faults.service import Service, environment
from tests.serving.connection import Connect, Connection
from tests.support.estates.api_estate import open_estate

SQLITE, POSTGRES = "sqlite", "postgres"


@dataclass(frozen=True)
class Place:
    """A store with an estate in it, and how to serve it."""

    settings: Settings
    folder: Path
    tokens: dict[str, str]
    stack: ExitStack

    @property
    def environment(self) -> dict[str, str]:
        """The settings as a process reads them."""
        s = self.settings
        limits = {name: getattr(s, name) for name in ("rate", "deadline", "patience", "stop_seconds")}
        return environment(s, **limits, log_level="error")

    def bearer(self, login: str) -> dict[str, str]:
        """The header of a person's token."""
        return {"Authorization": f"Bearer {self.tokens[login]}"}

    def served(self, *options: str, **settings: str) -> Service:
        """A server that answers; stopped at the end of the test."""
        service = Service({**self.environment, **settings}, self.folder, *options)
        self.stack.callback(service.stop)
        service.start()
        return service


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens connections, all closed at the end of the test."""
    made: list[Connection] = []

    async def to(url: str) -> Connection:
        made.append(await Connection.to(url))
        return made[-1]

    yield to
    for one in made:
        await one.close()


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, new_postgres_url: Callable[[], str]) -> Iterator[Place]:
    """An estate on the database that the test's parameter names."""
    kind = getattr(request, "param", POSTGRES)
    store, keys = (
        (f"sqlite:///{tmp_path}/gongdan.db", f"sqlite:///{tmp_path}/keys.db")
        if kind == SQLITE
        else (new_postgres_url(), new_postgres_url())
    )
    settings = Settings(
        _env_file=None,
        store=store,
        keys=keys,
        master_key_file=tmp_path / "master.key",
        rate="1000000/minute",
        deadline=60.0,
        patience=60.0,
        stop_seconds=200.0,
    )

    async def make() -> dict[str, str]:
        async with open_estate(settings, SystemClock()) as estate:
            return estate.tokens

    with ExitStack() as stack:
        yield Place(settings, tmp_path, asyncio.run(make()), stack)
