"""Write copies of histories behind the end of a log, in bulk: events in order of recording, numbers, counters, keys."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.composition import Gongdan
from adapters.simulation.company.names import GIVEN, SURNAMES
from adapters.store.database.database import Database, Transaction, from_micros, to_micros
from adapters.store.keys.key_tables import SubjectKey
from adapters.store.keys.sealing import seal_text
from adapters.store.log.append import number_counter, open_list_counter
from adapters.store.log.codec import encode
from domain.kernel.aggregate import Folded, Meta
from domain.kernel.ports import PlainField
from domain.kernel.privacy import Personal
from domain.people.place import Location
from tests.benchmarks.stores.histories import History, Step, moved

DOORS, FLOORS, ENTRANCES = 4, 18, 2
"""A building's dwellings, as in the demonstration's estate."""
ON_THE_REGISTER = 0.75
"""Part of the calls whose texts are sealed under the dwelling's own subject; each other call has a subject of its own."""
CHUNK, TOGETHER = 20_000, 2_000
"""Events a transaction, and tickets begun at a time."""
SLOW = 3_600.0
"""Seconds that the write of a chunk may take: no figure is taken here."""
EVENTS = ("position", "stream_id", "version", "topic", "community", "recorded_at", "book", "state")
NUMBERS = ("number", "book", "community", "day", "sequence", "position", "stream_id")


@dataclass(frozen=True, slots=True)
class Household:
    """One dwelling and the person who calls from it."""

    subject: UUID
    place: Location
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Copy:
    """One ticket to write: a history, when it begins, how many of its events there are, its ids' salt and its caller."""

    model: History
    begins: datetime
    upto: int
    salt: int
    household: Household
    subject: UUID

    def event(self, step: Step, key: SubjectKey, random: Random) -> Folded.Event:
        """One event of this copy, sealed."""
        by = self.begins - self.model.began
        made = object.__new__(step.kind)
        stream = UUID(int=self.model.stream.int ^ self.salt)
        attributes = made.__dict__
        attributes.update(step.data)
        for name in step.moving:
            attributes[name] = moved(step.data[name], self.salt, by)
        for name, text in step.texts:
            where = PlainField(stream, step.version, name)
            clear = Personal(self.subject, self.household.texts.get(name, text))
            attributes[name] = seal_text(key, where, clear, random.randbytes)
        if "subject" in step.data:
            attributes["subject"] = self.subject
        if self.model.at_home and step.version == 1:
            attributes["location"] = self.household.place
        attributes["originator_id"], attributes["originator_version"] = stream, step.version
        attributes["timestamp"] = self.begins + step.occurred
        attributes["meta"] = _meta(step.meta, self.salt)
        return made


def households(count: int, area: str, random: Random) -> list[Household]:
    """Dwellings, each with the name and the telephone number of one person."""
    found = []
    for n in range(count):
        building, door = divmod(n, DOORS * FLOORS * ENTRANCES)
        entrance, door = divmod(door, DOORS * FLOORS)
        name = random.choice(SURNAMES) + random.choice(GIVEN)
        dwelling = f"{door // DOORS + 1}{door % DOORS + 1:02}"
        texts = {"reporter_name": name, "reporter_phone": f"139{n:08}", "dwelling": dwelling}
        place = Location(area, str(building + 101), str(entrance + 1))
        found.append(Household(UUID(int=random.getrandbits(128), version=4), place, texts))
    return found


