"""``gongdan projections``: status, rebuild and check of the read models, and retrying parked tickets."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from adapters.answers.operate.documents import ProjectionsAnswer, projection_answer
from adapters.cli.operate.parked import still_parked
from adapters.cli.terminal.console import Failed, Json, answered, emit, open_gongdan, run, say, table
from adapters.projecting.folding.checking import Checked
from adapters.projecting.projections import ProjectionStatus
from projections.read_models import VIEWS

projections = typer.Typer(no_args_is_help=True, help="Read models: status, rebuild, check. Prints no personal data.")
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Names of projections; default: all.")]


@projections.command("status")
def status(json: Json = False) -> None:
    """Show the position, lag, status and parked tickets of each projection."""

    async def read() -> list[ProjectionStatus]:
        async with open_gongdan() as gongdan:
            return await gongdan.projections.status()

    found = run(read())
    if json:
        emit(answered(ProjectionsAnswer(items=[projection_answer(one) for one in found])))
        return
    rows = [
        (s.name, s.position, s.head, s.head - s.position, f"{s.lag_seconds:.1f}", s.status, s.error, len(s.parked)) for s in found
    ]
    table(("name", "position", "head", "lag", "seconds", "status", "error", "parked"), rows)
    for one in found:
        for parked in one.parked:
            say(f"parked in {one.name}: {parked.stream} from position {parked.position}: {parked.error}")


@projections.command("rebuild")
def rebuild(names: Names = None) -> None:
    """Rebuild projections beside the live ones, verify and exchange them; queries continue."""

    async def build() -> None:
        async with open_gongdan() as gongdan:
            for name in names or [view.name for view in VIEWS]:
                await gongdan.projections.rebuild(name)
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
