"""A small estate to test against: two communities with areas, and a person with a token for every role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.accounts.tokens import issue
from adapters.composition import Gongdan, make_new, opened
from adapters.system.settings import Settings
from adapters.system.system import entropy
from domain.kernel.ports import Clock
from domain.kernel.terms import Role
from domain.people.administration import Administrator
from tests.support.clock import SetClock

PEOPLE: dict[str, tuple[Role, str, str | None]] = {
    "li": (Role.ASSISTANT, "JX", None),
    "hua": (Role.BUTLER, "JX", "A1"),
    "zhang": (Role.TECHNICIAN, "JX", None),
    "wu": (Role.TECHNICIAN, "JX", None),
    "zhong": (Role.CONTROL_ROOM, "JX", None),
    "an": (Role.SECURITY, "JX", None),
    "chen": (Role.SUPERVISOR, "JX", None),
    "wang": (Role.DIRECTOR, "JX", None),
    "cai": (Role.FINANCE, "JX", None),
    "ren": (Role.HR, "JX", None),
    "kao": (Role.APPRAISER, "*", None),
    "shen": (Role.AUDITOR, "*", None),
    "si": (Role.PRIVACY_OFFICER, "*", None),
    "root": (Role.ADMIN, "*", None),
    "yun": (Role.ASSISTANT, "YH", None),
    "fang": (Role.DIRECTOR, "YH", None),
}
"""Login → role, community, area. ``root`` administers; ``yun`` and ``fang`` work next door, in YH."""


@dataclass
class Estate:
    """An open Gongdan with its people."""

    gongdan: Gongdan
    clock: Any
    tokens: dict[str, str] = field(default_factory=dict)

    def bearer(self, login: str) -> dict[str, str]:
        """The header of a person's token."""
        return {"Authorization": f"Bearer {self.tokens[login]}"}


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings of a store on SQLite in a folder, independent of the environment, with deadlines long enough for a slow disk."""
    deadlines = {"deadline": PATIENCE, "read_seconds": PATIENCE}
    return Settings(_env_file=None, store=f"sqlite:///{folder}/gongdan.db", **(deadlines | more))


PATIENCE = 120.0
"""Seconds an append or an answer may wait: no test measures time."""


@asynccontextmanager
async def open_estate(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Estate]:
    """A new store with the estate in it."""
    clock = clock or SetClock()
    await make_new(settings, "test", clock)
    async with opened(settings, clock) as gongdan:
        estate = Estate(gongdan, clock)
        await populate(estate)
        yield estate


async def follow(gongdan: Gongdan) -> None:
    """Start the projections, and wait until each has reached the end of the log."""
    projections = gongdan.projections
    await projections.start()
    head = (await gongdan.store.head()).position
    for status in await projections.status():
        assert await projections.wait_for(status.name, head, 60)


async def populate(estate: Estate) -> None:
    """Communities, areas, a team, a contractor, people, roles and tokens."""
    g = estate.gongdan
    operator = Administrator("operator", g.ids.new(), operator=True)
    for code, name in (("JX", "锦绣花园"), ("YH", "银湖花园")):
        await g.administration.add_community(code, name, "Asia/Shanghai", operator)
        for place in ("A1", "A2"):
            await g.administration.add_area(code, place, f"{name}{place}", operator)
    for login, (role, community, area) in PEOPLE.items():
        await g.administration.add_person(login, f"{login}某", operator)
        await g.administration.grant(login, role, community, area, None, None, operator)
        _, estate.tokens[login] = await issue(g.store, g.clock, g.ids, entropy, login, 365)
    await g.administration.form_team("JX", "plumbers", ("zhang", "wu"), operator)
    await g.administration.register_contractor("JX", "anda", "安达电梯", operator)
