"""Compare a table set with a fold of the log from scratch, stream by stream and row by row.

Every row follows from its stream's events up to the set's position. A page of streams is read in one transaction together with
that position, and the log is append-only. So the comparison is exact although the view moves on. Differences name rows and
columns, never values, which may be personal.
"""

from bisect import insort
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.projecting.folding.follower import Folding
from adapters.projecting.folding.streams import Run
from adapters.projecting.tables.catalogue import Catalogue, read_parked
from adapters.projecting.tables.fences import Fenced
from adapters.projecting.tables.row_tables import Merged, RowTables
from adapters.store.database.database import Database, Row, Transaction
from domain.kernel.ports import Codec, EventLog
from domain.people.community import Community
from projections.engine.tables import Table

PAGE = 200
"""Streams compared in one transaction."""

FIRST, LAST = b"", b"\xff" * 16
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs from the log. ``kind``: ``missing``, ``extra``, or ``changed`` (in ``columns``)."""

    table: str
    stream: UUID | None
    key: str
    kind: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a check. ``streams``: how many were compared; ``position``: the view's at the end of the check."""

    name: str
    position: int
    streams: int
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Page:
    """A table set's rows of a page of streams, read in one transaction."""

    position: int
    parked: dict[UUID, int]
    erased: set[bytes]
    rows: dict[Table[Any], dict[tuple[Any, ...], Row]]


async def check(name: str, catalogue: Catalogue, log: EventLog, tables: RowTables, folding: Folding) -> Checked:
    """Compare every row of a table set with the log."""
    streams = 0
    differences: list[Difference] = []
    async for last, upto, page in _pages(log, catalogue, folding):
        streams += len(page)
        differences += await _compare(last, upto, page, catalogue, tables, folding, {})
    differences += await catalogue.database.snapshot(lambda tx: check_tallies(tx, tables), within=60.0)
    live = await catalogue.live(name)
    return Checked(name, live.position if live else 0, streams, differences)


async def check_tallies(tx: Transaction, tables: RowTables) -> list[Difference]:
    """Compare each tally with a count of its rows."""
    found = []
    for tally in tables.view.tallies:
        counted = {tuple(key): n for *key, n in await tx.query(tables.counted(tally))}
        kept = {tuple(key): n for *key, n in await tx.query(f"SELECT {', '.join(tally.by)}, n FROM {tables.names[tally.name]}")}
        for key in sorted(counted.keys() | kept.keys()):
            if counted.get(key, 0) != kept.get(key, 0):
                found.append(Difference(tally.name, None, "/".join(map(str, key)), "changed", ("n",)))
    return found


Known = dict[tuple[UUID, int], Run]
"""Streams as folded up to a position, so that table sets with one position need not fold a stream once each."""


class Sample:
    """The streams with the smallest ids, ``most`` of them, of those that a table set has taken."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ids: list[int] = []
        self._upto = 2**128

    def add(self, streams: Iterable[UUID]) -> None:
        """Note streams that the set takes; each may be noted several times."""
        for stream in streams:
            id_ = stream.int
            if id_ < self._upto and id_ not in self._ids:
                insort(self._ids, id_)
                if len(self._ids) > self._most:
                    self._ids.pop()
                    self._upto = self._ids[-1]

    @property
    def page(self) -> tuple[bytes, list[UUID]]:
        """The last id up to which the sample holds every stream, and its streams."""
        streams = [UUID(int=id_) for id_ in self._ids]
        return (LAST if self._upto == 2**128 else streams[-1].bytes), streams


async def check_sample(
    catalogue: Catalogue, tables: RowTables, folding: Folding, sample: Sample, known: Known
) -> list[Difference]:
    """Compare the sample of a table set with the log; ``known`` is what was folded for others."""
    upto, streams = sample.page
    return await _compare(FIRST, upto, streams, catalogue, tables, folding, known)


async def _pages(log: EventLog, catalogue: Catalogue, folding: Folding) -> AsyncIterator[tuple[bytes, bytes, list[UUID]]]:
    """Yield pages of the streams that a view takes, by id: (id before the page, last id of the page, its streams)."""
    last, in_memory = FIRST, await _in_memory(log, folding) if folding.streams.database is None else []
    while True:
        if folding.streams.database is None:
            page = [stream for stream in in_memory if stream.bytes > last][:PAGE]
        else:
            page = await _stored_page(catalogue.database, folding, last)
        full = len(page) == PAGE
        upto = page[-1].bytes if full else LAST
        yield last, upto, page
        if not full:
            return
        last = upto


async def _in_memory(log: EventLog, folding: Folding) -> list[UUID]:
    events = await log.read_log(0, (await log.head()).position)
    return sorted({event.stream_id for event in events if folding.takes(event)})


async def _stored_page(database: Database, folding: Folding, last: bytes) -> list[UUID]:
    params: dict[str, Any] = {"last": last, "page": PAGE}
    topics = []
    for i, beginning in enumerate(folding.view.takes):
        params[f"from_{i}"], params[f"to_{i}"] = beginning, beginning + "\U0010ffff"
        topics.append(f"(topic >= :from_{i} AND topic <= :to_{i})")
    rows = await database.read(
        f"SELECT DISTINCT stream_id FROM events WHERE stream_id > :last AND ({' OR '.join(topics)})"
        " ORDER BY stream_id LIMIT :page",
        params,
        within=60.0,
    )
    return [UUID(bytes=stream) for (stream,) in rows]


async def _compare(
    last: bytes,
    upto: bytes,
    streams: Sequence[UUID],
    catalogue: Catalogue,
    tables: RowTables,
    folding: Folding,
    known: Known,
) -> list[Difference]:
    """Compare a page, and again where it differs: an erasure between reading the rows and the keys is no difference."""
    found: list[Difference] = []
    for _ in range(2):
        page = await catalogue.database.snapshot(lambda tx: _read(tx, last, upto, catalogue, tables), within=60.0)
        expected = await _expected_of(page, streams, folding, known)
        found = [
            difference
            for table in tables.view.tables
            for difference in _differences(table, expected.get(table, {}), page.rows.get(table, {}))
        ]
        if not found:
            break
    return found


async def _expected_of(
    page: Page, streams: Sequence[UUID], folding: Folding, known: Known
) -> dict[Table[Any], dict[tuple[Any, ...], Row]]:
    """The rows that the log demands on a page, as of the page's position."""
    unknown = [stream for stream in streams if (stream, page.position) not in known]
    known.update(((stream, page.position), run) for stream, run in (await folding.streams.whole(unknown, page.position)).items())
    runs = {stream: known[stream, page.position] for stream in streams}
    for stream, position in page.parked.items():
        if stream in runs:
            runs[stream] = Run([step for step in runs[stream].steps if step.after.position < position])
    changes = (await folding.fold_runs([(s, run) for s, run in runs.items() if run.steps], page.position)).merged()
    return _expected(changes, page.erased)


