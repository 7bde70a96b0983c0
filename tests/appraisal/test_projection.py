"""The projections ``appraisal_tally`` and ``findings`` equal the log at each of its positions, on every store."""

import json
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.store.keys.keys import KeyStore
from domain.finding.events import Finding, FindingState
from domain.kernel.aggregate import apply
from domain.kernel.periods import Month
from domain.tally.document import as_document
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY
from projections.appraisal.findings import FINDINGS, FindingFilters, findings
from projections.engine.view import View
from tests.appraisal.walk import HERE, Plain, Rows, Walk, plain_months, projected
from tests.support.estates.view_estate import Estate, estate_at
from tests.support.estates.view_fixtures import NewEstate, keys, new_estate, urls

__all__ = ["keys", "new_estate", "urls"]
pytestmark = pytest.mark.anyio
walks = st.integers(0, 2**32).map(Random)
few = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
MONTHS = [Month(2026, number) for number in (1, 2, 3, 4)]


async def same_at_every_position(estate: Estate, random: Random, steps: int) -> None:
    walk = Walk(estate, random)
    await walk.begin()
    for _ in range(steps):
        await walk.step()
    follower = await estate.new_set(APPRAISAL_TALLY)
    plain = Plain()
    for stored in await estate.log():
        await follower.advance(1)
        plain.take(estate.codec.decode(stored))
        month = random.choice(MONTHS)
        ours = (await projected(Rows(estate, follower), [month]))[month]
        if month in plain.closed:
            frozen = json.loads(plain.closed[month])
            assert {**frozen, "people": ours["people"]} == frozen
        else:
            assert ours == as_document(plain_months(plain, month)[month], explained=True), stored.position
    assert not await estate.differences(follower)


@settings(few, max_examples=1)
@given(walks)
async def test_the_tally_of_every_position_is_the_pure_function_s(new_estate: NewEstate, random: Random) -> None:
    async with new_estate() as estate:
        await same_at_every_position(estate, random, 20)


@settings(few, max_examples=3)
@given(walks)
async def test_the_same_on_many_walks(keys: KeyStore, random: Random) -> None:
    async with estate_at("memory:", keys) as estate:
        await same_at_every_position(estate, random, 40)


@settings(few, max_examples=1)
@given(walks)
async def test_findings_are_those_of_the_log_at_every_position(new_estate: NewEstate, random: Random) -> None:
    """Each finding equals its fold, except for texts and clock, which stay in its stream; the latest first."""
    async with new_estate() as estate:
        walk = Walk(estate, random)
        await walk.begin()
        for _ in range(40):
            await walk.step()
        follower = await estate.new_set(FINDINGS)
        states: dict[UUID, FindingState] = {}
        for stored in await estate.log():
            await follower.advance(1)
            event = estate.codec.decode(stored)
            if isinstance(event, Finding.Event):
                states[stored.stream_id] = apply(states.get(stored.stream_id), event)
            rows = await findings(Rows(estate, follower), [HERE], FindingFilters(), limit=1000)
            expected = [replace(one, note=None, grounds=None, review=None, reading=None) for one in states.values()]
            assert [row.state() for row in rows] == expected[::-1], stored.position
        assert states
        assert not await estate.differences(follower)


@pytest.mark.parametrize("view", [APPRAISAL_TALLY, FINDINGS], ids=lambda view: view.name)
@settings(few, max_examples=2)
@given(walks)
async def test_a_rebuild_in_one_batch_is_the_same(keys: KeyStore, view: View, random: Random) -> None:
    async with estate_at("memory:", keys) as estate:
        walk = Walk(estate, random)
        await walk.begin()
        for _ in range(60):
            await walk.step()
        slow, at_once = await estate.new_set(view, 1), await estate.new_set(view, 2)
        while await slow.advance(random.choice([1, 3, 10])):
            pass
        await at_once.catch_up(1000)
        assert await estate.rows(slow) == await estate.rows(at_once)
        assert not await estate.differences(at_once)
