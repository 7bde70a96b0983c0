"""Backup and restore on both databases: complete, in two folders, checked; an erased person's key is never restored."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.store.backup import copy_postgres
from adapters.store.backup.backup import BackupReport, backup, digest_of
from adapters.store.backup.restore import RestoreReport, restore
from adapters.store.backup.store_facts import BackupRefused
from adapters.store.keys.key_erasure import ERASED
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import load_master_key
from adapters.store.log.opening import Store, init_store, open_store
from domain.kernel.ports import Append, NewEvent, PlainField
from domain.kernel.privacy import Personal, Private
from tests.store.keys.key_stores import KeyStores, SteppingClock, sealer

pytestmark = pytest.mark.anyio

CANARY = "王小明"


@dataclass
class Estate:
    """A store and its keys, which a test can lose."""

    store_url: str
    keys_url: str
    folder: Path
    clock: SteppingClock = field(default_factory=SteppingClock)
    stores: list[Store] = field(default_factory=list)
    keys: list[KeyStores] = field(default_factory=list)
    copies: int = 0

    async def open(self, *, new: bool = False) -> tuple[Store, KeyStore]:
        if new:
            await init_store(self.store_url, "estate")
        self.stores.append(await open_store(self.store_url, self.clock))
        place = Path(self.keys_url.removeprefix("sqlite:///")) if self.keys_url.startswith("sqlite") else self.keys_url
        self.keys.append(KeyStores(place, self.folder / "master.key", self.clock))
        return self.stores[-1], await (self.keys[-1].new() if new else self.keys[-1].again())

    async def close(self) -> None:
        while self.stores:
            await self.stores.pop().close()
        while self.keys:
            await self.keys.pop().close()

    async def backup(self) -> tuple[Path, BackupReport]:
        self.copies += 1
        directory = self.folder / f"backup {self.copies}"
        return directory, await backup(directory, self.store_url, self.keys_url, self.clock)

    async def restore(self, directory: Path, *, force: bool = False) -> RestoreReport:
        return await restore(
            directory, self.store_url, self.keys_url, self.folder / "master.key", self.clock, os.urandom, force=force
        )

    def lose(self) -> None:
        """Lose the disk with store and keys; the master key has a copy elsewhere."""
        for url in (self.store_url, self.keys_url):
            for file in self.folder.glob(Path(url).name + "*"):
                file.unlink()


def no_copy_lies_about(folder: Path) -> None:
    assert not list(folder.rglob("*.restoring*"))


@pytest.fixture(params=["sqlite", "postgresql"])
async def estate(request: pytest.FixtureRequest, tmp_path: Path, new_postgres_url: Callable[[], str]) -> AsyncIterator[Estate]:
    estate = Estate(f"sqlite:///{tmp_path}/gongdan.db", f"sqlite:///{tmp_path}/keys.db", tmp_path)
    if request.param == "postgresql":
        estate.store_url, estate.keys_url = new_postgres_url(), new_postgres_url()
    yield estate
    await estate.close()
    no_copy_lies_about(tmp_path)


@pytest.fixture
async def on_file(tmp_path: Path) -> AsyncIterator[Estate]:
    estate = Estate(f"sqlite:///{tmp_path}/gongdan.db", f"sqlite:///{tmp_path}/keys.db", tmp_path)
    yield estate
    await estate.close()
    no_copy_lies_about(tmp_path)


async def write(store: Store, stream: UUID | None = None, topic: str = "ticket.received", version: int = 1) -> int:
    event = NewEvent(stream or uuid4(), version, topic, "A", b"{}")
    return (await store.append(Append([event]))).position


async def seal(keys: KeyStore, subject: UUID) -> tuple[PlainField, Private]:
    where = PlainField(uuid4(), 1, "name")
    await keys.ensure([subject])
    [sealed] = await sealer(keys).seal([(where, Personal(subject, CANARY))])
    return where, sealed


async def test_a_lost_store_comes_back_whole(estate: Estate, new_postgres_url: Callable[[], str]) -> None:
    store, keys = await estate.open(new=True)
    subject = uuid4()
    sealed = await seal(keys, subject)
    for _ in range(20):
        await write(store)
    before = await store.read_log(0, 100)
    directory, report = await estate.backup()  # while it is in use
    await write(store)
    assert (report.log.origin, report.log.position, report.keys.subjects) == ("estate", 20, 1)
    await estate.close()
    estate.lose()
    if not estate.store_url.startswith("sqlite"):
        estate.store_url, estate.keys_url = new_postgres_url(), new_postgres_url()
    restored = await estate.restore(directory)
    assert (restored.log, restored.replaced, restored.erasures) == (report.log, None, 0)
    store, keys = await estate.open()
    assert await store.read_log(0, 100) == before
    assert await sealer(keys).open([sealed]) == [CANARY]
    assert await write(store) == 21


async def test_an_erased_person_stays_erased(estate: Estate) -> None:
    store, keys = await estate.open(new=True)
    by_keys, by_log, earlier, here = [uuid4() for _ in range(4)]
    sealed = [await seal(keys, subject) for subject in (by_keys, by_log, earlier, here)]
    await keys.erase(earlier)
    await write(store)
    directory, report = await estate.backup()
    assert report.keys.erased == 1
    await keys.erase(by_keys)
    await write(store, by_log, ERASED)  # ordered, and the process ended before the key was destroyed
    await estate.close()
    restored = await estate.restore(directory, force=True)
    assert restored.erasures == 3
    assert (restored.replaced and restored.replaced.position, restored.log.position) == (2, 1)
    assert "The last 1 of them are not in the restored store." in restored.lines()
    _, keys = await estate.open()
    assert await sealer(keys).open(sealed) == [None, None, None, CANARY]
    assert {erasure.subject for erasure in await keys.erasures()} == {by_keys, by_log, earlier}


async def test_an_erasure_that_only_the_restored_log_knows_is_done(estate: Estate, new_postgres_url: Callable[[], str]) -> None:
    store, keys = await estate.open(new=True)
    gone = uuid4()
    sealed = await seal(keys, gone)
    await write(store, gone, ERASED)
    directory, _ = await estate.backup()
    await estate.close()
    estate.lose()
    if not estate.store_url.startswith("sqlite"):
        estate.store_url, estate.keys_url = new_postgres_url(), new_postgres_url()
    await estate.restore(directory)
    _, keys = await estate.open()
    assert await sealer(keys).open([sealed]) == [None]


async def test_a_newer_another_or_a_diverged_store_is_not_overwritten_unless_forced(
    estate: Estate, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    store, _ = await estate.open(new=True)
    await write(store)
    directory, _ = await estate.backup()
    position = await write(store)
    await estate.close()
    with pytest.raises(BackupRefused, match="its last 1 events would be lost"):
        await estate.restore(directory)
    store, _ = await estate.open()
    assert (await store.head()).position == position
    await estate.close()
    assert (await estate.restore(directory, force=True)).log.position == 1

    store, _ = await estate.open()
    await write(store, version=1)
    later, _ = await estate.backup()
    await estate.close()
    await estate.restore(directory, force=True)
    store, _ = await estate.open()
    await write(store)  # position 2 again, another event
    await estate.close()
    with pytest.raises(BackupRefused, match="events that the backup does not"):
        await estate.restore(later)
    assert (await estate.restore(later, force=True)).log.position == 2

    other = Estate(f"sqlite:///{tmp_path}/o/gongdan.db", f"sqlite:///{tmp_path}/o/keys.db", tmp_path / "o", estate.clock)
    if estate.store_url.startswith("postgresql"):
        other.store_url, other.keys_url = new_postgres_url(), new_postgres_url()
    await init_store(other.store_url, "elsewhere")
    (tmp_path / "o").mkdir(exist_ok=True)
    shutil.copy(tmp_path / "master.key", tmp_path / "o" / "master.key")
    with pytest.raises(BackupRefused, match=r"another log's store \(elsewhere\)"):
        await other.restore(directory)
    assert (await other.restore(directory, force=True)).log.origin == "estate"


@pytest.mark.parametrize("used", ["store", "keys"])
async def test_what_is_in_use_is_not_replaced(estate: Estate, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_postgres, "GONE_AFTER", 0)
    store, keys = await estate.open(new=True)
    await write(store)
    directory, _ = await estate.backup()
    subject = uuid4()
    if used == "store":
        await estate.keys[0].close()
    else:
        await estate.stores.pop().close()
    with pytest.raises(BackupRefused, match="stop every server"):
        await estate.restore(directory, force=True)
    if used == "store":
        assert await write(store) == 2
    else:
        await keys.ensure([subject])


async def test_the_copies_are_apart_private_and_say_nothing_of_people(estate: Estate) -> None:
    store, keys = await estate.open(new=True)
    await seal(keys, uuid4())
    await write(store)
    directory, report = await estate.backup()
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (directory / "keys").stat().st_mode & 0o777 == 0o700
    secret = load_master_key(estate.folder / "master.key").secret
    text = (estate.folder / "master.key").read_text().split()[-1].encode()
    for path in files:
        assert not any(canary in path.read_bytes() for canary in (secret, text, CANARY.encode()))
    in_store, in_keys = (json.loads((directory / part / "manifest.json").read_text()) for part in ("store", "keys"))
    assert in_store["position"] == 1
    assert in_store["sha256"] == digest_of(directory / "store" / in_store["file"])[0]
    assert in_keys["expires_at"] == report.keys_expire_at.isoformat()
    assert any("master key" in line and "NOT in this backup" in line for line in report.lines())


async def test_a_full_directory_is_not_written_into(on_file: Estate) -> None:
    await on_file.open(new=True)
    await on_file.backup()
    on_file.copies = 0
    with pytest.raises(BackupRefused, match="not empty"):
        await on_file.backup()


async def test_an_expired_copy_of_keys_is_refused_even_if_forced(on_file: Estate) -> None:
    await on_file.open(new=True)
    directory, report = await on_file.backup()
    await on_file.close()
    assert report.keys_expire_at - on_file.clock.moment <= timedelta(days=30)
    on_file.clock.moment = report.keys_expire_at - timedelta(minutes=1)
    await on_file.restore(directory)
    on_file.clock.moment = report.keys_expire_at
    with pytest.raises(BackupRefused, match="expired"):
        await on_file.restore(directory, force=True)


async def test_another_master_key_is_refused(on_file: Estate) -> None:
    _, keys = await on_file.open(new=True)
    directory, _ = await on_file.backup()
    await keys.rotate_master()
    await on_file.close()
    with pytest.raises(BackupRefused, match="opens with master key"):
        await on_file.restore(directory, force=True)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed store": (lambda d: flip(next((d / "store").glob("gongdan.*"))), "SHA-256"),
    "changed keys": (lambda d: flip(next((d / "keys").glob("keys.*"))), "SHA-256"),
    "no manifest": (lambda d: (d / "store" / "manifest.json").unlink(), "not a finished copy"),
    "no copy": (lambda d: next((d / "keys").glob("keys.*")).unlink(), "not a finished copy"),
    "half a manifest": (lambda d: os.truncate(d / "keys" / "manifest.json", 20), "not a finished copy"),
    "parts mixed up": (lambda d: shutil.copytree(d / "store", d / "keys", dirs_exist_ok=True), "not a copy of the keys"),
}


@pytest.mark.parametrize(("damage", "named"), DAMAGES.values(), ids=DAMAGES.keys())
async def test_damaged_copies_are_refused_and_nothing_is_replaced(
    on_file: Estate, damage: Callable[[Path], object], named: str
) -> None:
    store, _ = await on_file.open(new=True)
    await write(store)
    directory, _ = await on_file.backup()
    await write(store)
    await on_file.close()
    damage(directory)
    with pytest.raises(BackupRefused, match=named):
        await on_file.restore(directory, force=True)
    store, _ = await on_file.open()
    assert (await store.head()).position == 2


def edit(directory: Path, part: str, **values: object) -> None:
    path = directory / part / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(
    ("part", "values", "named"),
    [
        ("keys", {"origin": "elsewhere"}, "keys are those of elsewhere"),
        ("store", {"schema_version": 99}, "newer gongdan"),
        ("store", {"created_at": "2026-03-09T00:00:00+00:00"}, "older than that of the store"),
        ("store", {"format": 2}, "not a copy"),
    ],
)
async def test_copies_that_do_not_belong_together_are_refused(
    on_file: Estate, part: str, values: dict[str, object], named: str
) -> None:
    await on_file.open(new=True)
    directory, _ = await on_file.backup()
    await on_file.close()
    edit(directory, part, **values)
    with pytest.raises(BackupRefused, match=named):
        await on_file.restore(directory, force=True)


async def test_a_log_with_a_gap_is_neither_backed_up_nor_restored(estate: Estate) -> None:
    store, _ = await estate.open(new=True)
    for _ in range(3):
        await write(store)
    assert store.database
    whole, _ = await estate.backup()
    await store.database.write(lambda tx: tx.execute("DELETE FROM events WHERE position = 2"))
    with pytest.raises(BackupRefused, match="gaps"):
        await estate.backup()
    await estate.close()
    assert not (estate.folder / "backup 2" / "store" / "manifest.json").exists()

    # A copy that was made without looking.
    copy = next((whole / "store").glob("gongdan.*"))
    copy.unlink()
    if copy.suffix == ".db":
        source, target = sqlite3.connect(estate.folder / "gongdan.db"), sqlite3.connect(copy)
        source.backup(target)
        source.close()
        target.close()
    else:
        arguments = ["pg_dump", "--format=custom", f"--file={copy}", estate.store_url]
        process = await asyncio.create_subprocess_exec(*arguments)
        assert await process.wait() == 0
    digest, size = digest_of(copy)
    edit(whole, "store", sha256=digest, size=size)
    with pytest.raises(BackupRefused, match="gaps"):
        await estate.restore(whole, force=True)
    store, _ = await estate.open()
    assert len(await store.read_log(0, 10)) == 2  # still the one that was there


async def test_a_dump_cut_off_replaces_nothing(fresh_postgres_url: str, tmp_path: Path) -> None:
    await init_store(fresh_postgres_url, "estate")
    (tmp_path / "cut.dump").write_bytes(b"PGDMP\x01\x0e\x00")
    with pytest.raises(BackupRefused, match="could not be restored"):
        await copy_postgres.load(fresh_postgres_url, tmp_path / "cut.dump", "")
    store = await open_store(fresh_postgres_url, SteppingClock())
    assert store.origin == "estate"
    await store.close()


async def test_what_can_not_be_read_is_replaced_only_by_force(on_file: Estate) -> None:
    store, _ = await on_file.open(new=True)
    await write(store)
    directory, _ = await on_file.backup()
    await on_file.close()
    (on_file.folder / "gongdan.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(BackupRefused, match="can't be read"):
        await on_file.restore(directory)
    assert (await on_file.restore(directory, force=True)).log.position == 1


async def test_a_copy_goes_back_to_the_kind_of_database_it_came_from(on_file: Estate, fresh_postgres_url: str) -> None:
    await on_file.open(new=True)
    directory, _ = await on_file.backup()
    await on_file.close()
    on_file.store_url = fresh_postgres_url
    with pytest.raises(BackupRefused, match="was copied from sqlite"):
        await on_file.restore(directory)
