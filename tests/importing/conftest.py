"""An estate to import into."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.estates.api_estate import Estate, open_estate, settings_in


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    """On SQLite, in a folder of its own."""
    folder = tmp_path / "store"
    folder.mkdir()
    async with open_estate(settings_in(folder)) as made:
        yield made
