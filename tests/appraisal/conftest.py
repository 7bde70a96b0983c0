"""A directory to run the command in, and an estate with its people."""

from pathlib import Path

import pytest

from tests.support.command_line import Home
from tests.support.desk_fixtures import estate, estate_template

__all__ = ["estate", "estate_template"]


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """Nothing here: the calculation needs no store."""
    return Home(tmp_path)
