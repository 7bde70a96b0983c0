"""Commands in a person's name: the API's queries and use cases, with that person's rights."""

from collections.abc import Awaitable, Callable
from typing import Any

from adapters.answers.caller import Caller
from adapters.answers.documents import Answer
from adapters.cli.terminal.console import answered, run
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.reading import caught_up, reader
from adapters.composition import Gongdan
from domain.kernel.request import Request

Query = Callable[[Gongdan, Caller, str | None], Awaitable[Answer]]
"""A query of the application by a caller; the last argument is the cursor of a paged list."""


async def caller_of(gongdan: Gongdan, login: str | None) -> Caller:
    """The reader as a caller of the queries."""
    who = await reader(gongdan, login)
    version = await gongdan.store.registry_version()
    return Caller(who, await gongdan.directory.current(version), version)


def read(login: str | None, views: tuple[str, ...], query: Query, pages: str = "") -> dict[str, Any]:
    """The document that the API would answer, after its views have caught up with the log.

    ``pages``: the name of a paged list, which is read to its end.
    """

    async def work() -> dict[str, Any]:
        async with open_gongdan() as gongdan:
            caller = await caller_of(gongdan, login)
            for view in views:
                await caught_up(gongdan, view)
            document: dict[str, Any] = answered(await query(gongdan, caller, None))
            page = document
            while pages and page["next_cursor"] is not None:
                page = answered(await query(gongdan, caller, page["next_cursor"]))
                document[pages] += page[pages]
            return {**document, "next_cursor": None} if pages else document

    return run(work())


async def asked(gongdan: Gongdan, login: str | None, body: Any = None) -> Request:
    """A person's request; ``occurred_at`` and ``offline`` come from the body."""
    who = await reader(gongdan, login)
    return Request(who, gongdan.ids.new(), getattr(body, "occurred_at", None), getattr(body, "offline", False))
