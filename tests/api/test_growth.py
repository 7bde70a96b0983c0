"""Every GET and every page does as much work in a store of three times the age: counted in steps of SQLite's virtual machine.

Long: two estates are simulated, one for a month, one for a quarter of a year; both end on one day. Lists are asked for ten items,
months and days for those that both have, so the answers are of one size. A search is bounded by its postings, of which neither
estate has so many, so numbers are sought by their month.
"""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from adapters.accounts.tokens import issue
from adapters.composition import Gongdan, opened
from adapters.server.app import create_app
from adapters.simulation.load import Load, simulate
from adapters.system.system import entropy
from domain.kernel.terms import Role
from domain.people.administration import Administrator
from domain.people.staff import EVERYWHERE
from tests.support.clock import SetClock
from tests.support.estates.api_estate import settings_in

pytestmark = pytest.mark.long

END = date(2026, 10, 11)
YOUNG, OLD = 35, 105
"""Days of the two estates."""

EVERY = 20
"""Steps between two looks at the counter."""

SLACK, ROOM = 1.5, 4_000
"""An answer of the old estate may take so many times the steps of the young one, and so many steps more: estates differ."""

NOT_ASKED = re.compile(r"/live|/stream|/attachments/|/static/|\.ics|\.js$|openapi|/sign-in|/warnings/\{|/evaluations/\{")
"""Streams and files; documents that a simulated estate has none of."""


MOMENTS = re.compile(r"/(night-log|duty-coverage)$")
"""Lists between moments, where others are between days."""


@dataclass
class Steps:
    """The steps of all SQLite connections opened since."""

    taken: int = 0

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count from now on."""
        connect = sqlite3.connect

        def connected(*args: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*args, **options)
            connection.set_progress_handler(self._step, EVERY)
            return connection

        monkeypatch.setattr(sqlite3, "connect", connected)

    def _step(self) -> int:
        self.taken += EVERY
        return 0


@dataclass
class Asked:
    """A store, and what its addresses are filled with."""

    gongdan: Gongdan
    http: httpx2.AsyncClient
    code: str
    logins: list[str]
    tokens: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, login: str) -> httpx2.Response:
        """Ask in a person's name."""
        if path.startswith("/api/"):
            return await self.http.get(path, headers={"Authorization": f"Bearer {self.tokens[login]}"})
        return await self.http.get(path, headers={"Cookie": f"gongdan={self.sessions[login]}; community={self.code}"})

    async def answered(self, path: str, steps: Steps) -> int | None:
        """Steps of an address for the first person who gets an answer; None where nobody does. Asked twice: caches are filled."""
        for login in self.logins:
            if (await self.get(path, login)).status_code == 200:
                steps.taken = 0
                assert (await self.get(path, login)).status_code == 200
                return steps.taken
        return None


def addresses(asked: Asked) -> Iterator[tuple[str, str]]:
    """Every GET of the application, as it is declared and filled in, and the searches."""
    app = create_app(asked.gongdan)
    values = {
        "community": asked.code, "limit": "10", "month": "2026-09", "period": "2026-09", "from": "2026-10-01", "to": "2026-10-07",
        "first": "2026-10-01", "last": "2026-10-07", "date": "2026-10-09", "day": "2026-10-09", "on": "2026-10-09",
        "book": "repair",
    }  # fmt: skip
    for route in app.router.routes:
        path, dependant = getattr(route, "path", ""), getattr(route, "dependant", None)
        if dependant is None or "GET" not in getattr(route, "methods", ()) or NOT_ASKED.search(path):
            continue
        known = [param for one in (dependant, *dependant.dependencies) for param in one.query_params]
        here = values | {name: f"{values[name]}T00:00:00Z" for name in ("from", "to") if MOMENTS.search(path)}
        given = [f"{p.alias}={here[p.alias]}" for p in known if p.alias in here and (p.alias != "date" or "review" in path)]
        filled = path
        for name in re.findall(r"\{(\w+)\}", path):
            kind = path.split("{")[0].strip("/").split("/")[-1]
            filled = filled.replace(
                f"{{{name}}}", asked.names.get(f"{kind}/{name}", asked.names.get(name, values.get(name, "?")))
            )
        question = f"?{'&'.join(given)}" if given else ""
        yield path + question.replace(asked.code, "CODE"), filled + question
    here = f"/api/v1/tickets?community={asked.code}&limit=10"
    words = ("水管", "水管 漏水", f"GD-{asked.code}-202610", f"BX-{asked.code}-202610", "没有这样")
    filters = ("state=followed_up&q=水", "state=cancelled", "clock=breached", "phone=13800000000")
    for search in (*(f"{here}&q={q}" for q in words), *(f"{here}&{filter}" for filter in filters)):
        yield search.replace(asked.code, "CODE"), search


