"""A crowd that no server could serve: everybody is answered, in words, and nothing acknowledged is lost or doubled."""

import asyncio

import pytest

from adapters.composition import opened
from tests.benchmarks.measures.overload import resident
from tests.serving.conftest import POSTGRES, SQLITE, Place
from tests.serving.crowd import crowd
from tests.serving.test_workers import workers_of

pytestmark = [pytest.mark.anyio, pytest.mark.long]

CLIENTS, SECONDS = 200, 15.0
MOST_MIB = 600.0
"""Resident memory that a server of an hour's age with a small store does not come near; loosely, since no test measures it."""


@pytest.mark.parametrize(
    ("place", "options"),
    [(SQLITE, ()), (POSTGRES, ()), (POSTGRES, ("--workers", "2"))],
    indirect=["place"],
    ids=["sqlite", "postgres", "postgres, two workers"],
)
async def test_a_crowd_is_admitted_or_refused_in_words(
    place: Place, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    service = await asyncio.to_thread(place.served, *options, GONGDAN_PATIENCE="0.4")
    seen = await crowd(service.url, place.bearer("li"), CLIENTS, SECONDS)
    with capsys.disabled():
        print(f" [{dict(seen.statuses)}]", end="")
    assert set(seen.statuses) <= {201, 503}
    assert seen.statuses[201] > 0
    assert seen.statuses[503] > 0
    assert seen.without_time == 0
    assert all(resident(pid) < MOST_MIB for pid in (service.pid, *workers_of(service)))
    service.begin_stop()
    assert await asyncio.to_thread(service.ends, 300) == 0
    async with opened(place.settings) as g:
        events = await g.store.read_log(0, 1_000_000)
    tickets = [str(event.stream_id) for event in events if event.topic == "ticket.received"]
    assert len(set(seen.keys.values())) == len(seen.keys), "two commands, two tickets"
    assert set(seen.keys.values()) <= set(tickets)
    assert len(tickets) <= len(seen.keys) + CLIENTS, "beyond those acknowledged, at most the last of each client"
