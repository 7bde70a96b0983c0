"""Open the store of the settings, and act as the machine's operator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.composition import Gongdan, opened
from adapters.system.settings import Settings
from domain.people.administration import Administrator

OPERATOR = "operator"
"""The actor of administrative commands: the person who operates the machine."""


@asynccontextmanager
async def open_gongdan() -> AsyncIterator[Gongdan]:
    """Open the store of the settings."""
    async with opened(Settings()) as gongdan:
        yield gongdan


def operator(gongdan: Gongdan) -> Administrator:
    """The machine's operator as administrator, with a new command id."""
    return Administrator(OPERATOR, gongdan.ids.new(), operator=True)
