"""Pages: the server's time for each over a hundred thousand tickets, against the same pages over a thousand."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid5

import httpx2

from adapters.composition import Gongdan, make_new, opened
from adapters.server.app import create_app
from adapters.store.log.codec import encode, topic_of
from adapters.system.settings import Settings
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.ports import Append, NewEvent
from domain.kernel.privacy import Sealed
from domain.kernel.request import Request
from domain.kernel.terms import Book, CancelReason, Channel
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from tests.benchmarks.frame import Bench, Row, ratio
from tests.benchmarks.rounds import Measured, Work, alternating
from tests.pages.surfing import PASSWORD, Surfer
from tests.support.clock import SetClock
from tests.support.estates.api_estate import Estate, populate

OPEN = 300
"""Tickets that are not finished, at most; the others were withdrawn."""
SPACE = UUID(int=2026)
SEALED = Sealed(UUID(int=7), 1, b"n" * 12, b"c" * 60)
BY = Meta("li", UUID(int=1), policy="2026-1")
AT_ONCE, TOGETHER = 32, 50
PAGES: dict[str, tuple[str, str]] = {
    "workbench": ("chen", "/"),
    "intake": ("li", "/intake?phone=13812345678"),
    "list of tickets": ("chen", "/tickets"),
    "list, by state and words": ("chen", "/tickets?state=received&q=水管"),
    "one ticket": ("chen", "/tickets/{number}"),
    "replay": ("chen", "/tickets/{number}/replay"),
    "work orders": ("zhang", "/work"),
    "shift": ("li", "/shift"),
    "night duty": ("li", "/night"),
    "morning review": ("chen", "/review"),
    "register": ("chen", "/books"),
    "service report": ("chen", "/reports?month=2026-03"),
    "appraisal": ("chen", "/appraisal"),
    "findings": ("chen", "/appraisal/findings"),
    "approvals": ("chen", "/approvals"),
    "event stream": ("chen", "/events"),
    "process": ("chen", "/process"),
    "people": ("root", "/admin"),
}
"""Name → who looks, and the address."""


def tickets(count: int, clock_policy: str, now: datetime) -> Iterator[list[Folded.Event]]:
    """Requests of the time before, most of them withdrawn."""
    for n in range(count):
        id_, at = uuid5(SPACE, str(n)), now - timedelta(minutes=count - n)
        said = {"subject": SEALED.subject, "channel": Channel.PHONE, "clock_policy": clock_policy, "description": SEALED}
        yield [
            occurred(Ticket.TicketReceived, id_, 1, at, BY, community="JX", **said),
            *([occurred(Ticket.TicketCancelled, id_, 2, at, BY, reason=CancelReason.WITHDRAWN)] if n >= OPEN else ()),
        ]


def _new(event: Folded.Event) -> NewEvent:
    book = Book.INTAKE.value if isinstance(event, Ticket.TicketReceived) else None
    stream = (event.originator_id, event.originator_version, topic_of(type(event)))
    return NewEvent(*stream, "JX", encode(event), book, "Asia/Shanghai")


async def fill(g: Gongdan, count: int) -> None:
    """Through the store's own append, which draws the numbers."""
    policy = (await g.directory.current()).policy.clock_policy
    waiting = [[_new(one) for one in events] for events in tickets(count, policy, g.clock.now())]
    packets = [waiting[i : i + TOGETHER] for i in range(0, len(waiting), TOGETHER)]
    for i in range(0, len(packets), AT_ONCE):
        some = packets[i : i + AT_ONCE]
        await asyncio.gather(*(g.store.append(Append([one for events in packet for one in events])) for packet in some))


@asynccontextmanager
async def looked_at(folder: Path, count: int) -> AsyncIterator[dict[str, Work]]:
    """Five answers of each page, in a store of so many tickets."""
    clock = SetClock()
    settings = Settings(_env_file=None, store=f"sqlite:///{folder}/gongdan.db", rate="1000000/minute", queue=10_000)
    await make_new(settings, "bench", clock)
    async with opened(settings, clock) as g:
        await populate(Estate(g, clock))
        for login in {login for login, _ in PAGES.values()}:
            await g.sign_ins.set_password(login, PASSWORD)
        await fill(g, count)
        reporter = c.Reporter(name="王小明", phone="13812345678")
        said = {"community": "JX", "channel": Channel.PHONE, "description": "厨房水管漏水", "reporter": reporter}
        done = await g.desk.receive(c.Receive.model_validate(said), Request("li", g.ids.new()))
        assert isinstance(done, Done)
        number = (await g.inquiries.numbers(done.state)).number
        await g.projections.start()
        for view in await g.projections.status():
            while not await g.projections.wait_for(view.name, done.position, 60):
                print(f"{count} tickets: {view.name} is being built", file=sys.stderr, flush=True)
        transport = httpx2.ASGITransport(app=create_app(g))
        async with AsyncExitStack() as stack:
            desks: dict[str, httpx2.AsyncClient] = {}
            for login in {login for login, _ in PAGES.values()}:
                made = httpx2.AsyncClient(transport=transport, base_url="http://test")
                desks[login] = await stack.enter_async_context(made)
                assert (await Surfer(made).sign_in(login)).status_code == 200

            def looking(login: str, address: str) -> Work:
                async def look() -> int:
                    for _ in range(5):
                        answer = await desks[login].get(address)
                        assert answer.status_code == 200, answer.text
                    return 5

                return look

            yield {name: looking(login, address.format(number=number)) for name, (login, address) in PAGES.items()}


async def rows(bench: Bench) -> list[Row]:
    """Every page, in a store of many tickets against a store of few."""
    found = []
    with TemporaryDirectory(dir=bench.folder) as large, TemporaryDirectory(dir=bench.folder) as small:
        async with looked_at(Path(large), bench.tickets) as many, looked_at(Path(small), bench.few) as few:
            for name in PAGES:
                pair = await alternating({"many": many[name], "few": few[name]}, bench.rounds)
                took = {side: Measured([1000 / rate for rate in one.rounds]) for side, one in pair.items()}
                of = (f"page: {name}, {bench.tickets:,} tickets", took["many"], took["few"], f"{bench.few:,} tickets")
                found.append(ratio(*of, 1.5, 1.25, at_most=True, each=" ms"))
    return found
