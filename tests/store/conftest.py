"""The stores that every contract is tested on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.store.log.opening import Store
from tests.store.log.event_logs import Stores, new_stores


def url_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "postgres":
        url: str = request.getfixturevalue("fresh_postgres_url")
        return url
    return "memory:" if kind == "memory" else f"sqlite:///{folder}/log.db"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    """A new store of each kind."""
    stores = await new_stores(url_of(request.param, request, tmp_path))
    yield stores
    await stores.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    """A new store of each kind that several processes can open."""
    stores = await new_stores(url_of(request.param, request, tmp_path))
    yield stores
    await stores.close()


@pytest.fixture
async def on_postgres(fresh_postgres_url: str) -> AsyncIterator[Stores]:
    """A new store on PostgreSQL."""
    stores = await new_stores(fresh_postgres_url)
    yield stores
    await stores.close()


@pytest.fixture
async def store(stores: Stores) -> Store:
    """An open store of each kind."""
    return await stores.open()
