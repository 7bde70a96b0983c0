"""Importing: two people for a file, rows refused one by one, idempotent, and continued after any interruption."""

import json
from asyncio import gather
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.composition import opened
from adapters.exchange.importing.importing import BATCH, ImportReport, Progress, import_log, write_report
from adapters.exchange.importing.source import FileRefused
from domain.approval.aggregate import Approval
from domain.kernel.aggregate import fold
from domain.kernel.errors import InvalidInput, NotAllowed, NotFound
from domain.kernel.ports import PlainField, StoredEvent
from domain.kernel.terms import Book, State
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState
from tests.importing.samples import LEGAL, MAPPING, REFUSED, ROWS, XES_MAPPING, csv_file, many, xes, xes_file
from tests.support.clock import SetClock
from tests.support.estates.api_estate import Estate, open_estate, settings_in

pytestmark = pytest.mark.anyio


async def bring(estate: Estate, path: Path, mapping: str = MAPPING, **more: Any) -> ImportReport:
    given = {"community": "JX", "login": "chen", "second": "wang", **more}
    return await import_log(estate.gongdan.imports, path, mapping, **given)


async def log(estate: Estate) -> list[StoredEvent]:
    """All events that imports wrote."""
    whole = await estate.gongdan.store.read_log(0, 100_000)
    return [stored for stored in whole if stored.topic.startswith(("ticket.", "approval."))]


async def tickets(estate: Estate) -> list[TicketState]:
    """Every ticket's present state, in the order of the log."""
    streams: dict[UUID, list[Any]] = {}
    for stored in await log(estate):
        if stored.topic.startswith("ticket."):
            streams.setdefault(stored.stream_id, []).append(estate.gongdan.journal.codec.decode(stored))
    return [fold(events) for events in streams.values()]


async def test_every_row_alone(estate: Estate, tmp_path: Path) -> None:
    report = await bring(estate, csv_file(tmp_path, list(ROWS.values())))
    assert {o.row: o.reason for o in report.refused} == {
        line: REFUSED[name] for line, name in enumerate(ROWS, 2) if name in REFUSED
    }
    assert report.read == len(ROWS)
    assert report.accepted == len(ROWS) - len(REFUSED)
    assert (report.already_there, report.refused_by_reason) == (0, dict(Counter(REFUSED.values()).most_common()))
    assert [s.state for s in await tickets(estate)] == [State.REPAIRED, State.CLASSIFIED, State.CLASSIFIED]
    assert report.verdicts == "none: cases closed in the log end at repaired"


async def test_events_name_both_people_and_their_true_moments(estate: Estate, tmp_path: Path) -> None:
    report = await bring(estate, csv_file(tmp_path, LEGAL))
    codec = estate.gongdan.journal.codec
    asked, granted, *events = [codec.decode(stored) for stored in await log(estate)]
    assert isinstance(asked, Approval.ApprovalRequested)
    assert isinstance(granted, Approval.ApprovalGranted)
    assert (asked.meta.actor, granted.meta.actor, asked.right) == ("chen", "wang", "import")
    assert str(asked.originator_id) == str(granted.originator_id) == report.approval
    assert granted.result == events[0].originator_id
    assert [e.TOPIC for e in events] == ["ticket.received", "ticket.classified", "ticket.dispatched", "ticket.completed"]
    for event in events:
        meta = event.meta
        assert (meta.actor, meta.second_person, meta.on_behalf_of) == ("chen", "wang", "external:wang")
        assert meta.back_entered
        assert meta.causation_id == asked.originator_id
    assert [e.timestamp.isoformat()[:16] for e in events] == ["2026-02-01T01:00"] * 3 + ["2026-02-01T07:30"]
    case = await estate.gongdan.oversight.approval("wang", asked.originator_id)
    assert case.arguments is not None
    assert case.arguments["file"] == "log.csv"
    assert case.arguments["file_digest"] == report.sha256


async def test_personal_texts_are_sealed_for_a_subject_of_each_case(estate: Estate, tmp_path: Path) -> None:
    await bring(estate, csv_file(tmp_path, many(3)))
    found = await tickets(estate)
    assert len({s.subject for s in found}) == 3
    for stored in await log(estate):
        assert "王师傅".encode() not in stored.state
        assert "厨房".encode() not in stored.state
    texts = [(PlainField(s.id, s.description.version, s.description.name), s.description.value) for s in found if s.description]
    assert await estate.gongdan.sealer.open(texts) == [f"水管：厨房{i}" for i in range(3)]


