"""The service on three PostgreSQL nodes under Patroni, which lose their primary while eight clients work.

No acknowledged command is lost or doubled, and writes resume by themselves. Skipped where Patroni or etcd is missing: `make
cluster` installs them.
"""

import random
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.system.settings import Settings
from tests.faults.clients import Clients, check, found, repeats_are_answered_alike
from tests.faults.cluster import Cluster, Node, running_cluster
from tests.faults.machine import missing
from tests.faults.service import ForkedService, environment

SWITCHOVERS = 5
LONGEST_SWITCHOVER = 10.0
"""Seconds of refusals that half of the planned switchovers may cause at most."""

RESUMED = 90.0
"""Seconds within which writes must have resumed. Patroni needs its TTL and a few seconds; the rest is a busy machine's."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing()), reason=f"failover is not tested: {', '.join(missing())} is missing (make cluster)"),
]


@contextmanager
def _at_work(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[Cluster, Clients]]:
    """A served cluster with clients at work; at the end log and read models are compared with what was acknowledged."""
    seed = random.SystemRandom().randrange(2**32)
    draw = random.Random(seed)
    with running_cluster() as cluster:
        store, keys = cluster.url("gongdan"), cluster.url("gongdan_keys")
        settings = Settings(store=store, keys=keys, master_key_file=folder / "master.key", rate="1000000/minute")
        tokens = found(settings)
        service = ForkedService(environment(settings, rate=settings.rate, log_level="info"), folder)
        clients = Clients(service.url, tokens, draw)
        try:
            service.start()
            with clients.working():
                clients.await_answers(20, RESUMED)
                yield cluster, clients
                clients.await_answers(20, RESUMED)
            assert clients.failures == [], f"seed {seed}\n{service.log.read_text()[-4000:]}"
            repeats_are_answered_alike(clients, draw)
            assert service.ended() is None
        finally:
            service.stop()
        tickets = check(settings, clients)
        say(f" {clients.answered} commands of {tickets} tickets acknowledged, seed {seed}]")


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a measured figure beside the test's name."""

    def write(text: str) -> None:
        with capsys.disabled():
            print(text, end="", flush=True)

    return write


def _dead(cluster: Cluster, node: Node) -> Callable[[], None]:
    node.signal(signal.SIGKILL)
    return lambda: cluster.start_node(node)


def _frozen(cluster: Cluster, node: Node) -> Callable[[], None]:
    node.signal(signal.SIGSTOP)
    return lambda: node.signal(signal.SIGCONT)


@pytest.mark.parametrize("strike", [_dead, _frozen])
def test_a_lost_primary_loses_nothing(
    strike: Callable[[Cluster, Node], Callable[[], None]], tmp_path: Path, say: Callable[[str], None]
) -> None:
    """Three times: the primary is lost, a standby takes over, the lost node comes back as a standby."""
    with _at_work(tmp_path, say) as (cluster, clients):
        gaps = []
        for _ in range(3):
            cluster.await_whole()
            clients.await_answers(20, RESUMED)
            since = time.monotonic()
            lost = cluster.primary()
            bring_back = strike(cluster, lost)
            clients.await_answers(20, RESUMED)
            assert cluster.primary() is not lost
            gaps.append(clients.longest_gap(since))
            bring_back()
        say(f" [writes resumed after {', '.join(f'{gap:.1f}' for gap in gaps)} s;")


def test_a_planned_switchover_refuses_for_seconds(tmp_path: Path, say: Callable[[str], None]) -> None:
    with _at_work(tmp_path, say) as (cluster, clients):
        refused, gaps = [], []
        for _ in range(SWITCHOVERS):
            cluster.await_whole()
            clients.await_answers(20, RESUMED)
            since = time.monotonic()
            cluster.switch_over()
            clients.await_answers(20, RESUMED)
            refused.append(clients.refused_for(since))
            gaps.append(clients.longest_gap(since))
        say(f" [503 for {', '.join(f'{r:.1f}' for r in refused)} s, no answer for {', '.join(f'{gap:.1f}' for gap in gaps)} s;")
        assert statistics.median(refused) <= LONGEST_SWITCHOVER
        assert statistics.median(gaps) <= LONGEST_SWITCHOVER
