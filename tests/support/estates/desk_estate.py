"""A small estate for the tests of the use cases: one person for each role, real stores, a clock that only the test moves.

Making it costs some thirty commits, so it is made once a session and its folder copied for each test.
"""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.composition import Gongdan, make_new, opened
from adapters.system.settings import Settings
from domain.approval.waiting import Waiting
from domain.kernel.journal import Journal
from domain.kernel.ports import CommandKey
from domain.kernel.request import Request
from domain.kernel.terms import Role
from domain.people.administration import Administrator
from domain.people.office import Office
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.state import TicketState
from tests.support.clock import SetClock
from tests.support.estates.api_estate import PATIENCE, follow

ZONE = ZoneInfo("Asia/Shanghai")
JX, DH = "JX", "DH"
"""锦绣花园, where everybody works, and 东湖花园, where only ``stranger`` does."""
HIRED = date(2025, 7, 1)
"""Everybody's first day."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

AREA_OF = {Role.BUTLER: "A1"}
SECONDS = (Role.ASSISTANT, Role.TECHNICIAN, Role.SUPERVISOR, Role.DIRECTOR, Role.APPRAISER, Role.PRIVACY_OFFICER, Role.SECURITY)
"""Roles that two people hold: ``director`` and ``director2``."""
REPORTER = c.Reporter(name="王小明", phone="13812345678")


@dataclass
class Estate:
    """An open Gongdan and shorthands for its use cases; people are called as their role."""

    g: Gongdan
    clock: SetClock
    settings: Settings

    def office(self, journal: Journal) -> Office:
        """The office of this estate over another journal."""
        return Office(journal, self.g.directory, self.clock, self.g.ids)

    @property
    def operator(self) -> Administrator:
        """The operator of the machine."""
        return Administrator("operator", self.g.ids.new(), True)

    def admin(self, login: str) -> Administrator:
        """Somebody with a login who administers."""
        return Administrator(login, self.g.ids.new())

    def request(self, login: str, **more: Any) -> Request:
        """A request by somebody; ``key`` may be a text."""
        if isinstance(more.get("key"), str):
            more["key"] = CommandKey(login, more["key"], b"same body")
        return Request(login, self.g.ids.new(), **more)

    async def receive(self, login: str = "assistant", /, request: dict[str, Any] | None = None, **fields: Any) -> str:
        """A new ticket, by default a leak in area A1; returns its id."""
        done = await self.g.desk.receive(leak(**fields), self.request(login, **(request or {})))
        assert isinstance(done, Done)
        return str(done.state.id)

    async def act(self, login: str, ticket: str, command: c.Command, /, **request: Any) -> TicketState:
        """A command that takes one person; returns the ticket after it."""
        done = await self.g.desk.act(ticket, command, self.request(login, **request))
        assert isinstance(done, Done), done
        return done.state

    async def ask(self, login: str, ticket: str, command: c.Command, /, **request: Any) -> Waiting:
        """A command that takes two."""
        waiting = await self.g.desk.act(ticket, command, self.request(login, **request))
        assert isinstance(waiting, Waiting), waiting
        return waiting

    async def run(self, ticket: str, steps: Sequence[tuple[str, c.Command]]) -> TicketState:
        """Several commands, each by somebody."""
        for login, command in steps:
            state = await self.act(login, ticket, command)
        return state

    async def state(self, ticket: str) -> TicketState:
        """The ticket as it is."""
        return await self.g.desk.load(await self.g.desk.find(ticket))

    async def events(self, ticket: str) -> list[Any]:
        """The ticket's events, decoded."""
        return await self.events_of(await self.g.desk.find(ticket))

    async def events_of(self, stream: UUID | None) -> list[Any]:
        """Any stream's events, decoded."""
        assert stream is not None
        return [self.g.journal.codec.decode(event) for event in await self.g.store.read_stream(stream)]

    async def footprint(self) -> dict[str, Any]:
        """What a refusal must not change: head, counters, commands, numbers, names, access log."""
        database = self.g.store.database
        assert database is not None
        counts: dict[str, Any] = {"head": await database.read("SELECT position, recorded_at FROM head")}
        for table in ("events", "commands", "numbers", "access_log"):
            counts[table] = await database.read(f"SELECT count(*) FROM {table}")
        counts["counters"] = sorted(await database.read("SELECT name, value FROM counters"))
        return counts

    @asynccontextmanager
    async def again(self) -> AsyncIterator["Estate"]:
        """Open the store once more, as another process would."""
        async with opened(self.settings, self.clock) as g:
            yield Estate(g, self.clock, self.settings)


def leak(**fields: Any) -> c.Receive:
    """A request as it comes by phone."""
    given: dict[str, Any] = {
        "community": JX,
        "channel": "phone",
        "description": "厨房水管漏水",
        "reporter": REPORTER,
        "location": c.Place(area="A1", building="3", entrance="2", dwelling="1201"),
    }
    return c.Receive.model_validate({**given, **fields})


async def build(settings: Settings) -> None:
    """A new store with two communities and everybody in them, its views built."""
    clock = SetClock()
    await make_new(settings, "test", clock)
    async with opened(settings, clock) as g:
        estate = Estate(g, clock, settings)
        by, admin = estate.operator, g.administration
        for code, name in ((JX, "锦绣花园"), (DH, "东湖花园")):
            await admin.add_community(code, name, "Asia/Shanghai", by)
            for area in ("A1", "A2"):
                await admin.add_area(code, area, area, by)
        for role in Role:
            for login in (role.value, f"{role.value}2")[: 1 + (role in SECONDS)]:
                await admin.add_person(login, login, by)
                await admin.grant(login, role, JX, AREA_OF.get(role), HIRED, None, by)
        await admin.add_person("stranger", "stranger", by)
        await admin.grant("stranger", Role.DIRECTOR, DH, None, HIRED, None, by)
        await admin.form_team(JX, "plumbers", ("technician", "technician2"), by)
        await admin.register_contractor(JX, "acme", "顶好防水", by)
        await follow(g)


def sqlite_settings(folder: Path) -> Settings:
    """A store and its keys below a folder."""
    return Settings(store=f"sqlite:///{folder}/gongdan.db", deadline=PATIENCE)


@asynccontextmanager
async def copied(template: Path, folder: Path) -> AsyncIterator[Estate]:
    """An estate of one's own, from the folder that was made for all."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    settings, clock = sqlite_settings(folder), SetClock()
    async with opened(settings, clock) as g:
        yield Estate(g, clock, settings)
