"""Duty: a year of shifts in ten communities against one community alone: handover list and morning review of one."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid5

from adapters.composition import make_new, opened, shipped
from adapters.projecting.blind_index import BlindIndex
from adapters.projecting.projections import Projections
from adapters.store.database.database import Transaction, to_micros
from adapters.store.log.codec import EventCodec, encode, topic_of
from adapters.store.log.opening import open_database
from adapters.system.settings import Settings
from domain.duty.handover_sheet import Equipment
from domain.duty.shift import Shift
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.privacy import Sealed
from domain.kernel.terms import CancelReason, Channel, Condition, DutyLog, DutyPeriod, Role
from domain.rules.duty_calendar import period_at, utc
from domain.rules.policy import Policy, parse_policy
from domain.ticket.events import Ticket
from projections.duty.duty_coverage import DUTY_COVERAGE, coverage
from projections.duty.handover_list import HANDOVER_LIST, handover_list
from projections.duty.morning_review import MORNING_REVIEW, reviewed
from projections.duty.night_log import NIGHT_LOG, lines
from projections.duty.reminders import REMINDERS, reminders
from tests.benchmarks.frame import Bench, Row, ratio
from tests.benchmarks.rounds import Work, alternating
from tests.support.ticket_factory import ZONE

COMMUNITIES, DAYS = 10, 365
FIRST = date(2025, 1, 1)
OPEN, FINISHED = 40, 400
"""Tickets a community: those the sheet lists, and those finished in the year."""
VIEWS = (HANDOVER_LIST, NIGHT_LOG, DUTY_COVERAGE, MORNING_REVIEW, REMINDERS)
SPACE = UUID(int=2025)
SEALED = Sealed(UUID(int=7), 1, b"n" * 12, b"c" * 60)
BY = Meta("li", UUID(int=1), policy="2026-1")
EQUIPMENT = tuple(Equipment(item, Condition.GOOD) for item in ("telephone", "computer", "key_cabinet", "radio"))
CHUNK = 20_000


def shifts(community: str, days: int, policy: Policy) -> Iterator[Folded.Event]:
    """Four shifts a day, each with its sheet and both signatures, each read; a line in every night."""
    moment = datetime.combine(FIRST, policy.duty.morning, ZONE)
    last: UUID | None = None
    for n in range(4 * days):
        span = period_at(moment, ZONE, policy.duty)
        begin, end = utc(span.start), utc(span.end)
        id_, next_ = uuid5(SPACE, f"{community}{n}"), uuid5(SPACE, f"{community}{n + 1}")
        night = span.period is DutyPeriod.NIGHT
        post, officer = (Role.TECHNICIAN, "zhang") if night else (Role.ASSISTANT, ("li", "hua")[n % 2])
        version = iter(range(2, 10))
        yield occurred(
            Shift.ShiftOpened, id_, 1, begin, BY, community=community, officer=officer, post=post, period=span.period,
            starts_at=begin, until=end, arrived_at=begin, late_minutes=int(n % 7 == 0), follows=last,
        )  # fmt: skip
        if night:
            yield occurred(Shift.LineLogged, id_, next(version), begin, BY, log=DutyLog.NIGHT_LOG, text=SEALED)
        said = {"position": 1, "tickets": (), "equipment": EQUIPMENT, "records": ("night_log",)}
        yield occurred(Shift.HandoverPrepared, id_, next(version), end, BY, **said)
        yield occurred(Shift.SignedOut, id_, next(version), end, BY, hash="ab" * 32)
        yield occurred(Shift.SignedIn, id_, next(version), end, BY, hash="ab" * 32, next_shift=next_)
        yield occurred(Shift.ShiftReviewed, id_, next(version), end, BY, read_upto=1)
        moment, last = span.end, id_


def tickets(community: str, policy: Policy) -> Iterator[Folded.Event]:
    """Requests of the year; most of them are cancelled again, which finishes them soonest."""
    begin = utc(datetime.combine(FIRST, policy.duty.morning, ZONE))
    for n in range(OPEN + FINISHED):
        id_, at = uuid5(SPACE, f"{community} ticket {n}"), begin + n * timedelta(hours=12)
        said = {"subject": SEALED.subject, "channel": Channel.PHONE, "clock_policy": policy.clock_policy, "description": SEALED}
        yield occurred(Ticket.TicketReceived, id_, 1, at, BY, community=community, **said)
        if n >= OPEN:
            yield occurred(Ticket.TicketCancelled, id_, 2, at, BY, reason=CancelReason.WITHDRAWN)


async def fill(settings: Settings, communities: int, days: int) -> int:
    """A log of that many communities, straight into the store; returns its length."""
    policy = parse_policy(shipped("policy.toml"))
    database = await open_database(settings.store)
    columns = ("position", "stream_id", "version", "topic", "community", "recorded_at", "book", "state")
    position, recorded = 0, utc(datetime.combine(FIRST, policy.duty.morning, ZONE))

    async def write(rows: list[tuple[Any, ...]]) -> None:
        async def work(tx: Transaction) -> None:
            await tx.insert("events", columns, rows)
            sql = "UPDATE head SET position = :position, recorded_at = :at"
            await tx.execute(sql, {"position": rows[-1][0], "at": rows[-1][5]})

        await database.write(work, within=600)

    try:
        rows: list[tuple[Any, ...]] = []
        for n in range(communities):
            code = f"C{n:03}"
            for made in (*tickets(code, policy), *shifts(code, days, policy)):
                position += 1
                recorded = max(recorded, made.timestamp)
                stream = (made.originator_id.bytes, made.originator_version, topic_of(type(made)), code)
                rows.append((position, *stream, to_micros(recorded), None, encode(made)))
                if len(rows) == CHUNK:
                    await write(rows)
                    rows = []
        if rows:
            await write(rows)
    finally:
        await database.close()
    return position


class Noon:
    """The last day, at noon."""

    def now(self) -> datetime:
        """Always."""
        return datetime.combine(FIRST + timedelta(days=DAYS - 1), datetime.min.time(), UTC) + timedelta(hours=4)


@asynccontextmanager
async def filled(folder: Path, communities: int) -> AsyncIterator[tuple[Work, Work]]:
    """Twenty handover lists and twenty morning reviews of one community, in a store of that many."""
    settings = Settings(_env_file=None, store=f"sqlite:///{folder}/gongdan.db")
    await make_new(settings, "bench", Noon())
    length = await fill(settings, communities, DAYS)
    async with opened(settings, Noon()) as g:
        index = BlindIndex(g.sealer, g.keys)
        async with await Projections.open(g.store, EventCodec(), index, g.clock, views=VIEWS) as projections:
            await projections.start()
            for view in VIEWS:
                while not await projections.wait_for(view.name, length, 60):
                    where = [(one.name, one.position) for one in await projections.status()]
                    print(f"{communities} communities, {length} events: {where}", file=sys.stderr, flush=True)
            code = f"C{communities // 2:03}"
            morning = Noon().now()
            night = period_at(morning - timedelta(hours=12), ZONE, parse_policy(shipped("policy.toml")).duty)
            start, end = utc(night.start), utc(night.end)
            day = utc(datetime.combine(morning.date(), datetime.min.time(), ZONE))
            read = projections.reader

            async def list_it() -> int:
                for _ in range(20):
                    found = await handover_list(read(HANDOVER_LIST.name), code)
                    assert len(found.items) == OPEN
                return 20

            async def review_it() -> int:
                for _ in range(20):
                    await handover_list(read(HANDOVER_LIST.name), code)
                    await lines(read(NIGHT_LOG.name), code, DutyLog.NIGHT_LOG, start, end, limit=1000)
                    held = await coverage(read(DUTY_COVERAGE.name), code, start, end)
                    assert [one.officer for one in held.shifts] == ["zhang"]
                    await reviewed(read(MORNING_REVIEW.name), code, day, day + timedelta(days=1))
                    await reminders(read(REMINDERS.name), code, limit=1000)
                return 20

            yield list_it, review_it


async def rows(bench: Bench) -> list[Row]:
    """Both, in a store of many communities against a store of one."""
    with TemporaryDirectory(dir=bench.folder) as many, TemporaryDirectory(dir=bench.folder) as one:
        async with filled(Path(many), COMMUNITIES) as works, filled(Path(one), 1) as alone:
            found = [
                await alternating({"many": work, "one": other}, bench.rounds) for work, other in zip(works, alone, strict=True)
            ]
    what = f"{COMMUNITIES} communities, {4 * DAYS * COMMUNITIES:,} shifts"
    against = ("one community", 0.8)
    names = (f"handover list, {what}", f"morning review, {what}")
    return [ratio(name, pair["many"], pair["one"], *against) for name, pair in zip(names, found, strict=True)]
