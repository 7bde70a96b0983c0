"""Personal data: masked or opened by right, the access log, erasure for good, disclosure by two people."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.kernel.errors import Overloaded
from domain.kernel.ports import Access
from domain.service_desk.reading import Inquiries
from tests.api.conftest import client_of
from tests.support.client import RECEIVE, Client, problem
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio

MASKED = {"name": "王**", "phone": "138****5678"}
OPENED = {"name": "王小明", "phone": "13812345678"}


def shown(ticket: dict[str, Any]) -> dict[str, str]:
    return {name: ticket["reporter"][name] for name in ("name", "phone")}


async def looks(api: Client) -> list[tuple[str, str]]:
    return [(entry["who"], entry["what"]) for entry in (await api.get("shen", "/audit/access")).json()["items"]]


async def test_a_command_is_answered_masked_and_is_no_look(api: Client) -> None:
    answer = await api.post("li", "/tickets", RECEIVE)
    ticket = answer.json()
    assert (ticket["masked"], shown(ticket)) == (True, MASKED)
    assert (ticket["description"], ticket["location"]["dwelling"], ticket["location"]["area"]) == ("***", "***", "A1")
    assert await looks(api) == []


async def test_who_may_open_and_who_reads_masked(api: Client) -> None:
    ticket = await api.dispatched()
    for who in ("li", "hua", "zhang", "chen", "wang", "si"):
        found = (await api.get(who, f"/tickets/{ticket['id']}")).json()
        assert (found["masked"], shown(found), found["location"]["dwelling"]) == (False, OPENED, "1201"), who
    for who in ("zhong", "cai", "kao", "shen"):
        found = (await api.get(who, f"/tickets/{ticket['id']}")).json()
        assert (found["masked"], shown(found), found["description"]) == (True, MASKED, "***"), who
    assert await looks(api) == [(who, "ticket") for who in ("li", "hua", "zhang", "chen", "wang", "si")]


async def test_masked_by_choice_is_no_look(api: Client) -> None:
    ticket = await api.ticket()
    assert (await api.get("li", f"/tickets/{ticket['id']}?masked=true")).json()["masked"] is True
    assert await looks(api) == []


class Unwritable:
    """An access log (domain.kernel.ports.AccessLog) on a disk that is full."""

    async def record(self, access: Access) -> int:
        raise Overloaded

    async def read(self, after_position: int, limit: int) -> Sequence[tuple[int, Access]]:
        return []


async def test_where_a_look_cannot_be_recorded_the_masked_view_is_served(estate: Estate) -> None:
    g = estate.gongdan
    async with client_of(replace(estate, gongdan=replace(g, inquiries=Inquiries(g.office, Unwritable())))) as api:
        ticket = await api.ticket()
        found = (await api.get("li", f"/tickets/{ticket['id']}")).json()
        assert (found["masked"], shown(found)) == (True, MASKED)
        history = (await api.get("chen", f"/tickets/{ticket['id']}/history")).json()
        assert history["items"][0]["data"]["description"] == "***"


async def test_erasure_takes_two_and_leaves_the_history_whole(api: Client) -> None:
    ticket = await api.dispatched()
    asked = await api.post("wang", "/subjects/erase", {"ticket": ticket["number"], "reason": "request"})
    assert (asked.status_code, asked.json()["status"]) == (202, "requested")
    assert asked.headers["location"] == f"/api/v1/approvals/{asked.json()['id']}"
    path = f"/approvals/{asked.json()['id']}/approve"
    assert problem(await api.post("wang", path)) == "not-allowed"
    assert problem(await api.post("li", path)) == "not-allowed"
    granted = await api.post("si", path)
    assert (granted.json()["status"], granted.json()["decided_by"]) == ("approved", "si")
    found = (await api.get("li", f"/tickets/{ticket['id']}")).json()
    assert shown(found) == {"name": "erased", "phone": "erased"}
    assert (found["description"], found["number"], found["version"]) == ("erased", ticket["number"], 3)
    assert problem(await api.post("li", f"/tickets/{ticket['id']}/note", {"text": "又来电"})) == "conflict"


async def test_disclosure_takes_two(api: Client) -> None:
    ticket = await api.ticket()
    body = {"ticket": ticket["id"], "reference": "公安-2026-17"}
    assert problem(await api.post("chen", "/subjects/disclose", body)) == "not-allowed"
    asked = await api.post("si", "/subjects/disclose", body)
    assert asked.status_code == 202
    detail = (await api.get("wang", f"/approvals/{asked.json()['id']}")).json()
    assert detail["arguments"] == {"ticket": ticket["id"], "reference": "公安-2026-17"}
    assert ("wang", "approval") in await looks(api)
    assert (await api.post("wang", f"/approvals/{asked.json()['id']}/approve")).json()["status"] == "approved"


@pytest.mark.parametrize("reference", ["京公（刑）案字〔2026〕118号", "No. 7/2026 (B)", "调字 第3号", "8号", "字" * 80])
async def test_a_police_reference_is_any_text_of_a_line(api: Client, reference: str) -> None:
    """D2 duty 21: the police write their numbers in their own way."""
    asked = await api.post("si", "/subjects/disclose", {"ticket": (await api.ticket())["id"], "reference": reference})
    detail = (await api.get("wang", f"/approvals/{asked.json()['id']}")).json()
    assert detail["arguments"]["reference"] == reference


@pytest.mark.parametrize("reference", ["", "8", " 8 ", "字" * 81, "118号\n119号", "118\t号", "118\x00号", "118\u202e号"])
async def test_another_police_reference_is_refused(api: Client, reference: str) -> None:
    refused = await api.post("si", "/subjects/disclose", {"ticket": (await api.ticket())["id"], "reference": reference})
    assert problem(refused) == "invalid-input"
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/reference"]


async def test_the_access_log_in_pages(api: Client) -> None:
    ticket = await api.ticket()
    for _ in range(5):
        await api.get("li", f"/tickets/{ticket['id']}")
    first = (await api.get("si", "/audit/access?limit=3")).json()
    rest = (await api.get("si", "/audit/access", limit="3", cursor=first["next_cursor"])).json()
    assert [entry["position"] for entry in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
    assert rest["next_cursor"] is None
    assert first["items"][0]["ticket"] == ticket["id"]
    assert first["items"][0]["subjects"] == [ticket["reporter"]["subject"]]
    assert (await api.get("si", "/audit/access?community=YH")).json()["items"] == []
    assert problem(await api.get("fang", "/audit/access")) == "not-allowed"


async def test_logs_and_measures_hold_no_personal_data(api: Client, capsys: pytest.CaptureFixture[str]) -> None:
    ticket = await api.ticket()
    await api.get("li", f"/tickets/{ticket['id']}")
    await api.get("li", f"/tickets/{ticket['id']}?q=王小明&13812345678=q")
    await api.get("li", "/tickets?q=王小明")
    await api.post("li", "/tickets", RECEIVE | {"reporter": {"name": "王小明", "phone": "abc 13812345678"}})
    await api.get("li", "/nowhere/王小明/13812345678")
    measures = (await api.http.get("/metrics")).text
    printed = capsys.readouterr()
    for text in (printed.out, printed.err, measures):
        assert "王小明" not in text
        assert "13812345678" not in text
        assert ticket["id"] not in text
        assert api.estate.tokens["li"] not in text
    assert 'gongdan_requests_total{method="GET",route="/api/v1/tickets/{id}",status="200"} 1.0' in measures
    assert 'gongdan_requests_total{method="GET",route="/api/v1/tickets/{id}",status="422"} 1.0' in measures
    assert 'gongdan_projection_lag{projection="open_workload"}' in measures
