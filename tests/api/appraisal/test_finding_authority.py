"""Findings over HTTP, role × command × relation, equal the written table; every denial leaves the store as it was.

One person, ``x``, in a copy of the store for each role: every command on findings about another, recorded by x, naming x, and of
the area of x; what of them x reads, one by one and in the list; and what the answer says is legal for x. The table is typed again
in ``tests.support.authority_table``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from adapters.accounts.tokens import issue
from adapters.server.app import create_app
from adapters.system.system import entropy
from domain.approval.waiting import Waiting
from domain.finding import commands as c
from domain.kernel.terms import Role
from tests.appraisal.test_inputs import close
from tests.support.authority_table import Standing, answer
from tests.support.client import V1, outcome
from tests.support.estates.desk_estate import JX, Estate, build, copied, sqlite_settings
from tests.support.estates.stage import X, become, hire

pytestmark = pytest.mark.anyio

RELATIONS = ("another", "recorded", "party", "area")
DECIDE, REVIEW, CONTEST = "finding: confirm, waive", "finding: uphold, revoke; bonus points; close month", "finding: contest"
REASON = {"reason": "已核实"}
COMMANDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "confirm": ("recorded", DECIDE, {}),
    "waive": ("recorded", DECIDE, {"reason": "not_established"}),
    "contest": ("confirmed", CONTEST, REASON),
    "uphold": ("contested", REVIEW, REASON),
    "revoke": ("contested", REVIEW, REASON),
}
"""What a finding must be, the row, the body."""
POINTS = {"director": "1", "administrator": "1"}
ADMINISTRATORS = (Role.ASSISTANT, Role.BUTLER)
COMPANY = (Role.APPRAISER, Role.AUDITOR, Role.PRIVACY_OFFICER, Role.ADMIN)
"""Roles that give no post, so that nothing charges them."""


@dataclass(frozen=True)
class Case:
    """A finding, the relation of ``x`` to it, and the commands that are legal in its state."""

    id: str
    relation: str
    status: str
    bonus: bool = False
    approval: str = ""

    def charges(self, role: Role) -> bool:
        """Whether it charges (or credits) x: as its party, as the administrator of A1, as the director of everything."""
        if role in COMPANY:
            return False
        return self.relation == "party" or (self.relation == "area" and role in (*ADMINISTRATORS, Role.DIRECTOR))

    def concerns(self, role: Role) -> bool:
        """Whether x decides nothing about it: recorded by x, about x."""
        return self.relation in ("recorded", "party") or (self.relation == "area" and role in ADMINISTRATORS)

    def outcome(self, command: str, role: Role) -> str:
        """yes, two or no."""
        _, row, _ = COMMANDS[command]
        may = answer(REVIEW if self.bonus else row, [role.value], Standing(about_oneself=self.charges(role)))
        return "no" if command != "contest" and self.concerns(role) else may

    def readable(self, role: Role) -> bool:
        """Whether the right to read tallies lets x read it. Own findings are those that charge x, or that x recorded."""
        standing = Standing(
            about_oneself=self.relation == "recorded" or self.charges(role),
            about_staff=not (self.relation == "party" and role is Role.DIRECTOR),
            closed=self.relation == "closed",
        )
        return answer("read tallies", [role.value], standing) == "yes"

    def legal(self, role: Role) -> set[str]:
        """Commands that are legal for x now; also for a bonus, whose confirmation takes two people."""
        here = {name for name, (status, _, _) in COMMANDS.items() if status == self.status}
        return {name for name in here if replace(self, bonus=self.bonus and name == "confirm").outcome(name, role) != "no"}


@dataclass(frozen=True)
class Prepared:
    """A folder with a finding for each command and relation."""

    folder: Path
    token: str
    cases: dict[tuple[str, str], Case]


async def made(estate: Estate, relation: str, status: str, *, bonus: bool = False, day: date | None = None) -> Case:
    """A finding in a state, written by those whom it doesn't concern."""
    today = day or estate.clock.now().date()
    said: dict[str, Any] = {"community": JX, "item": "30", "date": today, "area": "A1", "parties": ["technician"]}
    if relation == "party":
        said["parties"] = [X]
    if relation == "area":
        said |= {"item": "7", "parties": []}
    if bonus:
        said |= {"item": "B1", "points": POINTS}
    by = X if relation == "recorded" else "supervisor"
    recorded = await estate.g.findings.record(c.RecordFinding.model_validate(said), estate.request(by))
    finding = recorded.state.id
    charged = {"party": X, "area": "butler"}.get(relation, "technician")
    steps: list[tuple[str, c.FindingCommand]] = [
        ("director", c.ConfirmFinding()),
        (charged, c.ContestFinding(reason="当日不在岗")),
    ]
    for login, command in steps[: ("recorded", "confirmed", "contested").index(status)]:
        await estate.g.findings.act(finding, command, estate.request(login))
    return Case(str(finding), relation, status, bonus)


