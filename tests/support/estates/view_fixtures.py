"""Estates for the read models, on every store."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import pytest

from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import create_master_key
from adapters.system.system import entropy
from tests.support.clock import SetClock
from tests.support.estates.view_estate import Estate, estate_at, new_keys
from tests.support.postgres_server import PostgresServer


@pytest.fixture(scope="package")
async def keys(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[KeyStore]:
    """One key store for all estates: their subjects differ."""
    folder = tmp_path_factory.mktemp("keys")
    create_master_key(folder / "master.key", entropy)
    store = new_keys(folder, await SqliteDatabase.open(folder / "keys.db", create=True), SetClock())
    await store.create()
    await store.open()
    yield store
    await store.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes URLs of new stores, of one kind each."""
    numbers, made = count(1), []
    server: PostgresServer | None = request.getfixturevalue("postgres_server") if request.param == "postgres" else None

    def new() -> str:
        if server is not None:
            made.append(server.create_database())
            return made[-1]
        return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/{next(numbers)}.db"

    yield new
    for url in made:
        assert server is not None
        server.drop_database(url)


NewEstate = Callable[[], AbstractAsyncContextManager[Estate]]


@pytest.fixture
def new_estate(urls: Callable[[], str], keys: KeyStore) -> NewEstate:
    """Makes new estates."""
    return lambda: estate_at(urls(), keys)


@pytest.fixture
async def estate(new_estate: NewEstate) -> AsyncIterator[Estate]:
    """A new estate on each store."""
    async with new_estate() as made:
        yield made
