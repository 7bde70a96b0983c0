"""Copy SQLite files while others write, and replace a file that nobody uses."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from adapters.store.backup.store_facts import BackupRefused
from adapters.store.keys.master_key import sync_directory


def copy_online(source: Path, target: Path) -> None:
    """Copy one moment of a database in use (SQLite's online backup): a single file of mode 0600, durable."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_connect(source)) as connection, closing(_connect(target)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    _sync(target)


def put_beside(copy: Path, path: Path) -> Path:
    """Copy a file beside ``path``, on its file system, so that a rename can replace ``path``; returns the new path."""
    beside = _beside(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_beside(path)
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(copy, beside)
    return beside


def clear_beside(path: Path) -> None:
    """Remove the file that :func:`put_beside` made, if it was not used."""
    for left in (_beside(path), *_companions(_beside(path))):
        left.unlink(missing_ok=True)


def refuse_if_in_use(path: Path) -> None:
    """Raise BackupRefused while another connection has the file open. Leaves the file without a write-ahead log."""
    if not path.exists():
        return
    # Leaving WAL mode needs the file's exclusive lock, so the switch succeeds only where nobody else has the file open.
    connection = _connect(path)
    try:
        connection.execute("PRAGMA busy_timeout = 500")
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise BackupRefused(f"{path} is in use ({error}): stop every server and command that uses it") from error
    except sqlite3.DatabaseError:
        return  # not a database: nobody can be using it
    finally:
        connection.close()


def put_in_place(beside: Path, path: Path) -> None:
    """Replace ``path`` by the prepared file, durably."""
    refuse_if_in_use(beside)  # also moves its write-ahead log into the file
    _sync(beside)
    for left in _companions(path):
        left.unlink(missing_ok=True)
    os.replace(beside, path)
    sync_directory(path.parent)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".restoring")


def _companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
