"""Defects found at a move-in (入伙) become repair tickets for the household."""

import pytest

from domain.kernel.terms import Facility, Kind, State
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from tests.support.estates.desk_estate import Estate

pytestmark = pytest.mark.anyio


async def test_a_defect_ticket_says_which_dwelling_and_whom_to_call(estate: Estate) -> None:
    place = c.Place(area="A1", building="3", entrance="1", dwelling="1201")
    ticket = await estate.receive(location=place, reporter=c.Reporter(name="王小明", phone="13812345678"))
    await estate.act("assistant", ticket, c.Classify(kind=Kind.MOVE_IN))
    command = c.CheckItem(item="flat_inspected", defects=("卫生间地漏返味", "入户门划伤"))
    done = await estate.g.desk.act(ticket, command, estate.request("assistant"))
    assert isinstance(done, Done)
    assert len(done.opened) == 2
    for child in done.opened:
        reading = await estate.g.inquiries.ticket("assistant", str(child))
        state = reading.state
        assert (state.state, state.kind, state.facility) == (State.CLASSIFIED, Kind.REPAIR, Facility.PRIVATE)
        texts = (reading.texts["dwelling"], reading.texts["reporter_name"], reading.texts["reporter_phone"])
        assert texts == ("1201", "王小明", "13812345678")
