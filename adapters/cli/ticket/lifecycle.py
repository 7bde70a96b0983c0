"""``gongdan lifecycle``: print the transition table of a ticket."""

from enum import StrEnum
from typing import Annotated

import typer

from adapters.cli.terminal.console import Json, emit, table
from adapters.labels import diagram
from domain.ticket.lifecycle import as_data


class Format(StrEnum):
    """Output format of the table."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"
    SVG = "svg"


def lifecycle(
    format: Annotated[Format, typer.Option("--format", help="A table, JSON, or a picture.")] = Format.TABLE,
    json: Json = False,
) -> None:
    """Show the lifecycle of a ticket with all its transitions. Needs no store."""
    if json or format is Format.JSON:
        emit(as_data())
    elif format is Format.MERMAID:
        typer.echo(diagram.mermaid(), nl=False)
    elif format is Format.SVG:
        typer.echo(diagram.svg(), nl=False)
    else:
        cells = [
            (row.trigger.value, name, sources, target, row.event.__name__, kinds)
            for row, name, sources, target, kinds in diagram.rows()
        ]
        table(("trigger", "动作", "从", "到", "event", "kinds"), cells)
