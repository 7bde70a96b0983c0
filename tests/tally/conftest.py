"""Fixtures for the calculation command."""

from pathlib import Path

import pytest

from tests.support.command_line import Home


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """A working directory without a store: the calculation needs none."""
    return Home(tmp_path)
