"""The API over a real composition: SQLite in a new folder, an adjustable clock, a person for every role."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from adapters.api.app import create_app
from tests.api.client import Client
from tests.estate import Estate, open_estate, settings_in


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    """A new store with the estate in it."""
    async with open_estate(settings_in(tmp_path)) as estate:
        yield estate


@pytest.fixture
async def api(estate: Estate) -> AsyncIterator[Client]:
    """The application over the estate."""
    app = create_app(estate.gongdan)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        yield Client(http, estate)
