"""Attachments: bounded, checked, sealed in chunks; changed, swapped or truncated content is never returned as intact."""

import os
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.store.database import schema
from adapters.store.database.database import Database, Transaction
from adapters.store.files.attachments import CHUNK_BYTES, MAX_BYTES, AttachmentDamaged, Attachments
from adapters.store.keys.keys import KeyStore
from domain.kernel.errors import Conflict, InvalidInput, NotFound, TooLarge
from tests.store.keys.key_stores import KeyStores, SteppingClock, open_database

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"
CANARY = "王小明的电话是13800138000".encode()


@dataclass
class Place:
    """A store with its keys."""

    database: Database
    keys: KeyStore
    clock: SteppingClock
    attachments: Attachments
    subject: UUID
    stream: UUID

    async def put(self, content: bytes, declared: str = "", piece: int = 10_000) -> str:
        return (await self.attachments.store(self.subject, self.stream, pieces(content, piece), declared)).name

    async def get(self, name: str, given: list[bytes] | None = None) -> bytes:
        """The whole content; ``given`` collects its chunks as they come."""
        given = [] if given is None else given
        _, content = await self.attachments.open(name)
        async for chunk in content:
            given.append(chunk)
        return b"".join(given)

    async def rows(self) -> list[int]:
        counts = [await self.database.read(f"SELECT count(*) FROM {table}") for table in TABLES]
        return [count for [(count,)] in counts]


TABLES = ("attachments", "attachment_chunks", "attachment_uploads")


