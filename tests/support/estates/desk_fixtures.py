"""Fixtures of the estate, for every folder that tests use cases."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.composition import opened
from adapters.system.settings import Settings
from tests.support.clock import SetClock
from tests.support.estates.api_estate import PATIENCE
from tests.support.estates.desk_estate import Estate, build, copied, sqlite_settings
from tests.support.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def estate_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an estate that is copied for each test."""
    folder = tmp_path_factory.mktemp("estate")
    asyncio.run(build(sqlite_settings(folder)))
    return folder


@pytest.fixture
async def estate(estate_template: Path, tmp_path: Path) -> AsyncIterator[Estate]:
    """An estate of one's own on SQLite."""
    async with copied(estate_template, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The databases of an estate on PostgreSQL, copied for each test."""
    master_key = tmp_path_factory.mktemp("postgres-estate") / "master.key"
    store, keys = postgres_server.create_database(), postgres_server.create_database()
    settings = Settings(store=store, keys=keys, master_key_file=master_key, deadline=PATIENCE)
    asyncio.run(build(settings))
    return settings


@pytest.fixture
def postgres_settings(postgres_server: PostgresServer, postgres_template: Settings) -> Iterator[Settings]:
    """Copies of the databases, dropped after the test."""
    template = postgres_template
    store, keys = postgres_server.create_database(template.store), postgres_server.create_database(template.keys)
    yield template.model_copy(update={"store": store, "keys": keys})
    for url in (store, keys):
        postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def shared_settings(request: pytest.FixtureRequest, estate_template: Path, tmp_path: Path) -> Settings:
    """An estate of one's own on each store, closed."""
    if request.param == "postgres":
        settings: Settings = request.getfixturevalue("postgres_settings")
        return settings
    shutil.copytree(estate_template, tmp_path, dirs_exist_ok=True)
    return sqlite_settings(tmp_path)


@pytest.fixture
async def shared(shared_settings: Settings) -> AsyncIterator[Estate]:
    """An estate of one's own on each store."""
    clock = SetClock()
    async with opened(shared_settings, clock) as g:
        yield Estate(g, clock, shared_settings)
