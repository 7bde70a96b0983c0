"""Idempotency keys: a repeat gets the first answer again, another body is refused, a repeat in flight waits."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import pytest

from domain.people.office import Office
from domain.service_desk.desk import ServiceDesk
from tests.api.conftest import client_of
from tests.support.client import RECEIVE, V1, Client, problem
from tests.support.estates.api_estate import Estate
from tests.support.faulty_log import faulty

pytestmark = pytest.mark.anyio


def same(first: httpx2.Response, again: httpx2.Response) -> None:
    """Status, body and what tells of the write are those of the first answer."""
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("etag", "gongdan-position", "location"):
        assert again.headers.get(name) == first.headers.get(name)


async def test_a_repeated_receipt(api: Client) -> None:
    first = await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k1")
    before = await api.written()
    api.estate.clock.move(days=3)
    same(first, await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k1"))
    assert await api.written() == before


async def test_a_repeat_after_the_ticket_went_on(api: Client) -> None:
    ticket = await api.ticket()
    body = {"kind": "repair", "facility": "private"}
    first = await api.post("li", f"/tickets/{ticket['id']}/classify", body, Idempotency_Key="k2", If_Match='"1"')
    await api.act("li", ticket, "dispatch", assignee="zhang")
    await api.act("zhang", ticket, "decline", reason="在忙")
    api.estate.clock.move(hours=5)
    same(first, await api.post("li", f"/tickets/{ticket['id']}/classify", body, Idempotency_Key="k2", If_Match='"1"'))


async def test_the_same_key_of_somebody_else_is_another_key(api: Client) -> None:
    first = await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k")
    other = await api.post("chen", "/tickets", RECEIVE, Idempotency_Key="k")
    assert first.json()["id"] != other.json()["id"]


async def test_the_same_key_with_another_body_or_path(api: Client) -> None:
    ticket = (await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k")).json()
    before = await api.written()
    answers = [
        await api.post("li", "/tickets", RECEIVE | {"urgency": "emergency"}, Idempotency_Key="k"),
        await api.post("li", f"/tickets/{ticket['id']}/note", {"text": "又"}, Idempotency_Key="k"),
        await api.post("li", "/shifts", {"community": "JX"}, Idempotency_Key="k"),
    ]
    for answer in answers:
        assert problem(answer) == "invalid-input"
        assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"
    assert await api.written() == before


async def test_the_same_key_and_body_on_another_path(api: Client) -> None:
    ticket = await api.dispatched()
    assert (await api.post("zhang", f"/tickets/{ticket['id']}/accept", Idempotency_Key="k")).status_code == 200
    assert problem(await api.post("zhang", f"/tickets/{ticket['id']}/start", Idempotency_Key="k")) == "invalid-input"


async def test_the_same_key_for_another_token(api: Client) -> None:
    made = await api.post("root", "/tokens", {"login": "zhang", "days": 7}, Idempotency_Key="k")
    assert made.status_code == 201
    before = await api.written()
    assert problem(await api.post("root", "/tokens", {"login": "zhang", "days": 8}, Idempotency_Key="k")) == "invalid-input"
    assert await api.written() == before


async def test_a_refused_command_leaves_its_key_free(api: Client) -> None:
    ticket = await api.ticket()
    path = f"/tickets/{ticket['id']}/dispatch"
    assert problem(await api.post("li", path, {"assignee": "zhang"}, Idempotency_Key="k")) == "transition-refused"
    await api.act("li", ticket, "classify", kind="other")
    assert (await api.post("li", path, {"assignee": "zhang"}, Idempotency_Key="k")).status_code == 200


ADMINISTRATION: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("root", "/communities", {"code": "BH", "name": "碧湖花园"}),
    ("root", "/communities/JX/settings", {"settings": {"clocks.reply_minutes": 1440}}),
    ("root", "/areas", {"community": "JX", "code": "A9"}),
    ("root", "/teams", {"community": "JX", "code": "night", "members": ["zhang"]}),
    ("root", "/contractors", {"community": "JX", "code": "yuan", "name": "园林公司"}),
    ("root", "/people", {"login": "xin", "name": "新来的"}),
    ("root", "/grants", {"login": "zhang", "role": "butler", "community": "JX", "area": "A2", "from": "2026-03-01"}),
    ("root", "/people/wu/disable", {}),
    ("root", "/tokens", {"login": "zhang", "days": 7}),
    ("li", "/shifts", {"community": "JX"}),
    ("wang", "/price-list", {"community": "JX", "text": 'version = "1"\n[services]\n'}),
)


@pytest.mark.parametrize(("login", "path", "body"), ADMINISTRATION, ids=[path for _, path, _ in ADMINISTRATION])
async def test_repeats_of_everything_else(api: Client, login: str, path: str, body: dict[str, Any]) -> None:
    first = await api.post(login, path, body, Idempotency_Key="k")
    assert first.status_code in (200, 201, 202), first.text
    before = await api.written()
    same(first, await api.post(login, path, body, Idempotency_Key="k"))
    other = {**body, "name": "另一个"} if "name" in body else {"login": "hua", "name": "x"} if path == "/people" else body
    if other != body:
        assert problem(await api.post(login, path, other, Idempotency_Key="k")) == "invalid-input"
    assert await api.written() == before


async def test_repeats_of_a_shifts_steps(api: Client) -> None:
    shift = (await api.post("li", "/shifts", {"community": "JX"})).json()["id"]
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("li", "substitute", {"stand_in": "an"}),
        ("li", "return-to-post", {}),
        ("chen", "take-over", {"reason": "absent"}),
    ]
    firsts = [await api.post(who, f"/shifts/{shift}/{step}", body, Idempotency_Key=step) for who, step, body in steps]
    assert [first.status_code for first in firsts] == [200, 200, 200]
    before = await api.written()
    for first, (who, step, body) in zip(firsts, steps, strict=True):
        same(first, await api.post(who, f"/shifts/{shift}/{step}", body, Idempotency_Key=step))
    assert await api.written() == before


async def test_a_repeated_approval(api: Client) -> None:
    ticket = await api.dispatched()
    body = {"agreed_due_at": "2026-04-01T00:00:00+08:00", "reason": "更换总管"}
    path = f"/tickets/{ticket['id']}/approve-major-works"
    first = await api.post("li", path, body, Idempotency_Key="ask")
    assert first.status_code == 202
    same(first, await api.post("li", path, body, Idempotency_Key="ask"))
    approval = f"/approvals/{first.json()['id']}/approve"
    granted = await api.post("wang", approval, {}, Idempotency_Key="yes")
    assert granted.json()["status"] == "approved"
    before = await api.written()
    api.estate.clock.move(days=2)
    same(granted, await api.post("wang", approval, {}, Idempotency_Key="yes"))
    same(first, await api.post("li", path, body, Idempotency_Key="ask"))
    assert await api.written() == before


async def test_the_same_key_in_flight(estate: Estate) -> None:
    reached, go_on = anyio.Event(), anyio.Event()

    async def held_up() -> None:
        reached.set()
        await go_on.wait()

    g = estate.gongdan
    office = Office(faulty(g.journal, before_append=held_up), g.directory, g.clock, g.ids)
    answers: list[httpx2.Response] = []
    async with client_of(replace(estate, gongdan=replace(g, desk=ServiceDesk(office)))) as api:

        async def first() -> None:
            answers.append(await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await reached.wait()
            with anyio.fail_after(30):
                assert problem(await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k")) == "in-progress"
            go_on.set()
        same(answers[0], await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k"))


async def test_the_key_counts_for_the_very_bytes(api: Client) -> None:
    headers = api.estate.bearer("li") | {"Content-Type": "application/json", "Idempotency-Key": "k"}
    compact, spaced = json.dumps(RECEIVE), json.dumps(RECEIVE, indent=1)
    assert (await api.http.post(V1 + "/tickets", content=compact, headers=headers)).status_code == 201
    assert problem(await api.http.post(V1 + "/tickets", content=spaced, headers=headers)) == "invalid-input"
