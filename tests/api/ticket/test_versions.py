"""Versions: ``If-Match``, concurrent commands, and reading a ticket as it was."""

from datetime import timedelta

import anyio
import httpx2
import pytest

from tests.support.client import Client, problem

pytestmark = pytest.mark.anyio


async def test_of_two_people_at_once_one_is_told_what_the_other_did(api: Client) -> None:
    ticket = await api.ticket()
    await api.act("li", ticket, "classify", kind="repair", facility="private")
    answers: dict[str, httpx2.Response] = {}

    async def dispatch(who: str, to: str) -> None:
        answers[who] = await api.post(who, f"/tickets/{ticket['id']}/dispatch", {"assignee": to}, If_Match='"2"')

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dispatch, "li", "zhang")
        tasks.start_soon(dispatch, "chen", "wu")
    assert sorted(answer.status_code for answer in answers.values()) == [200, 412]
    [winner] = [who for who, answer in answers.items() if answer.status_code == 200]
    [loser] = [answer for answer in answers.values() if answer.status_code == 412]
    assert problem(loser) == "stale-version"
    [since] = loser.json()["since"]
    assert (since["version"], since["type"], since["by"]) == (3, "ticket.dispatched", winner)


async def test_without_a_version_the_command_is_decided_anew(api: Client) -> None:
    ticket = await api.ticket()
    versions: list[int] = []

    async def note(who: str) -> None:
        versions.append((await api.act(who, ticket, "note", text=f"{who}的备注"))["version"])

    async with anyio.create_task_group() as tasks:
        for who in ("li", "chen", "wang", "zhong", "hua"):
            tasks.start_soon(note, who)
    assert sorted(versions) == [2, 3, 4, 5, 6]


async def test_the_etag_is_what_if_match_takes(api: Client) -> None:
    ticket = await api.ticket()
    etag = (await api.get("li", f"/tickets/{ticket['id']}")).headers["etag"]
    answer = await api.post("li", f"/tickets/{ticket['id']}/classify", {"kind": "other"}, If_Match=etag)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (await api.post("li", f"/tickets/{ticket['id']}/note", {"text": "x"}, If_Match="*")).status_code == 200


async def test_the_registry_knows_versions_too(api: Client) -> None:
    etag = (await api.get("root", "/people/wu")).headers["etag"]
    assert (await api.post("root", "/people/wu/disable", If_Match=etag)).status_code == 200
    answer = await api.post("root", "/people/wu/enable", If_Match=etag)
    assert problem(answer) == "stale-version"
    assert [since["type"] for since in answer.json()["since"]] == ["person.disabled"]
    asked = await api.post("wang", "/price-list", {"community": "JX", "text": 'version = "1"\n[services]\n'})
    answer = await api.post("kao", f"/approvals/{asked.json()['id']}/approve", If_Match='"9"')
    assert problem(answer) == "stale-version"


async def test_the_ticket_as_it_was(api: Client) -> None:
    clock = api.estate.clock
    ticket = await api.ticket()
    began = clock.now()
    clock.move(hours=1)
    await api.act("li", ticket, "classify", kind="repair", facility="private")
    clock.move(hours=4)
    happened = clock.now() - timedelta(hours=2)
    late = await api.post("li", f"/tickets/{ticket['id']}/dispatch", {"assignee": "zhang", "occurred_at": happened.isoformat()})
    assert late.status_code == 200
    assert late.json()["occurred_at"] == happened.isoformat().replace("+00:00", "Z")
    path = f"/tickets/{ticket['id']}"

    async def state(**when: str) -> tuple[str, int]:
        found = (await api.get("li", path, **when)).json()
        return found["state"], found["version"]

    assert await state(version="1") == ("received", 1)
    assert await state(at=began.isoformat()) == ("received", 1)
    assert await state(at=happened.isoformat()) == ("dispatched", 3)
    assert await state(known_at=happened.isoformat()) == ("classified", 2)
    assert await state(known_at=happened.isoformat(), at=happened.isoformat()) == ("classified", 2)
    assert await state(known_at=clock.now().isoformat()) == ("dispatched", 3)
    early = began - timedelta(seconds=1)
    assert problem(await api.get("li", path, at=early.isoformat())) == "not-found"
    assert problem(await api.get("li", path, known_at=early.isoformat())) == "not-found"
    assert problem(await api.get("li", path, version="4")) == "not-found"
    past = (await api.get("li", path, version="1")).json()
    assert [clock["status"] for clock in past["clocks"]] == ["running"]
    assert "accept" not in past["legal"]
    assert (await api.get("zhang", path, version="1")).json()["legal"][:2] == ["decline", "accept"]


async def test_history_tells_both_times_and_who(api: Client) -> None:
    clock = api.estate.clock
    ticket = await api.ticket()
    clock.move(hours=3)
    happened = (clock.now() - timedelta(hours=1)).isoformat()
    await api.act("li", ticket, "classify", kind="repair", facility="private", occurred_at=happened)
    steps = (await api.get("chen", f"/tickets/{ticket['id']}/history")).json()["items"]
    first, second = steps
    assert (first["type"], first["by"], first["state_before"], first["state_after"]) == (
        "ticket.received",
        "li",
        None,
        "received",
    )
    assert first["data"]["description"] == "厨房水管漏水"
    assert (second["back_entered"], second["number"]) == (True, "BX-JX-20260302-0001")
    assert second["occurred_at"] < second["recorded_at"]
    assert [clock["clock"] for clock in second["clocks"]] == ["reply", "repair"]
    assert (second["position"], second["version"]) == (first["position"] + 1, 2)
