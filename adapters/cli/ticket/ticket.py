"""Reading tickets as a person: the same documents as the API's, with that person's rights."""

from datetime import datetime
from json import loads
from typing import Annotated, Any

import typer

from adapters.accounts.tokens import token_hash
from adapters.answers.documents import HistoryAnswer, TicketAnswer
from adapters.answers.ticket import history_answer, ticket_answer
from adapters.cli.terminal.console import Failed, Json, answered, emit, gongdan, run, say, table
from adapters.composition import Gongdan
from domain.kernel.errors import Overloaded, Unauthenticated, invalid
from domain.kernel.terms import Book, ClockStatus, Kind, State
from projections.ticket.ticket_directory import TICKET_DIRECTORY

ticket = typer.Typer(no_args_is_help=True, help="Tickets (工单), as a person of staff may read them.")
As = Annotated[
    str | None, typer.Option("--as", metavar="LOGIN", help="Whose rights to read with; default: the holder of GONGDAN_TOKEN.")
]
Ref = Annotated[str, typer.Argument(metavar="ID", help="The ticket's id or one of its numbers.")]
CATCH_UP = 10.0
"""Seconds that a list waits for its view."""
Moment = Annotated[str | None, typer.Option(help="A moment in ISO 8601 with its offset.")]


async def reader(parts: Gongdan, login: str | None) -> str:
    """Who reads: the login named on this machine, or the holder of the token in the settings."""
    if login is not None:
        (await parts.directory.current()).person(login)
        return login
    clear = parts.settings.token
    if not clear:
        raise Failed("name the person who reads: --as LOGIN, or set GONGDAN_TOKEN")
    row, version = await parts.store.tokens.token_by_hash(token_hash(clear))
    person = (await parts.directory.current(version)).people.get(row.login) if row else None
    if row is None or row.ended(parts.clock.now()) or person is None or not person.enabled:
        raise Unauthenticated
    return row.login


def moment(text: str | None, option: str) -> datetime | None:
    """An aware moment, or None."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(option, "not a moment in ISO 8601, such as 2026-03-02T09:00+08:00") from None
    if found.tzinfo is None:
        raise invalid(option, "needs its offset, such as +08:00")
    return found


@ticket.command("list")
def list_tickets(
    login: As = None,
    community: Annotated[str | None, typer.Option(help="The community's code; needed where rights differ between them.")] = None,
    state: Annotated[list[State] | None, typer.Option(help="In this state; may be given several times.")] = None,
    kind: Annotated[list[Kind] | None, typer.Option(help="Of this kind; may be given several times.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Carried by a login, team:CODE or contractor:CODE.")] = None,
    clock: Annotated[ClockStatus | None, typer.Option(help="With a clock that is running, paused or breached now.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="The beginning of a number, or words of the texts.")] = None,
    phone: Annotated[str | None, typer.Option(help="A telephone number; the look-up is recorded in the access log.")] = None,
    received_from: Moment = None,
    received_to: Moment = None,
    book: Annotated[Book | None, typer.Option(help="In this book.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="The next_cursor of the page before.")] = None,
    json: Json = False,
) -> None:
    """List tickets, the latest received first; personal data are masked."""

    async def read() -> dict[str, Any]:
        # The API's own operation answers, so that the two can't differ.
        from adapters.api.ticket.workload import tickets
        from adapters.web.authentication import Caller
        from adapters.web.context import Api

        async with gongdan() as parts:
            who = await reader(parts, login)
            await caught_up(parts, TICKET_DIRECTORY.name)
            directory = await parts.directory.current()
            response = await tickets(
                Api(parts),
                Caller(who, directory, await parts.store.registry_version()),
                community=community,
                state=state or None,
                kind=kind or None,
                assignee=assignee,
                clock=clock,
                q=q,
                phone=phone,
                received_from=moment(received_from, "--received-from"),
                received_to=moment(received_to, "--received-to"),
                book=book,
                limit=limit,
                cursor=cursor,
            )
            document: dict[str, Any] = loads(bytes(response.body))
            return document

    found = run(read())
    if json:
        emit(found)
        return
    rows = [
        (one["number"], one["state"], one["kind"], _short(one["assignee"] or ""), one["received_at"], _late(one["clocks"]))
        for one in found["items"]
    ]
    table(("number", "state", "kind", "assignee", "received", "breached"), rows)
    if found["next_cursor"]:
        say(f"more: --cursor {found['next_cursor']}")


def _late(clocks: list[dict[str, Any]]) -> str:
    return ", ".join(clock["clock"] for clock in clocks if clock["status"] == ClockStatus.BREACHED)


async def caught_up(parts: Gongdan, name: str) -> None:
    """Wait until a view holds what was written, as long as it moves; where no server moves it along, this process does."""
    head = (await parts.store.head()).position
    if all(one.position >= head for one in await parts.projections.status() if one.name == name):
        return
    await parts.projections.start()
    before = -1
    while not await parts.projections.wait_for(name, head, CATCH_UP):
        [now] = [one for one in await parts.projections.status() if one.name == name]
        if now.status == "halted" or (now.status == "live" and now.position == before):
            raise Overloaded(f"{name} is behind the log; see `gongdan projections status`")
        before = now.position


@ticket.command("show")
def show(
    id: Ref,
    login: As = None,
    version: Annotated[int | None, typer.Option(min=1, help="As it was at a version.")] = None,
    at: Moment = None,
    known_at: Moment = None,
    json: Json = False,
) -> None:
    """Show a ticket now, at a version, as it was at a moment, or as it was known at a moment.

    Opening personal data is recorded in the access log.
    """

    async def read() -> TicketAnswer:
        async with gongdan() as parts:
            who = await reader(parts, login)
            found = await parts.inquiries.ticket(
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
    """Show every event of a ticket: who, when it happened and was recorded, and what it changed. For those who may audit."""

    async def read() -> HistoryAnswer:
        async with gongdan() as parts:
            steps = await parts.inquiries.history(await reader(parts, login), id)
            return history_answer(steps[0].stored.stream_id, steps)

    found = run(read())
    if json:
        emit(answered(found))
        return
    say(str(found.ticket))
    rows = [(s.version, s.type, s.by, s.occurred_at, s.recorded_at, s.state_after.value, _short(s.data)) for s in found.items]
    table(("version", "event", "by", "occurred", "recorded", "state", "data"), rows)