async def prepare(template: Path, folder: Path) -> Prepared:
    async with copied(template, folder) as estate:
        await hire(estate)
        await become(estate, Role.SUPERVISOR)
        cases: dict[tuple[str, str], Case] = {}
        for relation in RELATIONS:
            for name, (status, _, _) in COMMANDS.items():
                cases[name, relation] = await made(estate, relation, status)
            cases["bonus", relation] = await made(estate, relation, "recorded", bonus=True)
            asked = await made(estate, relation, "contested")
            review = c.RevokeFinding(reason="查无实据")
            waiting = await estate.g.findings.act(UUID(asked.id), review, estate.request("director"))
            assert isinstance(waiting, Waiting)
            cases["approve", relation] = replace(asked, approval=str(waiting.case.id))
        cases["read", "closed"] = replace(await made(estate, "another", "confirmed", day=date(2026, 2, 3)), relation="closed")
        await close(estate, "2026-02")
        _, token = await issue(estate.g.store, estate.clock, estate.g.ids, entropy, X, None)
        await estate.g.projections.start()
        head = (await estate.g.store.head()).position
        assert await estate.g.projections.wait_for("findings", head, 60)
        return Prepared(folder, token, cases)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    template, folder = tmp_path_factory.mktemp("template"), tmp_path_factory.mktemp("findings")
    asyncio.run(build(sqlite_settings(template)))
    return asyncio.run(prepare(template, folder))


@dataclass
class Caller:
    """x at the API."""

    estate: Estate
    http: httpx2.AsyncClient

    async def get(self, path: str) -> httpx2.Response:
        return await self.http.get(V1 + path)

    async def outcome(self, path: str, body: dict[str, Any], hoped: int) -> str:
        """Describe an answer of another status than hoped, or a refusal that changed the store; empty where all is right."""
        return await outcome(self.estate, self.http.post(V1 + path, json=body), path, hoped)


@asynccontextmanager
async def calling(prepared: Prepared, folder: Path, role: Role) -> AsyncIterator[Caller]:
    async with copied(prepared.folder, folder) as estate:
        await become(estate, role)
        transport = httpx2.ASGITransport(app=create_app(estate.g), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {prepared.token}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as http:
            yield Caller(estate, http)


@pytest.mark.parametrize("role", Role)
async def test_every_command(prepared: Prepared, tmp_path: Path, role: Role) -> None:
    wrong: list[str] = []
    status = {"yes": 200, "two": 202, "no": 403}
    async with calling(prepared, tmp_path, role) as caller:
        for relation in RELATIONS:
            for name, (_, _, body) in COMMANDS.items():
                case = prepared.cases[name, relation]
                hoped = status[case.outcome(name, role)]
                wrong.append(await caller.outcome(f"/findings/{case.id}/{name}", body, hoped))
            bonus = prepared.cases["bonus", relation]
            wrong.append(await caller.outcome(f"/findings/{bonus.id}/confirm", {}, status[bonus.outcome("confirm", role)]))
            asked = prepared.cases["approve", relation]
            agrees = 200 if asked.outcome("revoke", role) == "two" else 403
            wrong.append(await caller.outcome(f"/approvals/{asked.approval}/approve", {}, agrees))
        may = answer("finding: record", [role.value], Standing()) == "yes"
        body = {"community": JX, "item": "30", "date": "2026-03-02", "area": "A1", "parties": ["technician"]}
        wrong.append(await caller.outcome("/findings", body, 201 if may else 403))
    assert [line for line in wrong if line] == []


@pytest.mark.parametrize("role", Role)
async def test_every_question(prepared: Prepared, tmp_path: Path, role: Role) -> None:
    """One by one and in the list: what the table lets this role read, opened or masked, with what is legal for them."""
    async with calling(prepared, tmp_path, role) as caller:
        await caller.estate.g.projections.start()
        readable = {case.id: case for case in prepared.cases.values() if case.readable(role)}
        for case in prepared.cases.values():
            found = await caller.get(f"/findings/{case.id}")
            assert found.status_code == (200 if case.id in readable else 403), case
            if case.id not in readable:
                continue
            opened = case.charges(role) or role not in (Role.HR, Role.AUDITOR, Role.PRIVACY_OFFICER)
            assert found.json()["masked"] is not opened, case
            assert set(found.json()["legal"]) == case.legal(role), case
        listed = (await caller.get("/findings?limit=200")).json()
        assert {item["id"] for item in listed["items"]} == set(readable)
        for item in listed["items"]:
            assert (item["masked"], set(item["legal"])) == (True, readable[item["id"]].legal(role)), item
