"""Restore a backup without restoring an erased person's key.

Checked before anything is replaced: the copies are unchanged (SHA-256), the copy of the keys has not expired, the master key
fits, nobody uses the databases to be replaced, no newer store is overwritten unless forced, and the copied log has no gaps.

Erasures are applied again before the restored keys can be used: those of the replaced log and key store, and those of the
restored log. The store is replaced before the keys: interrupted in between, the newer keys still open the older store.
"""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from adapters.store.backup import copy_postgres, copy_sqlite
from adapters.store.backup.backup import FILES, FORMAT, LONG, digest_of
from adapters.store.backup.store_facts import GAPS, BackupRefused, LogFacts, Tip, head_facts, holds, log_facts, tip
from adapters.store.database import schema
from adapters.store.database.database import Database, Transaction, to_micros
from adapters.store.database.postgres_database import PostgresDatabase
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.key_erasure import erased_in_keys, erased_in_log
from adapters.store.keys.key_tables import SCHEMA_VERSION, Erasure
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import Entropy, KeysUnusable, load_master_key_named
from adapters.store.log.opening import shown
from domain.kernel.ports import Clock

T = TypeVar("T")
Replace = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """Facts about a restore, for the operator. ``replaced``: the log that was overwritten; ``erasures``: how many hold now."""

    log: LogFacts
    replaced: LogFacts | None
    erasures: int

    def lines(self) -> list[str]:
        """The printed report; it holds no personal data."""
        log, replaced = self.log, self.replaced
        said = [
            f"store: {log.position} events of {log.origin}, the last recorded at {log.recorded_at.isoformat()}",
            f"keys: {self.erasures} erasures hold, those made after the backup included",
        ]
        if replaced:
            said.append(f"replaced: {replaced.position} events of {replaced.origin}")
            if replaced.origin == log.origin and replaced.position > log.position:
                said.append(f"The last {replaced.position - log.position} of them are not in the restored store.")
        return said


@dataclass(frozen=True, slots=True)
class Target:
    """The database of a store or of its keys, by its URL."""

    url: str

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database; None for PostgreSQL."""
        prefix = "sqlite:///"
        return Path(self.url.removeprefix(prefix)) if self.url.startswith(prefix) else None

    async def open(self) -> Database:
        """Open the database; raises FileNotFoundError where a SQLite file is missing."""
        if self.path:
            return await SqliteDatabase.open(self.path, readers=1)
        return await PostgresDatabase.open(copy_postgres.apart(self.url))

    async def ask(self, table: str, question: Callable[[Database], Awaitable[T]], force: bool) -> T | None:
        """Answer a question from the existing database; None where it or the table is missing.

        Raises BackupRefused where it can't be read, unless forced.
        """
        try:
            database = await self.open()
            try:
                return await question(database) if await schema.has_table(database, table) else None
            finally:
                await database.close()
        except FileNotFoundError:
            return None
        except (sqlite3.DatabaseError, psycopg.Error, KeyError, ValueError) as error:
            if force:
                return None
            raise BackupRefused(
                f"the database at {shown(self.url)} can't be read ({error}), so its erasures would be lost; force to replace it"
            ) from error

    async def refuse_if_in_use(self) -> None:
        """Raise BackupRefused while another client uses the database."""
        if self.path:
            await asyncio.to_thread(copy_sqlite.refuse_if_in_use, self.path)
            return
        database = await PostgresDatabase.open(copy_postgres.apart(self.url))
        try:
            await copy_postgres.refuse_if_in_use(database)
        finally:
            await database.close()


@dataclass(frozen=True, slots=True)
class Existing:
    """The store and key store that the restore will overwrite."""

    log: LogFacts | None
    tip: Tip | None
    erasures: list[Erasure]


async def restore(
    directory: Path,
    store_url: str,
    keys_url: str,
    master_key_file: Path,
    clock: Clock,
    entropy: Entropy,
    *,
    force: bool = False,
) -> RestoreReport:
    """Replace a store and its keys by a backup; raises BackupRefused.

    ``force`` permits overwriting a newer store, another log's store, or one that can't be read.
    """
    store, keys = await asyncio.to_thread(lambda: (_proven(directory, "store"), _proven(directory, "keys")))
    at_store, at_keys = Target(store_url), Target(keys_url)
    _check(store, keys, at_store, at_keys, clock.now())
    await asyncio.to_thread(_check_master, master_key_file, keys["master_key_id"])
    await at_store.refuse_if_in_use()
    await at_keys.refuse_if_in_use()
    existing = await _existing(at_store, at_keys, force)
    common = None if force else _common_event(existing, store)
    key_store = partial(KeyStore, master_key_file=master_key_file, clock=clock, entropy=entropy)

    try:
        replace_store = await _stage_store(directory / "store" / store["file"], at_store, common)
        replace_keys = await _stage_keys(directory / "keys" / keys["file"], at_keys, existing.erasures, key_store)
        await replace_store()
        await replace_keys()
    finally:
        for path in filter(None, (at_store.path, at_keys.path)):
            await asyncio.to_thread(copy_sqlite.clear_beside, path)

    database = await at_store.open()
    try:
        known = await erased_in_log(database)
        log = await database.snapshot(head_facts)
    finally:
        await database.close()
    erasures = await _apply(key_store(await at_keys.open()), known)
    return RestoreReport(log, existing.log, erasures)


def _proven(directory: Path, kind: str) -> dict[str, Any]:
    """Read a copy's manifest; raises BackupRefused where the copy is unfinished or was changed (SHA-256)."""
    folder = directory / kind
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
        if manifest["format"] != FORMAT or manifest["kind"] != kind:
            raise BackupRefused(f"{folder} is not a copy of the {kind} that this program can read")
        manifest["file"] = FILES[kind, manifest["database"]]
        if digest_of(folder / manifest["file"]) != (manifest["sha256"], manifest["size"]):
            raise BackupRefused(f"{folder / manifest['file']} is not the file that was copied: its SHA-256 differs")
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
        raise BackupRefused(f"{folder} is not a finished copy of the {kind}: {error}") from error
    return manifest


