"""What is admitted over HTTP: commands and reads apart, health always, nobody who has gone, and each only for its time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from adapters.server.admitting import Admitting
from adapters.server.app import create_app
from adapters.web.admission.lanes import Admission, Lane, Streams
from adapters.web.problems import on_refusal
from tests.api.conftest import Template, opened_copy, template
from tests.support.client import RECEIVE, V1, Client, problem
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio
__all__ = ["template"]


@pytest.fixture
async def estate(template: Template, tmp_path: Any) -> AsyncIterator[Estate]:
    async with opened_copy(template, tmp_path) as estate:
        yield estate


@pytest.fixture
def app(estate: Estate) -> Any:
    return create_app(estate.gongdan)


@pytest.fixture
def admission(app: Any) -> Admission:
    found: Admission = app.state.api.admission
    return found


@pytest.fixture
async def api(app: Any, estate: Estate) -> AsyncIterator[Client]:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        yield Client(http, estate)


def fill(lane: Lane, seconds: float) -> None:
    """Leave no place, and make each request last so long."""
    while lane.begin():
        pass
    lane.seconds = seconds


async def test_a_full_lane_refuses_in_words_and_leaves_the_other_kinds_alone(api: Client, admission: Admission) -> None:
    before = await api.written()
    fill(admission.commands, 7.0)
    refused = await api.post("li", "/tickets", RECEIVE)
    assert (refused.status_code, problem(refused)) == (503, "overloaded")
    assert refused.headers["retry-after"] == "8"
    assert "repeat it after 8 s, with its Idempotency-Key" in refused.json()["detail"]
    assert await api.written() == before
    assert (await api.get("li", "/communities")).status_code == 200
    fill(admission.reads, 7.0)
    assert problem(await api.get("li", "/communities")) == "overloaded"
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await api.http.get(path)).status_code == 200
    said = (await api.http.get("/metrics")).text
    assert 'gongdan_refused_total{kind="commands"} 1.0' in said
    assert 'gongdan_refused_total{kind="reads"} 1.0' in said
    assert f'gongdan_running{{kind="commands"}} {admission.commands.running:.1f}' in said


async def test_a_page_is_refused_as_a_page(api: Client, admission: Admission) -> None:
    fill(admission.reads, 7.0)
    answer = await api.http.get("/sign-in")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "8")
    assert answer.headers["content-type"].startswith("text/html")
    assert "忙不过来" in answer.text


async def test_one_that_waits_is_served_in_its_turn(api: Client, admission: Admission) -> None:
    admission.commands = Lane("commands", 1, patience=60.0, most=10)
    assert admission.commands.begin()
    waiting = asyncio.ensure_future(api.post("li", "/tickets", RECEIVE))
    await until(lambda: admission.commands.waiting == 1)
    admission.commands.end(0.0)
    assert (await waiting).status_code == 201
    assert admission.commands.idle


class Caller:
    """The other end of a connection, by the messages of ASGI."""

    def __init__(self, login: str, estate: Estate, method: str = "POST", path: str = f"{V1}/tickets") -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in estate.bearer(login).items()]
        self.scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [*headers, (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
            "state": {},
        }
        self.says: asyncio.Queue[Message] = asyncio.Queue()
        self.heard: list[Message] = []

    def body(self, raw: bytes, *, more: bool = False) -> None:
        self.says.put_nowait({"type": "http.request", "body": raw, "more_body": more})

    def leaves(self) -> None:
        self.says.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> Message:
        return await self.says.get()

    async def send(self, message: Message) -> None:
        self.heard.append(message)

    @property
    def status(self) -> int | None:
        return next((message["status"] for message in self.heard if "status" in message), None)


async def until(true: Callable[[], bool]) -> None:
    """Return once it is true; the test's time limit ends it otherwise."""
    while not true():  # noqa: ASYNC110 (whatever is to become true has no event)
        await asyncio.sleep(0.001)


async def test_a_command_whose_caller_has_gone_before_its_turn_is_not_carried_out(
    app: Any, estate: Estate, admission: Admission
) -> None:
    admission.commands = Lane("commands", 1, patience=60.0, most=10)
    assert admission.commands.begin()
    before = (await estate.gongdan.store.head()).position
    caller = Caller("li", estate)
    caller.body(httpx2.Request("POST", "http://test", json=RECEIVE).content)
    waiting = asyncio.ensure_future(app(caller.scope, caller.receive, caller.send))
    await until(lambda: admission.commands.waiting == 1)
    caller.leaves()
    await waiting
    admission.commands.end(0.0)
    assert admission.commands.idle
    assert caller.heard == []
    assert (await estate.gongdan.store.head()).position == before


