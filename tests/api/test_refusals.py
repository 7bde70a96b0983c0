"""Every problem type is provoked; a refusal changes nothing in the store."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.web.problems import KINDS
from domain.kernel.errors import Overloaded
from tests.api.conftest import Template, client_of, opened_copy
from tests.support.client import RECEIVE, V1, Client, problem

pytestmark = pytest.mark.anyio


async def refused(api: Client, answer: httpx2.Response, kind: str, before: tuple[int, ...]) -> dict[str, Any]:
    """The document of a refusal, after which nothing is written."""
    assert problem(answer) == kind, answer.text
    assert await api.written() == before
    document: dict[str, Any] = answer.json()
    return document


async def test_a_transition_that_is_not_in_the_table(api: Client) -> None:
    ticket = await api.ticket()
    before = await api.written()
    answer = await api.post("li", f"/tickets/{ticket['id']}/follow-up", {"satisfied": True, "rating": 5, "method": "phone"})
    document = await refused(api, answer, "transition-refused", before)
    assert (document["state"], document["trigger"]) == ("received", "follow_up")
    assert "classify" in document["legal"]
    assert "follow_up" not in document["legal"]


async def test_a_rule_names_its_clause_and_what_is_legal(api: Client) -> None:
    ticket = await api.dispatched()
    await api.act("zhang", ticket, "suspend", reason="awaiting_parts")
    before = await api.written()
    answer = await api.post("zhang", f"/tickets/{ticket['id']}/complete", {"resolution": "好"})
    document = await refused(api, answer, "rule-refused", before)
    assert (document["rule"], document["clause"]) == ("not_completed_while_suspended", "D2 item 6")
    assert (document["state"], document["trigger"]) == ("dispatched", "complete")
    assert "resume" in document["legal"]


async def test_what_a_role_may_not(api: Client) -> None:
    ticket = await api.ticket()
    before = await api.written()
    answer = await api.post("cai", f"/tickets/{ticket['id']}/classify", {"kind": "other"})
    document = await refused(api, answer, "not-allowed", before)
    assert document["roles"] == ["finance"]
    assert "assistant (✓)" in document["allowed_to"]


async def test_a_stale_version_tells_what_happened_meanwhile(api: Client) -> None:
    ticket = await api.ticket()
    await api.act("li", ticket, "classify", kind="repair", facility="private")
    await api.act("chen", ticket, "note", text="门禁坏了")
    before = await api.written()
    answer = await api.post("li", f"/tickets/{ticket['id']}/dispatch", {"assignee": "zhang"}, If_Match='"1"')
    document = await refused(api, answer, "stale-version", before)
    assert (document["expected"], document["version"]) == (1, 3)
    assert [(since["version"], since["type"], since["by"]) for since in document["since"]] == [
        (2, "ticket.classified", "li"),
        (3, "ticket.noted", "chen"),
    ]


async def test_a_name_that_is_taken(api: Client) -> None:
    before = await api.written()
    await refused(api, await api.post("root", "/communities", {"code": "JX", "name": "又一个"}), "conflict", before)


async def test_a_ticket_that_is_not_there(api: Client) -> None:
    before = await api.written()
    for ref in ("GD-JX-20260302-0099", "01890000-0000-7000-8000-000000000000", "nonsense", "%00", "a%FF%FEb", "x" * 500):
        await refused(api, await api.post("li", f"/tickets/{ref}/accept"), "not-found", before)
        await refused(api, await api.get("li", f"/tickets/{ref}"), "not-found", before)


@pytest.mark.parametrize(
    ("headers", "pointer"),
    [
        ({"If_Match": "3"}, "/header/If-Match"),
        ({"If_Match": '"three"'}, "/header/If-Match"),
        ({"If_Match": 'W/"3"'}, "/header/If-Match"),
        ({"If_Match": '"' + "9" * 40 + '"'}, "/header/If-Match"),
        ({"Idempotency_Key": ""}, "/header/Idempotency-Key"),
        ({"Idempotency_Key": "a b"}, "/header/Idempotency-Key"),
        ({"Idempotency_Key": "k" * 201}, "/header/Idempotency-Key"),
    ],
)
async def test_conditions_that_are_not_well_formed(api: Client, headers: dict[str, str], pointer: str) -> None:
    before = await api.written()
    document = await refused(api, await api.post("li", "/tickets", RECEIVE, **headers), "invalid-input", before)
    assert document["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/tickets?limit=201", "/query/limit"),
        ("/tickets?limit=many", "/query/limit"),
        ("/tickets?state=lost", "/query/state/0"),
        ("/tickets?received_from=2026-03-02T00:00:00", "/query/received_from"),
        ("/people?cursor=garbage", "/query/cursor"),
        ("/people?cursor=WzFd", "/query/cursor"),
        ("/people?cursor=%F0%9F%98%80", "/query/cursor"),
        ("/approvals?status=maybe", "/query/status"),
        ("/approvals/not-an-id", "/path/id"),
        ("/tickets/GD-1?version=0", "/query/version"),
        ("/tickets/GD-1?at=soon", "/query/at"),
    ],
)
async def test_parameters_that_are_not_well_formed(api: Client, path: str, pointer: str) -> None:
    answer = await api.get("chen", path)
    assert problem(answer) == "invalid-input"
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_no_such_path_and_no_such_method(api: Client) -> None:
    assert problem(await api.get("li", "/nowhere")) == "not-found"
    assert problem(await api.post("li", "/tickets/GD-1/explode")) == "not-found"
    answer = await api.http.delete(V1 + "/tickets", headers=api.estate.bearer("li"))
    assert (answer.status_code, problem(answer)) == (405, "method-not-allowed")
    assert answer.headers["allow"]


async def test_too_many_requests_of_one_token(template: Template, tmp_path: Path) -> None:
    async with opened_copy(template, tmp_path, rate="3/minute") as estate, client_of(estate) as api:
        for _ in range(3):
            assert (await api.get("li", "/communities")).status_code == 200
        answer = await api.get("li", "/communities")
        assert problem(answer) == "too-many-requests"
        assert int(answer.headers["retry-after"]) > 0
        assert (await api.get("chen", "/communities")).status_code == 200


async def test_too_many_wrong_tokens_of_one_address(template: Template, tmp_path: Path) -> None:
    async with opened_copy(template, tmp_path, sign_in_rate="2/minute") as estate, client_of(estate) as api:
        wrong = {"Authorization": "Bearer gd_wrong"}
        answers = [await api.http.get(V1 + "/communities", headers=wrong) for _ in range(3)]
        assert [problem(answer) for answer in answers] == ["unauthenticated", "unauthenticated", "too-many-requests"]
        assert (await api.get("li", "/communities")).status_code == 200


async def test_a_store_that_can_take_no_more(template: Template, tmp_path: Path) -> None:
    async with opened_copy(template, tmp_path) as estate, client_of(estate) as api:
        before = await api.written()
        group = estate.gongdan.store._group  # type: ignore[attr-defined]
        group._capacity = 0
        answer = await api.post("li", "/tickets", RECEIVE)
        assert answer.headers["retry-after"] == "1"
        await refused(api, answer, "overloaded", before)


async def test_what_nobody_foresaw_is_a_problem_too(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    await api.estate.gongdan.keys.close()
    answer = await api.post("li", "/tickets", RECEIVE, Idempotency_Key="k")
    assert answer.status_code in (500, 503)
    assert problem(answer) in ("internal", "overloaded")
    assert "王小明" not in answer.text


def test_the_table_holds_every_kind_of_the_interface() -> None:
    kinds = {(kind.slug, kind.status) for kind in KINDS.values()}
    assert kinds == {
        ("not-json", 400), ("unauthenticated", 401), ("not-allowed", 403), ("not-found", 404), ("too-slow", 408),
        ("in-progress", 409), ("transition-refused", 409), ("rule-refused", 409), ("conflict", 409), ("stale-version", 412),
        ("too-large", 413), ("unsupported-media", 415), ("invalid-input", 422), ("too-many-requests", 429), ("overloaded", 503),
    }  # fmt: skip
    assert KINDS[Overloaded].status == 503
