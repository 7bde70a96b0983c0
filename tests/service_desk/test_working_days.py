"""Limits in working days (clocks.days), if a community chose them: holidays, make-up days, and running clocks."""

from datetime import date, datetime
from typing import Any

import pytest

from domain.kernel.terms import ClockName
from domain.publication.commands import OverrideCalendar
from domain.rules.clocks import latest, readings
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from tests.support.estates.desk_estate import JX, ZONE, Estate


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def due_of(estate: Estate, ticket: str) -> dict[ClockName, datetime]:
    state: TicketState = await estate.state(ticket)
    found = latest(readings(state.timeline, state.kind, state.facility, estate.clock.now()))
    return {reading.clock: reading.due_at for reading in found}


async def chosen(estate: Estate, moment: str, **settings: Any) -> str:
    """A repair received at a moment in a community that counts working days."""
    await estate.g.administration.change_settings(JX, {"clocks.days": "working", **settings}, estate.operator)
    estate.clock.moment = local(moment)
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Classify(kind="repair", facility="private"))
    return ticket


@pytest.mark.anyio
async def test_the_national_day_holiday_and_its_make_up_day(estate: Estate) -> None:
    """2026: 1 to 7 October are off, Saturday the 10th is a workday."""
    ticket = await chosen(estate, "2026-09-30 10:00")
    assert await due_of(estate, ticket) == {
        ClockName.REPLY: local("2026-10-09 10:00"),
        ClockName.REPAIR: local("2026-10-10 10:00"),
    }


@pytest.mark.anyio
async def test_a_calendar_changed_later_moves_no_clock_that_runs(estate: Estate) -> None:
    before = await chosen(estate, "2026-03-06 16:00")
    asked = await estate.g.publication.ask(
        OverrideCalendar(community=JX, date=date(2026, 3, 9), works=False, reason="台风停工"), estate.request("director")
    )
    await estate.g.approvals.approve(asked.case.id, estate.request("appraiser"))
    after = await estate.receive()
    assert (await due_of(estate, before))[ClockName.REPLY] == local("2026-03-10 16:00")
    assert (await due_of(estate, after))[ClockName.REPLY] == local("2026-03-11 16:00")


@pytest.mark.anyio
async def test_seconds_are_rounded_up_to_the_minute(estate: Estate) -> None:
    ticket = await chosen(estate, "2026-03-07 10:00:30")
    assert (await due_of(estate, ticket))[ClockName.REPLY] == local("2026-03-11 00:00:30")


@pytest.mark.anyio
async def test_rework_counts_from_its_own_start(estate: Estate) -> None:
    ticket = await chosen(estate, "2026-03-05 09:00")
    steps: list[tuple[str, c.Command]] = [
        ("assistant", c.Dispatch(assignee="technician")),
        ("technician", c.Accept()),
        ("technician", c.Start()),
        ("technician", c.Complete(resolution="换了软管", outcome="done")),
    ]
    await estate.run(ticket, steps)
    estate.clock.moment = local("2026-03-06 16:00")
    await estate.act("assistant", ticket, c.FollowUp(satisfied=False, rating=2, method="phone"))
    assert (await due_of(estate, ticket))[ClockName.REPAIR] == local("2026-03-11 16:00")
