"""``make bench-peers``: appends of UmaDB, Emmett and message-db beside ours, in turn, on this machine.

Each peer is installed into the run's temporary folder by its own client (pip, npm), so the machine needs to reach a registry; a
peer that can't be installed is named, is not measured, and makes the exit code 1. Every side appends one event of 368 bytes at a
time to a stream of its own, durable before it is acknowledged; Emmett, message-db and ours on the same PostgreSQL.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from adapters.store.log.opening import init_store, open_store
from adapters.system.system import SystemClock
from tests.benchmarks.__main__ import main
from tests.benchmarks.frame import Bench, Measure, Missing, Row, quiet, ratio
from tests.benchmarks.http.driving import ROOT
from tests.benchmarks.measures.appending import appends, pgbench
from tests.benchmarks.rounds import alternating, alternating_figures
from tests.faults.service import free_port

CLIENTS = (16, 64)
HERE = Path(__file__).parent
PATIENCE = 300.0
"""Seconds that an installation may take."""
EMMETT = ("@event-driven-io/emmett-postgresql", "@event-driven-io/emmett", "@event-driven-io/pongo")
MESSAGE_DB = "@eventide/message-db"
WRITE = (
    "SELECT message_store.write_message(gen_random_uuid()::varchar, 'bench-' || gen_random_uuid(), 'made',"
    f" jsonb_build_object('text', '{'x' * 327}'));\n"
)
PATH_OPTION = "-c search_path=message_store,public"
Client = Callable[[int], Awaitable[float]]
"""Appends a second of so many clients."""


async def umadb(bench: Bench) -> list[Row]:
    """The UmaDB server of its wheel, by its own Python client in threads."""
    goals = {64: (1.5, 2.0)}
    folder = await installed(bench, "umadb", [sys.executable, "-m", "pip", "install", "--quiet", "umadb"], "--target")
    surroundings = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}
    port, start = free_port(), "from umadb.umadb_server_cli import main; main()"
    options = ["--listen", f"127.0.0.1:{port}", "--db-path", str(folder / "uma.db")]
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", start, *options, env=surroundings, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        client = [sys.executable, str(HERE / "umadb_client.py"), str(port)]
        return await compared(bench, "UmaDB", by_program(bench, client, surroundings, "UmaDB"), goals)
    finally:
        server.terminate()
        await server.wait()


async def emmett(bench: Bench) -> list[Row]:
    """Emmett's event store for PostgreSQL, in Node.js."""
    folder = await installed_by_npm(bench, "emmett", *EMMETT)
    script = folder / "emmett.mjs"
    shutil.copy(HERE / "emmett.mjs", script)  # modules are looked for beside the script
    client = ["node", str(script), await asyncio.to_thread(bench.postgres.create_database)]
    return await compared(bench, "Emmett", by_program(bench, client, dict(os.environ), "Emmett"), {})


async def message_db(bench: Bench) -> list[Row]:
    """message-db's function, called by pgbench."""
    for program in ("psql", "pgbench"):
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed")
    folder = await installed_by_npm(bench, "message-db", MESSAGE_DB)
    server, name = bench.postgres, "message_store"
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "DATABASE_NAME": name}
    script = folder / "node_modules" / MESSAGE_DB / "database" / "install.sh"
    await ran(["bash", str(script)], {**os.environ, **place}, "message-db")
    text = server.directory / "message_db.sql"
    text.write_text(WRITE)
    url = server.url(name, "postgres")
    return await compared(bench, "message-db", lambda clients: pgbench(url, text, clients, bench.seconds, PATH_OPTION), {})


def by_program(bench: Bench, command: list[str], surroundings: dict[str, str], peer: str) -> Client:
    """A client in a program of its own, which gets clients and seconds as arguments and prints its appends a second."""

    async def rate(clients: int) -> float:
        return float(await ran([*command, str(clients), str(max(1.0, bench.seconds))], surroundings, peer))

    return rate


async def compared(bench: Bench, peer: str, theirs: Client, goals: dict[int, tuple[float, float]]) -> list[Row]:
    """Ours and a peer's client in turn."""
    url = await asyncio.to_thread(bench.postgres.create_database)
    await init_store(url, "bench")
    found = []
    async with await open_store(url, SystemClock()) as store:
        for clients in CLIENTS:

            async def ours(clients: int = clients) -> float:
                work = appends(store, clients, bench.seconds)
                return (await alternating({"ours": work}, 1, warm=False))["ours"].median

            await theirs(clients)
            pair = await alternating_figures({"ours": ours, "theirs": partial(theirs, clients)}, bench.rounds)
            found.append(ratio(_name(clients, peer), pair["ours"], pair["theirs"], peer, *goals.get(clients, ())))
    return found


async def installed_by_npm(bench: Bench, name: str, *packages: str) -> Path:
    """Install npm packages into a folder of the run, without a lock file."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise Missing("node and npm are not installed")
    options = ["--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    return await installed(bench, name, ["npm", "install", *options, *packages], "--prefix")


async def installed(bench: Bench, name: str, command: list[str], into: str) -> Path:
    """Run an installer; returns the folder. Raises Missing where it fails."""
    folder = bench.folder / "peers" / name
    folder.mkdir(parents=True, exist_ok=True)
    await ran([*command, into, str(folder)], dict(os.environ), f"{name} can't be installed here")
    return folder


async def ran(command: list[str], surroundings: dict[str, str], what: str) -> str:
    """The output of a program; raises Missing with the last line of its errors where it fails or takes too long."""
    pipe = asyncio.subprocess.PIPE
    made = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=surroundings, stdout=pipe, stderr=pipe)
    try:
        out, error = await asyncio.wait_for(made.communicate(), PATIENCE)
    except TimeoutError:
        made.kill()
        await made.wait()
        raise Missing(f"{what}: no end after {PATIENCE:.0f} s") from None
    if made.returncode:
        raise Missing(f"{what}: {(error.decode().strip().splitlines() or ['no message'])[-1]}")
    return out.decode()


def _name(clients: int, peer: str) -> str:
    return f"append with key, {clients} at once, PostgreSQL, ÷ {peer}"


MEASURES: dict[str, Measure] = {"umadb": umadb, "emmett": emmett, "message-db": message_db}

if __name__ == "__main__":
    quiet()
    sys.exit(main(measures=MEASURES, program="make bench-peers"))