async def test_numbers_are_of_the_day_of_recording_in_the_order_of_the_file(estate: Estate, tmp_path: Path) -> None:
    await bring(estate, csv_file(tmp_path, many(5)))
    found = await tickets(estate)
    taken = await estate.gongdan.store.numbers_of([s.id for s in found])
    numbers = {book: [n.number for s in found for n in taken[s.id] if n.book == book] for book in (Book.INTAKE, Book.REPAIR)}
    assert numbers[Book.INTAKE] == [f"GD-JX-20260302-{i:04}" for i in range(1, 6)]
    assert numbers[Book.REPAIR] == [f"BX-JX-20260302-{i:04}" for i in range(1, 6)]


async def test_twice_is_once_whoever_asks(estate: Estate, tmp_path: Path) -> None:
    path = csv_file(tmp_path, list(ROWS.values()))
    first = await bring(estate, path)
    written = await log(estate)
    again = await bring(estate, path)
    other = await bring(estate, path, login="wang", second="chen")
    assert await log(estate) == written
    for report in (again, other):
        assert (report.read, report.accepted, report.events) == (first.read, 0, 0)
        assert report.already_there == first.accepted
        assert report.refused_by_reason == first.refused_by_reason


async def test_a_longer_file_adds_what_is_new_under_a_request_of_its_own(estate: Estate, tmp_path: Path) -> None:
    await bring(estate, csv_file(tmp_path, many(3)))
    report = await bring(estate, csv_file(tmp_path, many(5), "longer.csv"))
    assert (report.accepted, report.already_there) == (2, 3)
    assert sum(stored.topic == "approval.requested" for stored in await log(estate)) == 2


async def test_a_dry_run_tells_the_same_and_writes_nothing(estate: Estate, tmp_path: Path) -> None:
    path = csv_file(tmp_path, list(ROWS.values()))
    dry = await bring(estate, path, dry_run=True)
    assert await log(estate) == []
    wet = await bring(estate, path)
    assert dry.refused == wet.refused
    assert (dry.accepted, dry.events, dry.states) == (wet.accepted, wet.events, wet.states)


@pytest.mark.parametrize(
    ("login", "second", "refusal"),
    [
        ("chen", "chen", NotAllowed),
        ("li", "wang", NotAllowed),
        ("chen", "li", NotAllowed),
        ("chen", "kao", NotAllowed),
        ("root", "chen", NotAllowed),
        ("chen", "fang", NotFound),
        ("fang", "chen", NotFound),
        ("nobody", "chen", NotFound),
    ],
)
async def test_two_people_of_the_row(login: str, second: str, refusal: type[Exception], estate: Estate, tmp_path: Path) -> None:
    with pytest.raises(refusal):
        await bring(estate, csv_file(tmp_path, LEGAL), login=login, second=second)
    assert await log(estate) == []


async def test_assignees_and_areas_must_be_there(estate: Estate, tmp_path: Path) -> None:
    path = csv_file(tmp_path, LEGAL)
    with pytest.raises(InvalidInput, match="no such contractor"):
        await bring(estate, path, MAPPING.replace('"anda"', '"acme"'))
    report = await bring(estate, path, MAPPING.replace('area = "A1"', 'area = "A9"'))
    assert [o.reason for o in report.refused] == ["invalid_input"]
    assert "areas: A1, A2" in report.refused[0].detail
    assert await log(estate) == []


async def test_a_file_with_a_fault_anywhere_changes_nothing(estate: Estate, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many(2 * BATCH))
    path.write_bytes(path.read_bytes() + b"x,\xff\n")
    with pytest.raises(FileRefused, match=f"line {2 * BATCH + 2}, byte 3 is not utf-8"):
        await bring(estate, path)
    assert await log(estate) == []


TRACES = [
    ("T1", [("Assign", "2026-01-01T00:00Z"), ("Take", "2026-01-02T00:00Z"), ("Resolve", "2026-01-03T00:00Z")]),
    ("T2", [("Take", "2026-01-01T00:00Z"), ("Assign", "2026-01-02T00:00Z"), ("Wait", "2026-01-02T00:00Z")]),
    ("T3", [("Assign", "2026-01-03T00:00Z"), ("Take", "2026-01-02T00:00Z")]),
    ("T4", []),
    ("T5", [("Assign", "2026-01-01T00:00Z"), ("Take", "2026-01-01T00:00Z"), ("Resolve", "2026-01-02T00:00Z")] * 2),
]


