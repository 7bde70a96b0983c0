"""Destroy a subject's key, and the copies of it that a database leaves behind.

One transaction overwrites the wrapped key, removes it and records the erasure. Afterwards the old bytes are scrubbed; until
that is done the erasure is marked not scrubbed, and the next start finishes it.

* SQLite: even with ``secure_delete``, overwritten bytes remain in the ``-wal`` file until a truncating checkpoint. So the log is
  checkpointed and truncated, and both files are searched for the destroyed bytes; where any are left the whole file is rewritten
  (VACUUM). Blocks that the file system or the disk keeps after freeing them are beyond a program's reach.
* PostgreSQL: the row is overwritten and the table vacuumed, which frees the dead rows but is only best effort: their bytes stay
  in pages until reused, in the write-ahead log until recycled, and on standbys and in archives. They are wrapped by the master
  key; after ``gongdan keys rotate``, and once the old master key is destroyed, nobody can unwrap them.
* Backups of the key store hold the key until they expire (30 days); restoring one applies the erasures again.
"""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from adapters.store.database.database import DEADLINE, Database, Transaction, Unavailable, from_micros
from adapters.store.database.postgres_database import PostgresDatabase
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.key_tables import LOCK, MOVE_ON, Erasure
from adapters.store.keys.master_key import KeysUnusable
from domain.kernel.subject_file import SubjectFile

ERASED = SubjectFile.SubjectErased.TOPIC
"""The event that orders an erasure; its stream is the subject's."""


async def erased_in_log(database: Database) -> list[Erasure]:
    """Erasures that a store's log orders; the key store must hold each of them."""
    rows = await database.read(f"SELECT stream_id, recorded_at FROM events WHERE topic = '{ERASED}' ORDER BY position")
    return [Erasure(UUID(bytes=subject), from_micros(recorded_at)) for subject, recorded_at in rows]


async def ordered_after(database: Database, position: int) -> list[tuple[int, UUID]]:
    """Positions and subjects of the erasures that a store's log orders after a position, in order."""
    rows = await database.read(
        f"SELECT position, stream_id FROM events WHERE topic = '{ERASED}' AND position > :after ORDER BY position",
        {"after": position},
    )
    return [(at, UUID(bytes=subject)) for at, subject in rows]


async def erased_in_keys(database: Database) -> list[Erasure]:
    """Erasures that a key store holds, earliest first."""
    rows = await database.read("SELECT subject_id, erased_at FROM erasures ORDER BY erased_at, subject_id")
    return [Erasure(UUID(bytes=subject), from_micros(erased_at)) for subject, erased_at in rows]


async def destroy(tx: Transaction, erasures: Sequence[tuple[bytes, int]]) -> list[bytes]:
    """Destroy the keys of (subject, erased_at µs); returns the wrapped keys that were there. Idempotent.

    A subject without a key is recorded too, so that none is ever made for it.
    """
    await tx.query(LOCK)
    erased_at = dict(erasures)
    ids = {"ids": list(erased_at)}
    wrapped: dict[bytes, bytes | None] = dict(
        await tx.query("SELECT subject_id, wrapped_key FROM subjects WHERE subject_id IN :ids", ids)
    )
    living = {subject: key for subject, key in wrapped.items() if key is not None}
    absent = [subject for subject in erased_at if subject not in wrapped]
    if not living and not absent:
        return []
    rows = [(subject, 1, erased_at[subject], erased_at[subject]) for subject in absent]
    await tx.insert("subjects", ("subject_id", "key_version", "created_at", "erased_at"), rows)
    for subject, key in living.items():
        # Zeros of equal length first: they take the key's place in the page, where NULL alone might leave its bytes.
        await tx.execute(
            "UPDATE subjects SET wrapped_key = :zeros WHERE subject_id = :id", {"zeros": bytes(len(key)), "id": subject}
        )
        await tx.execute(
            "UPDATE subjects SET wrapped_key = NULL, erased_at = :at WHERE subject_id = :id",
            {"at": erased_at[subject], "id": subject},
        )
    recorded = [(subject, erased_at[subject], int(subject in absent)) for subject in (*living, *absent)]
    await tx.insert("erasures", ("subject_id", "erased_at", "scrubbed"), recorded, key=("subject_id",))
    await tx.execute(MOVE_ON)
    return list(living.values())


async def scrub(database: Database, destroyed: Sequence[bytes] = ()) -> None:
    """Remove the bytes that erasures left behind, those of an interrupted run included.

    ``destroyed``: the wrapped keys to search for. Those of an earlier run are not known any more, so the file is rewritten.
    """
    pending = [subject for (subject,) in await database.read("SELECT subject_id FROM erasures WHERE scrubbed = 0")]
    if not pending:
        return
    if len(pending) > len(destroyed):
        await rewrite(database)
    elif isinstance(database, SqliteDatabase):
        await asyncio.to_thread(_clean_file, database.path, destroyed)
    else:
        await rewrite(database)

    async def done(tx: Transaction) -> None:
        await tx.execute_many("UPDATE erasures SET scrubbed = 1 WHERE subject_id = :id", [{"id": id_} for id_ in pending])

    await database.write(done)


async def rewrite(database: Database) -> None:
    """Rewrite the database so that its files hold no deleted bytes, as far as possible (see the module's docstring)."""
    if isinstance(database, SqliteDatabase):
        await asyncio.to_thread(_clean_file, database.path, (), True)
    elif isinstance(database, PostgresDatabase):
        connection = await database.connect()
        try:
            await connection.execute("VACUUM subjects, index_keys")
        finally:
            await connection.close()


def _clean_file(path: Path, destroyed: Sequence[bytes], rewrite_all: bool = False) -> None:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=DEADLINE, isolation_level=None)
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA synchronous = FULL")
        if rewrite_all:
            connection.execute("VACUUM")
        _cut_log(connection)
        if holds_any(path, destroyed):
            connection.execute("VACUUM")
            _cut_log(connection)
            if holds_any(path, destroyed):
                raise KeysUnusable(f"destroyed keys are still in {path} after it was rewritten")
    except sqlite3.OperationalError as error:
        raise Unavailable(f"the key is destroyed, but its old bytes could not be removed from {path} yet: {error}") from error
    finally:
        connection.close()


def _cut_log(connection: sqlite3.Connection) -> None:
    [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if busy:
        raise sqlite3.OperationalError("another process is reading it")


_SEARCH = """
import mmap, pathlib, sys
sought = [bytes.fromhex(line) for line in sys.stdin.read().split()]
for path in map(pathlib.Path, sys.argv[1:]):
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if any(data.find(key) >= 0 for key in sought):
                sys.exit(9)
"""


def holds_any(path: Path, sought: Sequence[bytes]) -> bool:
    """Whether a SQLite file or its write-ahead log contains any of these byte strings.

    A child process searches: POSIX drops all of a process' locks on a file when it closes any descriptor of it, so reading
    the file here would take away the locks of SQLite's own connections.
    """
    if not sought:
        return False
    search = [sys.executable, "-I", "-S", "-c", _SEARCH, str(path), f"{path}-wal"]
    lines = "\n".join(key.hex() for key in sought)
    status = subprocess.run(search, input=lines, text=True, check=False, capture_output=True)
    if status.returncode not in (0, 9):
        raise OSError(f"{path} could not be searched: {status.stderr.strip()}")
    return status.returncode == 9
