"""The command line and the API give one person equal documents: list, ticket, history, registry, projections."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from adapters.accounts import tokens
from adapters.composition import opened
from adapters.server.app import create_app
from adapters.system.settings import Settings
from adapters.system.system import entropy
from tests.support.command_line import Home

API = "http://testserver/api/v1"


def answered(home: Home, login: str, *paths: str) -> list[Any]:
    """What the API answers a person."""

    async def ask() -> list[Any]:
        settings = Settings(store=f"sqlite:///{home.store}", keys="", master_key_file=None)
        async with opened(settings) as parts:
            _, token = await tokens.issue(parts.store, parts.clock, parts.ids, entropy, login, 1)
            transport = httpx2.ASGITransport(app=create_app(parts))
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx2.AsyncClient(transport=transport, headers=headers) as client:
                answers = [await client.get(API + path) for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths)
        return [answer.json() for answer in answers]

    return asyncio.run(ask())


def settled(document: Any) -> Any:
    """A document without the one thing that depends on the moment of asking: when a paused clock would be due."""
    for ticket in document.get("items", [document]):
        for clock in ticket.get("clocks", []):
            if clock["status"] == "paused":
                del clock["due_at"]
    return document


@pytest.mark.parametrize("login", ["chen.ping", "zhou.jie", "tang.rong"])
def test_a_list_with_every_filter(estate: Home, login: str) -> None:
    one = estate.done("ticket", "list", "--as", login, "--community", "JX", "--limit", "1", "--json")
    number = json.loads(one)["items"][0]["number"]
    asked = {
        "": (),
        "&state=repaired&state=classified": ("--state", "repaired", "--state", "classified"),
        "&kind=repair": ("--kind", "repair"),
        "&assignee=qian.liang": ("--assignee", "qian.liang"),
        "&assignee=contractor:lift": ("--assignee", "contractor:lift"),
        "&clock=breached": ("--clock", "breached"),
        f"&q={number}": ("--q", number),
        "&book=TS": ("--book", "TS"),
        "&received_from=2026-01-01T00:00:00Z&received_to=2126-01-01T00:00:00Z": (
            "--received-from",
            "2026-01-01T00:00:00Z",
            "--received-to",
            "2126-01-01T00:00:00Z",
        ),
        "&limit=3": ("--limit", "3"),
    }
    answers = answered(estate, login, *(f"/tickets?community=JX{query}" for query in asked))
    for answer, options in zip(answers, asked.values(), strict=True):
        shown = json.loads(estate.done("ticket", "list", "--as", login, "--community", "JX", *options, "--json"))
        assert settled(shown)["items"] == settled(answer)["items"]
        assert shown["next_cursor"] == answer["next_cursor"]


def test_a_ticket_and_its_history(estate: Home) -> None:
    listed = json.loads(estate.done("ticket", "list", "--as", "chen.ping", "--limit", "200", "--json"))["items"]
    some = [ticket["number"] for ticket in listed[::9]]
    answers = answered(
        estate, "chen.ping", *(f"/tickets/{number}" for number in some), *(f"/tickets/{number}/history" for number in some)
    )
    shown = [json.loads(estate.done("ticket", "show", number, "--as", "chen.ping", "--json")) for number in some]
    shown += [json.loads(estate.done("ticket", "history", number, "--as", "chen.ping", "--json")) for number in some]
    assert list(map(settled, shown)) == list(map(settled, answers))


def test_the_registry_and_the_projections(estate: Home) -> None:
    answers = answered(estate, "admin", "/communities?limit=200", "/people?limit=200", "/projections", "/lifecycle")
    commands = (("community", "list"), ("user", "list"), ("projections", "status"), ("lifecycle",))
    shown = [json.loads(estate.done(*command, "--json")) for command in commands]
    for document in (answers[1], shown[1]):
        document["items"].sort(key=lambda person: person["login"])
    assert shown == answers
