"""Clients of the desk who repeat each command until it is answered, and what must hold of the log when they have finished."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx2

from adapters.accounts.tokens import issue
from adapters.composition import Gongdan, make_new, opened
from adapters.system.settings import Settings
from adapters.system.system import entropy
from domain.kernel.ports import Clock
from domain.kernel.terms import Role, State
from domain.people.administration import Administrator
from domain.ticket.state import TicketState

AT_ONCE = 8
PATIENCE = 120.0
"""Seconds a client repeats a command for before it calls it unanswered."""


@dataclass
class Answer:
    """What the service acknowledged for one key."""

    status: int
    ticket: str
    number: str
    version: int
    body: bytes


@dataclass
class Client:
    """A client of the desk: receives, classifies, settles. Each command is sent until it is answered, and then once more.

    ``refused_at``: moments (monotonic) of answers 503; ``answered_at``: of acknowledgements. ``asking``: a command is on its way.
    """

    url: str
    token: str
    stop: threading.Event
    seed: int
    acknowledged: dict[str, Answer] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    requests: dict[str, tuple[str, dict[str, object]]] = field(default_factory=dict)
    refused_at: list[float] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    asking: bool = False

    def run(self) -> None:
        """Until told to stop; what was begun is finished first."""
        draw = random.Random(self.seed)
        with httpx2.Client(base_url=self.url, timeout=20) as http:
            while not self.stop.is_set():
                received = self._ask(http, "/api/v1/tickets", a_call(draw.randrange(10**9)))
                if received is None:
                    return
                kind = {"kind": draw.choice(["enquiry", "assistance", "other"])}
                for path, body in (("classify", kind), ("settle", {"resolution": "已当场解释清楚"})):
                    if self._ask(http, f"/api/v1/tickets/{received.ticket}/{path}", body) is None:
                        return

    def _ask(self, http: httpx2.Client, path: str, body: dict[str, object]) -> Answer | None:
        key = str(uuid4())
        self.requests[key] = (path, body)
        first, again = self._until_answered(http, key), self._until_answered(http, key)
        if first is None or again is None:
            return None
        if (first.status, first.body) != (again.status, again.body):
            self.failures.append(f"{path}: {first.body!r}, and again: {again.body!r}")
            return None
        return first

    def _until_answered(self, http: httpx2.Client, key: str) -> Answer | None:
        path, _ = self.requests[key]
        until = time.monotonic() + PATIENCE
        last = "none"
        while time.monotonic() < until:
            answer = self.send(http, key)
            last = answer.text if answer is not None else "none"
            if answer is None:
                time.sleep(0.02)
                continue
            if answer.status_code in (200, 201):
                self.answered_at.append(time.monotonic())
                return self.acknowledged.setdefault(key, _read(answer))
            if answer.status_code == 503:
                self.refused_at.append(time.monotonic())
                if "retry-after" not in answer.headers:
                    self.failures.append(f"{path}: 503 without Retry-After")
                    return None
            elif answer.status_code != 409 or "transition" in answer.text:
                self.failures.append(f"{path}: {answer.status_code} {answer.text}")
                return None
            time.sleep(0.02)
        self.failures.append(f"{path}: no answer in {PATIENCE} s but {last}")
        return None

    def send(self, http: httpx2.Client, key: str) -> httpx2.Response | None:
        """Send a request once; None where the service does not answer."""
        path, body = self.requests[key]
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        self.asking = True
        try:
            return http.post(path, json=body, headers=headers)
        except httpx2.TransportError:
            return None
        finally:
            self.asking = False


class Clients:
    """Several clients at work, each in a thread of its own."""

    def __init__(self, url: str, tokens: list[str], draw: random.Random) -> None:
        self._stop = threading.Event()
        self.all = [Client(url, token, self._stop, draw.randrange(2**32)) for token in tokens]
        self._threads = [threading.Thread(target=client.run) for client in self.all]

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work during the block, and finish what was begun."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(timeout=3 * PATIENCE)

    @property
    def failures(self) -> list[str]:
        """What went wrong, of all clients."""
        return [failure for client in self.all for failure in client.failures]

    @property
    def answered(self) -> int:
        """How many commands were acknowledged."""
        return sum(len(client.acknowledged) for client in self.all)

    @property
    def asking(self) -> int:
        """How many commands are on their way."""
        return sum(client.asking for client in self.all)

    def await_answers(self, more: int, within: float) -> None:
        """Wait until ``more`` commands have been acknowledged than now."""
        enough, until = self.answered + more, time.monotonic() + within
        while self.answered < enough:
            assert not self.failures, self.failures
            assert time.monotonic() < until, f"no {more} answers within {within} s"
            time.sleep(0.01)

    def await_asking(self, least: int, within: float) -> int:
        """Wait until at least so many commands are on their way; returns how many are."""
        until = time.monotonic() + within
        while (asking := self.asking) < least:
            assert time.monotonic() < until, f"no {least} commands at once within {within} s"
            time.sleep(0.001)
        return asking

    def longest_gap(self, since: float) -> float:
        """Longest time without an acknowledgement, in seconds, from a moment (monotonic) on."""
        moments = sorted(at for client in self.all for at in client.answered_at if at >= since)
        return max((later - sooner for sooner, later in zip([since, *moments], moments, strict=False)), default=float("inf"))

    def refused_for(self, since: float) -> float:
        """Seconds from the first answer 503 after a moment (monotonic) to the last."""
        moments = [at for client in self.all for at in client.refused_at if at >= since]
        return max(moments) - min(moments) if moments else 0.0


def a_call(number: int) -> dict[str, object]:
    """A call about the fee; calls of different numbers differ."""
    return {
        "community": "JX",
        "channel": "phone",
        "description": f"咨询物业费缴纳方式，来电序号{number}",
        "reporter": {"name": "周先生", "phone": f"138{number % 10**8:08d}"},
    }


def _read(answer: httpx2.Response) -> Answer:
    body = answer.json()
    return Answer(answer.status_code, body["id"], body["number"], body["version"], answer.content)


def found(settings: Settings) -> list[str]:
    """Make a store with a community and a token for each client."""
    return asyncio.run(found_in(settings))


async def found_in(settings: Settings, clock: Clock | None = None) -> list[str]:
    """Make a store with a community and a token for each client."""
    await make_new(settings, "faults", clock)
    tokens = []
    async with opened(settings, clock) as g:
        operator = Administrator("operator", g.ids.new(), operator=True)
        await g.administration.add_community("JX", "锦绣花园", "Asia/Shanghai", operator)
        for i in range(AT_ONCE):
            login = f"clerk{i}"
            await g.administration.add_person(login, f"客服{i}", operator)
            await g.administration.grant(login, Role.ASSISTANT, "JX", None, None, None, operator)
            tokens.append((await issue(g.store, g.clock, g.ids, entropy, login, 1))[1])
    return tokens


def check(settings: Settings, clients: Clients) -> int:
    """Compare the log with what was acknowledged, and the read models with the log; how many tickets there are."""

    async def compare() -> int:
        async with opened(settings) as g:
            tickets = await _compare_log(g, clients)
            await g.projections.start()
            head = await g.store.head()
            for status in await g.projections.status():
                assert await g.projections.wait_for(status.name, head.position, 300)
            for checked in await g.projections.check():
                assert not checked.differences, checked
            return tickets

    return asyncio.run(compare())


async def _compare_log(g: Gongdan, clients: Clients) -> int:
    head = await g.store.head()
    events = await g.store.read_log(0, head.position + 10)
    assert [e.position for e in events] == list(range(1, head.position + 1))
    received = [e for e in events if e.topic == "ticket.received"]
    asked = sum(1 for client in clients.all for path, _ in client.requests.values() if path == "/api/v1/tickets")
    assert len(received) == asked, "every request for a ticket was acknowledged once, and wrote one"
    assert [e.number.rsplit("-", 1)[1] for e in received if e.number] == [f"{n:04d}" for n in range(1, len(received) + 1)]
    for client in clients.all:
        assert set(client.acknowledged) == set(client.requests)
        for answer in client.acknowledged.values():
            ticket = UUID(answer.ticket)
            then = await g.journal.load_at(ticket, answer.version, TicketState)
            assert then.version == answer.version
            now = await g.desk.load(ticket)
            assert (now.state, now.version) == (State.REPAIRED, 3)
    return len(received)


def repeats_are_answered_alike(clients: Clients, draw: random.Random) -> None:
    """Assert that a repetition, long after, gets the first answer again."""
    for client in clients.all:
        with httpx2.Client(base_url=client.url, timeout=20) as http:
            keys = list(client.acknowledged)
            for key in draw.sample(keys, min(5, len(keys))):
                again = client.send(http, key)
                assert again is not None
                first = client.acknowledged[key]
                assert (again.status_code, again.content) == (first.status, first.body)
