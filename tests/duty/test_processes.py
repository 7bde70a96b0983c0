"""Several operating-system processes on one store: tickets come and go while two officers keep handing the desk over."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import pytest

from adapters.composition import opened
from adapters.system.settings import Settings
from adapters.system.system import SystemClock
from domain.duty.shift import ShiftState
from domain.kernel.request import Request
from domain.kernel.terms import ShiftStatus
from tests.duty.racing_process import HANDOVERS, TICKETS
from tests.duty.test_races import histories
from tests.support.clock import SetClock
from tests.support.command_line import clean
from tests.support.estates.desk_estate import JX, Estate
from tests.support.estates.station import Station

pytestmark = pytest.mark.anyio
PATIENCE = 240


async def program(settings: Settings, what: str) -> Process:
    """A process that is ready to begin."""
    command = (sys.executable, "-m", "tests.duty.racing_process", settings.model_dump_json(), what)
    started = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=clean())
    assert started.stdout is not None
    assert await asyncio.wait_for(started.stdout.readline(), PATIENCE) == b"ready\n"
    return started


async def test_no_stale_signature_is_accepted_whoever_runs_where(shared_settings: Settings) -> None:
    async with opened(shared_settings, SystemClock()) as g:
        await g.duty.open(JX, Request("assistant", g.ids.new()))
    started = [await program(shared_settings, what) for what in ("tickets", "assistant", "technician")]
    try:
        found = await asyncio.wait_for(asyncio.gather(*(one.communicate(b"go\n") for one in started)), PATIENCE)
    finally:
        for one in started:
            if one.returncode is None:
                one.kill()
    assert [one.returncode for one in started] == [0, 0, 0], found
    async with opened(shared_settings, SystemClock()) as g:
        station = Station(Estate(g, SetClock(), shared_settings))
        shifts, lists = await histories(station)
        signatures = 0
        for stored in await g.store.read_log(0, 100_000):
            if stored.topic in ("shift.signed_out", "shift.signed_in"):
                signatures += 1
                sheet = (await g.journal.load_at(stored.stream_id, stored.version, ShiftState)).sheets[-1]
                assert {str(t.id): t.version for t in sheet.tickets} == lists[sheet.position] == lists[stored.position]
        assert signatures >= 2 * HANDOVERS
        signed = [shift for shift in shifts if shift.status is ShiftStatus.HANDED_OVER]
        assert len(signed) == HANDOVERS
        assert len(shifts) == HANDOVERS + 1
        for shift in signed:
            out, in_ = shift.sheets[-1].signed_out, shift.sheets[-1].signed_in
            assert out is not None
            assert in_ is not None
            assert out.hash == in_.hash == shift.sheets[-1].hash
            assert out.by != in_.by
        assert len(lists[max(lists)]) == TICKETS * 3 // 4
