"""``gongdan copy`` in a process of its own, killed at many points and run again: the outcome is that of one undisturbed run."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from adapters.store.database import schema
from adapters.store.database.database import Moved
from adapters.store.log.opening import open_store
from tests.store.keys.key_stores import SteppingClock
from tests.store.moving.places import EVENTS, Both, contents
from tests.store.moving.test_move import append

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]

PROGRAM = """
import asyncio, importlib, json, os, signal, sys
from pathlib import Path
from adapters.store.moving.move import move
from adapters.store.moving.sides import Place

module, name, at, old, new, master = json.loads(sys.argv[1])
*path, last = name.split(".")
owner = importlib.import_module(module)
for part in path:
    owner = getattr(owner, part)
original, calls = getattr(owner, last), 0

async def killed(*arguments, **named):
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return await original(*arguments, **named)

setattr(owner, last, killed)
asyncio.run(move(Place(**old), Place(**new), Path(master), lambda what, done, of: None, lambda: 0.0))
"""

TRANSFER, MOVE = "adapters.store.moving.transfer", "adapters.store.moving.move"
POINTS = {
    "before anything": ("adapters.store.moving.target", "begin_keys", 1),
    "with the keys begun, the store not": ("adapters.store.moving.target", "begin_store", 1),
    "in the middle of the log": (TRANSFER, "Moving._load", 2),
    "in the middle of the access log": (TRANSFER, "Moving._load", 6),
    "with the keys half copied": (TRANSFER, "Moving._replace", 1),
    "among the attachments": (TRANSFER, "Moving._replace", 2),
    "with the move noted, nothing closed": ("adapters.store.moving.closing", "close", 1),
    "with the store closed, its keys open": ("adapters.store.moving.closing", "close", 2),
    "with everything closed": (MOVE, "Copier.copy_rest", 1),
    "while the rest is made equal": (TRANSFER, "Moving._replace", 9),
    "with the last key scrubbed": (MOVE, "rewrite", 1),
    "before the last transaction": ("adapters.store.moving.target", "finish_store", 1),
    "after the last transaction": ("adapters.store.moving.target", "finish_keys", 1),
    "before the old store names the new place": ("adapters.store.moving.closing", "close", 3),
}
"""Module, function and number of the call at whose beginning the process is killed."""


def killed_at(point: tuple[str, str, int], both: Both) -> None:
    argument = json.dumps([*point, asdict(both.old), asdict(both.new), str(both.master)])
    done = subprocess.run([sys.executable, "-c", PROGRAM, argument], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("point", POINTS)
async def test_killed_and_run_again_everything_is_there_once(point: str, to_postgres: Both) -> None:
    before = await contents(to_postgres.old)
    killed_at(POINTS[point], to_postgres)
    whole = list(POINTS).index(point) >= list(POINTS).index("after the last transaction")
    if whole:
        async with await open_store(to_postgres.new.store, SteppingClock()):
            pass
    else:
        with pytest.raises(schema.SchemaError, match=r"gongdan (copy|init)"):
            await open_store(to_postgres.new.store, SteppingClock())
    report = await to_postgres.move()
    assert report.already == whole
    assert await contents(to_postgres.new) == await contents(to_postgres.old) == before
    async with await open_store(to_postgres.old.store, SteppingClock()) as store:
        with pytest.raises(Moved, match="has moved to"):
            await append(store)


async def test_killed_again_and_again_with_writes_in_between(to_sqlite: Both) -> None:
    """Each run is killed at the next point. Between two runs the old store is written to, where it is open."""
    written = EVENTS
    for point, closed in (
        ("in the middle of the log", False),
        ("with the move noted, nothing closed", False),
        ("with everything closed", True),
        ("before the last transaction", True),
    ):
        killed_at(POINTS[point], to_sqlite)
        async with await open_store(to_sqlite.old.store, SteppingClock()) as store:
            if closed:
                with pytest.raises(Moved, match="run gongdan copy again"):
                    await append(store)
            else:
                written = await append(store)
    assert written == EVENTS + 2
    await to_sqlite.move()
    async with await open_store(to_sqlite.new.store, SteppingClock()) as store:
        assert (await store.head()).position == written
    assert await contents(to_sqlite.new) == await contents(to_sqlite.old)