async def pieces(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@asynccontextmanager
async def opened(where: Path | str, folder: Path) -> AsyncIterator[Place]:
    stores = KeyStores(folder / "keys.db", folder / "master.key")
    keys, database = await stores.new(), await open_database(where, create=True)
    await schema.create(database, "test")
    attachments = Attachments(database, keys, stores.clock, os.urandom)
    yield Place(database, keys, stores.clock, attachments, uuid4(), uuid4())
    await database.close()
    await stores.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    where = tmp_path / "gongdan.db" if request.param == "sqlite" else request.getfixturevalue("fresh_postgres_url")
    async with opened(where, tmp_path) as place:
        yield place


@pytest.fixture
async def on_file(tmp_path: Path) -> AsyncIterator[Place]:
    """Attachments on SQLite, for rules that don't depend on the database."""
    async with opened(tmp_path / "gongdan.db", tmp_path) as place:
        yield place


@pytest.mark.parametrize("size", [len(JPEG), CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7])
async def test_what_is_stored_is_read_back(on_file: Place, size: int) -> None:
    content = JPEG + os.urandom(size - len(JPEG))
    stored = await on_file.attachments.store(on_file.subject, on_file.stream, pieces(content), "image/jpeg")
    assert (stored.size, stored.content_type) == (size, "image/jpeg")
    assert (stored.subject, stored.stream_id) == (on_file.subject, on_file.stream)
    assert await on_file.attachments.find(stored.name) == stored
    assert await on_file.get(stored.name) == content
    assert await on_file.rows() == [1, -(-size // CHUNK_BYTES), 0]


@pytest.mark.parametrize("piece", [1, 7, CHUNK_BYTES, 10 * CHUNK_BYTES])
async def test_how_it_arrives_makes_no_difference(on_file: Place, piece: int) -> None:
    content = ("漏水" * 300).encode() if piece < 100 else ("漏水" * 30_000).encode()
    assert await on_file.get(await on_file.put(content, "text/plain", piece)) == content


async def test_several_chunks_are_read_back_on_both_databases(place: Place) -> None:
    content = JPEG + os.urandom(3 * CHUNK_BYTES)
    assert await place.get(await place.put(content)) == content
    assert await place.rows() == [1, 4, 0]
    with pytest.raises(NotFound):
        await place.attachments.open("\0" * 64)


async def test_the_same_content_is_sealed_differently_each_time(on_file: Place) -> None:
    assert await on_file.put(JPEG) != await on_file.put(JPEG)


async def test_no_clear_byte_reaches_a_table(place: Place) -> None:
    await place.put(CANARY * 20_000)
    rows = await place.database.read("SELECT sealed FROM attachment_chunks")
    assert not [1 for (sealed,) in rows if CANARY in sealed or CANARY[:12] in sealed]


async def test_twenty_mebibytes_pass_in_bounded_memory(place: Place) -> None:
    async def film() -> AsyncIterator[bytes]:
        yield JPEG + bytes(CHUNK_BYTES - len(JPEG))
        for _ in range(MAX_BYTES // CHUNK_BYTES - 1):
            yield bytes(CHUNK_BYTES)

    await place.put(JPEG)  # imports and connections are paid for
    tracemalloc.start()
    try:
        stored = await place.attachments.store(place.subject, place.stream, film())
        _, content = await place.attachments.open(stored.name)
        size = 0
        async for chunk in content:
            size += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == stored.size == MAX_BYTES
    assert peak < 3 * 1024 * 1024


async def test_one_byte_more_is_refused_and_nothing_is_left(place: Place) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield JPEG
        while True:
            taken += 1
            yield bytes(CHUNK_BYTES)

    with pytest.raises(TooLarge) as refused:
        await place.attachments.store(place.subject, place.stream, endless())
    assert refused.value.limit == MAX_BYTES
    assert taken == MAX_BYTES // CHUNK_BYTES
    with pytest.raises(TooLarge):
        await place.put(JPEG + bytes(MAX_BYTES + 1 - len(JPEG)), piece=MAX_BYTES + 1)
    assert await place.rows() == [0, 0, 0]


@pytest.mark.parametrize(
    ("content", "declared", "named"),
    [
        (b"<!DOCTYPE html><script>", "image/jpeg", "text/html"),
        (JPEG, "image/png", "image/jpeg"),
        (b"MZ\x90\0" + bytes(1000), "application/pdf", "executable"),
        (b"", "text/plain", "empty"),
        (b"a" * 3 * CHUNK_BYTES + b"\0", "text/plain", "NUL"),
        (b"a" * 3 * CHUNK_BYTES + b"\xff", "text/plain", "UTF-8"),
        ("漏".encode()[:2], "text/plain", "UTF-8"),
    ],
)
async def test_lying_or_unwelcome_content_is_refused_and_nothing_is_left(
    on_file: Place, content: bytes, declared: str, named: str
) -> None:
    with pytest.raises(InvalidInput, match=named):
        await on_file.put(content, declared)
    assert await on_file.rows() == [0, 0, 0]


async def test_an_upload_that_breaks_leaves_nothing(on_file: Place) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield JPEG + bytes(5 * CHUNK_BYTES)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await on_file.attachments.store(on_file.subject, on_file.stream, broken())
    assert await on_file.rows() == [0, 0, 0]


async def test_what_a_killed_process_left_is_swept_and_a_late_end_is_refused(place: Place) -> None:
    whole = await place.put(JPEG + bytes(2 * CHUNK_BYTES))

    async def slow() -> AsyncIterator[bytes]:
        yield JPEG + bytes(5 * CHUNK_BYTES)
        assert await place.attachments.sweep() == 0  # it may still be going on
        assert (await place.rows())[2] == 1
        place.clock.moment += timedelta(hours=2)
        assert await place.attachments.sweep() == 1
        assert await place.rows() == [1, 3, 0]
        yield bytes(10)

    with pytest.raises(Conflict, match="abandoned"):
        await place.attachments.store(place.subject, place.stream, slow())
    assert await place.rows() == [1, 3, 0]
    assert len(await place.get(whole)) == len(JPEG) + 2 * CHUNK_BYTES


async def test_an_attachment_whose_event_was_refused_is_removed(place: Place) -> None:
    name = await place.put(JPEG)
    await place.attachments.discard(name)
    assert await place.rows() == [0, 0, 0]


@pytest.mark.parametrize("name", ["0" * 64, "", "x", "\0" * 64, "A" * 64])
async def test_an_unknown_name_is_not_found(on_file: Place, name: str) -> None:
    for look in (on_file.attachments.open, on_file.attachments.find, on_file.attachments.discard):
        with pytest.raises(NotFound):
            await look(name)


async def test_an_erased_subjects_attachment_is_gone(place: Place) -> None:
    name = await place.put(JPEG)
    await place.keys.erase(place.subject)
    with pytest.raises(NotFound):
        await place.attachments.open(name)
    with pytest.raises(Conflict, match="erased"):
        await place.put(JPEG)
    assert (await place.attachments.find(name)).size == len(JPEG)


DAMAGES: dict[str, tuple[list[str], int]] = {
    "last chunk cut off": (["DELETE FROM attachment_chunks WHERE chunk = 3", "UPDATE attachments SET chunks = 3"], 2),
    "last chunk missing": (["DELETE FROM attachment_chunks WHERE chunk = 3"], 3),
    "chunks swapped": (
        [
            "UPDATE attachment_chunks SET chunk = 9 WHERE chunk = 1",
            "UPDATE attachment_chunks SET chunk = 1 WHERE chunk = 2",
            "UPDATE attachment_chunks SET chunk = 2 WHERE chunk = 9",
        ],
        1,
    ),
    "chunk repeated": (
        ["UPDATE attachment_chunks SET sealed = (SELECT sealed FROM attachment_chunks WHERE chunk = 1) WHERE chunk = 2"],
        2,
    ),
    "chunk emptied": (["UPDATE attachment_chunks SET sealed = :empty WHERE chunk = 1"], 1),
    "moved to another ticket": (["UPDATE attachments SET stream_id = :other"], 0),
    "another key version": (["UPDATE attachments SET key_version = 2"], 0),
    "another name": (["UPDATE attachments SET name = :name"], 3),
}


@pytest.mark.parametrize(("damage", "whole"), DAMAGES.values(), ids=DAMAGES.keys())
async def test_damage_is_noticed_before_a_wrong_chunk_is_given_out(on_file: Place, damage: list[str], whole: int) -> None:
    name = await on_file.put(JPEG + os.urandom(3 * CHUNK_BYTES))
    values = {"empty": b"", "other": uuid4().bytes, "name": "0" * 64}

    async def spoil(tx: Transaction) -> None:
        for statement in damage:
            await tx.execute(statement, {key: value for key, value in values.items() if f":{key}" in statement})

    await on_file.database.write(spoil)
    given: list[bytes] = []
    with pytest.raises(AttachmentDamaged):
        await on_file.get("0" * 64 if ":name" in damage[0] else name, given)
    assert len(given) == whole


async def test_chunks_cut_off_are_noticed_even_if_the_name_is_made_to_fit(on_file: Place) -> None:
    await on_file.put(JPEG + os.urandom(3 * CHUNK_BYTES))
    left = await on_file.database.read("SELECT sealed FROM attachment_chunks WHERE chunk < 3 ORDER BY chunk")
    name = sha256(b"".join(sealed for (sealed,) in left)).hexdigest()
    await on_file.database.write(lambda tx: tx.execute("UPDATE attachments SET chunks = 3, name = :name", {"name": name}))
    with pytest.raises(AttachmentDamaged):
        await on_file.get(name)
