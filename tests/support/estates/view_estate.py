"""Tickets of two communities in a real store with real keys, written command by command, for read models to follow."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from adapters.projecting.blind_index import BlindIndex
from adapters.projecting.folding.checking import Difference, check
from adapters.projecting.folding.follower import Folding, Follower
from adapters.projecting.folding.streams import Streams
from adapters.projecting.projections import Projections
from adapters.projecting.tables.catalogue import Catalogue
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.database import schema
from adapters.store.database.database import Database, Transaction
from adapters.store.database.memory_database import MemoryDatabase
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.sealing import SubjectSealer
from adapters.store.log.codec import EventCodec
from adapters.store.log.opening import Store, init_store, open_store
from adapters.system.system import TimeOrderedIds, entropy
from domain.kernel.aggregate import apply, fold
from domain.kernel.errors import Refusal
from domain.kernel.journal import Belonging, Journal
from domain.kernel.ports import Codec, PlainField, StoredEvent
from domain.kernel.subject_file import SubjectFile, SubjectState
from domain.kernel.terms import AssigneeType, Channel, Facility, FollowUpMethod, Kind, SuspendReason, Trigger, Urgency
from domain.people.community import Community, community_stream
from domain.ticket import commands as c
from domain.ticket.decisions import decide
from domain.ticket.events import Ticket
from domain.ticket.guards import legal_now
from domain.ticket.state import TicketState
from projections.engine.view import View
from projections.ticket.open_workload import OPEN_WORKLOAD
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from tests.support.clock import SetClock
from tests.support.ticket_factory import CountingIds, circumstances, meta

TICKET_VIEWS = (OPEN_WORKLOAD, TICKET_DIRECTORY, TECHNICIAN_WORKLIST)
COMMUNITIES = ("garden", "lake")
ZONE = "Asia/Shanghai"
TEXTS = ("厨房水管漏水", "漏水又漏水", "电梯停了", "楼道灯不亮", "A", "", "水管 Broken")
NAMES = ("王小明", "李娜", None)
PHONES = ("13812345678", "+86 139 1234 5678", None)
DWELLINGS = ("1201", "302", None)
KINDS = (Kind.REPAIR, Kind.REPAIR, Kind.COMPLAINT, Kind.ENQUIRY, Kind.INSPECTION, Kind.OTHER)


@dataclass
class Estate:
    """A store, its keys, and everything that has been written in it."""

    store: Store
    keys: KeyStore
    clock: SetClock
    database: Database
    codec: Codec = field(default_factory=EventCodec)
    tickets: dict[UUID, TicketState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sealer = SubjectSealer(self.keys, entropy)
        self.index = BlindIndex(self.sealer, self.keys)
        self.journal = Journal(self.store, self.codec, self.sealer)
        self.ids = TimeOrderedIds()

    # Writing

    async def write(self, events: Sequence[Any], community: str) -> int:
        """Append events in one commit; returns the position of the last."""
        written = await self.journal.write(events, Belonging(community, ZONE))
        for event in written.events:
            if isinstance(event, Ticket.Event):
                self.tickets[event.originator_id] = apply(self.tickets.get(event.originator_id), event)
        return written.appended.position

    async def register(self) -> None:
        """Register the communities, so that the log holds their time zones."""
        for code in COMMUNITIES:
            registered: Any = Community.CommunityRegistered
            event = registered(
                originator_id=community_stream(code), originator_version=1, timestamp=self.clock.now(), meta=meta(),
                code=code, name=code, timezone=ZONE,
            )  # fmt: skip
            await self.write([event], code)

    async def receive(self, community: str = "garden", subject: UUID | None = None, **fields: Any) -> UUID:
        """A new ticket; returns its id."""
        ticket = self.ids.new()
        given = {
            "community": community,
            "channel": Channel.PHONE,
            "description": "厨房水管漏水",
            "location": c.Place(area="A1", building="3", entrance="2", dwelling="1201"),
            "reporter": c.Reporter(name="王小明", phone="13812345678"),
            **fields,
        }
        await self.act(ticket, c.Receive.model_validate(given), subject=subject or self.ids.new())
        return ticket

    async def act(self, ticket: UUID, command: c.Command, *, actor: str = "li.na", subject: UUID | None = None) -> int:
        """Carry a command out now; returns the position of its last event."""
        state = self.tickets.get(ticket)
        x = circumstances(self.clock.now(), actor, ids=CountingIds(self.ids.new().int), ticket_id=ticket)
        decided = decide(state, command, replace(x, subject=subject or (state.subject if state and state.subject else x.subject)))
        community = state.community if state else command.community  # type: ignore[attr-defined]
        return await self.write(decided, community)

    async def erase(self, subject: UUID, ticket: UUID) -> int:
        """Erase a subject: the event, then the key."""
        known = await self.journal.load(subject, SubjectState)
        erased: Any = SubjectFile.SubjectErased
        event = erased(
            originator_id=subject, originator_version=(known.version if known else 0) + 1, timestamp=self.clock.now(),
            meta=meta(), community=self.tickets[ticket].community, ticket=ticket, reason="moved away",
        )  # fmt: skip
        position = await self.write([event], self.tickets[ticket].community)
        await self.keys.erase(subject)
        return position

    async def wander(self, random: Random, steps: int) -> None:
        """Random commands that are accepted, on a few tickets at once, hours and days apart."""
        for _ in range(steps):
            self.clock.forward(timedelta(minutes=random.choice([0, 1, 30, 400, 1500, 5000])))
            if not self.tickets or random.random() < 0.25:
                await self.receive(random.choice(COMMUNITIES), **anything_received(random))
            else:
                await self._any_step(random, random.choice(list(self.tickets)))

    async def _any_step(self, random: Random, ticket: UUID) -> None:
        state = self.tickets[ticket]
        triggers = legal_now(state, circumstances(self.clock.now()).in_force)
        trigger = random.choice([t for t in triggers if t in STEPS] or [Trigger.NOTE])
        actor = state.assignment.assignee.id if state.assignment and trigger in BY_ASSIGNEE else "li.na"
        try:
            await self.act(ticket, STEPS[trigger](random, self.clock.now()), actor=actor)
        except Refusal:
            await self.act(ticket, c.Note(text="备注"))

    # Reading

    async def log(self) -> list[StoredEvent]:
        """The whole log."""
        return list(await self.store.read_log(0, 100_000))

    async def states_at(self, position: int) -> dict[UUID, TicketState]:
        """Every ticket as of a position, by a naive replay."""
        events: dict[UUID, list[Any]] = {}
        for stored in await self.log():
            if stored.position <= position and stored.topic.startswith("ticket."):
                events.setdefault(stored.stream_id, []).append(self.codec.decode(stored))
        return {ticket: fold(of_it) for ticket, of_it in events.items()}

    async def clear(self, ticket: UUID) -> dict[str, str | None]:
        """The searched texts of a ticket in the clear, erased ones None."""
        state = self.tickets[ticket]
        names = ("description", "reporter_name", "dwelling", "reporter_phone")
        texts = {name: getattr(state, name) for name in names if getattr(state, name) is not None}
        items = [(PlainField(ticket, text.version, text.name), text.value) for text in texts.values()]
        return dict(zip(texts, await self.sealer.open(items), strict=True))

    # Projections

    async def projections(self, *, codec: Codec | None = None, **options: Any) -> Projections:
        """The ticket views of the store, as one process has them."""
        options = {"idle": 0.05, "lease_seconds": 1.0, **options}
        return Projections(
            self.store, self.database, codec or self.codec, self.index, self.clock, options.pop("views", TICKET_VIEWS), **options
        )

    def catalogue(self) -> Catalogue:
        """The catalogue."""
        return Catalogue(self.database, self.clock)

    async def new_set(self, view: View, count: int = 1, *, holder: str = "test", codec: Codec | None = None) -> Follower:
        """Tables of a view of their own, moved along by hand."""
        tables = RowTables(view, f"{view.fingerprint}_{count}")

        async def create(tx: Transaction) -> None:
            await self.catalogue().make(tx, view.name, tables.version)
            await tables.create(tx)
            await tables.index(tx)

        await self.database.write(create)
        return await self.follower(view, count, holder=holder, codec=codec)

    async def follower(self, view: View, count: int = 1, *, holder: str = "test", codec: Codec | None = None) -> Follower:
        """A holder of a set of tables that is there already."""
        folding = self.folding(view, codec)
        follower = Follower(folding, RowTables(view, f"{view.fingerprint}_{count}"), self.catalogue(), self.store, holder)
        await follower.take()
        return follower

    def folding(self, view: View, codec: Codec | None = None, capacity: int = 3000) -> Folding:
        """A fold that remembers nothing yet."""
        streams = Streams(self.store, codec or self.codec, self.store.database, capacity=capacity, newest=capacity)
        return Folding(view, streams, self.index)

    async def differences(self, follower: Follower) -> Sequence[Difference]:
        """What a set has that a fold from scratch has not, and the other way round."""
        view = follower.tables.view
        checked = await check(view.name, self.catalogue(), self.store, follower.tables, self.folding(view))
        return checked.differences

    async def rows(self, follower: Follower) -> dict[str, list[Any]]:
        """Everything in a set, sorted."""
        return {
            table.name: sorted(
                await self.database.read(f"SELECT {table.listed} FROM {follower.tables.names[table.name]}"), key=repr
            )
            for table in follower.tables.view.tables
        }


def anything_received(random: Random) -> dict[str, Any]:
    """Some request."""
    name, phone, dwelling = random.choice(NAMES), random.choice(PHONES), random.choice(DWELLINGS)
    place = c.Place(area=random.choice(["A1", "A2"]), building=random.choice(["1", "3"]), dwelling=dwelling)
    return {
        "description": random.choice([text for text in TEXTS if text]),
        "location": place,
        "reporter": c.Reporter(name=name, phone=phone),
        "channel": random.choice(list(Channel)),
        "urgency": random.choice([Urgency.NORMAL, Urgency.NORMAL, Urgency.EMERGENCY]),
    }


def classified(random: Random, kind: type[Any]) -> Any:
    """Some kind, with what it needs."""
    chosen = random.choice(KINDS)
    facility = random.choice(list(Facility)) if chosen is Kind.REPAIR else None
    return kind(kind=chosen, facility=facility, category=random.choice([None, "plumbing"]))


def assigned(random: Random) -> c.AssigneeRef:
    """Somebody."""
    return c.AssigneeRef(type=random.choice(list(AssigneeType)), id=random.choice(["wang", "zhao", "acme"]))


def maybe_soon(random: Random, at: datetime) -> datetime | None:
    """An appointment, or none."""
    return random.choice([None, at + timedelta(hours=random.randint(1, 90))])


def corrected(random: Random) -> c.Correct:
    """Some correction."""
    name, value = random.choice(
        [
            ("description", random.choice(TEXTS[:4])),
            ("reporter.phone", random.choice(["13700000000", "13812345678", None])),
            ("reporter.name", random.choice(["赵六", None])),
            ("location.dwelling", "909"),
            ("location.area", "A2"),
            ("urgency", "emergency"),
        ]
    )
    return c.Correct(field=name, value=value, reason="register_error")


BY_ASSIGNEE = (Trigger.ACCEPT, Trigger.START, Trigger.COMPLETE, Trigger.SUSPEND, Trigger.RESUME, Trigger.DECLINE)
STEPS: dict[Trigger, Any] = {
    Trigger.CLASSIFY: lambda r, at: classified(r, c.Classify),
    Trigger.RECLASSIFY: lambda r, at: classified(r, c.Reclassify),
    Trigger.DISPATCH: lambda r, at: c.Dispatch(assignee=assigned(r), appointment_at=maybe_soon(r, at)),
    Trigger.REASSIGN: lambda r, at: c.Reassign(assignee=assigned(r)),
    Trigger.DECLINE: lambda r, at: c.Decline(reason="不会"),
    Trigger.ACCEPT: lambda r, at: c.Accept(),
    Trigger.START: lambda r, at: c.Start(),
    Trigger.SUSPEND: lambda r, at: c.Suspend(reason=r.choice(list(SuspendReason))),
    Trigger.RESUME: lambda r, at: c.Resume(),
    Trigger.COMPLETE: lambda r, at: c.Complete(resolution="好了"),
    Trigger.SETTLE: lambda r, at: c.Settle(resolution="答复了"),
    Trigger.FOLLOW_UP: lambda r, at: c.FollowUp(satisfied=r.random() < 0.6, method=FollowUpMethod.PHONE, rating=4),
    Trigger.REOPEN: lambda r, at: c.Reopen(reason="又坏了"),
    Trigger.CANCEL: lambda r, at: c.Cancel(reason="withdrawn"),
    Trigger.REPLY: lambda r, at: c.Reply(message="明天来"),
    Trigger.SCHEDULE: lambda r, at: c.Schedule(appointment_at=at + timedelta(hours=3)),
    Trigger.ESCALATE: lambda r, at: c.Escalate(reason="超出权限", department="engineering"),
    Trigger.URGE: lambda r, at: c.Urge(),
    Trigger.ORDER_RECTIFICATION: lambda r, at: c.OrderRectification(what="整改", due_at=at + timedelta(days=3)),
    Trigger.CONFIRM_RECTIFICATION: lambda r, at: c.ConfirmRectification(),
    Trigger.APPROVE_MAJOR_WORKS: lambda r, at: c.ApproveMajorWorks(agreed_due_at=at + timedelta(days=30), reason="大工程"),
    Trigger.JUDGE_COMPLAINT: lambda r, at: c.JudgeComplaint(reasonable=False),
    Trigger.CORRECT: lambda r, at: corrected(r),
    Trigger.NOTE: lambda r, at: c.Note(text="备注"),
}


@asynccontextmanager
async def estate_at(url: str, keys: KeyStore) -> AsyncIterator[Estate]:
    """A new store at a URL with the communities in it."""
    clock = SetClock()
    async with AsyncExitStack() as stack:
        if url != "memory:":
            await init_store(url, "test")
        store = await stack.enter_async_context(await open_store(url, clock, deadline=60.0))
        database = store.database
        if database is None:
            database = MemoryDatabase()
            stack.push_async_callback(database.close)
            await schema.create(database, store.origin)
        estate = Estate(store, keys, clock, database)
        await estate.register()
        yield estate


async def reached(projections: Projections, estate: Estate) -> None:
    """Whether every ticket view has reached the end of the log, moved by any process."""
    head = (await estate.store.head()).position
    for view in TICKET_VIEWS:
        assert await projections.wait_for(view.name, head, 60)


async def until(condition: Any, within: float = 60.0) -> None:
    """Wait until an asynchronous condition holds; fails after a time that a busy machine can't reach."""
    async with asyncio.timeout(within):
        holds = await condition()
        while not holds:
            await asyncio.sleep(0.01)
            holds = await condition()


def new_keys(folder: Path, keys_database: Database, clock: SetClock) -> KeyStore:
    """A key store over a database, with a master key in the folder."""
    return KeyStore(keys_database, folder / "master.key", clock, entropy)
