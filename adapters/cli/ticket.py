"""Reading tickets as a person: the same documents as the API's, with that person's rights."""

from datetime import datetime
from typing import Annotated

import typer

from adapters.answers import history_answer, ticket_answer
from adapters.cli.console import Failed, Json, emit, gongdan, run, say, table
from adapters.composition import Gongdan
from adapters.documents import HistoryAnswer, TicketAnswer
from adapters.tokens import token_hash
from domain.errors import Unauthenticated, invalid

ticket = typer.Typer(no_args_is_help=True, help="Tickets (工单), as a person of staff may read them.")
As = Annotated[
    str | None, typer.Option("--as", metavar="LOGIN", help="Whose rights to read with; default: the holder of GONGDAN_TOKEN.")
]
Ref = Annotated[str, typer.Argument(metavar="ID", help="The ticket's id or one of its numbers.")]
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
    ended = row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= parts.clock.now())
    person = (await parts.directory.current(version)).people.get(row.login) if row else None
    if row is None or ended or person is None or not person.enabled:
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
        emit(found.model_dump(mode="json"))
        return
    document = found.model_dump(mode="json")
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
        emit(found.model_dump(mode="json"))
        return
    say(str(found.ticket))
    rows = [(s.version, s.type, s.by, s.occurred_at, s.recorded_at, s.state_after.value, _short(s.data)) for s in found.items]
    table(("version", "event", "by", "occurred", "recorded", "state", "data"), rows)
