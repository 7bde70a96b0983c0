"""A store by `init`, and one by `demo`, each in a directory of its own."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.command_line import Home


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep out the settings of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith("GONGDAN_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """An empty working directory."""
    return Home(tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A new store with its first admin."""
    here = Home(tmp_path)
    here.done("init", "--origin", "test")
    return here


@pytest.fixture(scope="session")
def estate_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    here = Home(tmp_path_factory.mktemp("estate"))
    here.done("demo", "--no-serve", "--days", "12", "--dir", str(here.store.parent))
    here.done("projections", "rebuild")
    return here


@pytest.fixture
def estate(estate_once: Home, tmp_path: Path) -> Home:
    """A store with the demonstration's estate in it, the test's own."""
    shutil.copytree(estate_once.path, tmp_path, dirs_exist_ok=True)
    return Home(tmp_path)
