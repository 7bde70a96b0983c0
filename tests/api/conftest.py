"""Fixtures of the API's tests: a real composition over SQLite in a new folder, a settable clock, a person for every role."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from adapters.composition import opened
from adapters.server.app import create_app
from adapters.system.system import SystemClock
from tests.support.client import Client
from tests.support.clock import SetClock
from tests.support.estates.api_estate import Estate, follow, open_estate, settings_in
from tests.support.server import Server


@dataclass(frozen=True)
class Template:
    """A closed store with the estate in it, to be copied."""

    folder: Path
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Make the estate once, with its read models; every test begins with a copy."""
    folder = tmp_path_factory.mktemp("estate")

    async def make() -> dict[str, str]:
        async with open_estate(settings_in(folder)) as estate:
            await follow(estate.gongdan)
            return estate.tokens

    return Template(folder, anyio.run(make))


@asynccontextmanager
async def opened_copy(template: Template, folder: Path, **settings: Any) -> AsyncIterator[Estate]:
    """The estate in a folder of its own."""
    shutil.copytree(template.folder, folder, dirs_exist_ok=True)
    clock = SetClock()
    async with opened(settings_in(folder, **settings), clock) as gongdan:
        yield Estate(gongdan, clock, dict(template.tokens))


@asynccontextmanager
async def client_of(estate: Estate) -> AsyncIterator[Client]:
    """A client of the application over an estate."""
    transport = httpx2.ASGITransport(app=create_app(estate.gongdan), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        yield Client(http, estate)


@pytest.fixture
async def estate(template: Template, tmp_path: Path) -> AsyncIterator[Estate]:
    """A new store with the estate in it."""
    async with opened_copy(template, tmp_path) as estate:
        yield estate


@pytest.fixture
async def api(estate: Estate) -> AsyncIterator[Client]:
    """The application over the estate."""
    async with client_of(estate) as client:
        yield client


@pytest.fixture
async def live(api: Client) -> Client:
    """A client of the application over the estate, with projections running."""
    await api.estate.gongdan.projections.start()
    return api


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server over a new estate, by the machine's own clock."""
    folder = tmp_path_factory.mktemp("served")

    async def make() -> dict[str, str]:
        async with open_estate(settings_in(folder), SystemClock()) as estate:
            return estate.tokens

    tokens = anyio.run(make)
    server = Server(folder)
    try:
        anyio.run(server.ready)
        yield server, tokens
    finally:
        server.stop()
