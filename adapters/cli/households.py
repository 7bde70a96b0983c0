"""``gongdan dwellings``: the roll (住户名册) of a community."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.cli.console import Json, emit, gongdan, operator, run, say, table
from adapters.cli.importing import COLUMNS, SHOWN, Moves
from adapters.exchange.rolls import ENCODINGS, RollReport, import_roll, write_roll_report

dwellings = typer.Typer(no_args_is_help=True, help="Dwellings, and who owns, lives in or rents them (住户名册).")

Community = Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")]


@dwellings.command("import")
def import_(
    community: Community,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The register: CSV or xlsx, told by its content.", dir_okay=False)],
    encoding: Annotated[str, typer.Option(help=f"How a CSV file is written: {' or '.join(ENCODINGS)}.")] = "utf-8",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide on everything and write nothing.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where the report goes: all of it (.json), or the refused rows (.csv).", dir_okay=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Import a register of dwellings and people, as the machine's operator.

    Rows that can't be entered are refused one by one with the reason; the rest goes in. A file read twice is read once, and a run
    that was interrupted goes on where it stopped.
    """

    async def bring() -> RollReport:
        async with gongdan() as parts:
            with Progress(*COLUMNS, console=Console(stderr=True), transient=True) as shown, file.open("rb") as opened:
                moves = Moves(shown, shown.add_task("importing", total=None))
                by = operator(parts)
                return await import_roll(
                    parts.roll, opened, file.name, community, by, encoding=encoding, dry_run=dry_run, progress=moves
                )

    found = run(bring())
    if report is not None:
        write_roll_report(found, report)
    if json:
        emit(found.document())
    else:
        _tell(found)


def _tell(found: RollReport) -> None:
    say(f"{found.file}{', nothing written' if found.dry_run else ''}")
    rows: list[tuple[str, object]] = [
        ("read", found.read),
        ("would be accepted" if found.dry_run else "accepted", found.accepted),
        *((f"  {what.value}", count) for what, count in found.entered.most_common()),
        ("there already", found.already_there),
        ("refused", len(found.refused)),
        *((f"  {reason}", count) for reason, count in found.refused_by_reason.items()),
    ]
    table(("", "rows"), rows)
    if found.ignored_columns:
        say(f"columns not read: {', '.join(found.ignored_columns)}")
    if found.refused:
        table(("row", "reason", "detail"), sorted(found.refused)[:SHOWN])
        if len(found.refused) > SHOWN:
            say(f"… and {len(found.refused) - SHOWN} more; --report FILE has them all")
