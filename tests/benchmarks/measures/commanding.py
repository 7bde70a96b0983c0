"""Commands over HTTP: notes on open tickets, with keys and full answers, all read models and processes following, on PostgreSQL.

One server process each. The library's side is measured at the number of connections at which it is fastest.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median
from urllib.request import urlopen

from adapters.composition import opened
from domain.kernel.terms import State
from projections.ticket.ticket_search import Filters
from tests.benchmarks.frame import Bench, Row, ratio
from tests.benchmarks.http.client import Figures, Load
from tests.benchmarks.http.driving import Serving, driven, ready
from tests.benchmarks.measures.appending import library_on
from tests.benchmarks.rounds import alternating_figures, percentile
from tests.benchmarks.stores.maker import Made
from tests.benchmarks.stores.stores_of_run import store
from tests.faults.service import environment

TICKETS, CONNECTIONS, CLIENTS, RATE = 500, 64, (4, 16, 64), 100.0
WARM = 0.5
"""Seconds before a closed loop counts."""
WHO = "he.xue"
BODY = json.dumps({"text": "住户来电催办，已转告师傅，下午三点前到场。"})
BASELINES = "tests.benchmarks.http.baselines"


async def rows(bench: Bench) -> list[Row]:
    """The command against the library and against hello, and its latency in an open loop."""
    folder = bench.folder / "commanding"
    folder.mkdir(exist_ok=True)
    made = await store(bench, min(TICKETS, bench.tickets), "postgresql")
    notes = noted(await open_tickets(made), made)
    with ExitStack() as stack:

        def started(name: str, surroundings: dict[str, str], application: str | None = None) -> Serving:
            (folder / name).mkdir(exist_ok=True)
            server = Serving(surroundings, folder / name, application)
            stack.callback(server.stop)
            server.start()
            return server

        ours = await asyncio.to_thread(started, "ours", environment(made.settings))
        hello = await asyncio.to_thread(started, "hello", {}, f"{BASELINES}:hello")
        surroundings = library_on(bench.postgres.create_database())
        library = await asyncio.to_thread(started, "library", surroundings, f"{BASELINES}:library_desk")
        await ready(ours)
        theirs = noted(json.loads(await asyncio.to_thread(_get, f"{library.url}/tickets")))
        best = await _best(library, theirs, bench.seconds)
        pair = {
            "ours": partial(_rate, ours.port, CONNECTIONS, bench.seconds, notes),
            "library": partial(_rate, library.port, best, bench.seconds, theirs),
            "hello": partial(_rate, hello.port, CONNECTIONS, bench.seconds, notes),
        }
        for name, figure in pair.items():
            assert await figure() > 0, f"{name} answers nothing"
        found = await alternating_figures(pair, bench.rounds)
        await ready(ours)
        begun = ours.cpu()
        loads = [Load(ours.port, CONNECTIONS, 3 * bench.seconds, notes, RATE, warm=0.5, seed=n) for n in range(bench.rounds)]
        figures = [checked(await driven(load)) for load in loads]
        cpu = (ours.cpu() - begun) / sum(len(one.latencies) for one in figures)
        late = median(percentile(one.latencies, 0.99) for one in figures)
    where = f"{CONNECTIONS} connections, PostgreSQL"
    name = f"HTTP command, {where}"
    circumstances = f"{RATE:.0f} commands/s from {CONNECTIONS} clients, open loop"
    return [
        ratio(f"{name}, ÷ library", found["ours"], found["library"], f"the use case on the library, {best} connections", 2.5, 4),
        ratio(f"{name}, ÷ hello", found["ours"], found["hello"], "FastAPI hello", 0.15, 0.25),
        Row("HTTP command, p99", late, "ms", circumstances, 60, 30, at_most=True),
        Row("HTTP command, CPU of the server", 1000 * cpu, "ms", circumstances, at_most=True),
    ]


async def open_tickets(made: Made) -> list[str]:
    """The open tickets of a store that was made, at most 300."""
    async with opened(made.settings) as g:
        found, cursor = [], None
        states = [state for state in State if state not in (State.CANCELLED, State.FOLLOWED_UP)]
        while len(found) < 300:
            some = await g.projections.search(Filters(states=states), now=g.clock.now(), limit=100, cursor=cursor)
            found += [str(row.ticket) for row in some.items]
            if (cursor := some.cursor) is None:
                break
        return found


def noted(tickets: Sequence[str], made: Made | None = None) -> list[tuple[str, str]]:
    """A note on each ticket, as heads and bodies."""
    bearer = made.bearer(WHO)["Authorization"] if made else "Bearer none"
    headers = f"Authorization: {bearer}\nIdempotency-Key: {{key}}\nContent-Type: application/json"
    return [(f"POST /api/v1/tickets/{ticket}/note HTTP/1.1\n{headers}", BODY) for ticket in tickets]


def checked(figures: Figures) -> Figures:
    """The figures; raises where a request was refused."""
    if figures.refused:
        raise RuntimeError(f"refused, by status: {figures.refused}")
    return figures


async def _rate(port: int, clients: int, seconds: float, requests: list[tuple[str, str]]) -> float:
    return checked(await driven(Load(port, clients, seconds, requests, warm=WARM))).rate


async def _best(library: Serving, requests: list[tuple[str, str]], seconds: float) -> int:
    """The number of connections at which the library's side is fastest."""
    rates = {clients: await _rate(library.port, clients, seconds, requests) for clients in CLIENTS}
    return max(rates, key=lambda clients: rates[clients])


def _get(url: str) -> bytes:
    with urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body