async def _read(tx: Transaction, last: bytes, upto: bytes, catalogue: Catalogue, tables: RowTables) -> Page:
    view = tables.view
    params = {"name": view.name, "version": tables.version, "last": last, "upto": upto}
    found = await tx.query("SELECT position FROM projections WHERE name = :name AND version = :version", params)
    if not found:
        raise Fenced
    parked = {one.stream: one.position for one in await read_parked(tx, view.name, tables.version)}
    rows: dict[Table[Any], dict[tuple[Any, ...], Row]] = {}
    erased: set[bytes] = set()
    for table in view.tables:
        name = tables.names[table.name]
        read = await tx.query(
            f"SELECT {table.listed} FROM {name} WHERE {table.stream} > :last AND {table.stream} <= :upto", params
        )
        rows[table] = {table.key_of(row): row for row in read}
        if table.erased:
            listed = await tx.query(f"SELECT subject FROM {tables.names[table.erased]}")
            erased.update(subject for (subject,) in listed)
    return Page(found[0][0], parked, erased, rows)


def _expected(changes: Merged, erased: set[bytes]) -> dict[Table[Any], dict[tuple[Any, ...], Row]]:
    expected = {table: {key: row for key, row in rows.items() if row is not None} for table, rows in changes.rows.items()}
    for table, tokens in changes.token_rows().items():
        subject = table.names.index("subject")
        expected[table] = {table.key_of(row): row for row in tokens if row[subject] not in erased}
    return expected


def _differences(
    table: Table[Any], expected: dict[tuple[Any, ...], Row], found: dict[tuple[Any, ...], Row]
) -> Iterable[Difference]:
    for key, row in expected.items():
        if key not in found:
            yield _difference(table, key, row, "missing")
        elif row != found[key]:
            columns = tuple(n for n, a, b in zip(table.names, row, found[key], strict=True) if a != b)
            yield _difference(table, key, row, "changed", columns)
    for key, row in found.items():
        if key not in expected:
            yield _difference(table, key, row, "extra")


def _difference(table: Table[Any], key: tuple[Any, ...], row: Row, kind: str, columns: tuple[str, ...] = ()) -> Difference:
    stream = UUID(bytes=row[table.names.index(table.stream)])
    shown = [str(value) for value in key if not isinstance(value, bytes)]
    return Difference(table.name, stream, "/".join(shown), kind, columns)


async def check_numbers(log: EventLog, codec: Codec, database: Database | None) -> Checked:
    """Compare the numbers drawn with those computed from the log's clear columns: book, community, day of recording.

    The time zone of a community is the one of its registration.
    """
    zones: dict[str, ZoneInfo] = {}
    sequences: dict[str, int] = {}
    differences: list[Difference] = []
    position, drawn = 0, 0
    while events := await log.read_log(position, 5_000):
        position = events[-1].position
        for event in events:
            if event.topic == Community.CommunityRegistered.TOPIC:
                registered = codec.decode(event)
                assert isinstance(registered, Community.CommunityRegistered)
                zones[registered.code] = ZoneInfo(registered.timezone)
            if event.book is None:
                continue
            drawn += 1
            day = event.recorded_at.astimezone(zones.get(event.community, UTC_ZONE))
            prefix = f"{event.book}-{event.community}-{day:%Y%m%d}"
            sequences[prefix] = sequences.get(prefix, 0) + 1
            expected = f"{prefix}-{sequences[prefix]:04d}"
            if event.number != expected:
                kind = "missing" if event.number is None else "changed"
                differences.append(Difference("numbers", event.stream_id, expected, kind, ("number",)))
    if database is not None:
        sql = (
            "SELECT n.number, n.stream_id FROM numbers n LEFT JOIN events e ON e.position = n.position"
            " WHERE n.position <= :upto AND (e.book IS NULL OR e.stream_id <> n.stream_id)"
        )
        for number, stream in await database.read(sql, {"upto": position}, within=60.0):
            differences.append(Difference("numbers", UUID(bytes=stream), number, "extra"))
    return Checked("numbers", position, drawn, differences)