@pytest.mark.parametrize("packed", [False, True])
async def test_an_event_log(packed: bool, estate: Estate, tmp_path: Path) -> None:
    report = await bring(estate, xes_file(tmp_path, xes(TRACES), packed=packed), XES_MAPPING)
    assert {o.name: o.reason for o in report.refused} == {"T3": "out_of_order", "T4": "no_entry", "T5": "out_of_order"}
    assert [s.state for s in await tickets(estate)] == [State.REPAIRED, State.CLASSIFIED]
    assert report.unmatched == {"Take": 1, "Wait": 1}
    codec = estate.gongdan.journal.codec
    events = [codec.decode(stored) for stored in await log(estate)]
    [completed] = [event for event in events if isinstance(event, Ticket.RepairCompleted)]
    assert completed.meta.on_behalf_of == "external:value-2"


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), batch=st.integers(1, 9))
async def test_stopped_anywhere_it_goes_on_to_the_same(seed: int, batch: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A run ends after some batches, as if the process had died; a second run ends where one run would have."""
    random = Random(seed)
    folder = tmp_path_factory.mktemp("stopped")
    rows = list(ROWS.values()) + [f"m{i},2026-02-01 09:00,,咨询,大堂,,open,\n" for i in range(20)]
    random.shuffle(rows)
    path = csv_file(folder, rows)
    found = []
    for stops in ([], sorted(random.sample(range(1, 12), 3))):
        where = folder / str(len(stops))
        where.mkdir()
        async with open_estate(settings_in(where), SetClock()) as estate:
            for stop in stops:
                with suppress(Stopped):
                    await bring(estate, path, batch=batch, progress=stopper(stop * batch))
            report = await bring(estate, path, batch=batch)
            assert report.accepted + report.already_there == 23
            states = await tickets(estate)
            taken = await estate.gongdan.store.numbers_of([s.id for s in states])
            numbers = [n.number for s in states for n in taken[s.id]]
            found.append(([s.id for s in states], [s.version for s in states], numbers, report.refused))
    assert found[0] == found[1]
    assert all(int(b[-4:]) - int(a[-4:]) == 1 for a, b in pairwise(n for n in found[1][2] if n.startswith("GD")))


class Stopped(Exception):
    """Stands for the end of a run."""


def stopper(after: int) -> Progress:
    """Ends a run once so many rows are done."""

    def progress(done: int, total: int) -> None:
        if done >= after:
            raise Stopped

    return progress


@pytest.mark.parametrize("batch", [1, 5])
async def test_two_at_once_come_to_one(batch: int, tmp_path: Path) -> None:
    """Two programs import one file into one store: every case is imported once, in any order of the two."""
    folder = tmp_path / "store"
    folder.mkdir()
    path = csv_file(tmp_path, many(12))
    async with open_estate(settings_in(folder)) as first, opened(first.gongdan.settings, first.clock) as second:
        one, two = await gather(bring(first, path, batch=batch), bring(Estate(second, first.clock), path, batch=batch))
        assert one.accepted + two.accepted == 12
        for report in (one, two):
            assert report.accepted + report.already_there == 12
        assert [s.state for s in await tickets(first)] == [State.REPAIRED] * 12
        assert sum(stored.topic == "approval.requested" for stored in await log(first)) == 1


async def test_the_report_as_json_and_as_csv_safe_from_formulas(estate: Estate, tmp_path: Path) -> None:
    report = await bring(estate, csv_file(tmp_path, [ROWS["formula"].replace("2026-02-01", "gestern"), ROWS["short"]]))
    write_report(report, tmp_path / "report.json")
    document = json.loads((tmp_path / "report.json").read_text())
    assert (document["read"], document["refused"], len(document["refusals"])) == (2, 2, 2)
    assert document["refused_by_reason"] == {"bad_moment": 1, "malformed_row": 1}
    write_report(report, tmp_path / "report.csv")
    lines = (tmp_path / "report.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "row,case,reason,detail"
    assert lines[1].startswith("2,'=1+1,bad_moment,")
