"""The event stream and the process agree with a naive count over the log."""

import itertools
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.projecting.folding.checking import Difference, check_tallies
from domain.kernel.aggregate import apply
from domain.kernel.terms import State
from projections.ticket import lived_process
from projections.ticket.event_stream import EVENT_STREAM, EventRow, events
from projections.ticket.lived_process import COARSE, Way, length_range, process
from tests.support.estates.view_estate import COMMUNITIES, Estate
from tests.support.estates.view_fixtures import NewEstate

pytestmark = pytest.mark.anyio
walks = st.integers(0, 2**32).map(Random)
few = settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@few
@given(walks)
async def test_events_and_process_are_those_of_the_log_at_any_moment(
    new_estate: NewEstate, monkeypatch: pytest.MonkeyPatch, random: Random
) -> None:
    monkeypatch.setattr(lived_process, "BLOCK", random.choice([lived_process.BLOCK, 5 * 3_600_000_000]))
    async with new_estate() as estate:
        await estate.wander(random, 60)
        projections = await estate.projections(views=[EVENT_STREAM])
        await projections.start()
        assert await projections.wait_for(EVENT_STREAM.name, (await estate.store.head()).position, 60)
        reader = projections.reader(EVENT_STREAM.name)
        rows = await plainly(estate)
        for community in COMMUNITIES:
            own = [row for row in rows if row.community == community]
            if not own:
                continue
            for _ in range(12):
                until = random.choice(own).at + random.choice([timedelta(0), timedelta(microseconds=1), timedelta(days=400)])
                assert counted(await process(reader, community, until)) == by_hand(own, until), until
            chosen = random.choice(own)
            filters: dict[str, Any] = random.choice(
                [
                    {},
                    {"topics": [chosen.topic, "ticket.noted"]},
                    {"person": chosen.actor},
                    {"stream": chosen.stream},
                    {"since": chosen.at, "until": chosen.at + timedelta(days=2)},
                ]
            )
            assert await every_page(reader, community, filters, random.choice([1, 7, 200])) == expected(own, filters)
        await projections.stop()


@given(st.integers(0, 2**50), st.integers(0, 2**50))
def test_ranges_of_lengths_are_in_order_and_narrow(one: int, other: int) -> None:
    assert (length_range(one) <= length_range(other)) or one > other
    assert length_range(one) != length_range(other) or abs(one - other) <= max(one, other) >> lived_process.FINE
    assert length_range(one) >> COARSE != length_range(other) >> COARSE or abs(one - other) <= max(one, other) / 4 + 64


async def plainly(estate: Estate) -> list[EventRow]:
    """Every event of a ticket, by a naive replay."""
    states: dict[Any, Any] = {}
    rows = []
    for stored in await estate.log():
        if not stored.topic.startswith("ticket."):
            continue
        event: Any = estate.codec.decode(stored)
        before = states.get(stored.stream_id)
        after = states[stored.stream_id] = apply(before, event)
        meta = event.meta
        rows.append(
            EventRow(
                stored.position, stored.stream_id, stored.version, stored.community, stored.topic, meta.actor,
                meta.on_behalf_of, meta.second_person, event.timestamp, stored.recorded_at, meta.back_entered,
                meta.offline_entered, before.state if before else None, after.state,
            )
        )  # fmt: skip
    return rows


def expected(rows: list[EventRow], filters: dict[str, Any]) -> list[EventRow]:
    """The filters, applied naively."""
    kept = [
        row
        for row in rows
        if ("topics" not in filters or row.topic in filters["topics"])
        and ("person" not in filters or filters["person"] in (row.actor, row.on_behalf_of, row.second_person))
        and ("stream" not in filters or row.stream == filters["stream"])
        and ("since" not in filters or filters["since"] <= row.at < filters["until"])
    ]
    return kept[::-1]


async def every_page(reader: Any, community: str, filters: dict[str, Any], limit: int) -> list[EventRow]:
    """All items, page after page."""
    found: list[EventRow] = []
    before = None
    while True:
        page = await events(reader, community, **filters, before=before, limit=limit)
        found += page.items
        if not page.more:
            return found
        before = page.items[-1].position


def counted(found: Any) -> tuple[Any, ...]:
    return dict(found.taken), dict(found.standing), dict(found.stays), dict(found.median), found.returned


def by_hand(rows: list[EventRow], until: datetime) -> tuple[Any, ...]:
    """The process, one ticket after the other."""
    taken: Counter[Way] = Counter()
    standing: Counter[State] = Counter()
    stays: dict[State, list[timedelta]] = {}
    returned = 0
    for ticket in {row.stream for row in rows}:
        moves = [row for row in rows if row.stream == ticket and row.at < until and row.before is not row.after]
        ways = [Way(row.before, row.after, row.topic) for row in moves if row.after is not None]
        taken.update(ways)
        for entered, left in itertools.pairwise(moves):
            assert entered.after is not None
            stays.setdefault(entered.after, []).append(left.at - entered.at)
        if moves and moves[-1].after is not None:
            standing[moves[-1].after] += 1
        returned += any(w.source in (State.REPAIRED, State.FOLLOWED_UP) and w.target is State.CLASSIFIED for w in ways)
    middle = {
        state: timedelta(microseconds=int(median(stay / timedelta(microseconds=1) for stay in found)))
        for state, found in stays.items()
    }
    return dict(taken), dict(standing), {state: len(found) for state, found in stays.items()}, middle, returned


@few
@given(walks)
async def test_tallies_are_counts_of_the_rows_whatever_is_added_or_cleared(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 50)
        follower = await estate.new_set(EVENT_STREAM)
        while await follower.advance(random.choice([1, 7, 30])):
            assert await miscounted(estate, follower) == []
        stream = random.choice(list(estate.tickets))
        await estate.database.write(lambda tx: follower.tables.clear(tx, stream))
        assert await miscounted(estate, follower) == []
        ways = follower.tables.names["process_ways"]
        await estate.database.write(lambda tx: tx.execute(f"UPDATE {ways} SET n = n + 1"))
        wrong = await miscounted(estate, follower)
        assert wrong
        assert {(one.table, one.kind, one.columns) for one in wrong} == {("process_ways", "changed", ("n",))}


async def miscounted(estate: Estate, follower: Any) -> list[Difference]:
    """The counts that differ from their rows."""
    return await estate.database.snapshot(lambda tx: check_tallies(tx, follower.tables))
