"""The API over PostgreSQL, which refuses some texts that SQLite takes, and whose store two processes may serve."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from adapters.composition import opened
from adapters.system.settings import Settings
from tests.api.conftest import client_of
from tests.support.client import RECEIVE, Client, problem
from tests.support.clock import SetClock
from tests.support.estates.api_estate import Estate, open_estate

pytestmark = pytest.mark.anyio


NULS = (
    "/tickets/%00",
    "/tickets/a%00b/history",
    "/tickets?q=%00",
    "/tickets?q=GD-%00",
    "/tickets?phone=%00",
    "/tickets?assignee=a%00",
    "/tickets?community=%00",
    "/people/%00",
    "/workload?community=%00",
    "/worklist?community=JX&assignee=%00",
)
"""Texts that PostgreSQL would not take."""


@pytest.fixture
def two_databases(new_postgres_url: Callable[[], str], tmp_path: Path) -> Settings:
    """A store and its keys, each in a database of its own."""
    return Settings(_env_file=None, store=new_postgres_url(), keys=new_postgres_url(), master_key_file=tmp_path / "master.key")


@pytest.fixture
async def estate(two_databases: Settings) -> AsyncIterator[Estate]:
    async with open_estate(two_databases) as estate:
        yield estate


@pytest.fixture
async def api(estate: Estate) -> AsyncIterator[Client]:
    async with client_of(estate) as client:
        yield client


async def test_a_ticket_its_lists_and_what_is_refused(api: Client) -> None:
    g = api.estate.gongdan
    await g.projections.start()
    ticket = await api.dispatched()
    for step in ("accept", "start"):
        await api.act("zhang", ticket, step)
    answer = await api.post("zhang", f"/tickets/{ticket['number']}/complete", {"resolution": "更换角阀"}, Idempotency_Key="k")
    assert answer.json()["state"] == "repaired"
    again = await api.post("zhang", f"/tickets/{ticket['number']}/complete", {"resolution": "更换角阀"}, Idempotency_Key="k")
    assert again.content == answer.content
    assert await g.projections.wait_for("ticket_directory", int(answer.headers["gongdan-position"]), 60)
    found = (await api.get("li", "/tickets", q=ticket["number"])).json()
    assert [item["state"] for item in found["items"]] == ["repaired"]
    assert (await api.get("li", "/workload?community=JX")).json()["by_state"] == {"repaired": 1}
    before = await api.written()
    for path in NULS:
        answer = await api.get("chen", path)
        assert answer.json().get("items") == [] or problem(answer) in ("not-found", "invalid-input"), path
    assert problem(await api.post("li", "/tickets", RECEIVE | {"description": "a\x00b"})) == "invalid-input"
    assert problem(await api.post("li", f"/tickets/{ticket['id']}/link", {"ticket": "a\x00", "relation": "same_cause"})) == (
        "invalid-input"
    )
    assert await api.written() == before


async def test_two_processes_serve_one_store(estate: Estate, two_databases: Settings) -> None:
    async with opened(two_databases, SetClock()) as other_gongdan:
        other = Estate(other_gongdan, estate.clock, estate.tokens)
        async with client_of(estate) as here, client_of(other) as there:
            ticket = await here.ticket()
            assert (await there.get("li", f"/tickets/{ticket['id']}")).json()["version"] == 1
            answers: list[Any] = []

            async def classify(api: Client, kind: str) -> None:
                answers.append(await api.post("li", f"/tickets/{ticket['id']}/classify", {"kind": kind}, If_Match='"1"'))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(classify, here, "other")
                tasks.start_soon(classify, there, "enquiry")
            assert sorted(answer.status_code for answer in answers) == [200, 412]

            async def receive(api: Client) -> None:
                answers.append(await api.post("li", "/tickets", RECEIVE, Idempotency_Key="same"))

            answers.clear()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(receive, here)
                tasks.start_soon(receive, there)
            assert answers[0].content == answers[1].content
            token = (await here.get("wu", "/tokens")).json()["items"][0]
            assert (await here.post("root", f"/tokens/{token['id']}/revoke")).status_code == 200
            assert problem(await there.get("wu", "/communities")) == "unauthenticated"