def _check(store: Mapping[str, Any], keys: Mapping[str, Any], at_store: Target, at_keys: Target, now: datetime) -> None:
    for manifest, target, known in ((store, at_store, schema.newest()), (keys, at_keys, SCHEMA_VERSION)):
        if (manifest["database"] == "sqlite") != (target.path is not None):
            raise BackupRefused(
                f"the {manifest['kind']} was copied from {manifest['database']}, {shown(target.url)} is another database"
            )
        if manifest["schema_version"] > known:
            raise BackupRefused(f"the {manifest['kind']} has schema version {manifest['schema_version']}: use a newer gongdan")
    if keys["origin"] != store["origin"]:
        raise BackupRefused(f"the keys are those of {keys['origin']}, the store is {store['origin']}")
    expires = datetime.fromisoformat(keys["expires_at"])
    if now >= expires:
        raise BackupRefused(f"the copy of the keys expired at {expires.isoformat()}: delete it and restore a newer one")
    if datetime.fromisoformat(keys["created_at"]) < datetime.fromisoformat(store["created_at"]):
        raise BackupRefused("the copy of the keys is older than that of the store: it lacks keys that the store needs")


def _check_master(path: Path, key_id: str) -> None:
    try:
        load_master_key_named(path, key_id)
    except KeysUnusable as error:
        raise BackupRefused(f"the copy of the keys opens with master key {key_id} only: {error}") from error


async def _existing(at_store: Target, at_keys: Target, force: bool) -> Existing:
    async def log(database: Database) -> tuple[LogFacts, Tip | None, list[Erasure]]:
        return await database.snapshot(head_facts), await database.snapshot(tip), await erased_in_log(database)

    facts, last, in_log = await at_store.ask("head", log, force) or (None, None, [])
    in_keys = await at_keys.ask("erasures", erased_in_keys, force) or []
    return Existing(facts, last, in_log + in_keys)


