"""What a lone command costs the database, all read models and processes following: statements and commits, held here."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.composition import opened
from adapters.system.settings import Settings
from domain.ticket import commands as c
from tests.support.clock import SetClock
from tests.support.estates.desk_estate import Estate
from tests.support.round_trips import Sent, counted, followed

pytestmark = pytest.mark.anyio

TOGETHER = (25, 4)
"""Statements and commits of a command with everything that follows it: the first step of the engine's goals."""
FOLLOWER = (13, 1)
"""The follower's part: the batch read once, one statement for the positions of all read models, one for those of all processes,
the directory's version, the states of the reminders that there may have to be, the moment to look again, and seven for rows."""


@pytest.fixture
async def following(shared_settings: Settings) -> AsyncIterator[tuple[Estate, Sent]]:
    """An estate whose read models and processes follow in this process, and what it sends."""
    clock = SetClock()
    with counted() as sent:
        async with opened(shared_settings, clock) as g:
            yield Estate(g, clock, shared_settings), sent


async def test_a_lone_command_costs_few_round_trips(following: tuple[Estate, Sent]) -> None:
    estate, sent = following
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Note(text="已联系"))
    sent.clear()
    await estate.act("assistant", ticket, c.Note(text="再联系"))
    alone = (len(sent.statements), sent.commits)
    await estate.g.projections.start(estate.g.processes)
    await followed(estate.g)
    await estate.act("assistant", ticket, c.Note(text="都在跟着"))
    await followed(estate.g)
    await asyncio.sleep(0.1)
    sent.clear()
    await estate.act("assistant", ticket, c.Note(text="只此一条"))
    await followed(estate.g)
    together = (len(sent.statements), sent.commits)
    follower = (together[0] - alone[0], together[1] - alone[1])
    assert follower[0] <= FOLLOWER[0], sent.statements
    assert follower[1] <= FOLLOWER[1]
    assert together[0] <= TOGETHER[0], sent.statements
    assert together[1] <= TOGETHER[1]
