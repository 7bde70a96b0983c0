"""Every role × command × relation × state of findings is accepted exactly when the written table and the model's §3 say so.

One person, ``x``, recorded some findings, is a party of some, and had area A1 when they happened. x is then given one role after
the other. Commands are decided in full, up to the append, so that every combination meets equal findings.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from domain.approval.deciding import Approvals
from domain.approval.waiting import Waiting
from domain.finding import commands as c
from domain.finding.desk import TWO_PEOPLE, FindingDesk, command_name
from domain.kernel.terms import Role
from tests.support.authority_table import Standing, answer
from tests.support.estates.desk_estate import DAY, JX, ZONE, Estate, copied
from tests.support.estates.proposing import outcome, proposing
from tests.support.estates.stage import X, become, hire

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Case:
    """A finding: its state, who recorded it, and its relation to x."""

    finding: UUID
    state: str
    by: str
    about: str

    @property
    def about_x(self) -> bool:
        """Whether x is its party or, if it names none, its area's administrator."""
        return self.about in ("party", "administrator")


ABOUT = {
    "party": ("17", "A2", (X,)),
    "administrator": ("4", "A1", ()),
    "another": ("17", "A2", ("technician",)),
    "nobody": ("4", "A2", ()),
}
"""The relation of a finding to x → item, area, parties."""
CONTESTED_BY = {"party": X, "administrator": X, "another": "technician", "nobody": "director2"}
STATES = ("recorded", "confirmed", "contested", "bonus")
COMMANDS: dict[str, c.FindingCommand] = {
    "confirm": c.ConfirmFinding(),
    "waive": c.WaiveFinding(reason="not_established"),
    "contest": c.ContestFinding(reason="不是我"),
    "uphold": c.UpholdFinding(reason="属实"),
    "revoke": c.RevokeFinding(reason="查无实据"),
}
ROW = {
    "confirm": "finding: confirm, waive",
    "waive": "finding: confirm, waive",
    "contest": "finding: contest",
    "uphold": "finding: uphold, revoke; bonus points; close month",
    "revoke": "finding: uphold, revoke; bonus points; close month",
}
LEGAL = {
    "recorded": {"confirm", "waive"},
    "bonus": {"confirm", "waive"},
    "confirmed": {"contest"},
    "contested": {"uphold", "revoke"},
}


async def act(estate: Estate, login: str, finding: UUID, command: c.FindingCommand) -> None:
    done = await estate.g.findings.act(finding, command, estate.request(login))
    assert not isinstance(done, Waiting)


async def make_case(estate: Estate, state: str, by: str, about: str) -> Case:
    item, area, parties = ABOUT[about]
    points = c.GivenPoints(director="1", administrator="1") if state == "bonus" else None
    day = estate.clock.now().astimezone(ZONE).date()
    said = c.RecordFinding(community=JX, item="B1" if points else item, date=day, area=area, parties=parties, points=points)
    finding = (await estate.g.findings.record(said, estate.request(by))).state.id
    if state in ("confirmed", "contested"):
        await act(estate, "director", finding, COMMANDS["confirm"])
    if state == "contested":
        await act(estate, CONTESTED_BY[about], finding, COMMANDS["contest"])
    return Case(finding, state, by, about)


@dataclass
class Stage:
    """The estate, its findings, and a desk that only proposes events."""

    estate: Estate
    desk: FindingDesk
    cases: list[Case]


@pytest.fixture
async def stage(estate_template: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    async with copied(estate_template, tmp_path) as estate:
        await hire(estate)
        await estate.g.administration.grant(X, Role.SUPERVISOR, JX, None, None, None, estate.operator)
        cases = [await make_case(estate, *kind) for kind in product(STATES, (X, "supervisor"), ABOUT)]
        estate.clock.forward(DAY)
        yield Stage(estate, FindingDesk(proposing(estate)), cases)


def hoped(case: Case, command: str, role: Role) -> str:
    """The expected answer."""
    row = ROW["uphold" if case.state == "bonus" and command == "confirm" else command]
    may = answer(row, [role.value], Standing(about_oneself=case.about_x))
    if may == "no" or (command != "contest" and (case.by == X or case.about_x)):
        return "denied"
    if command not in LEGAL[case.state]:
        return "transition"
    return "waiting" if may == "two" else "accepted"


async def test_every_command_for_every_role_relation_and_state(stage: Stage) -> None:
    assert {name.value for name in c.COMMANDS} - {"record"} == set(COMMANDS)
    wrong = []
    for role in Role:
        await become(stage.estate, role)
        before = await stage.estate.footprint()
        for case, (name, command) in product(stage.cases, COMMANDS.items()):
            found = await outcome(stage.desk.act(case.finding, command, stage.estate.request(X)))
            if found != hoped(case, name, role):
                wrong.append((role.value, name, case, hoped(case, name, role), found))
        assert await stage.estate.footprint() == before
    assert wrong == []


async def test_recording(stage: Stage) -> None:
    day = stage.estate.clock.now().astimezone(ZONE).date()
    for role in Role:
        await become(stage.estate, role)
        said = c.RecordFinding(community=JX, item="4", date=day, area="A1")
        expected = {"yes": "accepted", "no": "denied"}[answer("finding: record", [role.value], Standing())]
        assert await outcome(stage.desk.record(said, stage.estate.request(X))) == expected, role


async def test_every_second_person(stage: Stage) -> None:
    """x approves: entitled by the row, neither the recorder nor concerned, and not the first person."""
    estate = stage.estate
    asked = []
    for case in stage.cases:
        for name in LEGAL[case.state]:
            if ROW["uphold"] == ROW[name] or (case.state == "bonus" and name == "confirm"):
                waiting = await estate.g.findings.act(case.finding, COMMANDS[name], estate.request("director"))
                assert isinstance(waiting, Waiting)
                asked.append((case, waiting.case.id))
    assert len(asked) == 3 * 8
    approvals = Approvals(proposing(estate), {command_name(t): stage.desk for t in TWO_PEOPLE})
    wrong = []
    for role in Role:
        await become(estate, role)
        before = await estate.footprint()
        for case, approval in asked:
            entitled = answer(ROW["uphold"], [role.value], Standing()) in ("yes", "two")
            expected = "accepted" if entitled and case.by != X and not case.about_x else "denied"
            found = await outcome(approvals.approve(approval, estate.request(X)))
            if found != expected:
                wrong.append((role.value, case, expected, found))
        for _, approval in asked[:3]:
            assert await outcome(approvals.approve(approval, estate.request("director"))) == "denied"
        assert await estate.footprint() == before
    assert wrong == []
