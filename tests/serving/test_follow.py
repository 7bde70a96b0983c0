"""`gongdan follow`: a process of its own moves the read models; another takes over when it dies."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.serving.conftest import Place
from tests.serving.connection import Connect
from tests.serving.test_workers import follower_of, received
from tests.support.client import V1
from tests.support.command_line import COMMAND

pytestmark = pytest.mark.anyio


@contextmanager
def following(place: Place) -> Iterator[subprocess.Popen[str]]:
    """A follower that has said that it follows."""
    environment = {**os.environ, **place.environment}
    process = subprocess.Popen((*COMMAND, "follow"), cwd=place.folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("following postgresql://")
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_it_follows_for_servers_that_do_not_and_another_takes_over(place: Place, connect: Connect) -> None:
    service = await asyncio.to_thread(place.served, GONGDAN_FOLLOW="false")
    with following(place) as one, following(place) as two:
        first = await follower_of(place, await received(connect, service, place))
        assert first in (one.pid, two.pid)
        working, other = (one, two) if first == one.pid else (two, one)
        working.kill()
        position = await received(connect, service, place)
        assert await follower_of(place, position) == other.pid
        desk = await connect(service.url)
        listed = await desk.ask(f"{V1}/tickets?min_position={position}", place.bearer("li"))
        assert len(listed.json["items"]) == 2
        ready = (await desk.ask("/readyz", {})).json
        assert (ready["status"], {one["lag"] for one in ready["projections"]}) == ("ready", {0})
        other.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(other.wait, 300) == 0
    with following(place) as three:
        assert await follower_of(place, await received(connect, service, place)) == three.pid