async def test_a_body_that_is_slow_to_arrive_holds_no_place_of_the_commands(
    app: Any, estate: Estate, admission: Admission
) -> None:
    raw = httpx2.Request("POST", "http://test", json=RECEIVE).content
    caller = Caller("li", estate)
    caller.body(raw[:10], more=True)
    serving = asyncio.ensure_future(app(caller.scope, caller.receive, caller.send))
    await until(lambda: admission.uploads.running == 1)
    assert admission.commands.idle
    caller.body(raw[10:])
    await serving
    assert caller.status == 201
    assert admission.idle


async def test_a_response_sent_piece_by_piece_gives_its_place_back_with_the_first(app: Any, estate: Estate) -> None:
    admission: Admission = app.state.api.admission
    go_on = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await go_on.wait()
        yield b"last"

    async def download(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(pieces())(scope, receive, send)

    caller = Caller("li", estate, "GET")
    caller.body(b"")
    caller.scope["app"] = app
    serving = asyncio.ensure_future(Admitting(download, on_refusal)(caller.scope, caller.receive, caller.send))
    await until(lambda: any(message.get("body") == b"first" for message in caller.heard))
    assert admission.reads.idle
    go_on.set()
    await serving
    assert admission.reads.running == 0


async def test_a_command_that_outlasts_its_deadline_is_answered(template: Template, tmp_path: Any) -> None:
    async with opened_copy(template, tmp_path, deadline=0.05) as estate:
        app = create_app(estate.gongdan)
        asked = asyncio.Event()
        ended = asyncio.Event()

        async def never(scope: Scope, receive: Receive, send: Send) -> None:
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        caller = Caller("li", estate)
        caller.body(b"{}")
        caller.scope["app"] = app
        await Admitting(never, on_refusal)(caller.scope, caller.receive, caller.send)
        assert asked.is_set()
        assert ended.is_set()
        assert caller.status == 503
        assert b"it is not known whether it was carried out" in caller.heard[1]["body"]


async def test_an_answer_that_has_begun_is_not_cut_by_the_deadline(template: Template, tmp_path: Any) -> None:
    async with opened_copy(template, tmp_path, deadline=0.05) as estate:
        app = create_app(estate.gongdan)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response: Response = PlainTextResponse("done")
            await send({"type": "http.response.start", "status": 200, "headers": response.raw_headers})
            await asyncio.sleep(1.0)  # longer than the deadline: the test's input
            await send({"type": "http.response.body", "body": b"done"})

        caller = Caller("li", estate)
        caller.body(b"{}")
        caller.scope["app"] = app
        await Admitting(answer, on_refusal)(caller.scope, caller.receive, caller.send)
        assert (caller.status, caller.heard[-1]["body"]) == (200, b"done")


async def test_stopping_ends_the_streams_refuses_new_work_and_finishes_what_waits(api: Client, admission: Admission) -> None:
    await api.estate.gongdan.projections.start()
    admission.commands = Lane("commands", 1, patience=60.0, most=10)
    assert admission.commands.begin()
    waiting = asyncio.ensure_future(api.post("li", "/tickets", RECEIVE))
    stream = asyncio.ensure_future(api.get("li", "/workload/stream", community="JX"))
    await until(lambda: admission.commands.waiting == 1 and admission.streams.open == 1)
    admission.stop()
    last = (await stream).text.strip().rsplit("\r\n\r\n", 1)[-1]
    assert "event: closing" in last
    assert "retry: 1000" in last
    refused = await api.post("li", "/tickets", RECEIVE)
    assert problem(refused) == "overloaded"
    assert (refused.headers["connection"], refused.headers["retry-after"]) == ("close", "1")
    assert problem(await api.http.get("/readyz")) == "overloaded"
    assert (await api.http.get("/healthz")).status_code == 200
    admission.commands.end(0.0)
    assert (await waiting).status_code == 201
    assert admission.idle


async def test_no_more_streams_are_opened_than_there_may_be(api: Client, admission: Admission) -> None:
    admission.streams = Streams(0)
    refused = await api.get("li", "/workload/stream", community="JX")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")


async def test_a_service_without_a_follower_says_so(api: Client) -> None:
    """Another process may follow; what tells a server so is the catalogue."""
    g = api.estate.gongdan
    await g.projections.start()
    await until_live(api)
    assert (await api.http.get("/readyz")).json()["status"] == "ready"
    await g.projections.stop()
    api.estate.clock.move(seconds=31)
    assert (await api.http.get("/readyz")).json()["status"] == "degraded"


async def until_live(api: Client) -> None:
    g = api.estate.gongdan
    head = (await g.store.head()).position
    for status in await g.projections.status():
        assert await g.projections.wait_for(status.name, head, 60)
