"""Run as a program: append pairs of events (a numbered one and its successor) and print what was acknowledged.

Arguments: URL, how many appends (0: until killed), how many at once. A line: stream id, position of the second event, number.
"""

import asyncio
import sys
from datetime import UTC, datetime
from uuid import uuid4

from adapters.store.log.opening import open_store
from tests.store.log.event_logs import event, numbered, of


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def main(url: str, appends: int, at_once: int) -> None:
    async with await open_store(url, WallClock(), deadline=60.0) as store:
        print("ready", flush=True)

        async def work(count: int) -> None:
            while count != 0:
                count -= 1
                first = numbered()
                done = await store.append(of(first, event(first.stream_id, 2), key=str(uuid4())))
                print(first.stream_id, done.position, done.events[0].number, flush=True)

        await asyncio.gather(*(work(appends // at_once if appends else -1) for _ in range(at_once)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
