"""Every role × command × relation through the service desk is accepted exactly when the written table says so.

One person, ``x``, is given one role after the other; the tickets stay. Commands are decided in full, up to the append: the log
refuses to write and returns the events, so that every combination meets equal tickets.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from domain.kernel.errors import NotAllowed
from domain.kernel.privacy import MASKED
from domain.kernel.request import Request
from domain.kernel.terms import Role, Trigger
from domain.service_desk.desk import ServiceDesk
from domain.service_desk.openings import policy_in_force
from domain.ticket import commands as c
from domain.ticket.guards import legal_now
from tests.support.authority_table import Standing, answer, row_of
from tests.support.estates.desk_estate import DAY, HOUR, JX, Estate, copied, leak
from tests.support.estates.proposing import outcome, proposing
from tests.support.estates.stage import (
    CONTRACTOR,
    FOLLOW_UPS,
    TEAM,
    Case,
    X,
    become,
    commands,
    expected,
    hire,
    make_cases,
    standing_of,
)


@dataclass
class Stage:
    """The estate, its tickets, and a desk that only proposes events."""

    estate: Estate
    desk: ServiceDesk
    cases: list[Case]
    day: datetime
    other: str

    def at(self, night: bool) -> None:
        self.estate.clock.moment = self.day + (13 * HOUR if night else 0 * HOUR)

    def request(self) -> Request:
        return self.estate.request(X)


async def make_stage(estate: Estate) -> Stage:
    other = await hire(estate)
    cases = await make_cases(estate)
    return Stage(estate, ServiceDesk(proposing(estate)), cases, estate.clock.forward(DAY), other)


async def take_the_desk(stage: Stage, duty: str) -> None:
    """Let nobody hold the desk, x hold it, or x stand in for its officer."""
    g, request = stage.estate.g, stage.estate.request
    if duty == "officer":
        await g.duty.open(JX, request(X))
    if duty == "stand-in":
        held = await g.duty.open(JX, request("technician"))
        await g.duty.substitute(held.state.id, X, request("technician"))


Prepared = tuple[Path, list[Case], datetime, str]


@pytest.fixture(scope="module")
def prepared(estate_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The stage's folder, made once for the three duties."""
    folder = tmp_path_factory.mktemp("stage")

    async def prepare() -> tuple[list[Case], datetime, str]:
        async with copied(estate_template, folder) as estate:
            stage = await make_stage(estate)
            return stage.cases, stage.day, stage.other

    return folder, *asyncio.run(prepare())


