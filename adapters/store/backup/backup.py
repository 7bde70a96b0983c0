"""Online backup: a copy of the store and a copy of its keys, in two folders, while the server runs.

    DIR/store/manifest.json   DIR/store/gongdan.db or gongdan.dump
    DIR/keys/manifest.json    DIR/keys/keys.db or keys.dump

Keep the two apart, and the master key, which is in neither, apart from both. The copy of the keys expires after 30 days: it is
the one place where an erased person's key may outlive the erasure. No manifest holds personal data. A copy without a
manifest is unfinished.

The store is copied first: keys are made before the events that need them, so the later copy has every key that the earlier
copy needs.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from adapters.store.backup import copy_postgres, copy_sqlite
from adapters.store.backup.store_facts import BackupRefused, KeyFacts, LogFacts, key_facts, log_facts
from adapters.store.database.database import Dialect, Transaction
from adapters.store.database.postgres_database import PostgresDatabase
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.master_key import sync_directory
from adapters.store.log.opening import open_database
from domain.kernel.ports import Clock

F = TypeVar("F", LogFacts, KeyFacts)

FORMAT = 1
KEY_COPY_LASTS = timedelta(days=30)
LONG = 600.0
"""Seconds that checking a whole log for gaps may take."""
FILES: Mapping[tuple[str, Dialect], str] = {
    ("store", "sqlite"): "gongdan.db",
    ("store", "postgresql"): "gongdan.dump",
    ("keys", "sqlite"): "keys.db",
    ("keys", "postgresql"): "keys.dump",
}


@dataclass(frozen=True, slots=True)
class BackupReport:
    """Facts about a backup, for the operator."""

    directory: str
    log: LogFacts
    keys: KeyFacts
    keys_expire_at: datetime

    def lines(self) -> list[str]:
        """The printed report; it holds no personal data."""
        log, keys, until = self.log, self.keys, self.keys_expire_at.isoformat()
        return [
            f"store: {log.position} events of {log.origin}, the last recorded at {log.recorded_at.isoformat()}",
            f"keys: {keys.subjects} subjects, {keys.erased} of them erased; this copy expires at {until}",
            f"The master key ({keys.master_key_id}) is NOT in this backup, and without it no personal data can be read"
            " again: keep a copy of its file in a third place.",
            "Keep store and keys apart from each other, and delete the copy of the keys when it has expired.",
        ]


async def backup(directory: Path, store_url: str, keys_url: str, clock: Clock) -> BackupReport:
    """Copy store and keys into a new or empty directory; raises BackupRefused, among others for a log with gaps."""
    await asyncio.to_thread(_prepare, directory)
    now = clock.now()
    log = await _copy(directory / "store", "store", store_url, log_facts, {"created_at": now.isoformat()})
    expires = now + KEY_COPY_LASTS
    about_keys = {"origin": log.origin, "created_at": now.isoformat(), "expires_at": expires.isoformat()}
    keys = await _copy(directory / "keys", "keys", keys_url, key_facts, about_keys)
    return BackupReport(str(directory), log, keys, expires)


def _prepare(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        raise BackupRefused(f"{directory} is not empty; name a new directory")
    for folder in (directory, directory / "store", directory / "keys"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


async def _copy(folder: Path, kind: str, url: str, look: Callable[[Transaction], Awaitable[F]], more: Mapping[str, str]) -> F:
    database = await open_database(url)
    try:
        copy = folder / FILES[kind, database.dialect]
        if isinstance(database, PostgresDatabase):
            facts = await copy_postgres.dump(database, url, copy, look)
        elif isinstance(database, SqliteDatabase):
            await asyncio.to_thread(copy_sqlite.copy_online, database.path, copy)
            facts = await _look_at(copy, look)
        else:
            raise BackupRefused("only a store on a disk can be copied")
        await asyncio.to_thread(_write_manifest, copy, kind, database.dialect, {**_as_json(facts), **more})
        return facts
    finally:
        await database.close()


async def _look_at(copy: Path, look: Callable[[Transaction], Awaitable[F]]) -> F:
    """Read the facts of a finished copy."""
    database = await SqliteDatabase.open(copy, readers=1)

    async def ask(tx: Transaction) -> F:
        return await look(tx)

    try:
        return await database.snapshot(ask, within=LONG)
    finally:
        await database.close()


def _as_json(facts: LogFacts | KeyFacts) -> dict[str, str | int]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(facts).items()}


def _write_manifest(copy: Path, kind: str, dialect: Dialect, more: Mapping[str, Any]) -> None:
    """Write a copy's manifest, the last file: a folder without one is an unfinished copy."""
    digest, size = digest_of(copy)
    manifest = {"format": FORMAT, "kind": kind, "database": dialect, "file": copy.name, "sha256": digest, "size": size, **more}
    path = copy.with_name("manifest.json")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=2, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    sync_directory(copy.parent)


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes of a file that no database has open."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
