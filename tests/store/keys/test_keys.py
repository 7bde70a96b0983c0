"""The key store on both databases: durable, shared by processes; an erased subject's key is gone for good."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.store.database.database import Unavailable
from adapters.store.keys import key_erasure, key_rotation
from adapters.store.keys.key_tables import Erasure, SubjectKey, bound_to_subject
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import KeysUnusable, create_master_key, load_master_key, successor
from domain.kernel.errors import Conflict
from tests.store.keys.key_stores import START, KeyStores

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KeyStores]:
    place: Path | str = tmp_path / "keys.db"
    if request.param == "postgresql":
        place = request.getfixturevalue("fresh_postgres_url")
    stores = KeyStores(place, tmp_path / "apart" / "master.key")
    yield stores
    await stores.close()


@pytest.fixture
async def on_file(tmp_path: Path) -> AsyncIterator[KeyStores]:
    stores = KeyStores(tmp_path / "keys.db", tmp_path / "apart" / "master.key")
    yield stores
    await stores.close()


async def secret(keys: KeyStore, subject: UUID) -> bytes | None:
    key = (await keys.for_opening([subject]))[subject]
    return key.secret if key else None


async def test_keys_are_durable_distinct_and_the_same_everywhere(stores: KeyStores) -> None:
    keys, subjects = await stores.new(), [uuid4() for _ in range(10)]
    await keys.ensure(subjects)
    made = await keys.for_sealing(subjects)
    assert len({key.secret for key in made.values()}) == 10
    assert all(len(key.secret) == 32 and key.version == 1 for key in made.values())
    await keys.ensure([*subjects, uuid4()])
    other = await stores.again(cached_keys=3)
    assert await other.for_opening(subjects) == made == await other.for_sealing(subjects)


async def test_processes_that_come_together_agree_on_one_key(stores: KeyStores) -> None:
    several, subjects = [await stores.new(), await stores.again(), await stores.again()], [uuid4() for _ in range(20)]
    await asyncio.gather(*(keys.ensure(subjects[i : i + 5]) for keys in several for i in range(16)))
    first, *others = [await keys.for_opening(subjects) for keys in several]
    assert all(other == first for other in others)


async def test_callers_that_come_together_share_one_transaction(stores: KeyStores) -> None:
    keys = await stores.new()
    await asyncio.gather(*(keys.ensure([uuid4()]) for _ in range(50)))
    transactions = {created_at for (created_at,) in await keys.database.read("SELECT created_at FROM subjects")}
    assert len(transactions) <= 2  # the clock steps at each transaction


async def test_one_refused_caller_does_not_fail_its_neighbours(stores: KeyStores) -> None:
    keys, gone, here = await stores.new(), uuid4(), uuid4()
    await keys.erase(gone)
    results = await asyncio.gather(keys.ensure([gone, uuid4()]), keys.ensure([here]), return_exceptions=True)
    assert isinstance(results[0], Conflict)
    assert results[0].data == {"subject": str(gone)}
    assert results[1] is None
    assert await secret(keys, here)


async def test_a_subject_without_key_is_not_taken_for_erased(stores: KeyStores) -> None:
    keys = await stores.new()
    with pytest.raises(KeysUnusable, match="has no key"):
        await keys.for_opening([uuid4()])
    with pytest.raises(KeysUnusable, match="has no key"):
        await keys.for_sealing([uuid4()])


async def test_an_erasure_is_final_known_and_seen_by_every_process_at_once(stores: KeyStores) -> None:
    keys, gone, here = await stores.new(), uuid4(), uuid4()
    await keys.ensure([gone, here])
    other = await stores.again()
    before = await secret(other, gone), await secret(other, here)
    assert None not in before
    await keys.erase(gone)
    assert (await secret(other, gone), await secret(other, here)) == (None, before[1])
    for process in (keys, other, await stores.again()):
        with pytest.raises(Conflict, match="erased"):
            await process.ensure([gone])
        with pytest.raises(Conflict, match="erased"):
            await process.for_sealing([gone])
    [recorded] = await other.erasures()
    assert recorded.subject == gone
    await other.erase(gone)
    assert await keys.erasures() == [recorded]


async def test_erasures_that_only_the_log_knows_are_finished_on_start_up(stores: KeyStores) -> None:
    keys, gone, unknown, here = await stores.new(), uuid4(), uuid4(), uuid4()
    await keys.ensure([gone, here])
    known = [Erasure(gone, START), Erasure(unknown, START + timedelta(days=1))]
    await keys.open(known)
    assert await keys.for_opening([gone, unknown]) == {gone: None, unknown: None}
    assert await keys.erasures() == known
    assert await secret(keys, here)
    assert await keys.apply_erasures(known) == 0


async def test_index_keys_give_the_same_tokens_to_every_process(stores: KeyStores) -> None:
    one, other = await stores.new(), await stores.again()
    assert (await one.blind_tokens()).phone_token("13800138000") == (await other.blind_tokens()).phone_token("13800138000")
    keys = await one.index_keys()
    assert len({keys.blind_token, keys.body_hash}) == 2


async def test_a_foreign_master_key_is_refused(stores: KeyStores) -> None:
    await stores.new()
    stores.master_key_file.unlink()
    create_master_key(stores.master_key_file, os.urandom)
    with pytest.raises(KeysUnusable, match="put that file back"):
        await stores.again()


async def test_a_swapped_key_does_not_open(stores: KeyStores) -> None:
    keys, one, other = await stores.new(), uuid4(), uuid4()
    await keys.ensure([one, other])
    [(wrapped,)] = await keys.database.read("SELECT wrapped_key FROM subjects WHERE subject_id = :id", {"id": one.bytes})
    await keys.database.write(
        lambda tx: tx.execute("UPDATE subjects SET wrapped_key = :w WHERE subject_id = :id", {"w": wrapped, "id": other.bytes})
    )
    with pytest.raises(KeysUnusable, match="changed or swapped"):
        await (await stores.again()).for_opening([other])


async def test_a_later_schema_is_refused(stores: KeyStores) -> None:
    keys = await stores.new()
    await keys.database.write(lambda tx: tx.execute("UPDATE keyring SET schema_version = 2"))
    with pytest.raises(KeysUnusable, match="schema version 2"):
        await stores.again()


async def test_the_cache_is_bounded_and_still_right(stores: KeyStores) -> None:
    keys, subjects = await stores.new(), [uuid4() for _ in range(12)]
    await keys.ensure(subjects)
    small = await stores.again(cached_keys=4)
    for _ in range(2):
        for subject in subjects:
            assert await secret(small, subject) == await secret(keys, subject)
    assert len(small._cache) == 4


class Stopped(Exception):
    """Stands for the end of the process."""


def stop(*_: object, **__: object) -> None:
    raise Stopped


async def test_rotation_wraps_every_key_anew_and_other_processes_follow(stores: KeyStores) -> None:
    keys, subjects, gone = await stores.new(), [uuid4() for _ in range(7)], uuid4()
    await keys.ensure([*subjects, gone])
    await keys.erase(gone)
    before, tokens = await keys.for_opening(subjects), (await keys.index_keys())
    old, other = load_master_key(stores.master_key_file), await stores.again()
    wrapped: dict[bytes, bytes] = dict(await keys.database.read("SELECT subject_id, wrapped_key FROM subjects"))
    new = await keys.rotate_master()
    assert load_master_key(stores.master_key_file) == new != old
    assert not successor(stores.master_key_file).exists()
    for subject, again in await keys.database.read("SELECT subject_id, wrapped_key FROM subjects"):
        if subject != gone.bytes:
            assert again != wrapped[subject]
            new.unwrap(again, bound_to_subject(subject, 1))
    late = uuid4()
    await other._insert({late: SubjectKey(1, os.urandom(32))})  # rotated between looking and writing
    for process in (keys, other, await stores.again()):
        assert await process.for_opening(subjects) == before
        assert await process.for_opening([gone]) == {gone: None}
        assert await secret(process, late)
        assert await process.index_keys() == tokens


@pytest.mark.parametrize("seam", ["_rewrap", "promote_successor", "create_master_key"])
async def test_a_rotation_stopped_anywhere_leaves_a_store_that_opens(
    stores: KeyStores, seam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, subject = await stores.new(), uuid4()
    await keys.ensure([subject])
    before = await secret(keys, subject)
    real = getattr(key_rotation, seam)
    calls = 0

    def stopping(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if seam != "promote_successor" or calls == 2:  # its first call looks after a rotation that stopped earlier
            raise Stopped
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(key_rotation, seam, stopping)
        with pytest.raises(Stopped):
            await keys.rotate_master()
    files = len(list(stores.master_key_file.parent.iterdir()))
    assert files == (1 if seam == "create_master_key" else 2)
    for process in (keys, await stores.again()):
        assert await secret(process, subject) == before
        await process.ensure([uuid4()])
    assert successor(stores.master_key_file).exists() == (seam == "_rewrap")
    await keys.rotate_master()
    assert await secret(await stores.again(), subject) == before
    assert not successor(stores.master_key_file).exists()


async def test_no_key_stands_in_any_file_in_the_clear_and_a_destroyed_one_not_even_wrapped(on_file: KeyStores) -> None:
    drawn: list[bytes] = []

    def entropy(size: int) -> bytes:
        drawn.append(os.urandom(size))
        return drawn[-1]

    keys = await on_file.new(entropy)
    subjects = [uuid4() for _ in range(300)]
    for start in range(0, 300, 20):
        await keys.ensure(subjects[start : start + 20])
    reader = await on_file.again()
    wrapped: dict[bytes, bytes] = dict(await keys.database.read("SELECT subject_id, wrapped_key FROM subjects"))
    files = on_file.bytes_on_disk()
    assert not [1 for secret_ in drawn if len(secret_) == 32 and secret_ in files]
    assert all(wrapped[subject.bytes] in files for subject in subjects)
    gone = subjects[7::60]
    for subject in gone:
        await reader.erase(subject)
    files = on_file.bytes_on_disk()
    for subject in subjects:
        assert (wrapped[subject.bytes] in files) == (subject not in gone)


async def test_cleaning_up_after_an_erasure_that_was_interrupted_is_finished_on_start_up(
    on_file: KeyStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, gone, here = await on_file.new(), uuid4(), uuid4()
    await keys.ensure([gone, here])
    [(wrapped,)] = await keys.database.read("SELECT wrapped_key FROM subjects WHERE subject_id = :id", {"id": gone.bytes})
    with monkeypatch.context() as patch:
        patch.setattr(key_erasure, "_clean_file", stop)
        with pytest.raises(Stopped):
            await keys.erase(gone)
    assert await secret(keys, gone) is None
    assert wrapped in on_file.bytes_on_disk()
    again = await on_file.again()
    assert wrapped not in on_file.bytes_on_disk()
    assert await secret(again, gone) is None
    assert await secret(again, here)


async def test_a_reader_that_holds_the_old_bytes_is_reported_and_repeating_finishes(
    on_file: KeyStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_erasure, "DEADLINE", 0.05)
    keys, gone = await on_file.new(), uuid4()
    await keys.ensure([gone])
    [(wrapped,)] = await keys.database.read("SELECT wrapped_key FROM subjects")
    reader = sqlite3.connect(on_file.place, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM subjects").fetchall()
    with pytest.raises(Unavailable, match="destroyed, but"):
        await keys.erase(gone)
    reader.execute("COMMIT")
    reader.close()
    assert await secret(keys, gone) is None
    await keys.erase(gone)
    assert wrapped not in on_file.bytes_on_disk()


async def test_bytes_left_in_a_page_make_the_file_be_rewritten(on_file: KeyStores, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, gone = await on_file.new(), uuid4()
    await keys.ensure([gone])
    [(wrapped,)] = await keys.database.read("SELECT wrapped_key FROM subjects")
    # A copy that the erasing statements don't reach, as moving rows between pages may leave one.
    await keys.database.write(lambda tx: tx.ddl("CREATE TABLE stray (value BYTEA)"))
    await keys.database.write(lambda tx: tx.insert("stray", ("value",), [(wrapped * 3,)]))
    with pytest.raises(KeysUnusable, match="still in"):
        await keys.erase(gone)
    await keys.database.write(lambda tx: tx.execute("DROP TABLE stray"))
    await keys.erase(gone)
    assert wrapped not in on_file.bytes_on_disk()


async def test_an_erased_subject_is_erased_in_another_operating_system_process(
    on_file: KeyStores, make_reader: Callable[[KeyStores, UUID], "Reader"]
) -> None:
    keys, gone = await on_file.new(), uuid4()
    await keys.ensure([gone])
    reader = make_reader(on_file, gone)
    assert await asyncio.to_thread(reader.ask) == "open"
    await keys.erase(gone)
    assert await asyncio.to_thread(reader.ask) == "erased"


READER = """
import asyncio, os, sys
from pathlib import Path
from uuid import UUID
from adapters.store.keys.keys import KeyStore
from tests.store.keys.key_stores import SteppingClock, open_database

async def main():
    place, master, subject = Path(sys.argv[1]), Path(sys.argv[2]), UUID(sys.argv[3])
    keys = KeyStore(await open_database(place), master, SteppingClock(), os.urandom)
    await keys.open()
    while sys.stdin.readline():
        key = (await keys.for_opening([subject]))[subject]
        print("open" if key else "erased", flush=True)
    await keys.close()

asyncio.run(main())
"""


class Reader:
    """A process of its own that opens a subject's key when asked."""

    def __init__(self, stores: KeyStores, subject: UUID) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(stores.place), str(stores.master_key_file), str(subject)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )

    def ask(self) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        with self.process:
            assert self.process.stdin
            self.process.stdin.close()
            self.process.wait()


@pytest.fixture
def make_reader() -> Iterator[Callable[[KeyStores, UUID], Reader]]:
    readers: list[Reader] = []

    def make(stores: KeyStores, subject: UUID) -> Reader:
        readers.append(Reader(stores, subject))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()
