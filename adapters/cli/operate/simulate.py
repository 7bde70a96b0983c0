"""``gongdan simulate``: append realistic load, deterministic by a seed."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.cli.terminal.console import Json, emit, run, say
from adapters.simulation.load import Load, Simulated
from adapters.simulation.load import simulate as simulated
from adapters.system.settings import Settings


def simulate(
    communities: Annotated[int, typer.Option(min=1, max=1000, help="Number of estates.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Number of days of each.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Each seed gives another company.")] = 1,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; default: the days end now."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Append nothing: simulate in a temporary store.")] = False,
    json: Json = False,
) -> None:
    """Append made-up estates with their people, shifts and tickets, through the commands of the server.

    Creates the store if there is none. Time never runs back in a log: if the store's last event is later than the first day,
    the days begin after that event, even in the future, and the report mentions it.
    """
    load = Load(communities, days, seed, first.date() if first else None)
    settings = Settings()
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="gongdan-simulate-") as folder:
            elsewhere = {"store": f"sqlite:///{Path(folder)}/gongdan.db", "keys": "", "master_key_file": None}
            report = _run(settings.model_copy(update=elsewhere), load)
    else:
        report = _run(settings, load)
    if json:
        emit({"communities": report.communities, "since": report.since, "until": report.until, "tickets": report.tickets,
              "events": report.events, "appended": not dry_run})  # fmt: skip
        return
    say(f"{len(report.communities)} communities ({report.communities[0]} …), {report.since:%Y-%m-%d %H:%M} to"
        f" {report.until.astimezone(report.since.tzinfo):%Y-%m-%d %H:%M}: {report.tickets} tickets, {report.events} events"
        f" in {report.seconds:.1f} s, {report.events_per_second:.0f} events/s")  # fmt: skip
    if report.until > datetime.now(UTC):
        say("the store held later events already: the simulated days lie partly in the future")
    if dry_run:
        say("nothing was appended (--dry-run)")


def _run(settings: Settings, load: Load) -> Simulated:
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task(f"{load.communities} × {load.days} days", total=1.0)
        report, _ = run(simulated(settings, load, datetime.now(UTC), lambda part: progress.update(bar, completed=part)))
        return report
