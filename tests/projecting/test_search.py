"""A search reads a bounded number of postings, says how far it looked, and goes further when asked."""

from random import Random
from typing import Any

import pytest
from hypothesis import given

from projections.ticket import postings
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from projections.ticket.ticket_search import Filters
from tests.projecting.test_folding import any_filters, every_page, few, passes, walks
from tests.support.estates.view_estate import TEXTS
from tests.support.estates.view_fixtures import NewEstate

pytestmark = pytest.mark.anyio


@few
@given(walks)
async def test_a_bounded_search_goes_on_until_it_has_found_all_and_says_how_far_it_came(
    new_estate: NewEstate, monkeypatch: pytest.MonkeyPatch, random: Random
) -> None:
    async with new_estate() as estate:
        await estate.wander(random, 80)
        projections = await estate.projections(views=[TICKET_DIRECTORY])
        await projections.start()
        assert await projections.wait_for(TICKET_DIRECTORY.name, (await estate.store.head()).position, 60)
        now = estate.clock.now()
        texts = {ticket: await estate.clear(ticket) for ticket in estate.tickets}
        taken = await estate.store.numbers_of(list(estate.tickets))
        numbers = {ticket: [n.number for n in some] for ticket, some in taken.items()}
        order = {ticket: some[0].position for ticket, some in taken.items()}
        recorded = {row.ticket: row.first_recorded_at for row in await every_page(projections.search, Filters(), now=now)}
        stopped = 0
        for _ in range(30):
            monkeypatch.setattr(postings, "READ", random.choice([2, 5, 12, 30]))
            monkeypatch.setattr(postings, "SAMPLE", random.choice([1, 4]))
            number = random.choice(random.choice(list(numbers.values())))
            filters = any_filters(random, estate, number)
            if filters.q is None and filters.phone is None:
                filters = Filters(filters.communities, q=random.choice([*TEXTS[:3], "GD-garden-2", "BX-lake", "王小 水管"]))
            expected = [s.id for s in estate.tickets.values() if passes(s, filters, now, texts[s.id], numbers[s.id])]
            expected.sort(key=lambda ticket: -order[ticket])
            found: list[Any] = []
            cursor = None
            while True:
                page = await projections.search(filters, now=now, limit=random.choice([1, 3, 200]), cursor=cursor)
                found += [row.ticket for row in page.items]
                assert found == expected[: len(found)], filters
                if page.searched_from is not None:
                    stopped += 1
                    assert page.cursor is not None
                    newer = [ticket for ticket in expected if recorded[ticket] > page.searched_from]
                    assert found[: len(newer)] == newer
                assert cursor is None or page.cursor != cursor
                cursor = page.cursor
                if cursor is None:
                    break
            assert found == expected, filters
        assert stopped
        await projections.stop()
