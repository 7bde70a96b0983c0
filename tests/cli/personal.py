"""All personal texts of a store, opened, to search for them where they must not occur."""

import asyncio

from adapters.composition import opened
from adapters.system.settings import Settings
from domain.kernel.ports import PlainField
from domain.kernel.sealing import seal_fields
from tests.support.command_line import Home


def texts_of(home: Home) -> list[str]:
    """Names, telephone numbers, dwellings and free texts longer than three signs."""

    async def read() -> list[str]:
        settings = Settings(store=f"sqlite:///{home.store}", keys="", master_key_file=None)
        async with opened(settings) as parts:
            fields = []
            for stored in await parts.store.read_log(0, 10_000):
                event = parts.journal.codec.decode(stored)
                fields += [(PlainField(stored.stream_id, stored.version, name), text) for name, text in seal_fields(event)]
            return [text for text in await parts.sealer.open(fields) if (text and len(text) > 4) or (text and not text.isdigit())]

    return asyncio.run(read())
