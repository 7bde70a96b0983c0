"""Commands in a person's name: the use cases and answers of the API, with that person's rights, from this machine."""

from collections.abc import Awaitable, Callable
from typing import Any

from adapters.answers.caller import Caller
from adapters.answers.documents import Answer
from adapters.cli.terminal.console import answered, gongdan, run
from adapters.cli.terminal.reading import caught_up, reader
from adapters.composition import Gongdan
from domain.kernel.request import Request

Question = Callable[[Gongdan, Caller, str | None], Awaitable[Answer]]
"""What a person asks of the running application, given a cursor where the answer comes in pages."""


async def caller_of(parts: Gongdan, login: str | None) -> Caller:
    """The person who reads, as the answers know callers."""
    who = await reader(parts, login)
    version = await parts.store.registry_version()
    return Caller(who, await parts.directory.current(version), version)


def read(login: str | None, views: tuple[str, ...], question: Question, pages: str = "") -> dict[str, Any]:
    """The document that the API answers, over views that hold what was written.

    ``pages`` names the list that goes on from page to page; it is read to its end.
    """

    async def work() -> dict[str, Any]:
        async with gongdan() as parts:
            caller = await caller_of(parts, login)
            for view in views:
                await caught_up(parts, view)
            document: dict[str, Any] = answered(await question(parts, caller, None))
            page = document
            while pages and page["next_cursor"] is not None:
                page = answered(await question(parts, caller, page["next_cursor"]))
                document[pages] += page[pages]
            return {**document, "next_cursor": None} if pages else document

    return run(work())


async def asked(parts: Gongdan, login: str | None, body: Any = None) -> Request:
    """A request of a person; ``occurred_at`` and ``offline`` stand in the bodies."""
    who = await reader(parts, login)
    return Request(who, parts.ids.new(), getattr(body, "occurred_at", None), getattr(body, "offline", False))
