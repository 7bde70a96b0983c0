"""The household register over HTTP: look-up by phone, a dwelling's history, and the reach of each right."""

from typing import Any

import pytest

from tests.support.client import RECEIVE, Client, problem

pytestmark = pytest.mark.anyio

HOME = {"building": "3", "entrance": "2", "dwelling": "1201"}
PHONE = "13812345678"


async def made(live: Client, login: str, path: str, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await live.post(login, path, body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    found["position"] = int(answer.headers["Gongdan-Position"])
    return found


async def told(live: Client, login: str, path: str) -> dict[str, Any]:
    """Get an answer that includes everything written."""
    head = (await live.estate.gongdan.store.head()).position
    answer = await live.get(login, f"{path}{'&' if '?' in path else '?'}min_position={head}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def called(live: Client, login: str, phone: str = PHONE) -> dict[str, Any]:
    """Look up a phone, including everything written."""
    await told(live, "chen", "/residents?community=JX")
    answer = await live.post(login, "/residents/by-phone", {"community": "JX", "phone": phone})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def dwelling(live: Client, **fields: Any) -> dict[str, Any]:
    return await made(live, "root", "/dwellings", **{"community": "JX", "area": "A1", **HOME, **fields})


async def person(live: Client, name: str = "王小明", login: str = "li", **home: Any) -> dict[str, Any]:
    given = {**HOME, "tenure": "owner", "since": "2020-05-01", **home}
    return await made(live, login, "/residents", community="JX", name=name, phone=PHONE, home=given)


async def accesses(live: Client, what: str) -> list[dict[str, Any]]:
    entries = (await told_plain(live, "shen", "/audit/access?community=JX&limit=200"))["items"]
    return [entry for entry in entries if entry["what"] == what]


async def told_plain(live: Client, login: str, path: str) -> dict[str, Any]:
    answer = await live.get(login, path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_call_shows_everybody_on_that_phone_their_dwelling_and_last_three_tickets(live: Client) -> None:
    await dwelling(live)
    wang = await person(live)
    li = await person(live, "李娜", tenure="resident")
    for number in range(5):
        await live.ticket(description=f"第{number}次", reporter={"resident_id": wang["id"]}, location=None)
    stranger = await live.ticket(description="陌生来电")
    found = await called(live, "li", "+86 138-1234-5678")
    assert (found["masked"], [one["id"] for one in found["people"]]) == (False, [wang["id"], li["id"]])
    first, second = found["people"]
    assert (first["name"], first["phone"]) == ("王小明", PHONE)
    assert first["occupancies"][0]["location"] == {"area": "A1", **HOME, "public_place": None}
    assert (first["occupancies"][0]["tenure"], first["occupancies"][0]["current"]) == ("owner", True)
    assert [ticket["description"] for ticket in first["tickets"]] == ["第4次", "第3次", "第2次"]
    assert second["tickets"] == []
    assert [ticket["id"] for ticket in found["callers"]] == [stranger["id"]]
    [entry] = await accesses(live, "phone_lookup")
    assert entry["who"] == "li"
    assert len(entry["subjects"]) == 3
    linked = await live.post("li", f"/residents/{li['id']}/link-caller", {"ticket": stranger["number"]})
    assert linked.status_code == 200, linked.text
    again = await called(live, "li")
    assert [ticket["id"] for ticket in again["people"][1]["tickets"]] == [stranger["id"]]
    assert again["callers"] == []
    assert (await called(live, "li", "13900000000"))["people"] == []
    assert len(await accesses(live, "phone_lookup")) == 3


async def test_what_a_dwelling_has_been_through(live: Client) -> None:
    home = await dwelling(live)
    await dwelling(live, dwelling="1202")
    wang = await person(live)
    tenant = await person(live, "赵六", tenure="tenant", since="2024-01-01", keys=2)
    occupancy = tenant["occupancies"][0]["id"]
    await made(live, "li", f"/residents/{tenant['id']}/move-out", 200, occupancy=occupancy, until="2025-12-31")
    await made(live, "li", f"/residents/{wang['id']}/keys", 200, occupancy=wang["occupancies"][0]["id"], keys=1)
    here = await live.ticket(location={"area": "A1", **HOME})
    await live.ticket(location={"area": "A1", **HOME, "dwelling": "1202"})
    await live.ticket(location={"area": "A1", **HOME, "entrance": "1"})
    found = await told(live, "li", f"/dwellings/{home['id']}/history")
    assert (found["masked"], found["dwelling"]["dwelling"]) == (False, "1201")
    assert [(one["name"], one["occupancy"]["tenure"], one["occupancy"]["until"]) for one in found["people"]] == [
        ("王小明", "owner", None),
        ("赵六", "tenant", "2025-12-31"),
    ]
    assert [one["occupancy"]["keys"] for one in found["people"]] == [1, 2]
    assert [one["occupancy"]["current"] for one in found["people"]] == [True, False]
    assert [(ticket["id"], ticket["description"]) for ticket in found["tickets"]] == [(here["id"], RECEIVE["description"])]
    [entry] = await accesses(live, "household_history")
    assert len(entry["subjects"]) == 4
    masked = await told(live, "li", f"/dwellings/{home['id']}/history?masked=true")
    assert (masked["people"][0]["name"], masked["people"][0]["phone"]) == ("王**", "138****5678")
    assert (masked["dwelling"]["dwelling"], masked["tickets"][0]["description"]) == ("***", "***")
    assert len(await accesses(live, "household_history")) == 1


async def test_lists_are_masked_bounded_and_paged(live: Client) -> None:
    for number, area in (("1201", "A1"), ("1202", "A1"), ("0301", "A2")):
        await dwelling(live, dwelling=number, area=area)
        await person(live, f"某{number}", dwelling=number)
    listed = await told(live, "li", "/residents?community=JX")
    assert [one["name"] for one in listed["items"]] == ["某**"] * 3
    assert {one["phone"] for one in listed["items"]} == {"138****5678"}
    assert all(one["occupancies"][0]["location"]["dwelling"] == "***" for one in listed["items"])
    assert len((await told(live, "hua", "/residents?community=JX"))["items"]) == 2
    numbers = [one["dwelling"] for one in (await told(live, "li", "/dwellings?community=JX"))["items"]]
    assert numbers == ["1201", "1202", "0301"]
    assert len(await accesses(live, "dwellings")) == 1
    assert [one["dwelling"] for one in (await told(live, "shen", "/dwellings?community=JX"))["items"]] == ["***"] * 3
    pages, cursor = [], ""
    for _ in range(2):
        page = await told(live, "li", f"/residents?community=JX&limit=2{cursor}")
        pages += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (pages, page["next_cursor"]) == ([one["id"] for one in listed["items"]], None)
    first = listed["items"][0]
    await made(live, "li", f"/residents/{first['id']}/move-out", 200, occupancy=first["occupancies"][0]["id"], until="2026-01-31")
    assert len((await told(live, "li", "/residents?community=JX&current=true"))["items"]) == 2
    assert len((await told(live, "li", "/residents?community=JX&building=9"))["items"]) == 0


READS = {
    "li": False,
    "chen": False,
    "wang": False,
    "hua": False,
    "si": False,
    "shen": True,
    "kao": True,
    "cai": True,
    "zhong": True,
}
"""Who may read a person of area A1 while somebody else holds the desk, and whether it stays masked."""


@pytest.mark.parametrize(
    "login", ["li", "hua", "zhang", "zhong", "an", "chen", "wang", "cai", "ren", "kao", "shen", "si", "root"]
)
async def test_how_far_a_right_reaches(login: str, live: Client) -> None:
    home = await dwelling(live)
    who = await person(live)
    await told(live, "chen", "/residents?community=JX")
    one = await live.get(login, f"/residents/{who['id']}")
    history = await live.get(login, f"/dwellings/{home['id']}/history")
    looked_up = await live.post(login, "/residents/by-phone", {"community": "JX", "phone": PHONE})
    if login == "root":
        assert one.json()["name"] == "***"
        listed = (await told(live, "root", "/residents?community=JX"))["items"]
        assert (listed[0]["name"], listed[0]["phone"]) == ("***", "***")
        assert problem(history) == problem(looked_up) == "not-allowed"
    elif login in READS:
        assert (one.json()["masked"], history.json()["masked"]) == (READS[login], READS[login])
        assert one.json()["name"] == ("王**" if READS[login] else "王小明")
        assert looked_up.status_code == (403 if READS[login] else 200)
    else:
        assert problem(one) == problem(history) == problem(looked_up) == "not-allowed"


async def test_next_door_nobody_learns_of_anybody(live: Client) -> None:
    home = await dwelling(live)
    who = await person(live)
    await told(live, "chen", "/residents?community=JX")
    nobody = "00000000-0000-7000-8000-000000000000"
    for there, absent in (
        (f"/residents/{who['id']}", f"/residents/{nobody}"),
        (f"/dwellings/{home['id']}/history", f"/dwellings/{nobody}/history"),
    ):
        answers = [await live.get("yun", path) for path in (there, absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert len({answer.content for answer in answers}) == 1
    moved = [await live.post("yun", f"/residents/{one}/correct", {"name": "某"}) for one in (who["id"], nobody)]
    assert len({answer.content for answer in moved}) == 1
    assert problem(await live.post("yun", "/residents/by-phone", {"community": "JX", "phone": PHONE})) == "not-found"
    assert problem(await live.get("yun", "/residents?community=JX")) == "not-found"


async def test_a_repeat_is_answered_as_the_first(live: Client) -> None:
    body = {"community": "JX", "area": "A1", **HOME}
    first = await live.post("root", "/dwellings", body, Idempotency_Key="d1")
    written = await live.written()
    again = await live.post("root", "/dwellings", body, Idempotency_Key="d1")
    assert (first.status_code, first.content, first.headers["Gongdan-Position"], first.headers["ETag"]) == (
        again.status_code,
        again.content,
        again.headers["Gongdan-Position"],
        again.headers["ETag"],
    )
    assert await live.written() == written
    who = {"community": "JX", "name": "王小明", "phone": PHONE, "home": {**HOME, "tenure": "owner"}}
    one, two = [await live.post("li", "/residents", who, Idempotency_Key="r1") for _ in range(2)]
    assert (one.status_code, one.content, one.headers["Gongdan-Position"]) == (
        two.status_code, two.content, two.headers["Gongdan-Position"],
    )  # fmt: skip
    assert problem(await live.post("li", "/residents", who)) == "conflict"
    assert problem(await live.post("li", "/residents", who | {"name": "别人"}, Idempotency_Key="r1")) == "invalid-input"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/dwellings", {"community": "JX", "building": "3"}, "/dwelling"),
        ("/dwellings", {"community": "JX", "building": "3", "dwelling": "1", "floor": 1}, "/floor"),
        ("/residents", {"community": "JX", "name": "某", "home": {**HOME, "tenure": "guest"}}, "/home/tenure"),
        ("/residents", {"community": "JX", "name": "某", "home": {**HOME, "dwelling": "9", "tenure": "owner"}}, "/home/dwelling"),
        ("/residents/by-phone", {"community": "JX", "phone": "nobody"}, "/phone"),
    ],
)
async def test_wrong_bodies(path: str, body: dict[str, Any], pointer: str, live: Client) -> None:
    answer = await live.post("li", path, body)
    assert problem(answer) == "invalid-input"
    assert answer.json()["errors"][0]["pointer"] == pointer
