"""The maker of stores: every ticket is in the read models, nothing is parked, texts open, and the server goes on from there."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.composition import Gongdan, opened
from domain.kernel.request import Request
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from projections.ticket.ticket_search import Filters
from tests.benchmarks.stores.maker import Plan, build, make_store, rows_of, settings_for
from tests.support.clock import SetClock

pytestmark = pytest.mark.anyio
UNTIL = datetime(2026, 3, 4, 4, tzinfo=UTC)
PLAN = Plan(tickets=160, dwellings=40, years=1, unfinished=9, weeks=1, until=UNTIL)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    found: str = request.getfixturevalue("fresh_postgres_url")
    return found


async def test_a_store_of_so_many_tickets_has_so_many_rows(url: str | None, tmp_path: Path) -> None:
    made = await make_store(settings_for(tmp_path / "store", url, deadline=120), PLAN)
    assert made.tickets == PLAN.tickets
    assert 7 * PLAN.tickets < made.events < 16 * PLAN.tickets  # the estate itself has some
    await build(made, SetClock(UNTIL))
    async with opened(made.settings, SetClock(UNTIL)) as g:
        status = await g.projections.status()
        assert {(one.position, one.status, len(one.parked)) for one in status} == {(made.events, "live", 0)}
        assert await rows_of(g, "ticket_directory", "ticket_directory") == PLAN.tickets
        assert [one.parked for one in await g.processes.status()] == [[]] * len(await g.processes.status())
        names = () if url is None else ("ticket_directory", "numbers")
        assert [one for one in await g.projections.check(*names) if one.differences] == []
        await the_texts_open_and_are_found(g)
        await the_desk_goes_on(g)


async def the_texts_open_and_are_found(g: Gongdan) -> None:
    """A search by a caller's number finds tickets of that caller alone."""
    found = await g.projections.search(Filters(communities=["JX"], phone="139 0000 0007"), now=UNTIL)
    assert found.items
    for row in found.items:
        assert row.reporter_phone is not None


async def the_desk_goes_on(g: Gongdan) -> None:
    """The next command is carried out, on a new ticket and on an old one, with the next number."""
    call = c.Receive.model_validate(
        {"community": "JX", "channel": "phone", "description": "楼道灯不亮", "location": {"area": "A1", "building": "3"}}
    )
    done = await g.desk.receive(call, Request("he.xue", g.ids.new()))
    assert isinstance(done, Done)
    assert done.position == (await g.store.head()).position
