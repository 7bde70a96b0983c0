"""A client for the estate's people; it checks after every refusal that nothing was written."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2

from tests.support.estates.api_estate import Estate

V1 = "/api/v1"
RECEIVE: dict[str, Any] = {
    "community": "JX",
    "channel": "phone",
    "description": "厨房水管漏水",
    "location": {"area": "A1", "building": "3", "entrance": "2", "dwelling": "1201"},
    "reporter": {"name": "王小明", "phone": "13812345678"},
}


@dataclass
class Client:
    """Requests below /api/v1."""

    http: httpx2.AsyncClient
    estate: Estate

    async def get(self, login: str, path: str, **params: Any) -> httpx2.Response:
        """Read as a person."""
        return await self.http.get(V1 + path, params=params or None, headers=self.estate.bearer(login))

    async def post(self, login: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Write as a person; header names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(V1 + path, json={} if body is None else body, headers=self.estate.bearer(login) | named)

    async def ticket(self, login: str = "li", **fields: Any) -> dict[str, Any]:
        """Receive a ticket."""
        answer = await self.post(login, "/tickets", RECEIVE | fields)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def act(self, login: str, ticket: dict[str, Any] | str, trigger: str, **body: Any) -> dict[str, Any]:
        """Take a trigger that is legal."""
        ref = ticket if isinstance(ticket, str) else ticket["id"]
        answer = await self.post(login, f"/tickets/{ref}/{trigger}", body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def dispatched(self, **fields: Any) -> dict[str, Any]:
        """A private repair that zhang carries."""
        ticket = await self.ticket(**fields)
        await self.act("li", ticket, "classify", kind="repair", facility="private")
        return await self.act("li", ticket, "dispatch", assignee="zhang")

    async def written(self) -> tuple[int, ...]:
        """What a refusal must not change: the log's head, the commands, and the counters except the access log's."""
        g = self.estate.gongdan
        assert g.store.database is not None
        rows = [await g.store.database.read(sql) for sql in COUNTED]
        return (await g.store.head()).position, *(int(row[0][0] or 0) for row in rows)


COUNTED = (
    "SELECT count(*) FROM events",
    "SELECT count(*) FROM commands",
    "SELECT count(*) FROM numbers",
    "SELECT count(*) FROM attachments",
    "SELECT count(*) FROM attachment_chunks",
    "SELECT count(*) FROM attachment_uploads",
    "SELECT sum(value) FROM counters WHERE name <> 'access_log'",
)


def problem(answer: httpx2.Response) -> str:
    """The problem's short name; fails where the answer is no problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    kind: str = document["type"].removeprefix("/problems/")
    return kind


class Watched(Protocol):
    """An estate that says what has been written so far."""

    async def footprint(self) -> object: ...


async def outcome(estate: Watched, asked: Awaitable[httpx2.Response], path: str, hoped: int) -> str:
    """Empty where the status is the one hoped for, and a refusal left everything as it was."""
    before = await estate.footprint()
    found = await asked
    if found.status_code >= 400 and await estate.footprint() != before:
        return f"{path}: refused, but something was written"
    if found.status_code == 403:
        assert problem(found) == "not-allowed"
    return "" if found.status_code == hoped else f"{path}: {found.status_code}, not {hoped}: {found.text[:200]}"
