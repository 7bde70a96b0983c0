"""What import-linter cannot see: `domain` and `projections` read no clock, draw no random number, open no file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for package in ("domain", "projections") for path in (ROOT / package).rglob("*.py"))

# Parts of libraries of which other parts are welcome, so that no contract on whole libraries can name them.
FORBIDDEN_SUBMODULES = ("eventsourcing.sqlite", "eventsourcing.postgres", "eventsourcing.popo", "eventsourcing.cipher")
RANDOM_IDS = {"uuid1", "uuid4", "uuid6", "uuid7"}
CLOCK_METHODS = {"now", "utcnow", "today"}
FILE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes"}
BUILTINS = {"open", "input", "print", "__import__", "exec", "eval"}


def impurities(source: str) -> Iterator[str]:
    """Every clock, random number, file or hidden import in a module's source, as `line: what`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found = [name.name for name in names if name.name.startswith(FORBIDDEN_SUBMODULES)]
            case ast.ImportFrom(module=str(module), names=names):
                whole = [f"{module}.{name.name}" for name in names]
                found = [name for name in whole if name.startswith(FORBIDDEN_SUBMODULES)]
                found += [name.name for name in names if name.name in RANDOM_IDS]
            case ast.Attribute(attr=name) if name in RANDOM_IDS | FILE_METHODS:
                found = [name]
            case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=name) if name in CLOCK_METHODS:
                found = [name]
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="clock" | "_clock"), attr="now")):
                found = []  # the injected clock, domain.kernel.ports.Clock
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_METHODS:
                found = [name]
            case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
                found = [name]
            case _:
                found = []
        yield from (f"{getattr(node, 'lineno', 0)}: {name}" for name in found)


def test_there_is_something_to_look_at() -> None:
    assert {path.parent.name for path in SOURCES} >= {"domain", "projections"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_module_is_pure(path: Path) -> None:
    assert list(impurities(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "violation",
    [
        "import eventsourcing.sqlite",
        "from eventsourcing.postgres import PostgresRecorder",
        "from eventsourcing import sqlite",
        "from datetime import datetime as dt\nmoment = dt.now(tz)",
        "import datetime\nmoment = datetime.datetime.utcnow()",
        "from datetime import date\nday = date.today()",
        "from datetime import datetime\ndefault_factory = datetime.now",
        "from uuid import uuid4",
        "import uuid\nnew = uuid.uuid1()",
        "import uuid\ndefault_factory = uuid.uuid4",
        "text = open('rules.toml').read()",
        "def load(path):\n    return path.read_text()",
        "module = __import__('time')",
    ],
)
def test_a_seeded_violation_is_seen(violation: str) -> None:
    assert list(impurities(violation)) != []


@pytest.mark.parametrize(
    "innocent",
    [
        "from datetime import datetime, time\ndef age(at: datetime, now: datetime):\n    return now - at",
        "from uuid import UUID, uuid5",
        "def is_late(context):\n    return context.now > context.due_at",
        "class Box:\n    def open(self):\n        return self.lid.open()",
        "from eventsourcing.domain import Aggregate",
    ],
)
def test_what_is_allowed_is_not_reported(innocent: str) -> None:
    assert list(impurities(innocent)) == []
