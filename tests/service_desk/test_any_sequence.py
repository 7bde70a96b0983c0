"""Any sequence of commands, legal and illegal, on every kind of ticket, by everyone: the service desk and a plain model agree.

A command is accepted exactly when table, rules of the kind and authority allow it; every refusal leaves the store unchanged;
remembered states equal those read again; numbers are gapless and in the order of the log.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from adapters.composition import opened
from domain.approval.waiting import Waiting as Case
from domain.duty.duty_desk import ShiftDone
from domain.kernel.aggregate import fold
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refusal, RuleRefused, TransitionRefused
from domain.kernel.journal import Journal
from domain.kernel.terms import AssigneeType, Channel, Role, Trigger
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from tests.service_desk.world import OFFICERS, Asked, Ticket, World, role_of
from tests.support.clock import MORNING, SetClock
from tests.support.estates.desk_estate import JX, SECONDS, Estate, sqlite_settings
from tests.support.examples import one_in
from tests.ticket import model
from tests.ticket.commands import PAYLOADS, command_of, corrections, places, reporters
from tests.ticket.walk import AHEAD, TALK

T = TypeVar("T")
PEOPLE = tuple(login for role in Role for login in (role.value, f"{role.value}2")[: 1 + (role in SECONDS)])
MINUTE = timedelta(minutes=1)

ANSWERS: dict[type[Refusal], str] = {
    NotFound: "absent",
    NotAllowed: "denied",
    InvalidInput: "said",
    TransitionRefused: "table",
    RuleRefused: "rule",
}

people = st.sampled_from([*PEOPLE, "stranger", "nobody"])
named = st.sampled_from([(), (), (), ("technician",), ("assistant", "director2"), ("nobody",)])
assignees = st.sampled_from(
    [
        *("technician", "technician", "technician2", "security", "butler", "assistant", "finance", "nobody"),
        *(c.AssigneeRef(type=AssigneeType.TEAM, id=team) for team in ("plumbers", "plumbers", "painters")),
        *(c.AssigneeRef(type=AssigneeType.CONTRACTOR, id=name) for name in ("acme", "acme", "nemo")),
    ]
)
areas = st.sampled_from(["A1", "A1", "A2", None, "A9"])
OVERRIDES: dict[Trigger, dict[str, st.SearchStrategy[Any]]] = {
    Trigger.RECEIVE: {
        "community": st.just(JX),
        "channel": st.sampled_from(Channel),
        "description": st.just("漏水"),
        "location": st.none() | st.builds(lambda place, area: place.model_copy(update={"area": area}), places, areas),
        "reporter": st.none() | reporters,
        "urgency": st.sampled_from(["normal", "normal", "emergency"]),
        "complained_of": named,
    },
    Trigger.DISPATCH: {"assignee": assignees, "appointment_at": st.sampled_from([None, None, -1, 60])},
    Trigger.REASSIGN: {"assignee": assignees, "appointment_at": st.sampled_from([None, None, -1, 60])},
}
ages = st.sampled_from([None] * 8 + [timedelta(minutes=m) for m in (0, 10, 16, 300, 1440, 1441, 4000)])


def payload(trigger: Trigger) -> st.SearchStrategy[dict[str, Any]]:
    """A command's data, in terms of this estate."""
    if trigger in OVERRIDES:
        return st.fixed_dictionaries(OVERRIDES[trigger])
    if trigger in (Trigger.CLASSIFY, Trigger.JUDGE_COMPLAINT):
        return st.builds(lambda said, who: {**said, "complained_of": who}, PAYLOADS[trigger], named)
    if trigger is Trigger.CORRECT:
        area = st.sampled_from(["A1", "A2", "A9", None]).map(lambda value: ("location.area", value))
        return st.builds(lambda said, correction: {**said, "correction": correction}, PAYLOADS[trigger], corrections | area)
    return PAYLOADS[trigger]


