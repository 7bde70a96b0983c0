"""Options and helpers of commands that read: the reader, moments, and waiting for read models."""

from datetime import datetime
from typing import Annotated, Any

import typer

from adapters.accounts.tokens import token_hash
from adapters.cli.terminal.console import Failed
from adapters.composition import Gongdan
from domain.kernel.errors import Overloaded, Unauthenticated, invalid
from domain.kernel.terms import ClockStatus

As = Annotated[
    str | None,
    typer.Option("--as", metavar="LOGIN", help="The person in whose name to act; default: the holder of GONGDAN_TOKEN."),
]


CATCH_UP = 10.0
"""Seconds to wait for a view before checking whether it moves."""


Moment = Annotated[str | None, typer.Option(help="A moment in ISO 8601 with its offset.")]


async def reader(gongdan: Gongdan, login: str | None) -> str:
    """The login of the reader: the one named, or the holder of the token in the settings.

    Raises NotFound, Failed without either, Unauthenticated for a token not in force.
    """
    if login is not None:
        (await gongdan.directory.current()).person(login)
        return login
    clear = gongdan.settings.token
    if not clear:
        raise Failed("name the person to act as: --as LOGIN, or set GONGDAN_TOKEN")
    row, version = await gongdan.store.tokens.token_by_hash(token_hash(clear))
    person = (await gongdan.directory.current(version)).people.get(row.login) if row else None
    if row is None or row.ended(gongdan.clock.now()) or person is None or not person.enabled:
        raise Unauthenticated
    return row.login


def moment(text: str | None, option: str) -> datetime | None:
    """Parse a moment with its offset (None for None); raises InvalidInput."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(option, "not a moment in ISO 8601, such as 2026-03-02T09:00+08:00") from None
    if found.tzinfo is None:
        raise invalid(option, "needs an offset, such as +08:00")
    return found


def _late(clocks: list[dict[str, Any]]) -> str:
    return ", ".join(clock["clock"] for clock in clocks if clock["status"] == ClockStatus.BREACHED)


async def caught_up(gongdan: Gongdan, name: str) -> None:
    """Wait until a view reaches the present end of the log; if no server moves it, this process does.

    Raises Overloaded where the view has halted or stopped moving.
    """
    head = (await gongdan.store.head()).position
    if all(one.position >= head for one in await gongdan.projections.status() if one.name == name):
        return
    await gongdan.projections.start()
    before = -1
    while not await gongdan.projections.wait_for(name, head, CATCH_UP):
        [now] = [one for one in await gongdan.projections.status() if one.name == name]
        if now.status == "halted" or (now.status == "live" and now.position == before):
            raise Overloaded(f"{name} is behind the log; see `gongdan projections status`")
        before = now.position
