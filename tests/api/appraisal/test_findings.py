"""Findings over HTTP: recording, deciding, contesting, reading, each by the right people; proposals by the system."""

from typing import Any

import pytest

from projections.appraisal.findings import FINDINGS
from tests.support.client import Client, problem

pytestmark = pytest.mark.anyio
NOVEL: dict[str, Any] = {
    "community": "JX", "item": "17", "date": "2026-03-02", "area": "A1", "parties": ["zhang"], "note": "值班时看小说"
}  # fmt: skip


async def recorded(api: Client, by: str = "chen", **more: Any) -> dict[str, Any]:
    answer = await api.post(by, "/findings", NOVEL | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(api: Client, login: str, **filters: Any) -> list[dict[str, Any]]:
    position = (await api.estate.gongdan.store.head()).position
    answer = await api.get(login, "/findings", min_position=position, **filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_from_the_record_to_the_review(live: Client) -> None:
    api = live
    first = await api.post("chen", "/findings", NOVEL, Idempotency_Key="k")
    assert (await api.post("chen", "/findings", NOVEL, Idempotency_Key="k")).content == first.content
    finding = first.json()
    assert first.headers["location"] == f"/api/v1/findings/{finding['id']}"
    said = {"status": "recorded", "item": "17", "date": "2026-03-02", "month": "2026-03", "recorded_by": "chen", "note": "***"}
    assert said.items() <= finding.items()
    path = f"/findings/{finding['id']}"
    before = await api.written()
    assert problem(await api.post("chen", f"{path}/confirm")) == "not-allowed"
    assert problem(await api.post("li", f"{path}/waive", {"reason": "duplicate"})) == "not-allowed"
    assert problem(await api.post("fang", f"{path}/confirm")) == "not-found"
    assert problem(await api.post("wang", f"{path}/uphold", {"reason": "属实"})) == "transition-refused"
    assert problem(await api.post("wang", f"{path}/confirm", {"quantity": 2})) == "invalid-input"
    assert problem(await api.post("chen", "/findings", NOVEL | {"item": "99"})) == "invalid-input"
    assert (
        problem(await api.post("chen", "/findings", NOVEL | {"points": {"director": 0.7, "administrator": 1}})) == "invalid-input"
    )
    assert await api.written() == before
    confirmed = (await api.post("wang", f"{path}/confirm", If_Match='"1"')).json()
    assert (confirmed["status"], confirmed["decided_by"], confirmed["legal"]) == ("confirmed", ["wang"], ["contest"])
    contested = (await api.post("zhang", f"{path}/contest", {"reason": "当日休息"})).json()
    assert (contested["status"], contested["contested_by"], contested["grounds"]) == ("contested", "zhang", "***")
    asked = await api.post("wang", f"{path}/revoke", {"reason": "确系休息"})
    assert asked.status_code == 202
    seen = (await api.get("kao", f"/approvals/{asked.json()['id']}")).json()
    assert seen["arguments"] == {"reason": "确系休息"}
    assert (await api.post("kao", f"/approvals/{asked.json()['id']}/approve")).json()["status"] == "approved"
    [row] = await listed(api, "wang")
    assert (row["status"], row["decided_by"], row["masked"]) == ("revoked", ["wang", "kao"], True)


async def test_a_bonus_by_two_people_reads_its_points(live: Client) -> None:
    finding = await recorded(live, item="B7", points={"director": "1", "administrator": "1.5"})
    asked = await live.post("wang", f"/findings/{finding['id']}/confirm", {})
    assert asked.status_code == 202
    await live.post("kao", f"/approvals/{asked.json()['id']}/approve")
    [row] = await listed(live, "kao", item="B7", status="confirmed", month="2026-03", party="zhang")
    assert row["points"] == {"director": "1", "administrator": "1.5"}
    assert await listed(live, "kao", party="hang") == []


async def test_one_is_opened_on_the_record(live: Client) -> None:
    finding = await recorded(live)
    path = f"/findings/{finding['id']}"
    opened = (await live.get("zhang", path)).json()
    assert (opened["note"], opened["masked"]) == ("值班时看小说", False)
    entries = await live.estate.gongdan.store.access_log.read(0, 10)
    assert [(access.who, access.what) for _, access in entries] == [("zhang", "finding")]
    assert (await live.get("wang", path)).json()["legal"] == ["confirm", "waive"]
    assert problem(await live.get("li", path)) == "not-allowed"
    assert problem(await live.get("fang", path)) == "not-found"


async def test_a_list_holds_what_its_reader_may_read(live: Client) -> None:
    about_zhang = await recorded(live)
    in_a1 = await recorded(live, item="4", parties=[])
    about_director = await recorded(live, by="kao", parties=["wang"])
    every = [about_director["id"], in_a1["id"], about_zhang["id"]]
    seen = {
        "wang": every,
        "kao": every,
        "chen": [in_a1["id"], about_zhang["id"]],
        "zhang": [about_zhang["id"]],
        "hua": every,  # the administrator of A1 answers for it, even where somebody else is the party
        "li": [],
        "ren": [],
        "fang": [],
    }
    for login, ids in seen.items():
        assert [one["id"] for one in await listed(live, login)] == ids, login
    pages = [(await live.get("wang", "/findings", limit=1)).json()]
    while pages[-1]["next_cursor"]:
        pages.append((await live.get("wang", "/findings", limit=1, cursor=pages[-1]["next_cursor"])).json())
    assert [one["id"] for page in pages for one in page["items"]] == every
    assert problem(await live.get("fang", "/findings", community="JX")) == "not-found"


async def test_built_anew_the_list_is_the_same_with_what_is_legal(live: Client) -> None:
    """From the events alone: every reader gets the same bytes as before, `legal` and all."""
    recorded_only = await recorded(live)
    bonus = await recorded(live, item="B1", parties=[], points={"director": "1", "administrator": "1"})
    contested = await recorded(live, quantity=2)
    for by, step, body in (("wang", "confirm", {}), ("zhang", "contest", {"reason": "当日休息"})):
        assert (await live.post(by, f"/findings/{contested['id']}/{step}", body)).status_code == 200
    waived = await recorded(live, by="kao", parties=["wang"])
    assert (await live.post("wang", f"/findings/{waived['id']}/confirm")).status_code == 403
    readers = ("wang", "kao", "chen", "zhang", "hua", "shen")
    before = {login: await listed(live, login) for login in readers}
    assert [one["legal"] for one in before["wang"]] == [[], ["uphold", "revoke"], ["confirm", "waive"], ["confirm", "waive"]]
    assert [one["id"] for one in before["zhang"]] == [contested["id"], recorded_only["id"]]
    assert bonus["id"] in {one["id"] for one in before["hua"]}
    await live.estate.gongdan.projections.rebuild(FINDINGS.name)
    assert {login: await listed(live, login) for login in readers} == before
    assert not [found for found in await live.estate.gongdan.projections.check(FINDINGS.name) if found.differences]


async def test_what_the_system_proposes_is_listed_with_its_clock(live: Client) -> None:
    ticket = await live.ticket()
    await live.act("li", ticket, "classify", kind="repair", facility="public_severe")
    live.estate.clock.move(days=2, seconds=1)
    await live.estate.gongdan.processes.catch_up()
    [row] = await listed(live, "wang", status="proposed")
    assert (row["item"], row["cause"], row["tickets"], row["recorded_by"]) == ("7", "reply_late", [ticket["id"]], None)
    one = (await live.get("wang", f"/findings/{row['id']}")).json()
    assert (one["clock"]["clock"], one["clock"]["status"]) == ("reply", "breached")
    statuses = (await live.get("wang", "/processes")).json()["items"]
    assert {"proposals"} <= {status["name"] for status in statuses}
    assert all(status["lag"] == 0 and status["parked"] == [] for status in statuses if status["name"] == "proposals")
