"""Open workbenches: 300 of one community with 300 open tickets over SSE, 20 commands a second in it, on one server process."""

import asyncio
import json
import sys
from dataclasses import asdict

from adapters.composition import opened
from tests.benchmarks.frame import Bench, Row
from tests.benchmarks.http.client import Load
from tests.benchmarks.http.driving import ROOT, Serving, ready
from tests.benchmarks.measures.commanding import noted, open_tickets
from tests.benchmarks.rounds import percentile
from tests.benchmarks.stores.maker import Made
from tests.benchmarks.stores.stores_of_run import store
from tests.faults.service import environment

WORKBENCHES, RATE, SECONDS, WRITERS = 300, 20.0, 15.0, 16
WATCHERS = ("chen.ping", "liu.jianhua", "he.xue", "li.na", "zhao.min")


async def rows(bench: Bench) -> list[Row]:
    """On SQLite."""
    folder = bench.folder / "live"
    folder.mkdir(exist_ok=True)
    made = await store(bench, bench.few)
    tickets, cookies = await open_tickets(made), await sessions(made)
    server = Serving(environment(made.settings), folder)
    try:
        await asyncio.to_thread(server.start)
        await ready(server)
        count = min(WORKBENCHES, bench.few)
        load = Load(server.port, WRITERS, SECONDS, noted(tickets, made), RATE)
        given = {"load": asdict(load), "cookies": cookies, "community": made.community, "count": count}
        command, pipe = [sys.executable, "-m", "tests.benchmarks.http.workbenches"], asyncio.subprocess.PIPE
        walls = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)
        assert walls.stdin is not None
        assert walls.stderr is not None
        walls.stdin.write(json.dumps(given).encode())
        walls.stdin.close()
        told = await walls.stderr.readline()
        before = server.cpu()
        out, error = await asyncio.gather(walls.stdout.read(), walls.stderr.read())  # type: ignore[union-attr]
        await walls.wait()
        if told.strip() != b"open" or walls.returncode:
            raise RuntimeError(f"the workbenches failed:\n{(told + error).decode()[-2000:]}")
        share = 100 * (server.cpu() - before) / SECONDS
    finally:
        server.stop()
    found = json.loads(out)
    statuses: dict[str, int] = found["statuses"]
    if not statuses.keys() <= {"200", "503"}:
        raise RuntimeError(f"commands were answered {statuses}")
    refused = 100 * statuses.get("503", 0) / sum(statuses.values())
    where = f"{count} workbenches, {len(tickets)} open tickets, {RATE:.0f} commands/s, SQLite"
    return [
        Row("workbench repaints, p99", percentile(found["latencies"], 0.99), "ms", where, 300, 200, at_most=True),
        Row("commands refused meanwhile", refused, "%", where, 0, at_most=True),
        Row("the server's share of one core meanwhile", share, "%", where, 70, 50, at_most=True),
    ]


async def sessions(made: Made) -> list[str]:
    """A cookie of each watcher."""
    async with opened(made.settings) as g:
        return [f"gongdan={await g.sign_ins.begin(login)}" for login in WATCHERS]
