"""Rotate the master key: wrap every key in the store again, in one transaction (``gongdan keys rotate``)."""

import asyncio
from contextlib import suppress
from pathlib import Path

from adapters.store.database.database import Database, Transaction
from adapters.store.keys import key_erasure
from adapters.store.keys.key_tables import LOCK, LOOK, PAGE, bound_to_index, bound_to_subject
from adapters.store.keys.master_key import (
    Entropy,
    MasterKey,
    RotationRunning,
    create_master_key,
    load_master_key,
    load_master_key_named,
    promote_successor,
    rotating,
    successor,
)

_LONG = 600.0
"""Seconds that rewrapping all keys may take; no new key can be made during it."""


async def rotate_master(database: Database, path: Path, entropy: Entropy) -> MasterKey:
    """Wrap every key by a new master key, and replace the master key file at ``path``.

    The old file is overwritten: backups of keys made before the rotation need a copy of it. Raises RotationRunning.
    """
    # A database and a file can't change in one transaction. So the new key is durable in a second file (``.new``) before
    # the transaction that rewraps all keys, and that file is renamed after the commit. Interrupted at any point, one of the
    # two files holds the key that the database names, and finish_rotation or another rotation completes the work.
    with rotating(path):
        [(old_id, _)] = await database.read(LOOK)
        await asyncio.to_thread(promote_successor, path, old_id)
        old = await asyncio.to_thread(load_master_key_named, path, old_id)
        new = await asyncio.to_thread(_next, path, entropy)
        await database.write(lambda tx: _rewrap(tx, old, new, entropy), within=_LONG)
        await asyncio.to_thread(promote_successor, path, new.id)
    await key_erasure.rewrite(database)
    return new


async def finish_rotation(database: Database, path: Path) -> None:
    """Rename the new master key's file where a rotation was interrupted after its commit; does nothing while one runs."""
    if successor(path).exists():
        with suppress(RotationRunning), rotating(path):
            [(key_id, _)] = await database.read(LOOK)
            await asyncio.to_thread(promote_successor, path, key_id)


def _next(path: Path, entropy: Entropy) -> MasterKey:
    """The next master key: the one that an interrupted rotation made, or a new one."""
    following = successor(path)
    return load_master_key(following) if following.exists() else create_master_key(following, entropy)


async def _rewrap(tx: Transaction, old: MasterKey, new: MasterKey, entropy: Entropy) -> None:
    await tx.query(LOCK)
    index_keys = [
        (name, new.wrap(old.unwrap(wrapped, bound_to_index(name)), bound_to_index(name), entropy))
        for name, wrapped in await tx.query("SELECT name, wrapped_key FROM index_keys")
    ]
    await tx.insert("index_keys", ("name", "wrapped_key"), index_keys, key=("name",))
    after = b""
    while rows := await tx.query(
        "SELECT subject_id, key_version, wrapped_key, created_at FROM subjects"
        " WHERE wrapped_key IS NOT NULL AND subject_id > :after ORDER BY subject_id LIMIT :limit",
        {"after": after, "limit": PAGE},
    ):
        subjects = [
            (subject, version, new.wrap(old.unwrap(wrapped, bound), bound, entropy), created_at)
            for subject, version, wrapped, created_at in rows
            for bound in (bound_to_subject(subject, version),)
        ]
        columns = ("subject_id", "key_version", "wrapped_key", "created_at")
        await tx.insert("subjects", columns, subjects, key=("subject_id",))
        after = rows[-1][0]
    await tx.execute("UPDATE keyring SET master_key_id = :id WHERE id = 1", {"id": new.id})