@dataclass
class Writer:
    """Appends copies in the order in which their events were recorded."""

    gongdan: Gongdan
    zone: ZoneInfo
    random: Random
    position: int = 0
    tickets: int = 0
    recorded_at: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    _keys: dict[UUID, SubjectKey] = field(default_factory=dict)
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _numbers: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """The store's."""
        assert self.gongdan.store.database is not None
        return self.gongdan.store.database

    @property
    def ends(self) -> datetime:
        """When the last event was recorded."""
        return from_micros(self.recorded_at)

    async def begin(self) -> None:
        """Read the end of the log and the counters of the numbers."""
        [(self.position, self.recorded_at)] = await self.database.read("SELECT position, recorded_at FROM head")
        self.counters.update(await self.database.read("SELECT name, value FROM counters"))

    async def write(self, community: str, drawn: Iterable[Copy]) -> None:
        """Write copies, interleaved by time."""
        copies = sorted(drawn, key=lambda one: one.begins)
        waiting: list[tuple[datetime, int, int, Copy]] = []
        for i in range(0, len(copies), TOGETHER):
            begun, later = copies[i : i + TOGETHER], copies[i + TOGETHER : i + TOGETHER + 1]
            await self._take_keys([one.subject for one in begun])
            for one in begun:
                heapq.heappush(waiting, (one.begins, self.tickets, 0, one))
                self.tickets += 1
            while waiting and (not later or waiting[0][0] < later[0].begins):
                at, n, index, one = heapq.heappop(waiting)
                self._append(community, one, one.model.steps[index], at)
                if index + 1 < one.upto:
                    heapq.heappush(waiting, (one.begins + one.model.steps[index + 1].recorded, n, index + 1, one))
                if len(self._rows) >= CHUNK:
                    await self._flush()
        await self._flush()
        await self._finish()

    def _append(self, community: str, one: Copy, step: Step, at: datetime) -> None:
        event = one.event(step, self._keys[one.subject], self.random)
        self.position += 1
        self.recorded_at = max(self.recorded_at, to_micros(at))
        stream = event.originator_id.bytes
        if step.book is not None:
            day = f"{from_micros(self.recorded_at).astimezone(self.zone):%Y%m%d}"
            prefix = f"{step.book}-{community}-{day}"
            counter = number_counter(prefix)
            sequence = self.counters[counter] = self.counters.get(counter, 0) + 1
            number = f"{prefix}-{sequence:04d}"
            self._numbers.append((number, step.book, community, day, sequence, self.position, stream))
        if step.kind.changes_open_list:
            self.counters[open_list_counter(community)] = self.position
        row = (self.position, stream, step.version, step.topic, community, self.recorded_at, step.book, encode(event))
        self._rows.append(row)

    async def _take_keys(self, subjects: Sequence[UUID]) -> None:
        missing = sorted({one for one in subjects if one not in self._keys})
        if missing:
            await self.gongdan.keys.ensure(missing)
            self._keys.update(await self.gongdan.keys.for_sealing(missing))

    async def _flush(self) -> None:
        rows, numbers = self._rows, self._numbers
        self._rows, self._numbers = [], []

        async def work(tx: Transaction) -> None:
            await tx.insert("events", EVENTS, rows)
            await tx.insert("numbers", NUMBERS, numbers)

        if rows:
            await self.database.write(work, within=SLOW)

    async def _finish(self) -> None:
        """Move head, counters and processes to the end: the processes are as if they had seen every event."""

        async def work(tx: Transaction) -> None:
            await tx.insert("counters", ("name", "value"), list(self.counters.items()), key=("name",))
            place = {"position": self.position, "at": self.recorded_at}
            await tx.execute("UPDATE head SET position = :position, recorded_at = :at", place)
            await tx.execute("UPDATE processes SET position = :position, updated_at = :at", place)

        await self.database.write(work, within=SLOW)


def drawn(
    models: Sequence[History],
    callers: Sequence[Household],
    count: int,
    unfinished: int,
    since: datetime,
    until: datetime,
    random: Random,
) -> Iterator[Copy]:
    """That many copies between two moments; ``unfinished`` of them changed in the last days."""
    day = timedelta(days=1)
    for n in range(count):
        model, salt, caller = random.choice(models), random.getrandbits(128), random.choice(callers)
        if n < unfinished:
            upto = random.randint(1, model.open_until)
            begins = until - model.steps[upto - 1].recorded - 2 * day * random.random()
        else:
            upto = len(model.steps)
            begins = since + day + (until - model.lasts - since - 2 * day) * random.random()
            begins = model.began + (begins - model.began) // day * day + timedelta(seconds=random.randrange(600))
        subject = caller.subject if random.random() < ON_THE_REGISTER else UUID(int=random.getrandbits(128), version=4)
        yield Copy(model, begins, upto, salt, caller, subject)


def _meta(meta: Meta, salt: int) -> Meta:
    """The metadata with other ids; written out, since this is done for every event."""
    return Meta(
        meta.actor,
        UUID(int=meta.command_id.int ^ salt),
        meta.on_behalf_of,
        meta.second_person,
        meta.correlation_id and UUID(int=meta.correlation_id.int ^ salt),
        meta.causation_id and UUID(int=meta.causation_id.int ^ salt),
        meta.back_entered,
        meta.offline_entered,
        meta.policy,
    )