class AnySequence(RuleBasedStateMachine):
    """Two or three tickets, everyone on the staff, and the clock."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)
        settings, clock = sqlite_settings(self.folder), SetClock()
        self.opening = opened(settings, clock)
        self.estate = Estate(self.run(self.opening.__aenter__()), clock, settings)
        self.world = World(MORNING, PEOPLE)
        self.numbered: list[str] = []
        self.shift, self.officer = UUID(int=0), ""  # the latest shift, held or not
        self.other, self.third = (self.run(self.estate.receive()) for _ in range(2))

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def teardown(self) -> None:
        self.run(sound(self.estate))
        self.run(self.opening.__aexit__(None, None, None))
        self.runner.close()
        shutil.rmtree(self.folder)

    # --- what happens -------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 5, 20, 120, 600, 1440]))
    def time_passes(self, minutes: int) -> None:
        self.estate.clock.forward(minutes * MINUTE)
        self.world.now = self.estate.clock.now()

    @rule(login=people, said=payload(Trigger.RECEIVE), age=ages, data=st.data())
    @precondition(lambda self: len(self.world.tickets) < 3)
    def somebody_receives(self, login: str, said: dict[str, Any], age: timedelta | None, data: st.DataObject) -> None:
        self.receive(login, said, age)

    @rule(kind=st.sampled_from(list(model.BOOKS)), area=st.sampled_from(["A1", "A2"]))
    @precondition(lambda self: len(self.world.tickets) < 3)
    def a_ticket_of_a_kind(self, kind: str, area: str) -> None:
        place = {"location": c.Place(area=area), "reporter": None, "urgency": "normal", "complained_of": ()}
        ticket = self.receive("assistant", {"community": JX, "channel": "phone", "description": "漏水", **place}, None)
        assert ticket is not None
        facility = "private" if kind == "repair" else None
        self.act(ticket, "assistant", c.Classify.model_validate({"kind": kind, "facility": facility}), None, False)

    @rule(data=st.data(), trigger=st.sampled_from(list(Trigger)[1:]), login=people, age=ages, offline=st.booleans())
    @precondition(lambda self: self.world.tickets)
    def anybody_does_anything(
        self, data: st.DataObject, trigger: Trigger, login: str, age: timedelta | None, offline: bool
    ) -> None:
        ticket = data.draw(st.sampled_from(list(self.world.tickets)))
        at = self.world.now - (age or timedelta())
        self.act(ticket, login, command_of(trigger, data.draw(payload(trigger)), at), age, offline)

    @rule(data=st.data(), steps=st.integers(1, 6))
    @precondition(lambda self: self.world.tickets)
    def the_work_goes_on(self, data: st.DataObject, steps: int) -> None:
        """Several commands that the model accepts, by people who may."""
        name = data.draw(st.sampled_from(list(self.world.tickets)))
        for _ in range(steps):
            if command := self.sensible(data, name):
                self.act(name, *command, None, False)

    def sensible(self, data: st.DataObject, name: str) -> tuple[str, c.Command] | None:
        """A person and a command that the model accepts, if a few tries find one."""
        ticket = self.world.tickets[name]
        legal = [Trigger(found) for found in model.legal(ticket.rules, self.world.now)]
        ahead = [trigger for trigger in legal if trigger in AHEAD]
        work = [trigger for trigger in legal if trigger not in TALK]
        for _ in range(4):
            some = data.draw(st.sampled_from([triggers for triggers in (ahead, ahead, work, legal) if triggers]))
            trigger = data.draw(st.sampled_from(some))
            command = command_of(trigger, data.draw(payload(trigger)), self.world.now)
            if isinstance(command, c.CheckItem) and (items := model.checklist(ticket.rules["kind"])):
                missing = [item for item in items if item not in ticket.rules["items"]]
                command = command.model_copy(update={"item": (missing or items)[0], "defects": ()})
            if may := [p for p in PEOPLE if self.world.verdict(Asked(p, trigger.value, said_by(command)), ticket) <= {"waiting"}]:
                return data.draw(st.sampled_from(may)), command
        return None

    @rule(data=st.data(), login=people)
    @precondition(lambda self: self.world.waiting)
    def somebody_decides(self, data: st.DataObject, login: str) -> None:
        case = data.draw(st.sampled_from(list(self.world.waiting)))
        self.decide(case, login, data.draw(st.booleans()))

    @rule(data=st.data(), login=st.sampled_from(["director", "supervisor", "assistant2"]))
    @precondition(lambda self: any(not waiting.settled for waiting in self.world.waiting.values()))
    def a_second_person_approves(self, data: st.DataObject, login: str) -> None:
        open_cases = [case for case, waiting in self.world.waiting.items() if not waiting.settled]
        self.decide(data.draw(st.sampled_from(open_cases)), login, True)

    @rule(login=people)
    def somebody_takes_the_desk(self, login: str) -> None:
        world = self.world
        hoped = "denied" if role_of(login) not in OFFICERS else "conflict" if world.officer else ""
        hoped = hoped if login in PEOPLE else "absent"
        done = self.duty(self.estate.g.duty.open(JX, self.estate.request(login)), hoped)
        if done is not None:
            world.officer, world.stand_in = login, None
            self.shift, self.officer = done.state.id, login

    @rule(login=people, stand_in=st.sampled_from(["security", "security2", "technician2", "finance"]))
    def somebody_is_stood_in_for(self, login: str, stand_in: str) -> None:
        world = self.world
        hoped = "absent" if login not in PEOPLE or not self.officer else "denied" if login != self.officer else self.over()
        hoped = hoped or ("said" if stand_in == login or stand_in == "finance" else "")
        if self.duty(self.estate.g.duty.substitute(self.shift, stand_in, self.estate.request(login)), hoped):
            world.stand_in = stand_in

    @rule(login=st.sampled_from(["supervisor", "director", "assistant"]))
    def a_supervisor_ends_the_shift(self, login: str) -> None:
        hoped = "absent" if not self.officer else "denied" if login == "assistant" else self.over()
        if self.duty(self.estate.g.duty.take_over(self.shift, "交接未到", self.estate.request(login)), hoped):
            self.world.officer = self.world.stand_in = None

    def over(self) -> str:
        """The reason to stop on the latest shift: it has ended."""
        return "" if self.world.officer else "table"

    # --- how it is compared -------------------------------------------------------------------------------------------

    def answered(self, doing: Coroutine[Any, Any, T]) -> T | Refusal:
        """The answer; checks that a refusal changed nothing."""
        before = self.run(self.estate.footprint())
        try:
            return self.run(doing)
        except Refusal as refused:
            refusal = refused
        assert self.run(self.estate.footprint()) == before, refusal
        return refusal

    def duty(self, doing: Coroutine[Any, Any, ShiftDone], hoped: str) -> ShiftDone | None:
        found = self.answered(doing)
        name = {**ANSWERS, Conflict: "conflict"}[type(found)] if isinstance(found, Refusal) else ""
        assert name == hoped
        return None if isinstance(found, Refusal) else found

    def receive(self, login: str, said: dict[str, Any], age: timedelta | None) -> str | None:
        command = c.Receive.model_validate(said)
        at = None if age is None else self.world.now - age
        asked = Asked(login, "receive", said_by(command), at)
        hoped = self.world.verdict(asked, None)
        found = self.answered(self.estate.g.desk.receive(command, self.estate.request(login, occurred_at=at)))
        if self.refused(found, hoped, asked):
            return None
        if isinstance(found, Case):
            self.world.ask(found.case.id, asked, None)
            return None
        assert isinstance(found, Done)
        name = str(found.state.id)
        self.world.tickets[name] = self.world.received(asked, at or self.world.now)
        return name

    def act(self, name: str, login: str, command: c.Command, age: timedelta | None, offline: bool) -> None:
        ticket = self.world.tickets[name]
        at = None if age is None else self.world.now - age
        asked = Asked(login, command.trigger.value, said_by(command), at, offline)
        hoped = self.world.verdict(asked, ticket)
        meant = self.with_real_names(command, name)
        found = self.answered(self.estate.g.desk.act(name, meant, self.estate.request(login, occurred_at=at, offline=offline)))
        if self.refused(found, hoped, asked):
            return
        if isinstance(found, Case):
            self.world.ask(found.case.id, asked, name)
            return
        assert isinstance(found, Done)
        event(f"{command.trigger.value} by {role_of(login)}")
        self.world.carry_out(asked, ticket, self.world.moment(asked, ticket))
        self.run(agree(self.estate, name, ticket))

    def refused(self, found: Any, hoped: set[str], asked: Asked) -> bool:
        """Whether it was refused, after checking that this and any waiting were expected."""
        if isinstance(found, Refusal):
            assert ANSWERS[type(found)] in hoped, f"{asked}: refused with {found!r}, expected {hoped or 'nothing'}"
            return True
        assert hoped == ({"waiting"} if isinstance(found, Case) else set()), f"{asked}: accepted, expected {hoped}"
        return False

    def decide(self, case: UUID, login: str, approves: bool) -> None:
        world, waiting = self.world, self.world.waiting[case]
        may = world.may_decide(waiting, login)
        approvals, request = self.estate.g.approvals, self.estate.request(login)
        doing = approvals.approve(case, request) if approves else approvals.reject(case, "材料不全", request)
        if may == "expired":
            with pytest.raises(Conflict):
                self.run(doing)
            waiting.settled = "settled"
            return
        found = self.answered(doing)
        if may != "yes":
            hoped = {"absent": NotFound, "denied": NotAllowed}.get(may, Conflict)
            assert isinstance(found, hoped), (waiting, login, found)
            return
        assert isinstance(found, Case), found
        waiting.settled = "settled"
        if not approves:
            assert found.case.status == "rejected"
            return
        ticket = world.tickets[waiting.ticket] if waiting.ticket else None
        asked = Asked(waiting.asker, waiting.trigger, waiting.said, waiting.at)
        at = world.moment(asked, ticket)
        wrong = world.refused(asked, ticket, at)
        assert found.case.status == ("failed" if wrong else "approved"), (asked, wrong, found.case.outcome)
        event(f"{waiting.trigger} approved: {found.case.status}")
        if wrong:
            return
        if ticket is None:
            name = str(found.case.result)
            world.tickets[name] = world.received(asked, at)
        else:
            name = str(waiting.ticket)
            world.carry_out(asked, ticket, at)
        self.run(agree(self.estate, name, world.tickets[name]))

    def with_real_names(self, command: c.Command, name: str) -> c.Command:
        """Replace the model's names of other tickets by their ids."""
        refs = {"other": self.other, "third": self.third, "itself": name, "unknown": str(UUID(int=404))}
        field = {Trigger.LINK: "ticket", Trigger.CANCEL: "duplicate_of"}.get(command.trigger)
        if field is None or getattr(command, field) is None:
            return command
        return command.model_copy(update={field: refs[getattr(command, field)]})

    @invariant()
    def the_clock_stands_where_the_world_thinks(self) -> None:
        assert self.estate.clock.now() == self.world.now


