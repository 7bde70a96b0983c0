"""A night at the desk over HTTP, the morning's reading of it, and who may read it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
import rfc8785

from adapters.server.app import create_app
from tests.support.client import Client, problem
from tests.support.clock import SetClock
from tests.support.estates.api_estate import open_estate, settings_in

pytestmark = pytest.mark.anyio

EVENING = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)
"""17:10 in Shanghai, 20 minutes before the night of a winter's Monday."""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with open_estate(settings_in(tmp_path), SetClock(EVENING)) as estate:
        await estate.gongdan.projections.start()
        transport = httpx2.ASGITransport(app=create_app(estate.gongdan), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            yield Client(http, estate)


async def done(client: Client, login: str, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = await client.post(login, path, body)
    assert answer.status_code == status, answer.text
    client.position = int(answer.headers["gongdan-position"])  # type: ignore[attr-defined]
    found: dict[str, Any] = answer.json()
    return found


async def read(client: Client, login: str, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(login, path, community="JX", min_position=client.position, **params)  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def a_night(client: Client) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """zhang's night: one repair deferred, one line logged, handed over to li in the morning.

    Returns the ticket and both shifts.
    """
    shift = await done(client, "zhang", "/shifts", 201, community="JX")
    client.estate.clock.move(hours=5)
    ticket = await client.ticket("zhang")
    await client.act("zhang", ticket, "classify", kind="repair", facility="private")
    await client.act("zhang", ticket, "defer", told_resident=True)
    line = {"text": "1201 王小明报修，约定次日上门。", "ticket": ticket["id"]}
    await done(client, "zhang", f"/shifts/{shift['id']}/log", **line)
    client.estate.clock.move(hours=9, minutes=55)  # 08:05
    path = f"/shifts/{shift['id']}"
    prepared = await done(
        client, "zhang", f"{path}/prepare-handover",
        equipment=[{"item": "telephone", "condition": "good"}], records=["night_log"], remarks="门卡在抽屉里。",
    )  # fmt: skip
    assert prepared["state"] == "handing_over"
    seen = (await client.get("li", f"{path}/handover")).json()["hash"]
    await done(client, "zhang", f"{path}/sign-out", hash=seen)
    handed = await done(client, "li", f"{path}/sign-in", hash=seen)
    return ticket, handed, (await client.get("li", f"/shifts/{handed['next_shift']}")).json()


async def test_a_shift_from_opening_to_review(client: Client) -> None:
    ticket, handed, held = await a_night(client)
    assert (handed["state"], handed["ended_by"], handed["officer"], handed["post"]) == (
        "handed_over",
        "signed",
        "zhang",
        "technician",
    )
    assert (held["officer"], held["periods"], held["late_minutes"], held["follows"]) == ("li", ["morning"], 0, handed["id"])
    sheet = (await client.get("chen", f"/shifts/{handed['id']}/handover")).json()
    assert sheet["status"] == "signed"
    assert sheet["hash"] == sha256(sheet["canonical"].encode()).hexdigest()
    assert sheet["hash"] == sheet["signed_out"]["hash"] == sheet["signed_in"]["hash"]
    assert rfc8785.dumps(sheet["document"]).decode() == sheet["canonical"]
    assert [t["id"] for t in sheet["document"]["tickets"]] == sheet["document"]["deferred"] == [ticket["id"]]
    assert sheet["remarks"] == "门卡在抽屉里。"
    assert "门卡" not in sheet["canonical"]
    reviewed = await done(client, "chen", f"/shifts/{handed['id']}/review", urge=[ticket["number"]], message="尽快。")
    assert (reviewed["state"], reviewed["review"]["by"], reviewed["review"]["urged"]) == ("reviewed", "chen", [ticket["id"]])
    assert (await client.get("li", f"/tickets/{ticket['id']}")).json()["urged"] == 1
    current = await client.get("li", "/shifts/current", community="JX")
    assert current.json()["id"] == held["id"]


async def test_the_morning_reads_the_night(client: Client) -> None:
    ticket, handed, held = await a_night(client)
    morning = await read(client, "chen", "/morning-review")
    assert (morning["date"], morning["unread"]) == ("2026-03-03", [handed["id"]])
    assert [line["text"] for line in morning["night_log"]] == ["1201 王小明报修，约定次日上门。"]
    assert [item["id"] for item in morning["deferred"]] == [ticket["id"]]
    assert [change["change"] for change in morning["changes"]] == ["new"]
    assert morning["by_clock"] == {"reply": {"met": 1}, "repair": {"running": 1}}
    await done(client, "chen", f"/shifts/{handed['id']}/review")
    later = await client.ticket()
    await client.act("li", ticket, "cancel", reason="withdrawn")
    client.position = (await client.estate.gongdan.store.head()).position  # type: ignore[attr-defined]
    assert [proof["by"] for proof in (await read(client, "wang", "/morning-review"))["read"]] == ["chen"]
    client.estate.clock.move(days=1)
    next_day = await read(client, "chen", "/morning-review")
    assert {(c["id"], c["change"]) for c in next_day["changes"]} == {(later["id"], "new"), (ticket["id"], "finished")}
    assert [one["id"] for one in next_day["shifts"]] == [held["id"]]
    assert next_day["shifts"][0]["overdue_minutes"] > 0


async def test_what_was_deferred_and_not_converted_shows_at_noon(client: Client) -> None:
    ticket, _, _ = await a_night(client)
    for hours, expected in ((0, False), (3, False), (1, True)):
        client.estate.clock.move(hours=hours)
        listed = await read(client, "li", "/handover-list")
        assert [item["not_converted"] for item in listed["items"]] == [expected]
    client.position = 0  # type: ignore[attr-defined]
    await client.act("li", ticket, "dispatch", assignee="wu")
    client.position = (await client.estate.gongdan.store.head()).position  # type: ignore[attr-defined]
    [item] = (await read(client, "li", "/handover-list"))["items"]
    assert (item["not_converted"], item["deferred_until"]) == (False, None)


async def test_the_logs_are_opened_with_a_record_and_masked_for_others(client: Client) -> None:
    await a_night(client)
    for login, text in (("chen", "1201 王小明报修，约定次日上门。"), ("kao", "***"), ("shen", "***")):
        log = await read(client, login, "/night-log")
        assert ([line["text"] for line in log["items"]], log["masked"]) == ([text], text == "***")
    assert (await read(client, "chen", "/night-log", log="work_journal"))["items"] == []
    entries = await client.estate.gongdan.store.access_log.read(0, 100)
    assert [(entry.who, entry.what) for _, entry in entries if entry.what == "duty_log"] == [("chen", "duty_log")]


async def test_gaps_and_late_arrivals_are_on_record(client: Client) -> None:
    _, _, held = await a_night(client)
    client.estate.clock.move(hours=2)
    await done(client, "wang", f"/shifts/{held['id']}/take-over", reason="离岗，联系不上。")
    client.estate.clock.move(minutes=12)
    opened = await done(client, "zhong", "/shifts", 201, community="JX")
    client.estate.clock.move(hours=2)  # past noon
    second = await done(client, "chen", f"/shifts/{opened['id']}/take-over", reason="试岗。")
    again = await done(client, "li", "/shifts", 201, community="JX")
    covered = await read(client, "chen", "/duty-coverage")
    assert [(gap["after_shift"], gap["minutes"], gap["ended_by"]) for gap in covered["gaps"]] == [(held["id"], 12, "zhong")]
    assert covered["late_arrivals"] == [again["id"]]
    assert second["ended_by"] == "taken_over"
    first = await client.get("chen", "/duty-coverage", community="JX", limit=1)
    assert len(first.json()["shifts"]) == 1
    rest = await client.get("chen", "/duty-coverage", community="JX", cursor=first.json()["next_cursor"])
    assert [one["id"] for one in (*first.json()["shifts"], *rest.json()["shifts"])] == [one["id"] for one in covered["shifts"]]


async def test_a_stale_signature_shows_the_difference(client: Client) -> None:
    shift = await done(client, "zhang", "/shifts", 201, community="JX")
    path = f"/shifts/{shift['id']}"
    await done(client, "zhang", f"{path}/prepare-handover")
    new = await client.ticket()
    answer = await client.post("zhang", f"{path}/sign-out")
    assert (answer.status_code, problem(answer)) == (409, "rule-refused")
    document = answer.json()
    assert (document["rule"], document["trigger"], document["state"]) == ("sheet_current", "sign_out", "handing_over")
    [added] = document["difference"]["added"]
    assert (added["id"], added["state_now"], "version_then" in added) == (new["id"], "received", False)


@pytest.mark.parametrize(
    ("path", "login", "status"),
    [
        ("/handover-list", "yun", 404),
        ("/night-log", "fang", 404),
        ("/duty-coverage", "yun", 404),
        ("/morning-review", "fang", 404),
        ("/handover-list", "hua", 403),
        ("/night-log", "ren", 403),
        ("/morning-review", "li", 403),
        ("/morning-review", "shen", 403),
        ("/shifts/current", "yun", 404),
    ],
)
async def test_who_may_not_read(client: Client, path: str, login: str, status: int) -> None:
    await done(client, "zhang", "/shifts", 201, community="JX")
    assert (await client.get(login, path, community="JX")).status_code == status


async def test_a_shift_of_others_is_not_found(client: Client) -> None:
    shift = await done(client, "zhang", "/shifts", 201, community="JX")
    absent = "00000000-0000-0000-0000-000000000001"
    bodies = {"log": {"text": "一行"}, "dispute": {"reason": "不认可"}, "take-over": {"reason": "接管"}}
    for path in ("extend", "log", "substitute", "switch-phone", "prepare-handover", "sign-in", "dispute", "take-over", "review"):
        answers = [await client.post("fang", f"/shifts/{one}/{path}", bodies.get(path)) for one in (shift["id"], absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    assert (await client.get("fang", f"/shifts/{shift['id']}")).content == (await client.get("fang", f"/shifts/{absent}")).content


async def test_bad_input_is_named(client: Client) -> None:
    shift = await done(client, "zhang", "/shifts", 201, community="JX")
    twice = [{"item": "radio", "condition": "good"}, {"item": "radio", "condition": "missing"}]
    answer = await client.post("zhang", f"/shifts/{shift['id']}/prepare-handover", {"equipment": twice})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/equipment/1/item"]
    left = await done(client, "zhang", f"/shifts/{shift['id']}/substitute", named="门岗保安老张")
    assert [(one["stand_in"], one["confirmed_at"], one["ended_at"]) for one in left["absences"]] == [(None, None, None)]
    refused = await client.post("zhang", f"/shifts/{shift['id']}/substitute", {"stand_in": "zhang"})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/stand_in"]
    window = {"from": "2026-03-02T00:00:00+08:00", "to": "2026-03-01T00:00:00+08:00"}
    assert (await client.get("chen", "/night-log", community="JX", **window)).status_code == 422


async def test_the_calendar_says_what_it_does_not_know(client: Client) -> None:
    answer = await client.get("li", "/calendar", **{"community": "JX", "from": "2026-12-31", "to": "2027-01-01"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["provisional_years"] == [2027]
    assert [(day["works"], day["source"]) for day in answer.json()["days"]] == [(True, "published"), (False, "provisional")]
    for login, params, status in (
        ("yun", {"from": "2026-12-31", "to": "2027-01-01"}, 404),
        ("li", {"from": "2026-12-31", "to": "2026-12-30"}, 422),
        ("li", {"from": "2026-12-31", "to": "2029-12-30"}, 422),
    ):
        assert (await client.get(login, "/calendar", community="JX", **params)).status_code == status
    body = {"community": "JX", "date": "2026-10-08", "works": False, "reason": "台风停工"}
    asked = await client.post("wang", "/calendar/overrides", body)
    assert asked.status_code == 202
    assert (await client.post("kao", f"/approvals/{asked.json()['id']}/approve")).status_code == 200
    answer = await client.get("li", "/calendar", **{"community": "JX", "from": "2026-10-08", "to": "2026-10-08"})
    assert [(day["works"], day["source"]) for day in answer.json()["days"]] == [(False, "override")]


async def test_reminders_are_listed_and_stand_in_the_morning_review(client: Client) -> None:
    ticket, _, held = await a_night(client)
    await client.act("li", ticket, "dispatch", assignee="wu")
    client.estate.clock.move(days=4)
    g = client.estate.gongdan
    await g.processes.catch_up()
    client.position = (await g.store.head()).position  # type: ignore[attr-defined]
    found = await read(client, "chen", "/reminders")
    assert [(one["kind"], one["about"], one["number"], one["login"], one["level"]) for one in found["items"]] == [
        ("handover_unsigned", held["id"], None, "li", "director"),
        ("clock_breached", ticket["id"], ticket["number"], "wu", "director"),
    ]
    assert (await read(client, "wang", "/morning-review"))["reminders"] == found["items"]
    assert [one["about"] for one in (await read(client, "wu", "/reminders"))["items"]] == [ticket["id"]]
    page = await read(client, "chen", "/reminders", limit=1)
    rest = await read(client, "chen", "/reminders", limit=1, cursor=page["next_cursor"])
    assert page["items"] + rest["items"] == found["items"]
    assert rest["next_cursor"] is None
    await client.act("li", ticket, "cancel", reason="withdrawn")
    await g.processes.catch_up()
    client.position = (await g.store.head()).position  # type: ignore[attr-defined]
    assert [one["kind"] for one in (await read(client, "chen", "/reminders"))["items"]] == ["handover_unsigned"]
    everything = await read(client, "chen", "/reminders", standing=False)
    assert sorted(one["kind"] for one in everything["items"]) == ["clock_breached", "handover_unsigned"]
    assert problem(await client.get("fang", "/reminders", community="JX")) == "not-found"
