"""A program that hands the desk over again and again, or moves tickets meanwhile.

Arguments: the settings as JSON, and what to do. ``tickets`` receives, finishes and reopens tickets; a login signs for its side of
the desk until HANDOVERS were signed. It begins at the first line of standard input, and prints how often a sheet was stale.
"""

import asyncio
import sys
from contextlib import aclosing

from adapters.composition import Gongdan, opened
from adapters.system.settings import Settings
from domain.duty.handover_sheet import StaleSheet
from domain.duty.shift import ShiftState
from domain.kernel.errors import Refusal
from domain.kernel.request import Request
from domain.people.post import DeskState, desk_stream
from domain.ticket import commands as c
from tests.support.estates.desk_estate import JX, leak

HANDOVERS = 2
TICKETS = 8


async def move_tickets(g: Gongdan) -> int:
    """Of every four tickets leave one received, classify one, finish one, and finish and reopen one."""
    await g.projections.start()
    for i in range(TICKETS):
        done = await g.desk.receive(leak(), Request("assistant2", g.ids.new()))
        steps = [
            ("assistant2", c.Classify(kind="enquiry")),
            ("assistant2", c.Settle(resolution="已答复。")),
            ("supervisor", c.FollowUp(satisfied=True, rating=5, method="phone")),
            ("supervisor", c.Reopen(reason="又来问。")),
        ]
        for login, command in steps[: (0, 1, 3, 4)[i % 4]]:
            await g.desk.act(str(done.state.id), command, Request(login, g.ids.new()))  # type: ignore[union-attr]
    return 0


async def sign(g: Gongdan, login: str) -> int:
    """Prepare and sign out while holding the desk, again after every change; sign in while another holds it."""
    stale = 0
    while True:
        head = (await g.store.head()).position
        stored = await g.store.read_stream(desk_stream(JX))
        if sum(event.topic == "desk.shift_handed_over" for event in stored) >= HANDOVERS:
            return stale
        desk = await g.journal.existing(desk_stream(JX), DeskState)
        assert desk.shift is not None
        try:
            if desk.shift.officer != login:
                await g.duty.sign_in(desk.shift.id, Request(login, g.ids.new()))
                continue
            shift = await g.journal.existing(desk.shift.id, ShiftState)
            if shift.sheet is None or shift.sheet.signed_out is None or await changed(g, shift.sheet.position):
                await g.duty.prepare_handover(desk.shift.id, Request(login, g.ids.new()))
                await g.duty.sign_out(desk.shift.id, Request(login, g.ids.new()))
        except StaleSheet:
            stale += 1
        except Refusal:
            pass  # the other was faster, or not there yet
        async with aclosing(g.store.appended(head, 0.2)) as moved:  # type: ignore[type-var]
            await anext(moved)


async def changed(g: Gongdan, position: int) -> bool:
    """Whether any ticket changed after a position."""
    return any(event.topic.startswith("ticket.") for event in await g.store.read_log(position, 1000))


async def main(settings: Settings, what: str) -> None:
    async with opened(settings) as g:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(await (move_tickets(g) if what == "tickets" else sign(g, what)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Settings.model_validate_json(sys.argv[1]), sys.argv[2]))
