"""A key store for a test, and further openings of it, as in other processes."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.store.database.database import Database
from adapters.store.database.postgres_database import PostgresDatabase
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import create_master_key
from adapters.store.keys.sealing import SubjectSealer

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


class SteppingClock:
    """A clock that advances by one second at each read."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


async def open_database(place: Path | str, *, create: bool = False) -> Database:
    """A SQLite file where ``place`` is a path, a PostgreSQL database where it is a URL."""
    if isinstance(place, Path):
        return await SqliteDatabase.open(place, create=create)
    return await PostgresDatabase.open(place)


@dataclass
class KeyStores:
    """Openings of one key store; :meth:`close` closes all of them."""

    place: Path | str
    master_key_file: Path
    clock: SteppingClock = field(default_factory=SteppingClock)
    opened: list[KeyStore] = field(default_factory=list)

    async def new(self, entropy: Callable[[int], bytes] = os.urandom) -> KeyStore:
        """Make the store, with a master key."""
        create_master_key(self.master_key_file, entropy)
        store = KeyStore(await open_database(self.place, create=True), self.master_key_file, self.clock, entropy)
        self.opened.append(store)
        await store.create()
        await store.open()
        return store

    async def again(self, *, cached_keys: int = 100) -> KeyStore:
        """Open it once more, with an empty cache."""
        database = await open_database(self.place)
        store = KeyStore(database, self.master_key_file, self.clock, os.urandom, cached_keys=cached_keys)
        self.opened.append(store)
        await store.open()
        return store

    async def close(self) -> None:
        while self.opened:
            await self.opened.pop().close()

    def bytes_on_disk(self) -> bytes:
        """Every byte of the SQLite files, read by a copy so that SQLite's locks stay."""
        assert isinstance(self.place, Path)
        files = sorted(str(file) for file in self.place.parent.glob(self.place.name + "*"))
        return subprocess.run(["cat", *files], capture_output=True, check=True).stdout


def sealer(keys: KeyStore) -> SubjectSealer:
    return SubjectSealer(keys, os.urandom)