@pytest.fixture(params=["off", "officer", "stand-in"])
def duty(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
async def stage(prepared: Prepared, duty: str, tmp_path: Path) -> AsyncIterator[Stage]:
    folder, cases, day, other = prepared
    async with copied(folder, tmp_path) as estate:
        made = Stage(estate, ServiceDesk(proposing(estate)), cases, day, other)
        made.at(night=False)
        await take_the_desk(made, duty)
        yield made


@pytest.mark.anyio
async def test_every_command_for_every_role_and_relation(stage: Stage, duty: str) -> None:
    by_scenario: dict[str, list[Case]] = {}
    for case in stage.cases:
        if not case.emergency:
            by_scenario.setdefault(case.scenario, []).append(case)
    taken = commands(stage.other)
    assert {command.trigger for _, _, command in taken} == set(Trigger) - {Trigger.RECEIVE, Trigger.DEFER}
    wrong = []
    for role in Role:
        await become(stage.estate, role)
        before = await stage.estate.footprint()
        for scenario, row, command in taken:
            for case in by_scenario[scenario]:
                found = await outcome(stage.desk.act(case.ticket, command, stage.request()))
                hoped = expected(case, row, command, role, standing_of(case, command, duty, night=False))
                if found != hoped:
                    wrong.append((role.value, command, case, hoped, found))
        assert await stage.estate.footprint() == before
    assert wrong == []


@pytest.mark.anyio
@pytest.mark.parametrize("night", [False, True])
async def test_deferring_takes_the_desk_and_the_night(stage: Stage, duty: str, night: bool) -> None:
    received = [case for case in stage.cases if case.scenario == "received" and not case.emergency]
    command = c.Defer(told_resident=True)
    for role in Role:
        await become(stage.estate, role)
        stage.at(night)
        for case in received:
            hoped = expected(case, "defer", command, role, standing_of(case, command, duty, night))
            assert await outcome(stage.desk.act(case.ticket, command, stage.request())) == hoped, (role, case)


@pytest.mark.anyio
@pytest.mark.parametrize("night", [False, True])
async def test_an_emergency_goes_to_anybody_at_night_and_from_a_stand_in_at_any_hour(
    stage: Stage, duty: str, night: bool
) -> None:
    """integrity 4: the officer on duty at night, and a stand-in, may send any technician, team or contractor to an emergency."""
    urgent = {case.scenario: case for case in stage.cases if case.emergency}
    tried = [("received", "classify", c.Classify(kind="repair", facility="public_severe"))]
    for assignee in ("technician", "security", TEAM, CONTRACTOR):
        tried.append(("classified", "dispatch", c.Dispatch(assignee=assignee)))
    tried.append(("dispatched", "reassign", c.Reassign(assignee=CONTRACTOR)))
    wrong = []
    for role in Role:
        await become(stage.estate, role)
        stage.at(night)
        for scenario, command_name, command in tried:
            case = urgent[scenario]
            hoped = expected(case, row_of(command_name), command, role, standing_of(case, command, duty, night))
            found = await outcome(stage.desk.act(case.ticket, command, stage.request()))
            if found != hoped:
                wrong.append((role.value, command, hoped, found))
    assert wrong == []


@pytest.mark.anyio
async def test_receiving(stage: Stage, duty: str) -> None:
    for role in Role:
        await become(stage.estate, role)
        for channel in ("phone", "inspection", "company"):
            for area in ("A1", "A2", ""):
                fields = {"channel": channel, "location": c.Place(area=area) if area else None}
                found = await outcome(stage.desk.receive(leak(**fields), stage.request()))
                standing = Standing(own_area=area == "A1", on_duty=duty != "off", channel=channel)
                hoped = {"yes": "accepted", "no": "denied"}[answer("receive", [role.value], standing)]
                assert found == hoped, (role, channel, area)


@pytest.mark.anyio
async def test_what_is_legal_for_the_caller(stage: Stage, duty: str) -> None:
    """``legal[]`` names exactly the triggers that table, rules and rights allow."""
    directory = await stage.estate.g.directory.current()
    rows = dict.fromkeys((Trigger.SETTLE_CHARGE,), "settle_charge paid")
    now = stage.estate.clock.now()
    for role in Role:
        await become(stage.estate, role)
        directory = await stage.estate.g.directory.current()
        for case in stage.cases:
            state = await stage.estate.state(case.ticket)
            standing = replace(standing_of(case, None, duty, night=False), to_self_or_security=True)
            hoped = []
            for trigger in legal_now(state, policy_in_force(directory, JX, now)):
                row = rows.get(trigger) or row_of(trigger.value)
                may = answer(row, [role.value], replace(standing, command=trigger.value))
                by_the_worker = trigger.value in FOLLOW_UPS and case.given_to == X
                gagged = case.complained_of and trigger is not Trigger.NOTE
                if may in ("yes", "two") and not by_the_worker and not gagged:
                    hoped.append(trigger)
            assert await stage.desk.openings.legal(directory, X, state, now) == hoped, (role, case)


@pytest.mark.anyio
async def test_reading_and_opening(stage: Stage, duty: str) -> None:
    """Masked or opened as the table says; every opening is in the access log first, and nothing else is."""
    inquiries, log = stage.estate.g.inquiries, stage.estate.g.store.access_log
    looked_at = [case for case in stage.cases if case.scenario in ("received", "dispatched")]
    position = 0
    for role in Role:
        await become(stage.estate, role)
        for case in looked_at:
            standing = standing_of(case, None, duty, night=False)
            may_read = answer("read", [role.value], standing)
            may_open = answer("open residents' data", [role.value], standing) == "yes"
            if may_read == "no":
                with pytest.raises(NotAllowed):
                    await inquiries.ticket(X, case.ticket)
            else:
                reading = await inquiries.ticket(X, case.ticket)
                assert reading.masked is not may_open, (role, case)
                assert reading.texts["description"] == ("厨房水管漏水" if may_open else MASKED)
                assert reading.texts["reporter_phone"] == ("13812345678" if may_open else "138****5678")
                assert reading.texts["reporter_name"] == ("王小明" if may_open else "王**")
                masked = await inquiries.ticket(X, case.ticket, personal=False)
                assert masked.masked
                assert masked.texts["description"] == MASKED
            noted = await log.read(position, 10)
            assert [(a.who, a.what, str(a.stream_id)) for _, a in noted] == (
                [(X, "ticket", case.ticket)] if may_read != "no" and may_open else []
            )
            position += len(noted)


@pytest.mark.anyio
async def test_reading_a_history(stage: Stage, duty: str) -> None:
    looked_at = [case for case in stage.cases if case.scenario in ("received", "dispatched") and not case.complained_of]
    for role in Role:
        await become(stage.estate, role)
        for case in looked_at:
            standing = standing_of(case, None, duty, night=False)
            if answer("audit", [role.value], standing) == "no":
                with pytest.raises(NotAllowed):
                    await stage.estate.g.inquiries.history(X, case.ticket)
                continue
            steps = await stage.estate.g.inquiries.history(X, case.ticket)
            opened = answer("open residents' data", [role.value], standing) == "yes"
            assert steps[0].texts["description"] == ("厨房水管漏水" if opened else MASKED)
