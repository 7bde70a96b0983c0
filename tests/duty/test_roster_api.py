"""The roster over HTTP, the calendar feed, and the month's attendance with its Excel list."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import httpx2
import pytest
from icalendar import Calendar

from adapters.exchange.exporting.attendance import attendance
from adapters.exchange.exporting.workbooks import write_attendance
from adapters.server.app import create_app
from tests.support.client import Client, problem
from tests.support.clock import SetClock
from tests.support.estates.api_estate import open_estate, settings_in

pytestmark = pytest.mark.anyio

EVENING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""16:00 in Shanghai, a winter's Monday."""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with open_estate(settings_in(tmp_path), SetClock(EVENING)) as estate:
        await estate.gongdan.projections.start()
        transport = httpx2.ASGITransport(app=create_app(estate.gongdan), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            yield Client(http, estate)


async def done(client: Client, login: str, path: str, status: int = 200, /, **body: Any) -> dict[str, Any]:
    answer = await client.post(login, path, {name.rstrip("_"): value for name, value in body.items()})
    assert answer.status_code == status, answer.text
    client.position = int(answer.headers["gongdan-position"])  # type: ignore[attr-defined]
    found: dict[str, Any] = answer.json()
    return found


async def read(client: Client, login: str, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(login, path, community="JX", min_position=client.position, **params)  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def duty(date: str, period: str, login: str) -> dict[str, str]:
    return {"date": date, "period": period, "login": login}


async def a_roster(client: Client) -> dict[str, Any]:
    duties = [duty("2026-03-02", "night", "zhang"), duty("2026-03-03", "night", "wu"), duty("2026-03-03", "morning", "li")]
    return await done(client, "chen", "/rosters", 201, community="JX", duties=duties)


async def test_a_roster_from_publishing_to_leave(client: Client) -> None:
    made = await a_roster(client)
    assert [(one["date"], one["period"], one["login"]) for one in made["duties"]] == [
        ("2026-03-02", "night", "zhang"),
        ("2026-03-03", "morning", "li"),
        ("2026-03-03", "night", "wu"),
    ]
    first, second = ({"date": day, "period": "night"} for day in ("2026-03-02", "2026-03-03"))
    swapped = await done(client, "chen", "/rosters/swap", community="JX", first=first, second=second, reason="家中有事")
    assert [one["login"] for one in swapped["duties"]] == ["wu", "li", "zhang"]
    left = {"login": "wu", "from_": "2026-03-02", "to": "2026-03-02", "cover": "zhang", "reason": "发烧"}
    await done(client, "wang", "/rosters/leave", community="JX", **left)
    for login, reasons in (("chen", ["家中有事", "发烧"]), ("li", ["***", "***"])):
        answer = await client.get(login, "/rosters", community="JX", month="2026-03")
        assert answer.headers["etag"] == '"3"'
        roster = answer.json()
        assert [change["reason"] for change in roster["changes"]] == reasons
        assert [one["login"] for one in roster["duties"]] == ["zhang", "li", "zhang"]
    assert problem(await client.get("fang", "/rosters", community="JX", month="2026-03")) == "not-found"
    refused = await client.post("li", "/rosters", {"community": "JX", "duties": [duty("2026-03-04", "noon", "li")]})
    assert problem(refused) == "not-allowed"
    begun = await client.post("chen", "/rosters", {"community": "JX", "duties": [duty("2026-03-02", "noon", "li")]})
    assert (problem(begun), begun.json()["rule"]) == ("rule-refused", "duty_begun")


# --- the feed -----------------------------------------------------------------------------------------------------------


async def fetch(client: Client, address: str) -> httpx2.Response:
    await client.estate.gongdan.projections.wait_for("duty_coverage", client.position, 10)  # type: ignore[attr-defined]
    return await client.http.get(address)


async def test_a_feed_shows_one_person_s_duties_to_whoever_has_its_address(client: Client) -> None:
    await a_roster(client)
    made = await done(client, "zhang", "/rosters/feed", 201)
    answer = await fetch(client, made["address"])
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert (event["SUMMARY"], event.decoded("DTSTART"), event.decoded("DTEND")) == (
        "夜间值班 · 锦绣花园",
        datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        datetime(2026, 3, 3, 0, 30, tzinfo=UTC),
    )
    assert "wu" not in answer.text
    left = {"login": "wu", "from_": "2026-03-03", "to": "2026-03-03", "cover": "zhang", "reason": "年休"}
    await done(client, "chen", "/rosters/leave", community="JX", **left)
    kept, added = Calendar.from_ical((await fetch(client, made["address"])).content).walk("VEVENT")
    assert kept["UID"] == event["UID"]
    assert added["UID"] != event["UID"]
    client.estate.clock.move(days=40)
    assert not Calendar.from_ical((await fetch(client, made["address"])).content).walk("VEVENT")


async def test_a_feed_ends_at_once_and_its_address_is_kept_nowhere(client: Client) -> None:
    await a_roster(client)
    assert (await client.get("zhang", "/rosters/feed")).json() == {"login": "zhang", "active": False}
    first = await done(client, "zhang", "/rosters/feed", 201)
    assert (await client.get("zhang", "/rosters/feed")).json()["active"]
    second = await done(client, "zhang", "/rosters/feed", 201)
    assert problem(await fetch(client, first["address"])) == "not-found"
    assert (await fetch(client, second["address"])).status_code == 200
    await done(client, "zhang", "/rosters/feed/revoke")
    assert problem(await fetch(client, second["address"])) == "not-found"
    assert problem(await client.post("zhang", "/rosters/feed/revoke")) == "conflict"
    third = await done(client, "zhang", "/rosters/feed", 201)
    await done(client, "root", "/people/zhang/disable")
    assert problem(await fetch(client, third["address"])) == "not-found"
    await done(client, "root", "/people/zhang/enable")
    assert problem(await fetch(client, third["address"])) == "not-found"
    database = client.estate.gongdan.store.database
    assert database is not None
    secrets = [made["address"].rpartition("/")[2].removesuffix(".ics").encode() for made in (first, second, third)]
    stored = b"".join(bytes(row[0]) for row in await database.read("SELECT state FROM events"))
    assert not any(secret in stored for secret in secrets)


async def test_a_repeat_shows_the_same_address(client: Client) -> None:
    made = [await client.post("li", "/rosters/feed", {}, idempotency_key="feed") for _ in range(2)]
    assert made[0].json() == made[1].json()
    assert made[0].headers["etag"] == made[1].headers["etag"]
    other = await client.post("wu", "/rosters/feed", {}, idempotency_key="feed")
    assert other.json()["address"] != made[0].json()["address"]


@pytest.mark.parametrize("secret", ["A" * 43, "short", "a/b", "%00" * 43])
async def test_guesses_find_nothing(client: Client, secret: str) -> None:
    answer = await client.http.get(f"/api/v1/rosters/feeds/{secret}.ics")
    assert answer.status_code in (404, 422)


# --- coverage and attendance --------------------------------------------------------------------------------------------


async def a_night_and_a_morning(client: Client) -> None:
    """zhang keeps the night; li, due in the morning, comes at 08:40; wu never comes for the next night, and zhang does."""
    await a_roster(client)
    client.estate.clock.move(hours=1)  # 17:00
    night = await done(client, "zhang", "/shifts", 201, community="JX")
    client.estate.clock.move(hours=15, minutes=40)  # 08:40
    for login, step in (("zhang", "prepare-handover"), ("zhang", "sign-out"), ("li", "sign-in")):
        night = await done(client, login, f"/shifts/{night['id']}/{step}")
    client.estate.clock.move(hours=8, minutes=35)  # 17:15
    for login, step in (("li", "prepare-handover"), ("li", "sign-out"), ("zhang", "sign-in")):
        handed = await done(client, login, f"/shifts/{night['next_shift']}/{step}")
    client.estate.clock.move(hours=16)  # 09:15 on Wednesday
    for login, step in (("zhang", "prepare-handover"), ("zhang", "sign-out"), ("li", "sign-in")):
        await done(client, login, f"/shifts/{handed['next_shift']}/{step}")


async def test_coverage_says_who_was_due_and_did_not_come(client: Client) -> None:
    await a_night_and_a_morning(client)
    found = await read(client, "chen", "/duty-coverage", **{"from": "2026-03-02T00:00:00Z"})
    assert [(one["login"], one["held_by"], one["late_minutes"], one["absent"]) for one in found["due"]] == [
        ("zhang", ["zhang"], 0, False),
        ("li", ["zhang", "li"], 25, False),
        ("wu", ["zhang"], 915, True),
    ]
    pages = await read(client, "chen", "/duty-coverage", **{"from": "2026-03-02T00:00:00Z", "limit": 3})
    rest = await read(
        client, "chen", "/duty-coverage", **{"from": "2026-03-02T00:00:00Z", "limit": 3, "cursor": pages["next_cursor"]}
    )
    assert pages["shifts"] + rest["shifts"] == found["shifts"]
    assert (pages["due"], rest["due"], rest["next_cursor"]) == (found["due"], [], None)
    morning = await read(client, "chen", "/morning-review", date="2026-03-03")
    assert [one["login"] for one in morning["due"]] == ["zhang"]


async def test_a_month_s_attendance_for_human_resources(client: Client, tmp_path: Path) -> None:
    await a_night_and_a_morning(client)
    found = await read(client, "ren", "/attendance", month="2026-03")
    people = {one["login"]: one for one in found["people"]}
    assert {login: (one["due"], one["absent"], one["covered"], one["shifts"]) for login, one in people.items()} == {
        "zhang": (1, 0, 2, 2),
        "li": (1, 0, 0, 2),
        "wu": (1, 1, 0, 0),
    }
    assert (people["li"]["late"], people["li"]["late_minutes"]) == (2, 25 + 60)
    assert people["zhang"]["minutes"] == 15 * 60 + 40 + 16 * 60
    assert not found["complete"]
    assert (await read(client, "ren", "/attendance", month="2026-02"))["people"] == []
    for login, expected in (("li", "not-allowed"), ("cai", "not-allowed"), ("fang", "not-found")):
        assert problem(await client.get(login, "/attendance", community="JX", month="2026-03")) == expected
    for login in ("chen", "wang", "kao", "shen"):
        assert (await client.get(login, "/attendance", community="JX", month="2026-03")).status_code == 200
    g = client.estate.gongdan
    directory = await g.directory.current()
    answer = await attendance(g, directory, "ren", "JX", "2026-03")
    hostile = answer.model_copy(
        update={"people": [answer.people[0].model_copy(update={"name": '=HYPERLINK("http://x","y")'}), *answer.people[1:]]}
    )
    path = tmp_path / "attendance.xlsx"
    write_attendance(path, hostile, ZoneInfo("Asia/Shanghai"))
    with ZipFile(path) as packed:
        texts = packed.read("xl/sharedStrings.xml").decode()
        sheets = [fromstring(packed.read(f"xl/worksheets/sheet{n}.xml")) for n in (1, 2, 3)]
    assert "=HYPERLINK" in texts
    assert all(not sheet.findall(".//{*}f") and not sheet.findall(".//{*}hyperlink") for sheet in sheets)
    assert [len(sheet.findall(".//{*}row")) - 2 for sheet in sheets] == [3, 4, 3]
