"""``gongdan projections``: status, rebuild and check of the read models, and retrying parked tickets."""

import asyncio
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from adapters.answers.operate.documents import ProjectionsAnswer, projection_answer
from adapters.cli.operate.parked import still_parked
from adapters.cli.terminal.console import Failed, Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.projecting.folding.checking import Checked
from adapters.projecting.projections import ProjectionStatus

EVERY = 2.0
"""Seconds between two lines that tell how far a rebuild has come."""

projections = typer.Typer(no_args_is_help=True, help="Read models: status, rebuild, check. Prints no personal data.")
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Names of projections; default: all.")]


@projections.command("status")
def status(json: Json = False) -> None:
    """Show the position, lag, status, progress of builds and parked tickets of each projection."""

    async def read() -> list[ProjectionStatus]:
        async with open_gongdan() as gongdan:
            found = await gongdan.projections.status()
            if any(one.building for one in found):  # its rate follows from two looks
                await asyncio.sleep(1)
                found = await gongdan.projections.status()
            return found

    found = run(read())
    if json:
        emit(answered(ProjectionsAnswer(items=[projection_answer(one) for one in found])))
        return
    rows = [
        (s.name, s.position, s.head, s.head - s.position, f"{s.lag_seconds:.1f}", s.status, s.error, len(s.parked)) for s in found
    ]
    table(("name", "position", "head", "lag", "seconds", "status", "error", "parked"), rows)
    for one in found:
        if one.building:
            say(f"{one.name} is being built: {_progress(one)}")
        for parked in one.parked:
            say(f"parked in {one.name}: {parked.stream} from position {parked.position}: {parked.error}")


def _progress(status: ProjectionStatus) -> str:
    """How far a build has come, in words."""
    building = status.building
    assert building is not None
    if building.position >= status.head:
        return f"all {status.head} events folded; being indexed and verified"
    said = f"{building.position} of {status.head} events"
    if building.rate is None or building.seconds_left is None:
        return said
    return f"{said}, {building.rate:.0f} a second, {building.seconds_left:.0f} s left"


@projections.command("rebuild")
def rebuild(
    names: Names = None, every: Annotated[bool, typer.Option("--all", help="All projections, as without names.")] = False
) -> None:
    """Rebuild projections beside the live ones, all in one pass over the log, verify and exchange them; queries continue."""
    if names and every:
        raise Failed("name projections or give --all, not both")

    async def build() -> None:
        async with open_gongdan() as gongdan:
            wanted = names or [one.name for one in await gongdan.projections.status()]
            building = asyncio.ensure_future(gongdan.projections.rebuild(*wanted))
            while not (await asyncio.wait([building], timeout=EVERY))[0]:
                said = {_progress(one) for one in await gongdan.projections.status() if one.building and one.name in wanted}
                for line in sorted(said):
                    say(line)
            await building
            for name in wanted:
                say(f"{name} rebuilt")

    run(build())


@projections.command("check")
def check(names: Names = None, json: Json = False) -> None:
    """Compare projections, and the numbers drawn, with the log; exit status 1 if anything differs."""

    async def compare() -> list[Checked]:
        async with open_gongdan() as gongdan:
            return await gongdan.projections.check(*(names or ()))

    found = run(compare())
    if json:
        emit({"ok": not any(one.differences for one in found), "items": [asdict(one) for one in found]})
    else:
        table(
            ("name", "position", "streams", "differences"), [(c.name, c.position, c.streams, len(c.differences)) for c in found]
        )
        for one in found:
            for difference in one.differences:
                columns = f" ({', '.join(difference.columns)})" if difference.columns else ""
                say(f"{one.name}: {difference.kind} in {difference.table}: {difference.key}{columns}")
    differing = [one.name for one in found if one.differences]
    if differing:
        raise Failed(f"differs from the log: {', '.join(differing)}; run `gongdan projections rebuild`")


@projections.command("retry")
def retry(
    name: Annotated[str, typer.Argument(help="The projection.")],
    ticket: Annotated[UUID, typer.Argument(help="The id of the parked ticket, as `status` shows it.")],
) -> None:
    """Retry a parked ticket."""

    async def again() -> str | None:
        async with open_gongdan() as gongdan:
            if await gongdan.projections.retry(name, ticket):
                return None
            [projection] = [one for one in await gongdan.projections.status() if one.name == name]
            return still_parked(name, ticket, projection.parked)

    failure = run(again())
    if failure is not None:
        raise Failed(failure)
    say(f"{ticket} is no longer parked in {name}")
