"""Fixtures of the estate, for every folder that tests use cases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.desk.estate import Estate, build, copied, sqlite_settings


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
