"""Killed at random moments under eight clients, on each store: nothing acknowledged is lost or doubled.

Every command is sent twice. Twice killed every time, 300 times in the long tier; on PostgreSQL some of the faults strike the
database instead: its connections are ended, or the whole server is shut down at once and started again.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from adapters.system.settings import Settings
from tests.faults.clients import AT_ONCE, Clients, check, found, repeats_are_answered_alike
from tests.faults.service import ForkedService, environment
from tests.support.postgres_server import PostgresServer, running_postgres


@contextmanager
def _places(kind: str, folder: Path) -> Iterator[tuple[str, str, PostgresServer | None]]:
    """URLs of a store and its keys, and the PostgreSQL they are on: one of its own, since it is shut down."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'gongdan.db'}", f"sqlite:///{folder / 'keys.db'}", None
    else:
        with running_postgres() as server:
            yield server.create_database(), server.create_database(), server


def _strike(service: ForkedService, database: PostgresServer | None, draw: random.Random) -> str:
    """Let one fault happen; its name."""
    fault = draw.choices(("service", "connections", "server"), (8, 1, 1))[0] if database else "service"
    if fault == "service":
        service.kill()
        service.start(wait=False)
    elif database is not None and fault == "connections":
        with psycopg.connect(database.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gongdan'")
    elif database is not None:
        database.crash()
    return fault


@pytest.mark.parametrize("kills", [2, pytest.param(300, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_nothing_acknowledged_is_lost_or_doubled(
    kind: str, kills: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with _places(kind, tmp_path) as (store, keys, database):
        settings = Settings(store=store, keys=keys, master_key_file=tmp_path / "master.key", rate="1000000/minute")
        tokens = found(settings)
        seed = random.SystemRandom().randrange(2**32)
        draw = random.Random(seed)
        service = ForkedService(environment(settings, rate=settings.rate, log_level="warning"), tmp_path)
        clients = Clients(service.url, tokens, draw)
        faults: list[str] = []
        in_flight = 0
        try:
            service.start()
            with clients.working():
                for kill in range(kills):
                    clients.await_answers(draw.choice((0, 1, 4)), 120)
                    time.sleep(draw.uniform(0.0, 0.2))  # the moment of death is the test's input, not a synchronisation
                    in_flight += clients.asking if kill else clients.await_asking(AT_ONCE // 2, 120)  # the first under load
                    faults.append(_strike(service, database, draw))
                service.await_answer()
            assert clients.failures == [], f"seed {seed}"
            repeats_are_answered_alike(clients, draw)
        finally:
            service.stop()
        tickets = check(settings, clients)
    with capsys.disabled():
        struck = ", ".join(f"{faults.count(fault)} × {fault}" for fault in sorted(set(faults)))
        print(
            f" [{kind}: {struck}; {in_flight} commands on their way, {tickets} tickets acknowledged,"
            f" {time.monotonic() - began:.0f} s, seed {seed}]",
            end="",
        )
    assert in_flight > kills
