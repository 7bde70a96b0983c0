"""A ticket's way through the API."""

from typing import Any

import pytest

from tests.support.client import Client

pytestmark = pytest.mark.anyio


async def test_a_repair_from_receipt_to_follow_up(api: Client) -> None:
    ticket = await api.ticket()
    assert (ticket["state"], ticket["version"], ticket["number"]) == ("received", 1, "GD-JX-20260302-0001")
    assert (await api.act("li", ticket, "classify", kind="repair", facility="private"))["book_number"] == "BX-JX-20260302-0001"
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("li", "dispatch", {"assignee": "zhang"}),
        ("zhang", "accept", {}),
        ("zhang", "start", {}),
        ("zhang", "complete", {"resolution": "更换角阀", "parts": ["角阀"]}),
        ("li", "follow-up", {"satisfied": True, "rating": 5, "method": "phone"}),
    ]
    for login, trigger, body in steps:
        ticket = await api.act(login, ticket, trigger, **body)
    assert (ticket["state"], ticket["version"], ticket["rating"]) == ("followed_up", 7, 5)
    told = (await api.get("chen", f"/tickets/{ticket['number']}/history")).json()["items"]
    assert [step["state_after"] for step in told] == ["received", "classified", *["dispatched"] * 3, "repaired", "followed_up"]
