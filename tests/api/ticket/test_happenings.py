"""Event stream and process over HTTP: filters, pages, for auditors of the community only, without personal texts."""

from typing import Any

import pytest

from tests.support.client import Client, problem

pytestmark = pytest.mark.anyio


async def listed(api: Client, login: str = "shen", **filters: Any) -> list[dict[str, Any]]:
    position = (await api.estate.gongdan.store.head()).position
    answer = await api.get(login, "/audit/events", community="JX", min_position=position, **filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_events_by_filter_and_page(live: Client) -> None:
    ticket = await live.ticket()
    await live.act("li", ticket, "classify", kind="enquiry")
    await live.act("li", ticket, "settle", resolution="告知开放时间")
    other = await live.ticket()
    mine = await listed(live, ticket=ticket["number"])
    assert [one["type"] for one in mine] == ["ticket.settled", "ticket.classified", "ticket.received"]
    said = {
        "ticket": ticket["id"],
        "number": ticket["number"],
        "shift": None,
        "version": 3,
        "by": "li",
        "state_after": "repaired",
    }
    assert said.items() <= mine[0].items()
    assert (mine[0]["state_before"], mine[0]["state_after"]) == ("classified", "repaired")
    assert "告知" not in str(mine)
    assert await listed(live, ticket=ticket["id"]) == mine
    assert await listed(live, type="ticket.classified") == [mine[1]]
    assert {one["by"] for one in await listed(live, person="li")} == {"li"}
    assert await listed(live, person="zhang") == await listed(live, ticket="GD-1") == []
    assert await listed(live, to="2026-03-01") == await listed(live, **{"from": "2026-03-03"}) == []
    assert len(await listed(live, to="2026-03-02", **{"from": "2026-03-02"})) == 4

    pages = [(await live.get("shen", "/audit/events", community="JX", limit=2)).json()]
    while pages[-1]["next_cursor"]:
        following = {"community": "JX", "limit": 2, "cursor": pages[-1]["next_cursor"]}
        pages.append((await live.get("shen", "/audit/events", **following)).json())
    assert [one for page in pages for one in page["items"]] == await listed(live)
    assert (await listed(live))[0]["ticket"] == other["id"]


async def test_the_process_as_of_a_day(live: Client) -> None:
    ticket = await live.ticket()
    live.estate.clock.move(minutes=10)
    await live.act("li", ticket, "classify", kind="enquiry")
    position = (await live.estate.gongdan.store.head()).position
    found = (await live.get("shen", "/audit/process", community="JX", min_position=position)).json()
    assert (found["on"], found["rework"], found["reopened"], found["returned"]) == ("2026-03-02", 0, 0, 0)
    by_state = {one["state"]: one for one in found["states"]}
    assert by_state["received"] == {"state": "received", "standing": 0, "stays": 1, "median_seconds": 600.0}
    assert by_state["classified"] == {"state": "classified", "standing": 1, "stays": 0, "median_seconds": None}
    taken = [way for way in found["ways"] if way["count"]]
    assert [(way["from"], way["to"], way["trigger"]) for way in taken] == [
        (None, "received", "receive"),
        ("received", "classified", "classify"),
    ]
    before = (await live.get("shen", "/audit/process", community="JX", on="2026-03-01")).json()
    assert all(one["standing"] == 0 for one in before["states"])


async def test_for_auditors_of_the_community_alone(live: Client) -> None:
    for path in ("/audit/events", "/audit/process"):
        for login, slug in {"li": "not-allowed", "root": "not-allowed", "fang": "not-found"}.items():
            assert problem(await live.get(login, path, community="JX")) == slug
        for login in ("chen", "wang", "kao", "shen"):
            assert (await live.get(login, path, community="JX")).status_code == 200
    for query in ({"type": "ticket.nothing"}, {"from": "1969-12-31"}, {"cursor": "x"}):
        assert problem(await live.get("shen", "/audit/events", community="JX", **query)) == "invalid-input"
    assert problem(await live.get("shen", "/audit/process", community="JX", on="0001-01-01")) == "invalid-input"