def _common_event(existing: Existing, store: Mapping[str, Any]) -> Tip | None:
    """The event that the backup must contain so that no event is lost; raises BackupRefused where it can't contain it."""
    if existing.log is None:
        return None
    if existing.log.origin != store["origin"]:
        raise BackupRefused(f"there is another log's store ({existing.log.origin}); the backup is of {store['origin']}")
    if existing.log.position > store["position"]:
        lost = existing.log.position - store["position"]
        raise BackupRefused(f"the store is newer than the backup: its last {lost} events would be lost; force to replace it")
    return existing.tip


_DIVERGED = "the store holds events that the backup does not: they would be lost; force to replace it"


async def _stage_store(copy: Path, target: Target, common: Tip | None) -> Replace:
    """Check a store's copy and prepare its replacement."""
    if target.path is None:
        return partial(copy_postgres.load, target.url, copy, _log_proof(common))
    beside = await asyncio.to_thread(copy_sqlite.put_beside, copy, target.path)

    async def prove(tx: Transaction) -> None:
        await log_facts(tx)
        if common and not await holds(tx, common):
            raise BackupRefused(_DIVERGED)

    database = await SqliteDatabase.open(beside, readers=1)
    try:
        await database.snapshot(prove, within=LONG)
    finally:
        await database.close()
    return partial(asyncio.to_thread, copy_sqlite.put_in_place, beside, target.path)


async def _stage_keys(
    copy: Path, target: Target, erasures: Iterable[Erasure], key_store: Callable[[Database], KeyStore]
) -> Replace:
    """Prepare the keys' replacement, without the keys that were destroyed since the backup."""
    if target.path is None:
        return partial(copy_postgres.load, target.url, copy, _erasing(erasures))
    beside = await asyncio.to_thread(copy_sqlite.put_beside, copy, target.path)
    await _apply(key_store(await SqliteDatabase.open(beside)), erasures)
    return partial(asyncio.to_thread, copy_sqlite.put_in_place, beside, target.path)


async def _apply(keys: KeyStore, erasures: Iterable[Erasure]) -> int:
    """Open a key store, apply the erasures and close it; returns how many erasures it holds."""
    try:
        await keys.open(erasures)
        return len(await keys.erasures())
    finally:
        await keys.close()


def _log_proof(common: Tip | None) -> str:
    """SQL that fails, and so rolls a restore back, where the log has gaps or lacks an event."""
    lacks = ""
    if common:
        position, stream_id, version, recorded_at = common
        lacks = (
            f"IF NOT EXISTS (SELECT 1 FROM events WHERE position = {position} AND stream_id = '\\x{stream_id.hex()}'::bytea"
            f" AND version = {version} AND recorded_at = {recorded_at}) THEN RAISE EXCEPTION '{_DIVERGED}'; END IF;"
        )
    return f"""SET search_path = public;
        DO $$ BEGIN
          IF EXISTS (SELECT 1 FROM ({GAPS}) AS gaps (a, b, c) WHERE a <> 0 OR b <> 0 OR c <> 0) THEN
            RAISE EXCEPTION 'the log has gaps: positions or versions are missing';
          END IF;
          {lacks}
        END $$;"""


def _erasing(erasures: Iterable[Erasure]) -> str:
    """SQL that destroys keys again, within the transaction that restores them."""
    erased = "".join(
        f"INSERT INTO erasures VALUES ('\\x{e.subject.hex}'::bytea, {to_micros(e.erased_at)}, 0)"
        " ON CONFLICT (subject_id) DO NOTHING;\n"
        for e in erasures
    )
    return f"""SET search_path = public;
        {erased}
        UPDATE subjects SET wrapped_key = NULL, erased_at = erasures.erased_at FROM erasures
          WHERE erasures.subject_id = subjects.subject_id AND wrapped_key IS NOT NULL;
        INSERT INTO subjects (subject_id, key_version, created_at, erased_at)
          SELECT subject_id, 1, erased_at, erased_at FROM erasures ON CONFLICT (subject_id) DO NOTHING;
        UPDATE keyring SET generation = generation + 1;"""
