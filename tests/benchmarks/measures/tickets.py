"""Long tickets: one of 100 events against the library's repository, and what a command and a replay step take on one of 10,000.

The library's aggregate has as many events with one small field each; ours has a ticket's, with sealed texts.
"""

import os
from statistics import median
from time import perf_counter
from uuid import UUID

import httpx2
from eventsourcing.application import Application
from eventsourcing.utils import Environment

from adapters.composition import Gongdan, opened
from adapters.server.app import create_app
from adapters.store.log.codec import encode, topic_of
from domain.kernel.aggregate import Meta, occurred
from domain.kernel.ports import Append, NewEvent, PlainField
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.sealing import seal_fields, with_sealed
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState
from tests.benchmarks.frame import Bench, Row, ratio
from tests.benchmarks.library import Noted
from tests.benchmarks.measures.appending import library_on
from tests.benchmarks.rounds import Work, alternating
from tests.benchmarks.stores.maker import Plan, make_store, settings_for
from tests.pages.surfing import PASSWORD, Surfer

SHORT, MIDDLE, LONG = 100, 1_000, 10_000
LOADS, STEPS = 20, 5
CALL = {"community": "JX", "channel": "phone", "description": "厨房水管漏水", "location": {"area": "A1", "building": "3"}}
CLERK, READER = "he.xue", "chen.ping"


async def rows(bench: Bench) -> list[Row]:
    """Both databases for the short ticket; SQLite for the long one."""
    return [*await short_ones(bench), *await long_ones(bench)]


async def short_ones(bench: Bench) -> list[Row]:
    """A ticket of 100 events read from the database and folded, against ``repository.get``."""
    folder = bench.folder / "short"
    found = []
    for name in ("SQLite", "PostgreSQL"):
        url = bench.postgres.create_database() if name == "PostgreSQL" else None
        settings = settings_for(folder / name, url)
        await make_store(settings, Plan(0, dwellings=1, years=1, weeks=0))
        async with opened(settings) as g:
            ticket = await noted(g, SHORT)

            async def ours(g: Gongdan = g, ticket: UUID = ticket) -> int:
                for _ in range(LOADS):
                    await g.journal.load_at(ticket, SHORT, TicketState)
                return LOADS

            if url is None:
                env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": os.fspath(folder / "library.db")}
            else:
                env = library_on(bench.postgres.create_database())
            works = {"ours": ours, "library": _library(env)}
            pair = await alternating(works, bench.rounds)
        of = (f"ticket of {SHORT} events, {name}", pair["ours"], pair["library"], "repository.get")
        found.append(ratio(*of, 3, 5))
    return found


def _library(env: dict[str, str]) -> Work:
    app: Application[UUID] = Application(env=Environment("Bench", env))
    aggregate = Noted("楼道灯不亮")
    for i in range(SHORT - 1):
        aggregate.note(f"note {i}")
    app.save(aggregate)

    def work() -> int:
        for _ in range(LOADS):
            app.repository.get(aggregate.id)
        return LOADS

    return work


async def long_ones(bench: Bench) -> list[Row]:
    """A command on a ticket of 10,000 events, and a step of its replay page; both against one of 1,000."""
    settings = settings_for(bench.folder / "long")
    await make_store(settings, Plan(0, dwellings=1, years=1, weeks=0))
    took: dict[int, tuple[float, float]] = {}
    async with opened(settings) as g:
        for login in (CLERK, READER):
            await g.sign_ins.set_password(login, PASSWORD)
        lengths = {length: await noted(g, length) for length in (MIDDLE, LONG)}
        await g.projections.catch_up()
        transport = httpx2.ASGITransport(app=create_app(g))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=120) as http:
            assert (await Surfer(http).sign_in(READER)).status_code == 200
            for length, ticket in lengths.items():
                commands, steps = [], []
                for n in range(bench.rounds * STEPS):
                    begun = perf_counter()
                    await g.desk.act(str(ticket), c.Note(text=f"note {n}"), Request(CLERK, g.ids.new()))
                    commands.append(perf_counter() - begun)
                    begun = perf_counter()
                    answer = await http.get(f"/tickets/{ticket}/replay", params={"v": length // 2 + n})
                    steps.append(perf_counter() - begun)
                    assert answer.status_code == 200, answer.text
                took[length] = (1000 * median(commands), 1000 * median(steps))
    (command, step), (less, before) = took[LONG], took[MIDDLE]
    name, linear = f"ticket of {LONG:,} events", f"a ticket of {MIDDLE:,} events, ten times shorter"
    return [
        Row(f"{name}: command", command, "ms", "SQLite, one at a time", 100, 60, at_most=True),
        Row(f"{name}: replay step", step, "ms", "page, SQLite, one at a time", 150, 100, at_most=True),
        Row(
            f"{name}: command ÷", command / less, "×", linear, 12, at_most=True, ours=f"{command:.1f} ms", theirs=f"{less:.1f} ms"
        ),
        Row(
            f"{name}: replay step ÷",
            step / before,
            "×",
            linear,
            12,
            at_most=True,
            ours=f"{step:.1f} ms",
            theirs=f"{before:.1f} ms",
        ),
    ]


async def noted(g: Gongdan, length: int) -> UUID:
    """A new ticket with so many events; the notes are written in bulk."""
    done = await g.desk.receive(c.Receive.model_validate(CALL), Request(CLERK, g.ids.new()))
    ticket, subject = done.state.id, done.state.subject
    made = []
    for version in range(2, length + 1):
        by = Meta(CLERK, g.ids.new(), policy="2026-1")
        text = Personal(subject, f"第 {version} 次电话：住户问什么时候到。")
        note = occurred(Ticket.NoteAdded, ticket, version, g.clock.now(), by, text=text)
        places = [(PlainField(ticket, version, name), value) for name, value in seal_fields(note)]
        sealed = await g.sealer.seal(places)
        note = with_sealed(note, {place.name: value for (place, _), value in zip(places, sealed, strict=True)})
        made.append(NewEvent(ticket, version, topic_of(Ticket.NoteAdded), "JX", encode(note), opens_list=True))
    for i in range(0, len(made), 500):
        await g.store.append(Append(made[i : i + 500]))
    return ticket
