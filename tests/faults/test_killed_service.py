"""Killed at random moments under eight clients, on each store: nothing acknowledged is lost or doubled.

Twice every time, twenty times in the long tier.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest

from adapters.accounts.tokens import issue
from adapters.composition import make_new, opened
from adapters.system.settings import Settings
from adapters.system.system import entropy
from domain.kernel.terms import Role, State
from domain.people.administration import Administrator
from domain.ticket.state import TicketState
from tests.faults.service import Service

CLIENTS = 8


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
    """A client of the desk: receives, classifies, settles; repeats a request until it is answered."""

    url: str
    token: str
    stop: threading.Event
    seed: int
    acknowledged: dict[str, Answer] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    requests: dict[str, tuple[str, dict[str, object]]] = field(default_factory=dict)

    def run(self) -> None:
        """Until told to stop; what was begun is finished first."""
        draw = random.Random(self.seed)
        with httpx2.Client(base_url=self.url, timeout=10) as http:
            while not self.stop.is_set():
                received = self._ask(http, "/api/v1/tickets", _call(draw))
                if received is None:
                    return
                kind = {"kind": draw.choice(["enquiry", "assistance", "other"])}
                for path, body in (("classify", kind), ("settle", {"resolution": "已当场解释清楚"})):
                    if self._ask(http, f"/api/v1/tickets/{received.ticket}/{path}", body) is None:
                        return

    def _ask(self, http: httpx2.Client, path: str, body: dict[str, object]) -> Answer | None:
        key = str(uuid4())
        self.requests[key] = (path, body)
        until = time.monotonic() + 90
        while time.monotonic() < until:
            answer = self.send(http, key)
            if answer is None:
                time.sleep(0.02)
                continue
            if answer.status_code in (200, 201):
                self.acknowledged[key] = _read(answer)
                return self.acknowledged[key]
            if answer.status_code not in (409, 503) or "transition" in answer.text:
                self.failures.append(f"{path}: {answer.status_code} {answer.text}")
                return None
            time.sleep(0.02)
        self.failures.append(f"{path}: no answer in 90 s")
        return None

    def send(self, http: httpx2.Client, key: str) -> httpx2.Response | None:
        """Send a request once; None where the service does not answer."""
        path, body = self.requests[key]
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        try:
            return http.post(path, json=body, headers=headers)
        except httpx2.TransportError:
            return None


def _call(draw: random.Random) -> dict[str, object]:
    return {
        "community": "JX",
        "channel": "phone",
        "description": f"咨询物业费缴纳方式，来电序号{draw.randrange(10**9)}",
        "reporter": {"name": "周先生", "phone": f"138{draw.randrange(10**8):08d}"},
    }


def _read(answer: httpx2.Response) -> Answer:
    body = answer.json()
    return Answer(answer.status_code, body["id"], body["number"], body["version"], answer.content)


async def _found(settings: Settings) -> list[str]:
    """A community and a token for each client."""
    await make_new(settings, "faults")
    tokens = []
    async with opened(settings) as g:
        operator = Administrator("operator", g.ids.new(), operator=True)
        await g.administration.add_community("JX", "锦绣花园", "Asia/Shanghai", operator)
        for i in range(CLIENTS):
            login = f"clerk{i}"
            await g.administration.add_person(login, f"客服{i}", operator)
            await g.administration.grant(login, Role.ASSISTANT, "JX", None, None, None, operator)
            tokens.append((await issue(g.store, g.clock, g.ids, entropy, login, 1))[1])
    return tokens


async def _check(settings: Settings, clients: list[Client]) -> int:
    """Compare the log with what was acknowledged; how many tickets there are."""
    async with opened(settings) as g:
        head = await g.store.head()
        events = await g.store.read_log(0, head.position + 10)
        assert [e.position for e in events] == list(range(1, head.position + 1))
        received = [e for e in events if e.topic == "ticket.received"]
        asked = sum(1 for c in clients for path, _ in c.requests.values() if path == "/api/v1/tickets")
        assert len(received) == asked, "every request for a ticket was acknowledged once, and wrote one"
        assert [e.number.rsplit("-", 1)[1] for e in received if e.number] == [f"{n:04d}" for n in range(1, len(received) + 1)]
        for client in clients:
            for answer in client.acknowledged.values():
                state = await g.journal.load_at(UUID(answer.ticket), answer.version, TicketState)
                assert state.version == answer.version
            for answer in client.acknowledged.values():
                whole = await g.desk.load(UUID(answer.ticket))
                assert whole.state is State.REPAIRED
                assert whole.version == 3
        await g.projections.start()
        for status in await g.projections.status():
            assert await g.projections.wait_for(status.name, head.position, 60)
        for checked in await g.projections.check():
            assert not checked.differences, checked
        return len(received)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_nothing_acknowledged_is_lost_or_doubled(
    kind: str, kills: int, tmp_path: Path, new_postgres_url: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    store = f"sqlite:///{tmp_path / 'gongdan.db'}" if kind == "sqlite" else new_postgres_url()
    keys = f"sqlite:///{tmp_path / 'keys.db'}" if kind == "sqlite" else new_postgres_url()
    settings = Settings(store=store, keys=keys, master_key_file=tmp_path / "master.key", rate="1000000/minute")
    tokens = asyncio.run(_found(settings))
    seed = random.SystemRandom().randrange(2**32)
    draw = random.Random(seed)
    environment = {
        "GONGDAN_STORE": store,
        "GONGDAN_KEYS": keys,
        "GONGDAN_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "GONGDAN_RATE": "1000000/minute",
    }
    service = Service(environment, tmp_path)
    stop = threading.Event()
    clients = [Client(service.url, token, stop, draw.randrange(2**32)) for token in tokens]
    threads = [threading.Thread(target=client.run) for client in clients]
    try:
        service.start()
        for thread in threads:
            thread.start()
        for _ in range(kills):
            time.sleep(draw.uniform(0.05, 0.6))  # the moment of death is the test's input, not a synchronisation
            service.kill()
            service.start()
        stop.set()
        for thread in threads:
            thread.join(timeout=120)
        assert [f for c in clients for f in c.failures] == [], f"seed {seed}"
        _repeats_are_answered_alike(clients, draw)
    finally:
        stop.set()
        service.stop()
    tickets = asyncio.run(_check(settings, clients))
    with capsys.disabled():
        print(f" [{kind}: {kills} kills, {tickets} tickets acknowledged, seed {seed}]", end="")
    assert tickets > kills


def _repeats_are_answered_alike(clients: list[Client], draw: random.Random) -> None:
    """Assert that a repetition, long after, gets the first answer again."""
    for client in clients:
        with httpx2.Client(base_url=client.url, timeout=10) as http:
            keys = list(client.acknowledged)
            for key in draw.sample(keys, min(5, len(keys))):
                again = client.send(http, key)
                assert again is not None
                first = client.acknowledged[key]
                assert (again.status_code, again.content) == (first.status, first.body)
