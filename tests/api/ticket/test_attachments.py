"""Attachments: type by content, encryption, downloads recorded in the access log, no files of refused commands."""

from typing import Any

import httpx2
import pytest

from tests.support.client import V1, Client, problem

pytestmark = pytest.mark.anyio

FORM = "multipart/form-data; boundary="
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


async def attach(api: Client, ticket: dict[str, Any], file: Any, login: str = "li", **more: Any) -> httpx2.Response:
    headers = api.estate.bearer(login) | more.pop("headers", {})
    return await api.http.post(f"{V1}/tickets/{ticket['id']}/attach", files={"file": file}, headers=headers, **more)


async def test_a_picture_there_and_back(api: Client) -> None:
    ticket = await api.ticket()
    answer = await attach(api, ticket, ("漏水 现场.png", PNG, "image/png"))
    assert answer.status_code == 200, answer.text
    [file] = answer.json()["attachments"]
    assert (file["content_type"], file["size"]) == ("image/png", len(PNG))
    path = f"/tickets/{ticket['id']}/attachments/{file['name']}"
    found = await api.get("li", path)
    assert found.content == PNG
    assert found.headers["content-type"] == "image/png"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in found.headers["content-security-policy"]
    assert found.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E6%BC%8F")
    assert problem(await api.get("shen", path)) == "not-allowed"
    log = (await api.get("shen", "/audit/access")).json()["items"]
    assert [(entry["who"], entry["what"], entry["detail"]) for entry in log] == [("li", "attachment", {"name": file["name"]})]


async def test_what_a_file_is_called_is_personal(api: Client) -> None:
    ticket = await api.ticket()
    [answered] = (await attach(api, ticket, ("漏水 现场.png", PNG, "image/png"))).json()["attachments"]
    seen = [(await api.get(login, f"/tickets/{ticket['id']}")).json()["attachments"] for login in ("li", "shen")]
    assert [answered["file_name"], *(file["file_name"] for [file] in seen)] == ["***", "漏水 现场.png", "***"]


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (("a.html", b"<!doctype html><script>alert(1)</script>", "text/html"), "invalid-input"),
        (("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"), "invalid-input"),
        (("a.png", b"MZ\x90\x00\x03" + bytes(200), "image/png"), "invalid-input"),
        (("a.pdf", PNG, "application/pdf"), "invalid-input"),
        (("a.txt", "楼道灯坏了".encode("gbk"), "text/plain"), "invalid-input"),
        (("a.txt", b"", "text/plain"), "invalid-input"),
        (("a.txt", b"x" * (20 * 1024 * 1024 + 1), "text/plain"), "too-large"),
    ],
)
async def test_what_is_not_kept(api: Client, file: Any, kind: str) -> None:
    ticket = await api.ticket()
    before = await api.written()
    assert problem(await attach(api, ticket, file)) == kind
    assert await api.written() == before


async def test_as_large_as_may_be(api: Client) -> None:
    ticket = await api.ticket()
    answer = await attach(api, ticket, ("a.txt", b"x" * (20 * 1024 * 1024), "text/plain"))
    assert answer.json()["attachments"][0]["size"] == 20 * 1024 * 1024


@pytest.mark.parametrize(
    ("content", "media", "kind"),
    [
        (b"{}", "application/json", "unsupported-media"),
        (b"{}", "multipart/form-data", "invalid-input"),
        (b"--b\r\n", FORM + "b", "invalid-input"),
        (b"nothing", FORM + "b", "invalid-input"),
        (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf', FORM + "b", "invalid-input"),
        (
            b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--',
            "multipart/form-data; boundary=b",
            "invalid-input",
        ),
        (b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--", FORM + "b", "invalid-input"),
        (b"", FORM + "b" * 300, "invalid-input"),
    ],
)
async def test_uploads_that_are_not_well_formed(api: Client, content: bytes, media: str, kind: str) -> None:
    ticket = await api.ticket()
    before = await api.written()
    headers = api.estate.bearer("li") | {"Content-Type": media}
    answer = await api.http.post(f"{V1}/tickets/{ticket['id']}/attach", content=content, headers=headers)
    assert problem(answer) == kind
    assert await api.written() == before


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"occurred_at": "gestern"}, "/occurred_at"),
        ({"occurred_at": "2026-03-02T09:00:00"}, "/occurred_at"),
        ({"colour": "red"}, "/colour"),
        ({"note": "x" * 5000}, "/note"),
        ({"offline": "perhaps"}, "/offline"),
    ],
)
async def test_fields_beside_the_file(api: Client, fields: dict[str, str], pointer: str) -> None:
    ticket = await api.ticket()
    before = await api.written()
    answer = await attach(api, ticket, ("a.txt", b"hello", "text/plain"), data=fields)
    assert problem(answer) == "invalid-input"
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await api.written() == before


async def test_a_file_whose_event_is_refused_is_not_left_behind(api: Client) -> None:
    ticket = await api.ticket()
    await api.act("li", ticket, "cancel", reason="withdrawn")
    before = await api.written()
    assert problem(await attach(api, ticket, ("a.png", PNG, "image/png"))) == "transition-refused"
    assert problem(await attach(api, ticket, ("a.png", PNG, "image/png"), login="shen")) == "not-allowed"
    assert problem(await attach(api, ticket, ("a.png", PNG, "image/png"), headers={"If-Match": '"1"'})) == "stale-version"
    assert await api.written() == before


async def test_a_repeat_keeps_one_file(api: Client) -> None:
    ticket = await api.ticket()
    key = {"Idempotency-Key": "k"}
    first = await attach(api, ticket, ("a.png", PNG, "image/png"), headers=key)
    before = await api.written()
    again = await attach(api, ticket, ("a.png", PNG, "image/png"), headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert problem(await attach(api, ticket, ("b.png", PNG, "image/png"), headers=key)) == "invalid-input"
    assert await api.written() == before
    name = first.json()["attachments"][0]["name"]
    assert (await api.get("li", f"/tickets/{ticket['id']}/attachments/{name}")).content == PNG


async def test_a_late_file_waits_with_its_approval(api: Client) -> None:
    ticket = await api.ticket()
    happened = api.estate.clock.now().isoformat()
    api.estate.clock.move(days=2)
    late: dict[str, Any] = {"data": {"occurred_at": happened}, "headers": {"Idempotency-Key": "k"}}
    answer = await attach(api, ticket, ("a.png", PNG, "image/png"), **dict(late))
    assert answer.status_code == 202, answer.text
    before = await api.written()
    assert (await attach(api, ticket, ("a.png", PNG, "image/png"), **dict(late))).content == answer.content
    assert await api.written() == before
    granted = await api.post("chen", f"/approvals/{answer.json()['id']}/approve")
    assert granted.json()["status"] == "approved", granted.text
    [file] = (await api.get("li", f"/tickets/{ticket['id']}")).json()["attachments"]
    assert (await api.get("li", f"/tickets/{ticket['id']}/attachments/{file['name']}")).content == PNG


async def test_a_name_that_is_not_this_tickets(api: Client) -> None:
    one, other = await api.ticket(), await api.ticket()
    [file] = (await attach(api, one, ("a.png", PNG, "image/png"))).json()["attachments"]
    for name in (file["name"], "0" * 64, "%2e%2e%2fkeys"):
        assert problem(await api.get("li", f"/tickets/{other['id']}/attachments/{name}")) == "not-found"
