"""Commands in a person's name: the API's own operations and use cases, with that person's rights, from this machine."""

from collections.abc import Awaitable, Callable
from json import loads
from typing import TYPE_CHECKING, Any

from adapters.cli.terminal.console import gongdan, run
from adapters.cli.terminal.reading import caught_up, reader
from adapters.composition import Gongdan
from domain.kernel.request import Request

if TYPE_CHECKING:
    from starlette.responses import Response

    from adapters.answers.caller import Caller
    from adapters.web.context import Api


async def api_of(parts: Gongdan, login: str | None) -> "tuple[Api, Caller]":
    """The state behind the API's operations, and who calls them; loading them takes a second that other commands are spared."""
    from adapters.answers.caller import Caller
    from adapters.web.context import Api

    who = await reader(parts, login)
    version = await parts.store.registry_version()
    return Api(parts), Caller(who, await parts.directory.current(version), version)


Operation = Callable[["Api", "Caller", str | None], Awaitable["Response"]]
"""An operation of the API, given a cursor where it answers in pages."""


def read(login: str | None, views: tuple[str, ...], operation: Operation, pages: str = "") -> dict[str, Any]:
    """The answer of an operation of the API, so that the two can't differ, over views that hold what was written.

    ``pages`` names the list that goes on from page to page; it is read to its end.
    """

    async def work() -> dict[str, Any]:
        async with gongdan() as parts:
            api, caller = await api_of(parts, login)
            for view in views:
                await caught_up(parts, view)
            document = page = loads(bytes((await operation(api, caller, None)).body))
            while pages and page["next_cursor"] is not None:
                page = loads(bytes((await operation(api, caller, page["next_cursor"])).body))
                document[pages] += page[pages]
            return {**document, "next_cursor": None} if pages else document

    return run(work())


async def asked(parts: Gongdan, login: str | None, body: Any = None) -> Request:
    """A request of a person; ``occurred_at`` and ``offline`` stand in the bodies."""
    who = await reader(parts, login)
    return Request(who, parts.ids.new(), getattr(body, "occurred_at", None), getattr(body, "offline", False))
