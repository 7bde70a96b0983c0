"""``gongdan ticket``: read tickets with a person's rights, as the API's documents."""

from typing import Annotated

import typer

from adapters.answers.ticket.documents import HistoryAnswer, TicketAnswer
from adapters.answers.ticket.lists import assignee_named, ticket_page
from adapters.answers.ticket.ticket import history_answer, ticket_answer
from adapters.cli.terminal.console import Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.persons import read
from adapters.cli.terminal.reading import As, Moment, _late, moment, reader
from domain.kernel.terms import Book, ClockStatus, Kind, State
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from projections.ticket.ticket_search import Filters

ticket = typer.Typer(no_args_is_help=True, help="Tickets (工单), within the reader's rights.")
Ref = Annotated[str, typer.Argument(metavar="ID", help="The ticket's id or one of its numbers.")]


@ticket.command("list")
def list_tickets(
    login: As = None,
    community: Annotated[
        str | None, typer.Option(help="The community's code; required where the reader's rights differ between communities.")
    ] = None,
    state: Annotated[list[State] | None, typer.Option(help="In this state; may be given several times.")] = None,
    kind: Annotated[list[Kind] | None, typer.Option(help="Of this kind; may be given several times.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Assigned to a login, team:CODE or contractor:CODE.")] = None,
    clock: Annotated[ClockStatus | None, typer.Option(help="With a clock that is running, paused or breached now.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="The beginning of a number, or words that the texts hold.")] = None,
    phone: Annotated[str | None, typer.Option(help="A telephone number; the access log records the search.")] = None,
    received_from: Moment = None,
    received_to: Moment = None,
    book: Annotated[Book | None, typer.Option(help="In this book.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Most tickets to list.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="The next_cursor of the previous page.")] = None,
    json: Json = False,
) -> None:
    """List tickets, the latest received first; personal data is masked."""

    filters = Filters(
        states=state or (),
        kinds=kind or (),
        assignees=[assignee_named(assignee)] if assignee else (),
        clock=clock,
        q=q,
        phone=phone,
        received_from=moment(received_from, "--received-from"),
        received_to=moment(received_to, "--received-to"),
        book=book,
    )
    found = read(login, (TICKET_DIRECTORY.name,), lambda g, c, _: ticket_page(g, c, filters, community, limit, cursor))
    if json:
        emit(found)
        return
    rows = [
        (one["number"], one["state"], one["kind"], _short(one["assignee"] or ""), one["received_at"], _late(one["clocks"]))
        for one in found["items"]
    ]
    table(("number", "state", "kind", "assignee", "received", "breached"), rows)
    if found["searched_from"]:
        say(f"searched back to {found['searched_from']}; further: --cursor {found['next_cursor']}")
    elif found["next_cursor"]:
        say(f"more: --cursor {found['next_cursor']}")


@ticket.command("show")
def show(
    id: Ref,
    login: As = None,
    version: Annotated[int | None, typer.Option(min=1, help="As it was at a version.")] = None,
    at: Moment = None,
    known_at: Moment = None,
    json: Json = False,
) -> None:
    """Show a ticket as it is now, at a version, at a moment, or as it was known at a moment.

    Opening personal data is recorded in the access log.
    """

    async def read() -> TicketAnswer:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            found = await gongdan.inquiries.ticket(
                who, id, version=version, at=moment(at, "--at"), known_at=moment(known_at, "--known-at")
            )
            return ticket_answer(found)

    found = run(read())
    if json:
        emit(answered(found))
        return
    document = answered(found)
    table(("field", "value"), [(name, _short(value)) for name, value in document.items() if value not in (None, [], "")])


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(part)}" for name, part in value.items() if part is not None)
    if isinstance(value, list):
        return "\n".join(map(_short, value)) if value and isinstance(value[0], dict) else ", ".join(map(str, value))
    return str(value)


@ticket.command("history")
def history(id: Ref, login: As = None, json: Json = False) -> None:
    """Show every event of a ticket: actor, moments of occurrence and recording, changes. For people who may audit."""

    async def read() -> HistoryAnswer:
        async with open_gongdan() as gongdan:
            steps = await gongdan.inquiries.history(await reader(gongdan, login), id)
            return history_answer(steps[0].stored.stream_id, steps)

    found = run(read())
    if json:
        emit(answered(found))
        return
    say(str(found.ticket))
    rows = [(s.version, s.type, s.by, s.occurred_at, s.recorded_at, s.state_after.value, _short(s.data)) for s in found.items]
    table(("version", "event", "by", "occurred", "recorded", "state", "data"), rows)
