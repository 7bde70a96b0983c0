"""Lists and the workload: bounded by rights, masked, in pages, and consistent with one's own writes (``min_position``)."""

from typing import Any

import pytest

from projections.ticket import postings
from tests.support.client import Client, problem

pytestmark = pytest.mark.anyio


async def seen(api: Client, position: Any) -> None:
    """Until the views hold what was written up to a position."""
    projections = api.estate.gongdan.projections
    for one in await projections.status():
        assert await projections.wait_for(one.name, int(position), 60)


async def head(api: Client) -> int:
    return (await api.estate.gongdan.store.head()).position


async def test_reading_ones_own_writes(live: Client) -> None:
    await seen(live, await head(live))
    answer = await live.post("li", "/tickets", {**RECEIVED})
    position = answer.headers["gongdan-position"]
    for path in ("/tickets", "/workload?community=JX"):
        joined = path + ("&" if "?" in path else "?")
        found = (await live.get("li", f"{joined}min_position={position}")).json()
        assert [item["number"] for item in found["items"]] == [answer.json()["number"]]
        assert found["position"] >= int(position)


async def test_a_position_nobody_reached(api: Client) -> None:
    answer = await api.get("li", "/tickets?min_position=1000000")
    assert problem(answer) == "overloaded"
    assert int(answer.headers["retry-after"]) > 0


async def test_the_workload_counts_what_is_unfinished(live: Client) -> None:
    first = await live.dispatched()
    await live.ticket(urgency="emergency")
    done = await live.ticket()
    await live.act("li", done, "cancel", reason="withdrawn")
    await seen(live, await head(live))
    found = (await live.get("li", "/workload?community=JX")).json()
    assert found["total"] == 2
    assert found["by_state"] == {"dispatched": 1, "received": 1}
    assert found["by_kind"] == {"repair": 1, "none": 1}
    assert found["by_assignee"] == {"zhang": 1, "none": 1}
    assert found["clocks"]["repair"] == {"running": 1, "paused": 0, "breached": 0}
    assert {item["id"] for item in found["items"]} > {first["id"]}
    assert "13812345678" not in str(found)
    assert "1201" not in str(found)
    worklist = (await live.get("zhang", "/worklist?community=JX")).json()
    assert [item["id"] for item in worklist["items"]] == [first["id"]]


async def test_a_list_shows_what_a_right_reaches(live: Client) -> None:
    here = await live.dispatched()
    there = await live.ticket(location={"area": "A2", "public_place": "东门"})
    next_door = await live.ticket("yun", community="YH")
    await seen(live, await head(live))

    async def listed(login: str, **params: str) -> set[str]:
        answer = await live.get(login, "/tickets", **params)
        assert answer.status_code == 200, answer.text
        assert {item["masked"] for item in answer.json()["items"]} <= {True}
        return {item["id"] for item in answer.json()["items"]}

    assert await listed("li") == {here["id"], there["id"]}
    assert await listed("hua") == {here["id"]}
    assert await listed("zhang") == {here["id"]}
    assert await listed("wu") == set()
    assert await listed("kao") == {here["id"], there["id"], next_door["id"]}
    assert await listed("yun") == {next_door["id"]}
    assert await listed("yun", q=here["number"]) == set()
    assert await listed("li", q=here["number"]) == {here["id"]}
    assert await listed("li", state="dispatched") == {here["id"]}
    assert await listed("li", assignee="zhang", kind="repair", clock="running") == {here["id"]}
    assert await listed("li", book="BX") == {here["id"]}
    assert problem(await live.get("yun", "/tickets?community=JX")) == "not-found"


async def test_a_phone_is_looked_up_by_right_and_recorded(live: Client) -> None:
    ticket = await live.ticket()
    await seen(live, await head(live))
    found = (await live.get("li", "/tickets", phone="138 1234 5678", community="JX")).json()
    assert [item["id"] for item in found["items"]] == [ticket["id"]]
    log = (await live.get("shen", "/audit/access")).json()["items"]
    assert [(entry["who"], entry["what"]) for entry in log] == [("li", "phone_lookup")]
    refused = await live.get("shen", "/tickets", phone="13812345678", community="JX")
    assert problem(refused) == "not-allowed"
    assert problem(await live.get("shen", "/tickets", q="漏水", community="JX")) == "not-allowed"
    words = (await live.get("li", "/tickets", q="厨房水管", community="JX")).json()
    assert [item["id"] for item in words["items"]] == [ticket["id"]]


