"""Copies of SQLite files, taken while others write, and put in the place of a file that nobody uses."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from adapters.store.backup.store_facts import BackupRefused
from adapters.store.keys.master_key import sync_directory


def copy_online(source: Path, target: Path) -> None:
    """One moment of a database that is in use, as a single file of mode 0600, durable (SQLite's online backup)."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_connect(source)) as connection, closing(_connect(target)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    _sync(target)


def put_beside(copy: Path, path: Path) -> Path:
    """The copy, ready to be put in the place of ``path``: a file beside it."""
    beside = _beside(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_beside(path)
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(copy, beside)
    return beside


def clear_beside(path: Path) -> None:
    """Remove a prepared file that took nobody's place."""
    for left in (_beside(path), *_companions(_beside(path))):
        left.unlink(missing_ok=True)


def refuse_if_in_use(path: Path) -> None:
    """Raises BackupRefused while another connection has the file open. Leaves the file without a write-ahead log."""
    if not path.exists():
        return
    connection = _connect(path)
    try:
        connection.execute("PRAGMA busy_timeout = 500")
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise BackupRefused(f"{path} is in use ({error}): stop every server and command that uses it") from error
    except sqlite3.DatabaseError:
        return  # not a database any more: nobody can be using it
    finally:
        connection.close()


def put_in_place(beside: Path, path: Path) -> None:
    """Let the prepared file take the place of the old one, durably."""
    refuse_if_in_use(beside)  # also folds its write-ahead log in
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
