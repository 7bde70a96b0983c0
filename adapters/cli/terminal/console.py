"""Running and printing of all commands. Imports nothing of the application, so that a command that needs none starts at once.

Exit status: 0 done, 1 refused or a check failed (the reason on stderr), 2 wrong usage. With ``--json`` stdout holds exactly one
JSON document.
"""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from adapters.answers.documents import Answer

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


class Failed(Exception):
    """A check failed or a command was refused; the message gives the reason."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a new event loop."""
    return asyncio.run(work)


def emit(document: Any) -> None:
    """Print a JSON document on stdout."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def answered(answer: "Answer") -> Any:
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
