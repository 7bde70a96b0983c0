"""``--live``: the demonstration continues from the end of its filling; a clock makes hours pass."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.composition import opened
from adapters.demo.filling import LEAST_DAYS, fill
from adapters.demo.live import go_on
from adapters.simulation.company.timing import SteppedClock
from domain.kernel.request import Request
from domain.kernel.terms import CancelReason, State
from domain.ticket import commands as c
from tests.demo.test_filling import settings_in
from tests.simulation import reading

NOW = datetime.fromisoformat("2026-11-24T16:10+08:00").astimezone(UTC)
HOURS = 3


def test_it_goes_on_through_a_handover_whatever_visitors_do(tmp_path: Path) -> None:
    async def run() -> None:
        demo = await fill(settings_in(tmp_path), NOW, 1, LEAST_DAYS)
        clock = SteppedClock(NOW)
        [site] = demo.simulation.sites
        shift, before = site.shift, demo.count
        async with opened(demo.settings, clock) as parts:
            for ticket, state in list(site.open.items()):  # a visitor cancels whatever can be
                if state.state in (State.RECEIVED, State.CLASSIFIED):
                    cancel = c.Cancel(reason=CancelReason.WITHDRAWN)
                    await parts.desk.act(str(ticket), cancel, Request("chen.ping", parts.ids.new()))

            async def pause() -> None:
                clock.moment += timedelta(seconds=20)

            done = await go_on(parts, demo.simulation, clock, pause, lambda: clock.moment > NOW + timedelta(hours=HOURS))
        assert done > 100
        assert site.shift != shift
        assert site.received - before >= 15
        ran = await reading.read(demo.settings, clock.moment, [site])
        late = [stored for stored in ran.stored if stored.recorded_at > NOW]
        assert len(late) > 50
        reading.somebody_holds_the_desk(ran)
        reading.nobody_follows_up_own_work(ran)

    asyncio.run(run())
