"""Run as a program: move the views of a store until killed. Arguments: URL of the store, folder of the keys."""

import asyncio
import sys
from pathlib import Path

from adapters.projecting.blind_index import BlindIndex
from adapters.projecting.projections import Projections
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.sealing import SubjectSealer
from adapters.store.log.codec import EventCodec
from adapters.store.log.opening import open_store
from adapters.system.system import SystemClock, entropy
from tests.support.estates.view_estate import TICKET_VIEWS


async def main(url: str, folder: Path) -> None:
    clock = SystemClock()
    keys = KeyStore(await SqliteDatabase.open(folder / "keys.db"), folder / "master.key", clock, entropy)
    await keys.open()
    index = BlindIndex(SubjectSealer(keys, entropy), keys)
    async with (
        await open_store(url, clock, deadline=60.0) as store,
        await Projections.open(
            store, EventCodec(), index, clock, views=TICKET_VIEWS, lease_seconds=1.0, idle=0.05
        ) as projections,
    ):
        await projections.start()
        head = (await store.head()).position
        for view in TICKET_VIEWS:
            assert await projections.wait_for(view.name, head, 60)
        print({status.holder for status in await projections.status()}.pop(), flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
