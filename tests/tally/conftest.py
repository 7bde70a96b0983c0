"""A directory to run the command in."""

from pathlib import Path

import pytest

from tests.support.command_line import Home


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """Nothing here: the calculation needs no store."""
    return Home(tmp_path)
