"""`Prefer: return=minimal`: a command on a ticket is answered by headers alone."""

import pytest

from tests.support.client import RECEIVE, Client

pytestmark = pytest.mark.anyio

MINIMAL = "return=minimal"


async def test_headers_say_version_place_and_position(api: Client) -> None:
    new = await api.post("li", "/tickets", RECEIVE, Prefer=MINIMAL, Idempotency_Key="new")
    assert (new.status_code, new.content, new.headers["preference-applied"]) == (201, b"", MINIMAL)
    ticket = new.headers["location"].removeprefix("/api/v1")
    step = await api.post("li", f"{ticket}/classify", {"kind": "repair", "facility": "private"}, Prefer=MINIMAL)
    assert (step.status_code, step.content, step.headers["location"]) == (204, b"", new.headers["location"])
    assert step.headers["etag"] == '"2"'
    assert int(step.headers["gongdan-position"]) == int(new.headers["gongdan-position"]) + 1
    read = await api.get("li", ticket)
    assert (read.json()["state"], read.headers["etag"]) == ("classified", '"2"')


async def test_a_repeat_is_answered_as_the_repeat_prefers(api: Client) -> None:
    new = await api.post("li", "/tickets", RECEIVE, Prefer=MINIMAL, Idempotency_Key="k")
    whole = await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k")
    assert whole.status_code == 201
    assert whole.headers["gongdan-position"] == new.headers["gongdan-position"]
    assert whole.json()["id"] == new.headers["location"].rpartition("/")[2]
    assert "preference-applied" not in whole.headers


@pytest.mark.parametrize(
    "prefer", ['RETURN = "Minimal"', "respond-async, return=minimal; a=b", "return=minimal, return=representation"]
)
async def test_however_it_is_written(api: Client, prefer: str) -> None:
    assert (await api.post("li", "/tickets", RECEIVE, Prefer=prefer)).content == b""


@pytest.mark.parametrize(
    "prefer", ["return=representation", "return=representation, return=minimal", "minimal", "", "returns=minimal"]
)
async def test_other_preferences_change_nothing(api: Client, prefer: str) -> None:
    assert (await api.post("li", "/tickets", RECEIVE, Prefer=prefer)).json()["state"] == "received"


async def test_refusals_and_approvals_are_answered_whole(api: Client) -> None:
    ticket = await api.ticket()
    refused = await api.post("li", f"/tickets/{ticket['id']}/accept", {}, Prefer=MINIMAL)
    assert refused.json()["status"] == refused.status_code >= 400
    late = {"occurred_at": "2025-01-01T00:00:00+08:00"}
    waiting = await api.post("li", "/tickets", RECEIVE | late, Prefer=MINIMAL)
    assert (waiting.status_code, bool(waiting.content)) == (202, True)
