"""Any sequence of shifts, substitutions, handovers and tickets, compared with a plain model of the officer and the open tickets.

There are never two officers, and never none without a recorded gap. A signed sheet lists exactly the unfinished tickets of its
position. Its hash follows from the events alone, also after a resident on it was erased.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from adapters.composition import opened
from domain.duty.handover_sheet import StaleSheet
from domain.duty.shift import Shift, ShiftState
from domain.kernel.aggregate import fold
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, Refusal, RuleRefused, TransitionRefused
from domain.kernel.terms import Role, ShiftStatus
from domain.people.post import Desk, desk_stream
from domain.service_desk.erasure import Erase
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from projections.duty.duty_coverage import coverage
from projections.duty.handover_list import handover_list
from tests.support.clock import SetClock
from tests.support.estates.desk_estate import JX, Estate, sqlite_settings
from tests.support.estates.station import Station
from tests.support.examples import one_in

T = TypeVar("T")
BEGINNING, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
OFFICERS = ("assistant", "assistant2", "technician", "technician2", "control_room")
people = st.sampled_from([*OFFICERS, "security", "supervisor", "butler"])
HOLDERS = (*OFFICERS, "supervisor")
officers = st.sampled_from(HOLDERS)


class AnySequence(RuleBasedStateMachine):
    """One desk, a few tickets, everyone on the staff."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)
        settings, clock = sqlite_settings(self.folder), SetClock()
        self.opening = opened(settings, clock)
        self.station = Station(Estate(self.run(self.opening.__aenter__()), clock, settings))
        self.estate = self.station.estate
        # the model
        self.officer: str | None = None
        self.stand_in: str | None = None
        self.phone: str | None = None
        self.status = ""
        self.signed_out = False
        self.arrived: set[str] = set()
        self.moved = False
        self.live = False
        self.open: dict[str, int] = {}
        self.closed: list[str] = []
        self.sheet: dict[str, int] = {}
        self.erased: set[str] = set()
        self.signed: list[tuple[UUID, int, str, dict[str, int]]] = []

    @initialize(live=st.sampled_from([False, False, False, True]))
    def with_or_without_a_live_view(self, live: bool) -> None:
        self.live = live
        if live:
            self.run(self.estate.g.projections.start())

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def teardown(self) -> None:
        self.run(self.whole_log_is_sound())
        if self.live:
            self.run(self.views_are_sound())
        self.run(self.opening.__aexit__(None, None, None))
        self.runner.close()
        shutil.rmtree(self.folder)

    def attempt(self, doing: Coroutine[Any, Any, Any], hoped: type[Refusal] | None) -> bool:
        """Whether a command was accepted, after checking that this was right."""
        refused: Refusal | None = None
        try:
            self.run(doing)
        except Refusal as refusal:
            refused = refusal
        assert (None if refused is None else type(refused)) is hoped, repr(refused)
        return refused is None

    # --- time and tickets ---------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 20, 120, 600, -30]))
    def time_passes(self, minutes: int) -> None:
        self.estate.clock.forward(timedelta(minutes=minutes))

    @rule()
    @precondition(lambda self: len(self.open) < 4)
    def a_ticket_is_received(self) -> None:
        self.open[self.run(self.estate.receive())] = 1
        self.moved = True

    @rule(data=st.data(), finish=st.booleans())
    @precondition(lambda self: self.open)
    def a_ticket_moves(self, data: st.DataObject, finish: bool) -> None:
        ticket = data.draw(st.sampled_from(list(self.open)))
        finish = finish or ticket in self.erased
        command = c.Cancel(reason="withdrawn") if finish else c.Note(text="住户补充说明。")
        self.run(self.estate.act("assistant", ticket, command))
        self.open[ticket] += 1
        self.moved = True
        if finish:
            del self.open[ticket]

    @rule()
    @precondition(lambda self: len(self.open) < 4)
    def an_enquiry_is_finished_and_perhaps_reopened(self) -> None:
        ticket = self.run(self.estate.receive())
        steps = [
            ("assistant", c.Classify(kind="enquiry")),
            ("assistant", c.Settle(resolution="已答复。")),
            ("assistant2", c.FollowUp(satisfied=True, rating=5, method="phone")),
        ]
        self.run(self.estate.run(ticket, steps))
        self.closed.append(ticket)
        self.moved = True

    @rule()
    @precondition(lambda self: self.closed)
    def a_finished_ticket_is_reopened(self) -> None:
        ticket = self.closed.pop()
        try:
            state = self.run(self.estate.act("supervisor", ticket, c.Reopen(reason="又有问题。")))
        except RuleRefused:
            return
        self.open[ticket] = state.version
        self.moved = True

    # --- the desk -----------------------------------------------------------------------------------------------------

    @rule(login=people)
    def somebody_opens(self, login: str) -> None:
        hoped = None if login in HOLDERS and self.officer is None else Conflict if login in HOLDERS else NotAllowed
        if self.attempt(self.station.open(login), hoped):
            self.held_by(login)

    @rule(login=people, stand_in=st.sampled_from(["security", "butler"]))
    @precondition(lambda self: self.status)
    def the_officer_leaves(self, login: str, stand_in: str) -> None:
        hoped: type[Refusal] | None = InvalidInput if stand_in == "butler" else None
        allowed = login in (self.officer, self.phone)
        if self.attempt(self.station.do("substitute", login, stand_in), self.gate(allowed, hoped)):
            self.stand_in = stand_in

    @rule(login=people)
    @precondition(lambda self: self.status)
    def the_officer_returns(self, login: str) -> None:
        own = login in (self.officer, self.stand_in) and login != "butler"
        hoped = None if self.stand_in else RuleRefused
        if self.attempt(self.station.do("return_to_post", login), self.gate(own, hoped)):
            self.stand_in = None

    @rule(login=people, back=st.booleans())
    @precondition(lambda self: self.status and self.officer != "control_room")
    def the_phone_is_switched(self, login: str, back: bool) -> None:
        to = None if back else "control_room"
        hoped: type[Refusal] | None = RuleRefused if self.stand_in or self.phone == to else None
        if self.status == "handing_over":
            hoped = TransitionRefused
        if self.attempt(self.station.do("switch_phone", login, to), self.gate(login in (self.officer, self.phone), hoped)):
            self.phone = to

    @rule(login=st.sampled_from(["supervisor", "assistant"]))
    @precondition(lambda self: self.status)
    def the_shift_is_taken_over(self, login: str) -> None:
        if self.attempt(self.station.do("take_over", login, "接班人员未到岗"), self.gate(login == "supervisor", None)):
            self.held_by(None)

    @rule(login=people)
    @precondition(lambda self: self.status)
    def the_sheet_is_prepared(self, login: str) -> None:
        hoped = RuleRefused if self.stand_in else None
        if self.attempt(
            self.station.do("prepare_handover", login, remarks="钥匙在柜内。"), self.gate(login == self.acting, hoped)
        ):
            self.status, self.signed_out, self.sheet = "handing_over", False, dict(self.open)
            self.moved = False
            assert {str(t.id): t.version for t in self.station.sheet.tickets} == self.open

    @rule(login=people, own=st.booleans())
    @precondition(lambda self: self.status)
    def the_outgoing_signs(self, login: str, own: bool) -> None:
        login = self.acting if own and self.acting else login
        hoped = self.signing(Conflict if self.signed_out else None, RuleRefused if self.stand_in else None)
        if self.attempt(self.station.do("sign_out", login), self.gate(login == self.acting, hoped)):
            self.signed_out = True
            assert self.sheet == self.open

    @rule(login=people)
    @precondition(lambda self: self.status)
    def somebody_arrives(self, login: str) -> None:
        hoped: type[Refusal] | None = None
        if login == self.acting:
            hoped = InvalidInput  # who holds the desk arrives no more
        elif login in self.arrived:
            hoped = Conflict
        allowed = login == self.acting or (login in HOLDERS and login not in (self.officer, self.phone))
        if self.attempt(self.station.do("arrive", login), self.gate(allowed, hoped)):
            self.arrived.add(login)

    @rule(login=officers)
    @precondition(lambda self: self.status)
    def the_incoming_signs(self, login: str) -> None:
        hoped = self.signing(None if self.signed_out else RuleRefused)
        other = login not in (self.officer, self.phone)
        shift = self.station.held
        if self.attempt(self.station.do("sign_in", login), self.gate(other, hoped)):
            assert self.sheet == self.open
            assert self.station.shift is not None
            event(f"signed over, {len(self.sheet)} on the sheet")
            sheet = self.station.shift.sheets[-1]
            self.signed.append((shift, sheet.position, sheet.hash, dict(self.sheet)))
            assert self.station.shift.next_shift is not None
            self.station.shift = self.run(self.station.fresh(self.station.shift.next_shift))
            self.held_by(login)

    @rule(login=officers)
    @precondition(lambda self: self.status)
    def the_incoming_disputes(self, login: str) -> None:
        hoped = TransitionRefused if self.status == "on_duty" else None
        if self.attempt(
            self.station.do("dispute", login, "少一把钥匙"), self.gate(login not in (self.officer, self.phone), hoped)
        ):
            self.status, self.signed_out = "on_duty", False

    @rule(login=officers, between=st.sampled_from(["", "", "", "before", "after"]))
    def the_desk_is_handed_over(self, login: str, between: str) -> None:
        """A complete handover, possibly with a ticket arriving before or after the first signature."""
        if self.officer is None:
            self.somebody_opens(next(other for other in OFFICERS if other != login))
        if self.stand_in is not None and self.officer is not None:
            self.the_officer_returns(self.officer)
        assert self.acting is not None
        self.the_sheet_is_prepared(self.acting)
        if between == "before":
            self.a_ticket_is_received()
        self.the_outgoing_signs(self.acting, True)
        if between == "after":
            self.a_ticket_is_received()
        self.the_incoming_signs(login if login not in (self.officer, self.phone) else "technician2")

    @rule(data=st.data())
    @precondition(lambda self: self.signed and set(self.signed[-1][3]) - self.erased)
    def a_resident_on_a_signed_sheet_is_erased(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from([one for one in self.signed[-1][3] if one not in self.erased]))
        self.erased.add(ticket)
        request = self.estate.request
        waiting = self.run(self.estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), request("privacy_officer")))
        self.run(self.estate.g.approvals.approve(waiting.case.id, request("director")))
        event("erased")

    # --- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def one_answers_or_the_gap_is_on_record(self) -> None:
        desk = self.run(self.estate.g.duty.holder(JX, "supervisor"))
        if desk is None:
            assert self.officer is None
            return
        held = desk.shift
        if self.officer is None:
            assert held is None
            assert desk.changed_at is not None
            return
        assert held is not None
        assert (held.officer, held.stand_in, held.phone_with) == (self.officer, self.stand_in, self.phone)
        state = self.run(self.station.fresh(held.id))
        assert (state.officer, state.stand_in, state.phone_with) == (self.officer, self.stand_in, self.phone)
        assert state.answerable == (self.phone or self.stand_in or self.officer)
        assert state.status == self.status

    @property
    def acting(self) -> str | None:
        return self.phone or self.officer

    def held_by(self, login: str | None) -> None:
        self.officer, self.stand_in, self.phone = login, None, None
        self.status, self.signed_out, self.sheet, self.arrived = "on_duty" if login else "", False, {}, set()

    def gate(self, allowed: bool, hoped: type[Refusal] | None) -> type[Refusal] | None:
        return hoped if allowed else NotAllowed

    def signing(self, *hoped: type[Refusal] | None) -> type[Refusal] | None:
        """The first refusal that a signature meets: by the table, by a rule, or because the list changed."""
        if self.status != "handing_over":
            return TransitionRefused
        for refusal in reversed(hoped):
            if refusal is not None:
                return refusal
        return StaleSheet if self.moved else None  # also where the list is as it was: received since, and finished

    async def whole_log_is_sound(self) -> None:
        """Check the log alone, with none of the code that wrote it."""
        log = await self.estate.g.store.read_log(0, 100_000)
        codec = self.estate.g.journal.codec
        held: UUID | None = None
        streams: dict[UUID, list[Any]] = {}
        states: dict[UUID, TicketState] = {}
        lists: dict[int, dict[str, int]] = {}
        for stored in log:
            decoded = codec.decode(stored)
            streams.setdefault(stored.stream_id, []).append(decoded)
            if stored.topic.startswith("ticket."):
                states[stored.stream_id] = fold([decoded], states.get(stored.stream_id))
            lists[stored.position] = {str(id_): state.version for id_, state in states.items() if state.is_open}
            match decoded:
                case Desk.ShiftOpened():
                    assert held is None
                    held = decoded.shift
                case Desk.ShiftHandedOver():
                    assert held == decoded.follows
                    held = decoded.shift
                case Desk.ShiftTakenOver():
                    assert held == decoded.shift
                    held = None
        ended = (ShiftStatus.HANDED_OVER, ShiftStatus.REVIEWED)
        shifts: list[ShiftState] = [fold(found) for found in streams.values() if isinstance(found[0], Shift.Event)]
        assert [s.id for s in shifts if s.status not in ended] == ([held] if held else [])
        moments = [found.timestamp for found in streams.get(desk_stream(JX), [])]
        assert moments == sorted(moments)
        signed = [(s, sheet) for s in shifts for sheet in s.sheets if sheet.signed_in]
        assert sorted((s.id, sheet.position, sheet.hash) for s, sheet in signed) == sorted(row[:3] for row in self.signed)
        for _, sheet in signed:
            assert sheet.signed_out is not None
            assert sheet.signed_in is not None
            assert sheet.signed_out.hash == sheet.signed_in.hash == sha256(sheet.canonical).hexdigest()
            assert {str(t.id): t.version for t in sheet.tickets} == lists[sheet.position]

    async def views_are_sound(self) -> None:
        """Check that the read models equal the log."""
        projections, head = self.estate.g.projections, (await self.estate.g.store.head()).position
        names = ("handover_list", "night_log", "duty_coverage", "morning_review")
        for name in names:
            assert await projections.wait_for(name, head, 30)
        assert [one.differences for one in await projections.check(*names)] == [[], [], [], []]
        listed = await handover_list(projections.reader("handover_list"), JX)
        assert {str(row.ticket): row.version for row in listed.items} == self.open
        covered = await coverage(projections.reader("duty_coverage"), JX, BEGINNING, END)
        holding = [row.shift for row in covered.shifts if row.ended_at is None]
        assert holding == ([self.station.held] if self.officer else [])
        empty = [gap for gap in covered.gaps if gap.ended_at is None]
        assert len(empty) == (self.officer is None and bool(covered.shifts))


