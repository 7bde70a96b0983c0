"""A working directory, and an estate with its people."""

from pathlib import Path

import pytest

from tests.support.command_line import Home
from tests.support.estates.desk_fixtures import estate, estate_template

__all__ = ["estate", "estate_template"]


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """A working directory without a store: the calculation needs none."""
    return Home(tmp_path)
