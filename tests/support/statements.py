"""The SQL statements that SQLite runs, taken from its own trace: how many, and which of them read a stream."""

import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

CONTROL = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|PRAGMA|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
"""Statements that hold a transaction together or set a connection up; they are no questions."""

STREAM = re.compile(r"x'[0-9a-f]{32}'|FROM numbers WHERE number = '[^']*'")
"""How a statement names a stream whose events it reads."""


@dataclass
class Statements:
    """What every connection opened since ran, with its parameters spelt out."""

    ran: list[str] = field(default_factory=list)

    def heard(self, sql: str) -> None:
        """Note a statement."""
        if not CONTROL.match(sql):
            self.ran.append(" ".join(sql.split()))

    def streams_read(self) -> Counter[str]:
        """How often each stream's events were read, by the stream's id or by the number it was asked for by."""
        return Counter(stream for sql in self.ran if "FROM events e" in sql for stream in STREAM.findall(sql))

    def reads_of(self, stream: UUID, number: str = "no number") -> list[str]:
        """The statements that read a stream's events, by its id or by a number it took."""
        named = (f"x'{stream.hex}'", f"'{number}'")
        return [sql for sql in self.ran if "FROM events e" in sql and any(name in sql for name in named)]


def listen(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Listen to every SQLite connection that is opened from now on."""
    found = Statements()
    connect = sqlite3.connect

    def connected(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(found.heard)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)
    return found