@pytest.mark.timeout(1800)
def test_any_sequence(estate_template: Path) -> None:
    """A third of the profile's examples, because each opens a store and runs through a fortnight."""
    AnySequence.template = estate_template
    run_state_machine_as_test(AnySequence, settings=one_in(3))


@pytest.mark.anyio
async def test_an_erased_resident_leaves_the_sheet_whole(station: Station) -> None:
    ticket = await station.repair()
    await station.open("technician")
    await station.do("log", "technician", "1201 王小明来电。", ticket=ticket)
    handed = await station.hand_over("technician", "assistant")
    before = handed.sheets[-1].canonical
    records, request = station.estate.g.duty_records, station.estate.request
    reading = await records.shift("supervisor", handed.id)
    assert reading.text(reading.state.lines[0].text) == "1201 王小明来电。"
    waiting = await station.estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), request("privacy_officer"))
    await station.estate.g.approvals.approve(waiting.case.id, request("director"))
    async with station.again() as other:
        reading, sheet = await other.estate.g.duty_records.handover("supervisor", handed.id)
        assert sheet.canonical == before
        assert sheet.signed_in is not None
        assert sheet.signed_in.hash == sha256(before).hexdigest()
        assert reading.text(reading.state.lines[0].text) == "erased"


def test_roles_of_the_model() -> None:
    assert set(OFFICERS) <= {f"{role.value}{n}" for role in Role for n in ("", "2")}