async def ask_all(days: int, folder: Path, steps: Steps) -> dict[str, int | None]:
    """The steps of every address over a simulated estate."""
    settings = settings_in(folder, rate="1000000/minute", queue=10_000)
    report, _ = await simulate(settings, Load(1, days, 7, END - timedelta(days=days)), datetime.now().astimezone())
    clock = SetClock(report.until)
    async with opened(settings, clock) as g:
        await g.projections.start()
        head = (await g.store.head()).position
        for view in await g.projections.status():
            while not await g.projections.wait_for(view.name, head, 60):
                pass
        operator = Administrator("operator", g.ids.new(), operator=True)
        await g.administration.add_person("sys", "系", operator)
        await g.administration.grant("sys", Role.ADMIN, EVERYWHERE, None, None, None, operator)
        directory = await g.directory.current()
        [code] = report.communities
        logins = [login for login in directory.people if directory.roles(login, code, clock.now())]
        logins += [login for login in directory.people if login not in logins]
        transport = httpx2.ASGITransport(app=create_app(g))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=600) as http:
            asked = Asked(g, http, code, logins)
            for login in logins:
                _, asked.tokens[login] = await issue(g.store, clock, g.ids, entropy, login, 365)
                asked.sessions[login] = await g.sign_ins.begin(login)
            await name_all(asked)
            found: dict[str, int | None] = {}
            for name, address in addresses(asked):
                found[name] = await asked.answered(address, steps)
            return found


async def name_all(asked: Asked) -> None:
    """Find a ticket, a shift, a finding and so on for the addresses that name one."""
    api, here = "/api/v1", f"community={asked.code}&limit=10"

    async def first(path: str, key: str) -> str:
        for login in asked.logins:
            answer = await asked.get(api + path, login)
            if answer.status_code == 200:
                found = answer.json()
                items = found.get("items", found.get("shifts"))
                if items:
                    return str(items[-1][key])
        return "none"

    asked.names |= {
        "tickets/id": await first(f"/tickets?{here}&state=followed_up", "number"),
        "tickets/ref": await first(f"/tickets?{here}&state=followed_up", "number"),
        "shifts/id": await first(f"/duty-coverage?{here}", "id"),
        "handover/id": await first(f"/duty-coverage?{here}", "id"),
        "findings/id": await first(f"/findings?{here}", "id"),
        "approvals/id": await first("/approvals?limit=10", "id"),
        "dwellings/id": await first(f"/dwellings?{here}", "id"),
        "residents/id": await first(f"/residents?{here}", "id"),
        "login": asked.logins[0],
        "communities/code": asked.code,
    }


def test_no_answer_grows_with_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps()
    steps.listen(monkeypatch)
    young, old = (anyio.run(ask_all, days, tmp_path / str(days), steps) for days in (YOUNG, OLD))
    assert young.keys() == old.keys()
    print(*(f"{young[one]!s:>9} {old[one]!s:>9}  {one}" for one in sorted(young, key=lambda one: -(old[one] or 0))), sep="\n")
    grown = [f"{one}: {a} → {old[one]}" for one, a in young.items() if a is not None and (old[one] or 0) > SLACK * a + ROOM]
    assert grown == []
    answered = [one for one, a in young.items() if a is not None and old[one] is not None]
    assert len(answered) > 0.9 * len(young), [one for one in young if one not in answered]
