"""Pages and lists: the server's time for each in the large store ÷ in the small one, in turn; each ticket has its row in both."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from statistics import median
from time import perf_counter

import httpx2

from adapters.composition import Gongdan, opened
from adapters.server.app import create_app
from domain.kernel.request import Request
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from tests.benchmarks.frame import Bench, Row, ratio
from tests.benchmarks.measures.tickets import CALL, CLERK
from tests.benchmarks.rounds import alternating_figures
from tests.benchmarks.stores.maker import Made
from tests.benchmarks.stores.stores_of_run import Where, store
from tests.pages.surfing import PASSWORD, Surfer

LOOKS = 3
"""Answers a round, one after another; the median counts."""
AFTER_A_WRITE = ("process",)
PAGES: dict[str, tuple[str, str]] = {
    "workbench": ("chen.ping", "/"),
    "intake": ("he.xue", "/intake?phone=13900012345"),
    "list of tickets": ("chen.ping", "/tickets"),
    "list, by state": ("chen.ping", "/tickets?state=received"),
    "search: frequent words": ("chen.ping", "/tickets?q=水管"),
    "search: a rare text": ("chen.ping", "/tickets?q=防臭芯"),
    "search: nothing found": ("chen.ping", "/tickets?q=直升机"),
    "search: the beginning of a number": ("chen.ping", "/tickets?q={prefix}"),
    "search: a telephone number": ("chen.ping", "/tickets?phone=13900012345"),
    "one ticket": ("chen.ping", "/tickets/{number}"),
    "replay": ("chen.ping", "/tickets/{number}/replay"),
    "work orders": ("wang.qiang", "/work"),
    "shift": ("he.xue", "/shift"),
    "night duty": ("he.xue", "/night"),
    "morning review": ("chen.ping", "/review"),
    "register": ("chen.ping", "/books"),
    "service report": ("chen.ping", "/reports"),
    "appraisal": ("chen.ping", "/appraisal"),
    "findings": ("chen.ping", "/appraisal/findings"),
    "approvals": ("chen.ping", "/approvals"),
    "event stream": ("chen.ping", "/events"),
    "process": ("chen.ping", "/process"),
    "people": ("admin", "/admin"),
}
"""Name → who looks, and the address."""
Look = Callable[[], Awaitable[float]]


@asynccontextmanager
async def looked_at(made: Made) -> AsyncIterator[dict[str, Look]]:
    """The milliseconds of each page in a store, by the page's name; the projections follow."""
    async with opened(made.settings) as g, AsyncExitStack() as stack:
        await g.projections.start()
        transport = httpx2.ASGITransport(app=create_app(g))
        desks: dict[str, httpx2.AsyncClient] = {}
        for login in {login for login, _ in PAGES.values()}:
            await g.sign_ins.set_password(login, PASSWORD)
            desk = httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=120)
            desks[login] = await stack.enter_async_context(desk)
            assert (await Surfer(desk).sign_in(login)).status_code == 200
        number = (await written(g))[0]
        places = {"number": number, "prefix": number[:-2]}
        yield {
            name: partial(_look, g, desks[login], address.format(**places), name in AFTER_A_WRITE)
            for name, (login, address) in PAGES.items()
        }


async def written(g: Gongdan) -> tuple[str, int]:
    """A new ticket, once every read model has it: its number and position."""
    done = await g.desk.receive(c.Receive.model_validate(CALL), Request(CLERK, g.ids.new()))
    assert isinstance(done, Done)
    for view in await g.projections.status():
        assert await g.projections.wait_for(view.name, done.position, 120)
    return (await g.inquiries.numbers(done.state)).number, done.position


async def _look(g: Gongdan, desk: httpx2.AsyncClient, address: str, after_a_write: bool) -> float:
    took = []
    for _ in range(LOOKS):
        if after_a_write:
            await written(g)
        begun = perf_counter()
        answer = await desk.get(address)
        took.append(1000 * (perf_counter() - begun))
        assert answer.status_code == 200, f"{address}: {answer.status_code}\n{answer.text[:500]}"
    return median(took)


async def rows(bench: Bench, where: Where = "sqlite") -> list[Row]:
    """Every page."""
    large, small = await store(bench, bench.tickets, where), await store(bench, bench.few, where)
    found = []
    async with looked_at(large) as many, looked_at(small) as few:
        for name in PAGES:
            await many[name](), await few[name]()
            pair = await alternating_figures({"many": many[name], "few": few[name]}, bench.rounds)
            of = (f"page: {name}, {large.tickets:,} tickets, {where}", pair["many"], pair["few"], f"{small.tickets:,} tickets")
            found.append(ratio(*of, 1.5, 1.25, at_most=True, each=" ms"))
    return found
