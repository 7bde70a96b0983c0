"""Bodies: I-JSON in UTF-8, within size and time, of the right media type; everything else is refused by name."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.server.app import create_app
from adapters.web.bodies.ticket import BODIES
from domain.kernel.terms import Trigger
from tests.api.conftest import Template, client_of, opened_copy
from tests.support.client import RECEIVE, V1, Client, problem

pytestmark = pytest.mark.anyio

GIVEN = json.dumps(RECEIVE).encode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _asked(trigger: Trigger) -> st.SearchStrategy[tuple[Trigger, dict[str, Any]]]:
    """A trigger with values for some of its fields."""
    return st.tuples(st.just(trigger), st.dictionaries(st.sampled_from(sorted(BODIES[trigger].model_fields)), JSON, max_size=3))


async def send(api: Client, content: bytes, media: str = "application/json", path: str = "/tickets") -> httpx2.Response:
    headers = api.estate.bearer("li") | ({"Content-Type": media} if media else {})
    return await api.http.post(V1 + path, content=content, headers=headers)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
async def test_whatever_comes_is_answered_by_a_problem_and_writes_nothing(api: Client, content: bytes) -> None:
    before = await api.written()
    answer = await send(api, content)
    assert problem(answer) in ("not-json", "invalid-input")
    assert await api.written() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.sampled_from(sorted(BODIES)).flatmap(_asked))
async def test_no_value_of_a_known_field_fails_the_server(api: Client, asked: tuple[Trigger, dict[str, Any]]) -> None:
    ticket = await api.ticket()
    trigger, body = asked
    answer = await api.http.post(
        f"{V1}/tickets/{ticket['id']}/{trigger.replace('_', '-')}",
        content=json.dumps(body).encode(),
        headers=api.estate.bearer("chen") | {"Content-Type": "application/json"},
    )
    assert answer.status_code in (200, 202) or problem(answer)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 33 + b"]" * 33, "33"),
        (b"[" * 100_000, "deeper"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "deeper"),
        (b'{"community":"JX","community":"YH"}', "twice"),
        (b'{"community":NaN}', "NaN"),
        (b'{"community":-Infinity}', "Infinity"),
        (b'{"community":1e999}', "range"),
        (b'{"community":%s}' % (b"9" * 5000), "range"),
        (b'{"description":"\\ud800"}', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
        (b'{"description":"\x00"}', "not JSON"),
        (b'{"a":1} {"b":2}', "not JSON"),
    ],
)
async def test_what_is_no_json(api: Client, content: bytes, said: str) -> None:
    before = await api.written()
    answer = await send(api, content)
    assert problem(answer) == "not-json"
    assert said in answer.json()["detail"] or said == "33"
    assert await api.written() == before


async def test_as_deep_as_may_be(api: Client) -> None:
    assert problem(await send(api, b"[" * 32 + b"]" * 32)) == "invalid-input"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"community": None}, "/community"),
        ({"channel": "fax"}, "/channel"),
        ({"description": ""}, "/description"),
        ({"description": "   "}, "/description"),
        ({"description": "a\x00b"}, "/description"),
        ({"description": "x" * 4001}, "/description"),
        ({"description": 5}, "/description"),
        ({"location": {"area": "A1", "floor": 3}}, "/location/floor"),
        ({"location": {"area": "nowhere"}}, "/location/area"),
        ({"reporter": {"name": "王\u202e小明"}}, "/reporter/name"),
        ({"reporter": {"phone": "call me"}}, "/reporter/phone"),
        ({"complained_of": ["li", 7]}, "/complained_of/1"),
        ({"complained_of": ["nobody"]}, "/complained_of/0"),
        ({"occurred_at": "2026-03-02T09:00:00"}, "/occurred_at"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"occurred_at": "2026-03-02T10:00:00+08:00"}, "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "/occurred_at"),
        ({"urgency": True}, "/urgency"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"状态": 1}, "/状态"),
    ],
)
async def test_every_wrong_field_is_pointed_at(api: Client, change: dict[str, Any], pointer: str) -> None:
    before = await api.written()
    answer = await api.post("li", "/tickets", RECEIVE | change)
    assert problem(answer) == "invalid-input"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await api.written() == before


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"satisfied": "yes"}, "/satisfied"),
        ({"satisfied": 1}, "/satisfied"),
        ({"rating": "5"}, "/rating"),
        ({"rating": 6}, "/rating"),
    ],
)
async def test_nothing_is_taken_for_what_it_is_not(api: Client, change: dict[str, Any], pointer: str) -> None:
    ticket = await api.ticket()
    body = {"satisfied": True, "rating": 5, "method": "phone"} | change
    answer = await api.post("li", f"/tickets/{ticket['id']}/follow-up", body)
    assert problem(answer) == "invalid-input"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_every_error_at_once(api: Client) -> None:
    answer = await api.post("li", "/tickets", {"channel": 1, "location": {"area": []}, "extra": 0})
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/community", "/channel", "/description", "/location/area", "/extra"}


@pytest.mark.parametrize("media", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk"])
async def test_another_media_type(api: Client, media: str) -> None:
    assert problem(await send(api, GIVEN, media)) == "unsupported-media"


async def test_a_compressed_body(api: Client) -> None:
    headers = api.estate.bearer("li") | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert problem(await api.http.post(V1 + "/tickets", content=GIVEN, headers=headers)) == "unsupported-media"


async def test_nothing_stands_for_an_empty_object(api: Client) -> None:
    ticket = await api.dispatched()
    answer = await api.http.post(f"{V1}/tickets/{ticket['id']}/accept", headers=api.estate.bearer("zhang"))
    assert answer.status_code == 200


async def test_a_body_too_large_whether_declared_or_not(template: Template, tmp_path: Path) -> None:
    async with opened_copy(template, tmp_path, body_limit=1024) as estate, client_of(estate) as api:
        before = await api.written()
        large = json.dumps(RECEIVE | {"description": "漏" * 800}).encode()
        answer = await send(api, large)
        assert (problem(answer), answer.json()["limit"]) == ("too-large", 1024)
        assert answer.headers["connection"] == "close"

        async def in_pieces() -> Any:
            for i in range(0, len(large), 100):
                yield large[i : i + 100]

        headers = api.estate.bearer("li") | {"Content-Type": "application/json"}
        assert problem(await api.http.post(V1 + "/tickets", content=in_pieces(), headers=headers)) == "too-large"
        assert await api.written() == before


Receive = Callable[[], Awaitable[dict[str, Any]]]


async def raw(template: Template, folder: Path, receive: Receive, **more: Any) -> tuple[int, dict[str, Any]]:
    """A request whose body comes as ``receive`` has it."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async with opened_copy(template, folder, **more) as estate:
        headers = [(b"authorization", estate.bearer("li")["Authorization"].encode()), (b"content-type", b"application/json")]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": V1 + "/tickets", "raw_path": b"", "root_path": "", "query_string": b"", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        await create_app(estate.gongdan)(scope, receive, send)
        assert (await estate.gongdan.store.head()).position == (await estate.gongdan.store.position_at(estate.clock.now()))
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_a_body_too_slow(template: Template, tmp_path: Path) -> None:
    pieces = [{"type": "http.request", "body": b'{"community":', "more_body": True}]

    async def stalls() -> dict[str, Any]:
        if pieces:
            return pieces.pop()
        await never()
        return {}

    status, document = await raw(template, tmp_path, stalls, body_seconds=0.05)
    assert (status, document["type"]) == (408, "/problems/too-slow")


async def test_a_body_that_trickles_without_end(template: Template, tmp_path: Path) -> None:
    async def trickles() -> dict[str, Any]:
        await anyio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    status, document = await raw(template, tmp_path, trickles, body_seconds=0.05)
    assert (status, document["type"]) == (408, "/problems/too-slow")


async def never() -> None:
    """Wait for what doesn't come."""
    await anyio.Event().wait()
