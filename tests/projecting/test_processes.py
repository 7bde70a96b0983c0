"""Several processes and one view: a runner dies or is suspended, and others take over."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.projecting.projections import Projections
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.keys import KeyStore
from domain.ticket import commands as c
from projections.ticket.ticket_search import Filters
from tests.support.estates.view_estate import Estate, estate_at, reached

pytestmark = pytest.mark.anyio


@contextmanager
def another_process(url: str, keys: KeyStore) -> Iterator[subprocess.Popen[str]]:
    """A process that moves the views; killed at the end if it is still running."""
    assert isinstance(keys.database, SqliteDatabase)
    command = [sys.executable, "-m", "tests.projecting.following_process", url, str(keys.database.path.parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


async def holder_of(process: subprocess.Popen[str]) -> str:
    """The holder that the process prints once it has reached the end of the log."""
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert line, "the process died"
    return line.strip()


def put_to_sleep(process: subprocess.Popen[str], store: Path) -> None:
    """Suspend a process at a moment when it holds no database lock, which nobody could take from it."""
    while True:
        process.send_signal(signal.SIGSTOP)
        connection = sqlite3.connect(store, timeout=0.0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            return
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
        finally:
            connection.close()


@pytest.fixture
async def shared(urls: Callable[[], str], keys: KeyStore) -> AsyncIterator[tuple[str, Estate]]:
    """A new store on disk, and its URL."""
    url = urls()
    async with estate_at(url, keys) as estate:
        yield url, estate


async def holders(projections: Projections) -> set[str]:
    """The holders of the live table sets."""
    return {status.holder for status in await projections.status()}


@pytest.mark.parametrize("urls", ["sqlite", "postgres"], indirect=True)
async def test_another_takes_over_when_the_runner_is_killed(shared: tuple[str, Estate], keys: KeyStore) -> None:
    url, estate = shared
    ticket = await estate.receive()
    async with await estate.projections() as standby:
        with another_process(url, keys) as process:
            holder = await holder_of(process)
            await standby.start()
            await estate.act(ticket, c.Note(text="备注"))
            await reached(standby, estate)
            assert await holders(standby) == {holder}
            process.send_signal(signal.SIGKILL)
            process.wait()
            await estate.act(ticket, c.Classify(kind="other"))
            await reached(standby, estate)
        assert holder not in await holders(standby)
        [row] = (await standby.search(Filters(), now=estate.clock.now())).items
        assert row.version == 3
        assert not [found for found in await standby.check() if found.differences]


@pytest.mark.parametrize("urls", ["sqlite"], indirect=True)
async def test_a_runner_that_slept_finds_itself_fenced(shared: tuple[str, Estate], keys: KeyStore) -> None:
    url, estate = shared
    ticket = await estate.receive()
    async with await estate.projections() as other:
        with another_process(url, keys) as process:
            holder = await holder_of(process)
            await asyncio.to_thread(put_to_sleep, process, Path(url.removeprefix("sqlite:///")))
            await other.start()
            await estate.act(ticket, c.Classify(kind="other"))
            await reached(other, estate)
            assert holder not in await holders(other)
            process.send_signal(signal.SIGCONT)
            for _ in range(5):
                await estate.act(ticket, c.Note(text="备注"))
                await reached(other, estate)
            assert process.poll() is None
            assert holder not in await holders(other)
        assert not [found for found in await other.check() if found.differences]
