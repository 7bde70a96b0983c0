"""Strangers and outsiders get answers that are equal byte for byte, so that they learn nothing."""

from typing import Any

import httpx2
import pytest

from adapters.accounts.tokens import token_hash
from domain.people.administration import Administrator
from tests.support.client import V1, Client, problem

pytestmark = pytest.mark.anyio

NOBODY = "01890000-0000-7000-8000-000000000000"


def bare(answer: httpx2.Response) -> tuple[int, bytes, dict[str, str]]:
    """Everything of an answer but the request's own number."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "x-request-id"}


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer gd_wrong", "Bearer " + "x" * 9000, "Basic bGk6bGk=", "gd_wrong", "Bearer \xff\xfe"],
)
async def test_without_a_valid_token(api: Client, authorization: str | None) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization.encode("latin-1")}
    for method, path in [("GET", "/tickets/GD-1"), ("POST", "/tickets"), ("GET", "/people"), ("POST", "/approvals/x/approve")]:
        answer = await api.http.request(method, V1 + path, headers=headers)
        if not path.startswith("/approvals"):
            assert problem(answer) == "unauthenticated"
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_that_ended(api: Client) -> None:
    g = api.estate.gongdan
    row, _ = await g.store.tokens.token_by_hash(token_hash(api.estate.tokens["wu"]))
    assert row is not None
    await g.store.tokens.revoke_token(row.id)
    answers = [await api.get("wu", "/communities")]
    await g.administration.disable("zhang", Administrator("operator", g.ids.new(), operator=True))
    answers.append(await api.get("zhang", "/communities"))
    api.estate.clock.move(days=366)
    answers.append(await api.get("li", "/communities"))
    answers.append(await api.http.get(V1 + "/communities", headers={"Authorization": "Bearer gd_wrong"}))
    assert {problem(answer) for answer in answers} == {"unauthenticated"}
    assert len({answer.content for answer in answers}) == 1


REPORTED = ("/metrics", "/warnings", "/probations", "/evaluations")
READS = ("", "/history", "?version=1", "?at=2026-03-02T10:00:00Z", f"/attachments/{'0' * 64}")
DECISIONS = ("confirm", "waive", "contest", "uphold", "revoke")
COMMANDS: dict[str, dict[str, Any]] = {
    "accept": {},
    "classify": {"kind": "other"},
    "dispatch": {"assignee": "zhang"},
    "note": {"text": "看"},
    "cancel": {"reason": "duplicate", "duplicate_of": "GD-JX-20260302-0001"},
    "approve-major-works": {"agreed_due_at": "2026-04-01T00:00:00Z", "reason": "x"},
}


async def test_a_ticket_next_door_reads_as_none_at_all(api: Client) -> None:
    ticket = await api.ticket()
    for ref in (ticket["id"], ticket["number"]):
        for path in READS:
            there, none = await api.get("yun", f"/tickets/{ref}{path}"), await api.get("yun", f"/tickets/{NOBODY}{path}")
            assert bare(there) == bare(none)
            assert there.status_code == 404
        for trigger, body in COMMANDS.items():
            before = await api.written()
            there = await api.post("yun", f"/tickets/{ref}/{trigger}", body, If_Match='"1"')
            none = await api.post("yun", f"/tickets/{NOBODY}/{trigger}", body, If_Match='"1"')
            assert bare(there) == bare(none)
            assert there.status_code == 404
            assert await api.written() == before
    files = {"file": ("a.txt", b"hello", "text/plain")}
    answers = [
        await api.http.post(f"{V1}/tickets/{ref}/attach", files=files, headers=api.estate.bearer("yun"))
        for ref in (ticket["id"], NOBODY)
    ]
    assert bare(answers[0]) == bare(answers[1])
    assert answers[0].status_code == 404


async def test_what_else_is_next_door_reads_as_none_at_all(api: Client) -> None:
    ticket = await api.dispatched()
    asked = await api.post("wang", "/subjects/erase", {"ticket": ticket["id"], "reason": "request"})
    approval = asked.json()["id"]
    shift = (await api.post("li", "/shifts", {"community": "JX"})).json()["id"]
    for path in ("/approvals/{}/approve", "/approvals/{}/reject"):
        body = {"reason": "x"} if path.endswith("reject") else {}
        there, none = await api.post("fang", path.format(approval), body), await api.post("fang", path.format(NOBODY), body)
        assert bare(there) == bare(none)
    assert bare(await api.get("fang", f"/approvals/{approval}")) == bare(await api.get("fang", f"/approvals/{NOBODY}"))
    assert bare(await api.get("fang", f"/shifts/{shift}")) == bare(await api.get("fang", f"/shifts/{NOBODY}"))
    there = await api.post("fang", f"/shifts/{shift}/take-over", {"reason": "x"})
    assert bare(there) == bare(await api.post("fang", f"/shifts/{NOBODY}/take-over", {"reason": "x"}))
    for path in (
        "/shifts/current",
        "/workload",
        "/worklist",
        "/areas",
        "/people",
        "/price-list",
        "/communities",
        "/tickets",
        "/findings",
        *REPORTED,
    ):
        suffix = "/{}" if path == "/communities" else "?community={}"
        assert bare(await api.get("yun", path + suffix.format("JX"))) == bare(await api.get("yun", path + suffix.format("NO")))
    for body in ({"ticket": ticket["id"], "reason": "x"}, {"ticket": NOBODY, "reason": "x"}):
        assert problem(await api.post("fang", "/subjects/erase", body)) == "not-found"


async def test_what_is_appraised_next_door_reads_as_none_at_all(api: Client) -> None:
    """Findings and warnings: every command and question, alike for one that exists and one that doesn't."""
    body = {"community": "JX", "item": "17", "date": "2026-03-02", "parties": ["zhang"]}
    finding = (await api.post("chen", "/findings", body)).json()["id"]
    warned = {"community": "JX", "login": "zhang", "kind": "warning", "reason": "迟到"}
    warning = (await api.post("ren", "/warnings", warned)).json()["id"]
    before = await api.written()
    asked = [(finding, "/findings/{}/" + name, {} if name == "confirm" else {"reason": "other"}) for name in DECISIONS]
    for there, path, said in [*asked, (warning, "/warnings/{}/withdraw", {"reason": "误发"})]:
        answers = [await api.post("fang", path.format(one), said, If_Match='"1"') for one in (there, NOBODY)]
        assert bare(answers[0]) == bare(answers[1])
        assert answers[0].status_code == 404
    opinion = {"community": "JX", "login": "zhang", "kind": "peer", "period": "2026-03", "score": 90}
    evaluation = (await api.post("li", "/evaluations", opinion)).json()["id"]
    before = await api.written()
    for there, path in ((finding, "/findings"), (warning, "/warnings"), (evaluation, "/evaluations")):
        answers = [await api.get("fang", f"{path}/{one}") for one in (there, NOBODY)]
        assert bare(answers[0]) == bare(answers[1])
        assert answers[0].status_code == 404
    assert await api.written() == before


async def test_an_administrator_holds_no_business_right(api: Client) -> None:
    ticket = await api.ticket()
    assert problem(await api.get("root", f"/tickets/{ticket['id']}")) == "not-allowed"
    assert problem(await api.post("root", f"/tickets/{ticket['id']}/note", {"text": "看"})) == "not-allowed"


async def test_nothing_of_the_answers_is_kept_or_guessed(api: Client) -> None:
    ticket = await api.ticket()
    answer = await api.get("li", f"/tickets/{ticket['id']}")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers
