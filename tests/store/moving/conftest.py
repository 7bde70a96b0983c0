"""Two places in each direction; the old one has a store with rows in every table."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from adapters.store.moving.sides import Place
from tests.store.moving.places import Both, fill
from tests.support.postgres_server import PostgresServer

THERE, BACK = "sqlite to postgresql", "postgresql to sqlite"
ALL = [THERE, BACK, "sqlite to sqlite", "postgresql to postgresql"]

MakePlaces = Callable[[str, Path], Both]


@pytest.fixture(scope="session")
def filled(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[Callable[[str], tuple[Place, Path]]]:
    """A filled store of each kind, with its master key; made once and copied for each test."""
    made: list[str] = []

    @cache
    def make(kind: str) -> tuple[Place, Path]:
        folder = tmp_path_factory.mktemp("filled")
        if kind == "sqlite":
            place = Place(f"sqlite:///{folder}/gongdan.db", f"sqlite:///{folder}/keys.db")
        else:
            place = Place(postgres_server.create_database(), postgres_server.create_database())
            made.extend((place.store, place.keys))
        asyncio.run(fill(place, folder / "master.key"))
        return place, folder / "master.key"

    yield make
    for url in made:
        postgres_server.drop_database(url)


@pytest.fixture
def places(
    filled: Callable[[str], tuple[Place, Path]], postgres_server: PostgresServer, new_postgres_url: Callable[[], str]
) -> Iterator[MakePlaces]:
    """Makes the two places of a direction below a folder."""
    made: list[str] = []

    def make(direction: str, folder: Path) -> Both:
        old, new = direction.split(" to ")
        place, master = filled(old)
        (folder / "old").mkdir()
        shutil.copy(master, folder / "master.key")
        if old == "sqlite":
            shutil.copytree(master.parent, folder / "old", dirs_exist_ok=True)
            source = Place(f"sqlite:///{folder}/old/gongdan.db", f"sqlite:///{folder}/old/keys.db")
        else:
            source = Place(*(postgres_server.create_database(template=url) for url in (place.store, place.keys)))
            made.extend((source.store, source.keys))
        if new == "sqlite":
            to = Place(f"sqlite:///{folder}/new/gongdan.db", f"sqlite:///{folder}/new/keys.db")
        else:
            to = Place(new_postgres_url(), new_postgres_url())
        return Both(source, to, folder / "master.key")

    yield make
    for url in made:
        postgres_server.drop_database(url)


@pytest.fixture(params=ALL)
def both(request: pytest.FixtureRequest, tmp_path: Path, places: MakePlaces) -> Both:
    """Each of the four directions."""
    return places(request.param, tmp_path)


@pytest.fixture(params=[THERE, BACK])
def each(request: pytest.FixtureRequest, tmp_path: Path, places: MakePlaces) -> Both:
    """To the other kind of database: each kind is once the old side and once the new one."""
    return places(request.param, tmp_path)


@pytest.fixture
def to_postgres(tmp_path: Path, places: MakePlaces) -> Both:
    """From SQLite to PostgreSQL."""
    return places(THERE, tmp_path)


@pytest.fixture
def to_sqlite(tmp_path: Path, places: MakePlaces) -> Both:
    """From PostgreSQL to SQLite."""
    return places(BACK, tmp_path)


@pytest.fixture
def on_files(tmp_path: Path, places: MakePlaces) -> Both:
    """From SQLite to SQLite."""
    return places(ALL[2], tmp_path)
