"""What lone commands over HTTP cost the database, their read models and processes included: statements and commits, held here."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.system.settings import Settings
from tests.api.conftest import client_of
from tests.support.client import RECEIVE, Client
from tests.support.estates.api_estate import open_estate, settings_in
from tests.support.round_trips import Sent, counted, followed

pytestmark = pytest.mark.anyio

ALONE = {"note": (5, 1), "accept": (5, 1), "receive": (10, 2)}
"""Statements and commits of each command by itself, at most."""
TOGETHER = {"note": (20, 2), "accept": (20, 2), "receive": (31, 3)}
"""Those of each command together with everything that follows it."""


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty store on each database."""
    if request.param == "sqlite":
        return settings_in(tmp_path)
    create: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return Settings(_env_file=None, store=create(), keys=create(), master_key_file=tmp_path / "master.key")


@pytest.fixture
async def counting(anywhere: Settings) -> AsyncIterator[tuple[Client, Sent]]:
    """A client of an estate whose statements are counted."""
    with counted() as sent:
        async with open_estate(anywhere) as estate, client_of(estate) as api:
            yield api, sent


async def costs(api: Client, sent: Sent, *, following: bool) -> dict[str, tuple[int, int, list[str]]]:
    """Send each command by itself, each with an idempotency key, after some that warm the memory; what each cost."""
    g = api.estate.gongdan
    ticket = await api.dispatched()
    path = f"/tickets/{ticket['id']}"
    for text in ("一", "二", "三"):
        assert (await api.post("zhang", f"{path}/note", {"text": text}, Idempotency_Key=text.encode().hex())).status_code == 200
    found = {}
    sendings: dict[str, tuple[str, str, Any]] = {
        "note": ("zhang", f"{path}/note", {"text": "只此一条"}),
        "accept": ("zhang", f"{path}/accept", {}),
        "receive": ("li", "/tickets", RECEIVE),
    }
    for name, (login, where, body) in sendings.items():
        if following:
            await followed(g)
        sent.clear()
        answer = await api.post(login, where, body, Idempotency_Key=name)
        assert answer.status_code in (200, 201), answer.text
        if following:
            await followed(g)
        found[name] = (len(sent.statements), sent.commits, list(sent.statements))
    return found


def check(found: dict[str, tuple[int, int, list[str]]], most: dict[str, tuple[int, int]]) -> None:
    """Compare each command's counts; a failure lists the statements."""
    counts = {name: (statements, commits) for name, (statements, commits, _) in found.items()}
    over = {
        name: found[name]
        for name, (statements, commits) in counts.items()
        if statements > most[name][0] or commits > most[name][1]
    }
    assert not over, (counts, "\n".join(line[:160] for _, _, listed in over.values() for line in listed))


async def test_a_lone_command_by_itself(counting: tuple[Client, Sent]) -> None:
    api, sent = counting
    check(await costs(api, sent, following=False), ALONE)


async def test_a_lone_command_with_everything_that_follows_it(counting: tuple[Client, Sent]) -> None:
    api, sent = counting
    await api.estate.gongdan.projections.start(api.estate.gongdan.processes)
    check(await costs(api, sent, following=True), TOGETHER)
