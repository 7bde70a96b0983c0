"""Options and helpers of commands that read: as whom, as of when, and how long to wait for read models."""

from datetime import datetime
from typing import Annotated, Any

import typer

from adapters.accounts.tokens import token_hash
from adapters.cli.terminal.console import Failed
from adapters.composition import Gongdan
from domain.kernel.errors import Overloaded, Unauthenticated, invalid
from domain.kernel.terms import ClockStatus

As = Annotated[
    str | None, typer.Option("--as", metavar="LOGIN", help="Whose rights to read with; default: the holder of GONGDAN_TOKEN.")
]


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
