"""Running, printing and error handling of all commands.

Exit status: 0 done, 1 refused or a check failed (the reason on stderr), 2 wrong usage. With ``--json`` stdout holds exactly one
JSON document.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import psycopg
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from adapters.answers.documents import Answer
from adapters.composition import Gongdan, opened
from adapters.exchange.importing.source import FileRefused
from adapters.store.backup.store_facts import BackupRefused
from adapters.store.database.database import Unavailable
from adapters.store.database.schema import SchemaError
from adapters.store.keys.master_key import KeysUnusable
from adapters.store.moving.transfer import CopyRefused
from adapters.system.settings import Settings, SettingsError
from domain.kernel.errors import Refusal
from domain.people.administration import Administrator

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
OPERATOR = "operator"
"""The actor of administrative commands: the person who operates the machine."""


class Failed(Exception):
    """A check failed or a command was refused; the message gives the reason."""


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


class Group(TyperGroup):
    """Turns expected errors into one line on stderr and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raises typer.Exit with status 1 after an expected error."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            typer.echo(f"gongdan: {reason(error)}", err=True)
            raise typer.Exit(1) from error


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


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a new event loop."""
    return asyncio.run(work)


@asynccontextmanager
async def open_gongdan() -> AsyncIterator[Gongdan]:
    """Open the store of the settings."""
    async with opened(Settings()) as gongdan:
        yield gongdan


def operator(gongdan: Gongdan) -> Administrator:
    """The machine's operator as administrator, with a new command id."""
    return Administrator(OPERATOR, gongdan.ids.new(), operator=True)


def emit(document: Any) -> None:
    """Print a JSON document on stdout."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def answered(answer: Answer) -> Any:
    """An answer as the API's JSON document."""
    return json.loads(answer.json_bytes())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def say(text: str) -> None:
    """Print a line on stdout, never wrapped."""
    typer.echo(text)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table, as wide as the terminal; without a terminal as wide as its text."""
    console = Console(highlight=False)
    shown = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    if not console.is_terminal:
        console = Console(highlight=False, width=1000)
    console.print(shown)
