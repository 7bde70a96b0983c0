"""The two sides of a move: the store and the key store where they are, and where they go."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.store.backup.store_facts import LogFacts, head_facts
from adapters.store.database import schema
from adapters.store.database.database import Database
from adapters.store.keys.key_tables import BLIND_TOKEN, LOOK, bound_to_index
from adapters.store.keys.master_key import load_master_key_named
from adapters.store.log.opening import open_database, shown
from adapters.store.moving.target import Found, look
from adapters.store.moving.transfer import CopyRefused


@dataclass(frozen=True, slots=True)
class Place:
    """URLs of a store and of its key store."""

    store: str
    keys: str


@dataclass(frozen=True, slots=True)
class Sides:
    """Open databases of both places. The new ones are None where there is none yet; the new keys' also where keys don't move."""

    source: Place
    to: Place
    old: Database
    old_keys: Database
    new: Database | None
    new_keys: Database | None
    log: LogFacts
    found: Found
    found_keys: Found

    @property
    def keys_move(self) -> bool:
        """Whether the key store moves; otherwise both stores name one place for it."""
        return self.source.keys != self.to.keys


@asynccontextmanager
async def opened(source: Place, to: Place, master_key_file: Path, *, create: bool) -> AsyncIterator[Sides]:
    """Open both sides; ``create`` makes missing SQLite files.

    Raises CopyRefused where the new databases hold something else, schema.SchemaError where there is no store to move or it has
    another schema, and KeysUnusable where the master key does not open its keys.
    """
    _check(source, to)
    async with AsyncExitStack() as stack:

        async def database(url: str, *, new: bool = False) -> Database:
            found = await open_database(url, create=new)
            stack.push_async_callback(found.close)
            return found

        old = await database(source.store)
        await schema.check(old, shown(source.store))
        old_keys = await database(source.keys)
        await check_master(old_keys, master_key_file)
        log = await old.snapshot(head_facts)
        fresh: list[Database | None] = []
        for url in (to.store, to.keys if to.keys != source.keys else ""):
            there = bool(url) and (create or not url.startswith("sqlite:///") or _file(url).exists())
            fresh.append(await database(url, new=create) if there else None)
            if there and create and url == to.keys and url.startswith("sqlite:///"):
                _file(url).chmod(0o600)
        new, new_keys = fresh
        found = await look(new, log.origin, to.store) if new else Found("empty")
        # The keys of a finished copy are a key store like any other; there is nothing more to see to.
        beside = await look(new_keys, log.origin, to.keys) if new_keys and found.state != "finished" else Found("empty")
        yield Sides(source, to, old, old_keys, new, new_keys, log, found, beside)


async def check_master(keys: Database, path: Path) -> None:
    """Raise KeysUnusable unless the master key opens the key store's keys."""
    [(key_id, _)] = await keys.read(LOOK)
    master = load_master_key_named(path, key_id)
    [(wrapped,)] = await keys.read("SELECT wrapped_key FROM index_keys WHERE name = :name", {"name": BLIND_TOKEN})
    master.unwrap(wrapped, bound_to_index(BLIND_TOKEN))


def _check(source: Place, to: Place) -> None:
    if source.store == to.store:
        raise CopyRefused(f"{shown(to.store)} is where the store is: name another place")
    if to.keys in (source.store, to.store):
        raise CopyRefused(f"{shown(to.keys)} is for the store: name a database of its own for the keys")


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