def said_by(command: c.Command) -> dict[str, Any]:
    """The model's view of a command."""
    return command.model_dump(mode="python")


async def agree(estate: Estate, name: str, ticket: Ticket) -> None:
    """Check that remembered states equal those read again, and both the model."""
    journal, stream = estate.g.journal, UUID(name)
    state = await journal.existing(stream, TicketState)
    assert state == await Journal(journal.log, journal.codec, journal.sealer).load(stream, TicketState)
    assert state == await journal.load_at(stream, state.version, TicketState) == fold(await estate.events(name))
    m = ticket.rules
    assert (state.version, state.state, state.kind, state.facility) == (ticket.version, m["state"], m["kind"], m["facility"])
    assert (state.occurred_at, state.rework, state.escalation_level) == (m["last"], m["rework"], m["level"])
    assert set(state.workers) == m["workers"]
    assert set(state.complained_of) == ticket.complained_of
    assert (state.location.area if state.location else None) == ticket.area
    assert {item.item for item in state.checklist} == m["items"]
    assert (state.charge.status if state.charge else None) == m["charge"]
    if m["state"] == "dispatched":
        given = state.assignment
        assert ((given.assignee.type, given.assignee.id), given.accepted, given.started) == (
            m["assignee"],
            m["accepted"],
            m["started"],
        )
        assert given.dispatched_by == ticket.dispatched_by


async def sound(estate: Estate) -> None:
    """Check positions, versions and numbers: gapless, in the order of the log; recorded_at never decreases."""
    log = await estate.g.store.read_log(0, 100_000)
    versions: Counter[UUID] = Counter()
    drawn: Counter[str] = Counter()
    for position, stored in enumerate(log, 1):
        versions[stored.stream_id] += 1
        assert (stored.position, stored.version) == (position, versions[stored.stream_id])
        if stored.number is not None:
            prefix, _, sequence = stored.number.rpartition("-")
            drawn[prefix] += 1
            assert int(sequence) == drawn[prefix]
    assert all(before.recorded_at <= after.recorded_at for before, after in pairwise(log))


def test_any_sequence(estate_template: Path) -> None:
    class OverThisTemplate(AnySequence):
        template = estate_template

    run_state_machine_as_test(OverThisTemplate, settings=one_in(2))
