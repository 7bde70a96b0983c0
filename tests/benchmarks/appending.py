"""Appends: 64 callers at once against the library's own recorder, on SQLite and on a real PostgreSQL."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import Environment

from adapters.store.log.opening import Store, init_store, open_store
from adapters.system.system import SystemClock
from domain.kernel.ports import Append, NewEvent
from tests.benchmarks.rounds import Row, rate, rate_async

CALLERS = 64
BODY = b'{"data":{"kind":"repair","text":"' + b"x" * 320 + b'"},"v":1}'


async def _ours(store: Store, each: int) -> int:
    async def caller() -> None:
        for _ in range(each):
            await store.append(Append([NewEvent(uuid4(), 1, "bench.made", "JX", BODY)]))

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return CALLERS * each


def _library(env: dict[str, str], each: int) -> Callable[[], int]:
    app: Application[UUID] = Application(env=Environment("Bench", env))

    def caller(_: int) -> None:
        for _ in range(each):
            app.recorder.insert_events([StoredEvent(uuid4(), 1, "bench.made", BODY)])

    def work() -> int:
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(caller, range(CALLERS)))
        return CALLERS * each

    return work


async def on_sqlite() -> Row:
    """The embedded default: WAL, synchronous FULL on both sides."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        await init_store(url, "bench")
        async with await open_store(url, SystemClock()) as store:
            ours = await rate_async(lambda: _ours(store, 30))
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": os.fspath(Path(folder) / "library.db")}
        env["SQLITE_LOCK_TIMEOUT"] = "60"
        library = await asyncio.to_thread(rate, _library(env, 5), 2)
    return Row("append, 64 at once, SQLite", ours, library, "library recorder", 4)


async def on_postgres(url: str, other: str) -> Row:
    """The production store."""
    await init_store(url, "bench")
    async with await open_store(url, SystemClock()) as store:
        ours = await rate_async(lambda: _ours(store, 60))
    parts = urlsplit(other)
    env = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "127.0.0.1",
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "none",
        "POSTGRES_POOL_SIZE": "8",
        "POSTGRES_MAX_OVERFLOW": "16",
        "POSTGRES_POOL_TIMEOUT": "60",
    }
    library = await asyncio.to_thread(rate, _library(env, 5), 2)
    return Row("append, 64 at once, PostgreSQL", ours, library, "library recorder", 20)
