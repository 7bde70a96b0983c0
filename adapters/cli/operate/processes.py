"""``gongdan processes``: the status of the processes, and retrying parked subjects."""

from typing import Annotated
from uuid import UUID

import typer

from adapters.answers.operate.documents import ProcessesAnswer, process_answer
from adapters.cli.operate.parked import still_parked
from adapters.cli.terminal.console import Failed, Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.processing.processes import ProcessStatus

processes = typer.Typer(
    no_args_is_help=True, help="Processes (流程): automatic work, such as proposing findings. Prints no personal data."
)


@processes.command("status")
def status(json: Json = False) -> None:
    """Show the position, lag, due moments and parked subjects of each process."""

    async def read() -> list[ProcessStatus]:
        async with open_gongdan() as gongdan:
            return await gongdan.processes.status()

    found = run(read())
    if json:
        emit(answered(ProcessesAnswer(items=[process_answer(one) for one in found])))
        return
    heads = ("name", "position", "head", "lag", "seconds", "waiting", "next due", "overdue", "status", "error", "parked")
    rows = [
        (
            s.name,
            s.position,
            s.head,
            s.head - s.position,
            f"{s.lag_seconds:.1f}",
            s.waiting,
            s.next_due.isoformat(timespec="seconds") if s.next_due else "",
            f"{s.overdue_seconds:.1f}",
            s.status,
            s.error,
            len(s.parked),
        )
        for s in found
    ]
    table(heads, rows)
    for one in found:
        for parked in one.parked:
            say(f"parked in {one.name}: {parked.stream} from position {parked.position}: {parked.error}")


@processes.command("retry")
def retry(
    name: Annotated[str, typer.Argument(help="The process.")],
    subject: Annotated[UUID, typer.Argument(help="The id of the parked subject, as `status` shows it.")],
) -> None:
    """Retry a parked subject."""

    async def again() -> str | None:
        async with open_gongdan() as gongdan:
            if await gongdan.processes.retry(name, subject):
                return None
            [process] = [one for one in await gongdan.processes.status() if one.name == name]
            return still_parked(name, subject, process.parked)

    failure = run(again())
    if failure is not None:
        raise Failed(failure)
    say(f"{subject} is no longer parked in {name}")
