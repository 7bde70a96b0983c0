"""Role × command × relation over HTTP equals the written table; every denial leaves the store as it was.

One person, ``x``, in a copy of the store for each role: every trigger and query, on tickets of their own area and another's,
given to another, to their team, and while they hold the desk. The table is typed again in ``tests.support.authority_table``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.accounts.tokens import issue
from adapters.server.app import create_app
from adapters.system.system import entropy
from domain.kernel.terms import Role, Trigger
from domain.ticket import commands as c
from tests.support.authority_table import Standing, answer, row_of
from tests.support.client import V1, outcome
from tests.support.estates.desk_estate import DAY, DH, HOUR, JX, Estate, build, copied, sqlite_settings
from tests.support.estates.stage import CONTRACTOR, TEAM, Case, X, become, commands, expected, hire, make_case, standing_of
from tests.tally.estate import BOOK_TEXT

pytestmark = pytest.mark.anyio

RELATIONS = (("A1", "another", "off"), ("A2", "another", "off"), ("A2", "team", "off"), ("A2", "another", "officer"))
"""Area, who carries it, and whether x holds the desk then."""
UNASSIGNED = ("received", "classified")
PRICES = 'version = "2026-JX"\n[services]\nrepair_lock = { name = "门锁维修", unit = "次", price_yuan = "66.00" }\n'
STATUS = {"accepted": 200, "waiting": 202, "denied": 403, "/assignee": 422}


@dataclass(frozen=True)
class Prepared:
    """A folder with one ticket for each command and relation."""

    folder: Path
    tokens: dict[str, str]
    cases: dict[tuple[int, int], Case]
    other: str
    urgent: tuple[Case, ...]
    day: datetime


async def prepare(template: Path, folder: Path) -> Prepared:
    async with copied(template, folder) as estate:
        other = await hire(estate)
        cases: dict[tuple[int, int], Case] = {}
        for i, (scenario, _, _) in enumerate(commands(other)):
            for j, (area, given_to, _) in enumerate(RELATIONS):
                carried = "nobody" if scenario in UNASSIGNED else given_to
                cases[i, j] = await make_case(estate, scenario, area, carried, complained_of=False)
        urgent = [await make_case(estate, "classified", "A2", "nobody", complained_of=False, emergency=True) for _ in range(8)]
        unreached = [case.ticket for case in cases.values() if case.scenario == "unreached"]
        for _ in range(3):
            for ticket in unreached:
                await estate.act("supervisor", ticket, c.AttemptFollowUp())
            estate.clock.forward(DAY)
        tokens = {}
        for login in (X, "stranger"):
            _, tokens[login] = await issue(estate.g.store, estate.clock, estate.g.ids, entropy, login, None)
        await estate.g.projections.start()
        await shown(estate)
        return Prepared(folder, tokens, cases, other, tuple(urgent), estate.clock.now())


async def shown(estate: Estate) -> None:
    """Wait until every read model has reached the end of the log."""
    head = (await estate.g.store.head()).position
    for status in await estate.g.projections.status():
        assert await estate.g.projections.wait_for(status.name, head, 60), status


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    template, folder = tmp_path_factory.mktemp("template"), tmp_path_factory.mktemp("stage")
    asyncio.run(build(sqlite_settings(template)))
    return asyncio.run(prepare(template, folder))


@dataclass
class Caller:
    """x at the API."""

    estate: Estate
    http: httpx2.AsyncClient
    tokens: dict[str, str]
    sent: int = 0

    async def get(self, path: str, login: str = X) -> httpx2.Response:
        return await self.http.get(V1 + path, headers={"Authorization": f"Bearer {self.tokens[login]}"})

    async def post(self, path: str, body: dict[str, Any], login: str = X) -> httpx2.Response:
        self.sent += 1
        headers = {"Authorization": f"Bearer {self.tokens[login]}", "Idempotency-Key": f"k{self.sent}"}
        if path.endswith("/attach"):
            return await self.http.post(V1 + path, files={"file": ("a.txt", b"hello", "text/plain")}, headers=headers)
        return await self.http.post(V1 + path, json=body, headers=headers)

    async def outcome(self, path: str, body: dict[str, Any], hoped: int) -> str:
        """Describe an answer of another status than hoped, or a refusal that changed the store; empty where all is right."""
        return await outcome(self.estate, self.post(path, body), path, hoped)


@asynccontextmanager
async def calling(prepared: Prepared, folder: Path, role: Role) -> AsyncIterator[Caller]:
    async with copied(prepared.folder, folder) as estate:
        estate.clock.moment = prepared.day
        await become(estate, role)
        transport = httpx2.ASGITransport(app=create_app(estate.g), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            yield Caller(estate, http, prepared.tokens)


def path_of(case: Case, command: c.Command) -> str:
    return f"/tickets/{case.ticket}/{command.trigger.value.replace('_', '-')}"


def body_of(command: c.Command) -> dict[str, Any]:
    return command.model_dump(mode="json", exclude_none=True)


async def take_the_desk(caller: Caller, role: Role) -> None:
    """x holds the desk, whatever their role is now."""
    await become(caller.estate, Role.ASSISTANT)
    await caller.estate.g.duty.open(JX, caller.estate.request(X))
    await become(caller.estate, role)


@pytest.mark.parametrize("role", Role)
async def test_every_command(prepared: Prepared, tmp_path: Path, role: Role) -> None:
    wrong: list[str] = []
    taken = commands(prepared.other)
    assert {command.trigger for _, _, command in taken} == set(Trigger) - {Trigger.RECEIVE, Trigger.DEFER}
    async with calling(prepared, tmp_path, role) as caller:
        for j, (_, _, duty) in enumerate(RELATIONS):
            if duty == "officer":
                await take_the_desk(caller, role)
            for i, (_, row, command) in enumerate(taken):
                case = prepared.cases[i, j]
                hoped = expected(case, row, command, role, standing_of(case, command, duty, night=False))
                wrong.append(await caller.outcome(path_of(case, command), body_of(command), STATUS[hoped]))
    assert [line for line in wrong if line] == []


@pytest.mark.parametrize("role", Role)
async def test_receiving_and_the_night(prepared: Prepared, tmp_path: Path, role: Role) -> None:
    wrong: list[str] = []
    received = [case for case in prepared.cases.values() if case.scenario == "received"]
    urgent = list(prepared.urgent)
    async with calling(prepared, tmp_path, role) as caller:
        for duty in ("off", "officer"):
            if duty == "officer":
                await take_the_desk(caller, role)
            for channel in ("phone", "inspection", "company"):
                for area in ("A1", "A2"):
                    standing = Standing(own_area=area == "A1", on_duty=duty == "officer", channel=channel)
                    may = answer("receive", [role.value], standing)
                    body = {"community": JX, "channel": channel, "description": "漏水", "location": {"area": area}}
                    wrong.append(await caller.outcome("/tickets", body, 201 if may == "yes" else 403))
            for night in (False, True):
                caller.estate.clock.moment = prepared.day + (13 * HOUR if night else 0 * HOUR)
                defer, case = c.Defer(told_resident=True), received.pop()
                hoped = expected(case, "defer", defer, role, standing_of(case, defer, duty, night))
                wrong.append(await caller.outcome(path_of(case, defer), body_of(defer), STATUS[hoped]))
                for assignee in (TEAM, CONTRACTOR):
                    send, case = c.Dispatch(assignee=assignee), urgent.pop()
                    hoped = expected(case, row_of("dispatch"), send, role, standing_of(case, send, duty, night))
                    wrong.append(await caller.outcome(path_of(case, send), body_of(send), STATUS[hoped]))
            caller.estate.clock.moment = prepared.day + DAY * (1 if duty == "off" else 2)
    assert [line for line in wrong if line] == []


@pytest.mark.parametrize("role", Role)
async def test_every_question(prepared: Prepared, tmp_path: Path, role: Role) -> None:
    """One ticket, its history, the lists: each shows what the table lets this role read, in full or masked."""
    looked_at = [prepared.cases[i, j] for i in (0, 16) for j in range(3)]
    async with calling(prepared, tmp_path, role) as caller:
        await caller.estate.g.projections.start()
        for duty in ("off", "officer"):
            if duty == "officer":
                await take_the_desk(caller, role)
                await shown(caller.estate)
            for case in looked_at:
                standing = standing_of(case, None, duty, night=False)
                may_read = answer("read", [role.value], standing) != "no"
                found = await caller.get(f"/tickets/{case.ticket}")
                assert found.status_code == (200 if may_read else 403), (duty, case)
                if may_read:
                    opened = answer("open residents' data", [role.value], standing) == "yes"
                    assert (found.json()["masked"], found.json()["description"]) == (
                        (False, "厨房水管漏水") if opened else (True, "***")
                    )
                may_audit = answer("audit", [role.value], standing) != "no"
                assert (await caller.get(f"/tickets/{case.ticket}/history")).status_code == (200 if may_audit else 403)
            await lists_show_what_may_be_read(prepared, caller, role, duty)
        may_audit = answer("audit", [role.value], Standing()) != "no"
        for path in ("events", "process"):
            assert (await caller.get(f"/audit/{path}?community={JX}")).status_code == (200 if may_audit else 403)
        may_see_looks = answer("access log", [role.value], Standing()) == "yes"
        assert (await caller.get(f"/audit/access?community={JX}")).status_code == (200 if may_see_looks else 403)


async def lists_show_what_may_be_read(prepared: Prepared, caller: Caller, role: Role, duty: str) -> None:
    """The list of tickets and the open workload hold exactly the tickets that could be read one by one."""
    readable = {
        case.ticket
        for case in prepared.cases.values()
        if answer("read", [role.value], standing_of(case, None, duty, night=False)) != "no"
    }
    if answer("read", [role.value], Standing(own_area=True, assigned=True, on_duty=duty == "officer")) == "no":
        assert (await caller.get(f"/tickets?community={JX}")).status_code == 403
        assert (await caller.get(f"/workload?community={JX}")).status_code == 403
        return
    known = {case.ticket for case in prepared.cases.values()}
    listed, cursor = set(), ""
    while True:
        page = (await caller.get(f"/tickets?community={JX}&limit=200{cursor}")).json()
        listed |= {item["id"] for item in page["items"]}
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert listed & known == readable
    workload = (await caller.get(f"/workload?community={JX}&limit=200")).json()
    assert {item["id"] for item in workload["items"]} & known <= readable


@pytest.mark.parametrize("role", Role)
async def test_what_takes_two_and_the_desk(prepared: Prepared, tmp_path: Path, role: Role) -> None:
    ticket = prepared.cases[0, 0].ticket
    asked = [
        ("/subjects/erase", "erase a subject", {"ticket": ticket, "reason": "request"}),
        ("/subjects/disclose", "disclose to police", {"ticket": ticket, "reference": "X-1"}),
        ("/price-list", "price list", {"community": JX, "text": PRICES}),
        ("/rule-book", "price list", {"community": JX, "text": BOOK_TEXT, "from_month": "2027-01"}),
    ]
    wrong: list[str] = []
    async with calling(prepared, tmp_path, role) as caller:
        for path, row, body in asked:
            two = answer(row, [role.value], Standing()) == "two"
            wrong.append(await caller.outcome(path, body, 202 if two else 403))
        late = {"text": "昨天的事", "occurred_at": (prepared.day - 2 * HOUR).isoformat()}
        row = "late entry up to 24 h"
        note = prepared.cases[5, 0]
        may = answer(row, [role.value], Standing(own_area=True)) == "yes"
        wrong.append(await caller.outcome(f"/tickets/{note.ticket}/note", late, 200 if may else 403))
        own = answer("shift: open, substitute, return", [role.value], Standing(assigned=True)) == "yes"
        officer = own and role is not Role.SECURITY
        wrong.append(await caller.outcome("/shifts", {"community": JX}, 201 if officer else 403))
    assert [line for line in wrong if line] == []


async def test_to_people_outside_there_is_nothing(prepared: Prepared, tmp_path: Path) -> None:
    """404 for every trigger and query, alike for a ticket that exists and one that doesn't."""
    async with calling(prepared, tmp_path, Role.ASSISTANT) as caller:
        before = await caller.estate.footprint()
        for i, (_, _, command) in enumerate(commands(prepared.other)):
            there = prepared.cases[i, 0].ticket
            answers = []
            for ticket in (there, "01890000-0000-7000-8000-000000000000"):
                trigger = command.trigger.value.replace("_", "-")
                found = await caller.post(f"/tickets/{ticket}/{trigger}", body_of(command), "stranger")
                answers.append((found.status_code, found.content))
            assert answers[0] == answers[1], command
            assert answers[0][0] == 404
        lists = [f"/{what}?community={JX}" for what in ("workload", "tickets", "audit/events", "audit/process")]
        for path in (f"/tickets/{there}", f"/tickets/{there}/history", *lists):
            assert (await caller.get(path, "stranger")).status_code == 404
        body = {"community": JX, "channel": "phone", "description": "漏水", "location": {"area": "A1"}}
        assert (await caller.post("/tickets", body, "stranger")).status_code == 404
        assert await caller.estate.footprint() == before
        assert (await caller.post("/tickets", {**body, "community": DH}, "stranger")).status_code == 201
