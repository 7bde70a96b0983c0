"""What happens at the demonstration's estate meanwhile: who holds the desk, calls, and what others do, over the API."""

from typing import Any

import httpx2

from adapters.demo.staff import COMMUNITY
from tests.browser.conftest import Served


async def officer(served: Served) -> str:
    """Who holds the desk, at the post and with the phone there; taken where nobody does just now."""
    async with httpx2.AsyncClient(base_url=f"{served.url}/api/v1", timeout=60) as http:
        found = await http.get("/shifts/current", params={"community": COMMUNITY}, headers=_bearer(served, "chen.ping"))
    if found.status_code == 404:
        shift = await ask(served, "/shifts", {"community": COMMUNITY}, "li.na")
    else:
        shift = found.json()
    login: str = shift["officer"]
    for away, back in (("stand_in", "return-to-post"), ("phone_with", "switch-phone")):
        if shift[away] is not None:
            await ask(served, f"/shifts/{shift['id']}/{back}", {}, login)
    return login


def _bearer(served: Served, login: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.demo.tokens[login]}"}


async def ask(served: Served, path: str, body: dict[str, Any] | None = None, login: str = "chen.ping") -> Any:
    """Ask the API in somebody's name, or tell it something; its answer."""
    async with httpx2.AsyncClient(base_url=f"{served.url}/api/v1", headers=_bearer(served, login), timeout=60) as http:
        answer = await (http.get(path) if body is None else http.post(path, json=body))
    assert answer.is_success, answer.text
    return answer.json()


async def call(served: Served, description: str) -> str:
    """A resident calls; the ticket's number."""
    said = {"community": COMMUNITY, "channel": "phone", "description": description, "reporter": {"phone": "13800138199"}}
    number: str = (await ask(served, "/tickets", said))["number"]
    return number
