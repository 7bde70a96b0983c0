"""Appends with a command key: 1, 16 and 64 callers at once, against the library's own recorder and against pgbench.

Every side writes one event of 368 bytes an append, each durable before it is acknowledged (PostgreSQL's defaults with fsync,
SQLite in WAL with synchronous FULL). Ours also reserves the command's key and counts positions without gaps; the others do not.
"""

import asyncio
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import Environment

from adapters.store.log.opening import Store, init_store, open_store
from adapters.system.system import SystemClock
from domain.kernel.ports import Append, CommandKey, NewEvent
from tests.benchmarks.frame import Bench, Row, missing, ratio
from tests.benchmarks.rounds import Measured, Work, alternating, alternating_figures
from tests.support.postgres_server import PostgresServer

CLIENTS = (1, 16, 64)
BODY = b'{"data":{"kind":"repair","text":"' + b"x" * 327 + b'"},"v":1}'
TABLE = "events_of_pgbench (stream_id uuid, version bigint, topic text, state bytea, PRIMARY KEY (stream_id, version))"
INSERT = f"INSERT INTO events_of_pgbench VALUES (gen_random_uuid(), 1, 'bench.made', '\\x{BODY.hex()}');\n"


async def rows(bench: Bench) -> list[Row]:
    """Both databases."""
    return [*await on_postgres(bench), *await on_sqlite(bench)]


def appends(store: Store, clients: int, seconds: float) -> Work:
    """So many callers, each with appends of its own, one after another, until the time is up."""
    body = sha256(BODY).digest()

    async def caller(name: str, until: float) -> int:
        done = 0
        while perf_counter() < until:
            event = NewEvent(uuid4(), 1, "bench.made", "JX", BODY)
            await store.append(Append([event], command=CommandKey(name, secrets.token_hex(8), body)))
            done += 1
        return done

    async def work() -> int:
        until = perf_counter() + seconds
        return sum(await asyncio.gather(*(caller(f"caller{n}", until) for n in range(clients))))

    return work


def library(env: dict[str, str], clients: int, seconds: float) -> Work:
    """As many threads over the library's own recorder."""
    app: Application[UUID] = Application(env=Environment("Bench", env))

    def caller(until: float) -> int:
        done = 0
        while perf_counter() < until:
            app.recorder.insert_events([StoredEvent(uuid4(), 1, "bench.made", BODY)])
            done += 1
        return done

    def work() -> int:
        until = perf_counter() + seconds
        with ThreadPoolExecutor(clients) as pool:
            return sum(pool.map(caller, [until] * clients))

    return work


async def on_sqlite(bench: Bench) -> list[Row]:
    """The embedded default."""
    with TemporaryDirectory(dir=bench.folder) as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        await init_store(url, "bench")
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_LOCK_TIMEOUT": "60"}
        found = []
        async with await open_store(url, SystemClock()) as store:
            for clients in CLIENTS:
                env["SQLITE_DBNAME"] = os.fspath(Path(folder) / f"library{clients}.db")
                works = {"ours": appends(store, clients, bench.seconds), "library": library(env, clients, bench.seconds)}
                pair = await alternating(works, bench.rounds)
                goals = (6, 8) if clients == 64 else ()
                found.append(ratio(_name(clients, "SQLite"), pair["ours"], pair["library"], "library's recorder", *goals))
        return found


async def on_postgres(bench: Bench) -> list[Row]:
    """The production store."""
    server = bench.postgres
    url, other, third = (server.create_database() for _ in range(3))
    await init_store(url, "bench")
    found = []
    async with await open_store(url, SystemClock()) as store:
        for clients in CLIENTS:
            theirs = library(library_on(other), clients, bench.seconds)
            works = {"ours": appends(store, clients, bench.seconds), "library": theirs}
            pair = await alternating(works, bench.rounds)
            goals = {1: (1, 1.5), 64: (20, 25)}.get(clients, ())
            found.append(ratio(_name(clients, "PostgreSQL"), pair["ours"], pair["library"], "library's recorder", *goals))
        for clients in CLIENTS:
            name, goals = _name(clients, "PostgreSQL", "pgbench"), (1.2, 1.5) if clients == 64 else ()
            if shutil.which("pgbench") is None:
                found.append(missing(name, "pgbench is not installed", *goals))
                continue
            raw = await _against_pgbench(bench, server, third, appends(store, clients, bench.seconds), clients)
            found.append(ratio(name, *raw, "pgbench, prepared INSERT", *goals))
    return found


async def _against_pgbench(bench: Bench, server: PostgresServer, url: str, ours: Work, clients: int) -> tuple[Measured, Measured]:
    script = server.directory / "insert.sql"
    script.write_text(INSERT)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE}")

    async def theirs() -> float:
        return await pgbench(url, script, clients, bench.seconds)

    async def mine() -> float:
        return (await alternating({"ours": ours}, 1, warm=False))["ours"].median

    pair = await alternating_figures({"ours": mine, "theirs": theirs}, bench.rounds)
    return pair["ours"], pair["theirs"]


async def pgbench(url: str, script: Path, clients: int, seconds: float, options: str = "") -> float:
    """Transactions a second of a script, prepared, by so many clients; ``options`` as PGOPTIONS."""
    command = [
        "pgbench",
        "-n",
        "-M",
        "prepared",
        "-c",
        str(clients),
        "-j",
        str(min(2, clients)),
        "-T",
        str(max(1, round(seconds))),
    ]
    pipe, surroundings = asyncio.subprocess.PIPE, {**os.environ, "PGOPTIONS": options}
    made = await asyncio.create_subprocess_exec(
        *command, "-f", os.fspath(script), url, env=surroundings, stdout=pipe, stderr=pipe
    )
    text, error = (part.decode() for part in await made.communicate())
    rates = [line.split()[2] for line in text.splitlines() if line.startswith("tps = ")]
    if made.returncode or not rates:
        raise RuntimeError(f"pgbench failed: {text}{error}")
    return float(rates[0])


def library_on(url: str) -> dict[str, str]:
    """The library's settings for a PostgreSQL database: its own recorder, with connections enough for every thread."""
    parts = urlsplit(url)
    return {
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


def _name(clients: int, database: str, baseline: str = "library") -> str:
    return f"append with key, {clients} at once, {database}, ÷ {baseline}"
