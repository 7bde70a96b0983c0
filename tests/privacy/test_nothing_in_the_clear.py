"""No personal plaintext on any disk: every byte of store, keys, their logs and their backup is searched (domain §6)."""

import base64
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from adapters.store.backup.backup import backup
from adapters.store.files.attachments import CHUNK_BYTES, Attachments
from adapters.store.keys.sealing import SubjectSealer
from adapters.store.log.opening import Store, init_store, open_store
from domain.kernel.ports import Append, NewEvent, PlainField
from domain.kernel.privacy import Personal, Sealed
from tests.store.keys.key_stores import KeyStores
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.anyio

TEXTS = {"name": "貔小狻", "phone": "199 0471 8855", "description": "饕餮阁漏水"}  # nobody else's test writes these


async def live(store: Store, stores: KeyStores) -> None:
    """A day's leftovers: sealed texts in events, an attachment, a refused upload, an erasure."""
    keys = await stores.new()
    sealer, here, gone = SubjectSealer(keys, os.urandom), uuid4(), uuid4()
    await sealer.ensure_subjects([here, gone])
    for subject in (here, gone):
        stream = uuid4()
        sealed = await sealer.seal([(PlainField(stream, 1, name), Personal(subject, text)) for name, text in TEXTS.items()])
        state = b",".join(text.nonce + text.ciphertext for text in sealed if isinstance(text, Sealed))
        await store.append(Append([NewEvent(stream, 1, "ticket.received", "A", state)]))
    assert store.database
    attachments = Attachments(store.database, keys, stores.clock, os.urandom)

    async def upload(end: bytes) -> AsyncIterator[bytes]:
        for _ in range(3 * CHUNK_BYTES // 400):
            yield "\n".join(TEXTS.values()).encode() + os.urandom(200).hex().encode()  # nothing that a database would compress
        yield end

    await attachments.store(here, uuid4(), upload(b"."), "text/plain")
    with pytest.raises(Exception, match="NUL"):
        await attachments.store(here, uuid4(), upload(b"\0"), "text/plain")
    await keys.erase(gone)


def shapes() -> list[bytes]:
    """The canaries in every encoding."""
    plain = [text.encode() for text in TEXTS.values()] + [b"19904718855"]
    return plain + [base64.b64encode(text) for text in plain] + [text.hex().encode() for text in plain]


def found_below(folder: Path) -> list[str]:
    """Files with a canary, read by another process so that SQLite's locks stay."""
    patterns = "\n".join(shape.decode() for shape in shapes())
    search = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings", f"--regexp={patterns}", str(folder)]
    found = subprocess.run(search, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


def test_the_search_finds_what_there_is(tmp_path: Path) -> None:
    for number, shape in enumerate(shapes()):
        (tmp_path / str(number)).write_bytes(os.urandom(50_000) + shape + os.urandom(50_000))
    assert len(found_below(tmp_path)) == len(shapes())


async def test_no_personal_text_stands_in_any_file(tmp_path: Path) -> None:
    stores, url = KeyStores(tmp_path / "keys.db", tmp_path / "master.key"), f"sqlite:///{tmp_path}/gongdan.db"
    await init_store(url, "estate")
    store = await open_store(url, stores.clock)
    await live(store, stores)
    assert found_below(tmp_path) == []  # while the write-ahead logs are full
    await backup(tmp_path / "backup", url, f"sqlite:///{tmp_path}/keys.db", stores.clock)
    await store.close()
    await stores.close()
    assert (tmp_path / "gongdan.db").stat().st_size > 3 * CHUNK_BYTES
    assert found_below(tmp_path) == []


async def test_no_personal_text_stands_in_any_file_of_postgresql(
    tmp_path: Path, postgres_server: PostgresServer, fresh_postgres_url: str
) -> None:
    stores = KeyStores(fresh_postgres_url, tmp_path / "master.key")  # keys and log in one database, to search once
    await init_store(fresh_postgres_url, "estate")
    store = await open_store(fresh_postgres_url, stores.clock)
    await live(store, stores)
    await store.close()
    await stores.close()
    with psycopg.connect(postgres_server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    assert found_below(postgres_server.directory / "data") == []