async def test_pages_hold_every_ticket_once(live: Client) -> None:
    tickets = [(await live.ticket())["id"] for _ in range(7)]
    await seen(live, await head(live))
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await live.get("li", "/tickets", limit="3", **cursor)).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        await live.ticket()
    assert found == tickets[::-1]
    for garbage in ("x", "//////////8=", "Z" * 400, "!"):
        assert problem(await live.get("li", "/tickets", cursor=garbage)) == "invalid-input"
        assert problem(await live.get("li", "/workload", community="JX", cursor=garbage)) == "invalid-input"


async def test_a_search_that_stopped_says_how_far_it_looked_and_goes_further(
    live: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await live.ticket(description="楼道灯不亮，请修")
    for _ in range(3):
        await live.ticket(description="楼道灯很暗")
    await seen(live, await head(live))
    both = {"community": "JX", "q": "楼道灯 不亮"}
    complete = (await live.get("li", "/tickets", **both)).json()
    assert ([item["id"] for item in complete["items"]], complete["searched_from"]) == ([old["id"]], None)
    monkeypatch.setattr(postings, "READ", 4)
    monkeypatch.setattr(postings, "SAMPLE", 0)
    pages = [(await live.get("li", "/tickets", community="JX", q="楼道", state="cancelled")).json()]
    while pages[-1]["next_cursor"]:
        assert pages[-1]["items"] == []
        assert pages[-1]["searched_from"].endswith("Z")
        following = {"community": "JX", "q": "楼道", "state": "cancelled", "cursor": pages[-1]["next_cursor"]}
        pages.append((await live.get("li", "/tickets", **following)).json())
    assert len(pages) == 3
    assert pages[-1] == {"position": pages[0]["position"], "items": [], "searched_from": None, "next_cursor": None}


async def test_approvals_listed_for_those_concerned(live: Client) -> None:
    ticket = await live.dispatched()
    body = {"agreed_due_at": "2026-04-01T00:00:00+08:00", "reason": "更换总管"}
    path = f"/tickets/{ticket['id']}/approve-major-works"
    asked = [(await live.post("li", path, body)) for _ in range(3)]
    await seen(live, asked[-1].headers["gongdan-position"])
    ids = [answer.json()["id"] for answer in asked]

    async def listed(login: str, **params: str) -> list[str]:
        return [item["id"] for item in (await live.get(login, "/approvals", **params)).json()["items"]]

    for login in ("li", "chen", "wang"):
        assert await listed(login) == ids[::-1]
    for login in ("zhang", "shen", "fang", "root"):
        assert await listed(login) == []
    first = (await live.get("wang", "/approvals", limit="2")).json()
    rest = (await live.get("wang", "/approvals", limit="2", cursor=first["next_cursor"])).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    done = await live.post("wang", f"/approvals/{ids[0]}/approve")
    no = await live.post("wang", f"/approvals/{ids[1]}/reject", {"reason": "先报价"})
    assert (done.json()["status"], no.json()["status"]) == ("approved", "rejected")
    await seen(live, no.headers["gongdan-position"])
    assert await listed("wang", status="requested") == [ids[2]]
    assert await listed("li", status="approved") == [ids[0]]
    live.estate.clock.move(hours=25)
    assert await listed("wang", status="requested") == []
    assert await listed("wang", status="expired") == [ids[2]]
    assert problem(await live.post("wang", f"/approvals/{ids[2]}/approve")) == "conflict"
    assert problem(await live.post("wang", f"/approvals/{ids[1]}/approve")) == "conflict"


async def test_where_projections_stand(live: Client) -> None:
    await live.ticket()
    await seen(live, await head(live))
    items = (await live.get("shen", "/projections")).json()["items"]
    assert {item["name"] for item in items} >= {"open_workload", "ticket_directory", "technician_worklist", "approvals"}
    assert {(item["status"], item["lag"], item["error"]) for item in items} == {("live", 0, None)}
    ready = await live.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (await live.http.get("/healthz")).json() == {"status": "ok"}


RECEIVED = {
    "community": "JX",
    "channel": "walk_in",
    "description": "楼道灯坏了",
    "location": {"area": "A1", "public_place": "3栋楼道"},
}
