"""Errors that end a command with one line on stderr; every other error is a fault of the program."""

import sqlite3

import psycopg
from pydantic import ValidationError

from adapters.cli.terminal.console import Failed
from adapters.exchange.importing.source import FileRefused
from adapters.store.backup.store_facts import BackupRefused
from adapters.store.database.database import Unavailable
from adapters.store.database.schema import SchemaError
from adapters.store.keys.master_key import KeysUnusable
from adapters.store.moving.transfer import CopyRefused
from adapters.system.settings import Settings, SettingsError
from domain.kernel.errors import Refusal

EXPECTED = (
    Failed,
    FileRefused,
    Refusal,
    SchemaError,
    KeysUnusable,
    BackupRefused,
    CopyRefused,
    SettingsError,
    ValidationError,
    sqlite3.Error,
    psycopg.Error,
    OSError,
)


def reason(error: BaseException) -> str:
    """An expected error's text, without the values given."""
    if isinstance(error, ValidationError):
        named = "GONGDAN_{}" if error.title == Settings.__name__ else "{}"
        return "; ".join(named.format(".".join(map(str, e["loc"])).upper()) + f": {e['msg']}" for e in error.errors())
    if isinstance(error, Unavailable):
        return f"the database can't be used now: {error}"
    if isinstance(error, sqlite3.Error | psycopg.Error):
        return f"the database refused: {error}"
    return str(error) or type(error).__name__
