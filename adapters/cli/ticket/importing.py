"""``gongdan import``: import a foreign log as back-entered tickets."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from adapters.cli.terminal.console import run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.exchange.importing.importing import ImportReport, import_log, mapping_text, write_report

SHOWN = 20
"""Number of refused rows printed; the report file has all."""
COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
"""Columns of the progress display."""


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The log: CSV or XES, also compressed by gzip.", dir_okay=False)],
    mapping: Annotated[
        str,
        typer.Option(
            metavar="MAP.toml", help="The mapping of its columns or activities: a file, or nyc311 or helpdesk (shipped)."
        ),
    ],
    community: Annotated[str, typer.Option(metavar="CODE", help="The community of the new tickets.")],
    login: Annotated[str, typer.Option("--as", metavar="LOGIN", help="The person who requests it: a supervisor or director.")],
    second: Annotated[str, typer.Option(metavar="LOGIN", help="The person who approves it: another supervisor or director.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and write nothing.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report: all of it (.json), or the refused rows (.csv).", dir_okay=False),
    ] = None,
) -> None:
    """Import a foreign log as back-entered tickets; each file needs two people.

    A row against the rules is refused with the reason; the others are imported. Importing a file again changes nothing, so an
    interrupted run can be repeated.
    """

    async def bring() -> ImportReport:
        text = mapping_text(mapping)
        async with open_gongdan() as gongdan:
            with Progress(*COLUMNS, console=Console(stderr=True), transient=True) as shown:
                return await import_log(
                    gongdan.imports,
                    file,
                    text,
                    community,
                    login,
                    second,
                    dry_run=dry_run,
                    looking=Moves(shown, shown.add_task("checking", total=None)),
                    progress=Moves(shown, shown.add_task("importing", total=None)),
                )

    found = run(bring())
    if report is not None:
        write_report(found, report)
    _print_report(found)


class Moves:
    """Callback that moves one bar of the progress display."""

    def __init__(self, shown: Progress, task: TaskID) -> None:
        self._shown, self._task = shown, task

    def __call__(self, done: int, total: int) -> None:
        self._shown.update(self._task, completed=done, total=total)


def _print_report(found: ImportReport) -> None:
    say(f"{found.file}, mapping {found.mapping}{', nothing written' if found.dry_run else ''}")
    table(
        ("", "rows"),
        [
            ("read", found.read),
            ("would be accepted" if found.dry_run else "accepted", found.accepted),
            ("there already", found.already_there),
            ("refused", len(found.refused)),
            *((f"  {reason}", count) for reason, count in found.refused_by_reason.items()),
        ],
    )
    if found.states:
        table(("accepted tickets end at", "tickets"), found.states.most_common())
    if found.unmatched:
        table(("entries without counterpart, kept as notes", "entries"), found.unmatched.most_common())
    say(f"verdicts of residents: {found.verdicts}")
    say(f"{found.events} events; {found.read} rows in {found.seconds:.1f} s, {found.rows_per_second:.0f} rows/s")
    if found.refused:
        table(("row", "case", "reason", "detail"), [(o.row, o.name, o.reason, o.detail) for o in found.refused[:SHOWN]])
        if len(found.refused) > SHOWN:
            say(f"… and {len(found.refused) - SHOWN} more; --report FILE has them all")
